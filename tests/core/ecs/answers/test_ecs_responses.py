"""RunTask's and ListTasks' answers, each documented failure reason with its class (C23)."""

import pytest
from hypothesis import given

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.aws.response import Page
from aws_executors.core.ecs.answers.responses import FAILURES, listed_ids, started
from support.tape import any_answer, anything, either, entries, read


def refused(reason: str, **fields: str) -> AwsError:
    return started({"tasks": [], "failures": [{"reason": reason, **fields}]}).failure()


def test_a_started_task_is_its_arn_whatever_else_failed() -> None:
    assert started({"tasks": [{"taskArn": "arn:1"}], "failures": [{"reason": "AGENT"}]}).unwrap() == "arn:1"


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("RESOURCE:CPU", "RESOURCE:CPU"),
        ("RESOURCE:MEMORY", "RESOURCE:MEMORY"),
        ("RESOURCE:ENI", "RESOURCE:ENI"),
        ("RESOURCE:GPU", "RESOURCE:GPU"),
        ("AGENT", "AGENT"),
        ("ATTRIBUTE", "ATTRIBUTE"),
        ("LOCATION", "LOCATION"),
        ("TaskFailedToStart: RESOURCE:MEMORY", "RESOURCE:MEMORY"),
        ("TaskFailedToStart: EMPTY CAPACITY PROVIDER", "EMPTY CAPACITY PROVIDER"),
        ("NO ACTIVE INSTANCES", "NO ACTIVE INSTANCES"),
        ("MemberOf placement constraint unsatisfied", "RunTaskFailure"),
        (
            "Capacity is unavailable at this time. Please try again later or in a different zone",
            "RunTaskFailure",
        ),
    ],
)
def test_c23_every_documented_failure_is_a_lack_of_room_with_a_remedy(reason: str, code: str) -> None:
    told = refused(reason)
    assert (told.kind, told.code, told.message) == (Kind.CAPACITY, code, reason)
    assert told.remedy != ""


def test_each_row_of_the_table_can_be_reached() -> None:
    prefixes = [prefix for prefix, _ in FAILURES]
    assert [p for i, p in enumerate(prefixes) if any(p.startswith(earlier) for earlier in prefixes[:i])] == []


def test_c23_throttling_in_disguise() -> None:
    assert refused("Error retrieving subnet information: Rate exceeded").kind is Kind.THROTTLED


def test_an_unknown_failure_started_nothing_and_may_pass() -> None:
    told = refused("Something new", detail="more of it", arn="arn:2")
    assert told == AwsError(
        kind=Kind.CAPACITY, code="RunTaskFailure", message="Something new; more of it; arn:2"
    )


@pytest.mark.parametrize(
    "answer", [{}, {"tasks": [], "failures": []}, {"tasks": [{}]}, None, "<html>", {"tasks": 1}]
)
def test_c10_an_answer_that_says_nothing_is_ambiguous(answer: object) -> None:
    assert started(answer).failure().kind is Kind.AMBIGUOUS


@pytest.mark.parametrize(
    ("answer", "page"),
    [
        ({"taskArns": ["a", "b"], "nextToken": "n"}, Page(ids=("a", "b"), next_token="n")),
        ({"taskArns": []}, Page()),
    ],
)
def test_a_page(answer: object, page: Page) -> None:
    assert listed_ids(answer).unwrap() == page


def test_a_page_that_can_not_be_read_hides_nothing() -> None:
    for odd in ({"taskArns": ["a", 7]}, {"taskArns": ["a", None]}, {"taskArns": None}, {}, {"message": "no"}):
        assert listed_ids(odd).failure().kind is Kind.AMBIGUOUS


@given(read(either(any_answer, entries({}, dict.fromkeys(["tasks", "failures", "taskArns"], anything))), 64))
def test_answers_never_raise(value: object) -> None:
    started(value)
    listed_ids(value)
