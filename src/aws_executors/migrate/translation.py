"""Translate a whole configuration of an older package, line by line.

Law: pure; takes the values as text, returns lines and remarks. The result is checked by our own settings: an
option that they would reject because it has no effect is left out, with the reason; every other fault becomes
a remark.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import cast

from returns.methods import unwrap_or_failure

from aws_executors.core.ecs.settings import NOT_FARGATE, platform
from aws_executors.core.errors import RequestError
from aws_executors.core.requests.spelling import spell
from aws_executors.core.services import SERVICES
from aws_executors.core.settings.base import Settings
from aws_executors.core.settings.errors import Fault, Place, SettingsFaults
from aws_executors.core.settings.options import as_text
from aws_executors.migrate.executors import executors, rewritten
from aws_executors.migrate.table import (
    LEFT,
    NETWORK,
    OURS,
    PROVIDER,
    REBUILD,
    TABLE,
    Becomes,
    Old,
    aws_spelling,
    kwargs_in,
)

Sections = Mapping[str, Mapping[str, str]]
"""The values that are set, by section (``batch`` or ``team_a=batch``) and option."""

MODELS: Mapping[str, type[Settings]] = {section: row.settings for section, row in SERVICES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One option of the result; if `option` is empty, the old option is left out, and the note says why."""

    section: str
    option: str
    value: str
    was: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Own:
    """One old section, for a team or for all of Airflow."""

    name: str
    old: Old
    place: Place
    options: Mapping[str, str]


def migrated(written: Sections) -> tuple[Line, ...]:
    """The equivalent configuration, in the order in which it should stand in airflow.cfg.

    >>> old = {"aws_batch_executor": {"region_name": "us-east-1", "check_health_on_startup": "True"}}
    >>> [(line.option, line.value) for line in migrated(old)]
    [('region', 'us-east-1'), ('', 'True'), ('', ''), ('adopt_task_instances', 'True')]
    """
    lines = [*_executor(written.get("core", {}).get("executor", ""))]
    for own in _sections(written):
        lines += _fitting(own, [*_options(own), *_unwritten(own, _is_ours(own, written))])
    return tuple(lines)


def notes(written: Sections) -> tuple[str, ...]:
    """Remarks on the whole configuration: what remains to be done, and what is not supported."""
    return tuple(dict.fromkeys((text for text, _ in _notes(written)), ""))


def unfinished(written: Sections) -> bool:
    """Whether something remains to be done: an option that our settings miss or reject, a class of the user's
    own, or something that is not translated.

    >>> unfinished({"batch": {"region": "us-east-1"}})  # job_name, job_queue and job_definition are missing
    True
    """
    return any(remains for _, remains in _notes(written))


def _notes(written: Sections) -> Iterator[tuple[str, bool]]:
    """The remarks, each with whether it asks for more than what is printed."""
    found = tuple(executors(written.get("core", {}).get("executor", "")))
    yield from ((one.told, True) for one in found if one.told)
    for own in _sections(written):
        yield from ((note, False) for note in own.old.notes)
        if not any(one.ours == own.old.executor and one.team == own.place.team for one in found):
            team = f" for the team {own.place.team}" if own.place.team else ""
            yield (
                f"No executor uses [{own.place.header}]: name {own.old.executor} in [core] executor{team}.",
                False,
            )
        lines = _fitting(own, [*_options(own), *_unwritten(own, ours=True)])
        for fault in _faults(own, lines):
            yield f"Still to be done in [{own.place.header}]: {fault}", True
    for name, options in written.items():
        if options and (why := LEFT.get(name.rpartition("=")[2])):
            yield f"[{name}] is not translated: {why}", True
    taken = {own.name for own in _sections(written)}
    for name in [name for name in written if name not in taken]:
        if written[name] and (old := TABLE.get(name.rpartition("=")[2])):
            yield (
                f"[{name}] is not translated: [{old.section}] can hold the options of one package only.",
                True,
            )


def _executor(value: str) -> Iterator[Line]:
    if any(one.package for one in executors(value)):
        was = f"[core] executor = {value}"
        yield Line(section="core", option="executor", value=rewritten(value), was=was)


def _sections(written: Sections) -> tuple[Own, ...]:
    """The old sections to translate; of two that become the same, the one whose executor is configured."""
    found: dict[str, Own] = {}
    for name, old in TABLE.items():
        for header in [one for one in written if one.rpartition("=")[2] == name and written[one]]:
            team = header.rpartition("=")[0]
            own = Own(header, old, Place(old.section, team), written[header])
            if own.place.header not in found or _named(own, written):
                found[own.place.header] = own
    return tuple(found.values())


def _named(own: Own, written: Sections) -> bool:
    named = executors(written.get("core", {}).get("executor", ""))
    return any(
        one.package == own.old.package and one.ours == own.old.executor and one.team == own.place.team
        for one in named
    )


def _is_ours(own: Own, written: Sections) -> bool:
    """Whether a section is already ours, rather than an older package's."""
    same = own.old.section == own.name.rpartition("=")[2]
    return same and OURS in written.get("core", {}).get("executor", "")


def _options(own: Own) -> Iterator[Line]:
    for option, value in _unpacked(own).items():
        was = f"[{own.name}] {option}"
        becomes = own.old.options.get(option) or _already(own, option)
        if becomes is None:
            note = f"{own.old.package} has no such option, and here it would be refused."
            yield _left_out(own, was, value, note)
        elif _said_again(own, option):
            yield _left_out(own, was, value, "region_name says it, and the amazon provider reads that one.")
        elif value.strip() or becomes.option == "conn_id":
            old = value.strip()
            new = becomes.spelled(old)
            note = becomes.note if old else ""
            note = note or _of_kwargs(option, new) or (becomes.changed if new != old else "")
            yield Line(section=own.place.header, option=becomes.option, value=new, was=was, note=note)


def _already(own: Own, option: str) -> Becomes | None:
    """The translation of an option that is ours already, in a section with the same name as ours."""
    same = own.old.section == own.name.rpartition("=")[2]
    return Becomes(option=option) if same and option in MODELS[own.old.section].model_fields else None


def _said_again(own: Own, option: str) -> bool:
    """Whether this is an older spelling of an option that is set as well."""
    return own.old.package == PROVIDER and option == "region" and bool(own.options.get("region_name"))


def _left_out(own: Own, was: str, value: str, note: str) -> Line:
    return Line(section=own.place.header, option="", value=value, was=was, note=note)


def _unpacked(own: Own) -> Mapping[str, str]:
    """The options, with those inside the kwargs, which take precedence, moved out of the kwargs."""
    inside = kwargs_in(own.options.get(own.old.kwargs_option, ""))
    if inside is None:
        return own.options
    moved = {name: inside[name] for name in own.old.from_kwargs if name in inside}
    texts = {name: _text(value) for name, value in moved.items()}
    rest = {name: value for name, value in inside.items() if name not in moved}
    named = _with_own_named(rest, texts.get("container_name") or own.options.get("container_name", ""))
    if named == inside or own.old.package != PROVIDER:
        return own.options
    return {**own.options, **texts, own.old.kwargs_option: json.dumps(named) if named else ""}


def _with_own_named(kwargs: Mapping[str, object], container: str) -> Mapping[str, object]:
    """The kwargs, with their first override named for Airflow's container.

    The amazon provider applies the first override to that container, whatever its name; here the name
    decides.
    """
    overrides = {spell(name): part for name, part in _members(kwargs.get("overrides")).items()}
    listed = overrides.get("containerOverrides")
    first, *others = (cast("list[object]", listed) if isinstance(listed, list) else []) or [None]
    if not container or _members(first).get("name", container) == container:
        return kwargs
    own = [dict(_members(first)) | {"name": container}, *others]
    return {**kwargs, "overrides": {**overrides, "containerOverrides": own}}


def _members(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return json.dumps(value)  # not `str`: the amazon provider compares with the text True, unlike `true`
    return as_text(tuple(cast("list[object]", value)) if isinstance(value, list) else value)


def _of_kwargs(option: str, value: str) -> str:
    own = option.endswith("_kwargs") and not value.startswith(("{", "aws_executors."))
    return REBUILD if own else ""


def _unwritten(own: Own, ours: bool) -> Iterator[Line]:
    kwargs = kwargs_in(aws_spelling(own.options.get(own.old.kwargs_option, ""))) or {}
    said = {*kwargs, *(name for name, value in own.options.items() if value.strip())}
    for option, silent in own.old.silent.items():
        if option in own.options and option == "conn_id":
            continue  # an empty conn_id means boto3's own chain in both packages
        if not ours and option not in said and not said & {*silent.unless}:
            was = f"[{own.name}] {option} (not written)"
            yield Line(
                section=own.place.header,
                option=silent.option,
                value=silent.value,
                was=was,
                note=silent.note,
            )


def _fitting(own: Own, lines: list[Line]) -> list[Line]:
    """The lines, without those that our settings would reject because they have no effect."""
    gone = {
        fault.option: fault.problem for fault in _faults(own, lines) if fault.remedy.startswith("remove ")
    }
    values = _values(lines)
    written = [name for name in own.old.together if values.get(name)]
    if len(written) < len(own.old.together) and platform(values, _kwargs(own, values)) in NOT_FARGATE:
        gone |= dict.fromkeys(written, f"is not sent: {NETWORK}")
    fitting = [
        replace(line, option="", note=f"{line.option} {gone[line.option]}") if line.option in gone else line
        for line in lines
    ]
    return fitting if fitting == lines else _fitting(own, fitting)


def _faults(own: Own, lines: list[Line]) -> tuple[Fault, ...]:
    """What our settings find wrong with these lines."""
    values = _values(lines)
    found = MODELS[own.old.section].from_section(values, _kwargs(own, values), own.place.team)
    match unwrap_or_failure(found):
        case SettingsFaults() as refused:
            return refused.faults
        case settings:
            return tuple(_request_faults(own, settings, values))


def _request_faults(own: Own, settings: Settings, values: Mapping[str, str]) -> Iterator[Fault]:
    """The faults that the executor would report at its start for kwargs that stand in the section."""
    option = own.old.kwargs_option
    try:
        SERVICES[own.old.section].over_options(settings, kwargs_in(values.get(option, "")) or {})
    except RequestError as error:
        problem = "makes no request: " + str(error).replace(f"{option}: ", "")
        yield Fault(option, problem, "fix that member")


def _values(lines: list[Line]) -> dict[str, str]:
    return {line.option: line.value for line in lines if line.option}


def _kwargs(own: Own, values: Mapping[str, str]) -> Mapping[str, object]:
    """The members of the kwargs; if they are in a user's module, any member may be among them."""
    source = values.get(own.old.kwargs_option, "")
    if not source or source.startswith(("{", "[", "aws_executors.")):
        return kwargs_in(source) or {}
    missing = {name: name for name in MODELS[own.old.section].members if name not in values}
    return {"networkConfiguration": {}} | {
        MODELS[own.old.section].members[name]: value for name, value in missing.items()
    }
