"""Keep the latest records of containers for the fleet page, which many people may have open.

Law: one query on an index, for a limited number of rows, at most every `EVERY` seconds for all viewers.
No request waits for another request's query, as it would hold one of the API server's threads meanwhile.
"""

import threading
import time
from collections.abc import Callable

from aws_executors.core.cost.summary import UsageEntry
from aws_executors.dashboard.failures import HOURS
from aws_executors.shell.airflow.usage.records import usage_entries

ROWS = 2_000
"""The most records that are read, newest first."""

EVERY = 30.0
"""Seconds between two reads."""


class RecentUsage:
    """The records of the last `HOURS`, read again when they are older than `EVERY`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._reading = threading.Lock()
        self._entries: tuple[UsageEntry, ...] = ()
        self._due = float("-inf")

    def __call__(self, now: float) -> tuple[UsageEntry, ...]:
        """The records; `now` in seconds since the epoch. Raises what SQLAlchemy raises."""
        if self._clock() >= self._due and self._reading.acquire(blocking=False):
            try:
                self._entries = tuple(usage_entries(now - HOURS * 3600, most=ROWS))
                self._due = self._clock() + EVERY
            finally:
                self._reading.release()
        return self._entries
