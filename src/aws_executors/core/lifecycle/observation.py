"""What is known of a container, in terms that are the same for ECS and Batch.

Law: nothing of ECS or Batch is here. `ecs/answers/describe.py` and `batch/answers/describe.py` translate
AWS's answers into an `Observation`; `job.py`, `verdict.py` and the engine know nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from aws_executors.core.lifecycle.allocation import Allocation


class Phase(StrEnum):
    """How far a container has come.

    `PENDING` has not started (image pull and placement included), `RUNNING` has, `SUCCEEDED` and `FAILED`
    have an outcome (even while the platform still cleans up), `ABSENT` is not shown by AWS: not yet, or no
    longer.
    """

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ABSENT = "absent"


class Cause(StrEnum):
    """Why a container failed, in the distinctions that change what happens next."""

    EXITED = "exited"  # the Airflow container exited or was killed, with a code other than 0
    NEVER_STARTED = "never started"  # placement, image pull, secrets, network: user code never ran
    HOST_LOST = "host lost"  # its host went away
    RECLAIMED = "reclaimed"  # Fargate Spot capacity reclaimed
    INSTANCE_ENDED = "instance ended"  # its EC2 instance was terminated: Spot interruption or scale-in
    STOPPED = "stopped"  # stopped on request: StopTask, TerminateJob, an ECS service
    INVALID = "invalid"  # AWS rejected it, and would reject the next one
    WITHDRAWN = "withdrawn"  # stopped by one of our executors: orphaned, revoked, or its scheduler ended
    TIMED_OUT = "timed out"  # the platform's time limit for one attempt, or for waiting in its queue
    UNCLEAR = "unclear"  # it ended, and AWS shows no exit code


class Sign(StrEnum):
    """What is known of an end from the shape of AWS's answer, where its text does not say it."""

    BY_A_PERSON = "by a person"  # the text is a person's, and says nothing but what the person did
    TAKEN_ALONG = "taken along"  # another essential container ended first, and took the task along
    NO_INSTANCE = "no instance"  # a capacity provider found no instance for it
    NO_LONGER_SHOWN = "no longer shown"  # AWS shows nothing: that it has ended is our guess


class Source(StrEnum):
    """Where an observation comes from: asked for, or sent by AWS."""

    DESCRIBE = "describe"
    EVENT = "event"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One description of one container."""

    id: str  # the ECS task's ARN or the Batch job's id
    phase: Phase
    name: str = ""  # the name by which it can be looked up (``startedBy``, ``jobName``)
    status: str = ""  # its status in AWS's words
    exit_code: int | None = None  # the Airflow container's

    # Why it ended.
    stop_code: str = ""  # ECS ``stopCode``; empty on Batch
    reason: str = ""  # what AWS says of the task or job, then of its Airflow container
    others: str = ""  # what AWS says of other containers
    sign: Sign | None = None
    culprit: str = ""  # the other container that ended first, with its code
    cause: Cause | None = None

    started: bool = False  # the Airflow container ever ran, or may have
    final: bool = False  # AWS is done with it: nothing more will change
    version: int | None = None  # counts up per task where the service gives one (ECS)
    order: int | None = None  # where the service gives no version (Batch): rises with the status
    created: float | None = None  # epoch seconds
    log_stream: str = ""  # the awslogs stream, if the answer names it (Batch)
    # Reads its sizes and times; only on demand, because reading takes time and few of them are needed.
    given: Callable[[], Allocation | None] | None = field(default=None, compare=False, repr=False)
    used: str = field(default="", compare=False, repr=False)  # what a warm container's workload has used
    source: Source = Source.DESCRIBE

    @property
    def ended(self) -> bool:
        """Whether there is an outcome."""
        return self.phase in (Phase.SUCCEEDED, Phase.FAILED)

    @property
    def allocation(self) -> Allocation | None:
        """The container's sizes and times, where AWS shows them."""
        return None if self.given is None else self.given()

    def with_allocation(self, read: Callable[[], Allocation | None], *, running: bool) -> "Observation":
        """This observation with `read` for its sizes and times; if it has not ended, only with `running`.

        If it has not ended, they are read now, so that `read` does not keep a large description in memory.
        """
        if self.ended:
            return replace(self, given=read)
        if not running:
            return self
        told = read()
        return replace(self, given=lambda: told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """One record of an answer that could not be read: its id, and why (C6 in docs/reliability.md)."""

    id: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeResult:
    """The answer to one describe call: one observation per id that could be read, absent ids included."""

    observations: tuple[Observation, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
