"""Cells of containers that other schedulers, living or dead, have started, and that jobs here could use.

Law: for the engine's thread, waits for nothing. A container is left to the scheduler that started it, until
it has been idle longer than that scheduler would leave it unused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from math import inf
from typing import Generic, TypeVar

from returns.result import Result

from aws_executors.core.aws.errors import AwsError
from aws_executors.core.warm.cell import Word
from aws_executors.shell.engine.messages import K
from aws_executors.shell.engine.warm.cell_calls import CellCalls
from aws_executors.shell.engine.warm.container import Waiter
from aws_executors.shell.engine.warm.turns import Turns
from aws_executors.shell.transport.cells import HeldCell

R = TypeVar("R")

UNCLAIMED = 3.0
"""Seconds without a change of another scheduler's cell; if needed, the container would be in use by then."""


class ForeignCells(Generic[K, R]):
    """Finds idle containers in the lists of all cells; `adopt` gets each, with a job that it could serve."""

    def __init__(
        self, turns: Turns[K, R], calls: CellCalls, adopt: Callable[[str, Waiter[K, R], HeldCell], None]
    ) -> None:
        self._turns = turns
        self._calls = calls
        self._adopt = adopt
        self._known: dict[str, tuple[str, float]] = {}  # by name: the ETag, and since when it is known

    def look_around(self, etags: Mapping[str, str], now: float) -> None:
        """Find idle containers of other schedulers, living or dead, that jobs here could use."""
        wanted = {one.request.shape.name: one for one in self._turns.waiters.values() if not one.offered}
        own = {one.name for one in self._turns.containers.values()}
        foreign = {
            name: etag for name, etag in etags.items() if name not in own and name.partition("/")[0] in wanted
        }
        known, self._known = self._known, {}
        for name, etag in foreign.items():
            before = known.get(name)
            since = before[1] if before is not None and before[0] == etag else now
            if now - since >= UNCLAIMED:
                self._calls.read(name, partial(self._was_read, name, wanted[name.partition("/")[0]]))
                since = inf  # each ETag is read once
            self._known[name] = (etag, since)

    def _was_read(self, name: str, waiter: Waiter[K, R], result: Result[HeldCell | None, AwsError]) -> None:
        held = result.value_or(None)
        if held is not None and held.cell.word is Word.IDLE:
            self._adopt(name, waiter, held)
