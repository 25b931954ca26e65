"""Looking for a container by its token.

Law: "AWS shows none" is believed only after it has been said several times in a row.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar, assert_never

from aws_executors.core.lifecycle.job import Job, Policy, Purpose, ReadRow, ReleaseSlot, Stage
from aws_executors.core.lifecycle.observation import Cause, Observation, Phase
from aws_executors.core.lifecycle.transitions.awaiting_row import judge
from aws_executors.core.lifecycle.transitions.moves import (
    FORGOTTEN,
    Moved,
    ended,
    fail,
    let_end,
    stop,
    submit,
)
from aws_executors.core.lifecycle.transitions.watching import seen

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
        doomed="",
        held=False,
    )
    if job.wanted:
        return seen(replace(watching, stage=Stage.WATCHING, seen=None, failures=0), observation, at, policy)
    if observation.ended:
        return ended(watching)
    if job.purpose is Purpose.LEAVE:
        return let_end(replace(watching, seen=observation), at, policy), ()
    if job.purpose is Purpose.RELEASE:
        # The row says what comes first: whether the container still has a word to say.
        return replace(watching, stage=Stage.WATCHING, seen=observation, asked=at), (ReadRow(),)
    return stop(watching)


def _not_there(job: Job[R], at: float, policy: Policy) -> Moved[R]:
    if job.lookups + 1 < policy.lookups:
        return replace(job, lookups=job.lookups + 1, failures=0, due=at + policy.lookup_every), ()
    match job.purpose:
        case Purpose.CANCEL | Purpose.LEAVE | Purpose.RELEASE:
            return ended(job)
        case Purpose.ADOPT if not job.container:
            # Without a container only the row can say what to do; its heartbeat, or the lack of one, decides.
            return replace(job, stage=Stage.WATCHING, due=None, asked=at), (ReadRow(),)
        case Purpose.RUN | Purpose.ADOPT if job.container:
            return judge(replace(job, seen=_forgotten(job)), at, policy)
        case Purpose.RUN | Purpose.ADOPT:
            if job.held:
                return replace(job, stage=Stage.CLOSED), (ReleaseSlot(),)
            if job.doomed or job.request is None:
                return fail(job, job.doomed or NOT_THERE, at, policy)
            return submit(replace(job, ambiguous=False, repeated=True, lookups=0), job.request)
        case never:
            assert_never(never)


def _forgotten(job: Job[R]) -> Observation:
    """The end of a container that AWS shows no more."""
    started = job.seen is not None and job.seen.started
    return Observation(
        id=job.container,
        phase=Phase.FAILED,
        cause=Cause.UNCLEAR,
        reason=FORGOTTEN,
        started=started,
        final=True,
        created=None if job.seen is None else job.seen.created,
    )
