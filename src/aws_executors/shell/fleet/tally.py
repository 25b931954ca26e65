"""How often something happened within the last minute.

Law: a `Sink` of metrics that counts, in slots of a few seconds; so what is on the page is what was measured.
Any thread may add, any may ask; what is older than a minute is forgotten, so that nothing grows.
"""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable

from aws_executors.core.fleet.snapshot import Flow
from aws_executors.core.metrics import CALLS, THROTTLES, name_of
from aws_executors.core.quota import Action, Names
from aws_executors.shell.allowance import Allowance

SLOT = 5.0
"""Seconds that are counted together."""

SLOTS = 12
"""Slots in a minute."""


class Tally:
    """Counts of the last minute, by a metric's name.

    >>> tally = Tally(clock=lambda: 7.0)
    >>> tally.count("calls"); tally.time("calls", 0.2); tally.within("calls")
    2
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._slots: deque[tuple[int, Counter[str]]] = deque(maxlen=SLOTS + 1)

    def count(self, name: str) -> None:
        """One more."""
        now = int(self._clock() // SLOT)
        with self._lock:
            if not self._slots or self._slots[-1][0] != now:
                self._slots.append((now, Counter()))
            self._slots[-1][1][name] += 1

    def gauge(self, name: str, value: float) -> None:
        """Nothing: a gauge does not happen."""

    def time(self, name: str, seconds: float) -> None:
        """One more; how long it took is not kept."""
        self.count(name)

    def within(self, name: str) -> int:
        """How often it happened within the last minute."""
        oldest = int(self._clock() // SLOT) - SLOTS
        with self._lock:
            return sum(counts[name] for slot, counts in self._slots if slot > oldest)


def flows(tally: Tally, allowance: Allowance, names: Names, now: float) -> tuple[Flow, ...]:
    """What was asked of AWS within the last minute, and what may be; actions that nobody asked for are left
    out. `now` is of the allowance's clock."""
    told = (_flow(action, name, tally, allowance, now) for action, name in names.items())
    return tuple(flow for flow in told if flow.calls or flow.throttled)


def _flow(action: Action, name: str, tally: Tally, allowance: Allowance, now: float) -> Flow:
    bucket = allowance.bucket(action, now)
    return Flow(
        action=name,
        calls=tally.within(name_of(CALLS, action)),
        throttled=tally.within(name_of(THROTTLES, action)),
        granted=None if bucket is None else round(bucket.rate, 2),
        documented=None if bucket is None else bucket.quota.rate,
    )
