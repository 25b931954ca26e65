"""Which of our executors this Airflow uses, and what their sections say.

Law: reads Airflow's configuration; imports it when asked, because that takes a second. What is wrong is
raised as `CommandError`, in words, and becomes exit code 2.
"""

import logging
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from returns.methods import unwrap_or_failure

from aws_executors.cli.command import SECTIONS
from aws_executors.core.errors import AwsExecutorsError
from aws_executors.core.services import SERVICES
from aws_executors.core.settings.errors import SettingsFaults
from aws_executors.shell.airflow.configuration import Configured, configure

if TYPE_CHECKING:
    from airflow.configuration import AirflowConfigParser

CLASSES = {name: section for section, row in SERVICES.items() for name in row.executors}
UNUSABLE = 2


class CommandError(AwsExecutorsError):
    """A command can not do what it was asked for; the message says what to change."""


@dataclass(frozen=True, slots=True)
class ChosenSections:
    """Which sections a command is about, and whose."""

    sections: tuple[str, ...]
    team: str | None


def airflow() -> "AirflowConfigParser":
    """Airflow's configuration, with its plugins folder on the path, as the scheduler has it."""
    from airflow import settings
    from airflow.configuration import conf

    prepare: Callable[[], None] = settings.prepare_syspath_for_config_and_plugins  # it has no types
    prepare()
    logging.getLogger("botocore").setLevel(logging.WARNING)  # it tells where each client's address is from
    return conf


def executor_sections(value: str) -> tuple[str, ...]:
    """The sections of our executors in ``[core] executor``, in their order.

    Any class of these names counts, so that a subclass in a person's own module is found by its name.

    >>> executor_sections("aws_executors.executors.AwsBatchExecutor,LocalExecutor,x.AwsFargateExecutor")
    ('batch', 'ecs_fargate')
    >>> executor_sections("LocalExecutor")
    ()
    """
    names = [one.strip().rpartition(".")[2] for one in value.replace(";", ",").split(",")]
    return tuple(dict.fromkeys(CLASSES[name] for name in names if name in CLASSES))


def asked(options: Namespace) -> ChosenSections:
    """The section that was named, or those of the executors that Airflow is configured with."""
    team: str | None = options.team
    if options.section:
        return ChosenSections((options.section,), team)
    found = executor_sections(airflow().get("core", "executor"))
    if not found:
        raise CommandError(
            "[core] executor names no executor of this package; set executor = "
            f"aws_executors.executors.AwsBatchExecutor, or use --section {' or --section '.join(SECTIONS)}"
        )
    return ChosenSections(found, team)


def required(section: str, team: str | None) -> Configured[Any, Any]:
    """What one section says; raises `CommandError` with all that is wrong with it."""
    match unwrap_or_failure(configure(SERVICES[section], airflow(), team)):
        case SettingsFaults() as faults:
            raise CommandError(str(faults))
        case found:
            return found
