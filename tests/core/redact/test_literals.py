"""JSON stays JSON and code stays code, and no less is hidden in them than in any other text."""

import ast
import json
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aws_executors.core.redact.literals import mask_literals
from aws_executors.core.redact.text import FINDERS, mask, replaced
from core.redact.test_text import HOSTILE
from support.tape import Tape, either, few, mapped, of, read

MARKS = tuple(f"zz{number}zz" for number in range(12))
"""What is looked for: whatever of them a text hides."""

PARTS = (
    *("password", "--token", "DB_PWD", "key", "value", "name", "pin", "tokens", "Bearer", "basic", "a", "é"),
    *("=", ":", ": ", " ", ", ", "'", '"', "\\", "[", "]", "{", "}", "(", ")", ";", "\n", "\\n", ".", "\x00"),
    *("--password ", '"password": "', "('token', '", "password=[", "input_value=", "-----END", "<token>"),
    *("-----BEGIN RSA PRIVATE KEY-----", "</token>", "://", "@", "eyJa.", "hook", "AKIAIOSFODNN7EXAMPLE"),
    *("mysql", "sshpass", " -p", "-p", "&&", "\u2028"),
)
PARTS_AND_MARKS = mapped("".join, few(of(*MARKS * 4, *PARTS), 1, 8))
# Without a mark: names of members stay, but for what they are by themselves.
NAMES = either(
    of("password", "tokens", "name", "Name", "key", "value", "Value", "secret", "a"),
    mapped("".join, few(of(*PARTS))),
)
LEAVES = either(PARTS_AND_MARKS, PARTS_AND_MARKS, of("", None, True, 0, -1.5, 12345))


def value_of(tape: Tape, depth: int = 0) -> object:
    """What JSON can say, of few parts."""
    kind = tape.number(6)
    if kind < 1 + depth:
        return LEAVES(tape)
    items = [value_of(tape, depth + 1) for _ in range(tape.size(0, 4))]
    return items if kind % 2 else {NAMES(tape): item for item in items}


TEXTS, VALUES = read(PARTS_AND_MARKS, 20), read(value_of, 96)


def shape(value: object) -> object:
    """What is left of a value without its texts and numbers."""
    match value:
        case dict():
            return [shape(part) for part in value.values()]
        case list() | tuple():
            return [shape(part) for part in value]
        case bool() | None:
            return value
        case _:
            return "text or number"


def hidden_in(written: str) -> set[str]:
    """The marks that some finder finds in a text, and that are not shown of it; not those that are gone
    because one before it has taken a quote away."""
    text, alone = mask(written), [replaced(written, find) for find in FINDERS]
    return {mark for mark in MARKS if mark not in text and any(mark not in one for one in alone)}


@given(VALUES, st.sampled_from([None, 2]))
@example(["password=[", "zz1zz", "a]"], 2)
@example(["-----BEGIN RSA PRIVATE KEY-----", "zz1zz", "-----END RSA PRIVATE KEY-----"], None)
@example({"password": "-----BEGIN RSA PRIVATE KEY-----", "--token": "-----ENDzz1zz"}, None)
@example({"type": "password", "value": "zz1zz"}, None)
@example({"passwords": [{"a": "zz1zz"}]}, None)
@example(["mysql", "-pzz1zz"], 2)
def test_what_a_text_hides_json_hides_and_is_json(value: object, indent: int | None) -> None:
    written = json.dumps(value, indent=indent, ensure_ascii=False)
    shown = mask_literals(written)
    assert hidden_in(written).isdisjoint(mark for mark in MARKS if mark in shown)
    assert shape(json.loads(shown, object_pairs_hook=pairs)) == shape(value)


def pairs(found: list[tuple[str, object]]) -> dict[object, object]:
    """A dict in which two names that are both hidden are two."""
    return {number: value for number, (_, value) in enumerate(found)}


@given(VALUES)
@example([b"zz1zz", {"password": b"a'b"}, "it's"])
def test_what_a_text_hides_code_hides_and_is_code(value: object) -> None:
    written = f"call(x={value!r})"
    shown = mask_literals(written)
    assert hidden_in(written).isdisjoint(mark for mark in MARKS if mark in shown)
    assert isinstance(ast.parse(shown, mode="eval").body, ast.Call)


@given(TEXTS, TEXTS)
def test_masking_twice_changes_nothing_more(one: str, other: str) -> None:
    shown = mask_literals(json.dumps([one, {"a": other}]))
    assert mask_literals(shown) == shown


@pytest.mark.parametrize("shape", HOSTILE)
def test_a_hostile_text_takes_as_long_as_it_is_and_no_longer(shape: str) -> None:
    """A fifth of a second, most often; what takes the square of the length takes ten."""
    text = shape * (20_000 // len(shape))
    began = time.process_time()
    mask_literals(text)
    mask_literals(json.dumps({"token": text, "a": [text]}))
    mask_literals(repr({"token": text, "a": [text]}))
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('["--password", "hun\\"ter 2", "b"]', '["--password", "***", "b"]'),
        ('["--password ",\n "b"]', '["--password ",\n "b"]'),
        ('{"pin": 1234, "n": 5, "secret": null}', '{"pin": "***", "n": 5, "secret": null}'),
        ('{"passwords": ["a", 1, true, null]}', '{"passwords": ["***", "***", true, null]}'),
        ("Tag(key='api-token', value='x')", "Tag(key='api-token', value='***')"),
        ("f(password='a', b=-1.5)", "f(password='***', b=-1.5)"),
        ('{"a": "--password", "b": "c"}', '{"a": "--password", "b": "c"}'),
        ('{"https://u:p@h": 1}', '{"https://***@h": 1}'),
        ("<Site secret=abc at=1>", '<Site secret="***" at=1>'),
        ('"a\\npassword=\\u00e9\\u00e9 b"', '"a\\npassword=*** b"'),
    ],
)
def test_what_is_replaced(text: str, shown: str) -> None:
    assert mask_literals(text) == shown
