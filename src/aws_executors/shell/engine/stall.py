"""Keeps a scheduler that was stalled from submitting jobs that another one may have taken over.

Law: for the engine's thread, waits for nothing. A job from before the stall is submitted only after its
row was read again, by a reading that began after the stall, and only while the row names no other scheduler.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Generic, TypeVar

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.lifecycle.effects import Submit
from aws_executors.core.lifecycle.verdict import Row
from aws_executors.shell.engine.context import EngineContext
from aws_executors.shell.engine.job_table import Record
from aws_executors.shell.engine.messages import K

R = TypeVar("R")

STALL = 5.0
"""Seconds of a stall, or of waiting for a worker, after which Airflow may have given this scheduler's tasks
to another one. Well below ``[scheduler] scheduler_health_check_threshold`` (30)."""

TOO_LATE = AwsError(
    kind=Kind.UNREACHABLE,
    code="NotSubmitted",
    message="no worker was free in time, or this scheduler was stalled",
)


class StallGuard(Generic[K, R]):
    """Holds back submissions of jobs that may be another scheduler's by now.

    `scheduler` is the id by which rows name this scheduler, None if unknown. `want_row` has the row of a job
    read soon, `submit` takes a submission that was held back and may go on.
    """

    def __init__(
        self,
        context: EngineContext[K, R],
        scheduler: int | None,
        want_row: Callable[[str], None],
        submit: Callable[[Record[K, R], Submit[R]], None],
    ) -> None:
        self.doubtful_until = -inf
        """A job that is handed over before this time may have been queued before the stall."""
        self._stalled_until = -inf
        self._table = context.table
        self._clock = context.clock
        self._scheduler = scheduler
        self._want_row = want_row
        self._submit = submit

    def was_stalled(self) -> None:
        """The engine was stalled for so long that all jobs may have been given to another scheduler."""
        self._stalled_until = self._clock()
        self.doubtful_until = self._stalled_until + STALL
        for record in self._table.records():
            record.in_doubt = record.in_doubt or record.job.has_row

    def hold(self, record: Record[K, R], submission: Submit[R]) -> None:
        """Hold back the submission of a job that is in doubt, until the job's row has been read."""
        record.on_hold = submission
        self._want_row(record.job.token)

    def row_read(self, record: Record[K, R], row: Row | None, at: float) -> None:
        """The row was read, beginning at `at`: a submission on hold goes on, if the job is still ours."""
        if at < self._stalled_until:
            if record.on_hold is not None:
                self._want_row(record.job.token)  # a reading from before the stall does not count
            return
        record.in_doubt = not record.job.withdrawn and self._adopted_elsewhere(record, row)
        if record.in_doubt:
            return  # the submission stays on hold until the row has changed, and is read again
        submission, record.on_hold = record.on_hold, None
        if submission is not None:
            self._submit(record, submission)

    def _adopted_elsewhere(self, record: Record[K, R], row: Row | None) -> bool:
        """Whether another scheduler has adopted the waiting task, under the token that it had here.

        The other scheduler looks for a container, and has the task queued again if it finds none. A container
        started now would run the task a second time, beside the container of the next queueing.
        """
        if row is None or row.state != "queued" or row.token != record.job.token:
            return False
        return self._scheduler is not None and row.queued_by not in (None, self._scheduler)
