"""Threads that wait for AWS, so that nobody else has to.

Law: a worker knows nothing of jobs. It takes the most urgent call, makes it, and posts what came of it; an
exception is posted too. The threads are daemons: a scheduler that leaves never waits for them.
"""

import itertools
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from aws_executors.shell.speech import logger

T = TypeVar("T")

log = logger(__name__)


@dataclass(order=True, slots=True)
class _Errand(Generic[T]):
    urgency: tuple[int, int, int]
    run: Callable[[], T] | None = field(compare=False)
    lost: Callable[[BaseException], T] | None = field(compare=False)


class Workers(Generic[T]):
    """A fixed number of daemon threads that make calls, the most urgent first.

    `post` receives what each call returned, in the worker's thread.
    """

    def __init__(self, name: str, count: int, post: Callable[[T], None]) -> None:
        self._post = post
        self._errands: queue.PriorityQueue[_Errand[T]] = queue.PriorityQueue()
        self._order = itertools.count()
        self._unanswered = 0
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}-{number}", daemon=True)
            for number in range(count)
        ]

    def __repr__(self) -> str:
        return f"<Workers {len(self._threads)} threads, {self._errands.qsize()} calls wait>"

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    @property
    def unanswered(self) -> int:
        """How many calls wait or are being made; a call counts until what came of it has been posted."""
        return self._unanswered

    def call(
        self, run: Callable[[], T], lost: Callable[[BaseException], T], priority: int = 0, rank: int = 0
    ) -> None:
        """Make this call as soon as a thread is free; `lost` says what to post if it raises.

        The highest `priority` goes first, among these the lowest `rank`, among these the oldest.
        """
        self._count(1)
        self._errands.put(_Errand((-priority, rank, next(self._order)), run, lost))

    def drop_waiting(self) -> None:
        """Forget the calls that nobody has begun."""
        while True:
            try:
                self._errands.get_nowait()
            except queue.Empty:
                return
            self._count(-1)

    def stop(self) -> None:
        """Let each thread end after the call it is making; does not wait."""
        for _ in self._threads:
            self._errands.put(_Errand((-(2**62), 0, next(self._order)), None, None))

    def _work(self) -> None:
        while True:
            errand = self._errands.get()
            if errand.run is None or errand.lost is None:
                return
            try:
                outcome = errand.run()
            except BaseException as error:  # foreign code may call sys.exit: the thread lives on
                log.exception("A call that must not raise has raised")
                outcome = errand.lost(error)
            self._post(outcome)
            self._count(-1)

    def _count(self, change: int) -> None:
        with self._lock:
            self._unanswered += change
