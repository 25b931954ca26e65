"""The engine: one thread that owns the dispatcher, and does nothing but decide.

Law: the dispatcher belongs to this thread alone. The thread never waits for AWS, for the database or for a
lock; workers do. Other threads hand jobs over, revoke them and take updates for Airflow, without waiting.
"""

from __future__ import annotations

import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Generic, TypeVar

from aws_executors.core.aws.service import Service
from aws_executors.core.lifecycle.events import Revoked, Superseded
from aws_executors.core.lifecycle.job import Job
from aws_executors.core.lifecycle.observation import Observation
from aws_executors.shell.airflow.loggers import logger
from aws_executors.shell.airflow.metrics import Sink
from aws_executors.shell.engine.aws_events.feed import News
from aws_executors.shell.engine.calls.operations import Database, Operations
from aws_executors.shell.engine.calls.rate_limiter import RateLimiter
from aws_executors.shell.engine.dispatcher import Dispatcher, EngineConfig
from aws_executors.shell.engine.messages import AirflowUpdate, InboxItem, K, WorkItem
from aws_executors.shell.engine.stall import STALL
from aws_executors.shell.engine.warm.cell_calls import CellCalls
from aws_executors.shell.engine.warm.container import WarmContainer
from aws_executors.shell.transport.cells import CellStore

R = TypeVar("R")

log = logger(__name__)

SIGNALS = signal.valid_signals()
SHORTEST_NAP, CLOSING_NAP, DEFECT_NAP, LONGEST_NAP = 0.001, 0.02, 0.1, 1.0  # seconds


class Engine(Generic[K, R]):
    """All jobs of one executor, from hand-over to the end of their last containers."""

    def __init__(
        self,
        service: Service[R],
        database: Database[K],
        config: EngineConfig,
        rate_limiter: RateLimiter,
        sink: Sink,
        clock: Callable[[], float] = time.monotonic,
        cells: CellStore | None = None,
    ) -> None:
        self._clock = clock
        self._inbox: queue.SimpleQueue[InboxItem] = queue.SimpleQueue()
        warm = None
        if cells is not None:
            warm = CellCalls(cells, database.unfinished, self._inbox.put, clock, config.workers)
        self._operations: Operations[K, R] = Operations(
            service, database, self._inbox.put, clock, config.workers, warm
        )
        self._dispatcher: Dispatcher[K, R] = Dispatcher(self._operations, config, clock, rate_limiter, sink)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="aws-executors-engine", daemon=True)

    def __repr__(self) -> str:
        return f"<Engine {self._dispatcher!r}, {self._inbox.qsize()} messages, {self._operations!r}>"

    # --- What other threads may call -----------------------------------------------------------------------

    def start(self) -> None:
        """Start the thread and its workers."""
        self._operations.start()
        self._thread.start()

    def hand_over(self, work_items: Iterator[WorkItem[K, R]]) -> None:
        """Take in these jobs; returns at once. The engine's thread makes each one when its turn comes.

        The iterator must go on after an item that raises, as a `map` does.
        """
        self._inbox.put(partial(self._dispatcher.arrivals.hand_over, work_items))

    def revoke(self, token: str) -> None:
        """Stop whatever runs for this job, and report nothing more of it; returns at once."""
        self._inbox.put(partial(self._dispatcher.withdraw, token, Revoked(self._clock())))

    def supersede(self, token: str) -> None:
        """Start and report nothing more for this job, as there is a newer one; returns at once."""
        self._inbox.put(partial(self._dispatcher.withdraw, token, Superseded(self._clock())))

    def tell(self, seen: Sequence[Observation], then: Callable[[frozenset[str]], None]) -> None:
        """Take in events of containers; returns at once. The engine's thread then calls `then` with the
        containers that are not this scheduler's."""
        self._inbox.put(partial(self._dispatcher.event_feed.take, seen, then))

    def events_failed(self, problem: str, began: float) -> None:
        """The queue of events could not be read, by a call that began at `began`; returns at once."""
        self._inbox.put(partial(self._dispatcher.event_feed.failed, problem, began))

    @property
    def news(self) -> News:
        """How the engine learns what happens to containers."""
        return self._dispatcher.event_feed.news

    def airflow_updates(self) -> Iterator[AirflowUpdate[K]]:
        """Take the updates for Airflow, oldest first."""
        return self._dispatcher.airflow_updates()

    def jobs(self) -> Iterator[Job[R]]:
        """A snapshot of the jobs."""
        return self._dispatcher.table.jobs()

    def entries(self) -> Iterator[tuple[WorkItem[K, R], Job[R], float]]:
        """Each job with its work item and the time, by the engine's clock, at which it entered its state."""
        for record in self._dispatcher.table.records():
            yield record.work_item, record.job, record.since

    def containers(self) -> tuple[WarmContainer[K, R], ...]:
        """The warm containers, which the caller must not change."""
        return self._dispatcher.containers

    @property
    def changes(self) -> int:
        """How often jobs have changed: while this number stays the same, so do `entries`."""
        return self._dispatcher.table.changes

    def end(self, *, stop: bool, timeout: float) -> None:
        """Submit nothing more and end, within `timeout` seconds; with `stop`, first stop every container."""
        if not self._thread.is_alive():
            return
        self._inbox.put(partial(self._dispatcher.close, stop=stop))
        if not self._closed.wait(timeout):
            log.warning(
                "The engine did not end within %g s; containers may still run, and the next "
                "scheduler adopts or stops them",
                timeout,
            )
        self._operations.stop()

    # --- The thread ----------------------------------------------------------------------------------------

    def _run(self) -> None:
        dispatcher, ran_at = self._dispatcher, self._clock()
        while not self._closed.is_set():
            try:
                self._take_messages()
                now = self._clock()
                if now - ran_at > STALL:  # before anything more is submitted
                    dispatcher.was_stalled()
                ran_at = now
                dispatcher.run_due()
                # The inbox is checked last: a worker posts an answer before its call counts as answered.
                if dispatcher.closing and dispatcher.settled and self._inbox.empty():
                    self._closed.set()
            except Exception:
                log.exception("Unexpected error in the engine, which continues")
                self._closed.wait(DEFECT_NAP)  # a defect that repeats must not fill the disk

    def _take_messages(self) -> None:
        """Wait for a message until something is due, then act on all that have come."""
        nap = CLOSING_NAP if self._dispatcher.closing else self._dispatcher.next_time() - self._clock()
        try:
            try:
                message = self._inbox.get_nowait()
            except queue.Empty:
                message = self._next_message(min(LONGEST_NAP, max(SHORTEST_NAP, nap)))
            message()
            for _ in range(self._inbox.qsize()):
                self._inbox.get_nowait()()
        except queue.Empty:
            return

    def _next_message(self, seconds: float) -> InboxItem:
        """The next message; raises `queue.Empty` after `seconds`. Call it only if `get_nowait` found none.

        If its own lock was free, or a signal interrupts it, SimpleQueue computes what is left of the timeout;
        if this thread was not scheduled in time and nothing is left, it waits for ever (CPython's
        _queuemodule.c, in 3.11 to 3.13). `get_nowait` has taken that lock. Signals are blocked, because the
        kernel may deliver one to this thread while the main thread is busy with another signal.
        """
        before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            return self._inbox.get(timeout=seconds)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
