"""Threads that make calls which may take long, so that the engine's thread never waits for a call.

Law: the most urgent call is made first; every call is answered once, even one that raises; its result is
posted, never handled here. The threads are daemons, so no exit waits for them. Calls to AWS end by their own
timeouts. A user's builder may never return: with `patience`, such a call is given up, and another thread
takes the place of the hanging thread. Time within `ends_by_itself` is not counted.
"""

import ctypes
import itertools
import queue
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar

from aws_executors.core.errors import AwsExecutorsError
from aws_executors.shell.airflow.loggers import logger, words
from aws_executors.shell.engine.messages import InboxItem

T = TypeVar("T")

log = logger(__name__)

CHECKS = 4
"""A call is given up at this many checks, spread evenly over its patience. Checks are counted, not seconds: a
process that was stalled has not waited for its calls."""

MOST_LOST = 256
"""How many hanging threads are replaced. If all threads hang even then, the waiting calls fail."""


class GivenUpError(AwsExecutorsError):
    """A call has not returned in its time."""


_here = threading.local()


@contextmanager
def ends_by_itself() -> Iterator[None]:
    """Within this block a worker's call waits for something with its own time limit, and is not given up."""
    run: _Run | None = getattr(_here, "run", None)
    if run is None:
        yield
        return
    run.waits = True
    try:
        yield
    finally:
        run.waits = False


class _InterruptError(BaseException):
    """Raised in the thread of a call that was given up; it ends a loop in Python, but no wait inside of C."""


@dataclass(order=True, slots=True)
class _Call(Generic[T]):
    urgency: tuple[int, int]
    run: Callable[[], T] = field(compare=False)
    then: Callable[[T], None] = field(compare=False)
    on_error: Callable[[BaseException], T] = field(compare=False)


@dataclass(slots=True, eq=False)
class _Run:
    """One call that is being made."""

    call: _Call[Any]
    thread: threading.Thread
    checks: int = 0
    waits: bool = False  # for something that ends by itself
    replaced: bool = False  # another thread was started to take the place of this call's
    given_up: bool = False
    returned: bool = False

    @property
    def hangs(self) -> bool:
        return not self.returned and self.thread.is_alive()


class Workers:
    """A number of daemon threads that make calls.

    `post` takes, in the worker's thread, what is to be done with each result. `patience` is how many seconds
    a call may take, None for no limit.

    >>> Workers("submit", 4, print)
    <Workers 4 threads, 0 calls wait>
    """

    def __init__(
        self, name: str, count: int, post: Callable[[InboxItem], None], patience: float | None = None
    ) -> None:
        self.name = name
        self._patience = patience
        self._post = post
        self._calls: queue.PriorityQueue[_Call[Any]] = queue.PriorityQueue()
        self._order = itertools.count()
        self._stopped = threading.Event()
        self._lock = threading.Lock()  # for what is known of runs
        self._runs: set[_Run] = set()
        self._hanging: list[_Run] = []
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
            threading.Thread(target=self._watch, name=f"{self.name}-watch", daemon=True).start()

    @property
    def unanswered(self) -> int:
        """How many calls wait or are being made; a call counts until its result has been posted."""
        return self._calls.unfinished_tasks

    def call(
        self,
        run: Callable[[], T],
        then: Callable[[T], None],
        on_error: Callable[[BaseException], T],
        priority: int = 0,
    ) -> None:
        """Make this call as soon as a thread is free, and post its result to `then`; `on_error` gives the
        result of a call that raises. The highest `priority` goes first, among these the oldest."""
        self._calls.put(_Call((-priority, next(self._order)), run, then, on_error))

    def drop_waiting(self) -> None:
        """Forget the calls that have not begun."""
        for _ in self._waiting():
            self._calls.task_done()

    def stop(self) -> None:
        """Let each thread end after the call it is making; does not wait."""
        self._stopped.set()
        for _ in self._threads:  # wakes each waiting thread, or the one that has taken a hanging one's place
            self.call(_nothing, _nothing, _nothing, priority=2**62)

    def _work(self) -> None:
        with suppress(_InterruptError):  # it may be raised just after the call has returned
            while self._make_one():
                pass

    def _make_one(self) -> bool:
        """Make one call; returns whether this thread is to make another one."""
        call = self._calls.get()
        if self._stopped.is_set():
            return False
        run = _here.run = _Run(call, threading.current_thread())
        self._runs.add(run)
        try:
            result = call.run()
        except BaseException as error:  # foreign code may call sys.exit: the thread lives on
            if isinstance(error, Exception):
                log.exception("Unexpected exception in a worker")
            elif not isinstance(error, _InterruptError):
                log.error(
                    "A worker's call tried to exit the process (%s); the call is treated as failed",
                    words(error),
                )
            result = call.on_error(error)
        _here.run = None  # the call, which may hold secrets, is not kept until the next one
        with self._lock:
            self._runs.discard(run)
            run.returned = True
        if not run.given_up:
            self._answer(call, result)
        return not run.replaced

    def _answer(self, call: _Call[T], result: T) -> None:
        self._post(partial(call.then, result))
        self._calls.task_done()

    def _waiting(self) -> Iterator[_Call[Any]]:
        """Take the calls that have not begun."""
        with suppress(queue.Empty):
            while True:
                yield self._calls.get_nowait()

    # --- Calls that do not return --------------------------------------------------------------------------

    def _watch(self) -> None:
        while not self._stopped.wait((self._patience or 0.0) / CHECKS):
            with self._lock:
                self._hanging = [run for run in self._hanging if run.hangs]
                late = [run for run in list(self._runs) if self._check(run)]
                stuck = sum(run.given_up and not run.replaced for run in self._hanging)
            for run in late:
                self._give_up(run)
            if stuck >= len(self._threads):
                for call in self._waiting():
                    self._lose(call)

    def _check(self, run: _Run) -> bool:
        """Check a call that has not returned; returns whether to give it up. At the first check another
        thread is started to take the place of its thread."""
        if run not in self._hanging:
            self._hanging.append(run)
        if not run.replaced and sum(other.replaced for other in self._hanging) < MOST_LOST:
            run.replaced = self._one_more()
        run.checks += not run.waits
        run.given_up = run.checks >= CHECKS
        if run.given_up:
            self._runs.discard(run)
        return run.given_up

    def _one_more(self) -> bool:
        """Start another thread, if one can be had."""
        try:
            threading.Thread(target=self._work, name=f"{self.name}-more", daemon=True).start()
        except RuntimeError:
            return False  # the next check tries again
        return True

    def _give_up(self, run: _Run) -> None:
        ident = run.thread.ident or 0
        frame = sys._current_frames().get(ident)
        where = "" if frame is None else "".join(traceback.format_stack(frame)[-3:])
        log.error("A call has not returned for %g s and is abandoned. It is here:\n%s", self._patience, where)
        if run.replaced and not run.returned:  # otherwise its thread may be making another call by now
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(ident), ctypes.py_object(_InterruptError)
            )
        self._lose(run.call)

    def _lose(self, call: _Call[Any]) -> None:
        self._answer(call, call.on_error(GivenUpError(f"has not returned for {self._patience:g} s")))


def _nothing(_: object = None) -> None:
    """The call that wakes up a thread."""
