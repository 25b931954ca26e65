"""The little that correct reporting needs to know from Airflow's database.

Law: one small query for many task instances, and two careful updates of one; these in sessions of their own,
never the scheduler's (a scoped session would commit the scheduler's transaction), and never in its thread.
Nothing is decided here: `core/verdict.py` reads the rows.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from airflow.utils.state import TaskInstanceState
from sqlalchemy import select
from sqlalchemy.orm import load_only, object_session

from aws_executors.core.verdict import Row
from aws_executors.shell.rows import ROWS

if TYPE_CHECKING:
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy.orm import Session


class AirflowDatabase:
    """Airflow's metadata database, for task instances that have, or had, a container of ours."""

    def read(self, keys: Sequence[object]) -> Sequence[Row | None]:
        """State, token and try of these task instances, in the order of the keys.

        Keys are `TaskInstanceKey`; None stands for one whose row is gone. Raises what SQLAlchemy raises.
        """
        from airflow.models.taskinstance import TaskInstance
        from airflow.models.taskinstancekey import TaskInstanceKey
        from airflow.utils.session import create_session

        asked = [key for key in keys if isinstance(key, TaskInstanceKey)]
        wanted = TaskInstance.filter_for_tis(asked)
        if wanted is None:
            return [None for _ in keys]
        query = select(
            TaskInstance.dag_id,
            TaskInstance.task_id,
            TaskInstance.run_id,
            TaskInstance.map_index,
            TaskInstance.state,
            TaskInstance.external_executor_id,
            TaskInstance.try_number,
        ).where(wanted)
        with create_session(scoped=False) as session:
            rows = {
                (dag, task, run, index): Row(
                    state=None if state is None else str(state), token=token, try_number=number
                )
                for dag, task, run, index, state, token, number in session.execute(query)
            }
        return [rows.get(key.primary) if isinstance(key, TaskInstanceKey) else None for key in keys]

    def cut_off(self, key: object, token: str) -> None:
        """Let a task instance that runs be restarting, under another id: as a person does who clears it.

        Airflow's API then refuses whatever its container still has to say, a failure included.
        Source: ``clear_task_instances`` of ``airflow/models/taskinstance.py``.
        """
        with _ours(key, token) as (session, ti):
            if ti is not None and ti.state == TaskInstanceState.RUNNING:
                ti.prepare_db_for_next_try(session=session)
                ti.state = TaskInstanceState.RESTARTING

    def give_back(self, key: object, token: str) -> None:
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
        missing = load_only(TaskInstance.try_number, TaskInstance.queue)
        session.scalars(select(TaskInstance).where(TaskInstance.id.in_(ids)).options(missing)).all()


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
