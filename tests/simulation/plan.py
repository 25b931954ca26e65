"""One schedule: the tasks of a simulated deployment, and all that will go wrong, drawn from a seed.

Law: values only. A fault has its own numbers by which its victim is chosen, so that any fault can be left out
without a change of the others: thus a failing schedule is made short.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from aws_executors.core.aws.backoff import Backoff
from aws_executors.core.lifecycle.policy import Policy
from aws_executors.local.world import Delays
from simulation.timeline import between, draw

ServiceName: TypeAlias = Literal["ecs", "batch"]


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault at a time: `pick` in [0, 1) chooses its victim, `amount` its extent."""

    at: float
    what: str
    pick: float
    amount: float

    def __str__(self) -> str:
        return f"{self.at:7.2f}  {self.what} (pick {self.pick:.2f}, amount {self.amount:.2f})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """The intervals of Airflow and of our policy, in virtual seconds: roughly a tenth of the real ones.

    Their order is kept: a container starts within the time that a task may wait in the queue, a dead
    scheduler is noticed after some of its loops, a task is purged after many missed heartbeats.
    """

    loop: float = 2.0
    health: float = 12.0
    adoption: float = 20.0
    queued: float = 60.0
    stuck_check: float = 12.0
    heartbeat: float = 3.0
    heartbeat_timeout: float = 30.0
    purge_check: float = 5.0
    retry_delay: float = 3.0
    call_timeout: float = 4.0
    restart: float = 3.0
    row_interval: float = 2.0
    leeway: float = 1.0
    token_lifetime: float = 10.0  # of a stored workload's token: shorter than a container may wait


POLICY = Policy(
    idempotent=False,  # for ECS, the calls themselves say that they are idempotent
    attempts=3,
    grace=12.0,
    linger=12.0,
    patience=5.0,
    lookup_every=2.0,
    confirm=5.0,
    backoff=Backoff(base=0.5, cap=8.0),
)

DELAYS = Delays(
    visible=(0.0, 2.0),
    queueing=(0.1, 0.8),
    provision=(0.5, 5.0),
    pull=(0.2, 3.0),
    start=(0.2, 1.5),
    notice=(0.0, 3.0),
    deprovision=(0.5, 6.0),
)

ROWS = (1.0, 2.0, 25.0)
"""Virtual seconds between two reads of rows, to choose from: mostly shorter than the time until a container's
end is noticed, sometimes longer."""

SLOW = replace(DELAYS, provision=(1.0, 40.0), pull=(1.0, 40.0), deprovision=(3.0, 15.0))
"""Delays of which some are longer than a task may wait in the queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """All input of one run. `assigned` says whether Airflow gives out the tokens, not the executor; `sensors`
    whether most tasks are deferred or rescheduled; `stored` whether workloads are stored in S3; `silent` is
    the share of ended ECS tasks whose exit code AWS never shows; `events` says whether there are events of
    containers; `warm` whether containers take one workload after another; `store_away` is for how many
    virtual seconds, at most, S3 is out of order, twice."""

    seed: int
    theme: str
    service: ServiceName
    adopt: bool
    assigned: bool
    tasks: int
    callbacks: int
    sensors: bool
    launcher: Literal["airflow", "aws_executors"]
    stored: bool
    parallelism: int
    schedulers: int
    faults: tuple[Fault, ...]
    quiet: float
    policy: Policy
    silent: float = 0.0
    events: bool = False
    warm: bool = False
    store_away: float = 0.0
    times: Times = field(default_factory=Times)
    delays: Delays = DELAYS


ACTIONS: dict[ServiceName, tuple[str, ...]] = {
    "ecs": ("RunTask", "RunTask", "RunTask", "DescribeTasks", "ListTasks", "StopTask", "*"),
    "batch": ("SubmitJob", "SubmitJob", "SubmitJob", "DescribeJobs", "ListJobs", "TerminateJobs", "*"),
}
STOPS: dict[ServiceName, str] = {"ecs": "StopTask", "batch": "TerminateJobs"}
SUBMITS: dict[ServiceName, str] = {"ecs": "RunTask", "batch": "SubmitJob"}
OF_SUBMISSIONS = {"?": ("lose", "fail after", "hang", "hang"), "~": ("throttle",)}
CALL_FAULTS = ("lose", "fail after", "fail before", "throttle", "hang")
STORES = ("PutObject", "PutObject", "PutObject", "GetObject", "DeleteObject")
AWAY = ("expire credentials", "no capacity")
HARDWARE = ("reclaim", "reclaim", "lose host", "kill process")
PEOPLE = ("clear", "clear", "clear", "mark failed", "mark success", "delete")
DEATHS = ("crash", "crash", "crash at a call", "crash at a call", "crash after queueing", "terminate")
STALLS = ("stall", "stall the loop")
OUTAGES = ("api down", "api down", "freeze process")
NEWS = ("double messages", "slow messages", "stale answers", "lock rows", "database down", "slow database")
EVENTS = ("no events", "late events")

THEMES: dict[str, tuple[str, ...]] = {
    "everything": (
        *AWAY,
        *HARDWARE,
        *PEOPLE,
        *DEATHS,
        *STALLS,
        *NEWS,
        *OUTAGES,
        "forget",
        *("*",) * 4,
    ),
    "people and hardware": (*PEOPLE, *HARDWARE),
    "calls": (*AWAY, "*", "*", "*", "*", "*", "*"),
    "deaths": (*DEATHS, *STALLS, *HARDWARE, "*"),
    "news": (*NEWS, *PEOPLE, *HARDWARE),
    "late news": ("slow messages", "slow database", "double messages"),
    "doubled answers": (*("double messages",) * 4, *("~",) * 2, *("?",) * 5, "clear"),
    "taken for dead": ("stall", "stall", "no capacity", "no capacity", "~", "?"),
    "outages": (*OUTAGES, *OUTAGES, *PEOPLE, "reclaim"),
    "stops": (*PEOPLE, "freeze process", *("!",) * 5),
    "late answers": (*PEOPLE, "clear", "clear", *("?",) * 6),
    "locked rows": (*("lock rows",) * 4, *HARDWARE, "clear", "freeze process"),
}
"""The faults that may happen together; a star marks a fault of one action's calls, an exclamation mark of
stops, a question mark an answer to a submission that comes late or never, a tilde a throttled submission."""

CALM = frozenset({"people and hardware"})
"""The themes in which nothing hinders the executor, so that nothing may be left to Airflow's own timeouts."""

OPEN_ROADS = frozenset({*CALM, "outages"})
"""The themes in which every call of the executor is answered."""

NO_OUTAGE = frozenset({*OPEN_ROADS, "stops", "late answers", "locked rows"})
"""The themes in which no kind of the executor's calls fails for long."""

BUSY = 60.0
"""Virtual seconds in which faults happen."""


def plan(seed: int, policy: Policy = POLICY, *, events: bool | None = None, warm: bool = False) -> Schedule:
    """The schedule of this seed; `events` and `warm` say whether there are events and warm containers.

    >>> plan(3) == plan(3) != plan(4)
    True
    """
    service: ServiceName = "ecs" if draw(seed, "service") < 0.5 else "batch"
    count = int(between(0, 18, seed, "faults"))
    theme = tuple(THEMES)[int(draw(seed, "theme") * len(THEMES))]
    launcher: Literal["airflow", "aws_executors"] = (
        "aws_executors" if warm or draw(seed, "launcher") < 0.3 else "airflow"
    )
    stored = not warm and launcher == "aws_executors" and draw(seed, "stored") < 0.6
    faults = [_fault(seed, number, service, theme) for number in range(count)]
    if (stored or warm) and theme not in NO_OUTAGE:
        faults += [_fault_of_the_store(seed, number) for number in range(int(count * draw(seed, "store")))]
    events = draw(seed, "events") < 0.4 if events is None else events
    if events and theme not in CALM:
        faults += [_fault_of_events(seed, number) for number in range(int(draw(seed, "events fail") * 3))]
    faults.sort(key=_time)
    return Schedule(
        seed=seed,
        theme=theme,
        service=service,
        adopt=draw(seed, "adopt") < 0.6,
        assigned=draw(seed, "assigned") < 0.85,
        tasks=1 + int(between(0, 7, seed, "tasks")),
        callbacks=max(0, int(between(-3, 5, seed, "callbacks"))),
        sensors=draw(seed, "sensors") < (0.7 if theme == "late news" else 0.2),
        launcher=launcher,
        stored=stored,
        parallelism=1 + int(between(0, 4, seed, "parallelism")),
        schedulers=2 if draw(seed, "schedulers") < (0.9 if theme == "taken for dead" else 0.25) else 1,
        faults=tuple(faults),
        quiet=BUSY,
        policy=policy,
        times=Times(row_interval=ROWS[int(draw(seed, "rows") * len(ROWS))]),
        events=events,
        warm=warm,
        delays=SLOW if draw(seed, "delays") < (0.6 if theme == "late answers" else 0.2) else DELAYS,
    )


def _fault(seed: int, number: int, service: ServiceName, theme: str) -> Fault:
    at = between(0.0, BUSY, seed, number, "at")
    pick, amount = draw(seed, number, "pick"), draw(seed, number, "amount")
    kinds = THEMES[theme]
    kind = kinds[int(draw(seed, number, "kind") * len(kinds))]
    if kind == "*":
        actions = ACTIONS[service]
        action = actions[int(draw(seed, number, "action") * len(actions))]
        kind = f"{CALL_FAULTS[int(pick * len(CALL_FAULTS))]} {action}"
    if kind == "!":
        kind = f"{CALL_FAULTS[int(pick * len(CALL_FAULTS))]} {STOPS[service]}"
    if kind in OF_SUBMISSIONS:
        verbs = OF_SUBMISSIONS[kind]
        kind = f"{verbs[int(pick * len(verbs))]} {SUBMITS[service]}"
    return Fault(at, kind, pick, amount)


def _fault_of_the_store(seed: int, number: int) -> Fault:
    at = between(0.0, BUSY, seed, number, "store at")
    pick, amount = draw(seed, number, "store pick"), draw(seed, number, "store amount")
    call = STORES[int(draw(seed, number, "store call") * len(STORES))]
    return Fault(at, f"{CALL_FAULTS[int(pick * len(CALL_FAULTS))]} {call}", pick, amount)


def _fault_of_events(seed: int, number: int) -> Fault:
    at, amount = between(0.0, BUSY, seed, number, "events at"), draw(seed, number, "events amount")
    kind = EVENTS[int(draw(seed, number, "events kind") * len(EVENTS))]
    return Fault(at, kind, 0.0, amount)


def _time(fault: Fault) -> float:
    return fault.at
