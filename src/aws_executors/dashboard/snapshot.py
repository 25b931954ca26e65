"""What one executor of one scheduler publishes of its jobs, small enough to be written every few seconds.

Law: frozen values that travel as JSON text between processes, and between versions of this package: what is
not known is left out in reading, and what can not be read at all is `None`, never an exception. Times are
seconds since the epoch, for nobody shares the clock of an engine. No request, command or token is in it.
"""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, ValidationError

from aws_executors.core.lifecycle.display_state import DisplayState

HEARTBEAT = 20.0
"""Seconds after which a snapshot is published though nothing has changed, where any is that often."""

MISSED = 3
"""So many heartbeats missed, and a scheduler is believed to be gone."""

KEPT = 900.0
"""Seconds after that in which its last snapshot is still shown; then it may be deleted."""


class SnapshotPart(BaseModel):
    """A frozen record; what a newer version adds is left out in reading."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class TaskKey(SnapshotPart):
    """Which task instance a job is for; all empty for a callback."""

    dag: str = ""
    task: str = ""
    run: str = ""
    map_index: int = -1
    try_number: int = 0


class JobRecord(SnapshotPart):
    """One job: whose it is, its state and since when, and why it waits where that is known."""

    key: TaskKey
    queue: str = ""
    state: DisplayState
    since: float
    container: str = ""
    attempt: int = 1
    reason: str = ""


class QueueCount(SnapshotPart):
    """How many jobs of one queue are in one state, and since when the oldest of them is."""

    queue: str
    state: DisplayState
    count: int
    oldest: float


class CallRate(SnapshotPart):
    """The calls of one AWS action within the last minute.

    `granted` is how many calls a second the rate limiter allows now, `documented` how many AWS documents (or
    the settings say); None where nothing limits them.
    """

    action: str
    calls: int
    throttled: int
    granted: float | None = None
    documented: float | None = None


class Snapshot(SnapshotPart):
    """All that one executor of one scheduler publishes. `left_out` counts the jobs that are not in `jobs`;
    within `every` seconds it is published again, if only to say that its scheduler lives."""

    executor: str
    scheduler: str
    region: str
    at: float
    team: str = ""
    queues: tuple[QueueCount, ...] = ()
    jobs: tuple[JobRecord, ...] = ()
    left_out: int = 0
    every: float = HEARTBEAT
    calls: tuple[CallRate, ...] = ()

    @property
    def content(self) -> tuple[object, ...]:
        """What is published at once. The time, and how many calls there were, change always."""
        throttled = [(rate.action, rate.granted, bool(rate.throttled)) for rate in self.calls]
        return self.queues, self.jobs, self.left_out, throttled

    def stale(self, now: float) -> bool:
        """Whether its scheduler is believed to be gone."""
        return now - self.at > MISSED * self.every

    def expired(self, now: float) -> bool:
        """Whether it is not to be shown any more."""
        return now - self.at > MISSED * self.every + KEPT


def to_text(snapshot: Snapshot) -> str:
    """A snapshot as it travels."""
    return snapshot.model_dump_json(exclude_defaults=True)


def from_text(text: str) -> Snapshot | None:
    """What travelled as a text; None where it is no snapshot.

    >>> from_text('{"executor": "E", "scheduler": "host:1", "region": "us-east-1", "at": 5, "new": 1}').at
    5.0
    >>> from_text("anything else") is None
    True
    """
    try:
        return Snapshot.model_validate_json(text)
    except ValidationError:
        return None


def recent(snapshots: Iterable[Snapshot], now: float) -> tuple[Snapshot, ...]:
    """Those that are still to be shown, by executor and scheduler."""
    kept = (snapshot for snapshot in snapshots if not snapshot.expired(now))
    return tuple(sorted(kept, key=_order))


def _order(snapshot: Snapshot) -> tuple[str, str, str]:
    return snapshot.executor, snapshot.team, snapshot.scheduler
