"""Laws of the token bucket: never more than AWS allows, never stuck, and back at full rate in time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_executors.core.rate import (
    ALONE,
    ECHO,
    FLOOR,
    RECOVERY,
    Quota,
    full,
    ready_at,
    refilled,
    take,
    throttled,
)

FARGATE = Quota(rate=20, burst=20)
quotas = st.builds(
    Quota,
    rate=st.floats(min_value=0.1, max_value=1000),
    burst=st.floats(min_value=1, max_value=1000),
)
steps = st.lists(
    st.tuples(st.floats(min_value=0, max_value=60), st.integers(min_value=0, max_value=500), st.booleans()),
    max_size=30,
)


@given(quotas, steps)
def test_no_stretch_of_time_grants_more_than_the_quota(
    quota: Quota, story: list[tuple[float, int, bool]]
) -> None:
    now, bucket, granted_in_all = 0.0, full(quota, 0.0), 0
    for wait, wanted, refused in story:
        now += wait
        bucket, granted = take(bucket, wanted, now)
        granted_in_all += granted
        assert 0 <= granted <= wanted
        assert granted_in_all <= quota.burst + quota.rate * now + 1e-3
        bucket = throttled(bucket, now) if refused else bucket
        assert quota.rate * FLOOR <= bucket.rate <= quota.rate


@given(quotas, steps)
def test_what_it_says_is_ready_is_ready(quota: Quota, story: list[tuple[float, int, bool]]) -> None:
    now, bucket = 0.0, full(quota, 0.0)
    for wait, wanted, refused in story:
        now += wait
        bucket, _ = take(bucket, wanted, now)
        bucket = throttled(bucket, now) if refused else bucket
        when = max(now, ready_at(bucket))
        assert take(bucket, 1, when + 1e-6)[1] == 1


def test_a_burst_then_the_sustained_rate() -> None:
    bucket, granted = take(full(FARGATE, 0.0), 1000, 0.0)
    assert granted == 18  # a tenth of a second's worth stays in reserve
    passed = []
    for tick in range(1, 101):
        bucket, granted = take(bucket, 1000, tick / 10)
        passed.append(granted)
    assert sum(passed) == 200  # ten seconds at 20 a second
    assert set(passed) == {2}


def test_a_throttle_that_stands_alone_costs_tokens_and_no_rate() -> None:
    bucket = full(FARGATE, 0.0)
    for _ in range(50):
        bucket = throttled(bucket, 10.0)  # of one moment
    assert (bucket.tokens, bucket.rate) == (0.0, 20)
    later = throttled(bucket, 10.0 + ALONE + 1)
    assert later.rate == 20


def test_throttles_in_a_row_slow_it_down_and_the_rate_comes_back() -> None:
    bucket = throttled(throttled(full(FARGATE, 0.0), 10.0), 11.0 + ECHO)
    assert bucket.rate == pytest.approx(14.0)
    again = throttled(bucket, 13.0 + ECHO)
    assert again.rate == pytest.approx((14.0 + 20 * RECOVERY * 2) * 0.7)
    assert refilled(again, 14.0 + 1 / RECOVERY).rate == 20.0


def test_it_never_stands_still() -> None:
    bucket = full(FARGATE, 0.0)
    for second in range(1000):
        bucket = throttled(bucket, float(2 * second))
    assert bucket.rate >= 1.0


def test_a_clock_that_stands_still_gives_nothing_new() -> None:
    bucket, _ = take(full(FARGATE, 5.0), 20, 5.0)
    assert take(bucket, 1, 5.0)[1] == 0
    assert take(bucket, 1, 4.0)[1] == 0
