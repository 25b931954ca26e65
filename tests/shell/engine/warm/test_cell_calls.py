"""The workers that call about cells: who waits for whom."""

import queue
import threading
import time
from collections.abc import Collection, Mapping

from returns.result import Result, Success

from aws_executors.core.aws.errors import AwsError
from aws_executors.core.warm.cell import Cell
from aws_executors.shell.engine.warm.cell_calls import CellCalls
from aws_executors.shell.transport.cells import HeldCell


class Shelf:
    """A store with one cell."""

    def listed(self) -> Result[Mapping[str, str], AwsError]:
        return Success({"shape/0b6e": "1"})

    def read(self, name: str) -> Result[HeldCell | None, AwsError]:
        return Success(HeldCell("1", Cell(container="arn:1")))

    def write(self, name: str, held: HeldCell, cell: Cell) -> Result[HeldCell | None, AwsError]:
        return Success(HeldCell("2", cell))

    def remove(self, name: str) -> Result[None, AwsError]:
        return Success(None)


def test_cells_are_listed_while_airflows_database_does_not_answer() -> None:
    opened = threading.Event()

    def unfinished(groups: Collection[str]) -> Collection[str]:
        opened.wait(60)
        return groups

    calls = CellCalls(Shelf(), unfinished, lambda item: item(), time.monotonic, 2)
    calls.start()
    cells: queue.SimpleQueue[Result[Mapping[str, str], AwsError]] = queue.SimpleQueue()
    left: queue.SimpleQueue[Result[Collection[str], AwsError]] = queue.SimpleQueue()
    calls.unfinished({"dag etl"}, left.put)
    calls.list(cells.put)
    assert cells.get(timeout=30).unwrap() == {"shape/0b6e": "1"}
    assert left.empty()
    opened.set()
    assert left.get(timeout=30).unwrap() == {"dag etl"}
    calls.stop()
