"""The end of a scheduler whose containers are not to outlive it.

Law: bookkeeping for one thread. Each container is asked to stop once, and in time. A container that is
being stopped may report its task as failed, so the task instance is set to restarting first (the fence);
that needs Airflow's database, which is waited for only as long as it answers.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Generic, TypeVar

from aws_executors.core.lifecycle.stop_reasons import SHUT_DOWN
from aws_executors.shell.aws.pagination import chunks
from aws_executors.shell.engine.messages import K
from aws_executors.shell.engine.protocol import Operations

R = TypeVar("R")

CHUNK = 10
"""Containers that one worker fences or stops, so that all workers share the work."""

SILENCE = 0.7
"""Seconds that the stops wait for the next answer of the database, of less than two that there are in all."""


class Shutdown(Generic[K, R]):
    """Which containers are yet to be stopped, and which stops are not answered yet."""

    def __init__(self, operations: Operations[K, R]) -> None:
        self._operations = operations
        self._heard: dict[str, None] = {}
        self._silent_at = 0.0
        self._asked: set[str] = set()

    @property
    def settled(self) -> bool:
        """Whether every container has been asked to stop, and AWS has answered."""
        return not (self._heard or self._asked)

    def leave(self, containers: Mapping[str, tuple[str, K]], now: float) -> None:
        """Fence these containers, each given with its token and key, then stop them."""
        if not self._heard:
            self._silent_at = now + SILENCE
        self._heard |= dict.fromkeys(containers)
        for some in chunks(tuple(containers), CHUNK):
            self._operations.fence_all({container: containers[container] for container in some})

    def fence(self, containers: Iterable[str], now: float) -> None:
        """The database has answered for these: they are stopped, unless they have been."""
        self._silent_at = now + SILENCE
        self._stop([container for container in containers if container in self._heard])

    def turn(self, now: float) -> None:
        """Stop all, if the database has fallen silent."""
        if self._heard and now >= self._silent_at:
            self._stop(list(self._heard))

    def stopped(self, containers: Iterable[str]) -> None:
        """AWS has answered."""
        self._asked.difference_update(containers)

    def _stop(self, containers: Sequence[str]) -> None:
        self._asked.update(containers)
        for some in chunks(containers, CHUNK):
            self._operations.stop_all(tuple(some), SHUT_DOWN)
        for container in containers:
            del self._heard[container]
