"""A section of Airflow's configuration -> settings and the builder that goes with them.

Law: the one way from airflow.cfg into the core. Everything that is wrong with the section, with its kwargs
option and with the builder it names is told at once. A person's module is imported here, at start, and
nowhere else.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar, cast

from returns.methods import unwrap_or_failure
from returns.result import Failure, Result, Success

from aws_executors.core.batch import builder as batch_build
from aws_executors.core.batch import request as batch_request
from aws_executors.core.batch.request import SubmitJob
from aws_executors.core.batch.settings import BatchSettings
from aws_executors.core.ecs import builder as ecs_build
from aws_executors.core.ecs import request as ecs_request
from aws_executors.core.ecs.request import RunTask
from aws_executors.core.ecs.settings import EcsSettings
from aws_executors.core.requests.launch import Launch
from aws_executors.core.requests.wire import spell
from aws_executors.core.settings.base import Settings, written
from aws_executors.core.settings.errors import Fault, SettingsFaults, shown
from aws_executors.core.settings.types import is_dotted
from aws_executors.shell.airflow.config_section import Section, read_section
from aws_executors.shell.airflow.import_path import Unloaded, load, why_no_builder

if TYPE_CHECKING:
    from aws_executors.shell.airflow.config_section import Conf

S = TypeVar("S", bound=Settings)
R = TypeVar("R")
Builder: TypeAlias = Callable[[Launch[S]], R]

BUILDER = "request_builder"


@dataclass(frozen=True, slots=True)
class Configured(Generic[S, R]):
    """What an executor needs of its section."""

    settings: S
    build: Builder[S, R]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredBy(Generic[S, R]):
    """A section's settings model, and what makes requests of it."""

    settings: type[S]
    build: Builder[S, R]
    build_from: Callable[[R], Builder[S, R]]
    over_options: Callable[[S, Mapping[str, object]], R]
    from_kwargs: Callable[[object], R]

    @property
    def defaults(self) -> tuple[str, str]:
        """What the kwargs option says when nobody set it: our spelling, and the older package's."""
        ours = "".join(row.default or "" for row in self.settings.options() if row.name == self.option)
        return ours, f"airflow_{ours}"

    @property
    def option(self) -> str:
        """The name of the kwargs option."""
        return self.settings.kwargs_option

    @property
    def required(self) -> dict[str, object]:
        """Stands for the members that every request must have."""
        return dict.fromkeys(self.settings.members.values(), "unknown")

    def presumed(self, values: Mapping[str, str]) -> dict[str, object]:
        """Stands for kwargs that are not known, so that no option is called missing on their account."""
        left = self.required.keys() - {self.settings.members.get(name) for name in written(values)}
        return dict.fromkeys(left, "unknown") | {"networkConfiguration": None}


ECS = ConfiguredBy(
    settings=EcsSettings,
    build=ecs_build.build,
    build_from=ecs_build.build_from,
    over_options=ecs_build.over_options,
    from_kwargs=ecs_request.from_kwargs,
)
BATCH = ConfiguredBy(
    settings=BatchSettings,
    build=batch_build.build,
    build_from=batch_build.build_from,
    over_options=batch_build.over_options,
    from_kwargs=batch_request.from_kwargs,
)


def configure_ecs(
    conf: "Conf", team_name: str | None = None
) -> Result[Configured[EcsSettings, RunTask], SettingsFaults]:
    """The settings and the builder that `[ecs_fargate]` says, or all that is wrong with it.

    `conf` is Airflow's configuration or an executor's ExecutorConf; a team's section falls back to the
    defaults, never to another's (C37). Never raises for what a person wrote.
    """
    return _configure(ECS, conf, team_name)


def configure_batch(
    conf: "Conf", team_name: str | None = None
) -> Result[Configured[BatchSettings, SubmitJob], SettingsFaults]:
    """The settings and the builder that `[batch]` says, or all that is wrong with it; see `configure_ecs`."""
    return _configure(BATCH, conf, team_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Custom:
    """What the person's own dict or function came to: at most one of `members` and `build` says anything.

    `unknown` where it came to nothing.
    """

    members: Mapping[str, object] = field(default_factory=dict)
    build: Callable[..., object] | None = None
    unknown: bool = False
    faults: tuple[Fault, ...] = ()


def _configure(
    service: ConfiguredBy[S, R], conf: "Conf", team_name: str | None
) -> Result[Configured[S, R], SettingsFaults]:
    section = read_section(conf, service.settings, team_name)
    kwargs, builder = _own_kwargs(service, section), _own_builder(section)
    faults = [*section.faults, *kwargs.faults, *builder.faults, *_both(service, section, kwargs)]
    members = service.presumed(section.values) if kwargs.unknown else kwargs.members
    read_settings = service.settings.from_section(section.values, members, section.place.team)
    shape = _shape(service, read_settings.value_or(None), kwargs, section)
    match unwrap_or_failure(read_settings), unwrap_or_failure(shape):
        case SettingsFaults() as own, Fault() as fault:
            return Failure(SettingsFaults(section.place, (*own.faults, *faults, fault)))
        case SettingsFaults() as own, _:
            return Failure(SettingsFaults(section.place, (*own.faults, *faults)))
        case _, Fault() as fault:
            return Failure(SettingsFaults(section.place, (*faults, fault)))
        case settings, _ if faults:
            return Failure(SettingsFaults(section.place, tuple(faults)))
        case settings, request:
            return Success(Configured(settings, _build(service, request, kwargs, builder)))


def _build(service: ConfiguredBy[S, R], request: R, kwargs: _Custom, builder: _Custom) -> Builder[S, R]:
    own = cast("Builder[S, R] | None", kwargs.build or builder.build)
    return own or (service.build_from(request) if kwargs.members else service.build)


def _shape(
    service: ConfiguredBy[S, R], settings: S | None, kwargs: _Custom, section: Section
) -> Result[R, Fault]:
    """The request that options and kwargs make; where the options make none, the kwargs are read alone."""
    try:
        if settings is not None:
            return Success(service.over_options(settings, kwargs.members))
        given = {name: value for name, value in kwargs.members.items() if value is not None}
        return Success(service.from_kwargs(given | service.required))
    except ValueError as error:
        problem = "makes no request: " + str(error).replace(f"{service.option}: ", "")
        text = section.values.get(service.option, "")
        return Failure(Fault(service.option, problem, "fix that member", shown(text) if text else ""))


def _own_kwargs(service: ConfiguredBy[S, R], section: Section) -> _Custom:
    text = section.values.get(service.option, "").strip()
    if not text or text in service.defaults:
        return _Custom()
    if text.startswith("{"):
        return _inline(service, text)
    if not is_dotted(text):
        return _Custom(unknown=True)  # the settings tell what is wrong with it
    match unwrap_or_failure(load(text)):
        case Unloaded(problem, remedy):
            fault = Fault(service.option, problem, remedy, shown(text))
            return _Custom(unknown=True, faults=(fault,))
        case found if isinstance(found, Mapping):
            return _Custom(members={spell(str(name)): value for name, value in found.items()})
        case found:
            return _builder(found, service.option, text)


def _inline(service: ConfiguredBy[S, R], text: str) -> _Custom:
    try:
        members: dict[str, object] = json.loads(text)
    except json.JSONDecodeError:
        return _Custom(unknown=True)  # the settings tell what is wrong with it
    return _Custom(members={spell(name): value for name, value in members.items()})


def _own_builder(section: Section) -> _Custom:
    text = section.values.get(BUILDER, "").strip()
    if not is_dotted(text):
        return _Custom()  # empty, or the settings tell what is wrong with it
    match unwrap_or_failure(load(text)):
        case Unloaded(problem, remedy):
            return _Custom(faults=(Fault(BUILDER, problem, remedy, shown(text)),))
        case found:
            return _builder(found, BUILDER, text)


def _builder(found: object, option: str, text: str) -> _Custom:
    refused = why_no_builder(found)
    if refused is None:
        return _Custom(build=cast("Callable[..., object]", found))
    return _Custom(unknown=True, faults=(Fault(option, refused.problem, refused.remedy, shown(text)),))


def _both(service: ConfiguredBy[S, R], section: Section, kwargs: _Custom) -> Iterator[Fault]:
    text = section.values.get(BUILDER, "").strip()
    if text and (kwargs.members or kwargs.build):
        problem = f"makes the whole request, so {service.option} would have no effect"
        yield Fault(BUILDER, problem, f"keep one of the two: {section.place.unset(BUILDER)}", shown(text))
