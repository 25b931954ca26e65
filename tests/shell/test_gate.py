"""Calls wait at gates, and the executors of one process share an account."""

from aws_executors.core.quota import ON_FARGATE, Action
from aws_executors.shell.allowance import Account, account
from aws_executors.shell.gate import Gate


def test_the_most_urgent_passes_first_and_no_more_than_allowed() -> None:
    gate = Gate[str](Action.SUBMIT, Account().share(ON_FARGATE))
    for number in range(30):
        gate.wait(f"low {number}", priority=1)
    gate.wait("high", priority=9)
    passed = list(gate.passing(0.0))
    assert passed == ["high", *(f"low {number}" for number in range(17))]
    assert gate.next_time() == 0.05
    assert list(gate.passing(0.1)) == ["low 17", "low 18"]
    assert len(gate) == 11


def test_no_more_pass_than_there_is_room_for_and_the_rest_costs_the_account_nothing() -> None:
    mine = Account().share(ON_FARGATE)
    gate = Gate[str](Action.SUBMIT, mine)
    for number in range(10):
        gate.wait(f"{number}", priority=number)
    assert list(gate.passing(0.0, room=3)) == ["9", "8", "7"]
    assert list(gate.passing(0.0, room=0)) == []
    assert list(gate.passing(0.0, room=-1)) == []
    assert len(gate) == 7
    assert mine.take(Action.SUBMIT, 100, 0.0) == 18 - 3


def test_an_empty_gate_takes_nothing_of_the_account() -> None:
    mine = Account().share(ON_FARGATE)
    gate = Gate[str](Action.SUBMIT, mine)
    assert list(gate.passing(0.0)) == []
    assert gate.next_time() is None
    assert mine.take(Action.SUBMIT, 100, 0.0) == 18


def test_a_throttle_of_one_executor_slows_the_other() -> None:
    shared = Account()
    one, other = shared.share(ON_FARGATE), shared.share(ON_FARGATE)
    one.throttled(Action.SUBMIT, 8.0)
    one.throttled(Action.SUBMIT, 10.0)
    assert other.take(Action.SUBMIT, 100, 10.0) == 0
    assert other.take(Action.SUBMIT, 100, 11.0) == 14
    assert other.take(Action.LOOK, 200, 11.0) == 98


def test_one_account_for_one_region_endpoint_and_connection() -> None:
    assert account("eu-west-1", "", "aws") is account("eu-west-1", "", "aws")
    assert account("eu-west-1", "", "aws") is not account("eu-west-1", "", "other")
