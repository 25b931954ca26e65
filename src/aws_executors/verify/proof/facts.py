"""The facts about AWS that docs/aws.md marks as measurable only on a real account, and how each is measured.

Law: data only. `says` stands on the page word for word, and the page marks no other facts than these
(`tests/verify/test_verify_facts.py`). A fact that differs fails no check: whatever the executors' promises
depend on has a check of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass

from aws_executors.verify.proof.measures import (
    Measurement,
    after_exit,
    between,
    by_check,
    code_before_stopped,
    event_late,
    event_order,
    listed,
    shown_after,
    signal,
)
from aws_executors.verify.proof.model import FactResult, RunEvidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One fact: what the page says, and how it is measured, or why it is not.

    `low` and `high` are what `says` means in seconds, compared on Fargate only, or with `anywhere`
    everywhere.
    """

    name: str
    services: tuple[str, ...]
    says: str
    how: str
    measure: Callable[[RunEvidence], Measurement | None] | None = None
    low: float | None = None
    high: float | None = None
    anywhere: bool = False

    def result(self, evidence: RunEvidence) -> FactResult:
        """The line of the report."""
        found = self.measure(evidence) if self.measure else None
        if found is None:
            why = self.how if self.measure is None else "it was not seen in this run"
            return FactResult(name=self.name, says=self.says, measured="", words=why)
        agrees = found.holds
        if found.seconds and (self.low is not None or self.high is not None):
            within = all((self.low or 0.0) <= one <= (self.high or one) for one in found.seconds)
            agrees = within if self.anywhere or _on_fargate(evidence) else None
        return FactResult(name=self.name, says=self.says, measured=found.words, words=self.how, agrees=agrees)


def _on_fargate(evidence: RunEvidence) -> bool:
    return any(one.record is not None and one.record.allocation.fargate for one in evidence.traces.values())


ECS, BATCH, BOTH = ("ecs",), ("batch",), ("ecs", "batch")
EXPENSIVE = "only a burst of calls would show it, and that would throttle everybody else in the account"
UNPROVOKED = "nothing that verify may do brings it about"

FACTS: tuple[Fact, ...] = (
    Fact(
        name="client-token",
        services=ECS,
        says="Same token and same parameters: the same task again. Same token and other parameters: "
        "`ConflictException`",
        how="by a repeated and a changed call",
        measure=by_check("lost answer"),
    ),
    Fact(
        name="listed",
        services=ECS,
        says="a task just started is listed within nine seconds",
        how="from RunTask's answer until ListTasks shows the task by `startedBy`",
        measure=listed,
        high=9.0,
        anywhere=True,
    ),
    Fact(
        name="shown",
        services=ECS,
        says="A task just started can be MISSING for seconds to minutes",
        how="from RunTask's answer until DescribeTasks shows the task",
        measure=shown_after,
        high=120.0,
        anywhere=True,
    ),
    Fact(
        name="unknown-task",
        services=ECS,
        says="one that does not exist is a failure MISSING",
        how="by describing one",
        measure=by_check("unknown id"),
    ),
    Fact(
        name="overrides-limit",
        services=ECS,
        says="All overrides together: 8192 characters, with the JSON around them",
        how="by a call that exceeds it by 64",
        measure=by_check("size limit"),
    ),
    Fact(
        name="provision",
        services=ECS,
        says="about 17 s of provisioning",
        how="createdAt to pullStartedAt",
        measure=between("created", "pull_started"),
        low=8.0,
        high=25.0,
    ),
    Fact(
        name="pull",
        services=ECS,
        says="2 to 80 s of image pull",
        how="pullStartedAt to pullStoppedAt",
        measure=between("pull_started", "pull_stopped"),
        low=1.0,
        high=80.0,
    ),
    Fact(
        name="start",
        services=ECS,
        says="2 to 6 s of start",
        how="pullStoppedAt to startedAt",
        measure=between("pull_stopped", "started"),
        low=1.0,
        high=7.0,
    ),
    Fact(
        name="exit-noticed",
        services=ECS,
        says="notices the exit of a container about 10 s late",
        how="from the program's last line to stoppingAt",
        measure=after_exit("noticed"),
        low=5.0,
        high=15.0,
    ),
    Fact(
        name="stopped",
        services=ECS,
        says="shows STOPPED 13 to 33 s after the exit",
        how="from the program's last line to stoppedAt",
        measure=after_exit("stopped"),
        low=12.0,
        high=35.0,
    ),
    Fact(
        name="exit-code-early",
        services=ECS,
        says="`exitCode` is there from DEPROVISIONING on",
        how="from the first description with an exit code to stoppedAt, by the engine's own polls",
        measure=code_before_stopped,
    ),
    Fact(
        name="stop-signal",
        services=ECS,
        says="StopTask sends SIGTERM, and SIGKILL after `stopTimeout` (30 s)",
        how="by a program that catches SIGTERM and stays",
        measure=signal,
    ),
    Fact(
        name="stop-reason",
        services=ECS,
        says="`stoppedReason` shows StopTask's reason unchanged",
        how="by a task that is taken back",
        measure=by_check("stop"),
    ),
    Fact(
        name="out-of-memory",
        services=ECS,
        says="A container that is killed for its memory has exit code 137 and a reason that begins with "
        "`OutOfMemoryError`",
        how="by a program that tries to use 1.5 times its memory limit",
        measure=by_check("memory"),
    ),
    Fact(
        name="events",
        services=ECS,
        says="arrives at least once and in any order, with a `version` that counts up",
        how="by the events of all containers",
        measure=event_order,
    ),
    Fact(
        name="event-delay",
        services=ECS,
        says="within two seconds of the change",
        how="from stoppedAt until the event is received",
        measure=event_late,
        high=2.0,
        anywhere=True,
    ),
    Fact(
        name="forgotten",
        services=ECS,
        says="a stopped one is forgotten after about an hour",
        how="a run takes ten minutes at most",
    ),
    Fact(name="run-task-rate", services=ECS, says="RunTask on Fargate: 20 calls a second", how=EXPENSIVE),
    Fact(name="read-rate", services=ECS, says="a bucket of 100, refilled by 20 a second", how=EXPENSIVE),
    Fact(
        name="placement-failures",
        services=ECS,
        says="RunTask can answer 200 with `failures`",
        how=UNPROVOKED,
    ),
    Fact(name="hidden-throttle", services=ECS, says="RunTask can throttle in disguise", how=UNPROVOKED),
    Fact(
        name="no-exit-code",
        services=ECS,
        says="STOPPED without an exit code: the container never ran, or its host was lost",
        how=UNPROVOKED,
    ),
    Fact(
        name="job-listed",
        services=BATCH,
        says="ListJobs with the filter JOB_NAME returns jobs in every state, of one queue",
        how="from SubmitJob's answer until ListJobs shows the job by its name",
        measure=listed,
        high=9.0,
        anywhere=True,
    ),
    Fact(
        name="unknown-job",
        services=BATCH,
        says="jobs that do not exist are absent from the answer",
        how="by describing one",
        measure=by_check("unknown id"),
    ),
    Fact(
        name="job-start",
        services=BATCH,
        says="From SubmitJob to RUNNING on Fargate: about 46 s",
        how="createdAt to startedAt",
        measure=between("created", "started"),
        low=20.0,
        high=120.0,
    ),
    Fact(
        name="job-end",
        services=BATCH,
        says="Batch shows the end of a job later than its container ends",
        how="from the program's last line to stoppedAt",
        measure=after_exit("stopped"),
    ),
    Fact(
        name="job-signal",
        services=BATCH,
        says="SIGTERM comes first, and SIGKILL 30 s later",
        how="by a program that catches SIGTERM and stays",
        measure=signal,
    ),
    Fact(
        name="job-stop-reason",
        services=BATCH,
        says="`statusReason` shows its reason unchanged",
        how="by a job that is taken back",
        measure=by_check("stop"),
    ),
    Fact(
        name="job-out-of-memory",
        services=BATCH,
        says="A container that is killed for its memory has exit code 137 and a reason that begins with "
        "`OutOfMemoryError`",
        how="by a program that tries to use 1.5 times its memory limit",
        measure=by_check("memory"),
    ),
    Fact(
        name="request-limit",
        services=BATCH,
        says="The request is at most 30 KiB",
        how="by a call that exceeds it by 64 bytes",
        measure=by_check("size limit"),
    ),
    Fact(
        name="job-events",
        services=BATCH,
        says="arrives at least once and in any order, without a version",
        how="by the events of all jobs",
        measure=event_order,
    ),
    Fact(
        name="job-event-delay",
        services=BATCH,
        says="within two seconds of the change",
        how="from stoppedAt until the event is received",
        measure=event_late,
        high=2.0,
        anywhere=True,
    ),
    Fact(name="submit-rate", services=BATCH, says="SubmitJob: 50 calls a second", how=EXPENSIVE),
    Fact(
        name="held-runnable",
        services=BATCH,
        says="A job that cannot be placed stays RUNNABLE",
        how=UNPROVOKED,
    ),
    Fact(name="spot-words", services=BATCH, says="A Spot host that is reclaimed", how=UNPROVOKED),
    Fact(
        name="own-retries",
        services=BATCH,
        says="A job's own `retryStrategy` runs the same command again",
        how="verify allows each job one attempt",
    ),
    Fact(
        name="job-timeout",
        services=BATCH,
        says="counts from the start of the container",
        how="the shortest timeout is a minute, and would cost one more container",
    ),
    Fact(
        name="log-stream",
        services=BOTH,
        says="An `awslogs` stream is named `<prefix>/<container>/<task id>`; for Batch the job's description "
        "names it",
        how="by reading the logs of all containers",
        measure=by_check("logs"),
    ),
)
