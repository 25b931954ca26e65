"""Publish an executor's snapshot from a thread of its own: every few seconds, and only if it has changed.

Law: the publisher reads the engine from outside and writes to Airflow's database; while the scheduler runs,
neither its thread nor the engine's ever waits for the publisher. A failure is logged once; the next round
tries again. At the end the publisher deletes its row; the scheduler's end waits for that within the time of
its other steps.
"""

import threading
import time
from collections.abc import Callable
from typing import Protocol

from aws_executors.dashboard.snapshot import KEPT, Snapshot
from aws_executors.shell.airflow.loggers import logger, words
from aws_executors.shell.engine.calls.error_log import ErrorLog

log = logger(__name__)

FIRST = 1.0
"""Seconds from the start to the first snapshot."""

TOPIC = "Publishing the fleet page"


class RowWriter(Protocol):
    """Where the snapshot is written. All methods may block, and may raise."""

    def write(self, snapshot: Snapshot) -> None:
        """Write the snapshot in place of the previous one."""
        ...

    def delete(self) -> None:
        """Delete the snapshot."""
        ...

    def delete_expired(self, now: float) -> None:
        """Delete what other schedulers have left behind."""
        ...


class Publisher:
    """Calls `collect` with the epoch time every `every` seconds, and publishes the snapshot if it is due."""

    def __init__(
        self,
        collect: Callable[[float], Snapshot],
        row: RowWriter,
        every: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._collect = collect
        self._row = row
        self._every = every
        self._clock = clock
        self._error_log = ErrorLog(time.monotonic, log)
        self._published: Snapshot | None = None
        self._cleaned = float("-inf")
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="aws-executors-fleet", daemon=True)

    def start(self) -> None:
        """Start publishing; returns at once."""
        self._thread.start()

    def end(self) -> None:
        """Stop publishing; returns at once."""
        self._ended.set()

    def wait(self, seconds: float) -> None:
        """Wait until the row is deleted, for so many seconds at most."""
        self._thread.join(seconds)

    def publish(self) -> None:
        """Publish a snapshot if one is due, and log failures."""
        try:
            self._publish(self._clock())
            self._error_log.works(TOPIC)
        except Exception as error:  # noqa: BLE001 - whatever fails, the scheduler's work goes on without it
            self._error_log.say(TOPIC, type(error).__name__, words(error))

    def _publish(self, now: float) -> None:
        found, last = self._collect(now), self._published
        # `abs`, because otherwise the heartbeat would pause when a clock that was ahead is set back.
        if last is None or abs(now - last.at) >= found.every or found.content != last.content:
            self._row.write(found)
            self._published = found
        if now - self._cleaned >= KEPT:
            self._cleaned = now
            self._row.delete_expired(now)

    def _run(self) -> None:
        pause = min(FIRST, self._every)
        while not self._ended.wait(pause):
            pause = self._every
            self.publish()
        if self._published is not None:
            try:
                self._row.delete()
            except Exception as error:  # noqa: BLE001 - the row is stale soon
                log.info(
                    "Could not delete this scheduler's row of the fleet page (%s); it expires by itself",
                    type(error).__name__,
                )
