"""The single moves that a job can make.

Law: each move returns the changed job and the effects that the job asks for; none reads an event. The other
modules of this package decide when a move is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TypeAlias, TypeVar

from aws_executors.core.aws.backoff import delay, jitter
from aws_executors.core.lifecycle.effects import (
    NOT_WAITED_FOR,
    ORPHANED,
    SURPLUS,
    TAKEN_BACK,
    Effect,
    LogEvent,
    ReleaseSlot,
    Report,
    Requeue,
    Stop,
    Submit,
)
from aws_executors.core.lifecycle.job import Job, Purpose, Stage
from aws_executors.core.lifecycle.policy import CONTAINER_FAILED, NOT_SUBMITTED, Policy

R = TypeVar("R")
Moved: TypeAlias = "tuple[Job[R], tuple[Effect[R], ...]]"

STOP_REASONS: Mapping[Purpose, str] = MappingProxyType(
    {Purpose.CANCEL: TAKEN_BACK, Purpose.RELEASE: ORPHANED}
)


def submit(job: Job[R], request: R) -> Moved[R]:
    """Submit this request, for the first time or again."""
    return replace(job, stage=Stage.SUBMITTING, due=None), (Submit(request),)


def look_up(job: Job[R], at: float) -> Moved[R]:
    """Look for the container by its token, at the time `at`."""
    return replace(job, stage=Stage.LOOKING_UP, lookups=0, due=at), ()


def stop(job: Job[R]) -> Moved[R]:
    """Ask AWS to stop the container, and follow it to its end."""
    why = SURPLUS if job.pooled else STOP_REASONS.get(job.purpose, NOT_WAITED_FOR)
    return replace(job, stage=Stage.STOPPING, due=None), (Stop(job.container, why),)


def let_end(job: Job[R], at: float, policy: Policy) -> Job[R]:
    """Give a container that nobody waits for some time to end by itself, before it is stopped."""
    return replace(job, stage=Stage.STOPPING, due=at + (policy.linger if job.runs else policy.patience))


def without_container(job: Job[R]) -> Job[R]:
    """The job without its present container, whose id is added to `past`."""
    return replace(job, past=(*job.past, job.container), container="", seen=None)


def requeue(job: Job[R], *first: Effect[R]) -> Moved[R]:
    """Nothing runs for the task: let Airflow queue it again."""
    return close(job, *first, Requeue(), ReleaseSlot())


def finish(job: Job[R]) -> Moved[R]:
    """Close a job whose last container has ended, without a report; a released task is requeued."""
    return requeue(job) if job.purpose is Purpose.RELEASE else close(job)


def fail(job: Job[R], why: str, at: float, policy: Policy) -> Moved[R]:
    """Fail the task, and say why; a withdrawn job is only closed."""
    if job.withdrawn:
        return close(job)
    event = CONTAINER_FAILED if job.had_container else NOT_SUBMITTED
    reported, effects = report(job, Report(False, why, confirm=job.has_row), at, policy)
    return reported, (LogEvent(event, why), *effects)


def report(job: Job[R], what: Report, at: float, policy: Policy) -> Moved[R]:
    """Report to Airflow how the task ended; with `confirm`, wait until the row shows that end."""
    if not what.confirm:
        return close(job, what)
    due = at + policy.confirm * (1 << job.reported)
    confirming = replace(job, stage=Stage.CONFIRMING, report=what, reported=job.reported + 1, due=due)
    return confirming, (what,)


def close(job: Job[R], *last: Effect[R]) -> Moved[R]:
    """Close the job, with these last effects."""
    return replace(job, stage=Stage.CLOSED), last


def back_off(job: Job[R], at: float, policy: Policy) -> Job[R]:
    """The job after a failure, to be woken after a pause that grows with each failure."""
    failures = job.failures + 1
    return replace(
        job, failures=failures, due=at + delay(policy.backoff, failures, jitter(job.token, failures))
    )


def say_once(job: Job[R], event: str, text: str, change: str) -> Moved[R]:
    """Say in the task's event log why a job whose container is wanted waits, unless `change` is unchanged."""
    if job.told == change or not job.container_wanted:
        return job, ()
    return replace(job, told=change), (LogEvent(event, text),)
