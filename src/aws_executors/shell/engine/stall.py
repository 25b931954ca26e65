"""What a scheduler that has stood still may not do any more: submit what another one may have by now.

Law: for the engine's thread, waits for nothing. What was in hand before the gap is submitted once its row was
read anew, by a reading that began after it, and only while the row names no other scheduler.
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
"""After so many seconds in which the engine did nothing, Airflow may have taken this scheduler for dead, and
given its tasks to another one. Well below ``[scheduler] scheduler_health_check_threshold`` (30)."""

TOO_LATE = AwsError(
    kind=Kind.UNREACHABLE,
    code="NotSubmitted",
    message="no worker was free in time, or this scheduler was stalled",
)

NEVER_SENT = AwsError(kind=Kind.UNREACHABLE, code="NotSubmitted", message="revoked before it was submitted")


class StallGuard(Generic[K, R]):
    """Holds back submissions of jobs that may be another scheduler's by now.

    `scheduler` is this one, as rows name it, None where nobody has said. `want_row` has the row of a job read
    soon, `submit` takes what was held back and may go on.
    """

    def __init__(
        self,
        context: EngineContext[K, R],
        scheduler: int | None,
        want_row: Callable[[str], None],
        submit: Callable[[Record[K, R], Submit[R]], None],
    ) -> None:
        self.doubtful_until = -inf
        """Who hands a job over before this time may have queued it before the gap."""
        self._stalled_until = -inf
        self._table = context.table
        self._clock = context.clock
        self._scheduler = scheduler
        self._want_row = want_row
        self._submit = submit

    def was_stalled(self) -> None:
        """The engine did nothing for so long that all jobs may have been given to another scheduler."""
        self._stalled_until = self._clock()
        self.doubtful_until = self._stalled_until + STALL
        for record in self._table.records():
            record.in_doubt = record.in_doubt or record.job.has_row

    def hold(self, record: Record[K, R], submission: Submit[R]) -> None:
        """Keep a submission of a job that is in doubt until its row was read."""
        record.on_hold = submission
        self._want_row(record.job.token)

    def row_read(self, record: Record[K, R], row: Row | None, at: float) -> None:
        """The row was read, beginning at `at`: what was held back until then goes on, if it is still ours."""
        if at < self._stalled_until:
            if record.on_hold is not None:
                self._want_row(record.job.token)  # what was read before the gap is not believed
            return
        record.in_doubt = not record.job.withdrawn and self._adopted_elsewhere(record, row)
        if record.in_doubt:
            return  # until the row changes: it is known again then
        submission, record.on_hold = record.on_hold, None
        if submission is not None:
            self._submit(record, submission)

    def _adopted_elsewhere(self, record: Record[K, R], row: Row | None) -> bool:
        """Whether another scheduler has adopted the waiting task, under the token that it had here.

        That one looks for a container, and has the task queued again where it finds none: one that is started
        now would run the task beside the next one.
        """
        if row is None or row.state != "queued" or row.token != record.job.token:
            return False
        return self._scheduler is not None and row.queued_by not in (None, self._scheduler)
