"""Read task instance rows in Airflow's database, and make the few updates that correct reporting requires.

Law: a read is a few small queries for many task instances at once, an update is of a single one. Both use
connections and sessions of their own (to commit a scoped one would commit the scheduler's transaction), and
never run in the scheduler's thread. Only `assign` and `complete` run in the scheduler's session and thread.
Nothing is decided here: `core/lifecycle/verdict.py` interprets the rows.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING
from uuid import UUID

from airflow.utils.state import TaskInstanceState
from sqlalchemy import bindparam, func, literal_column, select, update
from sqlalchemy.orm import load_only, object_session

from aws_executors.core.lifecycle.verdict import Row
from aws_executors.shell.airflow import compat
from aws_executors.shell.engine.calls.polling import ROWS
from aws_executors.shell.engine.messages import RowQuery

if TYPE_CHECKING:
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy import ColumnElement, Connection, Select
    from sqlalchemy.orm import Session


NO_SCHEDULER = -1
"""The scheduler's id where no scheduler has queued the task instance; no row of the table job has this id."""


class AirflowDatabase:
    """Airflow's metadata database, for task instances that have, or had, a container of this package."""

    def __init__(self) -> None:
        self._sorted = sort_queries({})  # reused while the same rows are asked for

    def read(self, asked: Mapping[str, RowQuery[object]]) -> dict[str, Row | None]:
        """Read the rows of these jobs, by token: None if the row is gone. Unchanged rows may be left out.

        Keys are `TaskInstanceKey`. A row is read by its id, and by its key if no row has that id any more,
        because a retry or clearing gives it a new one. Raises what SQLAlchemy raises.
        """
        from airflow import settings

        if settings.engine is None:
            raise RuntimeError("Airflow's database is not set up in this process")
        queries = self._sorted
        if asked != queries.asked:
            queries = self._sorted = sort_queries(asked)
        with settings.engine.connect() as connection:  # no session: no ORM objects are made of rows
            return read_rows(connection, queries)

    def fence(self, key: object, token: str) -> None:
        """Set a running task instance to restarting, as clearing it in the UI does.

        From then on Airflow's API rejects whatever its container reports, including a failure. Source:
        ``clear_task_instances`` of ``airflow/models/taskinstance.py``.
        """
        with _ours(key, token) as (session, ti):
            if ti is not None and ti.state == TaskInstanceState.RUNNING:
                compat.disown_container(ti, session)

    def requeue(self, key: object, token: str) -> None:
        """Let the scheduler queue again a task instance whose container is gone, unless it has moved on.

        A queued task instance keeps its try. One that has run is reset as Airflow resets an orphan that no
        executor adopts: its try goes into the history and the next one begins. Source:
        ``adopt_or_reset_orphaned_tasks`` and ``_reschedule_stuck_task`` of
        ``airflow/jobs/scheduler_job_runner.py``.
        """
        with _ours(key, token) as (session, ti):
            if ti is None:
                return
            if ti.state == TaskInstanceState.QUEUED:
                ti.state = TaskInstanceState.SCHEDULED
                ti.scheduled_dttm = datetime.now(UTC)
                ti.queued_dttm = None
            elif ti.state in (TaskInstanceState.RUNNING, TaskInstanceState.RESTARTING):
                ti = compat.next_try(ti, session)
                ti.state = None
                ti.clear_next_method_args()
            else:
                return
            ti.queued_by_job_id = None
            ti.external_executor_id = None

    def unfinished(self, groups: Collection[str]) -> set[str]:
        """Which of these groups still have an unfinished task instance in a running DAG run.

        A group is ``dag <id>``, ``queue <name>`` or ``team``, which stands for all tasks. Raises what
        SQLAlchemy raises.
        """
        from airflow import settings
        from airflow.models.dagrun import DagRun
        from airflow.models.taskinstance import TaskInstance
        from airflow.utils.state import DagRunState, State

        if settings.engine is None:
            raise RuntimeError("Airflow's database is not set up in this process")
        named = [group.partition(" ") for group in groups]
        columns = {"dag": TaskInstance.dag_id, "queue": TaskInstance.queue}
        found: set[str] = set()
        with settings.engine.connect() as connection:
            left = (
                select(DagRun.run_id)
                .join(
                    TaskInstance,
                    (TaskInstance.dag_id == DagRun.dag_id) & (TaskInstance.run_id == DagRun.run_id),
                )
                .where(
                    DagRun.state == DagRunState.RUNNING,
                    TaskInstance.state.is_(None) | TaskInstance.state.in_(State.unfinished - {None}),
                )
            )
            for kind, column in columns.items():
                names = [name for which, _, name in named if which == kind]
                if names:
                    some = left.with_only_columns(column).where(column.in_(names)).distinct()
                    found |= {f"{kind} {name}" for name in connection.scalars(some)}
            if any(kind == "team" for kind, _, _ in named) and connection.scalar(left.limit(1)) is not None:
                found.add("team")
        return found


def assign(session: "Session", id_: UUID, token: str) -> None:
    """Write a token to the row of a task instance, in the transaction in which Airflow sets it to queued.

    Thus the token is committed together with this state, or not at all; the row is locked already. Source:
    ``_critical_section_enqueue_task_instances`` of ``airflow/jobs/scheduler_job_runner.py``.
    """
    from airflow.models.taskinstance import TaskInstance

    session.execute(
        update(TaskInstance)
        .where(TaskInstance.id == id_)
        .values(external_executor_id=token)
        .execution_options(synchronize_session=False)
    )


def complete(tis: Sequence[object]) -> None:
    """Load, in one query per `ROWS` rows, the attributes that adoption needs and Airflow has not loaded.

    Otherwise each attribute of each row would be a query of its own, while the rows are locked. Rows are
    loaded in the session that they belong to; rows without a session have all their attributes already.
    Source: the `load_only` of ``adopt_or_reset_orphaned_tasks``, ``airflow/jobs/scheduler_job_runner.py``.
    """
    from airflow.models.taskinstance import TaskInstance

    rows = [ti for ti in tis if isinstance(ti, TaskInstance)]
    session = object_session(rows[0]) if rows else None
    if session is None:
        return
    for first in range(0, len(rows), ROWS):
        ids = [ti.id for ti in rows[first : first + ROWS]]
        missing = load_only(
            TaskInstance.map_index,
            TaskInstance.state,
            TaskInstance.try_number,
            TaskInstance.queue,
            TaskInstance.external_executor_id,
        )
        session.scalars(select(TaskInstance).where(TaskInstance.id.in_(ids)).options(missing)).all()


@dataclass(frozen=True, slots=True)
class SortedQueries:
    """The rows to read: those never read are `unknown`, by token; the others are `known`, as token and try,
    grouped by the state and scheduler that they had when last read."""

    asked: Mapping[str, RowQuery[object]]
    unknown: Mapping[str, RowQuery[object]]
    known: Mapping[tuple[str | None, int | None], frozenset[tuple[str, int]]]


def sort_queries(asked: Mapping[str, RowQuery[object]]) -> SortedQueries:
    """Divide the rows to read by how they are read."""
    unknown: dict[str, RowQuery[object]] = {}
    known: defaultdict[tuple[str | None, int | None], set[tuple[str, int]]] = defaultdict(set)
    for token, one in asked.items():
        if one.known is None:
            unknown[token] = one
        else:
            known[one.known.state, one.known.queued_by].add((token, one.known.try_number))
    return SortedQueries(dict(asked), unknown, {said: frozenset(tries) for said, tries in known.items()})


def read_rows(connection: "Connection", queries: SortedQueries) -> dict[str, Row | None]:
    """`AirflowDatabase.read` on an open connection."""
    changed = {token: queries.asked[token] for token in _changed(connection, queries.known)}
    new = [*queries.unknown.items(), *changed.items()]
    rows: dict[str, Row | None] = {}
    for first in range(0, len(new), ROWS):
        rows |= _in_full(connection, dict(new[first : first + ROWS]))
    return rows


def _in_full(connection: "Connection", asked: Mapping[str, RowQuery[object]]) -> dict[str, Row | None]:
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.taskinstancekey import TaskInstanceKey

    ids = [one.id for one in asked.values() if one.id is not None]
    by_id = {row.id: row for _, row in _rows(connection, TaskInstance.id.in_(ids))} if ids else {}
    keys = {
        token: one.key
        for token, one in asked.items()
        if one.id not in by_id and isinstance(one.key, TaskInstanceKey)
    }
    by_key = dict(_rows(connection, TaskInstance.filter_for_tis(keys.values())))
    return {
        token: by_key.get(keys[token].primary) if token in keys else by_id.get(one.id)
        for token, one in asked.items()
    }


def _rows(
    connection: "Connection", which: "ColumnElement[bool] | None"
) -> "Iterator[tuple[tuple[str, str, str, int], Row]]":
    """The selected rows, each with the part of its key that is the same for all tries."""
    from airflow.models.taskinstance import TaskInstance

    if which is None:
        return
    query = select(
        TaskInstance.dag_id,
        TaskInstance.task_id,
        TaskInstance.run_id,
        TaskInstance.map_index,
        TaskInstance.state,
        TaskInstance.external_executor_id,
        TaskInstance.try_number,
        TaskInstance.id,
        TaskInstance.queued_by_job_id,
    ).where(which, *compat.current())
    for dag, task, run, index, state, token, number, id_, scheduler in connection.execute(query):
        said = None if state is None else str(state)
        row = Row(state=said, token=token, try_number=number, id=id_, queued_by=scheduler)
        yield (dag, task, run, index), row


def _changed(
    connection: "Connection", known: Mapping[tuple[str | None, int | None], frozenset[tuple[str, int]]]
) -> Iterator[str]:
    """The tokens of the rows that have changed since they were last read.

    Nearly always there are none, so no row is read by its id: all rows of a scheduler in a state are one
    range of the index of states; to read it takes a third of the time of as many look-ups. ``updated_at``
    would not do: every heartbeat of a task sets it, by the clock of an API server.
    """
    for (state, scheduler), tries in known.items():
        which = {
            "state": state,
            "scheduler": NO_SCHEDULER if scheduler is None else scheduler,
            # Other executors may have many more rows in this state: those of ours beyond it are read by id.
            "most": 10 * len(tries) + 100,
        }
        found = connection.execute(_in_state(), which).cursor.fetchall()  # plain tuples
        yield from (token for token, _ in tries.difference(found))


@cache
def _in_state() -> "Select[str | None, int]":
    """Selects the tokens and try numbers of the task instances that a scheduler has in a state."""
    from airflow.models.taskinstance import TaskInstance

    scheduler = func.coalesce(TaskInstance.queued_by_job_id, literal_column(str(NO_SCHEDULER)))
    return (
        select(TaskInstance.external_executor_id, TaskInstance.try_number)
        .where(TaskInstance.state == bindparam("state"), scheduler == bindparam("scheduler"))
        .limit(bindparam("most"))
    )


@contextmanager
def _ours(key: object, token: str) -> "Iterator[tuple[Session, TaskInstance | None]]":
    """A session with the row, locked; None unless the row is still at this try and has this token or none."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.taskinstancekey import TaskInstanceKey
    from airflow.utils.session import create_session
    from airflow.utils.sqlalchemy import with_row_locks

    with create_session(scoped=False) as session:
        if not isinstance(key, TaskInstanceKey):
            yield session, None
            return
        query = select(TaskInstance).where(
            TaskInstance.dag_id == key.dag_id,
            TaskInstance.task_id == key.task_id,
            TaskInstance.run_id == key.run_id,
            TaskInstance.map_index == key.map_index,
            *compat.current(),
        )
        ti = session.scalar(with_row_locks(query, of=TaskInstance, session=session))
        ours = ti is not None and ti.try_number == key.try_number and ti.external_executor_id in (token, None)
        yield session, ti if ours else None
