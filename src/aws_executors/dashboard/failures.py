"""Read recent failures from Airflow's event log.

Law: one query on an index, for a limited number of rows. As every failure is in the event log anyway, nothing
has to be published, and failures remain visible when their scheduler is gone.
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
"""How many hours of the log are searched."""

ROWS = 500
"""The most rows that are read, newest first."""


def recent_failures(now: float) -> tuple[Failure, ...]:
    """The failures of our executors in the last `HOURS`, newest first; `now` in seconds since the epoch.

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
