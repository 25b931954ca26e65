"""Whose row is to be read next.

Law: bookkeeping for one thread. One query at a time: a row that a verdict waits for is read first, the
others take turns, and a database that does not answer is left alone for a while.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import inf

from aws_executors.shell.engine.job_table import JobTable, R
from aws_executors.shell.engine.messages import Asked, K

ROWS = 500
"""Rows in one query."""


class RowPoller:
    """The rows that are wanted at once, and when the others are due; `every` in seconds."""

    def __init__(self, every: float) -> None:
        self.due = inf
        """When the next query may be made; never while one is under way, or there is no job."""
        self._every = every
        self._wanted: dict[str, None] = {}
        self._reading = False
        self._next = 0.0
        self._pause = 0.0

    def want(self, token: str) -> None:
        """A verdict waits for this job's row."""
        self._wanted[token] = None
        self._plan()

    def begin(self, now: float) -> None:
        """The first job has come into an empty table: its row was written just now."""
        self._next = max(self._next, now + self._every)
        self._plan()

    def take(self, table: JobTable[K, R], now: float) -> Mapping[str, Asked[K]]:
        """The jobs whose rows are to be read now, as one query; empty if none are."""
        if now < self.due:
            return {}
        wanted = [record for token in self._wanted if (record := table.get(token)) is not None]
        # A verdict waits for these, whatever their jobs know of them already.
        asked = {record.job.token: replace(record.row, heard=None) for record in wanted[:ROWS]}
        if now >= self._next:
            self._next = now + self._every
            asked = table.to_read(max(0, ROWS - len(asked))) | asked
        self._wanted = dict.fromkeys(record.job.token for record in wanted[ROWS:])
        self._reading = bool(asked)
        self._plan()
        if not table:
            self.due = inf
        return asked

    def answered(self) -> None:
        """The query has been answered."""
        self._reading = False
        self._plan()

    def failed(self, tokens: Iterable[str], at: float) -> None:
        """The query has failed: its rows are still wanted, but not at once."""
        self._wanted |= dict.fromkeys(tokens)
        self._pause = at + self._every
        self.answered()

    def _plan(self) -> None:
        self.due = inf if self._reading else self._pause if self._wanted else max(self._next, self._pause)
