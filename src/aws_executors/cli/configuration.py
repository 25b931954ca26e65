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
from aws_executors.core.errors import AwsExecutorsError
from aws_executors.core.services import SERVICES
from aws_executors.core.settings.errors import SettingsFaults
from aws_executors.shell.airflow.configuration import Configured, configure

if TYPE_CHECKING:
    from airflow.configuration import AirflowConfigParser

CLASSES = {name: section for section, row in SERVICES.items() for name in row.executors}
UNUSABLE = 2


class CommandError(AwsExecutorsError):
    """A command cannot do what it was asked to; the message says what to change."""


@dataclass(frozen=True, slots=True)
class ChosenSections:
    """The sections that a command is about, and their team."""

    sections: tuple[str, ...]
    team: str | None


def airflow() -> "AirflowConfigParser":
    """Airflow's configuration, with its plugins folder on the path, as in the scheduler."""
    from airflow import settings
    from airflow.configuration import conf

    prepare: Callable[[], None] = settings.prepare_syspath_for_config_and_plugins  # it is untyped
    prepare()
    logging.getLogger("botocore").setLevel(logging.WARNING)  # it logs where endpoints come from
    return conf


def executor_sections(value: str) -> tuple[str, ...]:
    """The sections of our executors in ``[core] executor``, in order.

    Any class with one of these names counts, so that a subclass in a user's own module is found by its name.

    >>> executor_sections("aws_executors.executors.AwsBatchExecutor,LocalExecutor,x.AwsFargateExecutor")
    ('batch', 'ecs_fargate')
    >>> executor_sections("LocalExecutor")
    ()
    """
    names = [one.strip().rpartition(".")[2] for one in value.replace(";", ",").split(",")]
    return tuple(dict.fromkeys(CLASSES[name] for name in names if name in CLASSES))


def asked(options: Namespace) -> ChosenSections:
    """The section that was named, or those of the executors in ``[core] executor``."""
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
    """Configure one section; raises `CommandError` with all its faults."""
    match unwrap_or_failure(configure(SERVICES[section], airflow(), team)):
        case SettingsFaults() as faults:
            raise CommandError(str(faults))
        case found:
            return found
