"""Looking for a container by its token.

Law: "AWS shows none" is believed only after several look-ups in a row.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.lifecycle.effects import ReadRow, ReleaseSlot
from aws_executors.core.lifecycle.job import Job, Purpose, Stage
from aws_executors.core.lifecycle.observation import Cause, Observation, Phase, Sign
from aws_executors.core.lifecycle.policy import Policy
from aws_executors.core.lifecycle.transitions.moves import (
    Moved,
    back_off,
    close,
    fail,
    finish,
    let_end,
    say_once,
    stop,
    submit,
)
from aws_executors.core.lifecycle.transitions.row_read import container_ended
from aws_executors.core.lifecycle.transitions.watching import observed

R = TypeVar("R")

NOT_THERE = "AWS lists no container for this task"


def found(job: Job[R], observation: Observation | None, at: float, policy: Policy) -> Moved[R]:
    """A look-up has been answered."""
    if observation is None:
        return _not_there(job, at, policy)
    watching = replace(
        job,
        container=observation.id,
        request=None,
        since=at,
        due=None,
        ambiguous=False,
        fails_with="",
        runs_elsewhere=False,
    )
    if job.container_wanted:
        watching = replace(watching, stage=Stage.WATCHING, seen=None, failures=0)
        return observed(watching, observation, at, policy)
    if observation.ended:
        return finish(watching)
    if job.purpose is Purpose.LEAVE:
        return let_end(replace(watching, seen=observation), at, policy), ()
    if job.purpose is Purpose.RELEASE:
        # The row decides what comes first: a fence, if the container's reports still count, or the stop.
        return replace(watching, stage=Stage.WATCHING, seen=observation, row_asked_at=at), (ReadRow(),)
    return stop(watching)


def not_looked_up(job: Job[R], error: AwsError, at: float, policy: Policy) -> Moved[R]:
    """A look-up has failed: it is repeated after a pause, which grows."""
    waiting = back_off(job, at, policy)
    if job.ambiguous or (error.kind is Kind.THROTTLED and waiting.failures == 1):
        return waiting, ()  # the event log already has a line about the submission; or the throttle may pass
    return say_once(waiting, "look-up delayed", error.with_remedy, f"look-up {error.code}")


def _not_there(job: Job[R], at: float, policy: Policy) -> Moved[R]:
    if job.lookups + 1 < policy.lookups:
        return replace(job, lookups=job.lookups + 1, due=at + policy.lookup_every), ()
    if not job.container_wanted or (job.pooled and not job.container and job.purpose is Purpose.ADOPT):
        return finish(job)
    if job.container:
        return container_ended(replace(job, seen=forgotten(job.container, job.seen)), at, policy)
    if job.purpose is Purpose.ADOPT:
        # Without a container only the row can decide; if it says running, Airflow's heartbeat timeout does.
        return replace(job, stage=Stage.WATCHING, due=None, row_asked_at=at), (ReadRow(),)
    if job.runs_elsewhere:
        return close(job, ReleaseSlot())
    if job.fails_with or job.request is None:
        return fail(job, job.fails_with or NOT_THERE, at, policy)
    return submit(replace(job, ambiguous=False, repeated=True, lookups=0), job.request)


def forgotten(container: str, seen: Observation | None = None) -> Observation:
    """The assumed end of a container that AWS no longer shows; `seen` is what was last seen of it."""
    return Observation(
        id=container,
        phase=Phase.FAILED,
        cause=Cause.UNCLEAR,
        sign=Sign.NO_LONGER_SHOWN,
        started=seen is not None and seen.started,
        final=True,
        created=None if seen is None else seen.created,
    )
