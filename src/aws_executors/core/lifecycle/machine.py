"""The whole life of a job: what happens to it, and what it asks for in return.

Law: `advance` is total and pure. It knows no clock (events carry their time), no service and no
Airflow. An event that does not fit a job's stage is late or a duplicate, and changes nothing. A container is
stopped before its task is given to another one, and nothing is reported that the database does not bear out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TypeVar, assert_never

from aws_executors.core.lifecycle import events
from aws_executors.core.lifecycle.effects import LookUp, Prepare
from aws_executors.core.lifecycle.job import Job, Purpose, Stage
from aws_executors.core.lifecycle.policy import Policy
from aws_executors.core.lifecycle.transitions import (
    due,
    lookup,
    moves,
    row_read,
    stopping,
    submission,
    token_renewal,
    watching,
)
from aws_executors.core.lifecycle.transitions.moves import Moved
from aws_executors.core.lifecycle.verdict import row_state

R = TypeVar("R")

ANY = tuple(stage for stage in Stage if stage is not Stage.CLOSED)
STAGES: Mapping[type, Collection[Stage]] = MappingProxyType(
    {
        events.Prepared: (Stage.PREPARING,),
        events.NotStored: (Stage.PREPARING,),
        events.NotPrepared: (Stage.PREPARING,),
        events.Accepted: (Stage.SUBMITTING, Stage.BACKING_OFF, Stage.LOOKING_UP),
        events.Refused: (Stage.SUBMITTING,),
        events.NotPlaced: (Stage.SUBMITTING,),
        events.Found: (Stage.LOOKING_UP,),
        events.NotLookedUp: (Stage.LOOKING_UP,),
        events.StopAnswered: (Stage.STOPPING,),
    }
)
"""The stages in which an event has an effect; an event not listed here can have one in all but CLOSED."""


def begin(job: Job[R]) -> Moved[R]:
    """The new job and its first effects: build its request, or look for the container that it had.

    >>> begin(Job(token="0b6e"))[1]
    (Prepare(attempt=1),)
    >>> begin(Job(token="0b6e", purpose=Purpose.ADOPT))[1]
    (LookUp(exclude=()),)
    """
    if job.purpose is Purpose.RUN:
        return job, (Prepare(job.attempt),)  # Job() starts in PREPARING
    return replace(job, stage=Stage.LOOKING_UP), (LookUp(),)


def advance(job: Job[R], event: events.Event[R], policy: Policy) -> Moved[R]:
    """The job after `event`, and the effects that it asks for.

    >>> from aws_executors.core.lifecycle.effects import Submit
    >>> job, effects = advance(Job(token="0b6e"), events.Prepared(1.0, "request"), Policy())
    >>> job.stage, effects == (Submit("request"),)
    (<Stage.SUBMITTING: 'submitting'>, True)
    >>> job, effects = advance(job, events.Accepted(1.2, "arn:1"), Policy())
    >>> job.stage, job.container, effects
    (<Stage.WATCHING: 'watching'>, 'arn:1', ())
    """
    if job.stage not in STAGES.get(type(event), ANY):
        return job, ()
    moved, effects = _moved(job, event, policy)
    return (moved if moved.renew_every is None else token_renewal.to_be_woken(moved)), effects


def _moved(job: Job[R], event: events.Event[R], policy: Policy) -> Moved[R]:
    match event:
        case events.Prepared():
            return submission.prepared(job, event)
        case events.NotStored(at=at, error=error):
            return submission.not_stored(job, error, at, policy)
        case events.Renewed():
            return token_renewal.renewed(job, event)
        case events.NotPrepared(at=at, problem=problem):
            return moves.fail(job, problem, at, policy)
        case events.Accepted(at=at, container=container):
            earlier = container in job.past
            return (job, ()) if earlier else submission.accepted(job, container, at, policy)
        case events.Refused(at=at, error=error):
            return submission.refused(job, error, at, policy)
        case events.NotPlaced():
            return submission.not_placed(job)
        case events.Found(at=at, observation=observation):
            return lookup.found(job, observation, at, policy)
        case events.NotLookedUp(at=at, error=error):
            return lookup.not_looked_up(job, error, at, policy)
        case events.Observed(at=at, observation=observation):
            return watching.observed(job, observation, at, policy)
        case events.RowRead(at=at, row=row):
            state = row_state(row, token=job.token, try_number=job.try_number)
            return row_read.row_read(job, state, at, policy)
        case events.StopAnswered(at=at, error=error):
            return stopping.stop_answered(job, error, at, policy)
        case events.Revoked(at=at):
            return stopping.withdraw(job, Purpose.CANCEL, at, policy)
        case events.Superseded(at=at):
            return stopping.superseded(job, at, policy)
        case events.Due(at=at):
            return due.woken(job, at)
        case never:
            assert_never(never)
