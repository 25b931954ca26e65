"""What has failed and is tried again: later each time, and not for ever.

Law: a data structure for one thread, without a clock; it says when, and who asks does it.
"""

from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

from aws_executors.core.aws.backoff import Backoff, delay, jitter

N = TypeVar("N", bound=Hashable)
T = TypeVar("T")


class RetryQueue(Generic[N, T]):
    """Things by name, each tried again at most `most` times.

    >>> removals: RetryQueue[str, str] = RetryQueue(most=2)
    >>> [removals.failed("0b6e", "an object", now) for now in (0.0, 10.0, 20.0)]
    [True, True, False]
    """

    def __init__(self, most: int, backoff: Backoff | None = None) -> None:
        self._most = most
        self._backoff = backoff or Backoff()
        self._failures: dict[N, int] = {}
        self._waiting: dict[N, tuple[float, T]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def failed(self, name: N, what: T, now: float) -> bool:
        """Plan the next try of what has failed; False if that was the last one."""
        failures = self._failures.get(name, 0) + 1
        if failures > self._most:
            self.forget(name)
            return False
        self._failures[name] = failures
        self._waiting[name] = (now + delay(self._backoff, failures, jitter(str(name), failures)), what)
        return True

    def forget(self, name: N) -> None:
        """It has been done, or need not be done any more."""
        self._failures.pop(name, None)
        self._waiting.pop(name, None)

    def due(self, now: float) -> Iterator[T]:
        """Take what is to be tried now."""
        for name in [name for name, (time, _) in self._waiting.items() if time <= now]:
            yield self._waiting.pop(name)[1]

    def next_time(self) -> float | None:
        """When something is to be tried next."""
        return min((time for time, _ in self._waiting.values()), default=None)
