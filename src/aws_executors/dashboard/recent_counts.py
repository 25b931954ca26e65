"""How often something happened within the last minute.

Law: a `Sink` of metrics that counts, in slots of a few seconds; so what is on the page is what was measured.
Any thread may add, any may ask; what is older than a minute is forgotten, so that nothing grows.
"""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable

from aws_executors.core.aws.request_quotas import Action, Names
from aws_executors.core.lifecycle.metrics import CALLS, THROTTLES, name_of
from aws_executors.dashboard.snapshot import CallRate
from aws_executors.shell.engine.rate_limiter import RateLimiter

SLOT = 5.0
"""Seconds that are counted together."""

SLOTS = 12
"""Slots in a minute."""


class RecentCounts:
    """Counts of the last minute, by a metric's name.

    >>> counts = RecentCounts(clock=lambda: 7.0)
    >>> counts.count("calls"); counts.time("calls", 0.2); counts.within("calls")
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
            return sum(counter[name] for slot, counter in self._slots if slot > oldest)


def call_rates(
    counts: RecentCounts, rate_limiter: RateLimiter, names: Names, now: float
) -> tuple[CallRate, ...]:
    """The calls to AWS within the last minute, and the rates allowed; actions that were not called are left
    out. `now` is by the rate limiter's clock."""
    rates = (_call_rate(action, name, counts, rate_limiter, now) for action, name in names.items())
    return tuple(rate for rate in rates if rate.calls or rate.throttled)


def _call_rate(
    action: Action, name: str, counts: RecentCounts, rate_limiter: RateLimiter, now: float
) -> CallRate:
    bucket = rate_limiter.bucket(action, now)
    return CallRate(
        action=name,
        calls=counts.within(name_of(CALLS, action)),
        throttled=counts.within(name_of(THROTTLES, action)),
        granted=round(bucket.rate, 2),
        documented=bucket.quota.rate,
    )
