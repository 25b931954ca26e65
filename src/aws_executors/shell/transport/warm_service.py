"""A `Service` that wraps another `Service`, some of whose containers are warm.

Law: calls about containers are passed on to the wrapped service. If a look-up by a job's token finds no
container of the job's own, it goes through the cells. Before it reports that there is none, it withdraws the
job's offer if no container has taken it, and rewrites idle cells, so that a dead scheduler's offer that is
still on its way cannot land any more (`core/warm/cell.py`, rule 2). An object that is no cell is passed over:
no workload lies in it. A cell is not read again while the list shows the ETag that it was read with: no two
bodies of a cell are alike.

Code that only shows containers uses `shell/ui/warm_lookups.py` instead, which writes no cell, and passes over
cells that it cannot read in time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Generic, TypeVar

from returns.methods import unwrap_or_failure
from returns.result import Failure, Result, Success

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.aws.service import Service
from aws_executors.core.lifecycle.observation import DescribeResult, Observation
from aws_executors.core.warm.cell import Word
from aws_executors.core.warm.turn import container_of, seen_in
from aws_executors.shell.transport.cells import NO_CELL, CellStore, HeldCell

R = TypeVar("R")

TRIES = 5
"""How many times at most one look-up reads a cell that changes while it is being settled."""

CHANGING = AwsError(kind=Kind.AMBIGUOUS, code="CellChanged", message="the cell changes all the time")


class WarmService(Generic[R]):
    """A service and the store of its warm containers' cells; itself a `Service`."""

    def __init__(self, service: Service[R], cells: CellStore) -> None:
        self._service = service
        self._cells = cells
        self._lock = Lock()
        self._read: dict[str, HeldCell] = {}  # cells as they were read or written last, by name
        self.idempotent = service.idempotent
        self.allotments = service.allotments

    def __repr__(self) -> str:
        return repr(self._service)

    def submit(self, request: R) -> Result[str, AwsError]:
        """Start one container."""
        return self._service.submit(request)

    def describe(self, ids: Sequence[str]) -> Result[DescribeResult, AwsError]:
        """Describe containers."""
        return self._service.describe(ids)

    def find(self, token: str, exclude: Sequence[str]) -> Result[Observation | None, AwsError]:
        """Look for a job's own container, then for its turn in a warm container."""
        own = self._service.find(token, tuple(map(container_of, exclude)))
        return own.bind(lambda seen: Success(seen) if seen is not None else self._turn(token, exclude))

    def stop(self, ids: Sequence[str], reason: str) -> dict[str, AwsError | None]:
        """Stop containers; a turn ends with its container."""
        answers = self._service.stop(tuple(dict.fromkeys(map(container_of, ids))), reason)
        return {id_: answers.get(container_of(id_)) for id_ in ids}

    def _turn(self, token: str, exclude: Sequence[str]) -> Result[Observation | None, AwsError]:
        with self._lock:  # one search at a time: two would settle each other's writes
            match unwrap_or_failure(self._cells.listed()):
                case AwsError() as error:
                    return Failure(error)
                case names:
                    return self._searched(names, token, exclude)

    def _searched(
        self, names: Mapping[str, str], token: str, exclude: Sequence[str]
    ) -> Result[Observation | None, AwsError]:
        found: Observation | None = None
        self._read = {name: held for name, held in self._read.items() if held.etag == names.get(name)}
        for name in names:
            match unwrap_or_failure(self._in_cell(name, token)):
                case AwsError(code=code) if code == NO_CELL:
                    continue
                case AwsError() as error:
                    return Failure(error)
                case Observation(id=turn) as seen if turn not in exclude:
                    found = seen if found is None or found.ended else found
                case _:
                    pass
        return Success(found)

    def _known_or_read(self, name: str) -> Result[HeldCell | None, AwsError]:
        known = self._read.pop(name, None)
        return self._cells.read(name) if known is None else Success(known)

    def _in_cell(self, name: str, token: str) -> Result[Observation | None, AwsError]:
        for _ in range(TRIES):
            match unwrap_or_failure(self._known_or_read(name)):
                case AwsError() as error:
                    return Failure(error)
                case None:
                    return Success(None)
                case HeldCell(cell=cell) as held:
                    seen = seen_in(cell, token, name)
                    mine = cell.word is Word.OFFERED and cell.token == token
                    if seen is not None or not (mine or cell.word is Word.IDLE):
                        if not cell.workload:  # a workload holds a secret, and is taken in a moment
                            self._read[name] = held
                        return Success(seen)
                    match unwrap_or_failure(self._cells.write(name, held, cell.withdraw())):
                        case AwsError() as error:
                            return Failure(error)
                        case HeldCell() as written:
                            self._read[name] = written
                            return Success(None)
                        case None:
                            continue
        return Failure(CHANGING)
