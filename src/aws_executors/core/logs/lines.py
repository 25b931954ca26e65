"""Turn the events of a CloudWatch log stream into lines for Airflow.

Law: the only module that reads the format of log events. Nothing raises. Only the newest lines are kept,
within fixed limits.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from returns.result import Result

from aws_executors.core.aws.response import AnswerRecord, read_record
from aws_executors.core.redact.outgoing import first_lines, last_lines
from aws_executors.core.redact.values import MASK
from aws_executors.core.warm.log_marks import Mark, lines_of, mark_in

LINES = 2_000
"""The most lines that are kept of one log."""

WIDE, BYTES = 16_384, 1_048_576
"""The most bytes of one line, and of all lines that are kept."""

WIDTH = 500
"""The most characters of one line in an excerpt."""

END_OF_TIME = 253_402_300_800_000
"""Epoch milliseconds of the first instant that a datetime cannot represent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """The newest lines of a log, and the tokens to continue reading in both directions.

    `cut` says that older lines were dropped, `whole` that there are no older ones. `mark` is the last mark of
    a workload (`core/warm/log_marks.py`) in the lines that were dropped.
    """

    lines: tuple[str, ...] = ()
    forward: str = ""
    backward: str = ""
    cut: bool = False
    whole: bool = False
    mark: Mark | None = None

    def of(self, token: str) -> tuple[str, ...]:
        """The lines of one workload, in the log of a warm container.

        >>> log = (str(Mark("a", exit_code=0)), str(Mark("b")), '{"event":"hello"}')
        >>> Tail(lines=log).of("b"), Tail(lines=log).of("a")
        (('{"event":"hello"}',), ())
        """
        return tuple(lines_of(token, self.lines, self.mark))

    @property
    def marked(self) -> bool:
        """Whether it is known whose the lines are: a mark is in or before them, or no line is before them."""
        return self.whole or self.mark is not None or any(map(mark_in, self.lines))


class _LogEvent(AnswerRecord):
    timestamp: Annotated[int, Field(ge=0, lt=END_OF_TIME)] | None = None
    message: str = ""


class _Events(AnswerRecord):
    events: tuple[_LogEvent, ...] = ()
    next_forward_token: str = ""
    next_backward_token: str = ""


class _Line(BaseModel):
    timestamp: datetime | None = None
    event: str


class _Structured(BaseModel):
    model_config = ConfigDict(extra="allow")

    event: str


class _Routed(BaseModel):
    """A record written by FireLens: the container's line, with what ECS knows about the container."""

    log: str
    container_id: str
    container_name: str


_KEY_BEGINS, _KEY_ENDS = f'PRIVATE KEY-----{MASK}"', "-----END "
"""What is in a masked line that begins a private key and does not end it, and in one that ends it."""
_KEY_LINE = re.compile(r"\s*[A-Za-z0-9+/]{40,128}={0,2}\s*")
_KEY_END = re.compile(r"\s*[A-Za-z0-9+/]{1,128}={0,2}\s*")
_KEY_LINES = 250
"""The most lines of a private key, including lines of other writers among them."""

_ROUTED = TypeAdapter(_Routed)
_STRUCTURED = TypeAdapter(_Structured)


def folded(tail: Tail, answer: object) -> Result[Tail, str]:
    """Append the newer page of a GetLogEvents response to a tail.

    The end of a stream is reached when its token repeats. Source: "GetLogEvents", CloudWatch Logs API.

    >>> page = {"events": [{"timestamp": 0, "message": "hello"}], "nextForwardToken": "f/1"}
    >>> folded(Tail(), page).unwrap().lines
    ('{"timestamp":"1970-01-01T00:00:00Z","event":"hello"}',)
    """
    return read_record(_Events, answer).map(lambda page: _newer(tail, page))


def unfolded(tail: Tail, answer: object) -> Result[Tail, str]:
    """Prepend the older page of a GetLogEvents response to a tail.

    >>> older = unfolded(Tail(forward="f/1", backward="b/1"), {"events": [], "nextBackwardToken": "b/1"})
    >>> older.unwrap().whole
    True
    """
    return read_record(_Events, answer).map(lambda page: _older(tail, page))


def texts_with(part: str, answer: object) -> Result[list[str], str]:
    """What a container wrote in those lines of a GetLogEvents response that have `part` in them.

    Other lines are skipped, because cleaning a page of long lines takes a third of a CPU second.

    >>> texts_with("used", {"events": [{"message": "hello"}, {"message": "used 7"}]}).unwrap()
    ['used 7']
    """
    return read_record(_Events, answer).map(
        lambda page: [text_of(log_line(one.message, None)) for one in page.events if part in one.message]
    )


def log_line(message: str, millis: int | None) -> str:
    """One event as a line that Airflow can read: a structured line unchanged, any other one with its time.

    >>> log_line('{"event": "ran", "level": "info"}', 0)
    '{"event": "ran", "level": "info"}'
    >>> log_line('{"container_id": "0f", "container_name": "/main", "log": "hello", "source": ""}', None)
    '{"event":"hello"}'
    """
    text = first_lines(_unwrapped(message).rstrip("\r\n"), WIDE)
    structured = text.replace("\n", " ")  # its words may contain a line separator, such as U+2028
    try:
        found = _STRUCTURED.validate_json(structured)
    except ValidationError:
        at = None if millis is None else datetime.fromtimestamp(millis / 1000, UTC)
        return _Line(timestamp=at, event=text).model_dump_json(exclude_none=True)
    plain = first_lines(found.event, WIDE)
    if plain == found.event:
        return structured
    found.event = plain
    return found.model_dump_json()


def _unwrapped(message: str) -> str:
    """The line that the container wrote, taken out of FireLens' record if it is in one."""
    try:
        return _ROUTED.validate_json(message).log
    except ValidationError:
        return message


def without_keys(lines: tuple[str, ...]) -> tuple[str, ...]:
    """The lines without the content of private keys, each line of which may be a line of the log.

    Only the beginning of a key can be recognized by itself; a line of its content looks like any other word.

    >>> key = ("-----BEGIN PRIVATE KEY-----", "M" * 64, "Mg==", "-----END PRIVATE KEY-----", "Mg==")
    >>> [text_of(line) for line in without_keys(tuple(log_line(line, None) for line in key))]
    ['-----BEGIN PRIVATE KEY-----***', '***', '***', '-----END PRIVATE KEY-----', 'Mg==']
    """
    left, within, kept = 0, False, list(lines)
    for at, line in enumerate(lines):
        if _KEY_BEGINS in line:
            left, within = _KEY_LINES, False
        elif left and _KEY_ENDS in line:
            left = 0
        elif left:
            found = _STRUCTURED.validate_json(line)
            within = bool(found.event == MASK or (_KEY_END if within else _KEY_LINE).fullmatch(found.event))
            left -= 1
            if within and found.event != MASK:
                found.event = MASK
                kept[at] = found.model_dump_json()
    return tuple(kept)


def text_of(line: str) -> str:
    """What a container wrote, from a line that `log_line` made.

    >>> text_of(log_line("hello", 0))
    'hello'
    """
    return _STRUCTURED.validate_json(line).event


def excerpt(lines: Iterable[str]) -> str:
    """The text of these lines for a table cell: each line cut to `WIDTH`, the last ones kept.

    >>> excerpt(['{"timestamp":"1970-01-01T00:00:00Z","event":"hello"}', '{"event":"bye"}'])
    'hello\\nbye'
    """
    words = map(text_of, lines)
    return last_lines("\n".join(one if len(one) <= WIDTH else f"{one[:WIDTH]}..." for one in words))


def _newer(tail: Tail, page: _Events) -> Tail:
    every = without_keys((*tail.lines, *_lines(page)))
    kept = _newest(every)
    return replace(
        tail,
        lines=kept,
        cut=tail.cut or len(every) > len(kept),
        mark=_last_mark(every[: len(every) - len(kept)]) or tail.mark,
        forward=page.next_forward_token,
        backward=tail.backward or page.next_backward_token,
    )


def _older(tail: Tail, page: _Events) -> Tail:
    every = without_keys((*_lines(page), *tail.lines))
    kept = _newest(every)
    return replace(
        tail,
        lines=kept,
        cut=tail.cut or len(every) > len(kept),
        mark=tail.mark or _last_mark(every[: len(every) - len(kept)]),
        backward=page.next_backward_token,
        whole=page.next_backward_token == tail.backward,
    )


def _last_mark(lines: tuple[str, ...]) -> Mark | None:
    return next(filter(None, map(mark_in, reversed(lines))), None)


def _newest(lines: tuple[str, ...]) -> tuple[str, ...]:
    """The newest lines that fit within all limits."""
    room, kept = BYTES, 0
    for one in reversed(lines[-LINES:]):
        room -= len(one.encode())
        if room < 0:
            break
        kept += 1
    return lines[len(lines) - kept :]


def _lines(page: _Events) -> tuple[str, ...]:
    return tuple(log_line(event.message, event.timestamp) for event in page.events)
