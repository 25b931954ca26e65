"""The engine: one thread that sits at the desk, and does nothing but decide.

Law: the desk belongs to this thread alone. It never waits for AWS, for the database or for a lock; workers
do. Other threads hand jobs over, revoke them and take outcomes, and none of these waits either.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from aws_executors.core.job import Job, Revoked, Superseded
from aws_executors.core.service import Service
from aws_executors.shell.allowance import UNLIMITED, Allowance
from aws_executors.shell.desk import Desk, Gears
from aws_executors.shell.doubts import STALL
from aws_executors.shell.errands import Database, Errands
from aws_executors.shell.heard import Heard
from aws_executors.shell.mail import Closing, Delivery, Handover, Happened, K, Letter, Outcome
from aws_executors.shell.metrics import NO_METER, Meter
from aws_executors.shell.speech import logger

R = TypeVar("R")

log = logger(__name__)

SHORTEST_NAP, CLOSING_NAP, DEFECT_NAP, LONGEST_NAP = 0.001, 0.02, 0.1, 1.0  # seconds


class Engine(Generic[K, R]):
    """All jobs of one executor, from hand-over to the end of their last containers."""

    def __init__(
        self,
        service: Service[R],
        database: Database[K],
        gears: Gears,
        clock: Callable[[], float] = time.monotonic,
        allowance: Allowance = UNLIMITED,
        meter: Meter = NO_METER,
    ) -> None:
        self._clock = clock
        self._inbox: queue.SimpleQueue[Letter[K, R]] = queue.SimpleQueue()
        heard = Heard(service, allowance, clock)
        self._errands: Errands[K, R] = Errands(heard, database, self._inbox.put, clock, gears.workers)
        self._desk: Desk[K, R] = Desk(self._errands, gears, clock, allowance, meter)
        self._awake = clock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="aws-executors-engine", daemon=True)

    def __repr__(self) -> str:
        return f"<Engine {self._desk!r}, {self._inbox.qsize()} letters, {self._errands!r}>"

    # --- What other threads may call -----------------------------------------------------------------------

    def start(self) -> None:
        """Start the thread and its workers."""
        self._errands.start()
        self._thread.start()

    def hand_over(self, handover: Handover[K, R]) -> None:
        """Take a job in; returns at once."""
        self._inbox.put(handover)

    def deliver(self, handovers: Iterator[Handover[K, R]]) -> None:
        """Take many jobs in, each made when its turn comes, and not by this thread; returns at once."""
        self._inbox.put(Delivery(handovers))

    def revoke(self, token: str) -> None:
        """Stop whatever runs for this job, and report nothing more of it; returns at once."""
        self._inbox.put(Happened(token, Revoked(self._clock())))

    def supersede(self, token: str) -> None:
        """Start and report nothing more for this job: there is a newer one; returns at once."""
        self._inbox.put(Happened(token, Superseded(self._clock())))

    def outcomes(self) -> Iterator[Outcome[K]]:
        """Take what there is to be told to Airflow, oldest first."""
        return self._desk.outcomes()

    def jobs(self) -> Iterator[Job[R]]:
        """A snapshot of the jobs, for a person to look at."""
        return self._desk.jobs()

    def entries(self) -> Iterator[tuple[Handover[K, R], Job[R], float]]:
        """The same with what came with each job, and since when (by the clock here) it stands as it does."""
        return self._desk.entries()

    @property
    def changes(self) -> int:
        """How often a job has changed: while this stays the same, so do `entries`."""
        return self._desk.changes

    def end(self, *, stop: bool, timeout: float) -> None:
        """Submit nothing more and end; with `stop`, ask every container to stop first. Bounded in time."""
        if not self._thread.is_alive():
            return
        self._inbox.put(Closing(stop))
        if not self._closed.wait(timeout):
            log.warning("Ended before AWS had answered every stop; the next start finds what still runs")
        self._errands.stop()

    # --- The thread ----------------------------------------------------------------------------------------

    def _run(self) -> None:
        self._awake = self._clock()
        while not self._closed.is_set():
            try:
                for letter in self._letters():
                    self._notice_a_gap()
                    self._desk.take(letter)
                self._notice_a_gap()
                self._desk.turn()
                # Asked in this order: an answer is posted first, and its call counts as over afterwards.
                if self._desk.settled and self._inbox.empty():
                    self._closed.set()
            except Exception:
                log.exception("The engine goes on after an unexpected error")
                self._closed.wait(DEFECT_NAP)  # what fails at every turn must not fill the disk

    def _notice_a_gap(self) -> None:
        now = self._clock()
        if now - self._awake > STALL:
            self._desk.slept()
        self._awake = now

    def _letters(self) -> Iterator[Letter[K, R]]:
        """Wait for one letter until something is due, then take all that have come."""
        try:
            yield self._inbox.get(timeout=self._nap())
            for _ in range(self._inbox.qsize()):
                yield self._inbox.get_nowait()
        except queue.Empty:
            return

    def _nap(self) -> float:
        """Seconds until something is due, within bounds."""
        if self._desk.closing:
            return CLOSING_NAP
        now, due = self._clock(), self._desk.next_time()
        return LONGEST_NAP if due is None else min(LONGEST_NAP, max(SHORTEST_NAP, due - now))
