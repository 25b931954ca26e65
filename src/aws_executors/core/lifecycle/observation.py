"""What we know of a container: the vocabulary that both services' describe mappings speak.

Law: no word of ECS or Batch stands here. `ecs/describe.py` and `batch/describe.py` translate into it, and
everything behind them (`job.py`, `verdict.py`, the engine) speaks nothing else.
"""

from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """How far a container has come.

    `WAITING` has not started (image pull and placement included), `RUNNING` has, `SUCCEEDED` and `FAILED`
    have an outcome (even while the platform still cleans up), `ABSENT` is not shown by AWS: not yet, or no
    longer.
    """

    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ABSENT = "absent"


class Cause(StrEnum):
    """Why a container failed, as far as it changes what happens next."""

    EXITED = "exited"  # the Airflow container exited or was killed, with a code other than 0
    NEVER_STARTED = "never started"  # placement, image pull, secrets, network: user code never ran
    HOST_LOST = "host lost"  # its host went away
    RECLAIMED = "reclaimed"  # Fargate Spot capacity reclaimed
    INSTANCE_ENDED = "instance ended"  # its EC2 instance was terminated: Spot interruption or scale-in
    STOPPED = "stopped"  # on request: StopTask, TerminateJob, a service
    INVALID = "invalid"  # AWS rejected it, and would reject the next one
    WITHDRAWN = "withdrawn"  # by one of our executors: orphaned, revoked, or its scheduler shut down
    TIMED_OUT = "timed out"  # the platform's time limit for one attempt, or for waiting in its queue
    UNCLEAR = "unclear"  # it ended, and AWS gives no reason


class Sign(StrEnum):
    """What the shape of AWS's answer tells of an end, where its words do not say it."""

    BY_A_PERSON = "by a person"  # the words are a person's, and tell of nothing but what the person did
    TAKEN_ALONG = "taken along"  # another essential container ended first, and took the task along
    NO_PLACE = "no place"  # a capacity provider found no instance for it


class Source(StrEnum):
    """Where an observation comes from: asked for, or told."""

    DESCRIBE = "describe"
    EVENT = "event"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One look at one container.

    `id` is the ECS task's ARN or the Batch job's id. `name` is what we can look it up by (``startedBy``,
    ``jobName``). `status` is AWS's own word for how far it has come, `stop_code` its word for why it ended
    (ECS ``stopCode``; empty on Batch). `reason` is what AWS says of the whole and of the Airflow container,
    in a person's reading order, `others` what it says of other containers, `sign` what it tells without
    words, `culprit` the other container that ended first, with its code. `exit_code` is the Airflow
    container's, `started` says whether that ever ran, or may have, `final` whether AWS is done with it, so
    that nothing more will change. `version` counts up per task where the service gives one (ECS), so that
    older news can be told apart; `created` is in epoch seconds. `log_stream` is the awslogs stream, if the
    answer names it (Batch).
    """

    id: str
    phase: Phase
    name: str = ""
    status: str = ""
    exit_code: int | None = None
    stop_code: str = ""
    reason: str = ""
    others: str = ""
    sign: Sign | None = None
    culprit: str = ""
    cause: Cause | None = None
    started: bool = False
    final: bool = False
    version: int | None = None
    created: float | None = None
    log_stream: str = ""
    source: Source = Source.DESCRIBE

    @property
    def ended(self) -> bool:
        """Whether there is an outcome."""
        return self.phase in (Phase.SUCCEEDED, Phase.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """One record of an answer that could not be read: which, and why (C6)."""

    id: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeResult:
    """What one describe call told: one observation per id that could be read, absent ids included."""

    observations: tuple[Observation, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
