"""Withdrawing a job: its container is stopped, or may end by itself, and nothing more is reported.

Law: a container that nobody waits for is asked to stop again and again until it has ended.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from aws_executors.core.aws.errors import AwsError
from aws_executors.core.lifecycle.effects import LookUp
from aws_executors.core.lifecycle.job import Job, Purpose, Stage
from aws_executors.core.lifecycle.policy import Policy
from aws_executors.core.lifecycle.transitions.moves import Moved, back_off, close, let_end, stop

R = TypeVar("R")


def stop_answered(job: Job[R], error: AwsError | None, at: float, policy: Policy) -> Moved[R]:
    """AWS has answered a stop."""
    if error is None:
        return replace(job, failures=0, due=at + policy.linger), ()
    return back_off(job, at, policy), ()


def withdraw(job: Job[R], purpose: Purpose, at: float, policy: Policy) -> Moved[R]:
    """Nobody waits for the job any more: Airflow takes its task back, or the row has moved on without it."""
    withdrawn = replace(job, purpose=purpose)
    match job.stage:
        case Stage.WATCHING | Stage.STOPPING | Stage.LOOKING_UP if job.container:
            return stop(withdrawn) if purpose is Purpose.CANCEL else (let_end(withdrawn, at, policy), ())
        case Stage.SUBMITTING | Stage.LOOKING_UP:
            return withdrawn, ()  # an answer is on its way; a container that it names is handled then
        case Stage.BACKING_OFF if job.ambiguous:
            return replace(withdrawn, stage=Stage.LOOKING_UP, lookups=0, due=None), (LookUp(job.past),)
        case _:
            return close(withdrawn)


def superseded(job: Job[R], at: float, policy: Policy) -> Moved[R]:
    """A newer job runs the task: this one starts and reports nothing more, whatever its row says.

    This also silences the old container of a deferred task; a fence is only for a task that still runs.
    """
    if job.withdrawn:
        return job, ()
    return withdraw(job, Purpose.CANCEL if job.purpose is Purpose.RELEASE else Purpose.LEAVE, at, policy)
