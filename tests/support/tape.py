"""Values that are read from a tape: a string of bytes, which is all that Hypothesis draws for them.

In a property test each draw costs some 50 microseconds, and a request has dozens of members. So a test draws
one tape, which costs a microsecond a byte, and a *recipe* reads what it needs from the tape. At the tape's
end, and for zeros, each recipe gives its simplest value: so a failing example shrinks.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import combinations
from math import nextafter
from random import Random
from typing import Any, TypeAlias, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")
U = TypeVar("U")


class Tape:
    """The bytes, and how far they have been read."""

    def __init__(self, signs: bytes) -> None:
        self.signs, self.at = signs, 0

    def __repr__(self) -> str:
        return f"Tape({self.signs!r})"

    def number(self, below: int) -> int:
        """Any of `below` numbers, from zero; reads enough bytes to make them about equally likely."""
        if below == 1:
            return 0
        end = self.at + ((below - 1).bit_length() + 11) // 8
        read, self.at = self.signs[self.at : end], end
        return int.from_bytes(read) % below

    def pick(self, values: Sequence[T]) -> T:
        """Any of these values."""
        return values[self.number(len(values))]

    def size(self, least: int, most: int) -> int:
        """A size between these two: any, if they differ by up to seven, otherwise most often a small one."""
        below = most - least + 1
        return least + (self.number(below) if below <= 8 else min(self.number(below), self.number(below)))


Recipe: TypeAlias = Callable[[Tape], T]


def tapes(size: int) -> st.SearchStrategy[Tape]:
    """Tapes of this size, for a test that reads values during its run."""
    return st.binary(min_size=size, max_size=size).map(Tape)


def read(recipe: Recipe[T], size: int) -> st.SearchStrategy[T]:
    """The recipe's value for any tape of so many bytes: `size` should be what it most often needs."""
    return st.binary(min_size=size, max_size=size).map(lambda signs: recipe(Tape(signs)))


def of(*values: T) -> Recipe[T]:
    """Any of these values."""
    return lambda tape: tape.pick(values)


def either(*recipes: Recipe[T]) -> Recipe[T]:
    """A value of any of these recipes."""
    return lambda tape: tape.pick(recipes)(tape)


def together(*recipes: Recipe[Any]) -> Recipe[tuple[Any, ...]]:
    """A tuple with a value of each of these recipes."""
    return lambda tape: tuple(recipe(tape) for recipe in recipes)


def maybe(recipe: Recipe[T]) -> Recipe[T | None]:
    """A value of the recipe, or None."""
    return lambda tape: recipe(tape) if tape.number(2) else None


def mapped(change: Callable[[T], U], recipe: Recipe[T]) -> Recipe[U]:
    """The result of a function for a value of the recipe."""
    return lambda tape: change(recipe(tape))


def whole(low: int, high: int) -> Recipe[int]:
    """Any whole number of a range; one in eight is the first or the last of the range."""

    def number(tape: Tape) -> int:
        kind = tape.number(16)
        return (low, high)[kind] if kind < 2 else low + tape.number(high - low + 1)

    return number


def fraction(low: float, high: float) -> Recipe[float]:
    """Any number of a range; one in two is an end of the range, next to an end, or whole."""

    def number(tape: Tape) -> float:
        kind, share = tape.number(16), tape.number(2**20)
        match kind:
            case 0 | 1:
                return (low, high)[kind]
            case 2:
                return nextafter(low, high)
            case 3:
                return low + (high - low) * 10.0 ** -(share % 16)
            case 4 | 5 | 6 | 7:
                return min(low + share % (int(high - low) + 1), high)
            case _:
                return low + (high - low) * share / 2**20

    return number


def few(recipe: Recipe[T], least: int = 0, most: int = 3, name: str = "") -> Recipe[tuple[T, ...]]:
    """A short tuple of the recipe's values; with `name`, they differ in their member of that name."""

    def several(tape: Tape) -> tuple[T, ...]:
        items = [recipe(tape) for _ in range(tape.size(least, most))]
        if not name:
            return tuple(items)
        named = {
            (item[name] if isinstance(item, dict) else getattr(item, name)) or "": item for item in items
        }
        return tuple(named.values())

    return several


def built(kind: Callable[..., T], /, **members: Recipe[Any]) -> Recipe[T]:
    """A value of one structure that has all of these members."""
    return lambda tape: kind(**{name: recipe(tape) for name, recipe in members.items()})


def some(kind: Callable[..., T], always: Mapping[str, Recipe[Any]], **members: Recipe[Any]) -> Recipe[T]:
    """A value of one structure: with the members that it has `always`, and any none, one, two or three of the
    others; or, in one of eight, all of them."""
    names = list(members)
    sparse = [pick for size in range(4) for pick in combinations(names, size)]
    picks = [*sparse, *[tuple(names)] * -(-len(sparse) // 7)]

    def value(tape: Tape) -> T:
        present = {name: recipe(tape) for name, recipe in always.items()}
        present |= {name: members[name](tape) for name in tape.pick(picks)}
        return kind(**present)

    return value


TELLING = ("a", "A", " ", "0", "/", "password", "--password", "--token=", "DB_PWD", "mysql", "-p", "***")
"""Texts that some code treats specially, and the shortest texts."""


def words(alphabet: str, least: int = 1, most: int = 12) -> Recipe[str]:
    """Texts of these characters: one in eight is from `TELLING`, if one fits; the others are parts of a long
    random text, because a byte for each character would make the tape long."""
    telling = [text for text in TELLING if set(text) <= set(alphabet) and least <= len(text) <= most]
    chance = "".join(Random(alphabet).choices(alphabet, k=2**14))

    def text(tape: Tape) -> str:
        rest, kind = divmod(tape.number(MANY), 8)
        if telling and kind == 0:
            return telling[rest % len(telling)]
        at, size = divmod(rest, most - least + 1)
        at %= len(chance) - most
        return chance[at : at + least + size]

    return text


MANY = 2**20
"""The most different texts of a recipe: a choice among them takes three bytes."""


def joined(*recipes: Recipe[str]) -> Recipe[str]:
    """Texts that join a text of each of these recipes."""
    return lambda tape: "".join(recipe(tape) for recipe in recipes)


ODD_SIGNS = "a0 \x00\x1b\r\n\t\"'\\/:=,.-_*{}[]()<>&%$é\x85\u202e\u2028中😀"


def text(most: int = 8) -> Recipe[str]:
    """Any text that can be encoded: half of its characters are unusual ones, the others any."""

    def sign(tape: Tape) -> str:
        number = tape.number(2**16)
        if number < 2**15:
            return ODD_SIGNS[number % len(ODD_SIGNS)]
        code = number * 34 % 0x110000  # any plane of Unicode
        return chr(code) if not 0xD800 <= code < 0xE000 else "\ue000"

    return lambda tape: "".join([sign(tape) for _ in range(tape.size(0, most))])


def entries(always: Mapping[str, Recipe[Any]], optional: Mapping[str, Recipe[Any]]) -> Recipe[dict[str, Any]]:
    """A dict with the members that it has `always`, and each of the `optional` ones in one of two."""
    names = list(optional)

    def filled(tape: Tape) -> dict[str, Any]:
        there = tape.number(2 ** len(names))
        members = {**always, **{name: optional[name] for at, name in enumerate(names) if there >> at & 1}}
        return {name: recipe(tape) for name, recipe in members.items()}

    return filled


anything: Recipe[Any] = either(
    of(
        *(
            None,
            False,
            True,
            0,
            1,
            -1,
            2**63,
            0.5,
            float("nan"),
            float("inf"),
            datetime(2026, 3, 2, tzinfo=UTC),
        ),
        *("", " ", "a", "0", "\x00", "\ud800", "ß", "<html>", "2026-03-02T10:00:14Z"),
        *(
            [],
            [[]],
            [None],
            ["a"],
            [{}],
            [7, "a"],
            {},
            {"": None},
            {"a": []},
            {"name": "a"},
            {"a": {"b": [1]}},
        ),
    ),
    whole(-(2**70), 2**70),
    whole(-200, 200),
    text(),
)
"""A value that may stand in place of any member of an answer."""


def any_answer(tape: Tape, depth: int = 0) -> Any:
    """Any answer, in the form in which boto3 returns it."""
    kind = tape.number(4) if depth < 4 else 0
    if kind < 2:
        return anything(tape)
    items = [any_answer(tape, depth + 1) for _ in range(tape.size(0, 3))]
    return items if kind == 2 else {text()(tape): item for item in items}


def likely(recipe: Recipe[Any]) -> Recipe[Any]:
    """A value of the recipe or, in one of four, of `anything`."""
    return either(recipe, recipe, recipe, anything)
