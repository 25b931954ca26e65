"""The documented quotas, and what the settings make of them."""

from math import inf

import pytest

from aws_executors.core.aws.request_quotas import (
    BATCH,
    ON_FARGATE,
    ON_INSTANCES,
    Action,
    Allotments,
    allotments,
)
from aws_executors.core.aws.token_bucket import Quota


@pytest.mark.parametrize(
    ("documented", "action", "rate", "burst"),
    [
        (ON_FARGATE, Action.SUBMIT, 20, 20),
        (ON_INSTANCES, Action.SUBMIT, 40, 100),
        (ON_FARGATE, Action.DESCRIBE, 20, 100),
        (ON_FARGATE, Action.STOP, 40, 100),
        (BATCH, Action.SUBMIT, 50, 50),
        (BATCH, Action.DESCRIBE, 50, 50),
    ],
)
def test_documented(documented: Allotments, action: Action, rate: float, burst: float) -> None:
    assert documented[action].quota == Quota(rate=rate, burst=burst)


@pytest.mark.parametrize("documented", [ON_FARGATE, ON_INSTANCES, BATCH])
def test_every_action_has_an_allotment(documented: Allotments) -> None:
    assert set(documented) == set(Action)


def test_looking_and_finding_share_one_bucket_on_ecs() -> None:
    assert ON_FARGATE[Action.DESCRIBE].bucket == ON_FARGATE[Action.LOOK_UP].bucket


def test_on_instances_starting_and_stopping_share_one_bucket() -> None:
    assert ON_INSTANCES[Action.SUBMIT].bucket == ON_INSTANCES[Action.STOP].bucket
    assert ON_FARGATE[Action.SUBMIT].bucket != ON_FARGATE[Action.STOP].bucket


def test_a_raised_quota_and_a_share() -> None:
    mine = allotments(ON_INSTANCES, submit_rate=80, read_share=0.25)
    raised = Quota(rate=80, burst=200)
    assert (mine[Action.SUBMIT].quota, mine[Action.SUBMIT].bound) == (raised, raised)
    assert mine[Action.DESCRIBE].quota == Quota(rate=5, burst=25)
    assert (mine[Action.STOP].quota, mine[Action.STOP].bound) == (raised, None)  # it is the same bucket
    assert allotments(BATCH, submit_rate=80, read_share=1)[Action.STOP] == BATCH[Action.STOP]


def test_a_lower_bound_leaves_the_account_s_bucket_as_it_is() -> None:
    mine = allotments(ON_INSTANCES, submit_rate=4, read_share=0.5)
    assert mine[Action.SUBMIT].quota == mine[Action.STOP].quota == Quota(rate=40, burst=100)
    assert mine[Action.SUBMIT].bound == Quota(rate=4, burst=10)


@pytest.mark.parametrize("documented", [ON_FARGATE, ON_INSTANCES, BATCH])
def test_what_is_to_happen_may_rise_and_looking_may_not(documented: Allotments) -> None:
    mine = allotments(documented, submit_rate=None, read_share=0.5)
    assert {action for action in Action if mine[action].most == inf} == {Action.SUBMIT, Action.STOP}
    assert mine[Action.DESCRIBE].most == documented[Action.DESCRIBE].quota.rate / 2


def test_a_tiny_rate_can_still_make_one_call() -> None:
    tiny = allotments(ON_FARGATE, submit_rate=0.1, read_share=0.01)
    assert tiny[Action.SUBMIT].bound == Quota(rate=0.1, burst=1)
    assert tiny[Action.DESCRIBE].quota.burst == 1
