"""What becomes of a submission.

Law: `policy.py` says what is done about a refusal, this module how. A submission that may have been carried
out is looked up, or repeated byte for byte where that is safe, before it is reported as failed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.lifecycle.effects import Prepare, Submit
from aws_executors.core.lifecycle.events import Prepared
from aws_executors.core.lifecycle.job import Job, Purpose, Stage
from aws_executors.core.lifecycle.policy import (
    REACTIONS,
    SUBMISSION_DELAYED,
    Policy,
    Reaction,
    submission_failure,
)
from aws_executors.core.lifecycle.transitions.moves import (
    Moved,
    back_off,
    close,
    fail,
    let_end,
    look_up,
    say_once,
    stop,
)

R = TypeVar("R")


def prepared(job: Job[R], event: Prepared[R]) -> Moved[R]:
    """The request is built."""
    submitting = replace(
        job,
        stage=Stage.SUBMITTING,
        due=None,
        request=event.request,
        renew_every=event.renew_every,
        renew_at=event.at + (event.renew_every or 0.0),
    )
    return submitting, (Submit(event.request),)


def not_stored(job: Job[R], error: AwsError, at: float, policy: Policy) -> Moved[R]:
    """The workload could not be stored for its container; nothing was submitted, so it may be stored again
    without harm."""
    if error.kind is Kind.PERMANENT:
        return fail(job, error.with_remedy, at, policy)
    return _retry_later(job, error, at, policy)


def accepted(job: Job[R], container: str, at: float, policy: Policy) -> Moved[R]:
    """AWS has started a container, or says that it had already done so."""
    watching = replace(
        job,
        stage=Stage.WATCHING,
        container=container,
        request=None,
        since=at,
        seen=None,
        ran=False,
        due=None,
        failures=0,
        lookups=0,
        ambiguous=False,
        fails_with="",
    )
    if job.purpose is Purpose.LEAVE and job.ambiguous:
        # This may be the container of an earlier call, and the task that ran in it may have moved the row on.
        return let_end(watching, at, policy), ()
    return (watching, ()) if job.container_wanted else stop(watching)


def refused(job: Job[R], error: AwsError, at: float, policy: Policy) -> Moved[R]:
    """A submission has failed: AWS's answer, if there was one, names no newly started container."""
    failure = submission_failure(error, repeatable=policy.idempotent, unanswered=job.ambiguous)
    match REACTIONS[failure]:
        case Reaction.FOLLOW:
            return accepted(replace(job, ambiguous=True), error.resource_ids[0], at, policy)
        case Reaction.REPEAT:
            return _retry_later(replace(job, ambiguous=True), error, at, policy)
        case Reaction.LOOK_UP:
            waiting, said = _retry_later(replace(job, ambiguous=True), error, at, policy)
            looking, _ = look_up(waiting, max(waiting.due or at, at + policy.lookup_every))
            return looking, said
        case Reaction.WAIT | Reaction.REFRESH:
            return _retry_later(job, error, at, policy)
        case Reaction.LOOK_UP_THEN_FAIL:
            return look_up(replace(job, fails_with=error.with_remedy), at)
        case _:
            return fail(job, error.with_remedy, at, policy)


def not_placed(job: Job[R]) -> Moved[R]:
    """No warm container takes the job: its request is built anew, for a container of its own."""
    if job.withdrawn:
        return close(job)
    return replace(job, stage=Stage.PREPARING, request=None), (Prepare(job.attempt),)


def _retry_later(job: Job[R], error: AwsError, at: float, policy: Policy) -> Moved[R]:
    if job.withdrawn:
        return look_up(job, at) if job.ambiguous else close(job)
    since = job.since if job.failures else at
    waiting = replace(back_off(job, at, policy), stage=Stage.BACKING_OFF, since=since)
    if error.kind is Kind.THROTTLED and waiting.failures == 1:
        return waiting, ()  # in a burst, one throttle is usual: not worth a line in every task's event log
    # The message may differ with every call (it names a request, an instance): only kind and code are news.
    waited = f" (retrying for {at - since:.0f} s)" if at - since >= 1 else ""
    text = f"{error.kind}: {error.with_remedy}{waited}"
    return say_once(waiting, SUBMISSION_DELAYED, text, f"{error.kind} {error.code}")
