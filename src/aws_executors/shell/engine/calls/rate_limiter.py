"""The token buckets of an account, shared by all executors of this process, and queues that wait for them.

Law: all executors of this process that use one account and Region share its buckets, whose lock is held for
arithmetic only. What a bucket grants is computed in `core/aws/token_bucket.py`.
"""

import heapq
import itertools
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from aws_executors.core.aws.request_quotas import Action, Allotments, RateShare
from aws_executors.core.aws.token_bucket import Bucket, full, passed, ready_at, refilled, take, throttled

T = TypeVar("T")

UNBOUNDED = sys.maxsize


@dataclass(frozen=True, slots=True)
class Account:
    """The buckets of one account and Region, by name, shared by every executor of this process.

    >>> account = Account()
    >>> from aws_executors.core.aws.request_quotas import ON_FARGATE
    >>> one, other = account.share(ON_FARGATE), account.share(ON_FARGATE)
    >>> one.take(Action.SUBMIT, 15, 0.0), other.take(Action.SUBMIT, 15, 0.0)
    (15, 3)
    """

    buckets: dict[str, Bucket] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def share(self, allotments: Allotments) -> "RateLimiter":
        """The rate limiter of one executor, over these buckets."""
        return RateLimiter(self, allotments)


class RateLimiter:
    """Which calls one executor may make: those that the account's buckets and its own bounds allow."""

    def __init__(self, account: Account, allotments: Allotments) -> None:
        self._account = account
        self._allotments = allotments
        self._bounds = {  # not shared with other executors
            action: full(allotment.bound, 0.0, allotment.bound.rate)
            for action, allotment in allotments.items()
            if allotment.bound is not None
        }

    def take(self, action: Action, wanted: int, now: float) -> int:
        """Take up to `wanted` calls of this action; returns how many may be made now."""
        bound = self._bounds.get(action)
        may = wanted if bound is None else min(wanted, int(refilled(bound, now).tokens))
        allotment = self._allotments[action]
        with self._account.lock:
            bucket, granted = take(self._bucket(allotment, now), may, now)
            self._account.buckets[allotment.bucket] = bucket
        if bound is not None:
            self._bounds[action], granted = take(bound, granted, now)
        return granted

    def ready_at(self, action: Action) -> float:
        """When the next call of this action may be made."""
        bucket, bound = self._account.buckets.get(self._allotments[action].bucket), self._bounds.get(action)
        ready = 0.0 if bucket is None else ready_at(bucket)
        return ready if bound is None else max(ready, ready_at(bound))

    def passed(self, action: Action, now: float) -> None:
        """AWS has answered a call of this action, and did not refuse it for its rate."""
        allotment = self._allotments[action]
        with self._account.lock:
            self._account.buckets[allotment.bucket] = passed(self._bucket(allotment, now), now)

    def throttled(self, action: Action, sent: float, now: float) -> None:
        """AWS has refused a call of this action, sent at `sent`, for its rate."""
        allotment = self._allotments[action]
        with self._account.lock:
            self._account.buckets[allotment.bucket] = throttled(self._bucket(allotment, now), sent, now)

    def bucket(self, action: Action, now: float) -> Bucket:
        """The tighter of the two buckets of this action, as it is now, for the fleet page."""
        with self._account.lock:
            found = refilled(self._bucket(self._allotments[action], now), now)
        bound = self._bounds.get(action)
        if bound is None or bound.quota.rate >= found.rate:
            return found
        return refilled(bound, now)

    def _bucket(self, allotment: RateShare, now: float) -> Bucket:
        return self._account.buckets.get(allotment.bucket) or full(allotment.quota, now, allotment.most)


class RateLimitedQueue(Generic[T]):
    """The waiting calls of one action.

    >>> from aws_executors.core.aws.request_quotas import ON_FARGATE
    >>> queue = RateLimitedQueue[str](Action.SUBMIT, Account().share(ON_FARGATE))
    >>> queue.enqueue("later", priority=1); queue.enqueue("first", priority=5)
    >>> list(queue.take_ready(now=0.0))
    ['first', 'later']
    """

    def __init__(self, action: Action, rate_limiter: RateLimiter) -> None:
        self._action = action
        self._rate_limiter = rate_limiter
        self.waiting: list[tuple[int, int, T]] = []
        """The calls as a heap; public, so that it is cheap to see whether any call waits."""
        self._order = itertools.count()

    def __len__(self) -> int:
        return len(self.waiting)

    def enqueue(self, item: T, priority: int) -> None:
        """Add a call; the highest priority goes first, among these the oldest."""
        heapq.heappush(self.waiting, (-priority, next(self._order), item))

    def take_ready(self, now: float, room: int = UNBOUNDED) -> Iterator[T]:
        """Take the calls that may be made now, at most `room` of them."""
        wanted = min(len(self.waiting), room)
        if wanted <= 0:
            return
        for _ in range(self._rate_limiter.take(self._action, wanted, now)):
            yield heapq.heappop(self.waiting)[2]

    def clear(self) -> None:
        """Forget the waiting calls."""
        self.waiting.clear()


_accounts: dict[tuple[str, ...], Account] = {}
_accounts_lock = threading.Lock()


def account(*identity: str) -> Account:
    """The account with this identity (Region, endpoint, connection, team), one for the whole process."""
    with _accounts_lock:
        return _accounts.setdefault(identity, Account())
