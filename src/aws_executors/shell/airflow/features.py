"""Which features this Airflow has, and what is weaker without them.

Law: Airflow itself is inspected, because its patch releases differ, too. docs/versions.md, the warning at
the start and a finding of `doctor` are made from one table. `compat.py` makes up for what can be made up for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import requires, version
from importlib.util import find_spec
from typing import Any

from airflow.executors import executor_loader, workloads
from airflow.executors.base_executor import BaseExecutor
from airflow.executors.workloads import ExecuteTask
from packaging.requirements import Requirement

from aws_executors.core.errors import AwsExecutorsError

PACKAGE = "aws-executors"


class UnsupportedError(AwsExecutorsError):
    """Something is asked for that this Airflow does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """A feature of newer versions of Airflow: since which version, and what is true without it.

    `silent` says that no promise of this package is weaker without it.
    """

    what: str
    since: str
    present: bool
    without: str
    silent: bool = False


def _printed(kind: type) -> bool:
    """Whether the token is part of a workload's repr, which Airflow's own launcher logs."""
    fields: Any = getattr(kind, "model_fields", {})
    return "token" in fields and bool(fields["token"].repr)


def _keeps_stops() -> bool:
    """Whether Airflow's own launcher, at SIGTERM, waits for its task and sends it no signal (from 3.4 on)."""
    supervising = "airflow.sdk.execution_time.coordinator"
    return find_spec(supervising) is not None and hasattr(
        import_module(supervising), "_warm_shutdown_signals"
    )


CALLBACKS = hasattr(workloads, "ExecuteCallback")
TEAMS = hasattr(BaseExecutor, "supports_multi_team")
PRINTS_TOKENS = _printed(ExecuteTask)
"""Whether Airflow's own launcher writes the workload's token into the container's log (before 3.2)."""
_SCOPED = hasattr(BaseExecutor, "pre_assigns_external_executor_id")  # came with 3.2.2, as scoped tokens did
RUNS_CALLBACKS = hasattr(BaseExecutor, "run_workload")
"""Whether Airflow's own launcher runs callbacks, too (from 3.3 on)."""
NAMED_BY_CLASS = hasattr(executor_loader, "_classname_to_executors_per_team")
"""Whether a task may name its executor by its class (from 3.2 on)."""

FEATURES = (
    Feature(
        what="A workload's token only starts its task",
        since="3.2.2",
        present=_SCOPED,
        without="the token in a container's command does all that its task may, for as long as it is valid "
        "(token_lifetime)",
    ),
    Feature(
        what="Airflow's own launcher keeps the token out of the container's log",
        since="3.2.0",
        present=not PRINTS_TOKENS,
        without="the default of launcher is aws_executors, so the image needs this package; with launcher = "
        "airflow each container writes its token into its log",
    ),
    Feature(
        what="on_kill is called at SIGTERM with either launcher",
        since="3.3.0",
        present=RUNS_CALLBACKS and not _keeps_stops(),
        without="on_kill is called at SIGTERM only with launcher = aws_executors",
    ),
    Feature(
        what="Callbacks of deadlines run in containers",
        since="3.2.0",
        present=CALLBACKS,
        without="there are no callbacks that an executor runs",
    ),
    Feature(
        what="Callbacks of deadlines run in containers with either launcher",
        since="3.3.0",
        present=RUNS_CALLBACKS or not CALLBACKS,
        without="callbacks run in containers only with launcher = aws_executors",
    ),
    Feature(
        what="Teams",
        since="3.2.0",
        present=TEAMS,
        without="an executor of a team is refused at the start",
    ),
    Feature(
        what="`executor=` names a class",
        since="3.2.0",
        present=NAMED_BY_CLASS,
        without="a task names an executor by its alias or its whole path; one that names the class waits for "
        "ever, unless that is the alias ([core] executor = AwsBatchExecutor:"
        "aws_executors.executors.AwsBatchExecutor)",
    ),
    Feature(
        what="`airflow aws-executors`",
        since="3.2.0",
        present=NAMED_BY_CLASS,
        without="the commands are those of `aws-executors`",
        silent=True,
    ),
    Feature(
        what="Airflow assigns the token of a queueing",
        since="3.2.2",
        present=_SCOPED,
        without="the executor does, in the same transaction",
        silent=True,
    ),
    Feature(
        what="Airflow's queue begins with the most urgent task",
        since="3.3.2",
        present=True,
        without="the executor sorts it",
        silent=True,
    ),
)


def airflow_version() -> str:
    """This Airflow's version, for messages."""
    return version("apache-airflow-core")


def needed_airflow() -> Requirement:
    """The Airflow that this package needs, according to the package's metadata.

    >>> needed_airflow().name
    'apache-airflow'
    """
    every = (Requirement(one) for one in requires(PACKAGE) or ())
    return next(one for one in every if one.name == "apache-airflow")


def weaker() -> Iterator[str]:
    """What is weaker with this Airflow than with an Airflow that has all features, a clause each."""
    return (one.without for one in FEATURES if not (one.present or one.silent))


def refuse_team(team: str | None) -> None:
    """Raise UnsupportedError for a team's executor before 3.2, where it would get everybody's options."""
    if team and not TEAMS:
        raise UnsupportedError(
            f"[core] executor names an executor of the team {team!r}, and Airflow {airflow_version()} has no "
            "teams; use Airflow 3.2 or newer, or name the executor without a team"
        )
