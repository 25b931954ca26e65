"""What the dispatcher needs done.

Law: one protocol, no implementation. Workers answer it with threads (`operations.py`), a simulator with
virtual time; the dispatcher can not tell them apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeAlias, TypeVar

from aws_executors.core.lifecycle.job import Fence, LookUp, Prepare, Renew, Requeue, Stop, Submit
from aws_executors.shell.engine.messages import Asked, K, WorkItem

R = TypeVar("R")

STALL = 5.0
"""Seconds without a turn of the engine after which Airflow may have taken this scheduler for dead, and given
its tasks to another one: nothing that was in hand before is submitted until its row was read anew. Well below
``[scheduler] scheduler_health_check_threshold`` (30)."""

Performable: TypeAlias = "Prepare | Renew | Submit[R] | LookUp | Stop | Fence | Requeue"
"""What a job may ask for that has to be done elsewhere, and may take its time."""


class Operations(Protocol[K, R]):
    """Who carries out what the dispatcher hands on, and posts a message with what came of it. None of
    it waits."""

    @property
    def submissions_under_way(self) -> int:
        """How many submissions, and last stops, have begun and are not yet answered."""
        ...

    @property
    def room(self) -> int:
        """How many more submissions would soon begin; those beyond would only wait for others to end."""
        ...

    def drop_submissions(self) -> None:
        """Forget the submissions that nobody has begun."""
        ...

    def perform(self, work_item: WorkItem[K, R], effect: Performable[R], request_id: int = 0) -> None:
        """Do what this job asks for; the answer, a `JobEvent`, is to carry this number."""
        ...

    def discard(self, work_item: WorkItem[K, R]) -> None:
        """Take away whatever was stored for a job that is closed."""
        ...

    def describe(self, containers: tuple[str, ...]) -> None:
        """Poll up to 100 containers."""
        ...

    def read_rows(self, asked: Mapping[str, Asked[K]]) -> None:
        """Read the rows of these jobs, by token, and tell those that say something new."""
        ...

    def fence_all(self, containers: Mapping[str, tuple[str, K]]) -> None:
        """Have Airflow refuse the words of these containers at the end: the token and the key of each."""
        ...

    def stop_all(self, containers: tuple[str, ...], reason: str) -> None:
        """Stop these containers, nobody's job any more."""
        ...
