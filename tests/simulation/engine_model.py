"""The real engine and its operations, in virtual time.

Law: dispatcher, operations and rate limiter are production's. Lanes replace the worker threads, and instead
of the engine's thread, timed events run the dispatcher whenever there is something to do.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from math import inf
from threading import Lock
from typing import TYPE_CHECKING, TypeVar, cast

from aws_executors.core.aws.service import Service
from aws_executors.core.lifecycle.verdict import Row
from aws_executors.shell.aws.watched_service import WatchedService
from aws_executors.shell.engine.calls.operations import Operations
from aws_executors.shell.engine.calls.rate_limiter import Account
from aws_executors.shell.engine.calls.thread_pool import Workers
from aws_executors.shell.engine.dispatcher import Dispatcher, EngineConfig
from aws_executors.shell.engine.messages import InboxItem, RowQuery
from aws_executors.shell.engine.thread import Engine
from aws_executors.shell.engine.warm.cell_calls import CellCalls, Unfinished
from aws_executors.shell.transport.cells import CellStore
from simulation.airflow_model import FINAL, Metadata
from simulation.cloud import POOLED
from simulation.process import Process
from simulation.timeline import between
from support.worlds import Unmeasured

if TYPE_CHECKING:
    from airflow.executors.workloads.types import WorkloadKey

T = TypeVar("T")
R = TypeVar("R")


WORKERS = 16
"""How many calls of one kind can be under way; the threads for them are never started."""


class Contended(Exception):
    """Raised if a lock is held by another call that is under way."""


class VirtualLock:
    """Replaces a lock for which a worker would wait. Here calls are nested on one stack: the call that holds
    the lock cannot go on while another waits for it, so the other raises, and is made again (`Lane`)."""

    def __init__(self) -> None:
        self._held = False

    def __enter__(self) -> bool:
        if self._held:
            raise Contended
        self._held = True
        return True

    def __exit__(self, *_: object) -> None:
        self._held = False


def virtual_lock() -> Lock:
    """A `VirtualLock`, typed as the real lock that production wants."""
    return cast("Lock", VirtualLock())


class Lane(Workers):
    """Workers without threads: every call begins a little later, however many are under way."""

    def __init__(self, name: str, process: Process, post: Callable[[InboxItem], None]) -> None:
        super().__init__(name, 0, post)
        self._name, self._process = name, process
        self._unbegun: set[int] = set()
        self._numbers = self._answers = 0

    @property
    def unanswered(self) -> int:
        return self._numbers - self._answers

    def call(
        self,
        run: Callable[[], T],
        then: Callable[[T], None],
        lost: Callable[[BaseException], T],
        priority: int = 0,
    ) -> None:
        self._numbers += 1
        number = self._numbers
        self._unbegun.add(number)
        process = self._process
        delay = between(0.0, 0.1, process.seed, process.number, self._name, number, "begin")
        process.after(delay, lambda: self._make(number, run, then, lost))

    def drop_waiting(self) -> None:
        self._answers += len(self._unbegun)
        self._unbegun.clear()

    def _make(
        self,
        number: int,
        run: Callable[[], T],
        then: Callable[[T], None],
        lost: Callable[[BaseException], T],
    ) -> None:
        if number not in self._unbegun:
            return
        self._unbegun.discard(number)
        try:
            result = run()
        except Contended:
            self._unbegun.add(number)
            self._process.after(0.05, lambda: self._make(number, run, then, lost))
            return
        except Exception as error:  # noqa: BLE001 - what a worker does
            result = lost(error)
        self._post(partial(then, result))
        self._answers += 1


@dataclass(frozen=True, slots=True)
class VirtualDatabase:
    """A `Database` over the model's rows, which can be down."""

    process: Process
    metadata: Metadata

    def read(self, asked: Mapping[str, RowQuery[WorkloadKey]]) -> dict[str, Row | None]:
        """The rows, after a while, as they were at its beginning or at its end."""
        self._reach()
        rows = self.metadata.read(asked)
        slow = self.process.line.now < self.process.database_slow_until
        self.process.wait(3.0 if slow else 0.02)
        return rows

    def fence(self, key: object, token: str) -> None:
        """Fence a row, so that its container's reports do not count any more."""
        self._reach()
        self.metadata.fence(key, token)

    def requeue(self, key: object, token: str) -> None:
        """Give a task instance back to the scheduler."""
        self._reach()
        self.metadata.requeue(key, token)

    def unfinished(self, groups: Collection[str]) -> set[str]:
        """All groups, while any task has not ended."""
        self._reach()
        left = any(one.state not in FINAL for one in self.metadata.instances.values())
        return set(groups) if left else set()

    def _reach(self) -> None:
        self.process.wait(0.02)
        if self.process.line.now < self.process.database_down_until:
            raise OSError("the database does not answer")


class VirtualOperations(Operations["WorkloadKey", R]):
    """The real operations, whose workers are lanes."""

    def __init__(
        self,
        service: Service[R],
        database: VirtualDatabase,
        post: Callable[[InboxItem], None],
        process: Process,
        cells: CellStore | None,
    ) -> None:
        warm = None if cells is None else VirtualCells(cells, database.unfinished, post, process)
        super().__init__(service, database, post, process.line.clock, WORKERS, warm)
        self._building = Lane("build", process, post)
        self._submitting = Lane("submit", process, post)
        self._polling = Lane("poll", process, post)
        self._storing = Lane("store", process, post)
        self._reading = Lane("database", process, post)
        self._changing = Lane("rows", process, post)


class VirtualCells(CellCalls):
    """The real calls about cells, whose workers are lanes."""

    def __init__(
        self, cells: CellStore, unfinished: Unfinished, post: Callable[[InboxItem], None], process: Process
    ) -> None:
        super().__init__(cells, unfinished, post, process.line.clock, WORKERS)
        self._writing = Lane("cells", process, post)
        self._listing = Lane("cell-list", process, post)
        self._asking = Lane("unfinished", process, post)


class Inbox(queue.SimpleQueue[T]):
    """The engine's inbox; each item that is put into it makes the dispatcher run."""

    def __init__(self, wake: Callable[[], None]) -> None:
        super().__init__()
        self._wake = wake

    def put(self, item: T, block: bool = True, timeout: float | None = None) -> None:
        super().put(item, block, timeout)
        self._wake()


class VirtualEngine(Engine["WorkloadKey", R]):
    """The real engine without its thread: the dispatcher runs whenever there is something to do."""

    def __init__(
        self,
        service: Service[R],
        database: VirtualDatabase,
        config: EngineConfig,
        process: Process,
        cells: CellStore | None = None,
    ) -> None:
        rate_limiter = Account().share(service.allotments)
        self._process = process
        self._clock = process.line.clock
        self._inbox: queue.SimpleQueue[InboxItem] = Inbox(self._woken)
        watched = WatchedService(service, rate_limiter, clock=self._clock)
        self._operations: Operations[WorkloadKey, R] = VirtualOperations(
            watched, database, self._posted, process, cells
        )
        self._dispatcher: Dispatcher[WorkloadKey, R] = Dispatcher(
            self._operations, config, self._clock, rate_limiter, Unmeasured(), self._pooled_token
        )
        self._planned: float | None = None
        self._noticed = 0.0
        self._ended = False

    def _pooled_token(self) -> str:
        """A token for a warm container, the same in every run."""
        process = self._process
        process.pooled += 1
        number = f"{process.number:04d}{process.pooled:08d}"
        return f"{POOLED}0000-8000-8000-{number}"

    def start(self) -> None:
        """Do nothing: there is no thread to start."""

    def end(self, *, stop: bool, timeout: float) -> None:
        """End as the real engine does, which also waits for its thread."""
        self._inbox.put(partial(self._dispatcher.close, stop=stop))
        until = self._clock() + timeout
        while self._clock() < until and not self._ended:
            self._run_due()
            self._ended = self._dispatcher.settled
            self._process.wait(0.05)

    def started_for(self, token: str) -> str:
        """The token of the job for which this token's warm container was started; else the token itself."""
        pool = self._dispatcher._warm
        container = None if pool is None else pool._turns.containers.get(token)
        return token if container is None else container.for_job

    @property
    def empty(self) -> bool:
        """Whether no job is left."""
        return not any(self._dispatcher.table.jobs())

    def _posted(self, message: InboxItem) -> None:
        """Deliver a worker's message at once, late, or twice, if the process lives."""
        process = self._process
        process.messages += 1
        now, number = self._clock(), process.messages
        slow = now < process.slow_until
        delay = between(0.0, 6.0 if slow else 0.02, process.seed, process.number, number, "message")
        process.after(delay, lambda: self._read(message))
        if now < process.doubles_until:
            again = between(0.0, 5.0, process.seed, process.number, number, "again")
            process.after(delay + again, lambda: self._read(message))

    def _read(self, message: InboxItem) -> None:
        self._inbox.put(message)

    def _woken(self) -> None:
        self._process.after(0.0, self._run_due)

    def _run_due(self) -> None:
        if self._process.stalled_until > self._noticed:
            self._noticed = self._process.stalled_until
            self._dispatcher.was_stalled()
        while not self._inbox.empty():
            self._inbox.get_nowait()()
        self._dispatcher.run_due()
        due = self._dispatcher.next_time()
        if due != inf and (self._planned is None or due < self._planned):
            self._planned = due
            self._process.after(max(0.001, due - self._clock()), lambda: self._wake(due))

    def _wake(self, due: float) -> None:
        if due == self._planned:
            self._planned = None
            self._run_due()
