"""Whatever comes in, what leaves can be saved, is one line where one is meant, and has a bounded size."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aws_executors.core.redact.outgoing import CUT, MOST, first_lines, last_lines, one_line

ANYTHING = st.text(st.characters(codec=None)) | st.text(
    "\x00\ud800\x1b[m\r\n\u2028\u202e\x85é😀 a", max_size=60
)


def savable(text: str) -> bool:
    return not any((ord(sign) < 32 and sign not in "\n\t") or 127 <= ord(sign) < 160 for sign in text)


@given(ANYTHING, st.integers(20, 100))
@example("\ud83d" * 100, 20)
def test_what_leaves(text: str, most: int) -> None:
    for clean in (one_line, first_lines, last_lines):
        told = clean(text * 3, most)
        assert savable(told)
        assert len(told.encode()) <= most  # a lone half of a character could not be encoded
    assert len(one_line(text).splitlines()) <= 1


@given(st.text(st.characters(categories=["L", "N", "P"], exclude_characters="\u2028"), max_size=200))
def test_what_is_plain_stays(text: str) -> None:
    for clean in (one_line, first_lines, last_lines):
        assert clean(text) == one_line(text)


def test_a_forged_line_stays_where_it_was_said() -> None:
    name = "x\x1b[2K\r\n[2026-01-01] ERROR - the scheduler ends\u2028\x85\x0b\x0cmore"
    assert (
        one_line(f"Container {name}: gone")
        == "Container x [2026-01-01] ERROR - the scheduler ends    more: gone"
    )


def test_an_escape_that_nobody_ends_hides_nothing_behind_it() -> None:
    assert one_line("\x1b]0;title and what we say") == "]0;title and what we say"
    assert one_line("\x1b]0;title\x07what we say") == "what we say"


@pytest.mark.parametrize("clean", [one_line, first_lines, last_lines])
def test_a_cut_is_marked(clean: object) -> None:
    assert callable(clean)
    long = clean("é" * MOST)
    assert CUT in long
    assert MOST - 4 <= len(long.encode()) <= MOST


def test_of_lines_the_last_ones_stay() -> None:
    text = "\n".join(f"line {number}" for number in range(100_000))
    told = last_lines(text)
    assert told.splitlines()[0] == CUT
    assert told.splitlines()[-1] == "line 99999"
    assert all(line.startswith("line ") for line in told.splitlines()[1:])
    assert first_lines(text).splitlines()[0] == "line 0"


def test_a_secret_in_pieces_is_one_before_it_is_masked() -> None:
    assert one_line("pass\x00word=hunter2 pass\x1b[1mword=hunter2") == "password=*** password=***"
    assert "hunter2" not in last_lines("x" * 20_000 + " password=" + "hunter2" * 5_000)
