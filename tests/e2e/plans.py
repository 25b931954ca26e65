"""What is done to one deployment, drawn from a seed.

Law: values only. Faults, and kinds of outage, take turns, so that any row of seeds meets all of them; the
rest is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random


class Fault(StrEnum):
    """What goes wrong."""

    KILLED = "killed"  # kill -9 of the scheduler; another one starts some seconds later
    OUTAGE = "outage"  # the endpoint answers nothing, or nothing of use, for a while
    TERMINATED = "terminated"  # SIGTERM in mid-burst, as a deployment does; another one starts
    STALLED = "stalled"  # of two schedulers one is stalled until the other takes over, and then goes on
    EXPIRED = "expired"  # credentials are refused for a while
    KILLED_TWICE = "killed twice"  # and the second time while it takes over
    KILLED_IN_OUTAGE = "killed in outage"  # nobody can be asked what runs when it takes over


class Outage(StrEnum):
    """How an endpoint is down."""

    REFUSED = "refused"  # 500, nothing carried out
    BROKEN = "broken"  # 500, though carried out
    SILENT = "silent"  # carried out, and the connection is closed
    HANGING = "hanging"  # carried out, and the answer comes after everybody has given up


class Where(StrEnum):
    """Which services are down in an outage; all of them where there is nothing but containers."""

    ALL = "all"
    STORE = "S3"  # whose cells hand workloads to warm containers
    CONTAINERS = "ECS and Batch"


class Cue(StrEnum):
    """What the fault waits for, once its moment has come."""

    CLOCK = "clock"  # nothing
    QUEUED = "queued"  # the next row that waits in the queue: committed, and not submitted yet
    ASKED = "asked"  # the next submission, or write, that AWS gets: carried out, its answer still on its way


class Database(StrEnum):
    """What Airflow keeps its rows in."""

    POSTGRESQL = "postgresql"
    SQLITE = "sqlite"


FAULTS = tuple(Fault)
OUTAGES = tuple(Outage)
CRASHES = frozenset(
    {Fault.KILLED, Fault.KILLED_TWICE, Fault.KILLED_IN_OUTAGE, Fault.TERMINATED, Fault.STALLED}
)
"""After these, another scheduler takes over, and `adopt_task_instances` matters."""

FIRST, LAST = 1.0, 16.0  # seconds after the run's start: before the first container, to the last ones' work


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One story; `moment` is when, in seconds after the run's start, `cue` what is waited for from then on,
    `span` how long it lasts, in seconds. With `warm`, containers take one workload after another."""

    fault: Fault
    database: Database = Database.POSTGRESQL
    adopt: bool = True
    moment: float = 4.0
    span: float = 10.0
    outage: Outage = Outage.REFUSED
    where: Where = Where.ALL
    cue: Cue = Cue.CLOCK
    warm: bool = False
    seed: int | None = None

    @property
    def burns(self) -> int:
        """How many tries of a task the fault may cost it: none, unless what runs is stopped on purpose."""
        if self.adopt or self.fault not in CRASHES:
            return 0
        return 2 if self.fault is Fault.KILLED_TWICE else 1

    def __str__(self) -> str:
        fault = f"{self.fault} ({self.outage})" if self.outages else str(self.fault)
        if self.outages and self.warm:
            fault = f"{fault} of {self.where}"
        adoption = "on" if self.adopt else "off"
        when = f"at {self.moment:4.1f} s, {self.cue:6} for {self.span:4.1f} s"
        return f"{fault:{45 if self.warm else 28}} {self.database:10} adoption {adoption:3} {when}"

    @property
    def down(self) -> bool:
        """Whether AWS cannot be used for a while, by containers neither."""
        return self.outages or self.fault is Fault.EXPIRED

    @property
    def outages(self) -> bool:
        """Whether it makes the endpoint fail."""
        return self.fault in (Fault.OUTAGE, Fault.KILLED_IN_OUTAGE)


def plan(seed: int, *, warm: bool = False) -> Plan:
    """The story of a seed; with warm containers it is the same one, but for which services are down.

    >>> plan(3) == plan(3)
    True
    >>> {plan(seed).fault for seed in range(7)} == set(Fault)
    True
    """
    draw = Random(seed)
    fault = FAULTS[seed % len(FAULTS)]
    # SQLite has no locks of rows, so that two schedulers on it are nobody's promise.
    sqlite = draw.random() < 0.3 and fault is not Fault.STALLED
    drawn = Plan(
        seed=seed,
        fault=fault,
        database=Database.SQLITE if sqlite else Database.POSTGRESQL,
        adopt=draw.random() < 0.6,
        moment=draw.uniform(FIRST, LAST),
        span=draw.uniform(*SPANS[fault]),
        outage=OUTAGES[seed * 2 // len(FAULTS) % len(OUTAGES)],
        cue=draw.choice(tuple(Cue)),
    )
    # Half of those that wait for a submission meet the first ones, which come all at once.
    if drawn.cue is not Cue.CLOCK and draw.random() < 0.5:
        drawn = replace(drawn, moment=0.0)
    return replace(drawn, warm=True, where=draw.choice(tuple(Where))) if warm else drawn


SPANS: dict[Fault, tuple[float, float]] = {
    Fault.KILLED: (0.0, 6.0),
    Fault.OUTAGE: (30.0, 70.0),
    Fault.TERMINATED: (0.0, 3.0),
    Fault.STALLED: (12.0, 20.0),
    Fault.EXPIRED: (30.0, 70.0),
    Fault.KILLED_TWICE: (5.0, 12.0),
    Fault.KILLED_IN_OUTAGE: (20.0, 70.0),
}
"""How long each lasts, lowest and highest, in seconds: for two kills the time between them, and a kill in an
outage comes in the middle of it."""
