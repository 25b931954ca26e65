"""SubmitJob's and ListJobs' answers."""

import pytest
from hypothesis import given

from aws_executors.core.aws.errors import Kind
from aws_executors.core.aws.response import Page
from aws_executors.core.batch.answers.responses import listed_ids, started
from support.tape import any_answer, anything, either, entries, read


def test_a_submitted_job_is_its_id() -> None:
    assert started({"jobArn": "arn:1", "jobName": "a-1", "jobId": "4c75"}).unwrap() == "4c75"


@pytest.mark.parametrize("answer", [{}, {"jobId": 7}, None, "<html>"])
def test_c10_an_answer_that_says_nothing_is_ambiguous(answer: object) -> None:
    told = started(answer).failure()
    assert (told.kind, told.code) == (Kind.AMBIGUOUS, "UnreadableAnswer")


LISTED = {
    "jobSummaryList": [
        {"jobId": "1", "jobName": "a-1", "status": "RUNNING"},
        {"jobId": "2", "jobName": "A-1"},
    ],
    "nextToken": "n",
}


@pytest.mark.parametrize(
    ("answer", "name", "page"),
    [
        (LISTED, "", Page(ids=("1", "2"), next_token="n")),
        (LISTED, "a-1", Page(ids=("1",), next_token="n")),
        (LISTED, "b", Page(next_token="n")),
        ({"jobSummaryList": []}, "a-1", Page()),
    ],
)
def test_a_page(answer: object, name: str, page: Page) -> None:
    assert listed_ids(answer, name=name).unwrap() == page


def test_a_page_that_can_not_be_read_hides_nothing() -> None:
    for odd in ([{"jobId": "1", "jobName": "a"}, {}], None):
        assert listed_ids({"jobSummaryList": odd}).failure().kind is Kind.AMBIGUOUS
    assert listed_ids({"message": "Service Unavailable"}).failure().kind is Kind.AMBIGUOUS


@given(
    read(
        either(any_answer, entries({}, dict.fromkeys(["jobId", "jobSummaryList", "nextToken"], anything))), 64
    )
)
def test_answers_never_raise(value: object) -> None:
    started(value)
    listed_ids(value)
