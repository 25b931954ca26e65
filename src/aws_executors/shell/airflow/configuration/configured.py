"""Airflow's configuration of a section, read into settings and the builder that goes with them.

Law: the one way from airflow.cfg into the core. All faults of the section, of its kwargs option and of the
builder that it names are reported together. The user's modules are imported from here and nowhere else.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from returns.methods import unwrap_or_failure
from returns.result import Failure, Result, Success

from aws_executors.core.cost.prices import Prices, bundled_prices, prices_from
from aws_executors.core.errors import RequestError
from aws_executors.core.requests.compose import function_name
from aws_executors.core.requests.spelling import spell
from aws_executors.core.services import Builder, ServiceSpec
from aws_executors.core.settings.base import Settings
from aws_executors.core.settings.errors import Fault, SettingsFaults, shown
from aws_executors.core.settings.section import written
from aws_executors.core.settings.types import is_dotted, json_of
from aws_executors.core.warm.step import may_be_warm
from aws_executors.shell.airflow.configuration.import_path import Unloaded, load, why_no_builder
from aws_executors.shell.airflow.configuration.section import Section, read_section

if TYPE_CHECKING:
    from aws_executors.shell.airflow.configuration.section import Conf

S = TypeVar("S", bound=Settings)
R = TypeVar("R")

BUILDER, PRICES = "request_builder", "prices_file"


@dataclass(frozen=True, slots=True)
class Configured(Generic[S, R]):
    """What an executor needs from its section."""

    settings: S
    build: Builder[S, R]
    builder: str = field(init=False)
    """The builder's name in messages."""
    builder_name: str = field(init=False)
    """The builder's path, else the name of the kwargs option if that is set, else the default builder's."""
    kwargs: str = ""
    """The name of the kwargs option if it is set, else empty."""
    prices: Prices = field(default_factory=bundled_prices, repr=False)

    def __post_init__(self) -> None:
        name = self.settings.request_builder or self.kwargs or function_name(self.build)
        object.__setattr__(self, "builder", f"request builder {name}")
        object.__setattr__(self, "builder_name", name)


def configure(
    service: ServiceSpec[S, R], conf: "Conf", team_name: str | None = None
) -> Result[Configured[S, R], SettingsFaults]:
    """The settings and the builder that a service's section names, or all faults of the section.

    `conf` is Airflow's configuration or an executor's ExecutorConf; a team's section falls back to the
    defaults, never to another section (C37). Nothing that a user wrote makes it raise.
    """
    section = read_section(conf, service.settings, team_name)
    kwargs, builder = _own_kwargs(service, section), _own_builder(section)
    faults = [*section.faults, *kwargs.faults, *builder.faults, *_both(service, section, kwargs)]
    prices = _prices(section)
    faults += [prices] if isinstance(prices, Fault) else []
    members = presumed(service, section.values) if kwargs.unknown else kwargs.members
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
            own_prices = bundled_prices() if isinstance(prices, Fault) else prices
            build = _build(service, request, kwargs, builder)
            if may_be_warm(build, settings) and not settings.workload_store:
                return Failure(SettingsFaults(section.place, (_no_store(section),)))
            said = service.settings.kwargs_option if kwargs.members or kwargs.build else ""
            return Success(Configured(settings, build, prices=own_prices, kwargs=said))


def _no_store(section: Section) -> Fault:
    """The fault that the builder has the step `warm`, but no store is set to hand workloads over by."""
    problem = "is missing; the step warm() in the request builder needs it"
    return Fault("workload_store", problem, section.place.set("workload_store", "s3://my-bucket/workloads"))


def _needed(service: ServiceSpec[S, R]) -> dict[str, object]:
    """Placeholders for the members that every request must have."""
    return dict.fromkeys(service.settings.members.values(), "unknown")


def presumed(service: ServiceSpec[S, R], values: Mapping[str, str]) -> dict[str, object]:
    """Placeholders for kwargs that could not be read, so that no option is called missing because of them."""
    left = _needed(service).keys() - {service.settings.members.get(name) for name in written(values)}
    return dict.fromkeys(left, "unknown") | {"networkConfiguration": None}


def _unchanged(service: ServiceSpec[S, R]) -> tuple[str, str]:
    """The default of the kwargs option, in this package's spelling and in the older package's."""
    option = service.settings.kwargs_option
    ours = "".join(row.default or "" for row in service.settings.options() if row.name == option)
    return ours, f"airflow_{ours}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Custom:
    """The user's own dict or function, as loaded: at most one of `members` and `build` is set.

    `unknown` says that it is set and could not be used.
    """

    members: Mapping[str, object] = field(default_factory=dict)
    build: Callable[..., object] | None = None
    unknown: bool = False
    faults: tuple[Fault, ...] = ()


def _build(service: ServiceSpec[S, R], request: R, kwargs: _Custom, builder: _Custom) -> Builder[S, R]:
    own = cast("Builder[S, R] | None", kwargs.build or builder.build)
    return own or (service.build_from(request) if kwargs.members else service.build)


def _shape(
    service: ServiceSpec[S, R], settings: S | None, kwargs: _Custom, section: Section
) -> Result[R, Fault]:
    """The request made from options and kwargs; if the options are invalid, from the kwargs alone."""
    try:
        if settings is not None:
            return Success(service.over_options(settings, kwargs.members))
        given = {name: value for name, value in kwargs.members.items() if value is not None}
        return Success(service.from_kwargs(given | _needed(service)))
    except ValueError as error:
        problem = "makes no request: " + str(error).replace(f"{service.settings.kwargs_option}: ", "")
        text = section.values.get(service.settings.kwargs_option, "")
        return Failure(
            Fault(service.settings.kwargs_option, problem, "fix that member", shown(text) if text else "")
        )


def _own_kwargs(service: ServiceSpec[S, R], section: Section) -> _Custom:
    text = section.values.get(service.settings.kwargs_option, "").strip()
    if not text or text in _unchanged(service):
        return _Custom()
    if text.startswith("{"):
        return _inline(service, text)
    if not is_dotted(text):
        return _Custom(unknown=True)  # the settings report what is wrong with it
    match unwrap_or_failure(load(text)):
        case Unloaded(problem, remedy):
            fault = Fault(service.settings.kwargs_option, problem, remedy, shown(text))
            return _Custom(unknown=True, faults=(fault,))
        case found if isinstance(found, Mapping):
            return _Custom(members={spell(str(name)): value for name, value in found.items()})
        case found:
            return _builder(found, service.settings.kwargs_option, text)


def _inline(service: ServiceSpec[S, R], text: str) -> _Custom:
    try:
        members = cast("dict[str, object]", json_of(text))
    except ValueError:
        return _Custom(unknown=True)  # the settings report what is wrong with it
    return _Custom(members={spell(name): value for name, value in members.items()})


def _own_builder(section: Section) -> _Custom:
    text = section.values.get(BUILDER, "").strip()
    if not is_dotted(text):
        return _Custom()  # empty, or the settings report what is wrong with it
    match unwrap_or_failure(load(text)):
        case Unloaded(problem, remedy):
            return _Custom(faults=(Fault(BUILDER, problem, remedy, shown(text)),))
        case found:
            return _builder(found, BUILDER, text)


def _prices(section: Section) -> Prices | Fault:
    path = section.values.get(PRICES, "").strip()
    if not path:
        return bundled_prices()
    file, remedy = Path(path), "name a JSON file with prices"
    try:
        if not S_ISREG(file.stat().st_mode):  # of a named pipe, reading waits for a writer
            return Fault(PRICES, "is not a regular file", remedy, shown(path))
        return prices_from(file.read_text(encoding="utf-8"), PRICES)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "is not UTF-8"
        return Fault(PRICES, f"cannot be read: {why}", remedy, shown(path))
    except RequestError as error:
        problem = str(error).removeprefix(f"{PRICES}: ")
        return Fault(PRICES, f"is no price table: {problem}", "correct the file (docs/usage.md)", shown(path))


def _builder(found: object, option: str, text: str) -> _Custom:
    refused = why_no_builder(found)
    if refused is None:
        return _Custom(build=cast("Callable[..., object]", found))
    return _Custom(unknown=True, faults=(Fault(option, refused.problem, refused.remedy, shown(text)),))


def _both(service: ServiceSpec[S, R], section: Section, kwargs: _Custom) -> Iterator[Fault]:
    text = section.values.get(BUILDER, "").strip()
    if text and (kwargs.members or kwargs.build):
        problem = f"makes the whole request, so {service.settings.kwargs_option} would have no effect"
        yield Fault(BUILDER, problem, f"keep one of the two: {section.place.unset(BUILDER)}", shown(text))
