"""Where calls wait until AWS allows them, the most urgent first.

Law: a queue for one thread; a rate limiter says how many may pass, and nothing here waits.
"""

import heapq
import itertools
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from aws_executors.core.aws.request_quotas import Action
from aws_executors.shell.engine.rate_limiter import RateLimiter

T = TypeVar("T")

UNBOUNDED = sys.maxsize


@dataclass(order=True, slots=True)
class _Waiting(Generic[T]):
    urgency: tuple[int, int]
    item: T = field(compare=False)


class RateLimitedQueue(Generic[T]):
    """The calls of one action that wait.

    >>> from aws_executors.shell.engine.rate_limiter import Unlimited
    >>> queue = RateLimitedQueue[str](Action.SUBMIT, Unlimited())
    >>> queue.wait("later", priority=1); queue.wait("first", priority=5)
    >>> list(queue.passing(now=0.0))
    ['first', 'later']
    """

    def __init__(self, action: Action, rate_limiter: RateLimiter) -> None:
        self._action = action
        self._rate_limiter = rate_limiter
        self.waiting: list[_Waiting[T]] = []
        """Those that wait; whoever asks whether there are any reads it."""
        self._order = itertools.count()

    def __len__(self) -> int:
        return len(self.waiting)

    def wait(self, item: T, priority: int) -> None:
        """Let this one wait; the highest priority goes first, among these the oldest."""
        heapq.heappush(self.waiting, _Waiting((-priority, next(self._order)), item))

    def passing(self, now: float, room: int = UNBOUNDED) -> Iterator[T]:
        """Take those that may pass now, no more than there is room for."""
        wanted = min(len(self.waiting), room)
        if wanted <= 0:
            return
        for _ in range(self._rate_limiter.take(self._action, wanted, now)):
            yield heapq.heappop(self.waiting).item

    def clear(self) -> None:
        """Forget those that wait."""
        self.waiting.clear()
