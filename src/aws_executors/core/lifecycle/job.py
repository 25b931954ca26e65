"""A job: one queueing of one task instance (or one callback), as a value.

A job keeps its token over every container that is started for it. A *container* is an ECS task or a Batch
job: it has an id, and belongs to one submission of the job. `machine.py` is the one place that makes a job
into the next one.
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

    # Whose it is.
    token: str
    try_number: int = 1
    has_row: bool = True  # False for a callback, and for what is pooled
    # It is no task's, but that of a container which takes the workloads of other jobs.
    pooled: bool = False

    # How far it is.
    purpose: Purpose = Purpose.RUN
    stage: Stage = Stage.PREPARING
    attempt: int = 1  # which container this is, from 1
    due: float | None = None  # when it wants to be woken
    failures: int = 0  # calls that failed or were refused since one did what was wanted
    lookups: int = 0  # look-ups in a row that have found nothing
    # When it asked for its row: a row that was read before may be older than the container's end.
    row_asked_at: float = 0.0

    # The submission. Kept until AWS has answered, so that a repeat is the same to the byte; it holds a secret
    # (the workload token).
    request: R | None = field(default=None, repr=False)
    ambiguous: bool = False  # it may have been carried out although nobody said so
    repeated: bool = False  # it has been made again all the same
    fails_with: str = ""  # what is to be reported if it turns out that there is no other container
    runs_elsewhere: bool = False  # the task runs in another container, and is not to be failed

    # The container.
    container: str = ""
    past: tuple[str, ...] = ()  # the ids of those that have ended before (for look-ups by token)
    seen: Observation | None = None
    ran: bool = False  # the row has shown the task running in it, whatever AWS shows
    since: float = 0.0  # when it was accepted, or the present submission first refused

    # What has been said.
    told: str = ""  # the last line in the task's event log about its waiting
    report: Report | None = None  # what Airflow was told of its end
    reported: int = 0  # times

    # The stored workload.
    # Seconds between two workload tokens while it waits; None: nothing is stored.
    renew_every: float | None = None
    renew_at: float = 0.0

    @property
    def container_wanted(self) -> bool:
        """Whether its task wants the container, to start in it or to go on: so its token is renewed while it
        waits, and the task's event log says why it does.

        Neither this nor `withdrawn` holds for RELEASE: nothing is submitted, but the slot is still taken.
        """
        return self.purpose in (Purpose.RUN, Purpose.ADOPT)

    @property
    def withdrawn(self) -> bool:
        """Whether Airflow has taken the task back, or moved on: nothing is submitted or reported any more."""
        return self.purpose in (Purpose.CANCEL, Purpose.LEAVE)

    @property
    def runs(self) -> bool:
        """Whether the present container runs its task, by its row or by its last description."""
        return self.ran or (self.seen is not None and self.seen.phase is Phase.RUNNING)

    @property
    def has_run(self) -> bool:
        """Whether the present container runs its task, or has; it may have ended by now."""
        seen = self.seen
        return self.ran or (seen is not None and (seen.started or seen.phase is Phase.RUNNING))

    @property
    def had_container(self) -> bool:
        """Whether AWS has ever accepted a submission of it."""
        return bool(self.container or self.past)
