"""What every text goes through that leaves for Airflow: its event log, its reports, its logs, its pages.

Law: one way out, for words that come from anybody: AWS, a container, a builder, the author of a DAG. What
comes out can be saved by every database, is of bounded size, has no secret in it, and is one line where one
is meant: nobody writes a line of his own into a log. A text is cut before it is looked at, and again after.
"""

import re
from functools import lru_cache

from aws_executors.core.redact.values import mask

MOST = 2_048
"""Bytes of UTF-8 that a text may have, its mark of a cut included."""

PART = 1_024
"""Bytes of what AWS, a container or a builder said within a text of ours, which says more behind it."""

NAME = 250
"""Bytes of a name, or of words that stand in a table."""

ROOM = 8
"""So many times as many characters are looked at: what is left out or masked makes room."""

CUT = "... (cut)"
"""The end of a text that was cut; of lines, of which the last ones are kept, the beginning."""

# Colours and cursor movements of terminals; a title is one where it is ended.
_ANSI = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*+[ -/]*+[@-~]|\x1b\][^\x07\x1b]*+(?:\x07|\x1b\\)|\x1b[ -/]*+[0-Z^-~]"
)
_BREAKS = re.compile("\r\n|[\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029]")

# Control characters, half characters, and signs that turn the order of a line around.
_CONTROL: tuple[int, ...] = (*range(9), *range(11, 32), *range(127, 160))
_TURNING: tuple[int, ...] = (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF)
_AWAY: dict[int, str] = {
    **dict.fromkeys((*_CONTROL, *_TURNING), ""),
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
}


def one_line(text: str, most: int = MOST) -> str:
    r"""The text as one line of at most `most` bytes of UTF-8, without secrets, control signs and colours.

    >>> one_line("\x1b[31mred\x1b[0m\nERROR forged\x00 \ud800 password=abc")
    'red ERROR forged \ufffd password=***'
    >>> one_line("x" * 99, 20)
    'xxxxxxxxxxx... (cut)'
    """
    near = most * ROOM
    return _ended(_cleaned_line(text[:near]), most, cut=len(text) > near)


def _clean_line(text: str) -> str:
    return _clean(text).replace("\n", " ")


# Most tasks end with the same words, hundreds of them in one heartbeat of the scheduler.
_cleaned_line = lru_cache(16)(_clean_line)


def first_lines(text: str, most: int = MOST) -> str:
    r"""The same for a text of several lines, which keeps them, from the first one on.

    >>> first_lines("one\r\ntwo\x07\nthree", 20)
    'one\ntwo\nthree'
    """
    near = most * ROOM
    return _ended(_clean(text[:near]), most, cut=len(text) > near)


def last_lines(text: str, most: int = MOST) -> str:
    r"""The same, but of a longer text the last lines are kept.

    >>> last_lines("one\n" * 50 + "last", 20)
    '... (cut)\none\nlast'
    """
    near = text[-most * ROOM :]
    if len(near) < len(text):
        near = (
            near.partition("\n")[2] or text[: most * ROOM]
        )  # no line is begun in its middle: a secret may be there
    lines = _clean(near)
    room = most - len(CUT) - 1
    if len(near) == len(text) and _bytes(lines) <= most:
        return lines
    kept = lines.encode()[-room:].decode(errors="ignore")
    return f"{CUT}\n{kept.partition(chr(10))[2] or kept}"


def _clean(text: str) -> str:
    breaks = _BREAKS.sub("\n", _ANSI.sub("", text))
    return mask(breaks.translate(_AWAY))


def _ended(text: str, most: int, *, cut: bool) -> str:
    if not cut and _bytes(text) <= most:
        return text
    kept = text.encode()[: most - len(CUT)].decode(errors="ignore")
    return f"{kept}{CUT}"


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())
