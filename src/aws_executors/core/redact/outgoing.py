"""What every text goes through on its way to Airflow: to event log, reports, logs and pages.

Law: one way out, whoever a text is from: AWS, a container, a builder, the author of a DAG. What comes out can
be saved by every database, is of bounded size, has no secret in it, and is a single line where a line is
meant, so that nobody can forge a line of a log. A text is cut before it is cleaned, and again after.
"""

import re
from functools import lru_cache

from aws_executors.core.redact.values import mask

MOST = 2_048
"""The most bytes of UTF-8 of a text, `CUT` included."""

PART = 1_024
"""The most bytes of foreign words (AWS's, a container's, a builder's) within a longer text of ours."""

NAME = 250
"""The most bytes of a name, or of words in a table."""

ROOM = 8
"""How many times the most bytes a text is cut to before it is cleaned: what is left out makes room."""

CUT = "... (cut)"
"""The end of a text that was cut; the beginning, if its last lines were kept."""

# Colours and cursor movements of terminals, and titles that are terminated.
_ANSI = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*+[ -/]*+[@-~]|\x1b\][^\x07\x1b]*+(?:\x07|\x1b\\)|\x1b[ -/]*+[0-Z^-~]"
)
_BREAKS = re.compile("\r\n|[\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029]")

# Control characters, half characters (surrogates), and characters that reverse the order of a line.
_CONTROL: tuple[int, ...] = (*range(9), *range(11, 32), *range(127, 160))
_TURNING: tuple[int, ...] = (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF)
_AWAY: dict[int, str] = {
    **dict.fromkeys((*_CONTROL, *_TURNING), ""),
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
}


def one_line(text: str, most: int = MOST) -> str:
    r"""The text as one line of at most `most` bytes, without secrets, control characters and colours.

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
    r"""The text cleaned as by `one_line`, but with its lines; the first ones are kept, up to `most` bytes.

    >>> first_lines("one\r\ntwo\x07\nthree", 20)
    'one\ntwo\nthree'
    """
    near = most * ROOM
    return _ended(_clean(text[:near]), most, cut=len(text) > near)


def last_lines(text: str, most: int = MOST) -> str:
    r"""The text as from `first_lines`, but the last lines are kept.

    >>> last_lines("one\n" * 50 + "last", 20)
    '... (cut)\none\nlast'
    """
    near = text[-most * ROOM :]
    if len(near) < len(text):
        near = (
            near.partition("\n")[2] or text[: most * ROOM]
        )  # not from the middle of a line: a secret may be cut there
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
