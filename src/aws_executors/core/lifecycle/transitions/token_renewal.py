"""Keeping a stored workload's token (the JWT that lets it start) fresh while its container waits.

Law: the token is renewed well before it expires, and never once the container is seen to run, or is no longer
wanted: a fresh token would let in a container that is about to be stopped. A renewal that fails, or whose
answer is lost, is repeated; several repeats fit in before the token expires.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from aws_executors.core.lifecycle.effects import Renew
from aws_executors.core.lifecycle.events import Renewed
from aws_executors.core.lifecycle.job import Job, Stage
from aws_executors.core.lifecycle.transitions.moves import Moved, say_once

R = TypeVar("R")

UNTIMED = frozenset({Stage.SUBMITTING, Stage.WATCHING})
RENEWABLE = UNTIMED | {Stage.BACKING_OFF, Stage.LOOKING_UP}
RETRY_AFTER = 1 / 4
"""A renewal without an answer is repeated after this share of the time between two renewals."""


def renewal_interval(lifetime: float) -> float:
    """Seconds between two renewals of a workload token that is valid for `lifetime` seconds."""
    return lifetime / 2


def to_be_woken(job: Job[R]) -> Job[R]:
    """The job, to be woken for its next renewal if nothing else is due."""
    return replace(job, due=job.renew_at) if job.due is None and _renewable(job) else job


def renewal(job: Job[R], at: float) -> Moved[R]:
    """Ask for a fresh workload token, if it is time for one."""
    if at < job.renew_at or not _renewable(job) or job.renew_every is None:
        return job, ()
    return replace(job, renew_at=at + job.renew_every * RETRY_AFTER), (Renew(job.attempt),)


def renewed(job: Job[R], event: Renewed) -> Moved[R]:
    """A renewal has been answered, which sets the next interval; an adopted job learns its interval here."""
    if job.renew_every is None or not job.container_wanted:
        return job, ()
    if event.error is not None:
        text, change = event.error.with_remedy, f"renewal {event.error.code}"
        return say_once(job, "token renewal failed", text, change)
    due = None if job.stage in UNTIMED else job.due
    renew_at = event.at + (event.renew_every or 0.0)
    return replace(job, renew_every=event.renew_every, renew_at=renew_at, due=due), ()


def _renewable(job: Job[R]) -> bool:
    return job.renew_every is not None and job.container_wanted and job.stage in RENEWABLE and not job.runs
