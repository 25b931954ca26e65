"""Isolate the differences between Airflow versions in the scheduler and the API server.

Law: the only module outside the container that may depend on the version of Airflow; `run/compat.py` is the
one in it. It asks for features, never for numbers: versions of one line differ, too. All else is written for
Airflow 3.3; what an older one lacks is made up here, or `FEATURES` says what is weaker. Airflow 3.4 merges
all queues into one (``executor_queues``) and renames the flags, which is to be handled here.
"""

import copy
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import requires, version
from inspect import signature
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from airflow.executors import executor_loader, workloads
from airflow.executors.base_executor import BaseExecutor
from airflow.executors.workloads import ExecuteTask
from airflow.models.taskinstancekey import TaskInstanceKey
from airflow.utils.state import TaskInstanceState
from packaging.requirements import Requirement

from aws_executors.core.errors import AwsExecutorsError

if TYPE_CHECKING:
    from airflow.api_fastapi.auth.tokens import JWTGenerator
    from airflow.executors.workloads import ExecuteCallback as ExecuteCallback
    from airflow.executors.workloads import ExecutorWorkload
    from airflow.executors.workloads.types import WorkloadKey, WorkloadState
    from airflow.models.connection import Connection
    from sqlalchemy import Table
else:
    ExecuteCallback = getattr(workloads, "ExecuteCallback", None) or type("ExecuteCallback", (), {})

PACKAGE = "aws-executors"


class UnsupportedError(AwsExecutorsError):
    """Something is configured that this version of Airflow does not have."""


# --- What this Airflow has ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """Something that newer versions of Airflow have: since which one, and what is true without it.

    `silent` is set where nothing that was promised is weaker without it.
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


CALLBACKS = hasattr(workloads, "ExecuteCallback")
TEAMS = hasattr(BaseExecutor, "supports_multi_team")
PRINTS_TOKENS = _printed(ExecuteTask)
"""Whether Airflow's own launcher writes the workload's token into the container's log."""
_SCOPED = hasattr(BaseExecutor, "pre_assigns_external_executor_id")  # both came with 3.2.2
_SUPERVISES = hasattr(BaseExecutor, "run_workload")  # and with it 3.3's supervisors
NAMED_BY_CLASS = hasattr(executor_loader, "_classname_to_executors_per_team")
"""Whether a task may name its executor by its class."""

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
        since="3.2.2",
        present=not PRINTS_TOKENS,
        without="the default of launcher is aws_executors, so the image needs this package; with launcher = "
        "airflow each container writes its token into its log",
    ),
    Feature(
        what="on_kill is called at SIGTERM with either launcher",
        since="3.3.0",
        present=_SUPERVISES,
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
        present=_SUPERVISES or not CALLBACKS,
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
    """The Airflow that this package needs, as its own metadata say.

    >>> needed_airflow().name
    'apache-airflow'
    """
    every = (Requirement(one) for one in requires(PACKAGE) or ())
    return next(one for one in every if one.name == "apache-airflow")


def weaker() -> Iterator[str]:
    """What is weaker with this Airflow than with the newest, a clause each."""
    return (one.without for one in FEATURES if not (one.present or one.silent))


def refuse_team(team: str | None) -> None:
    """Raise UnsupportedError for an executor of a team where a team's options would be everybody's."""
    if team and not TEAMS:
        raise UnsupportedError(
            f"[core] executor names an executor of the team {team!r}, and Airflow {airflow_version()} has no "
            "teams; use Airflow 3.2 or newer, or name the executor without a team"
        )


# --- Workloads and their keys ------------------------------------------------------------------------------

_KEYED = hasattr(ExecuteTask, "key")


def workload_key(workload: "ExecutorWorkload") -> "WorkloadKey":
    """The key of a workload."""
    if _KEYED:
        return workload.key
    of: Any = workload
    key: WorkloadKey = of.ti.key if isinstance(workload, ExecuteTask) else of.callback.key
    return key


def given_token(workload: "ExecuteTask | ExecuteCallback") -> str | None:
    """What Airflow has handed over as the token of a task's queueing; None for a callback."""
    token: str | None = getattr(getattr(workload, "ti", None), "external_executor_id", None)
    return token


def assigns_every_token() -> bool:
    """Whether Airflow writes a new `external_executor_id` whenever it queues a task.

    It does if all configured executors ask for it. If only some do, a task that names its executor by class
    keeps what its last queueing has left: after a deferral, the token of a container that has ended. Source:
    ``airflow/jobs/scheduler_job_runner.py``, `_executable_task_instances_to_queued`.
    """
    if not hasattr(BaseExecutor, "pre_assigns_external_executor_id"):
        return False
    loader = executor_loader.ExecutorLoader
    classes = (loader.import_executor_cls(name)[0] for name in loader.get_executor_names())
    return all(getattr(one, "pre_assigns_external_executor_id", False) for one in classes)


def row_id(id_: UUID) -> UUID:
    """A task instance's id as its row has it: in Airflow 3.1 a string."""
    from airflow.models.taskinstance import TaskInstance

    kind: Any = TaskInstance.id.type.python_type
    found: UUID = id_ if isinstance(id_, kind) else kind(str(id_))
    return found


def queues(executor: BaseExecutor) -> "tuple[MutableMapping[WorkloadKey, ExecutorWorkload], ...]":
    """The queues of an executor: of tasks, of callbacks and of connection tests."""
    names = ("queued_tasks", "queued_callbacks", "queued_connection_tests")
    return tuple(getattr(executor, name, {}) for name in names)


def take_from_queue(executor: BaseExecutor, key: "WorkloadKey") -> None:
    """Remove a workload from its queue; does nothing if it is in none."""
    for queue in queues(executor):
        queue.pop(key, None)


def waits_in_queue(executor: BaseExecutor, key: "WorkloadKey") -> bool:
    """Whether a workload with this key is in one of the executor's queues."""
    return any(key in queue for queue in queues(executor))


def end_state(key: "WorkloadKey", success: bool) -> "WorkloadState":
    """The state in which a workload of this key has ended."""
    if isinstance(key, TaskInstanceKey):
        return TaskInstanceState.SUCCESS if success else TaskInstanceState.FAILED
    from airflow.utils.state import CallbackState

    return CallbackState.SUCCESS if success else CallbackState.FAILED


# --- Tokens of workloads -----------------------------------------------------------------------------------


def workload_token(generator: "JWTGenerator", subject: str, lifetime: float) -> str:
    """A JWT that lets the task instance (or callback) with this id start, valid for `lifetime` seconds."""
    if "valid_for" in signature(generator.generate).parameters:
        return generator.generate(extras={"sub": subject, "scope": "workload"}, valid_for=lifetime)
    timed = copy.copy(generator)
    timed.valid_for = lifetime
    return timed.generate({"sub": subject})


# --- Connections, variables, metrics, DAG files ------------------------------------------------------------


def connection(conn_id: str, team: str | None) -> "Connection":
    """What Airflow's secrets backends know by this id."""
    from airflow.models.connection import Connection

    return Connection.get_connection_from_secrets(conn_id, **({"team_name": team} if TEAMS else {}))


def owner(table: "Table", team: str | None) -> dict[str, object]:
    """The column that says which team a row of a table belongs to, if it has one."""
    return {"team_name": team} if "team_name" in table.c else {}


class Stats(Protocol):
    """Airflow's metrics client."""

    def incr(self, stat: str, *, tags: dict[str, str]) -> None:
        """Increment a counter."""
        ...

    def gauge(self, stat: str, value: float, *, tags: dict[str, str]) -> None:
        """Set a gauge."""
        ...

    def timing(self, stat: str, dt: object, *, tags: dict[str, str]) -> None:
        """Record a duration."""
        ...


@cache
def stats() -> Stats:
    """Airflow's metrics client: functions of a module in 3.3, a class of another module in 3.2 and in 3.1."""
    try:
        module: Any = import_module("airflow.observability.stats")
    except ModuleNotFoundError:
        module = import_module("airflow.stats")
    client: Stats = module if hasattr(module, "incr") else module.Stats
    return client


def dag_bag() -> Any:
    """The class that parses DAG files."""
    try:
        module: Any = import_module("airflow.dag_processing.dagbag")
    except ModuleNotFoundError:
        module = import_module("airflow.models.dagbag")
    return module.DagBag
