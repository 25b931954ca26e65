"""Choosing among several containers of one token, and accounting for every id asked for."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Failure, Result, Success

from aws_executors.core.aws.memo import cached_while_unchanged
from aws_executors.core.aws.response import CONTAINER_REASONS, Reader, accounted, joined, newest
from aws_executors.core.batch.answers import describe as batch
from aws_executors.core.ecs.answers import describe as ecs
from aws_executors.core.lifecycle.observation import Observation, Phase, Unreadable


def one(id_: str, phase: Phase, created: float | None = None) -> Observation:
    return Observation(id=id_, phase=phase, created=created)


@pytest.mark.parametrize(
    ("observations", "excluding", "chosen"),
    [
        ([], (), None),
        ([one("a", Phase.ABSENT)], (), None),
        ([one("a", Phase.RUNNING, 1)], {"a"}, None),
        ([one("a", Phase.RUNNING, 1), one("b", Phase.SUCCEEDED, 2)], (), "a"),
        ([one("a", Phase.RUNNING, 1), one("b", Phase.PENDING, 2)], (), "b"),
        ([one("a", Phase.FAILED, 1), one("b", Phase.SUCCEEDED, 2)], (), "b"),
        ([one("a", Phase.FAILED, 1), one("b", Phase.SUCCEEDED, 2)], {"b"}, "a"),
        ([one("a", Phase.FAILED), one("b", Phase.FAILED, 0)], (), "b"),
        ([one("a", Phase.RUNNING, 1), one("b", Phase.RUNNING, 1)], (), "b"),
    ],
)
def test_newest(observations: list[Observation], excluding: set[str], chosen: str | None) -> None:
    for order in (observations, observations[::-1]):
        told = newest(order, excluding=excluding)
        assert (None if told is None else told.id) == chosen


IDS = ["a", "b", "c", "arn/a"]
RECORDS: list[Result[Observation, Unreadable]] = [
    *(Success(one(id_, Phase.RUNNING)) for id_ in IDS),
    *(Failure(Unreadable(id=id_, problem="odd")) for id_ in [*IDS, ""]),
]


@given(st.lists(st.sampled_from(RECORDS), max_size=3), st.sets(st.sampled_from(["a", "b", "c"])))
def test_every_id_asked_for_is_seen_or_unreadable_or_absent(
    records: list[Result[Observation, Unreadable]], asked: set[str]
) -> None:
    told = accounted(records, asked=sorted(asked))
    ids = [*(seen.id for seen in told.observations), *(odd.id for odd in told.unreadable)]
    assert asked <= {id_.rsplit("/", 1)[-1] for id_ in ids}
    absent = [seen.id for seen in told.observations if seen.phase is Phase.ABSENT]
    assert len(absent) == len(set(absent))
    assert not absent or all(odd.id for odd in told.unreadable)


def test_reasons_are_shown_without_secrets() -> None:
    assert joined("a", " ", None, 'exec {"token": "abc"}', "a ") == 'a; exec {"token": "***"}'


def test_each_row_of_the_container_s_reasons_can_be_reached() -> None:
    words = [text for text, _ in CONTAINER_REASONS]
    assert [
        text for i, text in enumerate(words) if any(text.startswith(earlier) for earlier in words[:i])
    ] == []


# --- What is looked at again and again ----------------------------------------------------------------------

TASK: dict[str, object] = {
    "taskArn": "arn:1",
    "lastStatus": "RUNNING",
    "startedBy": "airflow/0b6e-1",
    "version": 4,
    "startedAt": 1772445655.25,
    "containers": [{"name": "airflow", "lastStatus": "RUNNING"}],
}
JOB: dict[str, object] = {
    "jobId": "4c75",
    "status": "RUNNING",
    "jobName": "airflow-0b6e-1",
    "startedAt": 1772445655250,
}
TASKS: tuple[dict[str, object], ...] = (
    {},
    {"cpu": "256"},  # what nobody reads
    {"version": 5},
    {"lastStatus": "DEPROVISIONING", "stoppedReason": "Task stopped by user"},
    {"containers": [{"name": "airflow", "lastStatus": "STOPPED", "exitCode": 0}]},
    {"containers": [{"name": "airflow", "lastStatus": "STOPPED", "exitCode": 3, "reason": "OutOfMemory"}]},
    {"containers": [{"name": "airflow", "exitCode": True}]},
    {"lastStatus": "BORED"},
    {"taskArn": ["arn:1"]},
    {"taskArn": None},
    {"startedAt": datetime(2026, 3, 2, tzinfo=UTC)},
)
JOBS: tuple[dict[str, object], ...] = (
    {},
    {"jobQueue": "q"},
    {"statusReason": "a person's words"},
    {"status": "SUCCEEDED", "container": {"exitCode": 0}},
    {"status": "FAILED", "container": {"exitCode": 3}, "isTerminated": True},
    {
        "status": "RUNNABLE",
        "attempts": [{"container": {"exitCode": 1}, "statusReason": "Host EC2 (instance"}],
    },
    {"container": {"logStreamName": "airflow/default/1"}},
    {"status": None},
    {"jobId": {"a": 1}},
)


@pytest.mark.parametrize(
    ("plain", "follower", "shown"),
    [
        (partial(ecs.observe, container="airflow"), ecs.follower, [TASK | one for one in TASKS]),
        (batch.observe, batch.follower, [JOB | one for one in JOBS]),
    ],
)
def test_who_looks_again_reads_what_anybody_reads(
    plain: Reader, follower: Callable[[str], Reader], shown: list[dict[str, object]]
) -> None:
    again = follower("airflow" if plain is not batch.observe else "")
    for before in shown:
        for record in (before, before, *shown, 7, None, "arn:1"):
            assert again(record) == plain(record)


@pytest.mark.parametrize(("follower", "record"), [(ecs.follower("airflow"), TASK), (batch.follower(""), JOB)])
def test_what_says_the_same_is_not_read_again(follower: Reader, record: dict[str, object]) -> None:
    first = follower(dict(record)).unwrap()
    assert follower(record | {"tags": [{"key": "a"}]}).unwrap() is first
    assert follower(record | {"startedAt": 1.0}).unwrap() is not first


def test_what_is_remembered_is_bounded_and_ends_are_forgotten() -> None:
    read: list[object] = []

    def reading(record: object) -> object:
        read.append(record)
        return record

    again = cached_while_unchanged(
        reading, ["id", "over"], lambda one: isinstance(one, dict) and "over" not in one, most=2
    )
    a, b, c = ({"id": name} for name in "abc")
    over: dict[str, object] = {"id": "a", "over": 1}
    for record in (a, b, a, b):
        again(record)
    assert read == [a, b]
    for shown in (over, over, a, a):
        again(shown)
    assert read[2:] == [over, over, a]
    for record in (c, c, a):
        again(record)
    assert read[5:] == [c, a]  # a third one: what was remembered is gone, and nothing is wrong
