"""The end of a scheduler whose containers are not to outlive it.

Law: each container is asked to stop once, and in time. A container that is being stopped may report
its task as failed, so the task instance is set to restarting first (the fence). That needs Airflow's
database, and the stops wait for it only as long as it keeps answering.

What becomes of the old container of a deferred task is decided elsewhere: `superseded` in
`core/lifecycle/transitions/stopping.py`.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Generic, TypeVar

from returns.result import Result

from aws_executors.core.lifecycle.effects import SHUT_DOWN
from aws_executors.shell.aws.pagination import chunks
from aws_executors.shell.engine.calls.operations import FIRST, Operations
from aws_executors.shell.engine.context import EngineContext
from aws_executors.shell.engine.messages import K, WorkItem

R = TypeVar("R")

CHUNK = 10
"""How many containers one worker stops at a time, so that all workers share the work."""

SILENCE = 0.7
"""Seconds that the stops wait for the database's next answer; the whole shutdown has less than two."""

LONGEST_STEP = 0.1
"""The most seconds by which the time between two `run_due` adds to the database's silence, several times the
usual: during the rest of a longer time this process was stalled, and could receive no answer."""


class Shutdown(Generic[K, R]):
    """The containers that are yet to be stopped, and those whose stop is not answered yet."""

    def __init__(self, context: EngineContext[K, R], operations: Operations[K, R]) -> None:
        self._clock = context.clock
        self._error_log = context.error_log
        self._operations = operations
        self._to_stop: dict[str, None] = {}
        self._fenced: list[str] = []  # those in `_to_stop` whose fence is answered
        self._stopping: set[str] = set()
        self._silence = 0.0  # seconds without an answer of the database, as of the last `run_due`
        self._ran_at = 0.0

    @property
    def settled(self) -> bool:
        """Whether every container has been asked to stop, and AWS has answered."""
        return not (self._to_stop or self._stopping)

    def stop(self, containers: Mapping[str, WorkItem[K, R]]) -> None:
        """Fence the task instances of these containers, then stop the containers."""
        if not self._to_stop:
            self._silence = 0.0
        for container, work_item in containers.items():
            self._to_stop[container] = None
            self._operations.fence(work_item, partial(self._fence_answered, container), FIRST)

    def run_due(self) -> None:
        """Stop the containers that are fenced, or all of them if the database has fallen silent."""
        now = self._clock()
        self._silence += min(LONGEST_STEP, now - self._ran_at)
        self._ran_at = now
        if self._to_stop and self._silence >= SILENCE:
            self._ask_to_stop(tuple(self._to_stop))
        elif len(self._fenced) >= min(CHUNK, max(1, len(self._to_stop))):
            self._ask_to_stop(tuple(self._fenced))

    def _fence_answered(self, container: str, result: Result[None, str]) -> None:
        self._error_log.note("Setting a task instance to restarting", result)
        self._silence = 0.0
        if container in self._to_stop and container not in self._fenced:
            self._fenced.append(container)

    def _ask_to_stop(self, containers: Sequence[str]) -> None:
        self._fenced.clear()
        for some in chunks(containers, CHUNK):
            self._stopping.update(some)
            self._operations.stop_all(tuple(some), SHUT_DOWN, partial(self._stop_answered, some))
        for container in containers:
            del self._to_stop[container]

    def _stop_answered(self, containers: Sequence[str], _: object) -> None:
        self._stopping.difference_update(containers)
