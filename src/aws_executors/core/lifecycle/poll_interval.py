"""How often a container is polled.

Functions of time and of what was seen last. A container that starts or ends is polled often, one that has run
for long rarely: its end is noticed within a tenth of the time it has run. Where the row has shown the task
running, the row shows its end first: a third as many polls are left, for the container that dies unnoticed. A
poll that failed is repeated soon: its container is no older for that.
"""

from dataclasses import dataclass

from aws_executors.core.aws.backoff import Backoff, delay
from aws_executors.core.lifecycle.job import Job, R, Stage

SHOWN_BY_ROW = 3
"""How many times as rare polls are where the row shows a task's end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollInterval:
    """The shortest and the longest time between two polls of one container, in seconds."""

    quickest: float = 1.0
    slowest: float = 15.0


def poll_after(job: Job[R], pace: PollInterval, now: float) -> float:
    """Seconds until the job's container should be polled again.

    >>> from aws_executors.core.lifecycle.observation import Observation, Phase
    >>> running = Observation(id="1", phase=Phase.RUNNING)
    >>> watched = Job(token="0b6e", stage=Stage.WATCHING, seen=running, since=0.0)
    >>> [poll_after(watched, PollInterval(), now) for now in (2.0, 50.0, 3600.0)]
    [1.0, 5.0, 15.0]
    >>> from dataclasses import replace
    >>> [poll_after(replace(watched, ran=True), PollInterval(), now) for now in (2.0, 20.0, 50.0)]
    [3.0, 6.0, 15.0]
    """
    if job.stage is not Stage.WATCHING or not job.runs:
        return pace.quickest
    often = max(pace.quickest, (now - job.since) / 10)
    return min(pace.slowest, often * SHOWN_BY_ROW if job.ran else often)


def poll_again_after(failures: int, pace: PollInterval) -> float:
    """Seconds until a container is polled again whose last `failures` polls have failed.

    Not spread: what was asked for in one call is asked for in one call again.

    >>> [poll_again_after(failures, PollInterval()) for failures in (1, 2, 3, 4, 5, 100)]
    [1.0, 2.0, 4.0, 8.0, 15.0, 15.0]
    """
    return delay(Backoff(base=pace.quickest, cap=pace.slowest), failures, spread=1.0)
