"""What travels between the scheduler's thread, the engine's thread and the workers.

Law: frozen values in queues. Nobody shares anything else with the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeAlias, TypeVar
from uuid import UUID

from returns.result import Result

from aws_executors.core.aws.errors import AwsError
from aws_executors.core.lifecycle.job import Event, Job, LogEvent, ReleaseSlot, Report
from aws_executors.core.lifecycle.observation import DescribeResult
from aws_executors.core.lifecycle.verdict import Row

R = TypeVar("R")
K = TypeVar("K", bound=Hashable)
K_co = TypeVar("K_co", covariant=True)


class Stored(Protocol):
    """What of a job may lie in a store. Both methods may wait, and do not raise."""

    @property
    def renew_every(self) -> float | None:
        """Seconds between two renewals of what was built last, or None if that is not stored."""
        ...

    def renew(self, attempt: int) -> Result[None, AwsError]:
        """Give the workload of this attempt a fresh token."""
        ...

    def discard(self) -> Result[None, AwsError]:
        """Take away whatever was stored, for good: the job is closed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkItem(Generic[K, R]):
    """One job for the engine: Airflow's key and queue, how urgent it is, and how to build its requests.

    `build` takes the attempt's ordinal and gives the request, or in words why there can be none, or why its
    workload could not be stored. It is None for a job that some other scheduler has submitted; `builder` is
    what a person calls it. `stored` is None where nothing is ever stored. `id` is what the task instance's
    row went by when it came in.
    """

    job: Job[R]
    key: K
    queue: str = ""
    priority: int = 0
    build: Callable[[int], Result[R, str | AwsError]] | None = field(default=None, repr=False)
    stored: Stored | None = field(default=None, repr=False)
    builder: str = ""
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Asked(Generic[K_co]):
    """A task instance whose row is to be read: its key, and the id that its row went by last.

    `heard` is what its job has been told of the row and need not be told again; None: whatever it says.
    """

    key: K_co
    id: UUID | None = None
    heard: Row | None = None


@dataclass(frozen=True, slots=True)
class Delivery(Generic[K, R]):
    """Many jobs in one message; each is made by the engine's thread when its turn comes, so that the sender
    makes nothing. One that can not be made raises, and the next one may be asked for all the same (as of a
    `map`)."""

    work_items: Iterator[WorkItem[K, R]]


@dataclass(frozen=True, slots=True)
class JobEvent(Generic[R]):
    """An event of one job; `request_id` is the number of what it answers, 0 for what nobody has asked."""

    token: str
    event: Event[R]
    request_id: int = 0


@dataclass(frozen=True, slots=True)
class Described:
    """What one describe call told about these containers."""

    at: float
    ids: tuple[str, ...]
    result: Result[DescribeResult, AwsError]


@dataclass(frozen=True, slots=True)
class RowsRead:
    """The rows of these jobs, by token, read at `at` or later; None where there is no row any more.

    Those that say what their jobs have heard already are left out.
    """

    at: float
    rows: Mapping[str, Row | None]


@dataclass(frozen=True, slots=True)
class RowsUnread:
    """The database did not answer for these jobs."""

    at: float
    tokens: tuple[str, ...]
    problem: str


@dataclass(frozen=True, slots=True)
class Fenced:
    """A task instance was set to restarting, or why not yet; the next row that is read shows it."""

    problem: str = ""


@dataclass(frozen=True, slots=True)
class AllFenced:
    """At the end: the task instances of these containers were set to restarting, or why not all of them."""

    ids: tuple[str, ...]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Requeued(Generic[K, R]):
    """A task instance has been given back to the scheduler, or why not yet."""

    at: float
    work_item: WorkItem[K, R]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Discarded(Generic[K, R]):
    """What was stored for a closed job has been taken away, or why not."""

    at: float
    work_item: WorkItem[K, R]
    error: AwsError | None


@dataclass(frozen=True, slots=True)
class Closing:
    """The engine is to end; with `stop`, its containers too."""

    stop: bool


@dataclass(frozen=True, slots=True)
class Stopped:
    """A bulk stop at the end has been answered."""

    ids: tuple[str, ...]


Message: TypeAlias = (
    "WorkItem[K, R] | Delivery[K, R] | JobEvent[R] | Described | RowsRead | RowsUnread | Fenced | AllFenced"
    " | Requeued[K, R] | Discarded[K, R] | Stopped | Closing"
)


@dataclass(frozen=True, slots=True)
class AirflowUpdate(Generic[K]):
    """What the scheduler's thread has to tell Airflow about one job."""

    token: str
    key: K
    effect: Report | ReleaseSlot | LogEvent
