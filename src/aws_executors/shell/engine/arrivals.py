"""The jobs that are handed over: taken in a few at a time, and each made only when its turn comes.

Law: for the engine's thread, waits for nothing. A workload that cannot be read is skipped, and harms none of
those that were handed over with it.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator
from math import inf
from typing import Generic, TypeVar

from aws_executors.shell.airflow.loggers import logger
from aws_executors.shell.engine.messages import K, WorkItem

R = TypeVar("R")

log = logger(__name__)

GROUP, APART = 16, 0.005
"""How many jobs are taken in at a time (a millisecond's work), and the seconds until the next group: the
scheduler's thread, still in the heartbeat that has sent them, needs the interpreter, too."""


class Arrivals(Generic[K, R]):
    """The jobs that have been handed over and not yet taken in; `take` takes one in."""

    def __init__(self, clock: Callable[[], float], take: Callable[[WorkItem[K, R]], object]) -> None:
        self.due = inf
        """When the next group is to be taken in; `inf` if no job waits."""
        self._clock = clock
        self._take = take
        self._arriving: deque[Iterator[WorkItem[K, R]]] = deque()

    def hand_over(self, work_items: Iterator[WorkItem[K, R]]) -> None:
        """Queue these jobs, to be taken in soon."""
        if not self._arriving:
            self.due = self._clock() + APART
        self._arriving.append(work_items)

    def take_in(self, most: int = sys.maxsize) -> None:
        """Take in up to `most` jobs, and plan when the others follow."""
        self.due = self._clock() + APART
        for _ in range(most):
            if not self._arriving:
                self.due = inf
                return
            try:
                self._take(next(self._arriving[0]))
            except StopIteration:
                self._arriving.popleft()
            except Exception:
                log.exception("Could not read a queued workload; it is skipped")

    def drop(self) -> None:
        """Forget the jobs that have not been taken in."""
        self._arriving.clear()
        self.due = inf
