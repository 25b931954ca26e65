"""One thread that tells what its executor's jobs are doing, every few seconds and only if that has changed.

Law: it looks at the engine from outside and writes to Airflow's database; neither the scheduler's thread nor
the engine's ever waits for it. What fails is said once and tried again at the next turn. It leaves nothing
behind where it is given the time.
"""

import threading
import time
from collections.abc import Callable
from typing import Protocol

from aws_executors.core.fleet.snapshot import FORGOTTEN, Snapshot
from aws_executors.shell.complaints import Complaints
from aws_executors.shell.speech import logger, words

log = logger(__name__)

FIRST = 1.0
"""Seconds from the start until something is told for the first time."""

TOPIC = "Telling the fleet page"


class Shelf(Protocol):
    """Where it is written. All may wait, and may raise."""

    def put(self, snapshot: Snapshot) -> None:
        """Write it in the place of what was told last."""
        ...

    def take_away(self) -> None:
        """Nothing is told any more."""
        ...

    def sweep(self, now: float) -> None:
        """Take away what others have left."""
        ...


class Publisher:
    """Tells every `every` seconds what `look` sees, given the time in seconds since the epoch."""

    def __init__(
        self,
        look: Callable[[float], Snapshot],
        shelf: Shelf,
        every: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._look = look
        self._shelf = shelf
        self._every = every
        self._clock = clock
        self._complaints = Complaints(time.monotonic, log)
        self._told: Snapshot | None = None
        self._swept = float("-inf")
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="aws-executors-fleet", daemon=True)

    def start(self) -> None:
        """Begin to tell; returns at once."""
        self._thread.start()

    def end(self) -> None:
        """Tell nothing more; returns at once."""
        self._ended.set()

    def turn(self) -> None:
        """Tell what is to be told now."""
        try:
            self._tell(self._clock())
            self._complaints.works(TOPIC)
        except Exception as error:  # noqa: BLE001 - whatever it is, the scheduler's work goes on without
            self._complaints.say(TOPIC, type(error).__name__, words(error))

    def _tell(self, now: float) -> None:
        seen = self._look(now)
        if self._told is None or now - self._told.at >= seen.every or _differ(seen, self._told):
            self._shelf.put(seen)
            self._told = seen
        if now - self._swept >= FORGOTTEN:
            self._swept = now
            self._shelf.sweep(now)

    def _run(self) -> None:
        pause = min(FIRST, self._every)
        while not self._ended.wait(pause):
            pause = self._every
            self.turn()
        if self._told is not None:
            try:
                self._shelf.take_away()
            except Exception as error:  # noqa: BLE001 - it is stale soon
                log.info("The fleet page keeps what was told last: %s", type(error).__name__)


def _differ(one: Snapshot, other: Snapshot) -> bool:
    return one.news != other.news
