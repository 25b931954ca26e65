"""What a job may ask for, and the reasons that are given to AWS when its containers are stopped.

An effect is a value: the engine carries it out, and its answer comes back as the event that is named here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeAlias, TypeVar

from aws_executors.core.lifecycle.observation import Cause

R = TypeVar("R")

# AWS shows these reasons unchanged (ECS ``stoppedReason``, Batch ``statusReason``) to every scheduler. Their
# common prefix distinguishes a stop by one of our executors, perhaps in another scheduler, from a person's.
OURS = "aws_executors: "
ORPHANED = OURS + "orphaned, and adopt_task_instances is off"
TAKEN_BACK = OURS + "revoked by Airflow"
NOT_WAITED_FOR = OURS + "its task instance no longer needs it"
SURPLUS = OURS + "no task waits for this container"
SHUT_DOWN = OURS + "its scheduler was shut down"

BY_US: tuple[tuple[str, Cause], ...] = ((OURS, Cause.WITHDRAWN),)
"""What a reason that begins with `OURS` means, as a row for the tables of both services."""


@dataclass(frozen=True, slots=True)
class Prepare:
    """Build the request of this attempt, with a fresh workload token. Answer: Prepared, NotPrepared or
    NotStored."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Renew:
    """Give the stored workload of this attempt a fresh workload token. Answer: Renewed."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Submit(Generic[R]):
    """Submit this request. Answer: Accepted or Refused."""

    request: R = field(repr=False)


@dataclass(frozen=True, slots=True)
class LookUp:
    """Look for the job's container by its token. Answer: Found or NotLookedUp."""

    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stop:
    """Ask AWS to stop this container. Answer: StopAnswered."""

    container: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReadRow:
    """Read the task instance's row, now. Answer: RowRead, as soon as the database answers."""


@dataclass(frozen=True, slots=True)
class Report:
    """Report to Airflow how the task ended, and free its slot.

    With `confirm` the job stays until the row shows that end: Airflow drops an event whose row is locked.
    """

    success: bool
    info: str
    confirm: bool = False


@dataclass(frozen=True, slots=True)
class ReleaseSlot:
    """Free the slot, and report nothing."""


@dataclass(frozen=True, slots=True)
class Fence:
    """Set the running task instance to restarting, so that Airflow refuses what its container still reports.
    Answer: the next RowRead, in which the task instance is restarting."""


@dataclass(frozen=True, slots=True)
class Requeue:
    """Give the task instance back to Airflow's scheduler, so that it is queued again."""


@dataclass(frozen=True, slots=True)
class LogEvent:
    """Write a line into the task instance's event log."""

    event: str
    text: str


Effect: TypeAlias = """
    Prepare | Renew | Submit[R] | LookUp | Stop | ReadRow | Report | ReleaseSlot | Fence | Requeue
    | LogEvent
"""
