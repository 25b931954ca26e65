"""The cell of a warm container: one small object in the store, by which workloads are handed to it.

Law: text in, text out; both sides use it, the executor that offers workloads (`shell/engine/warm/`) and the
container that takes them (`run/warm/`). Three rules make it safe, and `tests/core/warm/test_cell.py`
searches all interleavings for a breach of them:

1. Every write is conditional on the ETag that the writer saw last, so the side whose write lands owns the
   step; the other side reads again.
2. A write whose answer was lost is settled by another write under the same condition, never by a read: the
   lost write may still be on its way.
3. No two bodies of a cell are alike, because the ETag may be a hash of the content: each has the next
   sequence number.

A cell remembers every workload that its container has run, so that an executor that has missed some of the
cell's states still learns what became of its own workloads.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import cast


class Word(StrEnum):
    """What a cell says, and who may write the next word."""

    IDLE = "idle"  # the container waits: the executor may offer or close, the container may close
    OFFERED = "offered"  # a workload lies in it: the container may take it, the executor withdraw it
    TAKEN = "taken"  # the container runs it, and writes how it ended
    CLOSED = "closed"  # the container takes nothing more, and ends; the last word


@dataclass(frozen=True, slots=True)
class Served:
    """A workload that the container has run: its job's token, the launcher's exit code and, where usage is
    recorded, what was measured of the workload, as JSON (`core/cost/measured.py`)."""

    token: str
    exit_code: int
    used: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One body of a cell.

    `container` is the container's id at AWS (a task's ARN, a job's id); `life` is a text that the container's
    process made up at its start, so that its cell differs from an earlier process's at the same address.
    `token` is the token of the job whose workload is offered or taken.

    >>> new = Cell(container="arn:1")
    >>> used = new.offer("0b6e", "{}").take().end(0)
    >>> used.sequence, used.word, used.served
    (3, <Word.IDLE: 'idle'>, (Served(token='0b6e', exit_code=0, used=''),))
    """

    sequence: int = 0
    word: Word = Word.IDLE
    container: str
    life: str = ""
    token: str = ""
    workload: str = field(default="", repr=False)
    served: tuple[Served, ...] = ()

    def offer(self, token: str, workload: str) -> Cell:
        """The cell into which the executor has put a workload's JSON, which may hold a secret."""
        return self._next(Word.OFFERED, token=token, workload=workload)

    def withdraw(self) -> Cell:
        """The cell whose offer the executor takes back, or settles because its answer was lost (rule 2)."""
        return self._next(Word.IDLE)

    def take(self) -> Cell:
        """The cell whose offer the container has taken; the workload, with its secret, is no longer in it."""
        return self._next(Word.TAKEN, token=self.token)

    def end(self, exit_code: int, *, close: bool = False, used: str = "") -> Cell:
        """The cell after its container ran what it took, measuring `used`; with `close` it takes no more."""
        served = (*self.served, Served(self.token, exit_code, used))
        return replace(self._next(Word.CLOSED if close else Word.IDLE), served=served)

    def close(self) -> Cell:
        """The cell of a container that takes nothing more."""
        return self._next(Word.CLOSED)

    def last_of(self, token: str, skip: int = 0) -> Served | None:
        """The last ended run of this job's workload in the container, or None if there is none.

        The first `skip` workloads that the container has run do not count.
        """
        return next((one for one in reversed(self.served[skip:]) if one.token == token), None)

    def exit_code_of(self, token: str) -> int | None:
        """The exit code of the last ended run of this job's workload in the container, or None."""
        served = self.last_of(token)
        return None if served is None else served.exit_code

    def _next(self, word: Word, token: str = "", workload: str = "") -> Cell:
        return replace(self, sequence=self.sequence + 1, word=word, token=token, workload=workload)

    def body(self) -> bytes:
        """The bytes in which the cell is stored.

        >>> Cell(container="arn:1").offer("0b6e", '{"token": "t"}').body()
        b'{"sequence":1,"word":"offered","container":"arn:1","served":[],"token":"0b6e","workload":{"token":"t"}}'
        """
        told: dict[str, object] = {
            "sequence": self.sequence,
            "word": self.word.value,
            "container": self.container,
            "served": [_told(one) for one in self.served],
        }
        if self.life:
            told["life"] = self.life
        if self.token:
            told["token"] = self.token
        if self.workload:
            told["workload"] = cast("object", json.loads(self.workload))
        return json.dumps(told, separators=(",", ":")).encode()


def read(body: bytes) -> Cell:
    """The cell in a stored body. Raises ValueError for anything else.

    >>> read(Cell(container="arn:1").offer("0b6e", "{}").take().body()).word
    <Word.TAKEN: 'taken'>
    >>> read(b"{}")
    Traceback (most recent call last):
    ValueError: the object is not the cell of a warm container; does anything else write there?
    """
    try:
        told = cast("object", json.loads(body))
        match told:
            case {
                "sequence": int(sequence),
                "word": str(word),
                "container": str(container),
                "served": list() as served,
            }:
                more = cast("dict[str, object]", told)
                return Cell(
                    sequence=sequence,
                    word=Word(word),
                    container=container,
                    life=_text(more.get("life", "")),
                    token=_text(more.get("token", "")),
                    workload=json.dumps(more["workload"]) if "workload" in more else "",
                    served=tuple(_served(cast("object", one)) for one in served),
                )
            case _:
                pass
    except (ValueError, RecursionError):
        pass
    raise ValueError("the object is not the cell of a warm container; does anything else write there?")


def _told(one: Served) -> list[object]:
    return [one.token, one.exit_code, *([one.used] if one.used else [])]


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise ValueError(value)


def _served(value: object) -> Served:
    match value:
        case [str(token), int(exit_code)]:
            return Served(token, exit_code)
        case [str(token), int(exit_code), str(used)]:
            return Served(token, exit_code, used)
        case _:
            raise ValueError(value)
