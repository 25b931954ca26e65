"""Recent failures, from Airflow's event log, where every one of them stands anyway.

Law: one query, by an index, of a bounded number of rows. So failures outlive their scheduler, and nothing has
to be published for them.
"""

from datetime import UTC, datetime

from airflow.models import Log
from airflow.utils.session import create_session
from sqlalchemy import select
from sqlalchemy.sql.functions import func

from aws_executors.core.lifecycle.policy import FAILED
from aws_executors.core.redact.outgoing import MOST, one_line
from aws_executors.dashboard.page.view import Failure
from aws_executors.dashboard.snapshot import TaskKey

HOURS = 24
"""How far back it is looked."""

ROWS = 500
"""Rows that are read, the newest."""


def recent_failures(now: float) -> tuple[Failure, ...]:
    """What our executors have failed within the last `HOURS`, newest first; `now` in seconds since the epoch.

    Raises what SQLAlchemy raises.
    """
    since = datetime.fromtimestamp(now - HOURS * 3600, UTC)
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
        .where(Log.event.in_(FAILED), Log.dttm >= since)
        .order_by(Log.dttm.desc())
        .limit(ROWS)
    )
    with create_session(scoped=False) as session:
        return tuple(
            Failure(
                key=TaskKey(
                    dag=dag or "",
                    task=task or "",
                    run=run or "",
                    map_index=-1 if index is None else index,
                    try_number=number or 0,
                ),
                at=now if at is None else at.timestamp(),
                event=event,
                message=one_line(extra or ""),
            )
            for at, event, extra, dag, task, run, index, number in session.execute(query)
        )
