"""Play everything that can go wrong with a container: one job, one trouble, and what follows.

Law: no expectations. `test_policy.py` compares these scenes with what a person expects, `doc_tables.py`
writes the table that a person reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from aws_executors.core.aws.errors import AwsError, Kind, classify, classify_exception
from aws_executors.core.lifecycle.effects import Effect
from aws_executors.core.lifecycle.events import Accepted, Due, Event, Observed, Prepared, Refused, RowRead
from aws_executors.core.lifecycle.job import Job
from aws_executors.core.lifecycle.launcher_exit_codes import Exit
from aws_executors.core.lifecycle.machine import advance, begin
from aws_executors.core.lifecycle.observation import Cause, Observation, Phase
from aws_executors.core.lifecycle.policy import REACTIONS, Policy, Reaction, SubmissionFailure
from aws_executors.core.lifecycle.verdict import OUTCOMES, Outcome, Row

Trouble: TypeAlias = SubmissionFailure | Cause | Exit


class Moment(StrEnum):
    """When it goes wrong."""

    SUBMITTED = "as it is submitted"
    BEFORE = "before the task has begun"
    AFTER = "after the task has begun"


ROWS: tuple[tuple[Trouble, Moment], ...] = (
    *((failure, Moment.SUBMITTED) for failure in REACTIONS),
    *(
        (trouble, moment)
        for trouble, outcome in OUTCOMES.items()
        if outcome
        not in (Outcome.CLEAN, Outcome.TURNED_AWAY)  # no trouble: these stand in the verdict's table
        for moment in (Moment.BEFORE, Moment.AFTER)
    ),
)
"""All pairs of a trouble and a moment at which it can come."""

PATIENT = frozenset({Reaction.WAIT, Reaction.REFRESH, Reaction.REPEAT, Reaction.LOOK_UP})
"""The reactions that follow after a growing, jittered pause (`core/aws/backoff.py`)."""

TIMEOUT = classify_exception(["ReadTimeoutError"], "Read timeout")
DENIED = classify("AccessDeniedException", "User is not authorized to perform: iam:PassRole", status=400)
ERRORS: dict[SubmissionFailure, AwsError] = {
    SubmissionFailure.THROTTLED: classify("ThrottlingException", "Rate exceeded", status=400),
    SubmissionFailure.NO_CAPACITY: AwsError(
        kind=Kind.CAPACITY,
        code="RESOURCE:MEMORY",
        message="2 container instances",
        remedy="Add instances, or ask for less.",
    ),
    SubmissionFailure.CREDENTIALS: classify(
        "ExpiredTokenException", "The security token has expired", status=400
    ),
    SubmissionFailure.TRANSIENT: classify_exception(["ConnectTimeoutError"], "Connect timeout"),
    SubmissionFailure.UNANSWERED: TIMEOUT,
    SubmissionFailure.UNANSWERED_ON_BATCH: TIMEOUT,
    SubmissionFailure.STARTED_BEFORE: classify(
        "ConflictException", "Same token", status=400, resource_ids=("c1",)
    ),
    SubmissionFailure.PERMANENT: DENIED,
    SubmissionFailure.PERMANENT_AT_LAST: DENIED,
}
QUEUED, RUNNING = (Row(state=state, token="t", try_number=1) for state in ("queued", "running"))


@dataclass(frozen=True, slots=True)
class Scene:
    """The job before and after the trouble, with its effects then, and those once it was woken again."""

    before: Job[str]
    after: Job[str]
    effects: tuple[Effect[str], ...]
    woken: tuple[Effect[str], ...]


def scene(trouble: Trouble, moment: Moment, *, has_row: bool = True) -> Scene:
    """Play one row of the policy; a refusal comes twice, as the first may count as transient."""
    policy = Policy(idempotent=trouble is not SubmissionFailure.UNANSWERED_ON_BATCH)
    fresh: Job[str] = Job(token="t", has_row=has_row)
    job, _ = begin(fresh)
    job, _ = advance(job, Prepared(1.0, "request 1"), policy)
    if isinstance(trouble, SubmissionFailure):
        return _refused(job, trouble, policy)
    job, _ = advance(job, Accepted(2.0, "c1"), policy)
    seen = _end(trouble, moment)
    if moment is Moment.AFTER:
        job, _ = advance(job, Observed(3.0, Observation(id="c1", phase=Phase.RUNNING, started=True)), policy)
    before = job
    after, effects = advance(job, Observed(9.0, seen), policy)
    if has_row:
        after, effects = advance(after, RowRead(10.0, RUNNING if moment is Moment.AFTER else QUEUED), policy)
    return Scene(before, after, effects, _woken(after, policy))


def scenes() -> dict[tuple[Trouble, Moment], Scene]:
    """All scenes, in the order of the tables."""
    return {row: scene(*row) for row in ROWS}


def _refused(job: Job[str], trouble: SubmissionFailure, policy: Policy) -> Scene:
    first = TIMEOUT if trouble is SubmissionFailure.PERMANENT_AT_LAST else ERRORS[trouble]
    before = job
    job, effects = advance(job, Refused(2.0, first), policy)
    if trouble in (SubmissionFailure.PERMANENT_AT_LAST, SubmissionFailure.THROTTLED):
        job, _ = advance(job, Due(60.0), policy)
        before = job
        job, effects = advance(job, Refused(61.0, ERRORS[trouble]), policy)
    return Scene(before, job, effects, _woken(job, policy))


def _woken(job: Job[str], policy: Policy) -> tuple[Effect[str], ...]:
    event: Event[str] = Due(1e6)
    return advance(job, event, policy)[1]


def _end(trouble: Cause | Exit, moment: Moment) -> Observation:
    code = int(trouble) if isinstance(trouble, Exit) else 1 if trouble is Cause.EXITED else None
    return Observation(
        id="c1",
        phase=Phase.FAILED,
        cause=trouble if isinstance(trouble, Cause) else Cause.EXITED,
        exit_code=code,
        started=moment is Moment.AFTER,
    )
