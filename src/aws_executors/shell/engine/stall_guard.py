"""Whose row must be read before anything is started for it: time has passed that nobody has noticed.

Law: bookkeeping for one thread. A scheduler whose process stood still (a paused machine, a swapped-out
process) may have been taken for dead meanwhile, and its tasks been given to another one: after such a gap,
nothing that it had in hand is submitted before its row was read anew.
"""

from collections.abc import Iterable
from typing import Generic, TypeVar

T = TypeVar("T")

STALL = 5.0
"""Seconds without a turn that are a gap: well below those after which Airflow takes a scheduler for dead
(``[scheduler] scheduler_health_check_threshold``, 30)."""


class StallGuard(Generic[T]):
    """The jobs in doubt, and the submissions that wait for their rows.

    >>> stall_guard = StallGuard[str]()
    >>> stall_guard.woke(["0b6e"], now=100.0)
    >>> stall_guard.holds("0b6e", "its submission"), stall_guard.holds("another", "goes on")
    (True, False)
    >>> stall_guard.read("0b6e", at=99.0), stall_guard.read("0b6e", at=101.0)
    (None, 'its submission')
    >>> stall_guard.holds("0b6e", "its submission")
    False
    """

    def __init__(self) -> None:
        self._woke = float("-inf")
        self._doubted: set[str] = set()
        self._held: dict[str, T] = {}

    def woke(self, tokens: Iterable[str], now: float) -> None:
        """A gap has just ended; these were in hand before it."""
        self._woke = now
        self._doubted.update(tokens)

    def arrived(self, token: str, now: float) -> None:
        """This one was handed over; who does so right after a gap may have queued it before."""
        if now - self._woke < STALL:
            self._doubted.add(token)

    def holds(self, token: str, submission: T) -> bool:
        """Whether this submission has to wait for its row; if so, it is kept."""
        if token not in self._doubted:
            return False
        self._held[token] = submission
        return True

    def waits(self, token: str) -> bool:
        """Whether a submission waits for this row."""
        return token in self._held

    def read(self, token: str, at: float) -> T | None:
        """The row was read, beginning at `at`; the submission that has waited for it, if there is one."""
        if at < self._woke:
            return None
        self._doubted.discard(token)
        return self._held.pop(token, None)

    def forget(self, token: str) -> None:
        """The job is over."""
        self._doubted.discard(token)
        self._held.pop(token, None)
