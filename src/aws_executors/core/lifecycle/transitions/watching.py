"""What a description of a container means.

Law: older news changes nothing, an outcome is never taken back, and a container is not gone just because AWS
does not show it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from aws_executors.core.explain.diagnosis import explain_wait
from aws_executors.core.lifecycle.job import Job, Purpose, Stage
from aws_executors.core.lifecycle.observation import Observation, Phase, Sign, Source
from aws_executors.core.lifecycle.policy import Policy
from aws_executors.core.lifecycle.transitions.moves import Moved, finish, look_up, say_once
from aws_executors.core.lifecycle.transitions.row_read import container_ended

R = TypeVar("R")

UNDER_WAY = (Stage.WATCHING, Stage.STOPPING)  # no frozenset: looked up so often that hashing would be slow


def observed(job: Job[R], observation: Observation, at: float, policy: Policy) -> Moved[R]:
    """A container has been described."""
    if observation.id != job.container or _stale(job, observation) or still_running(job, observation):
        return job, ()
    if observation.phase is Phase.ABSENT:
        return _absent(job, at, policy)
    newer = job if observation == job.seen else replace(job, seen=observation)
    match job.stage:
        case Stage.WATCHING if observation.ended:
            return finish(newer) if job.purpose is Purpose.RELEASE else container_ended(newer, at, policy)
        case Stage.AWAITING_ROW if not observation.ended:
            return replace(newer, stage=Stage.WATCHING), ()
        case Stage.WATCHING if observation.phase is Phase.PENDING and (
            observation.reason or at - job.since >= policy.patience_to_start
        ):  # worth a line: AWS says why it waits, or it waits for long
            change = f"{observation.status} {observation.reason}"
            return say_once(newer, "container waiting", explain_wait(observation), change)
        case Stage.STOPPING if observation.ended:
            return finish(newer)
        case Stage.STOPPING if observation.phase is Phase.RUNNING and (
            job.container_wanted or job.purpose is Purpose.LEAVE
        ):
            # Once the container runs, it has `linger` to end by itself, not `patience`.
            return (newer if job.runs else replace(newer, due=at + policy.linger)), ()
        case _:
            return newer, ()


def still_running(job: Job[R], observation: Observation) -> bool:
    """Whether a description only says again that the container runs, as most do."""
    same = observation is job.seen or observation == job.seen
    return same and observation.phase is Phase.RUNNING and job.stage in UNDER_WAY


def _stale(job: Job[R], observation: Observation) -> bool:
    if job.seen is None:
        return False
    if job.seen.ended and not observation.ended:
        # An outcome is never taken back, unless it was only our guess.
        return job.seen.sign is not Sign.NO_LONGER_SHOWN
    if observation.source is Source.EVENT and _below(observation.order, job.seen.order):
        return True  # only an event can be late: an answer to describe is current, whatever status it shows
    return _below(observation.version, job.seen.version)


def _below(number: int | None, other: int | None) -> bool:
    return number is not None and other is not None and number < other


def _absent(job: Job[R], at: float, policy: Policy) -> Moved[R]:
    """AWS does not show the container."""
    if at - job.since < policy.grace:
        return job, ()  # AWS is eventually consistent: a container just accepted may not be shown yet
    match job.stage:
        case Stage.WATCHING:
            return look_up(job, at)
        case Stage.STOPPING:
            return finish(job)
        case _:
            return job, ()
