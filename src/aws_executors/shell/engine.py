"""The engine: one thread that owns the jobs, and does nothing but decide.

Law: only this thread changes the table. It takes letters, moves jobs by `core.advance`, and hands what they
ask for to workers; it never waits for AWS, for the database or for a lock. Other threads hand jobs over,
revoke them and take outcomes, and none of these waits either.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar, assert_never

from returns.methods import unwrap_or_failure

from aws_executors.core.advance import advance, begin
from aws_executors.core.errors import AwsError
from aws_executors.core.job import (
    Accepted,
    Due,
    Effect,
    Event,
    Find,
    Found,
    Free,
    GiveBack,
    Job,
    NotLookedUp,
    Policy,
    Prepare,
    ReadRow,
    Refused,
    Report,
    Revoked,
    RowRead,
    Seen,
    Stage,
    Stop,
    StopAnswered,
    Submit,
    Tell,
)
from aws_executors.core.pace import Pace
from aws_executors.core.service import Service
from aws_executors.core.state import Answer
from aws_executors.shell.complaints import Complaints
from aws_executors.shell.errands import Database, Errands
from aws_executors.shell.mail import (
    Closing,
    Described,
    GivenBack,
    Handover,
    Happened,
    K,
    Letter,
    Outcome,
    RowsRead,
    RowsUnread,
    Stopped,
)
from aws_executors.shell.table import Table

R = TypeVar("R")

log = logging.getLogger(__name__)

CHUNK = 100  # ids in one describe call, of either service
ROWS = 500  # rows in one query
STOP_CHUNK = 10  # containers that one worker stops at the end, so that all workers share the work
SHORTEST_NAP, CLOSING_NAP, DEFECT_NAP, LONGEST_NAP = 0.001, 0.02, 0.1, 1.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Gears:
    """How the engine is set: the policy of a job's life, the pace of looks, rows every so many seconds."""

    policy: Policy
    pace: Pace
    rows_every: float = 1.0
    workers: int = 16


class Engine(Generic[K, R]):
    """All jobs of one executor, from hand-over to the end of their last containers."""

    def __init__(
        self,
        service: Service[R],
        database: Database[K],
        gears: Gears,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._gears = gears
        self._clock = clock
        self._table: Table[K, R] = Table(gears.pace)
        self._inbox: queue.SimpleQueue[Letter[K, R]] = queue.SimpleQueue()
        self._outbox: deque[Outcome[K]] = deque()
        self._errands: Errands[K, R] = Errands(service, database, self._inbox.put, clock, gears.workers)
        self._complaints = Complaints(clock, log)
        self._wanted_rows: dict[str, None] = {}
        self._reading_rows = False
        self._next_rows = 0.0
        self._rows_pause = 0.0
        self._returns: list[tuple[float, str, K]] = []
        self._to_stop: set[str] = set()
        self._closing: Closing | None = None
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="aws-executors-engine", daemon=True)

    def __repr__(self) -> str:
        return f"<Engine {self._table!r}, {self._inbox.qsize()} letters, {self._errands!r}>"

    # --- What other threads may call -----------------------------------------------------------------------

    def start(self) -> None:
        """Start the thread and its workers."""
        self._errands.start()
        self._thread.start()

    def hand_over(self, handover: Handover[K, R]) -> None:
        """Take a job in; returns at once."""
        self._inbox.put(handover)

    def revoke(self, token: str) -> None:
        """Stop whatever runs for this job, and report nothing more of it; returns at once."""
        self._inbox.put(Happened(token, Revoked(self._clock())))

    def outcomes(self) -> Iterator[Outcome[K]]:
        """Take what there is to be told to Airflow, oldest first."""
        while self._outbox:
            yield self._outbox.popleft()

    def end(self, *, stop: bool, timeout: float) -> None:
        """Submit nothing more and end; with `stop`, ask every container to stop first. Bounded in time."""
        if not self._thread.is_alive():
            return
        self._inbox.put(Closing(stop))
        if not self._closed.wait(timeout):
            log.warning("Ended before AWS had answered every stop; the next start finds what still runs")
        self._errands.stop()

    def jobs(self) -> Iterator[Job[R]]:
        """A snapshot of the jobs, for a person to look at."""
        return self._table.jobs()

    # --- The thread ----------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                self._turn()
            except Exception:
                log.exception("The engine goes on after an unexpected error")
                self._closed.wait(DEFECT_NAP)  # what fails at every turn must not fill the disk

    def _turn(self) -> None:
        for letter in self._letters():
            self._take(letter)
        now = self._clock()
        for token in self._table.woken(now):
            self._happen(token, Due(now))
        if self._closing is None:
            self._look(now)
        self._read_rows(now)
        self._retry_returns(now)
        self._finish_closing()

    def _letters(self) -> Iterator[Letter[K, R]]:
        """Wait for one letter until something is due, then take all that have come."""
        try:
            yield self._inbox.get(timeout=self._nap(self._clock()))
            for _ in range(self._inbox.qsize()):
                yield self._inbox.get_nowait()
        except queue.Empty:
            return

    def _nap(self, now: float) -> float:
        """Seconds until something is due, within bounds."""
        if self._closing is not None:
            return CLOSING_NAP
        rows = self._rows_pause if self._wanted_rows else max(self._next_rows, self._rows_pause)
        due = self._table.next_time()
        times = [
            *([] if self._reading_rows or not self._table else [rows]),
            *([] if due is None else [due]),
            now + LONGEST_NAP,
        ]
        return max(SHORTEST_NAP, min(times) - now)

    def _take(self, letter: Letter[K, R]) -> None:
        match letter:
            case Handover():
                self._add(letter)
            case Happened(token=token, event=event):
                self._happen(token, event)
            case Described():
                self._described(letter)
            case RowsRead():
                self._rows_read(letter)
            case RowsUnread():
                self._rows_unread(letter)
            case GivenBack():
                self._given_back(letter)
            case Closing():
                self._close(letter)
            case Stopped(ids=ids):
                self._to_stop.difference_update(ids)
            case never:
                assert_never(never)

    def _add(self, handover: Handover[K, R]) -> None:
        token = handover.job.token
        if token in self._table or self._closing is not None:
            return
        job, effects = begin(handover.job)
        self._table.add(handover)
        self._moved(job, effects)

    def _happen(self, token: str, event: Event[R]) -> None:
        job = self._table.job(token)
        if job is None:
            return
        try:
            self._complain(event)
            moved, effects = advance(job, event, self._gears.policy)
            self._moved(moved, effects)
            if moved.container not in ("", job.container):
                self._stop_while_closing((moved.container,))
        except Exception:
            # A defect of ours: the other jobs, whose news may come in the same letter, must not pay for it.
            log.exception("The engine could not take in %s of %s", type(event).__name__, token)

    def _moved(self, job: Job[R], effects: tuple[Effect[R], ...]) -> None:
        handover = self._table.handover(job.token)
        self._table.move(job, self._clock())
        for effect in effects:
            self._carry_out(handover, effect)
        if job.stage is Stage.CLOSED and job.container:
            self._complaints.forget(f"Container {job.container}")

    def _carry_out(self, handover: Handover[K, R], effect: Effect[R]) -> None:
        token = handover.job.token
        match effect:
            case Prepare() | Submit() if self._closing is not None:
                return  # nothing is started any more
            case Prepare(attempt=attempt):
                self._errands.prepare(handover, attempt)
            case Submit(request=request):
                self._errands.submit(handover, request)
            case Find(exclude=exclude):
                self._errands.find(handover, exclude)
            case Stop(container=container, reason=reason):
                self._errands.stop_one(handover, container, reason)
            case ReadRow():
                self._wanted_rows[token] = None
            case GiveBack():
                self._errands.give_back(token, handover.key)
            case Report() | Free() | Tell():
                self._outbox.append(Outcome(token, handover.key, effect))
            case never:
                assert_never(never)

    # --- Looking at containers -----------------------------------------------------------------------------

    def _look(self, now: float) -> None:
        while ids := self._table.to_look_at(now, CHUNK):
            self._errands.describe(ids)

    def _described(self, letter: Described) -> None:
        match unwrap_or_failure(letter.result):
            case AwsError() as error:
                self._complaints.say("Looking at containers", error.kind, f"{error.code}: {error.message}")
                for container in letter.ids:
                    self._table.looked_at(container, letter.at, self._gears.pace.slowest)
            case answer:
                self._complaints.works("Looking at containers")
                self._observed(letter, answer)

    def _observed(self, letter: Described, answer: Answer) -> None:
        for odd in answer.unreadable:
            self._complaints.say(f"Container {odd.id}", "unreadable", odd.problem)
        for observation in answer.observations:
            token = self._table.owner(observation.id)
            if token is not None:
                self._happen(token, Seen(letter.at, observation))
        for container in letter.ids:
            self._table.looked_at(container, letter.at)

    # --- Reading rows --------------------------------------------------------------------------------------

    def _read_rows(self, now: float) -> None:
        """One query at a time: what a verdict waits for at once, the others in turn."""
        if self._reading_rows or now < self._rows_pause:
            return
        wanted = [token for token in self._wanted_rows if token in self._table]
        tokens = dict.fromkeys(wanted[:ROWS])
        if now >= self._next_rows:
            self._next_rows = now + self._gears.rows_every
            tokens |= dict.fromkeys(self._table.rows_to_read(max(0, ROWS - len(tokens))))
        self._wanted_rows = dict.fromkeys(wanted[ROWS:])
        if tokens:
            self._reading_rows = True
            self._errands.read_rows({token: self._table.handover(token).key for token in tokens})

    def _rows_read(self, letter: RowsRead) -> None:
        self._reading_rows = False
        self._complaints.works("Airflow's database")
        for token, row in letter.rows.items():
            self._happen(token, RowRead(letter.at, row))

    def _rows_unread(self, letter: RowsUnread) -> None:
        self._reading_rows = False
        self._complaints.say("Airflow's database", "rows", letter.problem)
        self._wanted_rows |= dict.fromkeys(letter.tokens)
        self._rows_pause = letter.at + self._gears.rows_every

    def _given_back(self, letter: GivenBack[K]) -> None:
        if letter.problem:
            self._complaints.say("Giving task instances back", "problem", letter.problem)
            self._returns.append((letter.at + self._gears.rows_every, letter.token, letter.key))
        else:
            self._complaints.works("Giving task instances back")

    def _retry_returns(self, now: float) -> None:
        due = [entry for entry in self._returns if entry[0] <= now]
        self._returns = [entry for entry in self._returns if entry[0] > now]
        for _, token, key in due:
            self._errands.give_back(token, key)

    # --- Ending --------------------------------------------------------------------------------------------

    def _close(self, letter: Closing) -> None:
        self._closing = letter
        self._errands.drop_submissions()
        self._stop_while_closing(self._table.live())

    def _stop_while_closing(self, containers: tuple[str, ...]) -> None:
        if self._closing is None or not self._closing.stop:
            return
        self._to_stop.update(containers)
        for first in range(0, len(containers), STOP_CHUNK):
            self._errands.stop_all(containers[first : first + STOP_CHUNK], "The scheduler has been shut down")

    def _finish_closing(self) -> None:
        """Close, once every stop is answered, and every submission whose container is to be stopped."""
        if self._closing is None:
            return
        # Asked before the inbox is: an answer is posted first, and counts as given afterwards.
        awaited = self._to_stop or self._errands.submissions_under_way or not self._inbox.empty()
        if not self._closing.stop or not awaited:
            self._closed.set()

    # --- Saying what is wrong, once ------------------------------------------------------------------------

    def _complain(self, event: Event[R]) -> None:
        match event:
            case Refused(error=error):
                self._complaints.say("Submitting", error.kind, f"{error.code}: {error.message}")
            case NotLookedUp(error=error):
                self._complaints.say("Looking up containers", error.kind, f"{error.code}: {error.message}")
            case StopAnswered(error=AwsError() as error):
                self._complaints.say("Stopping containers", error.kind, f"{error.code}: {error.message}")
            case Accepted():
                self._complaints.works("Submitting")
            case Found():
                self._complaints.works("Looking up containers")
            case StopAnswered():
                self._complaints.works("Stopping containers")
            case _:
                return
