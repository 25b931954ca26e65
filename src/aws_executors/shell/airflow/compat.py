"""Isolate the differences between Airflow versions in the scheduler and the API server.

Law: outside the container only this module and `features.py` may depend on the version of Airflow; in the
container, only `run/compat.py`. They ask for features, never for version numbers. All other code is written
for Airflow 3.3; this module makes up for what an older version lacks and for what 3.4 does in another way.
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
    """What our executors run (a set of types from 3.4 on, flags before), and in which order; no connection
    tests, because a person who tests a connection should not wait for a container."""

    queued_tasks: "dict[TaskInstanceKey, ExecuteTask]"

    if _TYPES is not None:
        supported_workload_types = frozenset({_TYPES.EXECUTE_TASK, _TYPES.EXECUTE_CALLBACK})
    else:
        supports_callbacks = CALLBACKS
        supports_connection_test = False

        def order_queued_tasks_by_priority(self) -> "list[tuple[TaskInstanceKey, ExecuteTask]]":
            """The queued tasks, the most urgent first; Airflow 3.2 to 3.3.1 begin with the least urgent."""
            return sorted(
                self.queued_tasks.items(), key=lambda item: item[1].ti.priority_weight, reverse=True
            )


# --- Workloads and their keys ------------------------------------------------------------------------------

_KEYED = hasattr(ExecuteTask, "key")


def workload_key(workload: "ExecutorWorkload") -> "WorkloadKey":
    """The key of a workload; before 3.3 it is an attribute of its task instance or callback."""
    if _KEYED:
        return workload.key
    of: Any = workload
    key: WorkloadKey = of.ti.key if isinstance(workload, ExecuteTask) else of.callback.key
    return key


def given_token(workload: "ExecutorWorkload | None") -> str | None:
    """The token that Airflow assigned to a task's queueing; None before 3.2.2, and for other workloads."""
    token: str | None = getattr(getattr(workload, "ti", None), "external_executor_id", None)
    return token


def assigns_every_token() -> bool:
    """Whether Airflow writes a new `external_executor_id` whenever it queues a task.

    From 3.2.2 on it does if all configured executors ask for it. If only some do, a task that names its
    executor by class keeps the id of its last queueing: after a deferral, the token of a container that has
    ended. Source: ``airflow/jobs/scheduler_job_runner.py``, `_executable_task_instances_to_queued`.
    """
    if not hasattr(BaseExecutor, "pre_assigns_external_executor_id"):
        return False
    loader = executor_loader.ExecutorLoader
    classes = (loader.import_executor_cls(name)[0] for name in loader.get_executor_names())
    return all(getattr(one, "pre_assigns_external_executor_id", False) for one in classes)


def row_id(id_: UUID) -> UUID:
    """A task instance's id in the type that its row has: a string in Airflow 3.1, a UUID from 3.2 on."""
    from airflow.models.taskinstance import TaskInstance

    kind: Any = TaskInstance.id.type.python_type
    found: UUID = id_ if isinstance(id_, kind) else kind(str(id_))
    return found


def queues(executor: BaseExecutor) -> "list[MutableMapping[WorkloadKey, ExecutorWorkload]]":
    """The queues of an executor that are not empty. From 3.4 on all are in one dict; before, tasks, callbacks
    (from 3.2 on) and connection tests (from 3.3 on) have an attribute each."""
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
    """The state in which a workload of this key has ended; a callback's, from 3.2 on, is of another type."""
    if isinstance(key, TaskInstanceKey):
        return TaskInstanceState.SUCCESS if success else TaskInstanceState.FAILED
    from airflow.utils.state import CallbackState

    return CallbackState.SUCCESS if success else CallbackState.FAILED


def event_key(key: object) -> Any:
    """The key under which the scheduler looks up whose event this is: a callback's UUID if its key is a text.

    In 3.2 a callback's key is a text, by which the scheduler queries the database. SQLite and MySQL accept no
    text as an id, and the error ends the scheduler. From 3.3 on the key has a type of its own. Source:
    ``airflow/jobs/scheduler_job_runner.py``, `process_executor_events`.

    >>> event_key("00000000-0000-0000-0000-000000000001")
    UUID('00000000-0000-0000-0000-000000000001')
    """
    return UUID(key) if isinstance(key, str) else key


# --- Rows of task instances --------------------------------------------------------------------------------


def current() -> "tuple[ColumnElement[bool], ...]":
    """A condition for the rows of latest tries: from 3.4 on the table has those of earlier tries, too."""
    from airflow.models.taskinstance import TaskInstance

    row: Any = TaskInstance
    return (row.working_set.is_(True),) if hasattr(row, "working_set") else ()


ALL_TRIES = {"include_all_attempts": True}
"""The option of a query that includes the rows of earlier tries from 3.4 on; without effect before."""


def tables_of_tries() -> tuple[Any, ...]:
    """The tables that may have the row of a try, the latest try's first; before 3.4 earlier tries are in a
    table of their own."""
    from airflow.models.taskinstance import TaskInstance

    try:
        history: Any = import_module("airflow.models.taskinstancehistory")
    except ModuleNotFoundError:
        return (TaskInstance,)
    return TaskInstance, history.TaskInstanceHistory


def disown_container(ti: "TaskInstance", session: "Session") -> None:
    """Set the row to restarting, so that Airflow's API rejects what a running container still reports.

    Before 3.4 the API knows a container by the row's id, so the row gets a new one, as in
    `clear_task_instances`; from 3.4 on the state is enough. Source: ``airflow/models/taskinstance.py``.
    """
    if not current():
        ti.prepare_db_for_next_try(session=session)
    ti.state = TaskInstanceState.RESTARTING


def next_try(ti: "TaskInstance", session: "Session") -> "TaskInstance":
    """Move this try into the history; returns the row of the next try, which before 3.4 is the same row."""
    following: TaskInstance | None = ti.prepare_db_for_next_try(session=session)
    return ti if following is None else following


# --- Tokens of workloads -----------------------------------------------------------------------------------


def workload_token(generator: "JWTGenerator", subject: str, lifetime: float) -> str:
    """A JWT for the task instance or callback with this id, valid for `lifetime` seconds: from 3.2.2 on the
    token only lets it start; before, the token permits all that the task may do."""
    if "valid_for" in signature(generator.generate).parameters:
        return generator.generate(extras={"sub": subject, "scope": "workload"}, valid_for=lifetime)
    timed = copy.copy(generator)
    timed.valid_for = lifetime
    return timed.generate({"sub": subject})


# --- Teams -------------------------------------------------------------------------------------------------


def teams_of(dags: Collection[str]) -> dict[str, str | None]:
    """The team of each of these DAGs that has one; none before 3.2."""
    from airflow.configuration import conf
    from airflow.models.dag import DagModel

    if not TEAMS or not dags or not conf.getboolean("core", "multi_team"):
        return {}
    return DagModel.get_dag_id_to_team_name_mapping(sorted(dags))


def chosen_executor(name: str, team: str | None) -> "ExecutorName":
    """The executor of a task that names `name` (the default one, if empty) in a DAG of this team, or of none.

    If an executor without a team and one of the team have the same name, the one without is chosen. Raises
    UnsupportedError if there is none. Airflow's own look-up ignores teams. Source:
    ``airflow/jobs/scheduler_job_runner.py``, `_try_to_load_executor`.
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
    """The connection that Airflow's secrets backends have under this id; for a team, from 3.2 on."""
    from airflow.models.connection import Connection

    return Connection.get_connection_from_secrets(conn_id, **({"team_name": team} if TEAMS else {}))


def owner(table: "Table", team: str | None) -> dict[str, object]:
    """The column that says which team a row of a table belongs to; empty if there is none, as before 3.2."""
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
    """Airflow's metrics client: a module from 3.3 on, that module's class in 3.2, another module's in 3.1."""
    try:
        module: Any = import_module("airflow.observability.stats")
    except ModuleNotFoundError:
        module = import_module("airflow.stats")
    client: Stats = module if hasattr(module, "incr") else module.Stats
    return client


def dag_bag() -> Any:
    """The class that parses DAG files; in 3.1 it is in another module."""
    try:
        module: Any = import_module("airflow.dag_processing.dagbag")
    except ModuleNotFoundError:
        module = import_module("airflow.models.dagbag")
    return module.DagBag
