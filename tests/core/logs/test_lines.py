"""How the pages of a log become lines."""

import json
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import JsonValue

from aws_executors.core.logs import lines as logs
from aws_executors.core.logs.lines import BYTES, LINES, WIDE, Tail, excerpt, folded, log_line, unfolded
from support.tape import few, mapped, read, whole

JWT = "eyJhbGciOiJIUzUxMiJ9.eyJzdWIiOiJ0ZXN0In0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ('{"event":"ran","level":"info"}', '{"event":"ran","level":"info"}'),
        ('{"event":"a\u2028b\x85c","level":"info"}', '{"event":"a b c","level":"info"}'),
        ("plain words\n", '{"timestamp":"2026-03-02T10:00:14.500000Z","event":"plain words"}'),
        ('{"no": "event"}', '{"timestamp":"2026-03-02T10:00:14.500000Z","event":"{\\"no\\": \\"event\\"}"}'),
        ("a\nb", '{"timestamp":"2026-03-02T10:00:14.500000Z","event":"a\\nb"}'),
        (f"token {JWT}", '{"timestamp":"2026-03-02T10:00:14.500000Z","event":"token ***"}'),
        ("", '{"timestamp":"2026-03-02T10:00:14.500000Z","event":""}'),
    ],
)
def test_lines(message: str, expected: str) -> None:
    assert log_line(message, 1772445614500) == expected


def test_a_line_without_a_time() -> None:
    assert log_line("words", None) == '{"event":"words"}'


def page(*numbers: int, forward: str = "f", backward: str = "b") -> dict[str, JsonValue]:
    return {
        "events": [{"message": f'{{"event":"{number}"}}', "timestamp": number} for number in numbers],
        "nextForwardToken": forward,
        "nextBackwardToken": backward,
    }


def said(*numbers: int) -> tuple[str, ...]:
    return tuple(f'{{"event":"{number}"}}' for number in numbers)


def test_pages_fold_in_both_directions() -> None:
    first = folded(Tail(), page(3, 4, forward="f4", backward="b3")).unwrap()
    assert first == Tail(lines=said(3, 4), forward="f4", backward="b3")
    newer = folded(first, page(5, forward="f5", backward="b5")).unwrap()
    assert newer == Tail(lines=said(3, 4, 5), forward="f5", backward="b3")
    older = unfolded(newer, page(1, 2, forward="f2", backward="b1")).unwrap()
    assert older == Tail(lines=said(1, 2, 3, 4, 5), forward="f5", backward="b1")
    assert unfolded(older, page(backward="b1")).unwrap().whole


def test_an_odd_page_changes_nothing() -> None:
    assert folded(Tail(), {"events": [{"timestamp": "noon"}]}).failure().startswith("events[0].timestamp")
    assert folded(Tail(), {"events": [{"timestamp": 10**18}]}).failure().startswith("events[0].timestamp")


@given(st.integers(1, 8), read(few(mapped(range, whole(0, 20)), most=4), 12))
@example(LINES, [range(LINES - 1), range(1), range(1)])
def test_only_the_newest_lines_are_kept(bound: int, sizes: list[range]) -> None:
    tail = Tail()
    every: list[str] = []
    with patch.object(logs, "LINES", bound):  # a log of as many lines as are kept costs a quarter of a second
        for numbers in sizes:
            tail = folded(tail, page(*numbers)).unwrap()
            every += said(*numbers)
    assert tail.lines == tuple(every[-bound:])
    assert tail.cut == (len(every) > bound)


def test_a_log_is_bounded_in_bytes_too() -> None:
    """One event may have a megabyte; a page of them would have gigabytes."""
    long = [{"timestamp": number, "message": f"{number} " + "\\" * 1_000_000} for number in range(20)]
    tail = folded(Tail(), {"events": long, "nextForwardToken": "f/1"}).unwrap()
    assert all(len(one.encode()) <= 3 * WIDE for one in tail.lines)  # as JSON a backslash is two
    many = [{"timestamp": 0, "message": "x" * WIDE} for _ in range(500)]
    tail = folded(tail, {"events": many, "nextForwardToken": "f/2"}).unwrap()
    assert sum(len(one.encode()) for one in tail.lines) <= BYTES
    assert tail.cut
    assert len(tail.lines) > 50


def test_what_a_container_writes_in_escapes_is_clean() -> None:
    assert (
        log_line('{"event": "a\\u0000b\\u001b[31m", "level": "info"}', 0) == '{"event":"ab","level":"info"}'
    )
    assert log_line("a\x00b\x1b[2K", None) == '{"event":"ab"}'
    assert excerpt([log_line('{"event": "x\\ud800"}', None)]) == '{"event": "x\\ud800"}'


KEY = (
    "-----BEGIN RSA PRIVATE KEY-----",
    *("Mf+/" * 16 for _ in range(12)),
    "Mg==",
    "-----END RSA PRIVATE KEY-----",
)
HASH = "0f1e" * 16


def events(*messages: str) -> dict[str, JsonValue]:
    return {"events": [{"message": message, "timestamp": 0} for message in messages]}


def words(tail: Tail) -> list[str]:
    return [logs.text_of(line) for line in tail.lines]


@pytest.mark.parametrize("cut", range(1, len(KEY)))
def test_a_private_key_is_hidden_though_each_of_its_lines_is_an_event(cut: int) -> None:
    """Whichever of two pages comes first, and nothing that stands outside of it is."""
    expected = [HASH, "-----BEGIN RSA PRIVATE KEY-----***", *["***"] * 13, KEY[-1], HASH, "ab"]
    begins, ends = events(HASH, *KEY[:cut]), events(*KEY[cut:], HASH, "ab")
    assert words(folded(folded(Tail(), begins).unwrap(), ends).unwrap()) == expected
    assert words(unfolded(folded(Tail(), ends).unwrap(), begins).unwrap()) == expected


def test_of_a_line_of_a_key_all_else_is_kept_and_of_others_among_them_all() -> None:
    line = {"event": KEY[1], "level": "info", "logger": "task.stdout"}
    tail = folded(Tail(), events(KEY[0], json.dumps(line), "another process", "ab", KEY[1], HASH)).unwrap()
    assert words(tail)[1:] == ["***", "another process", "ab", "***", "***"]  # it has not ended
    assert json.loads(tail.lines[1]) == line | {"event": "***"}


def test_a_key_that_never_ends_hides_no_more_than_a_key_may_have() -> None:
    tail = folded(Tail(), events(KEY[0], *["words"] * 250, HASH)).unwrap()
    assert words(tail)[-1] == HASH
