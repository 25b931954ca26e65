"""The documented quotas, and what the settings make of them."""

import pytest

from aws_executors.core.quota import BATCH, ON_FARGATE, ON_INSTANCES, Action, Allotments, allotments
from aws_executors.core.rate import Quota


@pytest.mark.parametrize(
    ("documented", "action", "rate", "burst"),
    [
        (ON_FARGATE, Action.SUBMIT, 20, 20),
        (ON_INSTANCES, Action.SUBMIT, 40, 100),
        (ON_FARGATE, Action.LOOK, 20, 100),
        (ON_FARGATE, Action.STOP, 40, 100),
        (BATCH, Action.SUBMIT, 50, 50),
        (BATCH, Action.LOOK, 50, 50),
    ],
)
def test_documented(documented: Allotments, action: Action, rate: float, burst: float) -> None:
    assert documented[action].quota == Quota(rate=rate, burst=burst)


@pytest.mark.parametrize("documented", [ON_FARGATE, ON_INSTANCES, BATCH])
def test_every_action_has_an_allotment(documented: Allotments) -> None:
    assert set(documented) == set(Action)


def test_looking_and_finding_share_one_bucket_on_ecs() -> None:
    assert ON_FARGATE[Action.LOOK].bucket == ON_FARGATE[Action.FIND].bucket


def test_on_instances_starting_and_stopping_share_one_bucket() -> None:
    assert ON_INSTANCES[Action.SUBMIT].bucket == ON_INSTANCES[Action.STOP].bucket
    assert ON_FARGATE[Action.SUBMIT].bucket != ON_FARGATE[Action.STOP].bucket


def test_a_raised_quota_and_a_share() -> None:
    mine = allotments(ON_INSTANCES, submit_rate=80, read_share=0.25)
    assert mine[Action.SUBMIT].quota == Quota(rate=80, burst=200)
    assert mine[Action.LOOK].quota == Quota(rate=5, burst=25)
    assert mine[Action.STOP].quota == Quota(rate=40, burst=100)


def test_a_tiny_rate_can_still_make_one_call() -> None:
    assert allotments(ON_FARGATE, submit_rate=0.1, read_share=0.01)[Action.SUBMIT].quota.burst == 1
