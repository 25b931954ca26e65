"""What one executor of one scheduler publishes about its jobs, small enough to be written every few seconds.

Law: frozen values, exchanged as JSON between processes and between versions of this package. Unknown members
are ignored on reading, and a text that cannot be read gives `None`, never an exception. Times are seconds
since the epoch, because an engine's clock means nothing to another process. Requests, commands and tokens are
never included.
"""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, ValidationError

from aws_executors.core.lifecycle.display_state import DisplayState
from aws_executors.core.lifecycle.metrics import ContainerState

HEARTBEAT = 20.0
"""Seconds after which a snapshot is published even if nothing has changed, or longer if snapshots are taken
less often."""

MISSED = 3
"""How many heartbeats a scheduler must miss before it is considered gone."""

KEPT = 900.0
"""Seconds for which the last snapshot of a scheduler that is gone is shown; then it may be deleted."""


class SnapshotPart(BaseModel):
    """A frozen record that ignores members which a newer version has added."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class TaskKey(SnapshotPart):
    """The task instance that a job is for; empty for a callback."""

    dag: str = ""
    task: str = ""
    run: str = ""
    map_index: int = -1
    try_number: int = 0


class JobRecord(SnapshotPart):
    """One job: its task, its state, since when it has been in that state, and why it waits, if known."""

    key: TaskKey
    queue: str = ""
    state: DisplayState
    since: float
    container: str = ""
    attempt: int = 1
    reason: str = ""


class QueueCount(SnapshotPart):
    """How many jobs of one queue are in one state, and since when the oldest one has been in it."""

    queue: str
    state: DisplayState
    count: int
    oldest: float


class CallRate(SnapshotPart):
    """The calls of one AWS action within the last minute.

    `granted` is how many calls a second the rate limiter allows now, `documented` how many AWS documents (or
    the settings set); both are None without a limit.
    """

    action: str
    calls: int
    throttled: int
    granted: float | None = None
    documented: float | None = None


class ContainerRecord(SnapshotPart):
    """One warm container, and the task that it runs now, if any."""

    container: str = ""
    state: ContainerState
    since: float
    served: int = 0
    key: TaskKey | None = None


class ContainerCount(SnapshotPart):
    """How many warm containers are in one state, and how many workloads they have run."""

    state: ContainerState
    count: int
    served: int


class Snapshot(SnapshotPart):
    """All that one executor of one scheduler publishes.

    `left_out` counts the jobs that are not in `jobs`; `news` says how the engine learns what happens to
    containers, if not by polls alone. A snapshot is published at least every `every` seconds, to show that
    the scheduler is alive.
    """

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
    news: str = ""
    containers: tuple[ContainerRecord, ...] = ()
    container_counts: tuple[ContainerCount, ...] = ()

    @property
    def content(self) -> tuple[object, ...]:
        """What makes a snapshot due if it changes: all but the time and the calls, which always change."""
        throttled = [(rate.action, rate.granted, bool(rate.throttled)) for rate in self.calls]
        warm = self.containers, self.container_counts
        return self.queues, self.jobs, self.left_out, throttled, self.news, warm

    def stale(self, now: float) -> bool:
        """Whether the scheduler is considered gone."""
        return now - self.at > MISSED * self.every

    def expired(self, now: float) -> bool:
        """Whether the snapshot is no longer shown."""
        return now - self.at > MISSED * self.every + KEPT


def to_text(snapshot: Snapshot) -> str:
    """Serialize a snapshot."""
    return snapshot.model_dump_json(exclude_defaults=True)


def from_text(text: str) -> Snapshot | None:
    """Parse a snapshot; None if the text is not one.

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
    """The snapshots that are still shown, sorted by executor and scheduler."""
    kept = (snapshot for snapshot in snapshots if not snapshot.expired(now))
    return tuple(sorted(kept, key=_order))


def _order(snapshot: Snapshot) -> tuple[str, str, str]:
    return snapshot.executor, snapshot.team, snapshot.scheduler
