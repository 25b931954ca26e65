"""Count how often something happened within the last minute.

Law: a `Sink` of metrics that counts in slots of a few seconds, so that the page shows the same figures as the
metrics. Any thread may add or read. Counts older than a minute are dropped.
"""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable

from aws_executors.core.aws.request_quotas import Action, OperationNames
from aws_executors.core.lifecycle.metrics import CALLS, THROTTLES, name_of
from aws_executors.dashboard.snapshot import CallRate
from aws_executors.shell.engine.calls.rate_limiter import RateLimiter

SLOT = 5.0
"""The length of a slot in seconds."""

SLOTS = 12
"""How many slots make a minute."""


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

    def count(self, name: str, by: int = 1) -> None:
        """Add to the count."""
        now = int(self._clock() // SLOT)
        with self._lock:
            if not self._slots or self._slots[-1][0] != now:
                self._slots.append((now, Counter()))
            self._slots[-1][1][name] += by

    def gauge(self, name: str, value: float) -> None:
        """Do nothing: a gauge is not an event."""

    def time(self, name: str, seconds: float) -> None:
        """Count one; the duration is not kept."""
        self.count(name)

    def within(self, name: str) -> int:
        """How often this happened within the last minute."""
        oldest = int(self._clock() // SLOT) - SLOTS
        with self._lock:
            return sum(counter[name] for slot, counter in self._slots if slot > oldest)


def call_rates(
    counts: RecentCounts, rate_limiter: RateLimiter, operations: OperationNames, now: float
) -> tuple[CallRate, ...]:
    """The calls to AWS within the last minute and the rates allowed, without actions that were not called.
    `now` is a time of the rate limiter's clock."""
    rates = (_call_rate(action, name, counts, rate_limiter, now) for action, name in operations.items())
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
