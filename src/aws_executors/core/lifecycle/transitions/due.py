"""What a job does when the time that it waited for has come: try again, look up, stop, renew.

Law: a time that has not come yet, or that the job no longer waits for, changes nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from aws_executors.core.lifecycle.effects import LookUp, Prepare
from aws_executors.core.lifecycle.job import Job, Stage
from aws_executors.core.lifecycle.transitions.moves import Moved, stop, submit
from aws_executors.core.lifecycle.transitions.token_renewal import renewal

R = TypeVar("R")


def woken(job: Job[R], at: float) -> Moved[R]:
    """The time that the job waited for has come."""
    if job.due is None or at < job.due or job.stage is Stage.CONFIRMING:
        return job, ()  # not yet; and in CONFIRMING the next row that is read decides
    after_renewal, renewals = renewal(replace(job, due=None), at)
    moved, effects = _go_on(after_renewal)
    return moved, (*renewals, *effects)


def _go_on(job: Job[R]) -> Moved[R]:
    match job.stage:
        case Stage.BACKING_OFF if job.request is not None:
            return submit(job, job.request)
        case Stage.BACKING_OFF:
            return replace(job, stage=Stage.PREPARING), (Prepare(job.attempt),)
        case Stage.LOOKING_UP:
            return job, (LookUp(job.past),)
        case Stage.STOPPING:
            return stop(job)
        case _:
            return job, ()
