"""What happens to a deployment: when, and in which words of the embedded AWS and of the operating system.

Law: each fault is one function, found in a table; it ends when the fault does. What comes of it is not its
concern.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Mapping

from sqlalchemy import Engine

from aws_executors.demo.stage import DemoStage
from aws_executors.local.verbs import Faults
from e2e import records
from e2e.plans import Cue, Fault, Outage, Plan, Where

DAG = "killed"
PAIR = "scheduler-2"
LATENCY = 0.25  # seconds that AWS takes to answer: time to be killed in
CUE_WITHIN = 8.0  # seconds that a cue may take
GONE_WITHIN = 10.0  # seconds that a scheduler may take to leave after SIGTERM
MANY = 10_000  # more calls than there are in an outage
HANG = 40.0  # seconds: longer than anybody waits for an answer


def begin(up: DemoStage, plan: Plan, rows: Engine) -> None:
    """Start the run, and wait for the moment and its cue; a cue that does not come is not waited for long."""
    if plan.fault is Fault.STALLED:
        up.start("scheduler", PAIR)
    up.aws.faults.latency(LATENCY)
    up.trigger(DAG)
    time.sleep(plan.moment)
    before = CUES[plan.cue](up, rows)
    until = time.monotonic() + CUE_WITHIN
    while plan.cue is not Cue.CLOCK and CUES[plan.cue](up, rows) <= before and time.monotonic() < until:
        time.sleep(0.002)


def submissions(up: DemoStage) -> frozenset[str]:
    """A name for each submission, and each write of a cell, that AWS has got so far."""
    calls = up.aws.calls()
    return frozenset(
        f"{action} {number}"
        for action in ("ecs.RunTask", "batch.SubmitJob", "s3.PutObject")
        for number in range(calls.get(action, {"calls": 0})["calls"])
    )


CUES: Mapping[Cue, Callable[[DemoStage, Engine], frozenset[str]]] = {
    Cue.CLOCK: lambda up, rows: frozenset(),
    Cue.QUEUED: lambda up, rows: records.queued(rows),
    Cue.ASKED: lambda up, rows: submissions(up),
}
"""What there is of each; one more, and the cue has come."""


def killed(up: DemoStage, plan: Plan) -> None:
    up.scheduler.kill()
    time.sleep(plan.span)
    up.start("scheduler")


def killed_twice(up: DemoStage, plan: Plan) -> None:
    up.scheduler.kill()
    up.start("scheduler")
    time.sleep(plan.span)
    up.scheduler.kill()
    up.start("scheduler")


def terminated(up: DemoStage, plan: Plan) -> None:
    up.scheduler.signal(signal.SIGTERM)
    up.scheduler.popen.wait(GONE_WITHIN)
    time.sleep(plan.span)
    up.start("scheduler")


def stalled(up: DemoStage, plan: Plan) -> None:
    victim = up.deployment.processes[("scheduler", PAIR)[int(plan.moment * 10) % 2]]
    victim.signal(signal.SIGSTOP)
    time.sleep(plan.span)
    victim.signal(signal.SIGCONT)


def outage(up: DemoStage, plan: Plan) -> None:
    break_off(up, plan)
    time.sleep(plan.span)
    up.aws.faults.clear()


def expired(up: DemoStage, plan: Plan) -> None:
    up.aws.faults.expire_credentials(plan.span)
    time.sleep(plan.span)


def killed_in_outage(up: DemoStage, plan: Plan) -> None:
    break_off(up, plan)
    time.sleep(plan.span / 2)
    up.scheduler.kill()
    up.start("scheduler")
    time.sleep(plan.span / 2)
    up.aws.faults.clear()


ACTS: Mapping[Fault, Callable[[DemoStage, Plan], None]] = {
    Fault.KILLED: killed,
    Fault.KILLED_TWICE: killed_twice,
    Fault.TERMINATED: terminated,
    Fault.STALLED: stalled,
    Fault.OUTAGE: outage,
    Fault.EXPIRED: expired,
    Fault.KILLED_IN_OUTAGE: killed_in_outage,
}

OUTAGES: Mapping[Outage, Callable[[Faults, str], None]] = {
    Outage.REFUSED: lambda faults, action: faults.fail_before(action, MANY),
    Outage.BROKEN: lambda faults, action: faults.fail_after(action, MANY),
    Outage.SILENT: lambda faults, action: faults.lose_answer(action, MANY),
    Outage.HANGING: lambda faults, action: faults.hang(action, HANG, MANY),
}

SERVICES: Mapping[Where, tuple[str, ...]] = {
    Where.ALL: ("*",),
    Where.STORE: ("s3.GetObject", "s3.PutObject", "s3.ListObjectsV2", "s3.DeleteObject"),
    Where.CONTAINERS: (
        *("ecs.RunTask", "ecs.DescribeTasks", "ecs.ListTasks", "ecs.StopTask"),
        *("batch.SubmitJob", "batch.DescribeJobs", "batch.ListJobs", "batch.TerminateJob"),
    ),
}


def break_off(up: DemoStage, plan: Plan) -> None:
    """From now on the plan's services are down, in its way."""
    for action in SERVICES[plan.where]:
        OUTAGES[plan.outage](up.aws.faults, action)
