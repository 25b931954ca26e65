"""The life of a job, case by case: what happens, where the job is then, and what it asks for.

Each scenario is a list of (event, stage, effects) by hand, named after the cases that it holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import pytest

from aws_executors.core.aws.backoff import Backoff
from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.lifecycle.effects import (
    NOT_WAITED_FOR,
    ORPHANED,
    TAKEN_BACK,
    Effect,
    Fence,
    LogEvent,
    LookUp,
    Prepare,
    ReadRow,
    ReleaseSlot,
    Renew,
    Report,
    Requeue,
    Stop,
    Submit,
)
from aws_executors.core.lifecycle.events import (
    Accepted,
    Due,
    Event,
    Found,
    NotLookedUp,
    NotPrepared,
    NotStored,
    Observed,
    Prepared,
    Refused,
    Renewed,
    Revoked,
    RowRead,
    StopAnswered,
    Superseded,
)
from aws_executors.core.lifecycle.job import Job, Purpose, Stage
from aws_executors.core.lifecycle.machine import advance, begin
from aws_executors.core.lifecycle.observation import Cause, Observation, Phase
from aws_executors.core.lifecycle.policy import Policy
from aws_executors.core.lifecycle.verdict import Row

ECS = Policy(
    idempotent=True,
    attempts=2,
    grace=120.0,
    linger=120.0,
    patience=5.0,
    lookups=3,
    lookup_every=3.0,
    backoff=Backoff(base=1.0, cap=60.0),
)
BATCH = Policy(
    idempotent=False,
    attempts=2,
    grace=120.0,
    linger=120.0,
    patience=5.0,
    lookups=3,
    lookup_every=3.0,
    backoff=Backoff(base=1.0, cap=60.0),
)


def error(kind: Kind, code: str = "Code", message: str = "words", *ids: str) -> AwsError:
    """A refusal."""
    return AwsError(kind=kind, code=code, message=message, resource_ids=ids)


def looks(
    phase: Phase, id_: str = "c1", *, cause: Cause | None = None, code: int | None = None, **more: object
) -> Observation:
    """An observation of `c1`, or of another."""
    reason, version, started = more.get("reason", ""), more.get("version"), more.get("started", False)
    return Observation(
        id=id_,
        phase=phase,
        cause=cause,
        exit_code=code,
        reason=str(reason),
        status=str(more.get("status", "")),
        version=version if isinstance(version, int) else None,
        started=bool(started),
    )


WAITS, RUNS, ABSENT = looks(Phase.PENDING), looks(Phase.RUNNING), looks(Phase.ABSENT)
GOOD = looks(Phase.SUCCEEDED, code=0)
RUNS_2, GOOD_2 = looks(Phase.RUNNING, "c2"), looks(Phase.SUCCEEDED, "c2", code=0)
BAD = looks(Phase.FAILED, cause=Cause.EXITED, code=3)
AWAY = looks(Phase.FAILED, cause=Cause.EXITED, code=80)  # our launcher: another container holds the task
NEVER = looks(Phase.FAILED, cause=Cause.NEVER_STARTED, reason="pull failed")
NEVER_2 = looks(Phase.FAILED, "c2", cause=Cause.NEVER_STARTED, reason="pull failed")

SUCCEEDED = "The container exited normally (c1, exit code 0)."
EXITED = "The container exited with an error (c1, exit code 3). Read its log."
SUCCEEDED_2 = "The container exited normally (c2, exit code 0)."
PULL = "The container never started (c1). AWS says: pull failed. Check it in the AWS console."
PULL_2 = "The container never started (c2). AWS says: pull failed. Check it in the AWS console."
LOST = (
    "AWS no longer shows the container, so how it ended is not known (c1). "
    "ECS shows an ended container for at least an hour. Read its log."
)


MACHINE_LOST = (
    "The container's host was lost (c1). "
    "It is started again if the task had not started; otherwise Airflow's `retries` apply."
)
RECLAIMED = (
    "AWS reclaimed the container's Spot capacity (c1). "
    "It is started again if the task had not started; otherwise Airflow's `retries` apply."
)
UNREACHED = (
    "The launcher gave up: Airflow's API server or the workload's store could not be reached, or the "
    "container was stopped before the task began (c1, exit code 83). Read its log: one line says which. "
    "If something could not be reached, check the container's way to `execution_api_server_url`, and to S3 "
    "if it is used."
)
WAITS_FOR_ROLE = (
    "The job queue cannot run the job as configured (c1). AWS says: MISCONFIGURATION: role. "
    "Fix what AWS names in the job queue or its compute environments."
)


def row(state: str | None, token: str | None = "t", number: int = 1) -> Row:
    """The task instance's row."""
    return Row(state=state, token=token, try_number=number)


QUEUED, RUNNING, FINISHED, DEFERRED = row("queued"), row("running"), row("success"), row("deferred")
RESTARTING, CLEARED, REQUEUED = row("restarting", None), row(None, None), row("queued", "u")

THROTTLED = error(Kind.THROTTLED, "ThrottlingException", "Rate exceeded")
NO_ROOM = error(Kind.CAPACITY, "RESOURCE:MEMORY", "no container instance has room")
TIMEOUT = error(Kind.AMBIGUOUS, "ReadTimeoutError", "no answer")
DENIED = error(Kind.PERMANENT, "AccessDeniedException", "iam:PassRole")
REFUSAL = "AccessDeniedException: iam:PassRole"
NO_ANSWER = (LogEvent("submission delayed", "ambiguous: ReadTimeoutError: no answer"),)


S = Stage
Step: TypeAlias = "tuple[Event[str], Stage, tuple[Effect[str], ...]]"

WAKE = Due(1e6)
STARTED: list[Step] = [
    (Prepared(1.0, "r1"), S.SUBMITTING, (Submit("r1"),)),
    (Accepted(2.0, "c1"), S.WATCHING, ()),
]
SUBMITTED: list[Step] = STARTED[:1]
RELEASED: list[Step] = [
    (Found(1.0, RUNS), S.WATCHING, (ReadRow(),)),
    (RowRead(1.1, row("restarting")), S.STOPPING, (Stop("c1", ORPHANED),)),
]
RAN: list[Step] = [*STARTED, (Observed(3.0, RUNS), S.WATCHING, ())]


@dataclass(frozen=True)
class Scenario:
    """What happens to one job, in order."""

    name: str
    steps: Sequence[Step]
    policy: Policy = ECS
    job: Job[str] = field(default_factory=lambda: Job(token="t"))


def adopt(purpose: Purpose) -> Job[str]:
    """A job of another scheduler."""
    job: Job[str] = Job(token="t", purpose=purpose)
    return begin(job)[0]


SUBMITTING = [
    Scenario(
        "a task that ends well: its row is read before a word is said",
        [
            *RAN,
            (RowRead(4.0, RUNNING), S.WATCHING, ()),
            (Observed(60.0, GOOD), S.AWAITING_ROW, (ReadRow(),)),
            (RowRead(60.1, FINISHED), S.CLOSED, (Report(True, SUCCEEDED),)),
        ],
    ),
    Scenario(
        "the row decides when: the slot is free at once, and the container followed to its end",
        [
            *RAN,
            (RowRead(50.0, FINISHED), S.STOPPING, (Report(True, "the task has finished"),)),
            (RowRead(51.0, FINISHED), S.STOPPING, ()),
            (Observed(80.0, GOOD), S.CLOSED, ()),
        ],
    ),
    Scenario(
        "a container that lingers after its task is stopped",
        [
            *RAN,
            (RowRead(50.0, FINISHED), S.STOPPING, (Report(True, "the task has finished"),)),
            (Due(169.9), S.STOPPING, ()),
            (Due(170.0), S.STOPPING, (Stop("c1", NOT_WAITED_FOR),)),
            (StopAnswered(171.0, None), S.STOPPING, ()),
            (Observed(200.0, BAD), S.CLOSED, ()),
        ],
    ),
    Scenario(
        "a stop that is refused is asked for again",
        [
            *RAN,
            (Revoked(50.0), S.STOPPING, (Stop("c1", TAKEN_BACK),)),
            (StopAnswered(51.0, THROTTLED), S.STOPPING, ()),
            (WAKE, S.STOPPING, (Stop("c1", TAKEN_BACK),)),
            (StopAnswered(52.0, DENIED), S.STOPPING, ()),
            (WAKE, S.STOPPING, (Stop("c1", TAKEN_BACK),)),
            (Observed(60.0, GOOD), S.CLOSED, ()),
        ],
    ),
    Scenario(
        "C2 C4: no request can be built",
        [
            (
                NotPrepared(1.0, "why"),
                S.CONFIRMING,
                (LogEvent("submission failed", "why"), Report(False, "why", True)),
            )
        ],
    ),
    Scenario(
        "C10 on ECS: a lost answer is asked for again by the same request",
        [
            *SUBMITTED,
            (Refused(2.0, TIMEOUT), S.BACKING_OFF, NO_ANSWER),
            (WAKE, S.SUBMITTING, (Submit("r1"),)),
            (Refused(3.0, TIMEOUT), S.BACKING_OFF, ()),
            (WAKE, S.SUBMITTING, (Submit("r1"),)),
            (Accepted(4.0, "c1"), S.WATCHING, ()),
        ],
    ),
    Scenario(
        "C10 on ECS: a conflict that names the container is an acceptance",
        [*SUBMITTED, (Refused(2.0, error(Kind.CONFLICT, "x", "y", "c1")), S.WATCHING, ())],
    ),
    Scenario(
        "C10 on ECS: a conflict that names none is looked up",
        [
            *SUBMITTED,
            (
                Refused(2.0, error(Kind.CONFLICT)),
                S.LOOKING_UP,
                (LogEvent("submission delayed", "conflict: Code: words"),),
            ),
            (WAKE, S.LOOKING_UP, (LookUp(),)),
            (Found(3.0, WAITS), S.WATCHING, ()),
        ],
    ),
    Scenario(
        "C10 on Batch: a lost answer is looked up before anything is submitted again",
        [
            *SUBMITTED,
            (Refused(2.0, TIMEOUT), S.LOOKING_UP, NO_ANSWER),
            (Due(4.9), S.LOOKING_UP, ()),
            (Due(5.0), S.LOOKING_UP, (LookUp(),)),
            (Found(5.1, None), S.LOOKING_UP, ()),
            (Due(8.1), S.LOOKING_UP, (LookUp(),)),
            (NotLookedUp(8.2, THROTTLED), S.LOOKING_UP, ()),  # no answer is no "none"
            (WAKE, S.LOOKING_UP, (LookUp(),)),
            (Found(9.0, None), S.LOOKING_UP, ()),
            (WAKE, S.LOOKING_UP, (LookUp(),)),
            (Found(9.5, WAITS), S.WATCHING, ()),
        ],
        BATCH,
    ),
    Scenario(
        "C10 on Batch: not shown in three looks, so it is repeated to the byte",
        [
            *SUBMITTED,
            (Refused(2.0, TIMEOUT), S.LOOKING_UP, NO_ANSWER),
            (WAKE, S.LOOKING_UP, (LookUp(),)),
            (Found(3.0, None), S.LOOKING_UP, ()),
            (WAKE, S.LOOKING_UP, (LookUp(),)),
            (Found(4.0, None), S.LOOKING_UP, ()),
            (WAKE, S.LOOKING_UP, (LookUp(),)),
            (Found(5.0, None), S.SUBMITTING, (Submit("r1"),)),
            (Accepted(6.0, "c1"), S.WATCHING, ()),
        ],
        BATCH,
    ),
    Scenario(
        "C19 on Batch: a repeated job is turned away, for the lost one runs after all: that one is followed",
        [
            *SUBMITTED,
            (Refused(2.0, TIMEOUT), S.LOOKING_UP, NO_ANSWER),
            (WAKE, S.LOOKING_UP, (LookUp(),)),
            (Found(3.0, None), S.LOOKING_UP, ()),
            (WAKE, S.LOOKING_UP, (LookUp(),)),
            (Found(4.0, None), S.LOOKING_UP, ()),
            (WAKE, S.LOOKING_UP, (LookUp(),)),
            (Found(5.0, None), S.SUBMITTING, (Submit("r1"),)),
            (Accepted(6.0, "c1"), S.WATCHING, ()),
            (Observed(9.0, BAD), S.AWAITING_ROW, (ReadRow(),)),
            (RowRead(9.1, RUNNING), S.LOOKING_UP, ()),
            (WAKE, S.LOOKING_UP, (LookUp(("c1",)),)),
            (Found(9.3, RUNS_2), S.WATCHING, ()),
            (Observed(20.0, GOOD_2), S.AWAITING_ROW, (ReadRow(),)),
            (RowRead(20.1, FINISHED), S.CLOSED, (Report(True, SUCCEEDED_2),)),
        ],
        BATCH,
    ),
    Scenario(
        "C19 on Batch: a repeated job fails and there is no other one: its task fails with its reason",
        [
            *SUBMITTED,
            (Refused(2.0, TIMEOUT), S.LOOKING_UP, NO_ANSWER),
            (WAKE, S.LOOKING_UP, (LookUp(),)),
            (Found(3.0, None), S.LOOKING_UP, ()),
            (WAKE, S.LOOKING_UP, (LookUp(),)),
            (Found(4.0, None), S.LOOKING_UP, ()),
            (WAKE, S.LOOKING_UP, (LookUp(),)),
            (Found(5.0, None), S.SUBMITTING, (Submit("r1"),)),
            (Accepted(6.0, "c1"), S.WATCHING, ()),
            (Observed(9.0, BAD), S.AWAITING_ROW, (ReadRow(),)),
            (RowRead(9.1, RUNNING), S.LOOKING_UP, ()),
            (WAKE, S.LOOKING_UP, (LookUp(("c1",)),)),
            (Found(9.2, None), S.LOOKING_UP, ()),
            (WAKE, S.LOOKING_UP, (LookUp(("c1",)),)),
            (Found(9.3, None), S.LOOKING_UP, ()),
            (WAKE, S.LOOKING_UP, (LookUp(("c1",)),)),
            (
                Found(9.4, None),
                S.CONFIRMING,
                (LogEvent("container failed", EXITED), Report(False, EXITED, True)),
            ),
        ],
        BATCH,
    ),
    Scenario(
        "our launcher was turned away: the container that holds the task is followed, and the run not failed",
        [
            *SUBMITTED,
            (Accepted(2.0, "c1"), S.WATCHING, ()),
            (Observed(9.0, AWAY), S.AWAITING_ROW, (ReadRow(),)),
            (RowRead(9.1, RUNNING), S.LOOKING_UP, ()),
            (WAKE, S.LOOKING_UP, (LookUp(("c1",)),)),
            (Found(9.3, RUNS_2), S.WATCHING, ()),
            (Observed(20.0, GOOD_2), S.AWAITING_ROW, (ReadRow(),)),
            (RowRead(20.1, FINISHED), S.CLOSED, (Report(True, SUCCEEDED_2),)),
        ],
    ),
    Scenario(
        "our launcher was turned away, and the other container is not one of ours: the slot is free, no more",
        [
            *SUBMITTED,
            (Accepted(2.0, "c1"), S.WATCHING, ()),
            (Observed(9.0, AWAY), S.AWAITING_ROW, (ReadRow(),)),
            (RowRead(9.1, RUNNING), S.LOOKING_UP, ()),
            (WAKE, S.LOOKING_UP, (LookUp(("c1",)),)),
            (Found(9.2, None), S.LOOKING_UP, ()),
            (WAKE, S.LOOKING_UP, (LookUp(("c1",)),)),
            (Found(9.3, None), S.LOOKING_UP, ()),
            (WAKE, S.LOOKING_UP, (LookUp(("c1",)),)),
            (Found(9.4, None), S.CLOSED, (ReleaseSlot(),)),
        ],
    ),
    Scenario(
        "a workload that cannot be stored for now is stored later, and one that never can fails its task",
        [
            (
                NotStored(1.0, error(Kind.CREDENTIALS)),
                S.BACKING_OFF,
                (LogEvent("submission delayed", "credentials: Code: words"),),
            ),
            (WAKE, S.PREPARING, (Prepare(1),)),
            (
                NotStored(2.0, error(Kind.AMBIGUOUS)),
                S.BACKING_OFF,
                (LogEvent("submission delayed", "ambiguous: Code: words (retrying for 1 s)"),),
            ),
            (WAKE, S.PREPARING, (Prepare(1),)),
            (
                NotStored(3.0, error(Kind.PERMANENT)),
                S.CONFIRMING,
                (LogEvent("submission failed", "Code: words"), Report(False, "Code: words", True)),
            ),
        ],
    ),
    Scenario(
        "a stored workload is renewed while its container waits, and not once it runs",
        [
            (Prepared(0.0, "r1", 300.0), S.SUBMITTING, (Submit("r1"),)),
            (Due(299.0), S.SUBMITTING, ()),
            (Due(300.0), S.SUBMITTING, (Renew(1),)),
            (Renewed(300.0, None, 300.0), S.SUBMITTING, ()),
            (Accepted(301.0, "c1"), S.WATCHING, ()),
            (Due(599.0), S.WATCHING, ()),
            (Due(600.0), S.WATCHING, (Renew(1),)),
            (
                Renewed(600.0, error(Kind.PERMANENT)),
                S.WATCHING,
                (LogEvent("token renewal failed", "Code: words"),),
            ),
            (Due(675.0), S.WATCHING, (Renew(1),)),
            (Observed(676.0, RUNS), S.WATCHING, ()),
            (Due(750.0), S.WATCHING, ()),
            (Due(5000.0), S.WATCHING, ()),
        ],
    ),
    Scenario(
        "C10: an ambiguous answer, then a permanent one: looked for before the task is failed",
        [
            *SUBMITTED,
            (Refused(2.0, TIMEOUT), S.BACKING_OFF, NO_ANSWER),
            (WAKE, S.SUBMITTING, (Submit("r1"),)),
            (Refused(3.0, DENIED), S.LOOKING_UP, ()),
            (Due(3.0), S.LOOKING_UP, (LookUp(),)),
            (Found(3.1, RUNS), S.WATCHING, ()),
        ],
    ),
    Scenario(
        "C10: an ambiguous answer, then a permanent one, and nothing there: it fails with the reason",
        [
            *SUBMITTED,
            (Refused(2.0, TIMEOUT), S.BACKING_OFF, NO_ANSWER),
            (WAKE, S.SUBMITTING, (Submit("r1"),)),
            (Refused(3.0, DENIED), S.LOOKING_UP, ()),
            (WAKE, S.LOOKING_UP, (LookUp(),)),
            (Found(3.1, None), S.LOOKING_UP, ()),
            (WAKE, S.LOOKING_UP, (LookUp(),)),
            (Found(6.1, None), S.LOOKING_UP, ()),
            (WAKE, S.LOOKING_UP, (LookUp(),)),
            (
                Found(9.1, None),
                S.CONFIRMING,
                (LogEvent("submission failed", REFUSAL), Report(False, REFUSAL, True)),
            ),
        ],
    ),
    Scenario(
        "C13: infrastructure failed before user code ran: another container, by a new request, under a cap",
        [
            *STARTED,
            (Observed(30.0, NEVER), S.AWAITING_ROW, (ReadRow(),)),
            (RowRead(30.1, QUEUED), S.PREPARING, (LogEvent("resubmitted", PULL), Prepare(2))),
            (Prepared(31.0, "r2"), S.SUBMITTING, (Submit("r2"),)),
            (Accepted(32.0, "c2"), S.WATCHING, ()),
            (Observed(33.0, NEVER), S.WATCHING, ()),  # late news of the first one
            (Observed(60.0, NEVER_2), S.AWAITING_ROW, (ReadRow(),)),
            (
                RowRead(60.1, QUEUED),
                S.CONFIRMING,
                (
                    LogEvent("container failed", f"{PULL_2} This was attempt 2 of 2."),
                    Report(False, f"{PULL_2} This was attempt 2 of 2.", True),
                ),
            ),
        ],
    ),
    Scenario(
        "C13: a lost second submission is looked up without the first container",
        [
            *STARTED,
            (Observed(30.0, NEVER), S.AWAITING_ROW, (ReadRow(),)),
            (RowRead(30.1, QUEUED), S.PREPARING, (LogEvent("resubmitted", PULL), Prepare(2))),
            (Prepared(31.0, "r2"), S.SUBMITTING, (Submit("r2"),)),
            (Refused(32.0, TIMEOUT), S.LOOKING_UP, NO_ANSWER),
            (WAKE, S.LOOKING_UP, (LookUp(("c1",)),)),
        ],
        BATCH,
    ),
    Scenario(
        "C13: not while the task instance waits for nothing",
        [
            *STARTED,
            (Observed(30.0, NEVER), S.AWAITING_ROW, (ReadRow(),)),
            (RowRead(30.1, CLEARED), S.CLOSED, (ReleaseSlot(),)),
        ],
    ),
    Scenario(
        "C23: no capacity: it waits, uses up no attempt, and the person is told once per change",
        [
            *SUBMITTED,
            (
                Refused(2.0, NO_ROOM),
                S.BACKING_OFF,
                (
                    LogEvent(
                        "submission delayed", "no capacity: RESOURCE:MEMORY: no container instance has room"
                    ),
                ),
            ),
            (WAKE, S.SUBMITTING, (Submit("r1"),)),
            (Refused(3.0, NO_ROOM), S.BACKING_OFF, ()),
            (WAKE, S.SUBMITTING, (Submit("r1"),)),
            (
                Refused(4.0, THROTTLED),
                S.BACKING_OFF,
                (
                    LogEvent(
                        "submission delayed",
                        "throttled: ThrottlingException: Rate exceeded (retrying for 2 s)",
                    ),
                ),
            ),
            (WAKE, S.SUBMITTING, (Submit("r1"),)),
            (Refused(5.0, THROTTLED), S.BACKING_OFF, ()),
            (WAKE, S.SUBMITTING, (Submit("r1"),)),
            (Accepted(9.0, "c1"), S.WATCHING, ()),
        ],
    ),
    Scenario(
        "C24: a permanent error fails at the first answer, with the remedy",
        [
            *SUBMITTED,
            (
                Refused(
                    2.0,
                    AwsError(kind=Kind.PERMANENT, code="X", message="unknown.", remedy="Mend the option."),
                ),
                S.CONFIRMING,
                (
                    LogEvent("submission failed", "X: unknown. Mend the option."),
                    Report(False, "X: unknown. Mend the option.", True),
                ),
            ),
        ],
    ),
]

SUPERSEDED = [
    Scenario(
        "C17: the next segment is queued while the end of this one is judged: the row is not asked any more",
        [
            *STARTED,
            (Observed(9.0, looks(Phase.FAILED, cause=Cause.RECLAIMED)), S.AWAITING_ROW, (ReadRow(),)),
            (Superseded(9.1), S.CLOSED, ()),
            (RowRead(9.2, row("queued", "u")), S.CLOSED, ()),
        ],
    ),
    Scenario(
        "C17: the container of this segment still ends: it may, for a while",
        [
            *RAN,
            (Superseded(5.0), S.STOPPING, ()),
            (RowRead(6.0, row("queued", "u")), S.STOPPING, ()),
            (Due(124.9), S.STOPPING, ()),
            (Due(125.0), S.STOPPING, (Stop("c1", NOT_WAITED_FOR),)),
            (Observed(126.0, BAD), S.CLOSED, ()),
        ],
    ),
    Scenario("C17: nothing was started for it", [(Superseded(0.5), S.CLOSED, ())]),
    Scenario(
        "C17: what is stopped to be given back has moved on",
        [
            *RELEASED,
            (Superseded(2.0), S.STOPPING, (Stop("c1", TAKEN_BACK),)),
            (Observed(30.0, BAD), S.CLOSED, ()),
        ],
        job=adopt(Purpose.RELEASE),
    ),
    Scenario(
        "C17: a job that Airflow has taken back stays taken back",
        [
            *RAN,
            (Revoked(50.0), S.STOPPING, (Stop("c1", TAKEN_BACK),)),
            (StopAnswered(50.5, THROTTLED), S.STOPPING, ()),
            (Superseded(51.0), S.STOPPING, ()),
            (WAKE, S.STOPPING, (Stop("c1", TAKEN_BACK),)),
        ],
    ),
]

REVOKING = [
    Scenario("C15 while its request is built", [(Revoked(1.0), S.CLOSED, ())]),
    Scenario(
        "C15 while it is submitted: what is accepted is stopped",
        [
            *SUBMITTED,
            (Revoked(1.5), S.SUBMITTING, ()),
            (Accepted(2.0, "c1"), S.STOPPING, (Stop("c1", TAKEN_BACK),)),
            (StopAnswered(2.1, None), S.STOPPING, ()),
            (Observed(3.0, BAD), S.CLOSED, ()),
        ],
    ),
    Scenario(
        "C15 while it is submitted, which is refused",
        [*SUBMITTED, (Revoked(1.5), S.SUBMITTING, ()), (Refused(2.0, THROTTLED), S.CLOSED, ())],
    ),
    Scenario(
        "C15 while it is submitted, which is refused for good",
        [*SUBMITTED, (Revoked(1.5), S.SUBMITTING, ()), (Refused(2.0, DENIED), S.CLOSED, ())],
    ),
    Scenario(
        "C15 while it is submitted, and the answer is lost: looked for, and stopped",
        [
            *SUBMITTED,
            (Revoked(1.5), S.SUBMITTING, ()),
            (Refused(2.0, TIMEOUT), S.LOOKING_UP, ()),
            (WAKE, S.LOOKING_UP, (LookUp(),)),
            (Found(3.0, RUNS), S.STOPPING, (Stop("c1", TAKEN_BACK),)),
        ],
    ),
    Scenario(
        "C15 while it waits for AWS",
        [
            *SUBMITTED,
            (
                Refused(2.0, THROTTLED),
                S.BACKING_OFF,
                (),
            ),
            (Revoked(3.0), S.CLOSED, ()),
        ],
    ),
    Scenario(
        "C15 while it waits for AWS, after a lost answer: looked for, and nothing there",
        [
            *SUBMITTED,
            (Refused(2.0, TIMEOUT), S.BACKING_OFF, NO_ANSWER),
            (Revoked(3.0), S.LOOKING_UP, (LookUp(),)),
            (Found(3.1, None), S.LOOKING_UP, ()),
            (WAKE, S.LOOKING_UP, (LookUp(),)),
            (Found(6.1, None), S.LOOKING_UP, ()),
            (WAKE, S.LOOKING_UP, (LookUp(),)),
            (Found(9.1, None), S.CLOSED, ()),
        ],
    ),
    Scenario(
        "C15 while it is looked for",
        [
            *SUBMITTED,
            (Refused(2.0, TIMEOUT), S.LOOKING_UP, NO_ANSWER),
            (Revoked(3.0), S.LOOKING_UP, ()),
            (WAKE, S.LOOKING_UP, (LookUp(),)),
            (Found(4.0, GOOD), S.CLOSED, ()),
        ],
        BATCH,
    ),
    Scenario(
        "C15 while a container that AWS has ceased to show is looked for: it is stopped all the same",
        [
            *RAN,
            (Observed(200.0, ABSENT), S.LOOKING_UP, ()),
            (Revoked(201.0), S.STOPPING, (Stop("c1", TAKEN_BACK),)),
            (StopAnswered(201.1, None), S.STOPPING, ()),
            (Observed(202.0, ABSENT), S.CLOSED, ()),
        ],
    ),
    Scenario(
        "C15 while it waits, or runs",
        [
            *STARTED,
            (Revoked(3.0), S.STOPPING, (Stop("c1", TAKEN_BACK),)),
            (StopAnswered(3.1, None), S.STOPPING, ()),
            (RowRead(3.2, FINISHED), S.STOPPING, ()),
            (Observed(9.0, GOOD), S.CLOSED, ()),
        ],
    ),
    Scenario(
        "C15 while its end is judged",
        [*RAN, (Observed(9.0, GOOD), S.AWAITING_ROW, (ReadRow(),)), (Revoked(9.1), S.CLOSED, ())],
    ),
    Scenario(
        "C15 while it ends",
        [
            *RAN,
            (RowRead(9.0, FINISHED), S.STOPPING, (Report(True, "the task has finished"),)),
            (Revoked(9.1), S.STOPPING, (Stop("c1", TAKEN_BACK),)),
        ],
    ),
    Scenario(
        "a job of another scheduler is taken back: found and stopped",
        [
            (NotLookedUp(1.0, THROTTLED), S.LOOKING_UP, ()),
            (WAKE, S.LOOKING_UP, (LookUp(),)),
            (Found(2.0, WAITS), S.STOPPING, (Stop("c1", TAKEN_BACK),)),
            (Observed(3.0, BAD), S.CLOSED, ()),
        ],
        job=adopt(Purpose.CANCEL),
    ),
]

FOLLOWING = [
    Scenario(
        "C16: cleared before its request was built",
        [(RowRead(0.5, CLEARED), S.CLOSED, (ReleaseSlot(),))],
    ),
    Scenario(
        "C16: marked failed while it was submitted",
        [
            *SUBMITTED,
            (RowRead(1.5, row("failed")), S.SUBMITTING, (ReleaseSlot(),)),
            (Accepted(2.0, "c1"), S.STOPPING, (Stop("c1", NOT_WAITED_FOR),)),
        ],
    ),
    Scenario(
        "C3: its task has moved on while a carried out submission's answer was lost: its container may end",
        [
            *SUBMITTED,
            (Refused(2.0, TIMEOUT), S.LOOKING_UP, NO_ANSWER),
            (RowRead(3.0, DEFERRED), S.LOOKING_UP, (ReleaseSlot(),)),
            (Found(4.0, RUNS), S.STOPPING, ()),
            (Due(5.0), S.STOPPING, ()),
            (Observed(9.0, GOOD), S.CLOSED, ()),
        ],
        policy=BATCH,
    ),
    Scenario(
        "C3: likewise, but it does not end by itself",
        [
            *SUBMITTED,
            (Refused(2.0, TIMEOUT), S.LOOKING_UP, NO_ANSWER),
            (RowRead(3.0, DEFERRED), S.LOOKING_UP, (ReleaseSlot(),)),
            (Found(4.0, RUNS), S.STOPPING, ()),
            (WAKE, S.STOPPING, (Stop("c1", NOT_WAITED_FOR),)),
        ],
        policy=BATCH,
    ),
    Scenario(
        "C3: likewise, and a repeat that was under way is answered with the container of the first",
        [
            *SUBMITTED,
            (Refused(2.0, TIMEOUT), S.BACKING_OFF, NO_ANSWER),
            (WAKE, S.SUBMITTING, (Submit("r1"),)),
            (RowRead(1e6, DEFERRED), S.SUBMITTING, (ReleaseSlot(),)),
            (Accepted(1e6, "c1"), S.STOPPING, ()),
            (Observed(1e6 + 1, GOOD), S.CLOSED, ()),
        ],
    ),
    Scenario(
        "C16: DAG run deleted while it waited for AWS",
        [
            *SUBMITTED,
            (
                Refused(2.0, THROTTLED),
                S.BACKING_OFF,
                (),
            ),
            (RowRead(3.0, None), S.CLOSED, (ReleaseSlot(),)),
        ],
    ),
    Scenario(
        "C16: cleared while its container waits: stopped after a moment of patience",
        [
            *STARTED,
            (Observed(3.0, WAITS), S.WATCHING, ()),
            (RowRead(4.0, CLEARED), S.STOPPING, (ReleaseSlot(),)),
            (Due(8.9), S.STOPPING, ()),
            (Due(9.0), S.STOPPING, (Stop("c1", NOT_WAITED_FOR),)),
            (StopAnswered(9.1, None), S.STOPPING, ()),
            (Observed(10.0, NEVER), S.CLOSED, ()),
        ],
    ),
    Scenario(
        "C16 not: a task too quick to be seen running is left to end by itself",
        [
            *STARTED,
            (RowRead(4.0, FINISHED), S.STOPPING, (Report(True, "the task has finished"),)),
            (Observed(5.0, RUNS), S.STOPPING, ()),
            (Due(9.0), S.STOPPING, ()),
            (Observed(15.0, GOOD), S.CLOSED, ()),
        ],
    ),
    Scenario(
        "C29: describing is denied: a task whose row has shown it running may linger as any other",
        [
            *STARTED,
            (RowRead(3.0, RUNNING), S.WATCHING, ()),
            (RowRead(40.0, FINISHED), S.STOPPING, (Report(True, "the task has finished"),)),
            (Due(159.9), S.STOPPING, ()),
            (Due(160.0), S.STOPPING, (Stop("c1", NOT_WAITED_FOR),)),
        ],
    ),
    Scenario(
        "C17: deferred: the slot is free at once, and its container's end is never reported",
        [
            *RAN,
            (RowRead(9.0, DEFERRED), S.STOPPING, (ReleaseSlot(),)),
            (RowRead(10.0, REQUEUED), S.STOPPING, ()),
            (Observed(15.0, GOOD), S.CLOSED, ()),
        ],
    ),
    Scenario(
        "C17 C18: exit 0 while the task waits for its next segment",
        [
            *RAN,
            (Observed(9.0, GOOD), S.AWAITING_ROW, (ReadRow(),)),
            (RowRead(9.1, row("scheduled")), S.CLOSED, (ReleaseSlot(),)),
        ],
    ),
    Scenario(
        "C19: a second container of the same try exits 1, and the healthy run goes on",
        [
            *RAN,
            (Observed(9.0, BAD), S.AWAITING_ROW, (ReadRow(),)),
            (RowRead(9.1, row("running", "u")), S.CLOSED, (ReleaseSlot(),)),
        ],
    ),
    Scenario(
        "C20: a container that is lost under a running task fails it, with the reason",
        [
            *RAN,
            (Observed(9.0, looks(Phase.FAILED, cause=Cause.HOST_LOST)), S.AWAITING_ROW, (ReadRow(),)),
            (
                RowRead(9.1, RUNNING),
                S.CONFIRMING,
                (
                    LogEvent("container failed", MACHINE_LOST),
                    Report(False, MACHINE_LOST, True),
                ),
            ),
        ],
    ),
    Scenario(
        "cleared while it ran: reported when the container has really ended, not before",
        [
            *RAN,
            (RowRead(9.0, RESTARTING), S.WATCHING, ()),
            (Observed(15.0, BAD), S.AWAITING_ROW, (ReadRow(),)),
            (RowRead(15.1, RESTARTING), S.CONFIRMING, (Report(True, EXITED, True),)),
            (RowRead(16.0, CLEARED), S.CLOSED, (ReleaseSlot(),)),
        ],
    ),
    Scenario(
        "C25: Airflow has lost the report, for the row was locked: it is made again until the row changes",
        [
            *RAN,
            (Observed(9.0, BAD), S.AWAITING_ROW, (ReadRow(),)),
            (
                RowRead(9.1, RUNNING),
                S.CONFIRMING,
                (LogEvent("container failed", EXITED), Report(False, EXITED, True)),
            ),
            (RowRead(10.0, RUNNING), S.CONFIRMING, ()),  # Airflow may not have come to it yet
            (Due(24.1), S.CONFIRMING, ()),
            (RowRead(24.2, RUNNING), S.CONFIRMING, (Report(False, EXITED, True),)),
            (RowRead(40.0, RUNNING), S.CONFIRMING, ()),
            (RowRead(54.3, RUNNING), S.CONFIRMING, (Report(False, EXITED, True),)),
            (RowRead(55.0, row("up_for_retry")), S.CLOSED, (ReleaseSlot(),)),
        ],
    ),
    Scenario(
        "C25: a report that never has effect is not made forever",
        [
            *RAN,
            (Observed(9.0, BAD), S.AWAITING_ROW, (ReadRow(),)),
            (
                RowRead(9.0, RUNNING),
                S.CONFIRMING,
                (LogEvent("container failed", EXITED), Report(False, EXITED, True)),
            ),
            (RowRead(24.0, RUNNING), S.CONFIRMING, (Report(False, EXITED, True),)),
            (RowRead(54.0, RUNNING), S.CONFIRMING, (Report(False, EXITED, True),)),
            (RowRead(114.0, RUNNING), S.CONFIRMING, (Report(False, EXITED, True),)),
            (RowRead(234.0, RUNNING), S.CLOSED, (ReleaseSlot(),)),
        ],
    ),
    Scenario(
        "C25: queued again meanwhile: the report is not made a second time",
        [
            *RAN,
            (Observed(9.0, BAD), S.AWAITING_ROW, (ReadRow(),)),
            (
                RowRead(9.0, RUNNING),
                S.CONFIRMING,
                (LogEvent("container failed", EXITED), Report(False, EXITED, True)),
            ),
            (RowRead(30.0, REQUEUED), S.CLOSED, (ReleaseSlot(),)),
        ],
    ),
    Scenario(
        "C22: not shown within grace after acceptance is no verdict",
        [
            *STARTED,
            (Observed(3.0, ABSENT), S.WATCHING, ()),
            (Observed(121.9, ABSENT), S.WATCHING, ()),
            (Observed(122.0, ABSENT), S.LOOKING_UP, ()),
            (Due(122.0), S.LOOKING_UP, (LookUp(),)),
            (Found(122.1, RUNS), S.WATCHING, ()),
        ],
    ),
    Scenario(
        "C22: forgotten under a running task: looked for by token, then an outcome",
        [
            *RAN,
            (Observed(200.0, ABSENT), S.LOOKING_UP, ()),
            (WAKE, S.LOOKING_UP, (LookUp(),)),
            (Found(200.1, None), S.LOOKING_UP, ()),
            (WAKE, S.LOOKING_UP, (LookUp(),)),
            (Found(203.0, None), S.LOOKING_UP, ()),
            (WAKE, S.LOOKING_UP, (LookUp(),)),
            (Found(206.0, None), S.AWAITING_ROW, (ReadRow(),)),
            (
                RowRead(206.1, RUNNING),
                S.CONFIRMING,
                (LogEvent("container failed", LOST), Report(False, LOST, True)),
            ),
        ],
    ),
    Scenario(
        "C22: forgotten, and shown again before the row has been read: it lives",
        [
            *RAN,
            (Observed(200.0, ABSENT), S.LOOKING_UP, ()),
            (WAKE, S.LOOKING_UP, (LookUp(),)),
            (Found(200.1, None), S.LOOKING_UP, ()),
            (WAKE, S.LOOKING_UP, (LookUp(),)),
            (Found(203.0, None), S.LOOKING_UP, ()),
            (WAKE, S.LOOKING_UP, (LookUp(),)),
            (Found(206.0, None), S.AWAITING_ROW, (ReadRow(),)),
            (Observed(207.0, RUNS), S.WATCHING, ()),
            (RowRead(208.0, RUNNING), S.WATCHING, ()),
            (Observed(300.0, GOOD), S.AWAITING_ROW, (ReadRow(),)),
        ],
    ),
    Scenario(
        "C22: what is ending and is not shown any more has ended, after grace",
        [
            *RAN,
            (RowRead(9.0, FINISHED), S.STOPPING, (Report(True, "the task has finished"),)),
            (Observed(10.0, ABSENT), S.STOPPING, ()),
            (Observed(122.0, ABSENT), S.CLOSED, ()),
        ],
    ),
    Scenario(
        "why a container waits is told once per change",
        [
            *STARTED,
            (
                Observed(3.0, looks(Phase.PENDING, reason="MISCONFIGURATION: role")),
                S.WATCHING,
                (LogEvent("container waiting", WAITS_FOR_ROLE),),
            ),
            (Observed(4.0, looks(Phase.PENDING, reason="MISCONFIGURATION: role")), S.WATCHING, ()),
            (
                Observed(5.0, looks(Phase.PENDING, reason="no capacity")),
                S.WATCHING,
                (
                    LogEvent(
                        "container waiting",
                        "The container has not started yet (c1). AWS says: no capacity.",
                    ),
                ),
            ),
        ],
    ),
    Scenario(
        "that a container waits for long is told even if AWS does not say why, and when its status changes",
        [
            *STARTED,
            (Observed(3.0, looks(Phase.PENDING, status="RUNNABLE")), S.WATCHING, ()),
            (
                Observed(310.0, looks(Phase.PENDING, status="RUNNABLE")),
                S.WATCHING,
                (LogEvent("container waiting", "The container has not started yet (c1, RUNNABLE)."),),
            ),
            (Observed(320.0, looks(Phase.PENDING, status="RUNNABLE")), S.WATCHING, ()),
            (
                Observed(330.0, looks(Phase.PENDING, status="STARTING")),
                S.WATCHING,
                (LogEvent("container waiting", "The container has not started yet (c1, STARTING)."),),
            ),
        ],
    ),
    Scenario(
        "older versions, other containers and a doubled end change nothing",
        [
            *STARTED,
            (Observed(3.0, looks(Phase.RUNNING, version=5)), S.WATCHING, ()),
            (Observed(4.0, looks(Phase.FAILED, cause=Cause.EXITED, version=4)), S.WATCHING, ()),
            (Observed(5.0, looks(Phase.FAILED, "c9", cause=Cause.EXITED)), S.WATCHING, ()),
            (Observed(6.0, looks(Phase.SUCCEEDED, code=0, version=6)), S.AWAITING_ROW, (ReadRow(),)),
            (Observed(7.0, looks(Phase.SUCCEEDED, code=0, version=6)), S.AWAITING_ROW, ()),
            (Observed(8.0, looks(Phase.RUNNING, version=7)), S.AWAITING_ROW, ()),
            (RowRead(9.0, FINISHED), S.CLOSED, (Report(True, SUCCEEDED),)),
            (RowRead(9.1, RUNNING), S.CLOSED, ()),
            (Revoked(9.2), S.CLOSED, ()),
            (WAKE, S.CLOSED, ()),
        ],
    ),
    Scenario(
        "a row whose reading began before the end was seen says nothing about the end",
        [
            *RAN,
            (Observed(9.0, GOOD), S.AWAITING_ROW, (ReadRow(),)),
            (RowRead(8.9, RUNNING), S.AWAITING_ROW, ()),
            (RowRead(9.0, DEFERRED), S.CLOSED, (ReleaseSlot(),)),
        ],
    ),
    Scenario(
        "an acceptance is the truth, even if it comes late",
        [
            *SUBMITTED,
            (Refused(2.0, TIMEOUT), S.LOOKING_UP, NO_ANSWER),
            (Accepted(2.5, "c1"), S.WATCHING, ()),
            (WAKE, S.WATCHING, ()),
        ],
        BATCH,
    ),
    Scenario(
        "an acceptance of the container before is not one of this",
        [
            *STARTED,
            (Observed(30.0, NEVER), S.AWAITING_ROW, (ReadRow(),)),
            (RowRead(30.1, QUEUED), S.PREPARING, (LogEvent("resubmitted", PULL), Prepare(2))),
            (Prepared(31.0, "r2"), S.SUBMITTING, (Submit("r2"),)),
            (Accepted(31.5, "c1"), S.SUBMITTING, ()),
            (Accepted(32.0, "c2"), S.WATCHING, ()),
        ],
    ),
    Scenario(
        "answers that come when nobody waits for them change nothing",
        [
            (Accepted(0.1, "c9"), S.PREPARING, ()),
            (Refused(0.2, DENIED), S.PREPARING, ()),
            (Found(0.3, GOOD), S.PREPARING, ()),
            (NotLookedUp(0.4, DENIED), S.PREPARING, ()),
            (Observed(0.5, GOOD), S.PREPARING, ()),
            (StopAnswered(0.6, None), S.PREPARING, ()),
            (WAKE, S.PREPARING, ()),
            (RowRead(0.7, QUEUED), S.PREPARING, ()),
            *STARTED,
            (Prepared(3.0, "r9"), S.WATCHING, ()),
            (NotPrepared(3.1, "late"), S.WATCHING, ()),
            (Accepted(3.2, "c9"), S.WATCHING, ()),
            (Refused(3.3, DENIED), S.WATCHING, ()),
            (Found(3.4, None), S.WATCHING, ()),
        ],
    ),
]

CALLBACK: Job[str] = Job(token="t", has_row=False)
CALLBACKS = [
    Scenario(
        "C5: a callback's exit code is its result",
        [*RAN, (Observed(9.0, GOOD), S.CLOSED, (Report(True, SUCCEEDED),))],
        job=CALLBACK,
    ),
    Scenario(
        "C5: a callback fails",
        [
            *RAN,
            (Observed(9.0, BAD), S.CLOSED, (LogEvent("container failed", EXITED), Report(False, EXITED))),
        ],
        job=CALLBACK,
    ),
    Scenario(
        "C5: a callback that never started is started again",
        [
            *STARTED,
            (Observed(9.0, NEVER), S.PREPARING, (LogEvent("resubmitted", PULL), Prepare(2))),
        ],
        job=CALLBACK,
    ),
    Scenario(
        "C5: a callback that was cut off in the middle is not run twice",
        [
            *RAN,
            (
                Observed(9.0, looks(Phase.FAILED, cause=Cause.RECLAIMED, started=True)),
                S.CLOSED,
                (
                    LogEvent(
                        "container failed",
                        RECLAIMED,
                    ),
                    Report(False, RECLAIMED),
                ),
            ),
        ],
        job=CALLBACK,
    ),
    Scenario(
        "C5: a callback that was cut off before it began, as its launcher says, is started again",
        [
            *RAN,
            (
                Observed(9.0, looks(Phase.FAILED, cause=Cause.RECLAIMED, started=True, code=83)),
                S.PREPARING,
                (LogEvent("resubmitted", RECLAIMED.replace("(c1)", "(c1, exit code 83)")), Prepare(2)),
            ),
        ],
        job=CALLBACK,
    ),
    Scenario(
        "C5: a callback whose launcher has not reached the store is started again",
        [
            *RAN,
            (
                Observed(9.0, looks(Phase.FAILED, cause=Cause.EXITED, started=True, code=83)),
                S.PREPARING,
                (LogEvent("resubmitted", UNREACHED), Prepare(2)),
            ),
        ],
        job=CALLBACK,
    ),
]

NOT_THERE: list[Step] = [
    (Found(1.0, None), S.LOOKING_UP, ()),
    (WAKE, S.LOOKING_UP, (LookUp(),)),
    (Found(4.0, None), S.LOOKING_UP, ()),
    (WAKE, S.LOOKING_UP, (LookUp(),)),
]
LOST_WORKLOAD: list[Step] = [
    (Found(1.0, RUNS), S.WATCHING, ()),
    (Observed(9.0, NEVER), S.AWAITING_ROW, (ReadRow(),)),
]
ADOPTING = [
    Scenario(
        "C9: the container is found and followed to its end",
        [
            (NotLookedUp(0.5, THROTTLED), S.LOOKING_UP, ()),  # C3
            (WAKE, S.LOOKING_UP, (LookUp(),)),
            (Found(1.0, RUNS), S.WATCHING, ()),
            (RowRead(9.0, FINISHED), S.STOPPING, (Report(True, "the task has finished"),)),
            (Observed(20.0, GOOD), S.CLOSED, ()),
        ],
        job=adopt(Purpose.ADOPT),
    ),
    Scenario(
        "C9: the container has ended meanwhile",
        [
            (Found(1.0, BAD), S.AWAITING_ROW, (ReadRow(),)),
            (
                RowRead(1.1, RUNNING),
                S.CONFIRMING,
                (LogEvent("container failed", EXITED), Report(False, EXITED, True)),
            ),
        ],
        job=adopt(Purpose.ADOPT),
    ),
    Scenario(
        "C12: no container, and the task waits in the queue: queued again, same try",
        [
            *NOT_THERE,
            (Found(7.0, None), S.WATCHING, (ReadRow(),)),
            (RowRead(7.1, QUEUED), S.CLOSED, (Requeue(), ReleaseSlot())),
        ],
        job=adopt(Purpose.ADOPT),
    ),
    Scenario(
        "no container, and the task runs: its heartbeat decides",
        [
            *NOT_THERE,
            (Found(7.0, None), S.WATCHING, (ReadRow(),)),
            (RowRead(7.1, RUNNING), S.WATCHING, ()),
            (RowRead(8.1, row("failed")), S.CLOSED, (ReleaseSlot(),)),
        ],
        job=adopt(Purpose.ADOPT),
    ),
    Scenario(
        "no container, and the task was cleared: nothing holds it back",
        [
            *NOT_THERE,
            (Found(7.0, None), S.WATCHING, (ReadRow(),)),
            (RowRead(7.1, RESTARTING), S.CONFIRMING, (Report(True, "the container is gone", True),)),
        ],
        job=adopt(Purpose.ADOPT),
    ),
    Scenario(
        "no container, and taken back",
        [*NOT_THERE, (Found(7.0, None), S.WATCHING, (ReadRow(),)), (Revoked(7.1), S.CLOSED, ())],
        job=adopt(Purpose.ADOPT),
    ),
    Scenario(
        "C13: an adopted container never started: its workload is lost, so Airflow queues it again",
        [
            *LOST_WORKLOAD,
            (RowRead(9.1, QUEUED), S.CLOSED, (LogEvent("requeued", PULL), Requeue(), ReleaseSlot())),
        ],
        job=adopt(Purpose.ADOPT),
    ),
    Scenario(
        "C3: look-ups fail forever, and the task ends: no slot is held forever",
        [
            (RowRead(0.4, FINISHED), S.LOOKING_UP, ()),  # about to be found: it may still send its log
            (
                NotLookedUp(0.5, DENIED),
                S.LOOKING_UP,
                (LogEvent("look-up delayed", REFUSAL),),
            ),
            (NotLookedUp(0.6, DENIED), S.LOOKING_UP, ()),  # it has been said
            (RowRead(0.6, RUNNING), S.LOOKING_UP, ()),
            (RowRead(0.7, FINISHED), S.LOOKING_UP, (ReleaseSlot(),)),
            (WAKE, S.LOOKING_UP, (LookUp(),)),
            (Found(2.0, GOOD), S.CLOSED, ()),
        ],
        job=adopt(Purpose.ADOPT),
    ),
    Scenario(
        "C27: with adoption off the container is stopped first, and given back then",
        [
            (NotLookedUp(0.5, THROTTLED), S.LOOKING_UP, ()),
            (WAKE, S.LOOKING_UP, (LookUp(),)),
            (Found(1.0, RUNS), S.WATCHING, (ReadRow(),)),
            (RowRead(0.9, QUEUED), S.WATCHING, ()),
            (RowRead(1.1, RUNNING), S.WATCHING, (Fence(),)),
            (RowRead(1.6, RUNNING), S.WATCHING, (Fence(),)),
            (RowRead(2.1, row("restarting")), S.STOPPING, (Stop("c1", ORPHANED),)),
            (StopAnswered(2.2, None), S.STOPPING, ()),
            (Observed(30.0, BAD), S.CLOSED, (Requeue(), ReleaseSlot())),
        ],
        job=adopt(Purpose.RELEASE),
    ),
    Scenario(
        "C27: the task begins while its container is being stopped",
        [
            (Found(1.0, WAITS), S.WATCHING, (ReadRow(),)),
            (RowRead(1.1, QUEUED), S.STOPPING, (Stop("c1", ORPHANED),)),
            (RowRead(1.6, RUNNING), S.STOPPING, (Fence(),)),
            (Observed(30.0, BAD), S.CLOSED, (Requeue(), ReleaseSlot())),
        ],
        job=adopt(Purpose.RELEASE),
    ),
    Scenario(
        "C27: the container ends before its row is read",
        [
            (Found(1.0, RUNS), S.WATCHING, (ReadRow(),)),
            (Observed(1.2, GOOD), S.CLOSED, (Requeue(), ReleaseSlot())),
        ],
        job=adopt(Purpose.RELEASE),
    ),
    Scenario(
        "C27: a container that has ended already",
        [(Found(1.0, BAD), S.CLOSED, (Requeue(), ReleaseSlot()))],
        job=adopt(Purpose.RELEASE),
    ),
    Scenario(
        "C27: no container",
        [*NOT_THERE, (Found(7.0, None), S.CLOSED, (Requeue(), ReleaseSlot()))],
        job=adopt(Purpose.RELEASE),
    ),
    Scenario(
        "C27: the stop is denied forever, and the task ends by itself: no slot is held forever",
        [
            *RELEASED,
            (StopAnswered(1.2, DENIED), S.STOPPING, ()),
            (RowRead(9.0, FINISHED), S.STOPPING, (ReleaseSlot(), Stop("c1", TAKEN_BACK))),
            (StopAnswered(9.1, DENIED), S.STOPPING, ()),
            (WAKE, S.STOPPING, (Stop("c1", TAKEN_BACK),)),
            (Observed(30.0, GOOD), S.CLOSED, ()),
        ],
        job=adopt(Purpose.RELEASE),
    ),
    Scenario(
        "C27: taken back by Airflow while it is stopped: nothing is given back any more",
        [
            *RELEASED,
            (Revoked(2.0), S.STOPPING, (Stop("c1", TAKEN_BACK),)),
            (Observed(30.0, BAD), S.CLOSED, ()),
        ],
        job=adopt(Purpose.RELEASE),
    ),
]

ALL = [*SUBMITTING, *SUPERSEDED, *REVOKING, *FOLLOWING, *CALLBACKS, *ADOPTING]


@pytest.mark.parametrize("scenario", ALL, ids=lambda scenario: scenario.name)
def test_scenario(scenario: Scenario) -> None:
    job = scenario.job
    for number, (event, stage, effects) in enumerate(scenario.steps, start=1):
        job, asked = advance(job, event, scenario.policy)
        assert (job.stage, asked) == (stage, effects), f"step {number}: {event}"


@pytest.mark.parametrize(
    ("purpose", "stage", "effects"),
    [
        (Purpose.RUN, S.PREPARING, (Prepare(1),)),
        (Purpose.ADOPT, S.LOOKING_UP, (LookUp(),)),
        (Purpose.RELEASE, S.LOOKING_UP, (LookUp(),)),
        (Purpose.CANCEL, S.LOOKING_UP, (LookUp(),)),
    ],
)
def test_begin(purpose: Purpose, stage: Stage, effects: tuple[Effect[str], ...]) -> None:
    job: Job[str] = Job(token="t", purpose=purpose)
    job, asked = begin(job)
    assert (job.stage, asked) == (stage, effects)


def test_c23_waits_grow_and_start_anew_when_aws_has_answered() -> None:
    job: Job[str] = Job(token="t", stage=S.SUBMITTING, request="r1")
    waits = []
    for _ in range(8):
        job, _ = advance(job, Refused(1000.0, NO_ROOM), ECS)
        assert job.due is not None
        waits.append(job.due - 1000.0)
        job, _ = advance(job, Due(job.due), ECS)
    assert job.attempt == 1
    assert all(low <= wait <= 2 * low for low, wait in zip([0.5, 1, 2, 4, 8, 16, 30, 30], waits, strict=True))
    job, _ = advance(job, Accepted(2000.0, "c1"), ECS)
    assert (job.failures, job.due, job.request) == (0, None, None)


def test_a_failure_of_the_past_is_not_the_reason_of_a_later_failure() -> None:
    """An ambiguous, then a denied submission whose container was found: nothing of that is left behind."""
    job: Job[str] = Job(token="t", stage=S.SUBMITTING, request="r1", ambiguous=True)
    for event in (Refused(1.0, DENIED), Due(1.0), Found(1.1, RUNS)):
        job, _ = advance(job, event, ECS)
    assert (job.stage, job.fails_with, job.ambiguous) == (S.WATCHING, "", False)


SECRET = "eyJhbGciOi.eyJzdWIi.c2ln"


@pytest.mark.parametrize(
    "value",
    [Job(token="t", request=SECRET), Prepared(1.0, SECRET), Submit(SECRET)],
    ids=lambda value: type(value).__name__,
)
def test_no_repr_shows_the_request(value: object) -> None:
    """The request's command carries the workload's token."""
    assert SECRET not in f"{value!r} {value}"
