"""What the executor hands to the engine, and what the engine hands back: frozen values.

Everything else that the engine's thread is to do (an answer has come, a task is revoked) is a function that
it calls: other threads put an `InboxItem` into its inbox and share nothing else with it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeAlias, TypeVar
from uuid import UUID

from returns.result import Result

from aws_executors.core.aws.errors import AwsError
from aws_executors.core.lifecycle.effects import LogEvent, ReleaseSlot, Report
from aws_executors.core.lifecycle.job import Job
from aws_executors.core.lifecycle.observation import Observation
from aws_executors.core.lifecycle.verdict import Row
from aws_executors.core.warm.shape import WarmShape

R = TypeVar("R")
K = TypeVar("K", bound=Hashable)
K_co = TypeVar("K_co", covariant=True)

InboxItem: TypeAlias = Callable[[], None]
"""Something for the engine's thread to do."""


class Stored(Protocol):
    """The workload of a job that may be kept in a store. Both methods may wait, and do not raise."""

    @property
    def renew_every(self) -> float | None:
        """Seconds between two renewals of the workload that was built last, or None if it is not stored."""
        ...

    def renew(self, attempt: int) -> Result[None, AwsError]:
        """Give the workload of this attempt a fresh workload token."""
        ...

    def discard(self) -> Result[None, AwsError]:
        """Delete whatever was stored, for good: the job is closed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmRequest(Generic[R]):
    """What is submitted for a job that may run in a warm container.

    `container` gives the request for a warm container with this token; `workload` makes the workload's JSON,
    for a container that is up. `cold` builds the request for a container of the job's own.
    """

    shape: WarmShape
    container: Callable[[str], R] = field(repr=False)
    workload: Callable[[], str] = field(repr=False)
    cold: Callable[[int], Result[R, str | AwsError]] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkItem(Generic[K, R]):
    """One job for the engine, with what the engine needs to run it."""

    job: Job[R]
    key: K  # what Airflow knows the workload by
    queue: str = ""
    priority: int = 0  # the highest goes first
    # Takes the attempt's number and returns the request, or why there is none: in words, or as the store's
    # error. None for a job that another scheduler has submitted.
    build: Callable[[int], Result[R | WarmRequest[R], str | AwsError]] | None = field(
        default=None, repr=False
    )
    builder: str = ""  # its name in messages
    stored: Stored | None = field(default=None, repr=False)  # None where nothing is ever stored
    id: UUID | None = None  # that of the task instance's row when the job came in
    recorded_as: K | None = None  # the key of its containers' usage, if not `key`


@dataclass(frozen=True, slots=True)
class RowQuery(Generic[K_co]):
    """A task instance whose row is to be read: its key, and the last known id of its row.

    `known` is the row as its job knows it, and is not returned if it is unchanged; None: always return it.
    """

    key: K_co
    id: UUID | None = None
    known: Row | None = None


@dataclass(frozen=True, slots=True)
class ContainerEnded:
    """A container has ended, or a workload's turn in one; reported only where usage is recorded.

    `served` is what was measured of each of its workloads, if it was a warm container.
    """

    observation: Observation
    attempt: int
    queue: str
    served: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class AirflowUpdate(Generic[K]):
    """What the scheduler's thread has to report to Airflow, or to record, about one job."""

    token: str
    key: K
    effect: Report | ReleaseSlot | LogEvent | ContainerEnded
