"""The lines by which a warm container's log says which workload the lines between them belong to.

Law: text in, text out. The container writes these marks (`run/warm/`) to the stream that has the tasks' own
lines; the log of one task instance is cut out of the stream by them. They are JSON, as the lines of Airflow's
supervisor are, and hold no secret: `workload` is the token of the job, under a name that no redaction of
secrets hides; `ti_id` is the id of the task instance, as in the task's own lines (a callback has none).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

LOGGER = "aws_executors.run"
BEGINS, ENDS = "workload begins", "workload ends"


@dataclass(frozen=True, slots=True)
class Mark:
    """One such line: its workload's job and task instance, and the exit code if it marks the workload's end.

    >>> print(Mark("0b6e", "4c75"))
    {"logger":"aws_executors.run","event":"workload begins","workload":"0b6e","ti_id":"4c75"}
    >>> print(Mark("0b6e", exit_code=137))
    {"logger":"aws_executors.run","event":"workload ends","workload":"0b6e","exit_code":137}
    """

    token: str
    ti_id: str = ""
    exit_code: int | None = None

    def __str__(self) -> str:
        told: dict[str, object] = {
            "logger": LOGGER,
            "event": BEGINS if self.exit_code is None else ENDS,
            "workload": self.token,
        }
        if self.ti_id:
            told["ti_id"] = self.ti_id
        if self.exit_code is not None:
            told["exit_code"] = self.exit_code
        return json.dumps(told, separators=(",", ":"))


def begin_of(token: str, workload: str) -> Mark:
    """The mark at the beginning of a workload, made from the workload's JSON.

    >>> begin_of("0b6e", '{"ti": {"id": "4c75"}, "token": "secret"}'), begin_of("0b6e", "not JSON")
    (Mark(token='0b6e', ti_id='4c75', exit_code=None), Mark(token='0b6e', ti_id='', exit_code=None))
    """
    match _parsed(workload):
        case {"ti": {"id": str(ti_id)}}:
            return Mark(token, ti_id)
        case _:
            return Mark(token)


def mark_in(line: str) -> Mark | None:
    """The mark in this line, or None if the line is no mark.

    >>> mark_in(str(Mark("0b6e", "4c75", 137)))
    Mark(token='0b6e', ti_id='4c75', exit_code=137)
    >>> mark_in('{"logger": "task", "event": "workload begins", "workload": "0b6e"}') is None
    True
    """
    told = _parsed(line) if LOGGER in line else None
    if not isinstance(told, dict):
        return None
    said = cast("dict[str, object]", told)
    token, ti_id, exit_code = said.get("workload"), said.get("ti_id", ""), said.get("exit_code")
    if said.get("logger") != LOGGER or not isinstance(token, str) or not isinstance(ti_id, str):
        return None
    if said.get("event") == BEGINS:
        return Mark(token, ti_id)
    if said.get("event") == ENDS and isinstance(exit_code, int):
        return Mark(token, ti_id, exit_code)
    return None


def begins(token: str, mark: Mark | None) -> bool:
    """Whether this is the mark at the beginning of this workload."""
    return mark is not None and mark.token == token and mark.exit_code is None


def lines_of(token: str, lines: Sequence[str], before: Mark | None = None) -> Iterator[str]:
    """The lines of one job's workload, without the marks; of all its runs, if there are several.

    `before` is the last mark above `lines`, if it is known. If it is not, the lines above the first mark
    belong to the workload whose end that mark is, if it is the mark of an end.

    >>> log = [Mark("a"), "one", Mark("a", exit_code=0), Mark("b"), "two", Mark("b", exit_code=0), "after"]
    >>> list(lines_of("b", [*map(str, log)]))
    ['two']
    >>> list(lines_of("b", ["two", "three"], Mark("b"))), list(lines_of("b", ["two"]))
    (['two', 'three'], [])
    >>> list(lines_of("b", ["two", str(Mark("b", exit_code=0))]))
    ['two']
    """
    first = before or next(filter(None, map(mark_in, lines)), None)
    inside = first is not None and first.token == token and (first.exit_code is None) is (before is not None)
    for line in lines:
        mark = mark_in(line)
        if mark is not None:
            inside = mark.token == token and mark.exit_code is None
        elif inside:
            yield line


def _parsed(text: str) -> object:
    try:
        return cast("object", json.loads(text))
    except (ValueError, RecursionError):
        return None
