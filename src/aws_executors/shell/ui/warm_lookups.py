"""Find the warm container in which a workload ran, and its log, by the cells.

Law: for displays only: reads cells and never writes one. Look-ups of other containers are passed on. Each
state of a cell is read once, so that a second look-up costs one list; after `LOOK_UP_WITHIN` seconds a
look-up reads no further cell, and the next look-up reads the rest.

The engine's look-up goes through the cells by `shell/transport/warm_service.py`, which settles their offers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from threading import Lock

from returns.methods import unwrap_or_failure
from returns.result import Failure, Result, Success

from aws_executors.core.aws.errors import AwsError
from aws_executors.core.lifecycle.observation import Observation
from aws_executors.core.logs.streams import Stream
from aws_executors.core.warm.cell import Cell
from aws_executors.core.warm.turn import container_of, is_turn, seen_in
from aws_executors.shell.transport.cells import CellStore, HeldCell
from aws_executors.shell.ui.lookups import Lookups

LOOK_UP_WITHIN = 8.0
"""Seconds after which a look-up reads no further cell."""


class WarmLookups:
    """Look-ups of a service's containers and of the turns in its warm containers; itself `Lookups`."""

    def __init__(
        self, lookups: Lookups, cells: CellStore, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._lookups = lookups
        self._cells = cells
        self._clock = clock
        self._lock = Lock()
        self._read: dict[str, tuple[str, Cell]] = {}  # by the cell's name: its ETag, and what it said then

    def find(self, token: str, exclude: Sequence[str]) -> Result[Observation | None, AwsError]:
        """The turn of one queueing in a warm container, else its own container."""
        match unwrap_or_failure(self._turn(token)):
            case Observation(id=turn) as seen if turn not in exclude:
                return Success(seen)
            case _:
                return self._lookups.find(token, exclude)

    def log_stream(self, token: str) -> Result[Stream, AwsError]:
        """The log stream of a queueing's container; if that is warm, limited to the workload's lines."""
        match unwrap_or_failure(self._turn(token)):
            case Observation(id=turn):
                stream = self._lookups.log_stream(container_of(turn))
                return stream.map(lambda shared: replace(shared, token=token))
            case AwsError() as problem:
                return self._lookups.log_stream(token).alt(lambda _: problem)
            case None:
                return self._lookups.log_stream(token)

    def past_log(self, container: str) -> Result[Stream, AwsError]:
        """The log stream, by its id, of a container that can no longer be found by its token."""
        known = self._lookups.past_log(container)
        return known.lash(lambda error: self._lookups.log_stream(container) if container else Failure(error))

    def ended_log(self, seen: Observation) -> Result[Stream, AwsError]:
        """The log stream of a container that has ended; for a turn, the log stream of its container."""
        if is_turn(seen.id):
            return self._lookups.log_stream(container_of(seen.id))
        return self._lookups.ended_log(seen)

    def log_page(self, stream: Stream, next_token: str) -> Result[object, AwsError]:
        """One page of a log."""
        return self._lookups.log_page(stream, next_token)

    def _turn(self, token: str) -> Result[Observation | None, AwsError]:
        """The turn in which this workload runs, or ran last; None if no cell read in time shows a turn."""
        listed = self._cells.listed()
        return listed.map(lambda etags: self._searched(etags, token, self._clock() + LOOK_UP_WITHIN))

    def _searched(self, etags: Mapping[str, str], token: str, until: float) -> Observation | None:
        found: Observation | None = None
        with self._lock:
            self._read = {name: known for name, known in self._read.items() if name in etags}
        for name, etag in etags.items():
            cell = self._cell(name, etag, until)
            seen = None if cell is None else seen_in(cell, token, name)
            if seen is not None and not seen.ended:
                return seen
            found = seen or found
        return found

    def _cell(self, name: str, etag: str, until: float) -> Cell | None:
        """What a cell says or, if it cannot be read in time, said when last read; None if never read."""
        with self._lock:
            known, cell = self._read.get(name, ("", None))
        if known == etag or self._clock() > until:
            return cell
        match unwrap_or_failure(self._cells.read(name)):
            case HeldCell() as held:
                cell = replace(held.cell, workload="")  # it may hold a secret
                with self._lock:
                    self._read[name] = (held.etag, cell)
                return cell
            case _:
                return cell
