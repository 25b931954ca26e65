"""What all executors of this process may ask of one account, counted together.

Law: the buckets of an account and Region stand here once, behind a lock that is held for arithmetic only.
What a bucket does is decided in `core/rate.py`.
"""

import threading
from collections.abc import Mapping
from typing import Protocol

from aws_executors.core.quota import Action, Allotment, Allotments
from aws_executors.core.rate import Bucket, full, ready_at, refilled, take, throttled


class Allowance(Protocol):
    """How many calls may be made now."""

    def take(self, action: Action, wanted: int, now: float) -> int:
        """Up to `wanted` calls of this action may be made now; how many."""
        ...

    def ready_at(self, action: Action) -> float:
        """When the next call of this action may be made."""
        ...

    def throttled(self, action: Action, now: float) -> None:
        """AWS has refused a call of this action for its rate."""
        ...

    def bucket(self, action: Action, now: float) -> Bucket | None:
        """What is allowed now, for a person to look at; None where nothing limits it."""
        ...


class Unlimited:
    """An allowance without end."""

    def take(self, action: Action, wanted: int, now: float) -> int:
        """As many as are wanted."""
        return wanted

    def ready_at(self, action: Action) -> float:
        """At once."""
        return 0.0

    def throttled(self, action: Action, now: float) -> None:
        """Nothing to slow down."""

    def bucket(self, action: Action, now: float) -> Bucket | None:
        """Nothing limits it."""
        return None


UNLIMITED = Unlimited()


class Account:
    """The buckets of one account and Region, shared by every executor of this process.

    >>> account = Account()
    >>> from aws_executors.core.quota import ON_FARGATE
    >>> one, other = account.share(ON_FARGATE), account.share(ON_FARGATE)
    >>> one.take(Action.SUBMIT, 15, 0.0), other.take(Action.SUBMIT, 15, 0.0)
    (15, 3)
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buckets: dict[str, Bucket] = {}

    def share(self, allotments: Allotments) -> Allowance:
        """One executor's way to these buckets."""
        return _Share(self, allotments)

    def take(self, allotment: Allotment, wanted: int, now: float) -> int:
        """Take from the allotment's bucket; it begins full."""
        with self._lock:
            bucket = self._buckets.get(allotment.bucket) or full(allotment.quota, now)
            self._buckets[allotment.bucket], granted = take(bucket, wanted, now)
            return granted

    def ready_at(self, allotment: Allotment) -> float:
        """When that bucket has a token again."""
        with self._lock:
            bucket = self._buckets.get(allotment.bucket)
            return 0.0 if bucket is None else ready_at(bucket)

    def throttled(self, allotment: Allotment, now: float) -> None:
        """Slow that bucket down."""
        with self._lock:
            bucket = self._buckets.get(allotment.bucket) or full(allotment.quota, now)
            self._buckets[allotment.bucket] = throttled(bucket, now)

    def bucket(self, allotment: Allotment, now: float) -> Bucket:
        """That bucket as it is now, taking nothing."""
        with self._lock:
            return refilled(self._buckets.get(allotment.bucket) or full(allotment.quota, now), now)


class _Share:
    def __init__(self, account: Account, allotments: Allotments) -> None:
        self._account = account
        self._allotments: Mapping[Action, Allotment] = allotments

    def take(self, action: Action, wanted: int, now: float) -> int:
        return self._account.take(self._allotments[action], wanted, now)

    def ready_at(self, action: Action) -> float:
        return self._account.ready_at(self._allotments[action])

    def throttled(self, action: Action, now: float) -> None:
        self._account.throttled(self._allotments[action], now)

    def bucket(self, action: Action, now: float) -> Bucket | None:
        return self._account.bucket(self._allotments[action], now)


_accounts: dict[tuple[str, ...], Account] = {}
_accounts_lock = threading.Lock()


def account(*identity: str) -> Account:
    """The one account of this process that goes by this identity (Region, endpoint, connection)."""
    with _accounts_lock:
        return _accounts.setdefault(identity, Account())
