"""What the desk needs done.

Law: one protocol, no implementation. Workers answer it with threads (`errands.py`), a simulator with virtual
time; the desk can not tell them apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeVar

from aws_executors.shell.mail import Asked, Handover, K

R = TypeVar("R")


class Hands(Protocol[K, R]):
    """Who carries out what the desk hands on, and posts a letter with what came of it. None of it waits.

    `question` is the number that the letter is to carry.
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

    def prepare(self, handover: Handover[K, R], attempt: int, question: int) -> None:
        """Build the request of one attempt."""
        ...

    def renew(self, handover: Handover[K, R], attempt: int, question: int) -> None:
        """Give the stored workload of one attempt a fresh token."""
        ...

    def discard(self, handover: Handover[K, R]) -> None:
        """Take away whatever was stored for a job that is closed."""
        ...

    def submit(self, handover: Handover[K, R], request: R, question: int) -> None:
        """Start one container."""
        ...

    def find(self, handover: Handover[K, R], exclude: tuple[str, ...], question: int) -> None:
        """Look for a job's container by its token."""
        ...

    def stop_one(self, handover: Handover[K, R], container: str, reason: str, question: int) -> None:
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

    def cut_off(self, token: str, key: K) -> None:
        """Have Airflow refuse the word of the container that runs this task instance."""
        ...

    def cut_off_all(self, containers: Mapping[str, tuple[str, K]]) -> None:
        """The same at the end, for these containers: the token and the key of each."""
        ...

    def give_back(self, token: str, key: K) -> None:
        """Give one task instance back to the scheduler."""
        ...
