"""How a section of airflow.cfg is read: text by option to validated settings, or all that is wrong with it.

Law: frozen, validated values. All options of a section are checked in one go, and all faults are reported at
once: a person corrects airflow.cfg once, not once per fault. The options are defined by the subclasses of
`SectionModel`.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import ClassVar, Self, cast

from pydantic import BaseModel, ValidationError, model_validator
from returns.result import Failure, Result, Success

from aws_executors.core.redact.literals import mask_literals
from aws_executors.core.requests.maker import with_plain_signature
from aws_executors.core.settings.errors import (
    Arguments,
    Fault,
    Place,
    SettingsError,
    SettingsFaults,
    shown,
    unknown_option,
)
from aws_executors.core.settings.options import example_of
from aws_executors.core.validation import Violation, dotted, type_and_value, violations

WrittenOptions = Mapping[str, object]
"""The options that are set, by name, without those that are blank or left to their defaults."""

NOTHING: WrittenOptions = MappingProxyType({})


class SectionModel(BaseModel, frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False):
    """The base of every section's settings; a field is an option."""

    section: ClassVar[str]
    """The section's name in airflow.cfg."""
    service: ClassVar[str]
    """The AWS service that runs the containers, by its name in boto3."""
    about: ClassVar[str]
    """What the section is for, in one sentence."""
    kwargs_option: ClassVar[str]
    """The option whose dict is laid over the request that the other options make."""
    members: ClassVar[Mapping[str, str]] = {}
    """The options that the dict of `kwargs_option` may replace, each with AWS's name of the member."""
    settable: ClassVar[tuple[str, ...]] = ()
    """What ``executor_config`` can set, by the names that `executor_config_allowed` may list."""

    def __init__(self, *unnamed: object, **options: object) -> None:
        """Settings for a notebook or a test, from Python values. Raises `SettingsError`, with every fault."""
        if unnamed:
            place = Arguments(type(self).__name__)
            remedy = f"{place.set('region', 'us-east-1')}, or {place.section}(**options) for a dict"
            fault = Fault(type_and_value(unnamed[0]), "is not given by name", remedy)
            raise SettingsError(SettingsFaults(place, (fault,)))
        try:
            super().__init__(**options)
        except ValidationError as error:
            kind = type(self)
            place = Arguments(kind.__name__)
            own, found = written(options), violations(error)
            faults = [kind._fault(one, own, place) for one in found if one.path]
            refused = SettingsFaults(place, (*faults, *kind.contradictions(own, place)))
            if not refused.faults:
                raise
        else:
            return
        raise SettingsError(refused)

    # Makes pydantic validate a section without calling `__init__`: `from_section` reports the faults itself.
    setattr(__init__, "__pydantic_base_init__", True)  # noqa: B010

    @classmethod
    def __pydantic_init_subclass__(cls, **_: object) -> None:
        with_plain_signature(cls)

    def __repr_args__(self) -> Iterator[tuple[str, object]]:
        """What a repr shows: options that differ from their default, without secrets in texts of JSON.

        >>> from aws_executors.core.batch.settings import BatchSettings
        >>> BatchSettings(region="us-east-1", job_name="a", job_queue="q", job_definition="d", workers=8)
        BatchSettings(region='us-east-1', workers=8, job_name='a', job_queue='q', job_definition='d')
        """
        for name, field in type(self).model_fields.items():
            value = cast("object", getattr(self, name))
            if value != cast("object", field.default):
                yield name, mask_literals(value) if isinstance(value, str) else value

    @model_validator(mode="before")
    @classmethod
    def _only_what_is_written(cls, values: WrittenOptions) -> dict[str, object]:
        return cls.completed(written(values))

    @model_validator(mode="after")
    def _without_contradiction(self) -> Self:
        own = {name: cast("object", getattr(self, name)) for name in self.model_fields_set}
        faults = list(self.contradictions(_given(own), Place(self.section)))
        if faults:
            raise ValueError("; ".join(map(str, faults)))
        return self

    @classmethod
    def completed(cls, own: dict[str, object]) -> dict[str, object]:
        """The options with those defaults that depend on other options."""
        return own

    @classmethod
    def contradictions(cls, own: WrittenOptions, place: Place) -> Iterator[Fault]:
        """The faults of options that do not go together; `own` may hold texts as well as read values."""
        yield from ()

    @classmethod
    def gaps(cls, own: WrittenOptions, kwargs: WrittenOptions, place: Place) -> Iterator[Fault]:
        """The faults of options that other options, or the kwargs, make mandatory."""
        yield from ()

    @classmethod
    def from_section(
        cls, values: WrittenOptions, kwargs: WrittenOptions = NOTHING, team: str = ""
    ) -> Result[Self, SettingsFaults]:
        """Read a section of airflow.cfg, given as text by option (or as values from Python).

        `kwargs` is the dict of the kwargs option, in AWS's spelling. Because it is laid over the request, its
        members replace the options in `members`. Every fault is in the failure. Never raises.

        >>> from aws_executors.core.batch.settings import BatchSettings
        >>> kwargs = {"jobQueue": "q", "jobDefinition": "airflow:3"}
        >>> print(BatchSettings.from_section({"job_name": "airflow", "workers": "many"}, kwargs).failure())
        [batch] has 2 faults:
          region is missing; set [batch] region = us-east-1, or AIRFLOW__BATCH__REGION
          workers = 'many' is not a whole number; set [batch] workers = 48, or AIRFLOW__BATCH__WORKERS
        """
        own, place = written(values), Place(cls.section, team)
        members = cls.members.items()
        over = {name: kwargs[member] for name, member in members if kwargs.get(member) is not None}
        across = [*cls.contradictions(own, place), *cls.gaps(own, kwargs, place)]
        across += cls._replaced(own, over, place)
        try:
            settings = cls.model_validate(own | over)
        except ValidationError as error:
            own_faults = [cls._fault(found, own | over, place) for found in violations(error) if found.path]
            return Failure(SettingsFaults(place, (*own_faults, *across)))
        return Failure(SettingsFaults(place, tuple(across))) if across else Success(settings)

    @classmethod
    def _replaced(cls, own: WrittenOptions, over: WrittenOptions, place: Place) -> Iterator[Fault]:
        """The faults of a team's options that are replaced by kwargs made from another section (C37)."""
        for name in [name for name in over if place.team and name in own and own[name] != over[name]]:
            problem = (
                f"is overridden by {shown(over[name])} in {cls.kwargs_option}, which is not the team's own"
            )
            remedy = f"use request_builder instead: aws_executors.conf reads [{cls.section}] only"
            yield Fault(name, problem, remedy, shown(own[name]))

    @classmethod
    def _fault(cls, found: Violation, own: WrittenOptions, place: Place) -> Fault:
        name, inside = str(found.path[0]), dotted(found.path[1:])
        value = shown(own[name]) if name in own else ""
        if found.unknown and not inside:
            return unknown_option(name, value, tuple(cls.model_fields), place)
        problem = f"at {inside} {found.finding}" if inside else found.finding
        if found.kind == "missing" and name in cls.members and not isinstance(place, Arguments):
            problem = f"is missing, and {cls.kwargs_option} does not set {cls.members[name]}"
        return Fault(name, problem, place.set(name, example_of(cls.model_fields[name])), value)


def written(values: WrittenOptions) -> dict[str, object]:
    """The options that are not blank (a lone comma and () are), texts without white space around them.

    >>> written({"region": " us-east-1 ", "conn_id": "", "workers": 4})
    {'region': 'us-east-1', 'workers': 4}
    """
    stripped = {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}
    return {n: v for n, v in stripped.items() if v != () and (not isinstance(v, str) or v.strip(", \t\r\n"))}


def _given(own: WrittenOptions) -> WrittenOptions:
    return {name: value for name, value in own.items() if value not in (None, "", ())}
