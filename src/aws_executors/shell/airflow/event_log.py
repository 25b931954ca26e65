"""Read our rows of Airflow's event log, to show them or to add them up.

Law: one query on an index, newest first. Rows that ``airflow db clean`` has removed are gone here, too.
"""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from airflow.models import Log
from airflow.utils.session import create_session
from sqlalchemy import func, select
from sqlalchemy.sql.elements import ColumnElement

from aws_executors.core.redact.outgoing import MOST

PORTION = 1_000
"""How many rows are fetched at a time."""


class Logged(NamedTuple):
    """The columns of one row of the event log that are needed here."""

    at: datetime | None
    event: str
    text: str
    dag: str
    task: str
    run: str
    map_index: int
    try_number: int | None


def logged_since(
    since: float, events: Collection[str], *, dag: str = "", task: str = "", most: int | None = None
) -> Iterator[Logged]:
    """The rows of these events since then (seconds since the epoch), of one DAG or task if one is named.

    Raises what SQLAlchemy raises.
    """
    query = (
        select(
            Log.dttm,
            Log.event,
            func.substr(Log.extra, 1, MOST),
            Log.dag_id,
            Log.task_id,
            Log.run_id,
            Log.map_index,
            Log.try_number,
        )
        .where(*these(since, events, dag, task))
        .order_by(Log.dttm.desc())
        .execution_options(yield_per=PORTION)
    )
    with create_session(scoped=False) as session:
        for at, event, text, dag_id, task_id, run, index, number in session.execute(query.limit(most)):
            yield Logged(
                at=at,
                event=event,
                text=text or "",
                dag=dag_id or "",
                task=task_id or "",
                run=run or "",
                map_index=-1 if index is None else index,
                try_number=number,
            )


def these(since: float, events: Collection[str], dag: str = "", task: str = "") -> list[ColumnElement[bool]]:
    """The conditions for rows of these events since then, of one DAG or task if one is named."""
    conditions = [Log.event.in_(events), Log.dttm >= datetime.fromtimestamp(since, UTC)]
    conditions += [Log.dag_id == dag] if dag else []
    conditions += [Log.task_id == task] if task else []
    return conditions
