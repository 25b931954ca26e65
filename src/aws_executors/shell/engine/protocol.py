"""What the dispatcher needs done.

Law: one protocol, no implementation. Workers answer it with threads (`operations.py`), a simulator with
virtual time; the dispatcher can not tell them apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeVar

from aws_executors.shell.engine.messages import Asked, K, WorkItem

R = TypeVar("R")


class Operations(Protocol[K, R]):
    """Who carries out what the dispatcher hands on, and posts a message with what came of it. None of
    it waits.

    `request_id` is the number that the message is to carry.
    """

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

    def prepare(self, work_item: WorkItem[K, R], attempt: int, request_id: int) -> None:
        """Build the request of one attempt."""
        ...

    def renew(self, work_item: WorkItem[K, R], attempt: int, request_id: int) -> None:
        """Give the stored workload of one attempt a fresh token."""
        ...

    def discard(self, work_item: WorkItem[K, R]) -> None:
        """Take away whatever was stored for a job that is closed."""
        ...

    def submit(self, work_item: WorkItem[K, R], request: R, request_id: int) -> None:
        """Start one container."""
        ...

    def find(self, work_item: WorkItem[K, R], exclude: tuple[str, ...], request_id: int) -> None:
        """Look for a job's container by its token."""
        ...

    def stop_one(self, work_item: WorkItem[K, R], container: str, reason: str, request_id: int) -> None:
        """Stop one job's container."""
        ...

    def stop_all(self, containers: tuple[str, ...], reason: str) -> None:
        """Stop these containers, nobody's job any more."""
        ...

    def describe(self, containers: tuple[str, ...]) -> None:
        """Look at up to 100 containers."""
        ...

    def read_rows(self, asked: Mapping[str, Asked[K]]) -> None:
        """Read the rows of these jobs, by token, and tell those that say something new."""
        ...

    def fence(self, token: str, key: K) -> None:
        """Have Airflow refuse the word of the container that runs this task instance."""
        ...

    def fence_all(self, containers: Mapping[str, tuple[str, K]]) -> None:
        """The same at the end, for these containers: the token and the key of each."""
        ...

    def requeue(self, token: str, key: K) -> None:
        """Give one task instance back to the scheduler."""
        ...
