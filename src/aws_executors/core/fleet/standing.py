"""How far a job has come, in the words of somebody who looks at hundreds of them.

Law: a job's stage says what it waits for; a standing says what a person would call that. One table, and a
question where a stage is two things to a person.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from aws_executors.core.job import Job, R, Stage
from aws_executors.core.metrics import has_begun


class Standing(StrEnum):
    """What a person would call it, in the order in which it happens."""

    WAITING = "waiting"  # its request is being built, or AWS has refused it for now
    SUBMITTING = "submitting"  # waits for its turn under AWS's rate limit, or is being submitted or looked up
    STARTING = "starting"  # AWS has its container, which does not run yet
    RUNNING = "running"  # its container runs
    ENDING = "ending"  # its container ends, or its end is being told


STANDINGS: Mapping[Stage, Standing] = MappingProxyType(
    {
        Stage.PREPARING: Standing.WAITING,
        Stage.BACKING_OFF: Standing.WAITING,
        Stage.SUBMITTING: Standing.SUBMITTING,
        Stage.LOOKING: Standing.SUBMITTING,
        Stage.WATCHING: Standing.STARTING,
        Stage.JUDGING: Standing.ENDING,
        Stage.ENDING: Standing.ENDING,
        Stage.CONFIRMING: Standing.ENDING,
        Stage.CLOSED: Standing.ENDING,
    }
)


def standing_of(job: Job[R]) -> Standing:
    """How far a job has come.

    >>> standing_of(Job(token="0b6e")), standing_of(Job(token="0b6e", stage=Stage.WATCHING, ran=True))
    (<Standing.WAITING: 'waiting'>, <Standing.RUNNING: 'running'>)
    """
    standing = STANDINGS[job.stage]
    if standing is Standing.SUBMITTING and job.failures:
        return Standing.WAITING  # refused before, and asked again now and then: it has waited all the time
    return Standing.RUNNING if standing is Standing.STARTING and has_begun(job) else standing
