"""How often a container is looked at.

Law: functions of time and of what was seen last. A container that starts or ends is looked at quickly, one
that has run for long is looked at rarely: its end is noticed within a tenth of the time it has run.
"""

from dataclasses import dataclass

from aws_executors.core.job import Job, R, Stage
from aws_executors.core.state import Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The shortest and the longest time between two looks at one container, in seconds."""

    quickest: float = 1.0
    slowest: float = 15.0


def look_after(job: Job[R], pace: Pace, now: float) -> float:
    """Seconds until the job's container should be looked at again.

    >>> from aws_executors.core.state import Observation
    >>> running = Observation(id="1", phase=Phase.RUNNING)
    >>> watched = Job(token="0b6e", stage=Stage.WATCHING, seen=running, since=0.0)
    >>> [look_after(watched, Pace(), now) for now in (2.0, 50.0, 3600.0)]
    [1.0, 5.0, 15.0]
    """
    if job.stage is not Stage.WATCHING or job.seen is None or job.seen.phase is not Phase.RUNNING:
        return pace.quickest
    return min(pace.slowest, max(pace.quickest, (now - job.since) / 10))
