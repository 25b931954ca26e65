"""Virtual time: one queue of things to happen, and the story of what did.

Law: nothing here knows what is simulated. Time stands still while something happens, and only goes forward. A
call that waits (`wait`) lets other things happen meanwhile, nested inside it: it returns no earlier than the
calls that began after it, so that an answer may be late because of another, as on a busy machine, but never
early.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")


def draw(*names: object) -> float:
    """A number in [0, 1) that looks random over names, and is always the same for the same names.

    >>> draw(7, "crash") == draw(7, "crash") != draw(8, "crash")
    True
    """
    digest = blake2b("/".join(map(str, names)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def between(low: float, high: float, *names: object) -> float:
    """A number between these two, drawn by names.

    >>> 2 <= between(2, 3, "seed", 1) < 3
    True
    """
    return low + (high - low) * draw(*names)


def chosen(among: Sequence[T], pick: float) -> T | None:
    """The member that a number in [0, 1) picks; None if there is none.

    >>> chosen("abc", 0.5), chosen("", 0.5)
    ('b', None)
    """
    return among[int(pick * len(among))] if among else None


class Timeline:
    """The queue of things to happen, in order of time; `watch` is called after each step.

    >>> line, seen = Timeline(), list[float]()
    >>> line.at(2.0, lambda: seen.append(line.now)); line.at(1.0, lambda: seen.append(line.now))
    >>> line.wait(5.0); (seen, line.now, line.steps)
    ([1.0, 2.0], 5.0, 2)
    """

    def __init__(self) -> None:
        self.now = 0.0
        self.steps = 0
        self.story: list[tuple[float, str, str]] = []
        self.watch: Callable[[], None] = _nothing
        self._late: list[tuple[float, float]] = []
        self._order = itertools.count()
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []

    def clock(self) -> float:
        """The time, as a function for code that wants a clock."""
        return self.now

    def at(self, time: float, happen: Callable[[], None]) -> None:
        """Plan something for this time, or for now if that has passed."""
        heapq.heappush(self._agenda, (max(time, self.now), next(self._order), happen))

    def after(self, seconds: float, happen: Callable[[], None]) -> None:
        """Plan something for so many seconds from now."""
        self.at(self.now + seconds, happen)

    def wait(self, seconds: float) -> None:
        """Let everything happen that is due within so many seconds."""
        until, agenda, watch = self.now + seconds, self._agenda, self.watch
        while agenda and agenda[0][0] <= until:
            time, _, happen = heapq.heappop(agenda)
            if time > self.now:
                self.now = time
            happen()
            self.steps += 1
            watch()
        if self.now > until:
            self._late.append((until, self.now))
        self.now = max(self.now, until)

    def late(self, since: float) -> float:
        """For how many seconds, since this time, a call that was due to end had to wait for another call.

        >>> line = Timeline(); line.at(1.0, lambda: line.wait(5.0)); line.wait(2.0)
        >>> line.now, line.late(0.0), line.late(4.0)
        (6.0, 4.0, 2.0)
        """
        late, covered = 0.0, since
        for begins, ends in sorted(self._late):
            if ends > covered:
                late += ends - max(begins, covered)
                covered = ends
        return late

    def tell(self, who: str, what: str) -> None:
        """Add a line to the story."""
        self.story.append((self.now, who, what))


def _nothing() -> None:
    """The default `watch`: does nothing."""
