"""The engine: one thread that owns the dispatcher, and does nothing but decide.

Law: the dispatcher belongs to this thread alone. It never waits for AWS, for the database or for a
lock; workers do. Other threads hand jobs over, revoke them and take outcomes, and none of these waits either.
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
        """Take jobs in, each made when its turn comes, and not by this thread; returns at once.

        One that cannot be made raises, and the next one is asked for all the same (as of a `map`).
        """
        self._inbox.put(partial(self._dispatcher.arrivals.hand_over, work_items))

    def revoke(self, token: str) -> None:
        """Stop whatever runs for this job, and report nothing more of it; returns at once."""
        self._inbox.put(partial(self._dispatcher.withdraw, token, Revoked(self._clock())))

    def supersede(self, token: str) -> None:
        """Start and report nothing more for this job: there is a newer one; returns at once."""
        self._inbox.put(partial(self._dispatcher.withdraw, token, Superseded(self._clock())))

    def tell(self, seen: Sequence[Observation], then: Callable[[frozenset[str]], None]) -> None:
        """Events of containers have come; returns at once. `then` is called by the engine's thread, once
        they are taken in, with the containers that are none of this scheduler's."""
        self._inbox.put(partial(self._dispatcher.event_feed.take, seen, then))

    def events_failed(self, problem: str, began: float) -> None:
        """The queue of events could not be read, by a call that began then; returns at once."""
        self._inbox.put(partial(self._dispatcher.event_feed.failed, problem, began))

    @property
    def news(self) -> News:
        """How it is learned what happens to containers."""
        return self._dispatcher.event_feed.news

    def airflow_updates(self) -> Iterator[AirflowUpdate[K]]:
        """Take what there is to be told to Airflow, oldest first."""
        return self._dispatcher.airflow_updates()

    def jobs(self) -> Iterator[Job[R]]:
        """A snapshot of the jobs."""
        return self._dispatcher.table.jobs()

    def entries(self) -> Iterator[tuple[WorkItem[K, R], Job[R], float]]:
        """The same with what came with each job, and since when (by the clock here) it is in its state."""
        for record in self._dispatcher.table.records():
            yield record.work_item, record.job, record.since

    def containers(self) -> tuple[WarmContainer[K, R], ...]:
        """The containers that take one workload after another: to be read only."""
        return self._dispatcher.containers

    @property
    def changes(self) -> int:
        """How often a job has changed: while this stays the same, so do `entries`."""
        return self._dispatcher.table.changes

    def end(self, *, stop: bool, timeout: float) -> None:
        """Submit nothing more and end; with `stop`, ask every container to stop first. Bounded in time."""
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
                # Asked in this order: an answer is posted first, and its call counts as over afterwards.
                if dispatcher.closing and dispatcher.settled and self._inbox.empty():
                    self._closed.set()
            except Exception:
                log.exception("Unexpected error in the engine, which continues")
                self._closed.wait(DEFECT_NAP)  # what fails each time must not fill the disk

    def _take_messages(self) -> None:
        """Wait for one message until something is due, then do what all that have come say."""
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
        """The next message; raises `queue.Empty` after so long. Only where there was none just now.

        While its own lock is free, and when a signal interrupts it, SimpleQueue looks what is left of the
        timeout, and if this thread was not run meanwhile and nothing is, it waits for ever (CPython's
        _queuemodule.c, in 3.11 to 3.13). So no signal comes to this thread meanwhile: the kernel gives it one
        if the main thread is busy and has another one to handle.
        """
        before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            return self._inbox.get(timeout=seconds)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
