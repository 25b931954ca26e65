"""The laws of merging: of the named rules, and of what ECS makes of them."""

from dataclasses import astuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_executors.core.ecs.merge import merge_container, merge_overrides, merge_tags
from aws_executors.core.ecs.structures import ContainerOverride, Overrides, Tag
from aws_executors.core.requests.merge import appended, by_name, last, overridden
from aws_executors.core.requests.wire import KeyValuePair
from strategies import containers, environments, overrides, tags

words = st.text("abc", max_size=2)
said = st.none() | st.just(()) | st.integers(0, 2) | st.booleans() | st.tuples(words)
few = st.lists(words, max_size=4, unique=True).map(tuple)
pairs = st.lists(st.tuples(words, words), max_size=4, unique_by=lambda pair: pair[0]).map(tuple)


def first(pair: tuple[str, str]) -> str:
    return pair[0]


@given(said, said, said)
def test_later(a: object, b: object, c: object) -> None:
    assert overridden(a, None) == a
    assert overridden(a, a) == a
    assert overridden(a, overridden(b, c)) == overridden(overridden(a, b), c) or (
        c in (None, ()) and b in (None, ())
    )
    assert overridden(overridden(a, b), c) in (a, b, c)


@pytest.mark.parametrize(
    ("base", "over", "merged"),
    [
        (1, None, 1),
        (1, (), 1),
        (1, 0, 0),
        (True, False, False),
        (("a",), ("b",), ("b",)),
        (None, "a", "a"),
        ("a", "", ""),
    ],
)
def test_only_none_and_the_empty_tuple_say_nothing(base: object, over: object, merged: object) -> None:
    assert overridden(base, over) == merged


@given(few, few, few)
def test_appended(a: tuple[str, ...], b: tuple[str, ...], c: tuple[str, ...]) -> None:
    assert appended(a, ()) == appended((), a) == appended(a, a) == a
    assert appended(a, appended(b, c)) == appended(appended(a, b), c)
    assert set(appended(a, b)) == {*a, *b}
    assert appended(a, b)[: len(a)] == a


@given(pairs, pairs, pairs)
def test_by_name(
    a: tuple[tuple[str, str], ...], b: tuple[tuple[str, str], ...], c: tuple[tuple[str, str], ...]
) -> None:
    assert by_name(a, (), first) == by_name((), a, first) == by_name(a, a, first) == a
    assert by_name(a, by_name(b, c, first), first) == by_name(by_name(a, b, first), c, first)
    assert dict(by_name(a, b, first)) == {**dict(a), **dict(b)}
    assert [name for name, _ in by_name(a, b, first)][: len(a)] == [name for name, _ in a]


@given(pairs, pairs)
def test_items_of_one_name_are_combined_base_first(
    a: tuple[tuple[str, str], ...], b: tuple[tuple[str, str], ...]
) -> None:
    merged = by_name(a, b, first, lambda below, above: (below[0], f"{below[1]}+{above[1]}"))
    both = {name for name, _ in a} & {name for name, _ in b}
    assert {name: text for name, text in merged if name in both} == {
        name: f"{dict(a)[name]}+{dict(b)[name]}" for name in both
    }


def test_last() -> None:
    assert last("a", "b") == "b"


def renamed(container: ContainerOverride) -> ContainerOverride:
    return merge_container(ContainerOverride(name="one"), container)


@given(containers.map(renamed), containers.map(renamed), containers.map(renamed))
def test_containers(a: ContainerOverride, b: ContainerOverride, c: ContainerOverride) -> None:
    nothing = ContainerOverride(name="one")
    assert merge_container(a, nothing) == merge_container(nothing, a) == merge_container(a, a) == a
    assert merge_container(a, merge_container(b, c)) == merge_container(merge_container(a, b), c)


@given(overrides, overrides, overrides)
def test_overrides(a: Overrides, b: Overrides, c: Overrides) -> None:
    before = astuple(a), astuple(b)
    assert merge_overrides(a, Overrides()) == merge_overrides(Overrides(), a) == merge_overrides(a, a) == a
    assert merge_overrides(a, merge_overrides(b, c)) == merge_overrides(merge_overrides(a, b), c)
    assert (astuple(a), astuple(b)) == before


@given(tags, tags)
def test_tags_of_the_later_win_and_none_is_lost(a: tuple[Tag, ...], b: tuple[Tag, ...]) -> None:
    merged = {tag.key: tag.value for tag in merge_tags(a, b)}
    assert merged == {tag.key: tag.value for tag in (*a, *b)}


@given(environments, environments)
def test_variables_merge_by_name(a: tuple[KeyValuePair, ...], b: tuple[KeyValuePair, ...]) -> None:
    merged = merge_container(
        ContainerOverride(name="x", environment=a), ContainerOverride(name="x", environment=b)
    )
    assert {v.name: v.value for v in merged.environment} == {v.name: v.value for v in (*a, *b)}
