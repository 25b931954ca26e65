"""What is measured: each scenario as a value.

Law: a table and no code. A scenario says what the scheduler queues, what the containers do, how AWS answers,
and which parts of the run count.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

MAIN = ("peer-ecs", "ours-ecs", "peer-batch", "ours-batch")
ALL = ("peer-ecs", "ours-ecs", "peer-ec2", "ours-ec2", "peer-batch", "ours-batch")
OURS = ("ours-ecs", "ours-batch")
FARGATE_END = {"notice": (10.0, 10.0), "deprovision": (13.0, 33.0)}
"""Seconds on Fargate from a container's exit until ECS notices the exit, and from there to STOPPED."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One course of events; times are in seconds.

    `tasks` are queued `per_loop` at a time (0: all at once); each container lives `lives` seconds. AWS
    answers after `latency` seconds. With `watch` the containers outlive the run: all are brought into flight
    (with `quick_start` without latency), and after `settle` more seconds they are watched for so long;
    otherwise the run ends when everything has been reported. `idle` is the scheduler's sleep after a loop in
    which nothing happened. `trace` counts memory by tracemalloc instead of resident pages. `warm` tasks run
    before the measurement, so that an executor that makes its client late makes it then; with 0 nothing has
    happened before, not even a garbage collection, and the first heartbeat is that of a scheduler that has
    just started. With `silent` a container ends with an error and without a report to Airflow; AWS answers
    the share `failing` of the calls that describe containers with a 500. `ours` are options of our executors:
    if AWS throttles nothing, its quotas count as raised, and these options say so. With `events` AWS sends
    the events of containers to a queue, to which our executors listen.
    """

    name: str
    question: str
    subjects: tuple[str, ...] = MAIN
    tasks: int = 1000
    per_loop: int = 0
    lives: tuple[float, float] = (5.0, 5.0)
    latency: float = 0.06
    limits: bool = False
    delays: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    watch: float = 0.0
    settle: Mapping[str, float] = field(default_factory=dict)
    quick_start: bool = False
    idle: float = 1.0
    trace: bool = False
    warm: int = 5
    silent: bool = False
    failing: float = 0.0
    at_most: float = 300.0
    ours: Mapping[str, str] = field(default_factory=dict)
    events: bool = False


FOR_EVER = (36_000.0, 36_000.0)
RAISED = {"submit_rate": "1000"}

SCENARIOS = {
    one.name: one
    for one in (
        Scenario(
            name="burst",
            ours=RAISED,
            question="1,000 tasks are queued at once, AWS throttles nothing, containers run 5 s",
        ),
        Scenario(
            name="first",
            ours=RAISED,
            question="1,000 tasks are queued before the first heartbeat of a scheduler",
            warm=0,
        ),
        Scenario(
            name="quota",
            question="600 tasks are queued at once, AWS admits what its real token buckets admit",
            subjects=ALL,
            tasks=600,
            limits=True,
        ),
        Scenario(
            name="steady",
            ours=RAISED,
            question="the scheduler queues 16 tasks in each of 20 loops, as it does by default",
            tasks=320,
            per_loop=16,
            lives=(15.0, 15.0),
        ),
        Scenario(
            name="slots",
            ours=RAISED,
            question="200 tasks end on Fargate: an exit is noticed after 10 s, STOPPED 13 to 33 s later",
            tasks=200,
            lives=(10.0, 20.0),
            delays=FARGATE_END,
            quick_start=True,
        ),
        Scenario(
            name="untold",
            ours=RAISED,
            question="500 containers end without a word to Airflow; 2 % of the looks are answered 500",
            tasks=500,
            lives=(5.0, 15.0),
            quick_start=True,
            silent=True,
            failing=0.02,
        ),
        Scenario(
            name="told",
            ours=RAISED,
            question="the same, and AWS tells by events what happens to containers",
            subjects=OURS,
            tasks=500,
            lives=(5.0, 15.0),
            quick_start=True,
            silent=True,
            idle=0.1,
            events=True,
        ),
        Scenario(
            name="sweep",
            ours=RAISED,
            question="10,000 tasks run for hours, and AWS tells by events what happens to them",
            subjects=("ours-ecs",),
            tasks=10_000,
            lives=FOR_EVER,
            watch=300.0,
            settle={"ours-ecs": 40.0},
            quick_start=True,
            events=True,
        ),
        Scenario(
            name="long",
            ours=RAISED,
            question="1,000 tasks run for hours",
            lives=FOR_EVER,
            watch=60.0,
            settle={"ours-ecs": 150.0, "ours-batch": 150.0},
            quick_start=True,
        ),
        Scenario(
            name="minute",
            ours=RAISED,
            question="1,000 tasks have just begun, and are watched for a minute",
            lives=FOR_EVER,
            watch=60.0,
            quick_start=True,
        ),
        Scenario(
            name="minute-told",
            ours=RAISED,
            question="the same, and AWS tells by events what happens to containers",
            subjects=OURS,
            lives=FOR_EVER,
            watch=60.0,
            settle={"ours-ecs": 20.0, "ours-batch": 20.0},
            quick_start=True,
            events=True,
        ),
        Scenario(
            name="flight",
            ours=RAISED,
            question="10,000 tasks are in flight",
            tasks=10_000,
            lives=FOR_EVER,
            watch=20.0,
            quick_start=True,
            idle=0.1,
        ),
        Scenario(
            name="memory",
            ours=RAISED,
            question="2,000 tasks are in flight, every allocation is counted",
            tasks=2000,
            lives=FOR_EVER,
            watch=3.0,
            quick_start=True,
            trace=True,
        ),
    )
}
