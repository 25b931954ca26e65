"""Laws of the token bucket: never above its bound, never stuck, and it falls and rises for a reason only."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_executors.core.aws.token_bucket import (
    ALONE,
    BELOW,
    BEYOND,
    CREEP,
    DEEPEST,
    FIRST_CREEP,
    FLOOR,
    LUCK,
    STRIDE,
    THROTTLE_PAUSE,
    Bucket,
    Quota,
    full,
    passed,
    ready_at,
    refilled,
    take,
    throttled,
)
from support.tape import built, few, fraction, of, read, together, whole

FARGATE = Quota(rate=20, burst=20)
Story = tuple[tuple[float, int, str], ...]
quota = built(Quota, rate=fraction(0.1, 1000), burst=fraction(1, 1000))
waits = fraction(0, 60)
steps = few(together(waits, whole(0, 500), of("passed", "throttled", "nothing")), most=30)
stories: st.SearchStrategy[tuple[Quota, Story]] = read(together(quota, steps), 144)


def heard(bucket: Bucket, answer: str, sent: float, now: float) -> Bucket:
    match answer:
        case "passed":
            return passed(bucket, now)
        case "throttled":
            return throttled(bucket, sent, now)
        case _:
            return bucket


def pressed(bucket: Bucket, now: float) -> Bucket:
    """More is wanted of it than there is."""
    return take(bucket, 10**6, now)[0]


def throttled_once(now: float = 100.0) -> Bucket:
    """AWS passes what a bucket at its documented rate sends, and then throttles."""
    bucket = pressed(full(FARGATE, now - 1), now - 1)
    return throttled(replace(bucket, passed=100), sent=now - 0.1, now=now)


@given(stories)
def test_no_stretch_of_time_grants_more_than_a_quota_that_may_not_rise(told: tuple[Quota, Story]) -> None:
    quota, story = told
    now, bucket, granted_in_all = 0.0, full(quota, 0.0, most=quota.rate), 0
    for wait, wanted, answer in story:
        now += wait
        bucket, granted = take(bucket, wanted, now)
        granted_in_all += granted
        assert 0 <= granted <= wanted
        assert granted_in_all <= max(1, quota.burst, quota.rate) + quota.rate * now + 1e-3
        bucket = heard(bucket, answer, now, now)


@given(read(together(quota, fraction(1, 3), steps), 144))
def test_it_stays_between_floor_and_bound(told: tuple[Quota, float, Story]) -> None:
    quota, more, story = told
    now, bucket = 0.0, full(quota, 0.0, most=quota.rate * more)
    for wait, wanted, answer in story:
        now += wait
        bucket, _ = take(bucket, wanted, now)
        bucket = heard(bucket, answer, now, now)
        assert min(1.0, quota.rate * FLOOR) <= bucket.rate <= quota.rate * more


@given(stories)
def test_what_it_says_is_ready_is_ready(told: tuple[Quota, Story]) -> None:
    quota, story = told
    now, bucket = 0.0, full(quota, 0.0)
    for wait, wanted, answer in story:
        now += wait
        bucket, _ = take(bucket, wanted, now)
        bucket = heard(bucket, answer, now, now)
        when = max(now, ready_at(bucket))
        assert take(bucket, 1, when + 1e-6)[1] == 1


@given(stories)
def test_it_rises_when_calls_pass_falls_when_they_are_throttled_and_never_else(
    told: tuple[Quota, Story],
) -> None:
    quota, story = told
    now, bucket, heard_at = 0.0, full(quota, 0.0), 0.0
    for wait, wanted, answer in story:
        now += wait
        taken, granted = take(bucket, wanted, now)
        assert taken.rate == bucket.rate == refilled(bucket, now).rate
        bucket = heard(taken, answer, now, now)
        most = 1 + STRIDE * min(1.0, now - heard_at)
        if answer == "passed":
            assert taken.rate <= bucket.rate <= taken.rate * most + 1e-9
            assert bucket.rate == taken.rate or granted < wanted
        if answer == "throttled":
            assert taken.rate * DEEPEST * BELOW - 1e-9 <= bucket.rate <= taken.rate
        heard_at = heard_at if answer == "nothing" else now


@given(read(together(quota, few(together(waits, waits), 1, 20), steps), 208))
def test_throttles_of_calls_sent_before_it_fell_are_one(
    told: tuple[Quota, tuple[tuple[float, float], ...], Story],
) -> None:
    quota, echoes, story = told
    now, bucket = 0.0, full(quota, 0.0)
    for wait, wanted, answer in story:
        now += wait
        bucket, _ = take(bucket, wanted, now)
        bucket = heard(bucket, answer, now, now)
    cut = throttled(bucket, now + 1.0, now + 1.5)
    now, again = now + 1.5, cut
    for wait, before in echoes:
        now += wait
        again = throttled(again, cut.cut_at - before, now)
        assert (again.rate, again.known, again.cut_at) == (cut.rate, cut.known, cut.cut_at)


def test_a_burst_then_a_little_less_than_the_documented_rate() -> None:
    bucket, granted = take(full(FARGATE, 0.0), 1000, 0.0)
    assert granted == 18  # a tenth of a second's worth stays in reserve
    sent = 0
    for tick in range(1, 101):
        bucket, granted = take(bucket, 1000, tick / 10)
        sent += granted
    assert sent == 190  # ten seconds at 19 a second: nobody has answered yet


def test_it_falls_to_what_aws_let_pass_and_remembers_that() -> None:
    bucket = pressed(full(FARGATE, 0.0), 0.0)
    bucket = throttled(replace(bucket, passed=12), sent=0.8, now=0.9)
    assert bucket.known == pytest.approx((12 + LUCK) / 0.9)
    assert bucket.rate == pytest.approx(bucket.known * BELOW)
    assert bucket.tokens == pytest.approx(-THROTTLE_PAUSE * bucket.rate)


def test_it_falls_by_a_third_at_most_for_each_time() -> None:
    bucket = pressed(full(FARGATE, 0.0), 0.0)
    assert throttled(bucket, sent=0.8, now=0.9).known == pytest.approx(19 * DEEPEST)


def test_a_full_bucket_makes_a_measure_begin_anew() -> None:
    """A minute in which nobody wanted anything says nothing about what AWS grants."""
    bucket = throttled_once()
    bucket = pressed(refilled(bucket, bucket.at + 60), bucket.at + 60)
    for tick in range(1, 30):
        bucket = passed(pressed(bucket, bucket.at + tick / 1000), bucket.at + tick / 1000)
    falls = throttled(bucket, bucket.at, bucket.at)
    assert falls.known == pytest.approx(bucket.rate)


def test_where_less_is_wanted_than_there_is_a_throttle_alone_costs_tokens_and_no_rate() -> None:
    bucket, _ = take(full(FARGATE, 0.0), 3, 10.0)
    once = throttled(bucket, 9.9, 10.0)
    assert (once.rate, once.known) == (bucket.rate, bucket.known)
    assert once.tokens < 0
    later = throttled(refilled(once, 10 + ALONE + 1), 10 + ALONE + 1, 10 + ALONE + 1)
    assert later.rate == bucket.rate
    assert throttled(later, later.at + 1, later.at + 1).rate < bucket.rate  # but not two in a row


def test_it_creeps_to_where_it_was_throttled_and_strides_beyond() -> None:
    bucket = replace(pressed(throttled_once(), 101.0), heard=101.0)
    assert bucket.known == pytest.approx(19)
    assert passed(bucket, 102.0).rate == pytest.approx(bucket.rate * (1 + CREEP))
    assert passed(bucket, 101.5).rate == pytest.approx(bucket.rate * (1 + CREEP / 2))
    beyond = replace(bucket, rate=bucket.known * BEYOND * 1.01)
    assert passed(beyond, 102.0).rate > beyond.rate * (1 + STRIDE) * 0.99
    first = replace(pressed(full(FARGATE, 0.0), 0.0), heard=0.0)
    assert passed(first, 1.0).rate == pytest.approx(first.rate * (1 + FIRST_CREEP))


def test_where_nothing_is_heard_nothing_rises() -> None:
    """AWS is not reached for ten minutes, and a thousand calls wait; then one answer comes."""
    bucket = full(FARGATE, 0.0)
    for second in range(600):
        bucket = pressed(bucket, float(second))
    assert bucket.rate == 19
    assert passed(bucket, 600.0).rate <= 19 * (1 + FIRST_CREEP)


def test_of_two_the_smaller_one_gains() -> None:
    small = replace(pressed(throttled_once(), 101.0), rate=30.0, known=30.0, heard=101.0)
    large = replace(small, rate=300.0, known=300.0)
    assert passed(small, 102.0).rate / 30 > passed(large, 102.0).rate / 300 > 1


def test_a_burst_larger_than_documented_is_not_counted_on_and_a_smaller_rate_has_a_smaller_one() -> None:
    fast = replace(full(FARGATE, 0.0), rate=60.0, known=60.0)
    assert refilled(fast, 1000.0).tokens == pytest.approx(15)  # a quarter of a second
    slow = replace(full(FARGATE, 0.0), rate=9.5, known=10.0)
    assert refilled(slow, 1000.0).tokens == pytest.approx(9)


def test_it_never_stands_still() -> None:
    bucket = full(FARGATE, 0.0)
    for second in range(1000):
        bucket = throttled(pressed(bucket, float(second)), second + 0.5, second + 0.5)
    assert bucket.rate == 1.0


def test_a_clock_that_stands_still_gives_nothing_new() -> None:
    bucket, _ = take(full(FARGATE, 5.0), 20, 5.0)
    assert take(bucket, 1, 5.0)[1] == 0
    assert take(bucket, 1, 4.0)[1] == 0
