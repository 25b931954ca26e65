"""One schedule: the tasks of a simulated deployment, and all that will go wrong, drawn from a seed.

Law: values only. A fault carries the numbers by which its victim is chosen, so that any of them can be left
out and the others stay what they are: that is how a failing schedule is made short.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from aws_executors.local.world import Delays

from simulation.timeline import between, draw

ServiceName: TypeAlias = Literal["ecs", "batch"]


@dataclass(frozen=True, slots=True)
class Fault:
    """At a time, something goes wrong: `pick` in [0, 1) chooses whom it meets, `amount` how much of it."""

    at: float
    what: str
    pick: float
    amount: float

    def __str__(self) -> str:
        return f"{self.at:7.2f}  {self.what} (pick {self.pick:.2f}, amount {self.amount:.2f})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Airflow's intervals and our policy's, in virtual seconds: a tenth of the real ones, roughly.

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


DELAYS = Delays(
    visible=(0.0, 2.0),
    queueing=(0.1, 0.8),
    provision=(0.5, 5.0),
    pull=(0.2, 3.0),
    start=(0.2, 1.5),
    notice=(0.0, 3.0),
    deprovision=(0.5, 6.0),
)

SLOW = replace(DELAYS, provision=(1.0, 40.0), pull=(1.0, 40.0), deprovision=(3.0, 15.0))
"""Some of these take longer than a task may wait in the queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Everything that one run is made of; `assigned` is whether Airflow gives out tokens."""

    seed: int
    service: ServiceName
    adopt: bool
    assigned: bool
    tasks: int
    parallelism: int
    schedulers: int
    faults: tuple[Fault, ...]
    quiet: float
    times: Times = field(default_factory=Times)
    delays: Delays = DELAYS


ACTIONS: dict[ServiceName, tuple[str, ...]] = {
    "ecs": ("RunTask", "RunTask", "RunTask", "DescribeTasks", "ListTasks", "StopTask", "*"),
    "batch": ("SubmitJob", "SubmitJob", "SubmitJob", "DescribeJobs", "ListJobs", "TerminateJobs", "*"),
}
CALL_FAULTS = ("lose", "fail after", "fail before", "throttle", "hang")
OTHER_FAULTS = (
    "crash",
    "crash",
    "crash at a call",
    "crash after queueing",
    "terminate",
    "stall",
    "stall the loop",
    "expire credentials",
    "no capacity",
    "reclaim",
    "reclaim",
    "lose host",
    "kill process",
    "forget",
    "database down",
    "lock rows",
    "double letters",
    "slow letters",
    "stale answers",
    "clear",
    "clear",
    "mark failed",
    "mark success",
    "delete",
)
BUSY = 60.0
"""Virtual seconds in which faults happen."""


def plan(seed: int) -> Schedule:
    """The schedule of this seed.

    >>> plan(3) == plan(3) != plan(4)
    True
    """
    service: ServiceName = "ecs" if draw(seed, "service") < 0.5 else "batch"
    count = int(between(0, 18, seed, "faults"))
    faults = sorted((_fault(seed, number, service) for number in range(count)), key=_time)
    return Schedule(
        seed=seed,
        service=service,
        adopt=draw(seed, "adopt") < 0.6,
        assigned=draw(seed, "assigned") < 0.85,
        tasks=1 + int(between(0, 7, seed, "tasks")),
        parallelism=1 + int(between(0, 4, seed, "parallelism")),
        schedulers=2 if draw(seed, "schedulers") < 0.25 else 1,
        faults=tuple(faults),
        quiet=BUSY,
        delays=SLOW if draw(seed, "delays") < 0.2 else DELAYS,
    )


def _fault(seed: int, number: int, service: ServiceName) -> Fault:
    at = between(0.0, BUSY, seed, number, "at")
    pick, amount = draw(seed, number, "pick"), draw(seed, number, "amount")
    if draw(seed, number, "kind") < 0.45:
        action = ACTIONS[service][int(draw(seed, number, "action") * len(ACTIONS[service]))]
        return Fault(at, f"{CALL_FAULTS[int(pick * len(CALL_FAULTS))]} {action}", pick, amount)
    return Fault(at, OTHER_FAULTS[int(draw(seed, number, "other") * len(OTHER_FAULTS))], pick, amount)


def _time(fault: Fault) -> float:
    return fault.at
