"""Read one section of Airflow's configuration: from airflow.cfg, environment variables, or a team's section.

Law: only reads. A value that equals the declared default is dropped, so that only what a user has set counts
as set. A name that is not an option is reported, not ignored.
"""

import os
from collections.abc import Iterator
from configparser import ConfigParser, InterpolationError
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from aws_executors.core.settings.base import Settings
from aws_executors.core.settings.errors import Fault, Place, unknown_option
from aws_executors.core.settings.options import Option

if TYPE_CHECKING:
    from airflow.configuration import AirflowConfigParser
    from airflow.executors.base_executor import ExecutorConf

    Conf: TypeAlias = AirflowConfigParser | ExecutorConf

INDIRECT = ("_cmd", "_secret")
"""Suffixes by which Airflow reads the value of a sensitive option from a command or a secrets backend."""


@dataclass(frozen=True, slots=True)
class Section:
    """The values of a section, and the faults found while reading it."""

    place: Place
    values: dict[str, str]
    faults: tuple[Fault, ...]


def read_section(conf: "Conf", model: type[Settings], team_name: str | None = None) -> Section:
    """Read the options of `model` that have been set, for a team or for all of Airflow.

    `conf` is Airflow's own configuration, or the ExecutorConf of one executor, which knows its team. Source:
    ``airflow/_shared/configuration/parser.py``: variables win over the file, a team's section over the
    general one.
    """
    parser, team = _parser_and_team(conf, team_name)
    place = Place(model.section, team or "")
    present = {*_in_file(parser, place), *_in_environment(place)}
    values: dict[str, str] = {}
    faults: list[Fault] = []
    for option in model.options():
        try:
            value = parser.get(model.section, option.name, fallback=None, team_name=team)
        except InterpolationError:
            faults.append(_percent(option, place))
            continue
        if value is not None and value != option.default:
            # Airflow writes every default into a new airflow.cfg, so a default says nothing about what the
            # user wants and must not count as a contradiction.
            values[option.name] = value
    return Section(place, values, (*faults, *_strangers(present, model, place)))


def _parser_and_team(conf: "Conf", team_name: str | None) -> tuple["AirflowConfigParser", str | None]:
    if isinstance(conf, ConfigParser):
        return conf, team_name
    from airflow.configuration import conf as everything

    return everything, conf.team_name or team_name


def _in_file(parser: "AirflowConfigParser", place: Place) -> set[str]:
    if not parser.has_section(place.header):
        return set()
    return set(parser.options(place.header)) - set(parser.defaults())


def _in_environment(place: Place) -> Iterator[str]:
    """The options that environment variables with the section's prefix set; a third underscore means that
    the name in the prefix is a team's, not the section's."""
    for name in os.environ:
        option = name.removeprefix(place.env_prefix)
        if option not in (name, "") and not option.startswith("_"):
            yield option.lower()


def _strangers(present: set[str], model: type[Settings], place: Place) -> Iterator[Fault]:
    options = {option.name: option for option in model.options()}
    for name in sorted(present - options.keys()):
        indirect = [option for end in INDIRECT if (option := options.get(name.removesuffix(end)))]
        if indirect:
            yield _not_sensitive(name, indirect[0], place)
        else:
            yield unknown_option(name, "", tuple(options), place)


def _not_sensitive(name: str, option: Option, place: Place) -> Fault:
    problem = (
        f"has no effect: Airflow reads such names for sensitive options only, and {option.name} is not one"
    )
    return Fault(name, problem, place.set(option.name, option.example))


def _percent(option: Option, place: Place) -> Fault:
    problem = "cannot be read: in airflow.cfg a single % starts a placeholder"
    remedy = f"write %% for %, or set {place.env_prefix}{option.name.upper()}, where % needs no escape"
    return Fault(option.name, problem, remedy)
