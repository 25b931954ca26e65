"""The laws of merging, on small structures that have a field of every kind; and the named rules."""

from typing import Annotated, Any

import pytest
from hypothesis import given
from pydantic.dataclasses import dataclass

from aws_executors.core.requests.merge import (
    KEY,
    KEY_OF_A_WHOLE,
    MergedBy,
    appended,
    by_key,
    last,
    merge,
    overridden,
)
from aws_executors.core.requests.wire import WRITTEN, Texts
from support.tape import Recipe, few, mapped, maybe, of, read, some


@dataclass(frozen=True, slots=True, kw_only=True, config=WRITTEN)
class Part:
    text: str | None = None
    flag: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True, config=WRITTEN)
class Item:
    name: Annotated[str, KEY]
    size: int | None = None
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, config=WRITTEN)
class Sealed:
    kind: Annotated[str | None, KEY_OF_A_WHOLE] = None
    size: int | None = None
    part: Part = Part()


@dataclass(frozen=True, slots=True, kw_only=True, config=WRITTEN)
class Whole:
    number: int | None = None
    words: tuple[str, ...] = ()
    texts: Texts = ()
    part: Part = Part()
    absent: Part | None = None
    items: tuple[Item, ...] = ()
    sealed: tuple[Sealed, ...] = ()
    parts: tuple[Part, ...] = ()
    added: Annotated[tuple[str, ...], MergedBy(appended)] = ()
    one: Annotated[Part, MergedBy(last)] = Part()


NOTHING = Whole()
few_words = mapped(lambda found: tuple(dict.fromkeys(found)), few(of("a", "b"), most=2))
numbers = of(0, 1, 2)
parts = some(Part, {}, text=of("", "a"), flag=of(False, True))
names = of("x", "y", "z")
whole: Recipe[Whole] = some(
    Whole,
    {},
    number=numbers,
    words=few_words,
    texts=mapped(dict, few(lambda tape: (names(tape), tape.pick(("", "1"))))),
    part=parts,
    absent=parts,
    items=few(some(Item, {"name": names}, size=numbers, words=few_words), name="name"),
    sealed=few(some(Sealed, {"kind": maybe(names)}, size=numbers, part=parts), name="kind"),
    parts=few(parts, most=2),
    added=few_words,
    one=parts,
)
wholes = read(whole, 48)


@given(wholes)
def test_nothing_changes_nothing_and_saying_it_again_neither(a: Whole) -> None:
    assert merge(a, NOTHING) is a
    assert merge(NOTHING, a) == merge(a, a) == a


@given(wholes, wholes, wholes)
def test_it_does_not_matter_which_two_are_merged_first(a: Whole, b: Whole, c: Whole) -> None:
    assert merge(a, merge(b, c)) == merge(merge(a, b), c)


X, Y = Item(name="x", size=1), Item(name="y", words=("a",))
RULES: list[tuple[str, object, object, object]] = [
    ("number", 1, 0, 0),
    ("words", ("a", "b"), ("c",), ("c",)),
    ("texts", {"a": "1", "b": "2"}, {"b": "", "c": "3"}, {"a": "1", "b": "", "c": "3"}),
    ("part", Part(text="a", flag=True), Part(flag=False), Part(text="a", flag=False)),
    ("absent", None, Part(text="a"), Part(text="a")),
    ("absent", Part(text="a", flag=True), Part(text=""), Part(text="", flag=True)),
    (
        "items",
        (X, Y),
        (Item(name="z"), Item(name="x", words=("b",))),
        (Item(name="x", size=1, words=("b",)), Y, Item(name="z")),
    ),
    ("sealed", (Sealed(kind="x", size=1),), (Sealed(kind="x"),), (Sealed(kind="x"),)),
    ("sealed", (Sealed(size=1),), (Sealed(part=Part(text="a")),), (Sealed(part=Part(text="a")),)),
    ("parts", (Part(text="a"), Part()), (Part(flag=True),), (Part(flag=True),)),
    ("added", ("a", "b"), ("b", "c"), ("a", "b", "c")),
    ("one", Part(text="a", flag=True), Part(flag=False), Part(flag=False)),
]


@pytest.mark.parametrize(("field", "base", "over", "merged"), RULES)
def test_a_fields_type_says_its_rule(field: str, base: Any, over: Any, merged: Any) -> None:
    assert merge(Whole(**{field: base}), Whole(**{field: over})) == Whole(**{field: merged})


def test_of_two_types_the_fields_count_that_both_have() -> None:
    assert merge(X, NOTHING) is X
    assert merge(X, Whole(words=("b",), number=7)) == Item(name="x", size=1, words=("b",))
    assert merge(NOTHING, X) is NOTHING


def test_what_is_decided_is_taken_as_it_is() -> None:
    base, over = Whole(number=1, words=("a",)), Whole(number=2, words=("b",))
    assert merge(base, over, words=base.words) == Whole(number=2, words=("a",))
    assert merge(base, over, words=("c",), number=1) == Whole(number=1, words=("c",))
    assert merge(base, NOTHING, words=base.words) is base


def test_what_is_merged_is_checked() -> None:
    with pytest.raises(ValueError, match="number"):
        merge(NOTHING, NOTHING, number="many")


def test_two_items_of_one_key_in_one_list_are_one() -> None:
    twice = (X, Item(name="x", words=("b",)))
    assert merge(NOTHING, Whole(items=twice)).items == (Item(name="x", size=1, words=("b",)),)


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


def test_items_of_one_key_are_combined_base_first() -> None:
    def named(pair: tuple[str, str]) -> str:
        return pair[0]

    base, over = (("a", "1"), ("b", "2")), (("c", "3"), ("a", "4"))
    assert by_key(base, over, named) == (("a", "4"), ("b", "2"), ("c", "3"))
    both = by_key(base, over, named, lambda below, above: (below[0], below[1] + above[1]))
    assert both == (("a", "14"), ("b", "2"), ("c", "3"))
    assert last("a", "b") == "b"
