"""The vocabulary of one job's life: what it is, what can happen to it, what it may ask for.

Law: values only; `machine.py` is the one place that turns (job, event) into (job, effects). A *job* is one
queueing of one task instance (or one callback): it keeps its token over every container that is started for
it. A *container* is an ECS task or a Batch job: it has an id and belongs to one submission of the job. The
two are never the same word. Every event says when it happened, in seconds of a clock that only goes forward.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeAlias, TypeVar

from aws_executors.core.aws.backoff import Backoff
from aws_executors.core.aws.errors import AwsError
from aws_executors.core.lifecycle.observation import Observation
from aws_executors.core.lifecycle.verdict import Row

R = TypeVar("R")


class Stage(StrEnum):
    """Where a job is; each stage waits for one kind of event."""

    PREPARING = "preparing"  # its request is being built
    SUBMITTING = "submitting"  # a submission is under way
    BACKING_OFF = "backing off"  # the submission was refused for now; repeated when due
    LOOKING_UP = "looking up"  # AWS is asked by name whether there is a container
    WATCHING = "watching"  # there is a container, or a row, to follow
    AWAITING_ROW = "awaiting row"  # the container has ended; the row is read before anything is reported
    STOPPING = "stopping"  # the slot is free; the container is followed, and stopped, to its end
    CONFIRMING = "confirming"  # the end is reported and the slot is free; the row is read until it shows it
    CLOSED = "closed"


class Purpose(StrEnum):
    """Why the job exists, which decides what a look-up that finds nothing means."""

    RUN = "run"  # queued by Airflow for this scheduler
    ADOPT = "adopt"  # found after another scheduler died; followed to its end
    RELEASE = "release"  # found likewise, but adoption is off: fenced, stopped, then requeued
    CANCEL = "cancel"  # revoked by Airflow: stop whatever there is
    LEAVE = "leave"  # its row has moved on without it: what there is may end by itself, for a while


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The numbers that steer a job's life, in seconds where nothing else is said.

    `attempts` is how many containers one queueing may start when infrastructure fails before user code ran.
    `grace` is how long AWS may not show a container it has accepted. `linger` is how long a container may
    stay up after its task has ended, `patience` how long one may whose task is no longer wanted and that has
    not been seen to run (it may just have been too quick to be seen). `lookups` is how often a lost
    submission is looked up before it is repeated, `lookup_every` the time between. A report that the row
    does not bear out after `confirm` seconds is made again, `reports` times in all. `patience_to_start` is
    how long a container may wait to start, with no reason given, before its task's log says so. `idempotent`
    says whether a submission may be repeated as it is.
    """

    idempotent: bool = True
    attempts: int = 3
    grace: float = 120.0
    linger: float = 120.0
    patience: float = 5.0
    lookups: int = 3
    lookup_every: float = 3.0
    confirm: float = 15.0
    reports: int = 4
    patience_to_start: float = 300.0
    backoff: Backoff = field(default_factory=Backoff)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(Generic[R]):
    """One queueing of one task instance, from hand-over to the end of its last container.

    `request` is kept from the first submission until AWS has answered it, so that a repeat is the same to
    the byte; it carries a secret (the workload's token), so it stays out of the repr. `past` are the ids of
    containers that ended before (for look-ups by token). `ran` says that the row has shown the task running
    in the present container, whatever AWS shows of it. `since` is when the present container was accepted, or
    when the present submission was first refused,
    `due` when the job wants to be woken, `asked` when it asked for its row: what was read before that may be
    older than the container's end, and is not believed. `ambiguous` says that a submission may have been
    carried out although nobody said so, `repeated` that it has been made again all the same, `doomed` what is
    to be reported if it turns out that there is no other container, `held` that there certainly is one,
    which is not to be failed, `told` what of its waiting a person was told last, `report` what Airflow was
    told of its end, `reported` times. `renew_every` is how often the stored workload is to get a fresh token
    while the container waits, in seconds, None where nothing is stored; `renew_at` when it is next.
    `queued_at` (epoch seconds) is when the task was last queued, where `token` may be of an earlier queueing.
    """

    token: str
    try_number: int = 1
    assigned: bool = True
    has_row: bool = True
    purpose: Purpose = Purpose.RUN
    stage: Stage = Stage.PREPARING
    attempt: int = 1
    request: R | None = field(default=None, repr=False)
    container: str = ""
    past: tuple[str, ...] = ()
    seen: Observation | None = None
    ran: bool = False
    since: float = 0.0
    due: float | None = None
    asked: float = 0.0
    failures: int = 0
    lookups: int = 0
    ambiguous: bool = False
    repeated: bool = False
    doomed: str = ""
    held: bool = False
    told: str = ""
    report: Report | None = None
    reported: int = 0
    renew_every: float | None = None
    renew_at: float = 0.0
    queued_at: float | None = None

    @property
    def wanted(self) -> bool:
        """Whether its task waits for its container: only then is there anything to renew, or to say of it."""
        return self.purpose in (Purpose.RUN, Purpose.ADOPT)

    @property
    def unwanted(self) -> bool:
        """Whether nobody waits for its container any more, so that nothing is submitted for it either."""
        return self.purpose in (Purpose.CANCEL, Purpose.LEAVE)


# --- What can happen ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Prepared(Generic[R]):
    """The request of the present attempt is built; a stored workload is renewed every so many seconds."""

    at: float
    request: R = field(repr=False)
    renew_every: float | None = None


@dataclass(frozen=True, slots=True)
class Unpreparable:
    """No request can be built: the task's configuration or the builder is at fault."""

    at: float
    problem: str


@dataclass(frozen=True, slots=True)
class NotStored:
    """The workload of the present attempt could not be put where its container finds it."""

    at: float
    error: AwsError


@dataclass(frozen=True, slots=True)
class Renewed:
    """The stored workload has a fresh token; or why not. The next is wanted after so many seconds, None if
    there is nothing to renew."""

    at: float
    error: AwsError | None
    renew_every: float | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """AWS has started a container for the present submission."""

    at: float
    container: str


@dataclass(frozen=True, slots=True)
class Refused:
    """AWS, or the way to it, has refused the present submission."""

    at: float
    error: AwsError


@dataclass(frozen=True, slots=True)
class Found:
    """A look-up by name has been answered; None where AWS shows no container."""

    at: float
    observation: Observation | None


@dataclass(frozen=True, slots=True)
class NotLookedUp:
    """A look-up by name has failed."""

    at: float
    error: AwsError


@dataclass(frozen=True, slots=True)
class Observed:
    """A container of ours has been looked at."""

    at: float
    observation: Observation


@dataclass(frozen=True, slots=True)
class RowRead:
    """The task instance's row has been read; None where there is none any more. `at` is when the reading
    began: the row can be newer than that, never older."""

    at: float
    row: Row | None


@dataclass(frozen=True, slots=True)
class StopAnswered:
    """AWS has answered a stop: asked (or already gone) where there is no error."""

    at: float
    error: AwsError | None


@dataclass(frozen=True, slots=True)
class Revoked:
    """Airflow takes the task back: nothing may run for it, and nothing is to be reported."""

    at: float


@dataclass(frozen=True, slots=True)
class Superseded:
    """Airflow has queued the same task instance anew: its slot and its word are the newer job's."""

    at: float


@dataclass(frozen=True, slots=True)
class Due:
    """The time that the job wanted to be woken at has come."""

    at: float


Event: TypeAlias = (
    "Prepared[R] | Unpreparable | NotStored | Renewed | Accepted | Refused | Found | NotLookedUp"
    " | Observed | RowRead | StopAnswered | Revoked | Superseded | Due"
)


# --- What a job may ask for --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Prepare:
    """Build the request of this attempt, with a fresh workload token. Answer: Prepared, Unpreparable or
    NotStored."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Renew:
    """Give the stored workload of this attempt a fresh token. Answer: Renewed."""

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
    """Tell Airflow how it ended, and free the slot.

    With `confirm` the job stays until the row bears it out: Airflow drops an event whose row it finds locked.
    """

    success: bool
    info: str
    confirm: bool = False


@dataclass(frozen=True, slots=True)
class ReleaseSlot:
    """Free the slot, and say nothing."""


@dataclass(frozen=True, slots=True)
class Fence:
    """Set the running task instance to restarting, so that Airflow refuses what its container still reports.
    Answer: the next RowRead, which shows it restarting."""


@dataclass(frozen=True, slots=True)
class Requeue:
    """Give the task instance back to Airflow's scheduler, so that it is queued again."""


@dataclass(frozen=True, slots=True)
class LogEvent:
    """Write a line into the task instance's event log."""

    event: str
    text: str


Effect: TypeAlias = (
    "Prepare | Renew | Submit[R] | LookUp | Stop | ReadRow | Report | ReleaseSlot | Fence | Requeue"
    " | LogEvent"
)
