"""Read the records of containers from Airflow's event log.

Law: one query on an index, read in portions, newest first. Nothing but the event log keeps them, so what
Airflow's ``airflow db clean`` removes from it is gone here, too.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from airflow.models import Log
from airflow.utils.session import create_session
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql.elements import ColumnElement

from aws_executors.core.cost.record import USED, read_entry
from aws_executors.core.cost.summary import UsageEntry
from aws_executors.core.explain.diagnosis import says_killed
from aws_executors.core.lifecycle.policy import CONTAINER_FAILED
from aws_executors.core.redact.outgoing import MOST
from aws_executors.core.requests.launch import Task
from aws_executors.shell.airflow.loggers import logger

log = logger(__name__)

PORTION = 1_000


def usage_entries(
    since: float, *, dag: str = "", task: str = "", most: int | None = None
) -> Iterator[UsageEntry]:
    """The records since then (seconds since the epoch), newest first; of one DAG or task, if one is named.

    Raises what SQLAlchemy raises. A record that cannot be read is left out.
    """
    query = (
        select(
            Log.dttm,
            func.substr(Log.extra, 1, MOST),
            Log.dag_id,
            Log.task_id,
            Log.run_id,
            Log.map_index,
            Log.try_number,
        )
        .where(*_conditions(since, dag, task))
        .order_by(Log.dttm.desc())
        .execution_options(yield_per=PORTION)
    )
    with create_session(scoped=False) as session:
        for at, extra, dag_id, task_id, run, index, number in session.execute(query.limit(most)):
            record = read_entry(extra or "")
            if record is not None:
                yield UsageEntry(
                    dag=dag_id or "",
                    task=task_id or "",
                    run=run or "",
                    map_index=-1 if index is None else index,
                    try_number=number or 1,
                    at=since if at is None else at.timestamp(),
                    record=record,
                )


def usage_count(since: float, *, dag: str = "", task: str = "") -> int:
    """How many there are."""
    query = select(func.count()).select_from(Log).where(*_conditions(since, dag, task))
    with create_session(scoped=False) as session:
        return session.scalar(query) or 0


def memory_kills(task: Task) -> int:
    """How many earlier tries of a task instance were killed for memory, as the event log says.

    By the line of the failure that AWS gave that reason for, or by the record of a container in which a
    process was killed. 0, with a warning in the scheduler's log, if the database cannot be read.
    """
    query = select(Log.try_number, Log.event, Log.extra).where(
        Log.dag_id == task.dag_id,
        Log.task_id == task.task_id,
        Log.run_id == task.run_id,
        Log.map_index == task.map_index,
        Log.try_number < task.try_number,
        Log.event.in_((USED, CONTAINER_FAILED)),
    )
    try:
        with create_session(scoped=False) as session:
            rows = session.execute(query).all()
    except SQLAlchemyError:
        log.exception("Could not look up whether %s was killed for memory before; taken for no", task)
        return 0
    return len({number for number, event, extra in rows if _killed(event, extra or "")})


def _killed(event: str, extra: str) -> bool:
    record = read_entry(extra) if event == USED else None
    return says_killed(extra) if event == CONTAINER_FAILED else record is not None and record.killed


def _conditions(since: float, dag: str, task: str) -> list[ColumnElement[bool]]:
    conditions = [Log.event == USED, Log.dttm >= datetime.fromtimestamp(since, UTC)]
    conditions += [Log.dag_id == dag] if dag else []
    conditions += [Log.task_id == task] if task else []
    return conditions
