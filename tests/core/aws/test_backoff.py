"""Waiting before AWS is asked again: bounds by hand, and laws over all counts and names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_executors.core.aws.backoff import Backoff, delay, jitter

names, counts = st.text(min_size=1, max_size=40), st.integers(1, 10_000)


@pytest.mark.parametrize(
    ("failures", "least", "most"),
    [(1, 0.5, 1.0), (2, 1.0, 2.0), (3, 2.0, 4.0), (6, 16.0, 32.0), (7, 30.0, 60.0), (10_000, 30.0, 60.0)],
)
def test_half_is_fixed_and_half_is_spread(failures: int, least: float, most: float) -> None:
    assert delay(Backoff(base=1, cap=60), failures, 0.0) == least
    assert least < delay(Backoff(base=1, cap=60), failures, 0.999) < most


@given(names, counts)
def test_jitter_is_repeatable_and_within_bounds(name: str, count: int) -> None:
    assert 0.0 <= jitter(name, count) == jitter(name, count) < 1.0


def test_jobs_that_failed_together_do_not_come_back_together() -> None:
    tenths = [int(jitter(f"token-{number}", 1) * 10) for number in range(1000)]
    assert all(60 < tenths.count(tenth) < 140 for tenth in range(10))


@given(counts, st.floats(0, 1, exclude_max=True))
def test_the_wait_never_shrinks_with_failures(failures: int, spread: float) -> None:
    backoff = Backoff(base=0.5, cap=30)
    assert 0.25 <= delay(backoff, failures, spread) <= delay(backoff, failures + 1, spread) <= 30
