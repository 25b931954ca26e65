"""The failures of late, from Airflow's event log, where every one of them is told anyway.

Law: one query, by an index, of a bounded number of rows. So failures outlive the scheduler that told them,
and nothing has to be published for them.
"""

from datetime import UTC, datetime

from airflow.models import Log
from airflow.utils.session import create_session
from sqlalchemy import select
from sqlalchemy.sql.functions import func

from aws_executors.core.fleet.snapshot import Key
from aws_executors.core.fleet.view import Failed
from aws_executors.core.policy import FAILED
from aws_executors.core.texts import MOST, one_line

HOURS = 24
"""How far back it is looked."""

ROWS = 500
"""Rows that are read, the newest."""


def failures(now: float) -> tuple[Failed, ...]:
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
            Failed(
                key=Key(
                    dag=dag or "",
                    task=task or "",
                    run=run or "",
                    index=-1 if index is None else index,
                    number=number or 0,
                ),
                at=now if at is None else at.timestamp(),
                event=event,
                words=one_line(extra or ""),
            )
            for at, event, extra, dag, task, run, index, number in session.execute(query)
        )
