"""A model of AWS's token bucket, made from what AWS answers, and how the bucket's real rate is found out.

`THROTTLE_PAUSE` is the pause of the whole account after a throttle; the pause of the one refused job is in
`backoff.py`.

Law: functions of time, without a lock or a call. A bucket's rate begins a little below the one that AWS
documents. While more is wanted than the bucket gives and AWS throttles nothing, its rate rises: slowly up to
where AWS was found to throttle and a little beyond, and in strides from there, so that a raised quota is
found. A throttle says that AWS's bucket is empty, so AWS grants the rate at which it has let calls pass since
the last throttle: that rate is remembered (`known`), and the bucket's rate falls a little below it.

This keeps AWS's bucket between empty and full, where no token is lost: a rate that is below AWS's for a while
and above it for as long is throttled about once a minute, and uses all that is granted.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html and the quotas of
AWS Batch. Two rates converge because the smaller one rises by a larger share: Chiu and Jain, "Analysis of the
Increase and Decrease Algorithms for Congestion Avoidance in Computer Networks", 1989.
"""

from dataclasses import dataclass, replace
from math import inf, sqrt

BELOW = 0.95
"""A bucket's rate begins, and begins again after a throttle, at this share of the known rate."""
BEYOND = 1.15
"""Up to this multiple of the known rate, a bucket's rate rises slowly; above it, in strides."""
CREEP = 1 / 400
"""The share of itself by which a rate rises per second up to `BEYOND`."""
FIRST_CREEP = 1 / 100
"""`CREEP` while AWS has throttled nothing: the known rate is the documented one, which may be outdated."""
STRIDE = 1 / 4
"""The share of itself by which a rate rises per second above `BEYOND`."""
DEEPEST = 0.7
"""At least this share of a throttled rate is taken to be granted, because a short measurement is rough."""
LUCK = 3
"""How many calls are added to those that passed when the granted rate is measured, which is rough, too."""
FLOOR = 1 / 20
"""The share of its quota below which no bucket's rate falls (or one call a second, if that is less): some
calls must be made to find out what AWS grants."""
THROTTLE_PAUSE = 0.5
"""Seconds without a call after a throttle, so that AWS's bucket has a reserve again."""
ALONE = 5.0
"""A throttle that comes more than this many seconds after the last one stands alone: if the bucket was not
`pressed` then, others used the account, and the throttle says nothing about our rate."""
RESERVE = 0.1
"""A full bucket has this many seconds' worth of tokens less than AWS's: the two are not quite in step."""
SLICE = 0.25
"""A full bucket has at least this many seconds' worth of tokens: its caller may be that late to take them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What an account may do in one Region: `rate` calls a second for long, `burst` calls at once."""

    rate: float
    burst: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """What may be used of a quota: `tokens` at time `at`, refilled at `rate` a second.

    The rate never rises above `most`. The bucket is `pressed` while more is wanted than it has. `known` is
    the rate that AWS is believed to grant. No call sent after `cut_at` was throttled. `passed` counts the
    calls that were answered after `since` and not throttled. The last answer of any kind came at `heard`.
    """

    quota: Quota
    rate: float
    tokens: float
    at: float
    most: float
    known: float
    pressed: bool = False
    cut_at: float = -inf
    since: float
    passed: int = 0
    heard: float


def full(quota: Quota, now: float, most: float = inf) -> Bucket:
    """A full bucket, less `RESERVE`; if its rate may rise, the rate begins a little below the quota's.

    >>> bucket = full(Quota(rate=20, burst=100), 0.0)
    >>> bucket.tokens, bucket.rate
    (98.0, 19.0)
    """
    rate = quota.rate * BELOW if most > quota.rate else quota.rate
    new = Bucket(
        quota=quota, rate=rate, tokens=0.0, at=now, most=most, known=quota.rate, since=now, heard=now
    )
    return replace(new, tokens=_room(new))


def _room(bucket: Bucket) -> float:
    """How many tokens the bucket holds when full: no burst larger than the documented one is counted on."""
    burst = bucket.quota.burst * min(1.0, bucket.known / bucket.quota.rate)
    return max(1.0, burst - bucket.known * RESERVE, bucket.rate * SLICE)


def refilled(bucket: Bucket, now: float) -> Bucket:
    """The bucket at a later time: more tokens.

    >>> bucket, _ = take(full(Quota(rate=20, burst=100), 0.0), 98, 0.0)
    >>> refilled(bucket, 2.0).tokens, refilled(bucket, 60.0).tokens
    (38.0, 98.0)
    """
    room = _room(bucket)
    tokens = bucket.tokens + bucket.rate * max(0.0, now - bucket.at)
    at = max(bucket.at, now)
    if tokens < room:
        return replace(bucket, tokens=tokens, at=at)
    # AWS's bucket may be full as well: then it lets calls pass faster than at its rate, never slower.
    return replace(bucket, tokens=room, at=at, since=at, passed=0)


def take(bucket: Bucket, wanted: int, now: float) -> tuple[Bucket, int]:
    """Take up to `wanted` tokens: the bucket after that, and how many were taken.

    >>> bucket = full(Quota(rate=20, burst=7), 0.0)
    >>> bucket, granted = take(bucket, 7, 0.0)
    >>> granted, bucket.tokens, bucket.pressed
    (5, 0.0, True)
    >>> take(bucket, 5, 0.11)[1]
    2
    """
    now_there = refilled(bucket, now)
    granted = max(0, min(wanted, int(now_there.tokens + 1e-9)))
    return replace(now_there, tokens=now_there.tokens - granted, pressed=granted < wanted), granted


def ready_at(bucket: Bucket) -> float:
    """When the next token will be there.

    >>> bucket, _ = take(full(Quota(rate=20, burst=20), 7.0), 18, 7.0)
    >>> round(ready_at(bucket), 4)
    7.0526
    """
    return bucket.at + max(0.0, 1 - bucket.tokens) / bucket.rate


def passed(bucket: Bucket, now: float) -> Bucket:
    """AWS has answered a call without throttling it: the bucket's rate rises while more is wanted.

    >>> bucket, _ = take(full(Quota(rate=20, burst=5), 0.0), 9, 0.0)
    >>> [round(passed(replace(bucket, rate=rate), 1.0).rate, 2) for rate in (19, 20, 24)]
    [19.19, 20.2, 30.0]
    """
    there = refilled(bucket, now)
    rate = _risen(there, now - bucket.heard) if there.pressed else there.rate
    return replace(there, rate=rate, passed=there.passed + 1, heard=now)


def _risen(bucket: Bucket, silence: float) -> float:
    seconds = min(1.0, max(0.0, silence))  # a longer silence shows no more of what AWS grants
    share = STRIDE
    if bucket.rate <= bucket.known * BEYOND:
        creep = FIRST_CREEP if bucket.cut_at == -inf else CREEP
        share = creep * min(1.0, sqrt(bucket.quota.rate / bucket.rate))
    return max(bucket.rate, min(bucket.most, bucket.rate * (1 + share * seconds)))


def throttled(bucket: Bucket, sent: float, now: float) -> Bucket:
    """AWS has throttled a call that was sent at `sent`: the tokens are gone, and the bucket's rate falls.

    The refusal of a call that was sent before the last throttle is another report of that throttle.

    >>> bucket, _ = take(full(Quota(rate=20, burst=20), 0.0), 30, 0.0)
    >>> once = throttled(replace(bucket, passed=11), sent=0.7, now=0.8)
    >>> once.known, once.rate, once.tokens
    (17.5, 16.625, -8.3125)
    >>> throttled(once, sent=0.7, now=0.9).rate, throttled(once, sent=1.5, now=1.8).known
    (16.625, 11.6375)
    """
    there = refilled(bucket, now)
    if sent <= there.cut_at:
        return there
    alone = now - there.cut_at > ALONE
    admits = (there.passed + LUCK) / max(1e-3, now - there.since)
    known = min(there.rate, max(admits, there.rate * DEEPEST))
    rate = max(min(1.0, there.quota.rate * FLOOR), known * BELOW)
    if alone and not there.pressed:
        known, rate = there.known, there.rate
    there = replace(there, rate=rate, known=known, tokens=-THROTTLE_PAUSE * rate, cut_at=now)
    return replace(there, since=now, passed=0, heard=now)
