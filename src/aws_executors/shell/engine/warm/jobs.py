"""What the pool of warm containers needs from the dispatcher, which has all jobs."""

from __future__ import annotations

from typing import Protocol, TypeVar

from aws_executors.core.lifecycle import effects, events
from aws_executors.core.lifecycle.observation import Observation
from aws_executors.shell.engine.job_table import Record
from aws_executors.shell.engine.messages import K, WorkItem

R = TypeVar("R")


class Jobs(Protocol[K, R]):
    """All jobs of one executor; `Dispatcher` is one."""

    def happen(self, record: Record[K, R], event: events.Event[R]) -> None:
        """Move a job by an event, and do what the job asks for."""
        ...

    def add(self, work_item: WorkItem[K, R]) -> Record[K, R] | None:
        """Take a job in, and begin it; returns its record, or None if it was not taken in."""
        ...

    def hold(self, record: Record[K, R], submission: effects.Submit[R]) -> None:
        """Hold back the submission of a job that is in doubt, until the job's row has been read."""
        ...

    def stop(self, record: Record[K, R], effect: effects.Stop) -> None:
        """Stop the container of a job, without looking at its cell."""
        ...

    def log_event(self, record: Record[K, R], line: effects.LogEvent) -> None:
        """Write a line into a task instance's event log."""
        ...

    def account(self, work_item: WorkItem[K, R], seen: Observation, served: tuple[str, ...]) -> None:
        """Report that a container has ended, and what was measured of each workload that it has run."""
        ...
