"""Print results: as text for users, or as JSON or YAML for programs.

Law: every format shows the same value. Colours are used only on a terminal, unless switched off
(https://no-color.org).
"""

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, redirect_stdout
from dataclasses import dataclass
from textwrap import fill
from typing import TextIO

WIDTH = 100
COLOURS: Mapping[str, str] = {
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "bold": "1",
    "dim": "2",
}


def colourful(stream: TextIO) -> bool:
    """Whether this stream is a terminal and colours are not switched off."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


@dataclass(frozen=True, slots=True)
class Paint:
    """Colours a text, or returns it unchanged.

    >>> Paint(on=False)("ok", "green"), Paint(on=True)("ok", "green")
    ('ok', '\\x1b[32mok\\x1b[0m')
    """

    on: bool

    def __call__(self, text: str, colour: str) -> str:
        return f"\x1b[{COLOURS[colour]}m{text}\x1b[0m" if self.on and text else text


def dumped(value: object, form: str) -> str:
    """A value of plain dicts, lists and strings as ``json`` or ``yaml``.

    >>> print(dumped({"Version": "2012-10-17"}, "yaml"))
    Version: '2012-10-17'
    """
    if form == "json":
        return json.dumps(value, indent=2, ensure_ascii=False)
    import yaml

    # Through JSON, so that a value that occurs twice is written twice instead of as an anchor.
    return str(yaml.safe_dump(json.loads(json.dumps(value)), sort_keys=False, allow_unicode=True)).rstrip()


def grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns under their headings, as wide as they need to be.

    >>> print(grid(("what", "where"), [("RunTask", "etl")]))
    what     where
    RunTask  etl
    """
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (head, *rows)
    )


def wrapped(label: str, text: str, indent: str = "") -> str:
    """A labelled paragraph; its further lines are indented to the first.

    >>> print(wrapped("why  ", "it is so", indent="  "))
      why  it is so
    """
    return fill(
        text,
        WIDTH,
        initial_indent=indent + label,
        subsequent_indent=indent + " " * len(label),
        break_long_words=False,
        break_on_hyphens=False,
    )


def answer(text: str) -> None:
    """Print a result."""
    sys.stdout.write(text + "\n")


def remark(text: str) -> None:
    """Print a remark to stderr, so that it does not mix with the result."""
    sys.stderr.write(text + "\n")


def apart() -> AbstractContextManager[object]:
    """A context for running a user's own code, whose output goes to stderr, not into the result."""
    return redirect_stdout(sys.stderr)


def progress() -> Callable[[str], None]:
    """A function that shows the progress in one line that is overwritten; it prints only on a terminal."""

    def say(text: str) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K{text}{'...' if text else ''}")
            sys.stderr.flush()

    return say
