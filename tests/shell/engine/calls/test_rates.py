"""An account's limit is found out and kept to: schedulers of ours at AWS's token bucket, in virtual time.

Half an hour for each of all these: ``PYTHONPATH=src:tests python -m simulation.rates``.
"""

from __future__ import annotations

import pytest

from aws_executors.core.aws.request_quotas import BATCH, ON_FARGATE, Allotments
from simulation.rates import COMPANY, OTHER, SERVICES, Story, granting, story, tell

MINUTE = 60.0
LENGTHS = {
    ("SubmitJob", 20): 5.0,
    ("SubmitJob", 50): 3.0,
    ("RunTask on EC2", 50): 3.0,
    ("RunTask on Fargate", 20): 5.0,
    ("RunTask on Fargate", 100): 2.5,
    ("RunTask on Fargate", 400): 1.5,
}


@pytest.mark.parametrize("company", COMPANY)
@pytest.mark.parametrize(("service", "rate"), LENGTHS)
def test_nearly_all_that_is_granted_is_used_and_nearly_nothing_throttled(
    service: str, rate: float, company: str
) -> None:
    minutes = LENGTHS[service, int(rate)]
    told = tell(story(service, rate, company, minutes))
    assert told.used(MINUTE, minutes * MINUTE) >= 0.95
    for who in range(len(told.story.begins)):
        assert told.throttled(who, MINUTE, minutes * MINUTE) < 0.01
    # Of a burst its last calls are throttled, which those who call evenly never see.
    assert told.throttled(OTHER, MINUTE, minutes * MINUTE) < (0.05 if company == "beside bursts" else 0.01)


@pytest.mark.parametrize(("service", "rate"), [("SubmitJob", 50), ("RunTask on Fargate", 20)])
def test_what_is_documented_is_kept_to_from_the_first_call_on(service: str, rate: float) -> None:
    told = tell(story(service, rate, "alone", 1.0))
    assert told.throttled(0, 0.0, MINUTE) < 0.005
    assert told.used(0.0, MINUTE) >= 0.97


def changing(documented: Allotments, before: float, after: float, minutes: float) -> Story:
    """The quota changes after three minutes."""
    grants = [(0.0, granting(before, documented)), (3 * MINUTE, granting(after, documented))]
    return Story(documented=documented, grants=grants, minutes=minutes)


@pytest.mark.parametrize(
    ("documented", "before", "after", "within"),
    [(BATCH, 50, 100, 2.0), (ON_FARGATE, 20, 100, 2.0), (ON_FARGATE, 50, 100, 2.5)],
)
def test_a_raised_quota_is_found(documented: Allotments, before: float, after: float, within: float) -> None:
    told = tell(changing(documented, before, after, 3 + within + 1))
    begin = (3 + within) * MINUTE
    assert told.used(begin, begin + MINUTE) >= 0.95
    assert told.throttled(0, 3 * MINUTE, begin + MINUTE) < 0.01


def test_a_lowered_quota_is_found() -> None:
    told = tell(changing(BATCH, 100, 50, 6.0))
    assert told.throttled(0, 3 * MINUTE, 4 * MINUTE) < 0.02
    assert told.used(4 * MINUTE, 6 * MINUTE) >= 0.95
    assert told.throttled(0, 4 * MINUTE, 6 * MINUTE) < 0.01


@pytest.mark.parametrize("other", [None, (1, 0.1)])
def test_bursts_after_rest_go_out_at_what_is_granted(other: tuple[int, float] | None) -> None:
    """200 containers every minute; AWS would let them pass in 9 seconds, and beside another client in 18."""
    grants = [(0.0, granting(20, ON_FARGATE))]
    told = tell(Story(documented=ON_FARGATE, grants=grants, minutes=10.0, demand=(200, MINUTE), other=other))
    assert told.throttled(0, MINUTE, 10 * MINUTE) < 0.01
    for minute in range(1, 10):
        begin = minute * MINUTE
        assert told.passed(0, begin, begin + (11 if other is None else 21)) >= 190


def test_two_schedulers_share_alike_and_a_late_one_gets_its_share() -> None:
    grants = [(0.0, granting(50, BATCH))]
    told = tell(Story(documented=BATCH, grants=grants, minutes=12.0, begins=(0.0, 2 * MINUTE)))
    late = told.passed(1, 4 * MINUTE, 12 * MINUTE) / told.ours(4 * MINUTE, 12 * MINUTE)
    assert 0.35 < late < 0.65
    assert told.used(2 * MINUTE, 12 * MINUTE) >= 0.95
    for who in (0, 1):
        assert told.throttled(who, 3 * MINUTE, 12 * MINUTE) < 0.01


def test_a_bound_is_kept_to_whatever_is_granted() -> None:
    grants = [(0.0, granting(400, ON_FARGATE))]
    told = tell(Story(documented=ON_FARGATE, grants=grants, minutes=4.0, submit_rate=30.0))
    for second in range(2, 240):
        assert told.ours(float(second), second + 1.0) <= 30 + 8  # as latencies bunch them
    assert told.ours(MINUTE, 4 * MINUTE) == pytest.approx(3 * MINUTE * 30, rel=0.01)


def test_a_rate_that_was_set_too_high_is_found_out() -> None:
    grants = [(0.0, granting(20, ON_FARGATE))]
    told = tell(Story(documented=ON_FARGATE, grants=grants, minutes=5.0, submit_rate=1000.0))
    assert told.used(MINUTE, 5 * MINUTE) >= 0.95
    assert told.throttled(0, MINUTE, 5 * MINUTE) < 0.01


def test_the_same_story_is_told_twice() -> None:
    one, other = (tell(story("SubmitJob", 20, "beside a steady client", 1.0)) for _ in range(2))
    assert (one.times, one.calls) == (other.times, other.calls)
    assert set(SERVICES) == {"RunTask on Fargate", "RunTask on EC2", "SubmitJob"}
