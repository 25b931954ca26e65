"""JSON and code without the secrets that they quote, and still JSON and code.

Law: what `mask` finds is looked for in the whole text, because a name may be in one literal and its secret in
the next; only parts of literals are replaced, so that quotes, commas, brackets and the names of members stay.
Then each text in quotes is masked by itself, unescaped.
"""

import json
import re
from ast import literal_eval
from collections.abc import Iterable, Iterator
from typing import NamedTuple, cast

from aws_executors.core.redact.text import FINDERS, MASK, Span, mask

# A text in quotes, or any other word; a word before `=` or `(` is no value.
_LITERAL = re.compile(
    r"""(?:[bBrRuUfF]{1,2}+(?=["']))?
        (?: (?: "(?P<double>(?:[^"\\]++|\\.)*)"?+ | '(?P<single>(?:[^'\\]++|\\.)*)'?+ ) (?P<key>(?=\s*+:))?
          | (?P<bare>[^\s"'()\[\]{},:=]++)(?P<called>[=(])? )""",
    re.VERBOSE | re.DOTALL,
)
_RUN = re.compile(r"[^\\]++|\\(?:u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|U[0-9A-Fa-f]{8}|.)", re.DOTALL)
ROUNDS = 3
"""How many rounds a text is masked at most: what one round hides may let the next one find more."""

_NO_SECRETS = frozenset({"null", "true", "false", "None", "True", "False"})


class Piece(NamedTuple):
    """A part of a literal that may be replaced: which literal, from where to where, by what; and whether it
    is replaced as a whole or not at all, like a character that is written with a backslash."""

    literal: int
    begin: int
    end: int
    by: str
    whole: bool


def mask_literals(text: str) -> str:
    """JSON, or code as `repr` prints it, with ``***`` in place of what `mask` hides in it.

    A number becomes a text. Never raises; the time is linear in the length of any text.

    >>> print(mask_literals('{"command": ["--password", "hunter2"], "passwords": [12, 34]}'))
    {"command": ["--password", "***"], "passwords": ["***", "***"]}
    >>> print(mask_literals('["--password ", "b"]'))
    ["--password ", "b"]
    >>> print(mask_literals("KeyValuePair(name='DB_PWD', value='a')"))
    KeyValuePair(name='DB_PWD', value='***')
    """
    for _ in range(ROUNDS):
        before, text = text, _LITERAL.sub(_alone, _together(text))
        if text == before:
            break
    return text


def _together(text: str) -> str:
    parts: list[str] = []
    done = 0
    for piece in _covered(text, _merged(span for find in FINDERS for span in find(text))):
        parts += [text[done : piece.begin], piece.by]
        done = piece.end
    return "".join([*parts, text[done:]])


def _merged(spans: Iterable[Span]) -> Iterator[Span]:
    """These spans in order, with overlapping ones merged."""
    begin = end = 0
    for first, last in sorted(spans):
        if first > end:
            yield begin, end
            begin, end = first, last
        end = max(end, last)
    yield begin, end


def _alone(literal: re.Match[str]) -> str:
    """A text in quotes, masked unescaped: a quote in it may be part of a secret."""
    written, key = literal.group(), cast("str | None", literal["key"]) is not None
    if not (key or "\\" in written) or not written.endswith(("'", '"')):
        return written
    try:
        meant = (
            cast("object", json.loads(written))
            if written[0] == '"'
            else cast("object", literal_eval(written))
        )
    except (SyntaxError, ValueError):
        return written
    if not isinstance(meant, str) or (shown := mask(meant)) == meant:
        return written
    return json.dumps(shown, ensure_ascii=written.isascii())


def _covered(text: str, spans: Iterable[Span]) -> Iterator[Piece]:
    """The parts of these spans within literals, one piece for each span and literal."""
    pieces = _pieces(text)
    piece = next(pieces, None)
    for begin, end in spans:
        while piece is not None and piece.end <= begin:
            piece = next(pieces, None)
        found: Piece | None = None
        while piece is not None and piece.begin < end:
            part = piece
            if not piece.whole:
                part = piece._replace(begin=max(begin, piece.begin), end=min(end, piece.end))
            if found is not None and found.literal == part.literal:
                found = found._replace(end=part.end)
            else:
                if found is not None:
                    yield found
                found = part
            if piece.end > end:
                break
            piece = next(pieces, None)
        if found is not None:
            yield found


def _pieces(text: str) -> Iterator[Piece]:
    for number, literal in enumerate(_LITERAL.finditer(text)):
        parts = cast("dict[str, str | None]", literal.groupdict())
        if parts["key"] is not None:
            continue
        if parts["bare"] is None:
            inside = literal.span("double" if parts["single"] is None else "single")
            for run in _RUN.finditer(text, *inside):
                yield Piece(number, *run.span(), MASK, text[run.start()] == "\\")
        elif not parts["called"] and parts["bare"] not in _NO_SECRETS:
            yield Piece(number, *literal.span("bare"), f'"{MASK}"', True)
