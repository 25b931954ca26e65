"""Threads that wait for AWS, so that nobody else has to.

Law: a worker knows nothing of jobs. It takes the most urgent call, makes it, and posts what came of it; an
exception is posted too. The threads are daemons: a scheduler that leaves never waits for them. Calls to AWS
are bounded by their own timeouts; a person's code is not, so a call of it that does not return is given up
here, and another thread takes the place of the one that is lost.
"""

import ctypes
import itertools
import queue
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from aws_executors.core.errors import AwsExecutorsError
from aws_executors.shell.airflow.loggers import logger, words

T = TypeVar("T")

log = logger(__name__)

LOOKS = 4
"""Looks at a call, evenly over its time, until it is given up. They are counted, not the seconds: a process
that stood still has not waited for its calls."""

MOST_LOST = 256
"""Threads that may hang at once. Once so many do, what would hang next fails instead."""


class GivenUpError(AwsExecutorsError):
    """A call has not returned in its time."""


class _InterruptError(BaseException):
    """Ends a loop that nobody waits for any more; a wait inside of C goes on."""


@dataclass(order=True, slots=True)
class _Call(Generic[T]):
    urgency: tuple[int, int]
    run: Callable[[], T] | None = field(compare=False)
    lost: Callable[[BaseException], T] | None = field(compare=False)


@dataclass(slots=True, eq=False)
class _Run(Generic[T]):
    """One call that is being made, and what is known of it: by the looks at it, by its thread's return."""

    lost: Callable[[BaseException], T]
    thread: threading.Thread
    looks: int = 0
    replaced: bool = False
    over: bool = False
    returned: bool = False

    @property
    def hangs(self) -> bool:
        return not self.returned and self.thread.is_alive()


class Workers(Generic[T]):
    """A number of daemon threads that make calls, the most urgent first.

    `post` receives what each call returned, in the worker's thread. With `patience` (seconds) a call that
    has not returned by then is given up: `lost` is asked what to post, and the next call has a thread.

    >>> Workers("submit", 4, print)
    <Workers 4 threads, 0 calls wait>
    """

    def __init__(
        self, name: str, count: int, post: Callable[[T], None], patience: float | None = None
    ) -> None:
        self._name = name
        self._patience = patience
        self._stopped = threading.Event()
        self._runs: set[_Run[T]] = set()
        self._hanging: list[_Run[T]] = []
        self._post = post
        self._calls: queue.PriorityQueue[_Call[T]] = queue.PriorityQueue()
        self._order = itertools.count()
        self._unanswered = 0
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}-{number}", daemon=True)
            for number in range(count)
        ]

    def __repr__(self) -> str:
        return f"<Workers {len(self._threads)} threads, {self._calls.qsize()} calls wait>"

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()
        if self._patience is not None:
            threading.Thread(target=self._watch, name=f"{self._name}-watch", daemon=True).start()

    @property
    def unanswered(self) -> int:
        """How many calls wait or are being made; a call counts until what came of it has been posted."""
        return self._unanswered

    def call(self, run: Callable[[], T], lost: Callable[[BaseException], T], priority: int = 0) -> None:
        """Make this call as soon as a thread is free; `lost` says what to post if it raises.

        The highest `priority` goes first, among these the oldest.
        """
        self._count(1)
        self._calls.put(_Call((-priority, next(self._order)), run, lost))

    def drop_waiting(self) -> None:
        """Forget the calls that nobody has begun."""
        while True:
            try:
                self._calls.get_nowait()
            except queue.Empty:
                return
            self._count(-1)

    def stop(self) -> None:
        """Let each thread end after the call it is making; does not wait."""
        self._stopped.set()
        for _ in self._threads:  # one who stands in for another takes that one's word
            self._calls.put(_Call((-(2**62), next(self._order)), None, None))

    def _work(self) -> None:
        with suppress(_InterruptError):  # it may come just after the call has returned
            while self._next():
                pass

    def _next(self) -> bool:
        """Make one call; whether this thread is to make another one."""
        call = self._calls.get()
        if call.run is None or call.lost is None:
            return False
        run = _Run(call.lost, threading.current_thread())
        self._runs.add(run)
        try:
            outcome = call.run()
        except BaseException as error:  # foreign code may call sys.exit: the thread lives on
            if isinstance(error, Exception):
                log.exception("Unexpected exception in a worker")
            elif not isinstance(error, _InterruptError):
                log.error(
                    "A worker's call tried to exit the process (%s); the call is treated as failed",
                    words(error),
                )
            outcome = call.lost(error)
        with self._lock:
            self._runs.discard(run)
            run.returned = True
        if not run.over:
            self._post(outcome)
            self._count(-1)
        return not run.replaced

    def _watch(self) -> None:
        while not self._stopped.wait((self._patience or 0.0) / LOOKS):
            with self._lock:
                self._hanging = [run for run in self._hanging if run.hangs]
                late = [run for run in list(self._runs) if self._looked_at(run)]
                lost = sum(run.over and not run.replaced for run in self._hanging)
            for run in late:
                self._give_up(run)
            if lost >= len(self._threads):
                self._give_up_waiting()

    def _looked_at(self, run: _Run[T]) -> bool:
        """Whether this look at a call was its last; after the first one another thread stands in for it."""
        if not run.looks:
            self._hanging.append(run)
        if not run.replaced and sum(other.replaced for other in self._hanging) < MOST_LOST:
            run.replaced = True
            threading.Thread(target=self._work, name=f"{self._name}-more", daemon=True).start()
        run.looks += 1
        run.over = run.looks >= LOOKS
        if run.over:
            self._runs.discard(run)
        return run.over

    def _give_up(self, run: _Run[T]) -> None:
        ident = run.thread.ident or 0
        frame = sys._current_frames().get(ident)
        where = "" if frame is None else "".join(traceback.format_stack(frame)[-3:])
        log.error("A call has not returned for %g s and is abandoned. It is here:\n%s", self._patience, where)
        if run.replaced and not run.returned:  # else its thread may be at another call by now
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(ident), ctypes.py_object(_InterruptError)
            )
        self._lose(run.lost)

    def _give_up_waiting(self) -> None:
        while True:
            try:
                call = self._calls.get_nowait()
            except queue.Empty:
                return
            if call.lost is not None:
                self._lose(call.lost)

    def _lose(self, lost: Callable[[BaseException], T]) -> None:
        self._post(lost(GivenUpError(f"has not returned for {self._patience:g} s")))
        self._count(-1)

    def _count(self, change: int) -> None:
        with self._lock:
            self._unanswered += change
