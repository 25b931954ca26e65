"""The whole life of a job: what happens to it, and what it asks for in return.

Law: `advance` is total and pure. It knows no clock (events carry their time), no service and no Airflow.
What does not fit a job's stage is late or doubled news and changes nothing. A container is stopped before
its task is given to anybody else, and nothing is reported that the database does not bear out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar, assert_never

from aws_executors.core.lifecycle.job import (
    Accepted,
    Due,
    Event,
    Found,
    Job,
    LookUp,
    NotLookedUp,
    NotStored,
    Observed,
    Policy,
    Prepare,
    Prepared,
    Purpose,
    Refused,
    Renewed,
    Revoked,
    RowRead,
    Stage,
    StopAnswered,
    Superseded,
    Unpreparable,
)
from aws_executors.core.lifecycle.transitions import (
    awaiting_row,
    lookup,
    moves,
    stopping,
    submission,
    token_renewal,
    watching,
)
from aws_executors.core.lifecycle.transitions.moves import Moved
from aws_executors.core.lifecycle.verdict import standing

R = TypeVar("R")

UNANSWERED = frozenset({Stage.SUBMITTING, Stage.BACKING_OFF, Stage.LOOKING_UP})


def begin(job: Job[R]) -> Moved[R]:
    """The first effects of a new job: build its request, or look for the container it had.

    >>> begin(Job(token="0b6e"))[1]
    (Prepare(attempt=1),)
    >>> begin(Job(token="0b6e", purpose=Purpose.ADOPT))[1]
    (LookUp(exclude=()),)
    """
    if job.purpose is Purpose.RUN:
        return replace(job, stage=Stage.PREPARING), (Prepare(job.attempt),)
    return replace(job, stage=Stage.LOOKING_UP), (LookUp(),)


def advance(job: Job[R], event: Event[R], policy: Policy) -> Moved[R]:
    """What becomes of `job` when `event` happens, and what it asks for then.

    >>> from aws_executors.core.lifecycle.job import Submit
    >>> job, effects = advance(Job(token="0b6e"), Prepared(1.0, "request"), Policy())
    >>> job.stage, effects == (Submit("request"),)
    (<Stage.SUBMITTING: 'submitting'>, True)
    >>> job, effects = advance(job, Accepted(1.2, "arn:1"), Policy())
    >>> job.stage, job.container, effects
    (<Stage.WATCHING: 'watching'>, 'arn:1', ())
    """
    if job.stage is Stage.CLOSED:
        return job, ()
    moved, effects = _moved(job, event, policy)
    return token_renewal.to_be_woken(moved), effects


def _moved(job: Job[R], event: Event[R], policy: Policy) -> Moved[R]:
    match event:
        case Prepared():
            return submission.prepared(job, event)
        case NotStored(at=at, error=error):
            return submission.not_stored(job, error, at, policy)
        case Renewed():
            return token_renewal.renewed(job, event)
        case Unpreparable(at=at, problem=problem):
            return submission.unpreparable(job, problem, at, policy)
        case Accepted(at=at, container=container):
            wanted = job.stage in UNANSWERED and container not in job.past
            return submission.accepted(job, container, at, policy) if wanted else (job, ())
        case Refused(at=at, error=error):
            return submission.refused(job, error, at, policy) if job.stage is Stage.SUBMITTING else (job, ())
        case Found(at=at, observation=observation):
            return lookup.found(job, observation, at, policy) if job.stage is Stage.LOOKING_UP else (job, ())
        case NotLookedUp(at=at):
            return (moves.later(job, at, policy), ()) if job.stage is Stage.LOOKING_UP else (job, ())
        case Observed(at=at, observation=observation):
            return watching.seen(job, observation, at, policy)
        case RowRead(at=at, row=row):
            if row is not None and row.token == job.token and not job.assigned:
                job = replace(job, assigned=True)  # our own token has arrived: without it, it is not ours
            stands = standing(row, token=job.token, assigned=job.assigned, try_number=job.try_number)
            return awaiting_row.row_read(job, stands, at, policy)
        case StopAnswered(at=at, error=error):
            return stopping.stop_answered(job, error, at, policy)
        case Revoked(at=at):
            return stopping.withdraw(job, Purpose.CANCEL, at, policy)
        case Superseded(at=at):
            return stopping.superseded(job, at, policy)
        case Due(at=at):
            return stopping.woken(job, at)
        case never:
            assert_never(never)
