"""Calls wait at queues, and the executors of one process share an account."""

from collections.abc import Iterable

import pytest

from aws_executors.core.aws.request_quotas import (
    BATCH,
    ON_FARGATE,
    ON_INSTANCES,
    Action,
    Allotments,
    allotments,
)
from aws_executors.core.aws.token_bucket import Bucket
from aws_executors.shell.engine.calls.rate_limiter import Account, RateLimitedQueue, RateLimiter, account


def test_the_most_urgent_passes_first_and_no_more_than_allowed() -> None:
    mine = Account().share(ON_FARGATE)
    queue = RateLimitedQueue[str](Action.SUBMIT, mine)
    for number in range(30):
        queue.enqueue(f"low {number}", priority=1)
    queue.enqueue("high", priority=9)
    passed = list(queue.take_ready(0.0))
    assert passed == ["high", *(f"low {number}" for number in range(17))]
    assert mine.ready_at(Action.SUBMIT) == pytest.approx(1 / 19)  # a little below the 20 that AWS documents
    assert list(queue.take_ready(0.11)) == ["low 17", "low 18"]
    assert len(queue) == 11


def test_no_more_pass_than_there_is_room_for_and_the_rest_costs_the_account_nothing() -> None:
    mine = Account().share(ON_FARGATE)
    queue = RateLimitedQueue[str](Action.SUBMIT, mine)
    for number in range(10):
        queue.enqueue(f"{number}", priority=number)
    assert list(queue.take_ready(0.0, room=3)) == ["9", "8", "7"]
    assert list(queue.take_ready(0.0, room=0)) == []
    assert list(queue.take_ready(0.0, room=-1)) == []
    assert len(queue) == 7
    assert mine.take(Action.SUBMIT, 100, 0.0) == 18 - 3


def test_an_empty_gate_takes_nothing_of_the_account() -> None:
    mine = Account().share(ON_FARGATE)
    queue = RateLimitedQueue[str](Action.SUBMIT, mine)
    assert list(queue.take_ready(0.0)) == []
    assert mine.take(Action.SUBMIT, 100, 0.0) == 18


def test_a_throttle_of_one_executor_slows_the_other() -> None:
    shared = Account()
    one, other = shared.share(ON_FARGATE), shared.share(ON_FARGATE)
    one.throttled(Action.SUBMIT, 7.9, 8.0)
    one.throttled(Action.SUBMIT, 9.9, 10.0)
    assert other.take(Action.SUBMIT, 100, 10.0) == 0
    assert other.take(Action.SUBMIT, 100, 11.0) < 10
    assert other.take(Action.DESCRIBE, 200, 11.0) == 98


def test_one_account_for_one_region_endpoint_and_connection() -> None:
    assert account("eu-west-1", "", "aws") is account("eu-west-1", "", "aws")
    assert account("eu-west-1", "", "aws") is not account("eu-west-1", "", "other")


def rate(share: RateLimiter, action: Action, now: float) -> float:
    bucket = share.bucket(action, now)
    assert isinstance(bucket, Bucket)
    return bucket.rate


def rush(share: RateLimiter, action: Action, seconds: Iterable[int]) -> None:
    """More is wanted than there is, and AWS throttles nothing."""
    for second in seconds:
        share.take(action, 10**6, float(second))
        share.passed(action, float(second))


def bounded(documented: Allotments, submit_rate: float | None) -> Allotments:
    return allotments(documented, submit_rate=submit_rate, read_share=0.5)


@pytest.mark.parametrize("documented", [ON_FARGATE, ON_INSTANCES, BATCH])
def test_c31_starts_and_stops_rise_and_looks_never_do(documented: Allotments) -> None:
    share = Account().share(bounded(documented, None))
    for action, rises in {"submit": True, "stop": True, "describe": False, "look up": False}.items():
        before = rate(share, Action(action), 0.0)
        rush(share, Action(action), range(60))
        assert (rate(share, Action(action), 60.0) > 2 * before) == rises
        assert rises or rate(share, Action(action), 60.0) == documented[Action(action)].quota.rate / 2


def test_a_look_that_was_throttled_comes_back_to_its_share() -> None:
    share = Account().share(bounded(BATCH, None))
    rush(share, Action.DESCRIBE, [0])
    share.throttled(Action.DESCRIBE, 0.5, 0.6)
    assert rate(share, Action.DESCRIBE, 1.0) < 25
    rush(share, Action.DESCRIBE, range(1, 200))
    assert rate(share, Action.DESCRIBE, 200.0) == 25


def test_a_bound_is_one_executor_s_own_and_stops_are_not_bound_by_it() -> None:
    shared = Account()
    free, slow = shared.share(ON_INSTANCES), shared.share(bounded(ON_INSTANCES, 2))
    assert slow.take(Action.SUBMIT, 50, 0.0) == 4  # 2 a second is a twentieth of 40, and 5 of a burst of 100
    assert slow.take(Action.STOP, 50, 0.0) == 50
    assert slow.ready_at(Action.SUBMIT) > slow.ready_at(Action.STOP)
    assert rate(slow, Action.SUBMIT, 0.0) == 2
    assert free.take(Action.SUBMIT, 50, 0.0) == 42
    assert slow.take(Action.SUBMIT, 50, 1.0) == 2
    assert free.take(Action.SUBMIT, 50, 1.0) == 36


def test_what_a_bound_holds_back_is_no_reason_to_rise() -> None:
    account = Account()
    share = account.share(bounded(BATCH, 10))
    rush(share, Action.SUBMIT, range(300))
    assert rate(Account().share(BATCH), Action.SUBMIT, 0.0) == 47.5
    assert share.take(Action.SUBMIT, 10**6, 301.0) <= 10 + 1
    unbound = account.share(BATCH).bucket(Action.SUBMIT, 301.0)
    assert unbound.rate == 47.5
