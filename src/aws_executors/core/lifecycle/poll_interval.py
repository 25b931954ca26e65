"""How often a container is polled.

Functions of time and of what was seen last. A container that is young or is being stopped is polled often,
one that has waited or run for long rarely: its start or end is noticed within a tenth of that time. Where the
row has shown the task running, the row shows its end first: a third as many polls are left, for the container
that dies unnoticed, and of many containers fewer still. A poll that failed is repeated soon: its container is
no older for that. Where AWS tells by events what happens, polls are for what gets lost of them.

After a throttle this is the pause of a poll. That of a submission is in `core/aws/backoff.py`, that of the
account, for all calls, in `core/aws/token_bucket.py`.
"""

from dataclasses import dataclass, replace
from math import ceil

from aws_executors.core.aws.backoff import Backoff, delay
from aws_executors.core.lifecycle.job import Job, R, Stage

SHARED = 20
"""Into how many parts a long pause is divided, at the ends of which polls are made together."""

SHOWN_BY_ROW = 3
"""How many times as rare polls are where the row shows a task's end."""

FEW = 500
"""Containers up to which this is so. Where there are more, polls become rarer by as much: their calls do not
grow with their number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollInterval:
    """The shortest and the longest time between two polls of one container, in seconds.

    While events come, a container is polled `first_poll` seconds after it was accepted, and then as without
    events, until one has named it. From then on it is polled every `unsettled` seconds while it has yet to
    start, or its end is waited for, and every `sweep` seconds while it runs. Where accepted containers are
    named by no event within `silence` seconds, all are polled as without events; an event takes less than
    two.
    """

    quickest: float = 1.0
    slowest: float = 15.0
    first_poll: float = 15.0
    unsettled: float = 60.0
    sweep: float = 300.0
    silence: float = 30.0


def poll_interval_of(quickest: float, slowest: float) -> PollInterval:
    """By these options; while events come, polls are no more frequent than without them.

    >>> rare = poll_interval_of(60.0, 900.0)
    >>> poll_interval_of(1.0, 15.0).sweep, rare.first_poll, rare.sweep
    (300.0, 60.0, 900.0)
    """
    usual = PollInterval(quickest=quickest, slowest=slowest)
    return replace(
        usual,
        first_poll=max(quickest, usual.first_poll),
        unsettled=max(quickest, usual.unsettled),
        sweep=max(slowest, usual.sweep),
    )


def poll_after(
    job: Job[R], pace: PollInterval, now: float, *, events_come: bool = False, containers: int = 1
) -> float:
    """Seconds until the job's container should be polled again; with `events_come`, events tell of it.

    `containers` is how many there are.

    >>> from aws_executors.core.lifecycle.observation import Observation, Phase
    >>> running = Observation(id="1", phase=Phase.RUNNING)
    >>> watched = Job(token="0b6e", stage=Stage.WATCHING, seen=running, since=0.0)
    >>> [poll_after(watched, PollInterval(), now) for now in (2.0, 50.0, 3600.0)]
    [1.0, 5.0, 15.0]
    >>> from dataclasses import replace
    >>> [poll_after(replace(watched, ran=True), PollInterval(), now) for now in (2.0, 20.0, 50.0)]
    [3.0, 6.0, 15.0]
    >>> poll_after(replace(watched, ran=True), PollInterval(), 10.0, containers=1_000)
    6.0
    >>> accepted = Job(token="0b6e", stage=Stage.WATCHING)
    >>> [poll_after(job, PollInterval(), 50.0, events_come=True) for job in (accepted, watched)]
    [61.0, 310.0]
    """
    if events_come:
        return _while_events_come(job, pace, now)
    if job.stage is not Stage.WATCHING:
        return pace.quickest
    shortest, part = pace.quickest, (now - job.since) / 10
    if job.ran:
        shortest, part = shortest * SHOWN_BY_ROW, part * SHOWN_BY_ROW * max(1.0, containers / FEW)
    return min(pace.slowest, max(shortest, part))


def poll_again_after(failures: int, pace: PollInterval) -> float:
    """Seconds until a container is polled again whose last `failures` polls have failed.

    Not spread: what was asked for in one call is asked for in one call again.

    >>> [poll_again_after(failures, PollInterval()) for failures in (1, 2, 3, 4, 5, 100)]
    [1.0, 2.0, 4.0, 8.0, 15.0, 15.0]
    """
    return delay(Backoff(base=pace.quickest, cap=pace.slowest), failures, spread=1.0)


def _while_events_come(job: Job[R], pace: PollInterval, now: float) -> float:
    """At times that many containers share, so that they share calls: up to a twentieth later."""
    pause = pace.sweep if job.stage is Stage.WATCHING and job.runs else pace.unsettled
    grid = pause / SHARED
    return ceil((now + pause) / grid) * grid - now
