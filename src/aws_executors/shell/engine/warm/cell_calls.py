"""The pool's calls to the store of cells and to Airflow's database, made by workers.

Law: every method returns at once; `then` is called with the result in the engine's thread. Nothing is decided
here, with one exception: a workload that has waited longer than `STALL` for a worker is not offered, as its
task may be another scheduler's by then.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import TypeAlias, TypeVar

from returns.result import Failure, Result, Success

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.warm.cell import Cell
from aws_executors.shell.airflow.loggers import words
from aws_executors.shell.engine.calls.thread_pool import Workers
from aws_executors.shell.engine.messages import InboxItem
from aws_executors.shell.engine.stall import STALL, TOO_LATE
from aws_executors.shell.transport.cells import CellStore, HeldCell

T = TypeVar("T")

Then: TypeAlias = Callable[[Result[T, AwsError]], None]
Unfinished: TypeAlias = Callable[[Collection[str]], Collection[str]]
"""Returns which of the given groups of tasks (`WarmLimits.shared_by`) have an unfinished task instance in a
running DAG run; may raise."""

NO_WORKLOAD = "NoWorkload"
"""The error's code if the workload's JSON could not be made."""


class CellCalls:
    """The workers that read and write cells; `post` takes what the engine's thread is to do."""

    def __init__(
        self,
        cells: CellStore,
        unfinished: Unfinished,
        post: Callable[[InboxItem], None],
        clock: Callable[[], float],
        workers: int,
    ) -> None:
        self._cells = cells
        self._unfinished = unfinished
        self._clock = clock
        self._writing = Workers("cells", max(2, workers // 2), post)
        self._listing = Workers("cell-list", 1, post)
        self._asking = Workers("unfinished", 1, post)  # Airflow's database, which may be slow

    def start(self) -> None:
        """Start the threads."""
        self._writing.start()
        self._listing.start()
        self._asking.start()

    def stop(self) -> None:
        """Let the threads end, each after the call it is making."""
        self._writing.stop()
        self._listing.stop()
        self._asking.stop()

    def list(self, then: Then[Mapping[str, str]]) -> None:
        """List the ETags of all cells, by name."""
        self._listing.call(self._cells.listed, then, _unclear)

    def unfinished(self, groups: Collection[str], then: Then[Collection[str]]) -> None:
        """Ask which of these groups have an unfinished task instance."""

        def ask() -> Result[Collection[str], AwsError]:
            return Success(self._unfinished(groups))

        self._asking.call(ask, then, _unclear)

    def read(self, name: str, then: Then[HeldCell | None]) -> None:
        """Read a cell."""
        self._writing.call(partial(self._cells.read, name), then, _unclear)

    def write(self, name: str, held: HeldCell, cell: Cell, then: Then[HeldCell | None]) -> None:
        """Write a cell, unless it has changed since it was held."""
        self._writing.call(partial(self._cells.write, name, held, cell), then, _unclear)

    def offer(
        self,
        name: str,
        held: HeldCell,
        token: str,
        workload: Callable[[], str],
        then: Then[HeldCell | None],
        priority: int,
    ) -> None:
        """Offer a workload, which the worker makes just before it writes the cell."""
        offer = partial(self._offer, name, held, token, workload, self._clock())
        self._writing.call(offer, then, _unclear, priority)

    def remove(self, name: str) -> None:
        """Delete an ended container's cell; if this call fails, the bucket's lifecycle rule deletes it."""
        self._writing.call(partial(self._cells.remove, name), _ignored, _unclear)

    def _offer(
        self, name: str, held: HeldCell, token: str, workload: Callable[[], str], asked: float
    ) -> Result[HeldCell | None, AwsError]:
        try:
            made = workload()
        except Exception as error:  # noqa: BLE001 - whatever the making raises is this task's alone
            return Failure(AwsError(kind=Kind.PERMANENT, code=NO_WORKLOAD, message=words(error)))
        if self._clock() - asked > STALL:
            return Failure(TOO_LATE)
        return self._cells.write(name, held, held.cell.offer(token, made))


def _ignored(_: object) -> None:
    """Nothing depends on the result."""


def _unclear(error: BaseException) -> Failure[AwsError]:
    return Failure(AwsError(kind=Kind.AMBIGUOUS, code=type(error).__name__, message=words(error)))
