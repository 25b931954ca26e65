"""How far a job has come, as the fleet page shows it.

A job's stage says what the job waits for; a display state says what a person would call that. `BY_STAGE` has
a state for each stage; `display_state` adds the two conditions under which a job has another state.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from aws_executors.core.lifecycle.job import Job, R, Stage


class DisplayState(StrEnum):
    """How far a job has come, in the order in which it happens."""

    WAITING = "waiting"  # its request is being built, or AWS has refused it for now
    SUBMITTING = "submitting"  # waits for its turn under AWS's rate limit, or is being submitted or looked up
    STARTING = "starting"  # AWS has its container, which does not run yet
    RUNNING = "running"  # its container runs
    ENDING = "ending"  # its container ends, or its end is being reported


BY_STAGE: Mapping[Stage, DisplayState] = MappingProxyType(
    {
        Stage.PREPARING: DisplayState.WAITING,
        Stage.BACKING_OFF: DisplayState.WAITING,
        Stage.SUBMITTING: DisplayState.SUBMITTING,
        Stage.LOOKING_UP: DisplayState.SUBMITTING,
        Stage.WATCHING: DisplayState.STARTING,
        Stage.AWAITING_ROW: DisplayState.ENDING,
        Stage.STOPPING: DisplayState.ENDING,
        Stage.CONFIRMING: DisplayState.ENDING,
        Stage.CLOSED: DisplayState.ENDING,
    }
)


def display_state(job: Job[R]) -> DisplayState:
    """How far a job has come.

    >>> display_state(Job(token="0b6e")), display_state(Job(token="0b6e", stage=Stage.WATCHING, ran=True))
    (<DisplayState.WAITING: 'waiting'>, <DisplayState.RUNNING: 'running'>)
    """
    state = BY_STAGE[job.stage]
    if state is DisplayState.SUBMITTING and job.failures:
        # A submission that was refused is repeated now and then; to a person the job waits all the time.
        return DisplayState.WAITING
    return DisplayState.RUNNING if state is DisplayState.STARTING and job.has_run else state
