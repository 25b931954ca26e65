"""Choosing among several containers of one token, and accounting for every id asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Failure, Result, Success

from aws_executors.core.reading import CONTAINER_REASONS, accounted, joined, newest
from aws_executors.core.state import Observation, Phase, Unreadable


def one(id_: str, phase: Phase, created: float | None = None) -> Observation:
    return Observation(id=id_, phase=phase, created=created)


@pytest.mark.parametrize(
    ("observations", "excluding", "chosen"),
    [
        ([], (), None),
        ([one("a", Phase.ABSENT)], (), None),
        ([one("a", Phase.RUNNING, 1)], {"a"}, None),
        ([one("a", Phase.RUNNING, 1), one("b", Phase.SUCCEEDED, 2)], (), "a"),
        ([one("a", Phase.RUNNING, 1), one("b", Phase.WAITING, 2)], (), "b"),
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


IDS = st.sampled_from(["a", "b", "c", "arn/a"])
RECORDS: st.SearchStrategy[Result[Observation, Unreadable]] = IDS.map(
    lambda id_: Success(one(id_, Phase.RUNNING))
) | (IDS | st.just("")).map(lambda id_: Failure(Unreadable(id=id_, problem="odd")))


@given(st.lists(RECORDS, max_size=3), st.sets(st.sampled_from(["a", "b", "c"])))
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
