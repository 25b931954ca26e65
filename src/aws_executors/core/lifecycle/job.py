"""A job: one queueing of one task instance (or one callback), as a value.

A job keeps its token through all containers that are started for it. A *container* is an ECS task or a Batch
job: it has an id, and belongs to one submission of the job. Only `machine.py` changes a job.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

from aws_executors.core.lifecycle.effects import Report
from aws_executors.core.lifecycle.observation import Observation, Phase

R = TypeVar("R")


class Stage(StrEnum):
    """Where a job is; each stage waits for one kind of event."""

    PREPARING = "preparing"  # its request is being built
    SUBMITTING = "submitting"  # a submission is under way
    BACKING_OFF = "backing off"  # the submission was refused for now; repeated when due
    LOOKING_UP = "looking up"  # AWS is asked by the token whether there is a container
    WATCHING = "watching"  # there is a container, or a row, to follow
    AWAITING_ROW = "awaiting row"  # the container has ended; the row is read before anything is reported
    STOPPING = "stopping"  # nobody waits for the container: it is followed to its end, and stopped when due
    CONFIRMING = "confirming"  # the end is reported and the slot is free; the row is read until it shows it
    CLOSED = "closed"


class Purpose(StrEnum):
    """Why the job exists, which decides what a look-up that finds nothing means."""

    RUN = "run"  # queued by Airflow for this scheduler
    ADOPT = "adopt"  # found after another scheduler died; followed to its end
    RELEASE = "release"  # found likewise, but adoption is off: fenced, stopped, then requeued
    CANCEL = "cancel"  # revoked by Airflow: stop whatever there is
    LEAVE = "leave"  # its row has moved on without it: what there is may end by itself, for a while


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(Generic[R]):
    """One queueing of one task instance, from hand-over to the end of its last container."""

    # Identity.
    token: str
    try_number: int = 1
    has_row: bool = True  # False for a callback, and for a pooled job
    pooled: bool = False  # the job of a warm container, not of a task

    # Progress.
    purpose: Purpose = Purpose.RUN
    stage: Stage = Stage.PREPARING
    attempt: int = 1  # which container this is, from 1
    due: float | None = None  # when the job wants to be woken
    failures: int = 0  # calls that failed or were refused since the last success
    lookups: int = 0  # look-ups in a row that have found nothing
    # When the job asked for its row: a row that was read earlier may be older than the container's end.
    row_asked_at: float = 0.0

    # The submission. The request is kept until AWS has answered, so that a repeat is the same to the byte; it
    # holds a secret (the workload token).
    request: R | None = field(default=None, repr=False)
    ambiguous: bool = False  # the submission may have been carried out although no answer said so
    repeated: bool = False  # the submission was made again after look-ups had found no container
    fails_with: str = ""  # what is reported if it turns out that there is no other container
    runs_elsewhere: bool = False  # the task runs in another container, and must not be failed

    # The container.
    container: str = ""
    past: tuple[str, ...] = ()  # the ids of earlier containers, which look-ups by token exclude
    seen: Observation | None = None
    ran: bool = False  # the row has shown the task running in the container, whatever AWS shows
    since: float = 0.0  # when the container was accepted or found, or the present submission first refused

    # What Airflow and its users have been told.
    told: str = ""  # `change` of the last event log line that says why the job waits (`say_once`)
    report: Report | None = None  # what was reported to Airflow of the task's end
    reported: int = 0  # how many times it was reported

    # The stored workload.
    # Seconds between two renewals of its token while the container waits; None: nothing is stored.
    renew_every: float | None = None
    renew_at: float = 0.0

    @property
    def container_wanted(self) -> bool:
        """Whether the task is to start or to go on in the container: then its stored token is renewed while
        the container waits, and the task's event log says why it waits.

        Neither this nor `withdrawn` holds for RELEASE: nothing is submitted, but the slot is still taken.
        """
        return self.purpose in (Purpose.RUN, Purpose.ADOPT)

    @property
    def withdrawn(self) -> bool:
        """Whether Airflow has taken the task back, or moved on: nothing is submitted or reported any more."""
        return self.purpose in (Purpose.CANCEL, Purpose.LEAVE)

    @property
    def runs(self) -> bool:
        """Whether the present container runs the task, by the task's row or by AWS's last description."""
        return self.ran or (self.seen is not None and self.seen.phase is Phase.RUNNING)

    @property
    def has_run(self) -> bool:
        """Whether the present container runs the task, or has run it; the container may have ended by now."""
        seen = self.seen
        return self.ran or (seen is not None and (seen.started or seen.phase is Phase.RUNNING))

    @property
    def had_container(self) -> bool:
        """Whether AWS has ever accepted a submission of this job."""
        return bool(self.container or self.past)
