"""Find out which of our executors this Airflow uses, and read their sections.

Law: reads Airflow's configuration. Airflow is imported on first use, because that takes a second. Errors are
raised as `CommandError` and become exit code 2.
"""

import logging
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from returns.methods import unwrap_or_failure

from aws_executors.cli.command import SECTIONS
from aws_executors.cli.show import apart
from aws_executors.core.errors import AwsExecutorsError
from aws_executors.core.services import SERVICES
from aws_executors.core.settings.errors import SettingsFaults
from aws_executors.migrate.executors import executors
from aws_executors.shell.airflow.configuration.configured import Configured, configure

if TYPE_CHECKING:
    from airflow.configuration import AirflowConfigParser

CLASSES = {name: section for section, row in SERVICES.items() for name in row.executors}
UNUSABLE = 2


class CommandError(AwsExecutorsError):
    """A command cannot do its work; the message says what to change."""


@dataclass(frozen=True, slots=True)
class ChosenSections:
    """The sections that a command works on, and their team."""

    sections: tuple[str, ...]
    team: str | None


def airflow() -> "AirflowConfigParser":
    """Airflow's configuration, with its plugins folder on the path, as in the scheduler."""
    from airflow import settings
    from airflow.configuration import conf

    prepare: Callable[[], None] = settings.prepare_syspath_for_config_and_plugins  # it is untyped
    prepare()
    logging.getLogger("botocore").setLevel(logging.ERROR)  # the commands report on credentials themselves
    return conf


def executor_sections(value: str, team: str | None = None) -> tuple[str, ...]:
    """The sections of our executors in ``[core] executor``, in order, for this team or for all of Airflow.

    Any class with one of these names counts, so that a subclass in a user's own module is found by its name.

    >>> both = "aws_executors.executors.AwsBatchExecutor,LocalExecutor;red=x.AwsFargateExecutor"
    >>> executor_sections(both), executor_sections(both, "red"), executor_sections("LocalExecutor")
    (('batch',), ('ecs_fargate',), ())
    """
    names = [one.name for one in executors(value) if one.team == (team or "")]
    return tuple(dict.fromkeys(CLASSES[name] for name in names if name in CLASSES))


def none_of_ours(value: str, team: str | None) -> str:
    """What is wrong with ``[core] executor`` if it names no executor of this package for this team."""
    whose = f"the team {team}" if team else "tasks of no team"
    others = dict.fromkeys(one.team for one in executors(value) if one.name in CLASSES and one.team)
    ways = [*(f"--section {name}" for name in SECTIONS), *(f"--team {name}" for name in others)]
    return (
        f"[core] executor = {value} names no executor of this package for {whose}; set executor = "
        f"{f'...;{team}=' if team else ''}aws_executors.executors.AwsBatchExecutor, "
        f"or use {' or '.join(ways)}"
    )


def asked(options: Namespace) -> ChosenSections:
    """The section that the command line names, or those of the executors in ``[core] executor``."""
    team: str | None = options.team
    if options.section:
        return ChosenSections((options.section,), team)
    value = airflow().get("core", "executor")
    found = executor_sections(value, team)
    if not found:
        raise CommandError(none_of_ours(value, team))
    return ChosenSections(found, team)


def required(section: str, team: str | None) -> Configured[Any, Any]:
    """Configure one section; raises `CommandError` with all its faults."""
    with apart():
        found = configure(SERVICES[section], airflow(), team)
    match unwrap_or_failure(found):
        case SettingsFaults() as faults:
            raise CommandError(str(faults))
        case configured:
            return configured
