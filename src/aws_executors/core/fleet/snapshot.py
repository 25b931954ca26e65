"""What one executor of one scheduler tells of its jobs, small enough to be written every few seconds.

Law: frozen values that travel as JSON text between processes, and between versions of this package: what is
not known is left out in reading, and what can not be read at all is `None`, never an exception. Times are
seconds since the epoch, for nobody shares the clock of an engine. No request, command or token is in it.
"""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, ValidationError

from aws_executors.core.fleet.standing import Standing

ALIVE = 20.0
"""Seconds after which something is told though nothing has changed, where anything is told that often."""

SILENCE = 3
"""So many times of that without a word, and a scheduler is not believed to live."""

FORGOTTEN = 900.0
"""Seconds after that in which what it told last is still shown; then it may be deleted."""


class Told(BaseModel):
    """A record that travels: frozen, and what a newer version adds is left out in reading."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Key(Told):
    """Which task instance a job is for; all empty for a callback."""

    dag: str = ""
    task: str = ""
    run: str = ""
    index: int = -1
    number: int = 0


class Member(Told):
    """One job: whose it is, how far it has come and since when, and why it waits where that was told."""

    key: Key
    queue: str = ""
    standing: Standing
    since: float
    container: str = ""
    attempt: int = 1
    words: str = ""


class Group(Told):
    """How many jobs of one queue have come so far, and since when the longest has."""

    queue: str
    standing: Standing
    count: int
    oldest: float


class Flow(Told):
    """What was asked of AWS within the last minute, by action.

    `granted` is how many calls a second are allowed now, as has been found out, `documented` how many AWS
    documents (or the settings say); None where nothing limits them.
    """

    action: str
    calls: int
    throttled: int
    granted: float | None = None
    documented: float | None = None


class Snapshot(Told):
    """All that one executor of one scheduler tells. `left_out` counts the jobs that are in no member; within
    `every` seconds something more is told, if only that its scheduler lives."""

    executor: str
    scheduler: str
    region: str
    at: float
    team: str = ""
    groups: tuple[Group, ...] = ()
    members: tuple[Member, ...] = ()
    left_out: int = 0
    every: float = ALIVE
    flows: tuple[Flow, ...] = ()

    @property
    def news(self) -> tuple[object, ...]:
        """What is told at once. When that is, and how many calls there were, always changes."""
        granted = [(flow.action, flow.granted, bool(flow.throttled)) for flow in self.flows]
        return self.groups, self.members, self.left_out, granted

    def stale(self, now: float) -> bool:
        """Whether its scheduler is not believed to live."""
        return now - self.at > SILENCE * self.every

    def forgotten(self, now: float) -> bool:
        """Whether it is not to be shown any more."""
        return now - self.at > SILENCE * self.every + FORGOTTEN


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
    kept = (snapshot for snapshot in snapshots if not snapshot.forgotten(now))
    return tuple(sorted(kept, key=_place))


def _place(snapshot: Snapshot) -> tuple[str, str, str]:
    return snapshot.executor, snapshot.team, snapshot.scheduler
