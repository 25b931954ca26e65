"""What the pool knows of one warm container, and of one job that waits for a container.

Law: data, and properties computed from it; for the engine's thread.
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
"""Statuses in which a container costs nothing yet, "" before it is described: billing begins with the image's
pull. Source: "AWS Fargate pricing"; "Task lifecycle states", Amazon ECS; "Job states", AWS Batch."""

SOON = 5.0
"""Seconds after the end of its task within which a container should be idle."""


@dataclass(slots=True, eq=False)
class Waiter(Generic[K, R]):
    """A job that waits for a container; `offered` is the token of the container whose cell has, or may have,
    the job's workload; `untaken` counts the containers that did not take it in time."""

    record: Record[K, R]
    submission: Submit[R]
    request: WarmRequest[R]
    since: float
    offered: str = ""
    untaken: int = 0


@dataclass(slots=True, eq=False, kw_only=True)
class WarmContainer(Generic[K, R]):
    """One container that takes one workload after another.

    `record` belongs to its own job, which submits and follows it; None once that job is closed. `job` is the
    token of the job whose workload it has, or may have: from the offer until the cell shows how that ended.
    """

    token: str
    name: str  # of its cell
    shape: str
    group: str = ""
    record: Record[K, R] | None = None
    for_job: str = ""  # the job that it was started for
    item: WorkItem[K, R] | None = None  # the work item of its own job
    since: float  # when its cell changed last, or when it was asked for
    held: HeldCell | None = None
    call: int = 0  # the number of the call about its cell that is under way; 0 if none is
    closing: bool = False  # it is offered nothing more
    job: str = ""
    turn: str = ""  # the job's turn; empty until it is taken
    found: tuple[str, str] | None = None  # another job and its turn, found while our offer was not settled
    served_before: int = 0  # how many workloads it had run when `job`'s was offered
    freed_at: float | None = None  # when the end of its task was known, from the task instance's row
    served: int = 0
    why: str = ""  # why it could not be started
    end: Observation | None = None  # what AWS says of its end
    lost: str = ""  # how long the workload that was lost with it had run, in the form of a measurement
    trouble_at: float | None = None  # since when its cell cannot be read, after its end

    @property
    def idle(self) -> Idle | None:
        """The container as an idle one, for the plan; None if it cannot be offered a workload now."""
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
        """The function that reads its sizes; None until AWS has described it."""
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
        """Whether its task ended less than `SOON` seconds ago, so that it will be idle in a moment."""
        return self.freed_at is not None and not self.closing and now - self.freed_at < SOON

    @property
    def starting(self) -> Starting | None:
        """The container as a starting one, for the plan; None if it is up, or is given up."""
        if self.held is not None or self.record is None or self.closing:
            return None
        seen = self.record.job.seen
        return Starting(
            token=self.token, since=self.since, unbilled=(seen.status if seen is not None else "") in UNBILLED
        )
