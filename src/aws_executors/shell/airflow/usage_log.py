"""Read the records of containers from Airflow's event log.

Law: one query on an index, read in portions, newest first. Nothing but the event log keeps them, so what
Airflow's ``airflow db clean`` removes from it is gone here, too.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from airflow.models import Log
from airflow.utils.session import create_session
from sqlalchemy import func, select
from sqlalchemy.sql.elements import ColumnElement

from aws_executors.core.cost.record import USED, read_entry
from aws_executors.core.cost.summary import UsageEntry

PORTION = 1_000


def usage_entries(
    since: float, *, dag: str = "", task: str = "", most: int | None = None
) -> Iterator[UsageEntry]:
    """The records since then (seconds since the epoch), newest first; of one DAG or task, if one is named.

    Raises what SQLAlchemy raises. A record that cannot be read is left out.
    """
    query = (
        select(Log.dttm, Log.extra, Log.dag_id, Log.task_id, Log.run_id, Log.map_index, Log.try_number)
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


def _conditions(since: float, dag: str, task: str) -> list[ColumnElement[bool]]:
    conditions = [Log.event == USED, Log.dttm >= datetime.fromtimestamp(since, UTC)]
    conditions += [Log.dag_id == dag] if dag else []
    conditions += [Log.task_id == task] if task else []
    return conditions
