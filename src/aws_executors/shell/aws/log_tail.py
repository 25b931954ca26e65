"""The last lines that a failed container wrote, for the task's event log.

Law: best effort; the report of the failure does not wait for the lines. One thread, started when it is first
needed; a short queue, beyond which requests are dropped; if logs cannot be read, reading soon pauses.
"""

import queue
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from typing import Generic, Protocol, TypeVar

from aws_executors.core.lifecycle.effects import LogEvent
from aws_executors.core.logs.lines import excerpt
from aws_executors.shell.airflow.loggers import logger

K = TypeVar("K", bound=Hashable)

log = logger(__name__)

LINES = 20
"""How many lines of one container are shown."""

WAITING = 32
"""How many containers' logs may wait to be read."""

LATE = (1.0, 10.0)
"""Seconds to wait before each reading: a container's lines reach CloudWatch a few seconds later."""

IN_VAIN = 5
"""After this many containers in a row of which nothing was found, none is read for `REST` seconds."""

REST = 300.0


class Logs(Protocol):
    """The source of the last lines; `LiveLogs` is one."""

    def tail(self, token: str, count: int) -> Sequence[str]:
        """The last lines of a container's log, as Airflow reads them."""
        ...


class LogTail(Generic[K]):
    """Reads the last lines of containers, and gives them to `tell` as an entry for the event log."""

    def __init__(
        self,
        logs: Logs,
        tell: Callable[[tuple[K, LogEvent]], None],
        clock: Callable[[], float] = time.monotonic,
        late: Sequence[float] = LATE,
    ) -> None:
        self._logs = logs
        self._tell = tell
        self._clock = clock
        self._late = late
        self._asked: queue.Queue[tuple[str, K]] = queue.Queue(WAITING)
        self._in_vain = 0
        self._resting = float("-inf")
        self._thread: threading.Thread | None = None

    def ask(self, token: str, key: K) -> bool:
        """Ask for the last lines of this queueing's container; False if they will not be read."""
        if self._clock() < self._resting:
            return False
        try:
            self._asked.put_nowait((token, key))
        except queue.Full:
            return False
        if self._thread is None:
            thread = threading.Thread(target=self._work, name="aws-executors-log-tail", daemon=True)
            thread.start()  # if no thread can be started, this raises, and the next call tries again
            self._thread = thread
        return True

    def _work(self) -> None:
        while True:
            token, key = self._asked.get()
            try:
                found = self._read(token)
            except Exception:
                log.exception("Could not read the last lines of %s", token)
                found = ""
            if found:
                self._tell((key, LogEvent("container log", found)))
            self._in_vain = 0 if found else self._in_vain + 1
            if self._in_vain >= IN_VAIN:
                self._in_vain, self._resting = 0, self._clock() + REST

    def _read(self, token: str) -> str:
        for seconds in self._late:
            time.sleep(seconds)
            found = excerpt(self._logs.tail(token, LINES))
            if found:
                return found
        return ""
