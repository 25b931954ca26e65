"""What is to be done later, the earliest first.

Law: a data structure for one thread, without a clock. Nothing is ever taken off it: what has become
needless meanwhile finds that out when its time comes, and does nothing.
"""

import heapq
import itertools
from collections.abc import Callable
from math import inf
from typing import TypeAlias

Callback: TypeAlias = Callable[[float], None]


class Agenda:
    """Callbacks by time; each is called with the current time.

    >>> agenda = Agenda()
    >>> agenda.at(2.0, print); agenda.at(1.0, print)
    >>> agenda.due
    1.0
    >>> agenda.run_due(1.5); agenda.due
    1.5
    2.0
    """

    def __init__(self) -> None:
        self.due = inf
        """When something is to be done next."""
        self._entries: list[tuple[float, int, Callback]] = []
        self._numbers = itertools.count()

    def at(self, time: float, action: Callback) -> None:
        """Plan this; what is planned for the same time is done in the order of its planning."""
        heapq.heappush(self._entries, (time, next(self._numbers), action))
        self.due = self._entries[0][0]

    def run_due(self, now: float) -> None:
        """Do what is to be done by now, with what is planned for now meanwhile."""
        while self._entries and self._entries[0][0] <= now:
            heapq.heappop(self._entries)[2](now)
        self.due = self._entries[0][0] if self._entries else inf
