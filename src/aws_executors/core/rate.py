"""How many calls may be made now: AWS's own token bucket, and how it is felt for.

Law: functions of time. A bucket starts at the rate that AWS documents (or that the account has been granted),
slows down at the first throttle and feels its way up again. It holds no lock and makes no call.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html and the quotas of
AWS Batch.
"""

from dataclasses import dataclass, replace

SLOWER = 0.7
"""What a throttled bucket keeps of its rate."""
FLOOR = 1 / 20
"""The share of its quota below which no bucket falls: something must go through to be felt."""
RECOVERY = 1 / 30
"""The share of its quota that a bucket wins back per second without a throttle."""
ECHO = 1.0
"""Seconds in which further throttles are the same one, heard again: calls that were already under way."""
ALONE = 5.0
"""Seconds after which a throttle stands alone: two clocks out of step cost a token, not a rate."""
RESERVE = 0.1
"""Seconds' worth of tokens that stay in the bucket, for AWS's bucket is not quite in step with ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What an account may do in one Region: `rate` calls a second for long, `burst` calls at once."""

    rate: float
    burst: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A quota and what is left of it: `tokens` at time `at`, refilled at `rate` a second."""

    quota: Quota
    rate: float
    tokens: float
    at: float
    throttled_at: float = float("-inf")


def full(quota: Quota, now: float) -> Bucket:
    """A bucket nobody has taken from, but for what stays in reserve.

    >>> full(Quota(rate=20, burst=100), 0.0).tokens
    98.0
    """
    return Bucket(quota=quota, rate=quota.rate, tokens=_most(quota), at=now)


def _most(quota: Quota) -> float:
    return max(1.0, quota.burst - quota.rate * RESERVE)


def refilled(bucket: Bucket, now: float) -> Bucket:
    """The bucket at a later time: more tokens, and if it was slowed, a higher rate.

    >>> refilled(Bucket(quota=Quota(rate=20, burst=100), rate=10, tokens=0, at=0.0), 3.0)
    Bucket(quota=Quota(rate=20, burst=100), rate=12.0, tokens=30.0, at=3.0, throttled_at=-inf)
    """
    elapsed = max(0.0, now - bucket.at)
    rate = min(bucket.quota.rate, bucket.rate + bucket.quota.rate * RECOVERY * elapsed)
    tokens = min(_most(bucket.quota), bucket.tokens + bucket.rate * elapsed)
    return replace(bucket, rate=rate, tokens=tokens, at=max(bucket.at, now))


def take(bucket: Bucket, wanted: int, now: float) -> tuple[Bucket, int]:
    """Take up to `wanted` tokens; how many there were.

    >>> bucket = full(Quota(rate=20, burst=5), 0.0)
    >>> bucket, granted = take(bucket, 7, 0.0)
    >>> granted, bucket.tokens
    (3, 0.0)
    >>> take(bucket, 5, 0.1)[1]
    2
    """
    now_there = refilled(bucket, now)
    granted = max(0, min(wanted, int(now_there.tokens + 1e-9)))
    return replace(now_there, tokens=now_there.tokens - granted), granted


def ready_at(bucket: Bucket) -> float:
    """When the next token will be there.

    >>> ready_at(Bucket(quota=Quota(rate=20, burst=3), rate=20, tokens=0.5, at=7.0))
    7.025
    """
    return bucket.at + max(0.0, 1 - bucket.tokens) / bucket.rate


def throttled(bucket: Bucket, now: float) -> Bucket:
    """AWS has refused a call for its rate: nothing is left; and if it was not the first, less comes in.

    >>> once = throttled(full(Quota(rate=20, burst=100), 0.0), 1.0)
    >>> once.tokens, once.rate
    (0.0, 20)
    >>> throttled(once, 1.5).rate, throttled(once, 3.0).rate
    (20, 14.0)
    """
    now_there = replace(refilled(bucket, now), tokens=0.0)
    since = now - bucket.throttled_at
    if since < ECHO:
        return now_there
    if since > ALONE:
        return replace(now_there, throttled_at=now)
    slower = max(now_there.quota.rate * FLOOR, now_there.rate * SLOWER)
    return replace(now_there, rate=slower, throttled_at=now)
