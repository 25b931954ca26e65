"""The little that correct reporting needs to know from Airflow's database.

Law: a small query for many task instances, and two careful updates of one; on connections and in sessions of
their own, never the scheduler's (a scoped session would commit its transaction), and never in its thread.
Nothing is decided here: `core/lifecycle/verdict.py` reads the rows.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any
from uuid import UUID

from airflow.utils.state import TaskInstanceState
from sqlalchemy import bindparam, select
from sqlalchemy.orm import load_only, object_session

from aws_executors.core.lifecycle.verdict import Row
from aws_executors.shell.engine.messages import Asked
from aws_executors.shell.engine.polling import ROWS

if TYPE_CHECKING:
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy import ColumnElement, Connection, Dialect
    from sqlalchemy.orm import Session


class AirflowDatabase:
    """Airflow's metadata database, for task instances that have, or had, a container of ours."""

    def read(self, asked: Mapping[str, Asked[object]]) -> dict[str, Row | None]:
        """The rows of these jobs, by token, less those that say what has been heard; None: its row is gone.

        Keys are `TaskInstanceKey`. A row is asked for by its id, and by its key where none goes by that id
        any more: who retries or is cleared gets another one. Raises what SQLAlchemy raises.
        """
        from airflow import settings

        if settings.engine is None:
            raise RuntimeError("Airflow's database is not set up in this process")
        with settings.engine.connect() as connection:  # without a session: nothing is made of rows
            return read_rows(connection, asked)

    def fence(self, key: object, token: str) -> None:
        """Let a task instance that runs be restarting, under another id: as a person does who clears it.

        Airflow's API then refuses whatever its container still has to say, a failure included.
        Source: ``clear_task_instances`` of ``airflow/models/taskinstance.py``.
        """
        with _ours(key, token) as (session, ti):
            if ti is not None and ti.state == TaskInstanceState.RUNNING:
                ti.prepare_db_for_next_try(session=session)
                ti.state = TaskInstanceState.RESTARTING

    def requeue(self, key: object, token: str) -> None:
        """Let the scheduler queue a task instance again whose container is gone, unless it has moved on.

        One that still waits in the queue keeps its try. One that ran is reset as Airflow resets what nobody
        adopts: its try goes into the history and the next one begins.
        Source: ``adopt_or_reset_orphaned_tasks`` and ``_reschedule_stuck_task`` of
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
                ti.prepare_db_for_next_try(session=session)
                ti.state = None
                ti.clear_next_method_args()
            else:
                return
            ti.queued_by_job_id = None
            ti.external_executor_id = None


def complete(tis: Sequence[object]) -> None:
    """Load in one query what adoption reads of rows and Airflow has not loaded: each attribute of each row
    would be a query of its own, and the rows are locked meanwhile.

    In the session that they come from; what comes from none has all there is.
    Source: the `load_only` of ``adopt_or_reset_orphaned_tasks``, ``airflow/jobs/scheduler_job_runner.py``.
    """
    from airflow.models.taskinstance import TaskInstance

    rows = [ti for ti in tis if isinstance(ti, TaskInstance)]
    session = object_session(rows[0]) if rows else None
    if session is None:
        return
    for first in range(0, len(rows), ROWS):
        ids = [ti.id for ti in rows[first : first + ROWS]]
        missing = load_only(TaskInstance.try_number, TaskInstance.queue, TaskInstance.queued_dttm)
        session.scalars(select(TaskInstance).where(TaskInstance.id.in_(ids)).options(missing)).all()


def read_rows(connection: "Connection", asked: Mapping[str, Asked[object]]) -> dict[str, Row | None]:
    """The same by a connection that is there."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.taskinstancekey import TaskInstanceKey

    same = _unchanged(connection, asked)
    new = {token: one for token, one in asked.items() if token not in same}
    ids = [one.id for one in new.values() if one.id is not None]
    by_id = {row.id: row for _, row in _rows(connection, TaskInstance.id.in_(ids))} if ids else {}
    keys = {
        token: one.key
        for token, one in new.items()
        if one.id not in by_id and isinstance(one.key, TaskInstanceKey)
    }
    by_key = dict(_rows(connection, TaskInstance.filter_for_tis(keys.values())))
    return {
        token: by_key.get(keys[token].primary) if token in keys else by_id.get(one.id)
        for token, one in new.items()
    }


def _rows(
    connection: "Connection", which: "ColumnElement[bool] | None"
) -> "Iterator[tuple[tuple[str, str, str, int], Row]]":
    """What the rows say, each by the part of its key that it keeps over all tries."""
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
    ).where(which)
    for dag, task, run, index, state, token, number, id_ in connection.execute(query):
        said = None if state is None else str(state)
        yield (dag, task, run, index), Row(state=said, token=token, try_number=number, id=id_)


def _unchanged(connection: "Connection", asked: Mapping[str, Asked[object]]) -> Collection[str]:
    """Which of these jobs' rows still say what was heard.

    This is asked twice a second for all that run, and the answer is nearly always: all of them. So it is one
    look-up in the table's primary key by a statement that is made once, and its answer is nothing but tokens.
    ``updated_at`` would not do: a task's every heartbeat sets it, by the clock of an API server.
    """
    alike: dict[tuple[str, int], dict[str, UUID]] = {}
    for token, one in asked.items():
        row = one.heard
        if row is not None and row.id is not None and row.state is not None and row.token == token:
            alike.setdefault((row.state, row.try_number), {})[token] = row.id
    same: set[str] = set()
    for said, ids in alike.items():
        statement = _by_ids(connection.dialect, 1 << (len(ids) - 1).bit_length())
        filled = statement.filled(ids.values(), *said)
        found = connection.exec_driver_sql(*filled).cursor.fetchall()  # plain tuples
        same |= ids.keys() & chain.from_iterable(found)  # a row may be another job's by now, that heard else
    return same


@dataclass(frozen=True, slots=True, kw_only=True)
class _ByIds:
    """A statement with places for so many ids, a state and a try, as a driver takes it."""

    sql: str
    names: tuple[str, ...]
    positional: bool
    bound: "Callable[[UUID], object]"

    def filled(self, ids: Iterable[UUID], state: str, number: int) -> tuple[str, Any]:
        """The statement and its parameters; places that are left have the last id once more."""
        values = [self.bound(one) for one in ids]
        values += values[-1:] * (len(self.names) - 2 - len(values))
        values += state, number
        return self.sql, tuple(values) if self.positional else dict(zip(self.names, values, strict=True))


@lru_cache(maxsize=32)
def _by_ids(dialect: "Dialect", places: int) -> _ByIds:
    from airflow.models.taskinstance import TaskInstance

    names = tuple(f"id{number}" for number in range(places))
    kind = TaskInstance.id.type
    query = select(TaskInstance.external_executor_id).where(
        TaskInstance.id.in_([bindparam(name, type_=kind) for name in names]),
        TaskInstance.state == bindparam("state"),
        TaskInstance.try_number == bindparam("number"),
    )
    made = query.compile(dialect=dialect)
    return _ByIds(
        sql=str(made),
        names=(*names, "state", "number"),
        positional=made.positional,
        bound=kind.dialect_impl(dialect).bind_processor(dialect) or (lambda one: one),
    )


@contextmanager
def _ours(key: object, token: str) -> "Iterator[tuple[Session, TaskInstance | None]]":
    """The row under its lock, as long as it still is at this try, and under this token or none."""
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
        )
        ti = session.scalar(with_row_locks(query, of=TaskInstance, session=session))
        ours = ti is not None and ti.try_number == key.try_number and ti.external_executor_id in (token, None)
        yield session, ti if ours else None
