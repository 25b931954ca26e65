"""The failure policy: each row against what a person expects, and each as `advance` lives it."""

from __future__ import annotations

import pytest

from aws_executors.core.aws.backoff import Backoff, delay, jitter
from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.lifecycle.effects import (
    LogEvent,
    LookUp,
    Prepare,
    ReleaseSlot,
    Report,
    Requeue,
    Submit,
)
from aws_executors.core.lifecycle.events import Due, Found, Prepared, Refused
from aws_executors.core.lifecycle.job import Job, Stage
from aws_executors.core.lifecycle.launcher_exit_codes import Exit
from aws_executors.core.lifecycle.machine import advance
from aws_executors.core.lifecycle.observation import Cause
from aws_executors.core.lifecycle.policy import (
    REACTIONS,
    Policy,
    Reaction,
    SubmissionFailure,
    submission_failure,
)
from aws_executors.core.lifecycle.verdict import MATRIX, OUTCOMES, RowState, Verdict
from support.troubles import PATIENT, ROWS, Moment, Trouble, scene, scenes

# By hand: the trouble, the stage that it leads to, what is asked for once the job is woken (or at once, where
# it waits for nothing), and the title of the line in the task's log.
SUBMISSIONS: list[tuple[SubmissionFailure, Stage, type[object] | None, str]] = [
    (SubmissionFailure.THROTTLED, Stage.BACKING_OFF, Submit, "submission delayed"),
    (SubmissionFailure.NO_CAPACITY, Stage.BACKING_OFF, Submit, "submission delayed"),
    (SubmissionFailure.CREDENTIALS, Stage.BACKING_OFF, Submit, "submission delayed"),
    (SubmissionFailure.TRANSIENT, Stage.BACKING_OFF, Submit, "submission delayed"),
    (SubmissionFailure.UNANSWERED, Stage.BACKING_OFF, Submit, "submission delayed"),
    (SubmissionFailure.UNANSWERED_ON_BATCH, Stage.LOOKING_UP, LookUp, "submission delayed"),
    (SubmissionFailure.STARTED_BEFORE, Stage.WATCHING, None, ""),
    (SubmissionFailure.PERMANENT, Stage.CONFIRMING, None, "submission failed"),
    (SubmissionFailure.PERMANENT_AT_LAST, Stage.LOOKING_UP, LookUp, ""),
]
STANDS = {Moment.BEFORE: RowState.QUEUED, Moment.AFTER: RowState.RUNNING}  # as `scene` has the row
AGAIN, RETURNS, FAILS, LEAVES = "another container", "given back", "fails", "leaves"
ENDS: list[tuple[Cause | Exit, str, str]] = [  # ... before the task has begun, and after
    (Cause.NEVER_STARTED, AGAIN, FAILS),
    (Cause.HOST_LOST, AGAIN, FAILS),
    (Cause.RECLAIMED, AGAIN, FAILS),  # Fargate Spot
    (Cause.INSTANCE_ENDED, AGAIN, FAILS),  # EC2 Spot, scale-in
    (Cause.UNCLEAR, AGAIN, FAILS),
    (Cause.WITHDRAWN, RETURNS, FAILS),  # nobody decided against the task
    (Cause.STOPPED, FAILS, FAILS),  # a person's decision is not repeated against them
    (Cause.INVALID, FAILS, FAILS),  # the next one would be refused as well
    (Cause.TIMED_OUT, FAILS, FAILS),  # the next container would reach the same limit
    (Cause.EXITED, FAILS, FAILS),  # killed (137), too: an out-of-memory kill comes again
    (Exit.REFUSED, AGAIN, LEAVES),  # it waited longer than its token was valid
    (Exit.INFRASTRUCTURE, AGAIN, FAILS),
    (Exit.CANNOT_START, FAILS, LEAVES),
]


def test_every_row_is_expected_by_hand_and_no_other() -> None:
    by_hand: list[tuple[Trouble, Moment]] = [(row[0], Moment.SUBMITTED) for row in SUBMISSIONS]
    by_hand += [(row[0], moment) for row in ENDS for moment in (Moment.BEFORE, Moment.AFTER)]
    assert set(by_hand) == set(ROWS)
    assert set(SubmissionFailure) == set(REACTIONS)
    assert set(Cause) <= {trouble for trouble, _ in ROWS}
    assert set(REACTIONS.values()) == set(Reaction)


@pytest.mark.parametrize(("trouble", "stage", "then", "title"), SUBMISSIONS)
def test_c23_c24_a_refused_submission(
    trouble: SubmissionFailure, stage: Stage, then: type[object] | None, title: str
) -> None:
    """No refusal uses up an attempt, and what is repeated is the very same request."""
    played = scene(trouble, Moment.SUBMITTED)
    assert played.after.stage is stage
    assert played.after.attempt == played.before.attempt == 1
    assert [effect.event for effect in played.effects if isinstance(effect, LogEvent)] == [title] * bool(
        title
    )
    again = [effect for effect in played.woken if not isinstance(effect, LogEvent)]
    assert [type(effect) for effect in again] == ([] if then is None else [then])
    assert [one.request for one in again if isinstance(one, Submit)] == ["request 1"] * (then is Submit)


def test_c10_while_batch_answers_no_submission_it_is_asked_ever_more_rarely_and_that_is_said_once() -> None:
    policy, lost = Policy(idempotent=False), AwsError(kind=Kind.AMBIGUOUS, code="500", message="")
    job, _ = advance(Job(token="t"), Prepared(1.0, "request 1"), policy)
    at, pauses, said = 2.0, list[float](), list[LogEvent]()
    for _ in range(12):
        job, effects = advance(job, Refused(at, lost), policy)
        said += [effect for effect in effects if isinstance(effect, LogEvent)]
        pauses.append((job.due or 0.0) - at)
        for _ in range(policy.lookups):
            assert job.due is not None
            at = job.due
            job, asked = advance(job, Due(at), policy)
            assert asked == (LookUp(),)
            job, effects = advance(job, Found(at, None), policy)
        assert effects == (Submit("request 1"),)
    grown = [delay(policy.backoff, failures, jitter("t", failures)) for failures in range(1, 13)]
    assert pauses == pytest.approx([max(policy.lookup_every, pause) for pause in grown])
    assert [line.event for line in said] == ["submission delayed"]


@pytest.mark.parametrize(("trouble", "before", "after"), ENDS)
def test_c13_c20_a_container_that_ended(trouble: Cause | Exit, before: str, after: str) -> None:
    for moment, expected in ((Moment.BEFORE, before), (Moment.AFTER, after)):
        played = scene(trouble, moment)
        told = [effect.event for effect in played.effects if isinstance(effect, LogEvent)]
        reports = [effect.success for effect in played.effects if isinstance(effect, Report)]
        match expected:
            case "another container":
                assert (told, reports, played.after.attempt) == (["resubmitted"], [], 2)
                assert Prepare(2) in played.effects  # a new request: with a fresh token
            case "given back":
                assert (told, reports, played.after.stage) == (["requeued"], [], Stage.CLOSED)
                assert played.effects[1:] == (Requeue(), ReleaseSlot())
            case "fails":
                assert (told, reports, played.after.attempt) == (["container failed"], [False], 1)
            case _:
                assert (told, reports, played.after.attempt) == ([], [], 1)
                assert (
                    played.after.runs_elsewhere
                )  # the run of another container is looked for, and not failed
        assert any(isinstance(effect, ReleaseSlot) for effect in played.effects) == (expected == RETURNS)


@pytest.mark.parametrize(("trouble", "moment"), ROWS)
def test_pauses_and_failures(trouble: Trouble, moment: Moment) -> None:
    """The law behind the two above, on the tables' own terms."""
    played = scenes()[trouble, moment]
    reaction = REACTIONS[trouble] if isinstance(trouble, SubmissionFailure) else None
    verdict = None if isinstance(trouble, SubmissionFailure) else MATRIX[STANDS[moment]][OUTCOMES[trouble]]
    assert (played.after.attempt > played.before.attempt) == (verdict is Verdict.RESUBMIT)
    assert (played.after.failures > played.before.failures) == (reaction in PATIENT)
    if reaction in PATIENT:
        failures, at = played.after.failures, 2.0 if played.before.failures == 0 else 61.0
        least = Policy().lookup_every if reaction is Reaction.LOOK_UP else 0.0
        assert played.after.due == at + max(least, delay(Backoff(), failures, jitter("t", failures)))
    failed = any(isinstance(effect, Report) and not effect.success for effect in played.effects)
    assert failed == (reaction is Reaction.FAIL or verdict is Verdict.FAIL)
    if failed:  # never without a word
        assert any(isinstance(effect, LogEvent) for effect in played.effects)


@pytest.mark.parametrize("trouble", [*Cause, Exit.REFUSED, Exit.INFRASTRUCTURE, Exit.CANNOT_START])
def test_a_callback_has_no_row_and_the_same_policy_before_it_began(trouble: Cause | Exit) -> None:
    played = scene(trouble, Moment.BEFORE, has_row=False)
    assert (played.after.attempt == 2) == (MATRIX[RowState.ROWLESS][OUTCOMES[trouble]] is Verdict.RESUBMIT)


def test_every_error_is_a_row() -> None:
    for kind in Kind:
        for ids in ((), ("c1",)):
            error = AwsError(kind=kind, code="Code", message="", resource_ids=ids)
            for repeatable in (True, False):
                for unanswered in (True, False):
                    row = submission_failure(error, repeatable=repeatable, unanswered=unanswered)
                    assert row in REACTIONS


def test_pauses_grow_from_one_second_to_a_minute_and_two_jobs_do_not_pause_alike() -> None:
    pauses = [delay(Backoff(), failures, 0.0) for failures in range(1, 12)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (0.5, 30.0)
    assert [delay(Backoff(), failures, 1.0) for failures in (1, 11)] == [1.0, 60.0]
    assert jitter("one", 1) != jitter("another", 1)
