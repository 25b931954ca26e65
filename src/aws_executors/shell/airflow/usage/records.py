"""Read the usage records of containers from Airflow's event log.

Law: the event log is the only place where records are kept.
"""

from collections.abc import Iterator

from airflow.models import Log
from airflow.utils.session import create_session
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from aws_executors.core.cost.record import USED, read_entry
from aws_executors.core.cost.summary import UsageEntry
from aws_executors.core.explain.diagnosis import says_killed
from aws_executors.core.lifecycle.policy import CONTAINER_FAILED
from aws_executors.core.requests.launch import Task
from aws_executors.shell.airflow.event_log import logged_since, these
from aws_executors.shell.airflow.loggers import logger

log = logger(__name__)


def usage_entries(
    since: float, *, dag: str = "", task: str = "", most: int | None = None
) -> Iterator[UsageEntry]:
    """The records since then (seconds since the epoch), newest first; of one DAG or task, if one is named.

    Raises what SQLAlchemy raises. A record that cannot be read is left out.
    """
    for one in logged_since(since, (USED,), dag=dag, task=task, most=most):
        record = read_entry(one.text)
        if record is not None:
            yield UsageEntry(
                dag=one.dag,
                task=one.task,
                run=one.run,
                map_index=one.map_index,
                try_number=one.try_number or 1,
                at=since if one.at is None else one.at.timestamp(),
                record=record,
            )


def usage_count(since: float, *, dag: str = "", task: str = "") -> int:
    """How many rows `usage_entries` would read."""
    query = select(func.count()).select_from(Log).where(*these(since, (USED,), dag, task))
    with create_session(scoped=False) as session:
        return session.scalar(query) or 0


def memory_kills(task: Task) -> int:
    """How many earlier tries of a task instance were killed for memory, as the event log says.

    A try counts if the line of its failure has that reason, or if the record of its container says that a
    process was killed. 0, with an error in the scheduler's log, if the database cannot be read.
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
        log.exception(
            "Could not look up whether %s was killed for memory before; assuming that it was not", task
        )
        return 0
    return len({number for number, event, extra in rows if _killed(event, extra or "")})


def _killed(event: str, extra: str) -> bool:
    record = read_entry(extra) if event == USED else None
    return says_killed(extra) if event == CONTAINER_FAILED else record is not None and record.killed
