"""Read recent failures from Airflow's event log.

Law: one query, for a limited number of rows. As every failure is in the event log anyway, schedulers need not
publish failures, which remain visible when their scheduler is gone.
"""

from aws_executors.core.lifecycle.policy import FAILED
from aws_executors.core.redact.outgoing import one_line
from aws_executors.dashboard.page.view import Failure
from aws_executors.dashboard.snapshot import TaskKey
from aws_executors.shell.airflow.event_log import logged_since

HOURS = 24
"""How many hours of the log are searched."""

ROWS = 500
"""The most rows that are read, newest first."""


def recent_failures(now: float) -> tuple[Failure, ...]:
    """The failures of our executors in the last `HOURS`, newest first; `now` in seconds since the epoch.

    Raises what SQLAlchemy raises.
    """
    return tuple(
        Failure(
            key=TaskKey(
                dag=one.dag,
                task=one.task,
                run=one.run,
                map_index=one.map_index,
                try_number=one.try_number or 0,
            ),
            at=now if one.at is None else one.at.timestamp(),
            event=one.event,
            message=one_line(one.text),
        )
        for one in logged_since(now - HOURS * 3600, FAILED, most=ROWS)
    )
