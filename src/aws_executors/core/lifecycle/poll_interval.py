"""How often a container is looked at.

Law: functions of time and of what was seen last. A container that starts or ends is looked at quickly, one
that has run for long is looked at rarely: its end is noticed within a tenth of the time it has run. Where the
row has shown the task running, the row tells its end first: a third as many looks are left, for the container
that dies without a word. A look that told nothing is made again soon: its container is no older for that.
"""

from dataclasses import dataclass

from aws_executors.core.aws.backoff import Backoff, delay
from aws_executors.core.lifecycle.job import Job, R, Stage
from aws_executors.core.lifecycle.observation import Phase

TOLD_BY_THE_ROW = 3
"""How many times as rare looks are where the row tells of a task's end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollInterval:
    """The shortest and the longest time between two looks at one container, in seconds."""

    quickest: float = 1.0
    slowest: float = 15.0


def poll_after(job: Job[R], pace: PollInterval, now: float) -> float:
    """Seconds until the job's container should be looked at again.

    >>> from aws_executors.core.lifecycle.observation import Observation
    >>> running = Observation(id="1", phase=Phase.RUNNING)
    >>> watched = Job(token="0b6e", stage=Stage.WATCHING, seen=running, since=0.0)
    >>> [poll_after(watched, PollInterval(), now) for now in (2.0, 50.0, 3600.0)]
    [1.0, 5.0, 15.0]
    >>> from dataclasses import replace
    >>> [poll_after(replace(watched, ran=True), PollInterval(), now) for now in (2.0, 20.0, 50.0)]
    [3.0, 6.0, 15.0]
    """
    runs = job.ran or (job.seen is not None and job.seen.phase is Phase.RUNNING)
    if job.stage is not Stage.WATCHING or not runs:
        return pace.quickest
    often = max(pace.quickest, (now - job.since) / 10)
    return min(pace.slowest, often * TOLD_BY_THE_ROW if job.ran else often)


def poll_again_after(failures: int, pace: PollInterval) -> float:
    """Seconds until a container is looked at again of which the last `failures` looks told nothing.

    Not spread: what was asked for in one call is asked for in one call again.

    >>> [poll_again_after(failures, PollInterval()) for failures in (1, 2, 3, 4, 5, 100)]
    [1.0, 2.0, 4.0, 8.0, 15.0, 15.0]
    """
    return delay(Backoff(base=pace.quickest, cap=pace.slowest), failures, spread=1.0)
