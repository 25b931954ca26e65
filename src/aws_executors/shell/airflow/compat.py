"""Isolate the differences between Airflow versions in the scheduler and the API server.

Law: this module and `features.py` alone, outside the container, may depend on the version of Airflow; in it,
`run/compat.py`. They ask for features, never for numbers. All else is written for Airflow 3.3; what an older
one lacks, and what 3.4 has in another form, is made up here.
"""

import copy
from collections.abc import Collection, Iterable, MutableMapping
from functools import cache
from importlib import import_module
from inspect import signature
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from airflow.executors import executor_loader, workloads
from airflow.executors.base_executor import BaseExecutor
from airflow.executors.workloads import ExecuteTask
from airflow.models.taskinstancekey import TaskInstanceKey
from airflow.utils.state import TaskInstanceState

from aws_executors.shell.airflow.features import CALLBACKS, TEAMS, UnsupportedError

if TYPE_CHECKING:
    from airflow.api_fastapi.auth.tokens import JWTGenerator
    from airflow.executors.executor_utils import ExecutorName
    from airflow.executors.workloads import ExecuteCallback as ExecuteCallback
    from airflow.executors.workloads import ExecutorWorkload
    from airflow.executors.workloads.types import WorkloadKey, WorkloadState
    from airflow.models.connection import Connection
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy import ColumnElement, Table
    from sqlalchemy.orm import Session
else:
    ExecuteCallback = getattr(workloads, "ExecuteCallback", None) or type("ExecuteCallback", (), {})


# --- What an executor says of itself -----------------------------------------------------------------------


_TYPES: Any = getattr(workloads, "WorkloadType", None)


class Abilities:
    """What our executors can run, and in which order; a person who tests a connection does not wait for a
    container."""

    queued_tasks: "dict[TaskInstanceKey, ExecuteTask]"

    if _TYPES is not None:
        supported_workload_types = frozenset({_TYPES.EXECUTE_TASK, _TYPES.EXECUTE_CALLBACK})
    else:
        supports_callbacks = CALLBACKS
        supports_connection_test = False

        def order_queued_tasks_by_priority(self) -> "list[tuple[TaskInstanceKey, ExecuteTask]]":
            """What waits, the most urgent first; Airflow 3.2 to 3.3.1 begin with the least urgent."""
            return sorted(
                self.queued_tasks.items(), key=lambda item: item[1].ti.priority_weight, reverse=True
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


def given_token(workload: "ExecutorWorkload | None") -> str | None:
    """What Airflow has handed over as the token of a task's queueing; None for any other workload."""
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


def queues(executor: BaseExecutor) -> "list[MutableMapping[WorkloadKey, ExecutorWorkload]]":
    """The queues of an executor in which something waits, of tasks, of callbacks and of connection tests."""
    every = getattr(executor, "executor_queues", None)
    if every is not None:
        return [queue for queue in every.values() if queue]
    names = ("queued_tasks", "queued_callbacks", "queued_connection_tests")
    return [queue for name in names if (queue := getattr(executor, name, None))]


def take_from(
    queues: "Iterable[MutableMapping[WorkloadKey, ExecutorWorkload]]", key: "WorkloadKey"
) -> "ExecutorWorkload | None":
    """Take a workload out of its queue; None if it is in none."""
    taken = None
    for queue in queues:
        taken = queue.pop(key, None) or taken
    return taken


def waits_in_queue(executor: BaseExecutor, key: "WorkloadKey") -> bool:
    """Whether a workload with this key is in one of the executor's queues."""
    return any(key in queue for queue in queues(executor))


def end_state(key: "WorkloadKey", success: bool) -> "WorkloadState":
    """The state in which a workload of this key has ended."""
    if isinstance(key, TaskInstanceKey):
        return TaskInstanceState.SUCCESS if success else TaskInstanceState.FAILED
    from airflow.utils.state import CallbackState

    return CallbackState.SUCCESS if success else CallbackState.FAILED


def event_key(key: object) -> Any:
    """The key under which the scheduler finds whose event it is: of a callback, where that is a text, its id.

    Airflow 3.2 looks the callback up by what it finds here. SQLite and MySQL take no text for an id, and its
    scheduler dies of that. Source: ``airflow/jobs/scheduler_job_runner.py``, `process_executor_events`.

    >>> event_key("00000000-0000-0000-0000-000000000001")
    UUID('00000000-0000-0000-0000-000000000001')
    """
    return UUID(key) if isinstance(key, str) else key


# --- Rows of task instances --------------------------------------------------------------------------------


def current() -> "tuple[ColumnElement[bool], ...]":
    """What is true of the row of a task instance's latest try alone: 3.4 keeps those of earlier tries."""
    from airflow.models.taskinstance import TaskInstance

    row: Any = TaskInstance
    return (row.working_set.is_(True),) if hasattr(row, "working_set") else ()


ALL_TRIES = {"include_all_attempts": True}
"""The option of a query by which 3.4 shows the rows of earlier tries, too."""


def tables_of_tries() -> tuple[Any, ...]:
    """The tables in which a try of a task instance may stand, the latest try in the first."""
    from airflow.models.taskinstance import TaskInstance

    try:
        history: Any = import_module("airflow.models.taskinstancehistory")
    except ModuleNotFoundError:
        return (TaskInstance,)
    return TaskInstance, history.TaskInstanceHistory


def disown_container(ti: "TaskInstance", session: "Session") -> None:
    """Have Airflow's API reject what a running container still reports, by the row's new state.

    Before 3.4 the API goes by the row's id, so that is a new one, as in `clear_task_instances`; 3.4 takes
    nothing from what is being restarted. Source: ``airflow/models/taskinstance.py``.
    """
    if not current():
        ti.prepare_db_for_next_try(session=session)
    ti.state = TaskInstanceState.RESTARTING


def next_try(ti: "TaskInstance", session: "Session") -> "TaskInstance":
    """The row of the next try, once this one is in the history; before 3.4 it is the same row."""
    following: TaskInstance | None = ti.prepare_db_for_next_try(session=session)
    return ti if following is None else following


# --- Tokens of workloads -----------------------------------------------------------------------------------


def workload_token(generator: "JWTGenerator", subject: str, lifetime: float) -> str:
    """A JWT that lets the task instance (or callback) with this id start, valid for `lifetime` seconds."""
    if "valid_for" in signature(generator.generate).parameters:
        return generator.generate(extras={"sub": subject, "scope": "workload"}, valid_for=lifetime)
    timed = copy.copy(generator)
    timed.valid_for = lifetime
    return timed.generate({"sub": subject})


# --- Teams -------------------------------------------------------------------------------------------------


def teams_of(dags: Collection[str]) -> dict[str, str | None]:
    """The teams of these DAGs; one of no team is left out."""
    from airflow.configuration import conf
    from airflow.models.dag import DagModel

    if not TEAMS or not dags or not conf.getboolean("core", "multi_team"):
        return {}
    return DagModel.get_dag_id_to_team_name_mapping(sorted(dags))


def chosen_executor(name: str, team: str | None) -> "ExecutorName":
    """The executor of a task that says `name` (nothing, if empty) in a DAG of this team, if it is of any.

    One of everybody is chosen before one of the team that is called the same. UnsupportedError if there is
    none. Airflow's own look-up knows no teams. Source: ``airflow/jobs/scheduler_job_runner.py``,
    `_try_to_load_executor`.
    """
    names = executor_loader.ExecutorLoader.get_executor_names()
    every = [(getattr(one, "team_name", None), one) for one in names]
    if not name:
        return next((one for whose, one in every if whose == team), every[0][1])
    for whose, one in every:
        called = (one.alias, one.module_path, one.module_path.rpartition(".")[2])
        if name in called and whose in (None, team):
            return one
    whose = f" of the team {team} or of everybody" if team else ""
    raise UnsupportedError(f"[core] executor names no executor {name}{whose}")


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
