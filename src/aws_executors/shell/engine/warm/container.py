"""What the pool knows of one warm container, and of one job that waits for one.

Law: data, and questions about it; for the engine's thread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from aws_executors.core.lifecycle.allocation import Allocation
from aws_executors.core.lifecycle.effects import Submit
from aws_executors.core.lifecycle.metrics import ContainerState
from aws_executors.core.lifecycle.observation import Observation
from aws_executors.core.warm.cell import Word
from aws_executors.core.warm.plan import Idle, Starting
from aws_executors.shell.engine.job_table import Record
from aws_executors.shell.engine.messages import K, WarmRequest, WorkItem
from aws_executors.shell.transport.cells import HeldCell

R = TypeVar("R")

UNBILLED = frozenset({"", "PROVISIONING", "SUBMITTED", "RUNNABLE"})
"""The statuses in which a container costs nothing yet: billing begins with the pull of its image. Source:
"AWS Fargate pricing"; "Task lifecycle states", Amazon ECS; "Job states", AWS Batch."""

SOON = 5.0
"""A container should be idle this many seconds after the end of its task."""


@dataclass(slots=True, eq=False)
class Waiter(Generic[K, R]):
    """A job that waits for a container; `offered` is the token of the container whose cell has its workload,
    or may have it; `untaken` counts the containers that did not take it in time."""

    record: Record[K, R]
    submission: Submit[R]
    request: WarmRequest[R]
    since: float
    offered: str = ""
    untaken: int = 0


@dataclass(slots=True, eq=False, kw_only=True)
class WarmContainer(Generic[K, R]):
    """One container that takes one workload after another.

    `record` is that of its own job, which submits and follows it; None once that job is closed. `job` is the
    token of the job whose workload it has, or may have: from the offer until the cell shows how it ended.
    """

    token: str
    name: str  # of its cell
    shape: str
    group: str = ""
    record: Record[K, R] | None = None
    for_job: str = ""  # the job that it was started for
    item: WorkItem[K, R] | None = None  # its own job's
    since: float  # when its cell changed last, or when it was asked for
    held: HeldCell | None = None
    call: int = 0  # the number of the call about its cell that is under way, if one is
    closing: bool = False  # it is offered nothing more
    job: str = ""
    turn: str = ""  # the job's turn; empty until it is taken
    found: tuple[str, str] | None = None  # a job and its turn, found there while an offer was not settled
    served_before: int = 0  # how many workloads it had run when this one was offered
    freed_at: float | None = None  # when the end of its task was known, from the task instance's row
    served: int = 0
    why: str = ""  # why it could not be started
    end: Observation | None = None  # what AWS says of its end
    lost: str = ""  # how long the workload had run that was lost with it, as its cell would say it
    trouble_at: float | None = None  # since when its cell cannot be read, after its end

    @property
    def idle(self) -> Idle | None:
        """What the plan is told of it as an idle container; None if it is not idle."""
        held, record = self.held, self.record
        if held is None or record is None or held.cell.word is not Word.IDLE:
            return None
        if self.job or self.call or self.closing or self.stopping or not record.job.container:
            return None
        return Idle(token=self.token, since=self.since)

    @property
    def stopping(self) -> bool:
        """Whether it is being stopped."""
        return self.record is not None and self.record.job.withdrawn

    @property
    def given(self) -> Callable[[], Allocation | None] | None:
        """Reads its sizes, once AWS has described it."""
        seen = self.end or (None if self.record is None else self.record.job.seen)
        return None if seen is None else seen.given

    @property
    def id(self) -> str:
        """The ECS task's ARN or the Batch job's id; empty until AWS has accepted it."""
        if self.held is not None:
            return self.held.cell.container
        return "" if self.record is None else self.record.job.container

    @property
    def state(self) -> ContainerState:
        """Its state, as the metrics report it."""
        word = None if self.held is None else self.held.cell.word
        if self.closing or self.record is None or word is Word.CLOSED:
            return ContainerState.CLOSING
        if word is None:
            return ContainerState.STARTING
        return ContainerState.BUSY if self.job or word is not Word.IDLE else ContainerState.IDLE

    def soon(self, now: float) -> bool:
        """Whether its task has just ended, so that it is idle in a moment."""
        return self.freed_at is not None and not self.closing and now - self.freed_at < SOON

    @property
    def starting(self) -> Starting | None:
        """What the plan is told of it as a starting container; None if it is up, or will not be."""
        if self.held is not None or self.record is None or self.closing:
            return None
        seen = self.record.job.seen
        return Starting(
            token=self.token, since=self.since, unbilled=(seen.status if seen is not None else "") in UNBILLED
        )
