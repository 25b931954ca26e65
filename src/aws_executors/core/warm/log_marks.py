"""The lines by which a warm container's log says which workload the lines between them belong to.

Law: text in, text out. The container writes them (`run/warm.py`) to the stream that has the tasks' own
lines; whoever shows the log of one task instance cuts it out by them. The token is the job's: no secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

BEGINS = "aws_executors.run: workload {token} begins"
ENDS = "aws_executors.run: workload {token} ends with exit code {exit_code}"
MARK = re.compile(r"aws_executors\.run: workload (\S+) (?:begins|ends with exit code (\d+))")


@dataclass(frozen=True, slots=True)
class Mark:
    """One such line: whose workload it is about, and the exit code if it is the one at the end."""

    token: str
    exit_code: int | None = None

    def __str__(self) -> str:
        words = BEGINS if self.exit_code is None else ENDS
        return words.format(token=self.token, exit_code=self.exit_code)


def mark_in(line: str) -> Mark | None:
    """The mark that a line is, or None.

    >>> print(Mark("0b6e"))
    aws_executors.run: workload 0b6e begins
    >>> mark_in(str(Mark("0b6e", 137)))
    Mark(token='0b6e', exit_code=137)
    >>> mark_in("aws_executors.run: workload") is None
    True
    """
    found = MARK.fullmatch(line.strip())
    if found is None:
        return None
    return Mark(found[1], None if found[2] is None else int(found[2]))


def lines_of(token: str, lines: Iterable[str]) -> Iterator[str]:
    """The lines of one job's workload, without its marks; all runs of it, if there are several.

    >>> log = [Mark("a"), "one", Mark("a", 0), Mark("b"), "two", Mark("a", 1), Mark("b", 0), "after"]
    >>> list(lines_of("b", map(str, log)))
    ['two', 'aws_executors.run: workload a ends with exit code 1']
    """
    inside = False
    for line in lines:
        mark = mark_in(line)
        if mark is not None and mark.token == token:
            inside = mark.exit_code is None
        elif inside:
            yield line
