"""What all executors of this process may ask of one account, counted together.

Law: the buckets of an account and Region stand here once, behind a lock that is held for arithmetic only.
What a bucket does is decided in `core/aws/token_bucket.py`.
"""

import threading
from collections.abc import Callable, Mapping
from typing import Protocol

from aws_executors.core.aws.request_quotas import Action, Allotments, RateShare
from aws_executors.core.aws.token_bucket import Bucket, full, passed, ready_at, refilled, take, throttled


class RateLimiter(Protocol):
    """How many calls may be made now."""

    def take(self, action: Action, wanted: int, now: float) -> int:
        """Up to `wanted` calls of this action may be made now; how many."""
        ...

    def ready_at(self, action: Action) -> float:
        """When the next call of this action may be made."""
        ...

    def passed(self, action: Action, now: float) -> None:
        """AWS has answered a call of this action, and did not refuse it for its rate."""
        ...

    def throttled(self, action: Action, sent: float, now: float) -> None:
        """AWS has refused a call of this action, sent at `sent`, for its rate."""
        ...

    def bucket(self, action: Action, now: float) -> Bucket | None:
        """What is allowed now, for a person to look at; None where nothing limits it."""
        ...


class Unlimited:
    """A rate limiter without limits."""

    def take(self, action: Action, wanted: int, now: float) -> int:
        """As many as are wanted."""
        return wanted

    def ready_at(self, action: Action) -> float:
        """At once."""
        return 0.0

    def passed(self, action: Action, now: float) -> None:
        """Nothing to find out."""

    def throttled(self, action: Action, sent: float, now: float) -> None:
        """Nothing to slow down."""

    def bucket(self, action: Action, now: float) -> Bucket | None:
        """Nothing limits it."""
        return None


UNLIMITED = Unlimited()


class Account:
    """The buckets of one account and Region, shared by every executor of this process.

    >>> account = Account()
    >>> from aws_executors.core.aws.request_quotas import ON_FARGATE
    >>> one, other = account.share(ON_FARGATE), account.share(ON_FARGATE)
    >>> one.take(Action.SUBMIT, 15, 0.0), other.take(Action.SUBMIT, 15, 0.0)
    (15, 3)
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buckets: dict[str, Bucket] = {}

    def share(self, allotments: Allotments) -> RateLimiter:
        """One executor's way to these buckets."""
        return _Share(self, allotments)

    def take(self, allotment: RateShare, wanted: int, now: float) -> int:
        """Take from the allotment's bucket; it begins full."""
        with self._lock:
            self._buckets[allotment.bucket], granted = take(self._of(allotment, now), wanted, now)
            return granted

    def ready_at(self, allotment: RateShare) -> float:
        """When that bucket has a token again."""
        with self._lock:
            bucket = self._buckets.get(allotment.bucket)
            return 0.0 if bucket is None else ready_at(bucket)

    def moved(self, allotment: RateShare, now: float, move: Callable[[Bucket], Bucket]) -> None:
        """Let that bucket learn something."""
        with self._lock:
            self._buckets[allotment.bucket] = move(self._of(allotment, now))

    def bucket(self, allotment: RateShare, now: float) -> Bucket:
        """That bucket as it is now, taking nothing."""
        with self._lock:
            return refilled(self._of(allotment, now), now)

    def _of(self, allotment: RateShare, now: float) -> Bucket:
        return self._buckets.get(allotment.bucket) or full(allotment.quota, now, allotment.most)


class _Share:
    """What one executor may ask: what the account is granted, and no more than the executor's own bounds."""

    def __init__(self, account: Account, allotments: Allotments) -> None:
        self._account = account
        self._allotments: Mapping[Action, RateShare] = allotments
        self._bounds = Account()
        self._bound = {
            action: RateShare(bucket=action, quota=allotment.bound, most=allotment.bound.rate)
            for action, allotment in allotments.items()
            if allotment.bound is not None
        }

    def take(self, action: Action, wanted: int, now: float) -> int:
        bound = self._bound.get(action)
        if bound is None:
            return self._account.take(self._allotments[action], wanted, now)
        may = min(wanted, int(self._bounds.bucket(bound, now).tokens))
        granted = self._account.take(self._allotments[action], may, now)
        return self._bounds.take(bound, granted, now)

    def ready_at(self, action: Action) -> float:
        ready = self._account.ready_at(self._allotments[action])
        bound = self._bound.get(action)
        return ready if bound is None else max(ready, self._bounds.ready_at(bound))

    def passed(self, action: Action, now: float) -> None:
        self._account.moved(self._allotments[action], now, lambda bucket: passed(bucket, now))

    def throttled(self, action: Action, sent: float, now: float) -> None:
        self._account.moved(self._allotments[action], now, lambda bucket: throttled(bucket, sent, now))

    def bucket(self, action: Action, now: float) -> Bucket | None:
        found, bound = self._account.bucket(self._allotments[action], now), self._bound.get(action)
        if bound is None or bound.quota.rate >= found.rate:
            return found
        return self._bounds.bucket(bound, now)


_accounts: dict[tuple[str, ...], Account] = {}
_accounts_lock = threading.Lock()


def account(*identity: str) -> Account:
    """The one account of this process that goes by this identity (Region, endpoint, connection)."""
    with _accounts_lock:
        return _accounts.setdefault(identity, Account())
