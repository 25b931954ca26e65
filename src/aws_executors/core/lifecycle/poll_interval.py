"""How often a container is polled.

Functions of time and of what was seen last. A young container, or one being stopped, is polled often; after
a long wait or run, rarely: its start or end is noticed within a tenth of that time. Once the row has shown
the task running, the row also shows its end first, and polls only find containers that die unnoticed: a third
as many, and fewer still if there are many containers. A failed poll is repeated soon, whatever the
container's age. While AWS sends events, polls make up for those that get lost.

The pause of a poll after a throttle is here, the pause of a submission in `core/aws/backoff.py`, the pause of
the whole account in `core/aws/token_bucket.py`.
"""

from dataclasses import dataclass, replace
from math import ceil

from aws_executors.core.aws.backoff import Backoff, delay
from aws_executors.core.lifecycle.job import Job, R, Stage

SHARED = 20
"""While events come, polls are aligned to a grid of a 20th of their pause, so that they share calls."""

SHOWN_BY_ROW = 3
"""How many times longer the pause is once the row has shown the task running, and so will show its end."""

FEW = 500
"""Up to this many containers `SHOWN_BY_ROW` alone applies. Above it, the pause grows in proportion to their
number, so that the number of calls does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollInterval:
    """The times between two polls of one container, in seconds.

    Without events they are from `quickest` to `slowest`. While events come, a container is first polled
    `first_poll` seconds after it was accepted, and then as without events until an event has named it. From
    then on it is polled every `sweep` seconds while it runs, and every `unsettled` seconds before it starts
    and while its end is awaited. An event takes less than two seconds: if none names an accepted container
    within `silence` seconds, all are polled as without events.
    """

    quickest: float = 1.0
    slowest: float = 15.0
    first_poll: float = 15.0
    unsettled: float = 60.0
    sweep: float = 300.0
    silence: float = 30.0


def poll_interval_of(quickest: float, slowest: float) -> PollInterval:
    """The intervals for these options; events never make polls more frequent.

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
    """Seconds until the job's container should be polled again.

    `events_come` says whether events name this container, `containers` how many containers there are in all.

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
    """Seconds until the next poll of a container whose last `failures` polls have failed.

    There is no jitter: containers that shared the failed call share the next one, too.

    >>> [poll_again_after(failures, PollInterval()) for failures in (1, 2, 3, 4, 5, 100)]
    [1.0, 2.0, 4.0, 8.0, 15.0, 15.0]
    """
    return delay(Backoff(base=pace.quickest, cap=pace.slowest), failures, spread=1.0)


def _while_events_come(job: Job[R], pace: PollInterval, now: float) -> float:
    """The pause, made up to a 20th longer to end at a time that many containers share."""
    pause = pace.sweep if job.stage is Stage.WATCHING and job.runs else pace.unsettled
    grid = pause / SHARED
    return ceil((now + pause) / grid) * grid - now
