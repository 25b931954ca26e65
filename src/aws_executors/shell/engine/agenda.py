"""What is to be done later, the earliest first.

Law: a data structure for one thread, without a clock. No entry is ever removed: a callback that is no longer
needed finds that out when its time comes, and does nothing.
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
        """When the next callback is due; `inf` if none is planned."""
        self._entries: list[tuple[float, int, Callback]] = []
        self._numbers = itertools.count()

    def at(self, time: float, action: Callback) -> None:
        """Plan a callback; those for the same time are called in the order in which they were planned."""
        heapq.heappush(self._entries, (time, next(self._numbers), action))
        self.due = self._entries[0][0]

    def run_due(self, now: float) -> None:
        """Call what is due by now, and what these calls plan for now."""
        while self._entries and self._entries[0][0] <= now:
            heapq.heappop(self._entries)[2](now)
        self.due = self._entries[0][0] if self._entries else inf
