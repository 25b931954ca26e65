"""Containers that are timers, and the tasks in them, whose states are written into Airflow's database.

Law: a `Runner` of the embedded AWS without any process, so that 10,000 containers fit into one process. When
a container starts, its task instance's row becomes running, and success when it ends, as if by a real task's
supervisor; one thread writes the rows, in one transaction for all that happened since its last write.
"""

import heapq
import itertools
import json
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import UUID

from aws_executors.local.world import Exited, ProcessEffect, ProcessEvent, Ref, Started, StartProcess

WRITE_EVERY = 0.05  # seconds between two writes of rows
ERROR, TERMINATED = 1, 143


def instance_of(command: Sequence[str]) -> str:
    """The id of the task instance that a container's command runs."""
    return str(json.loads(command[-1])["ti"]["id"])


class Tasks:
    """Runs every container for a time drawn from `lives` (seconds), and writes its task's state.

    `starts` and `ends` have the times (monotonic seconds, which all processes of a machine share) by task
    instance. With `silent` a container whose time is over ends with an error, and its row stays as it was.
    """

    def __init__(
        self,
        report: Callable[[ProcessEvent], None],
        database: Path,
        lives: tuple[float, float],
        *,
        silent: bool = False,
        seed: int = 0,
    ) -> None:
        self.environment: dict[str, str] = {}
        self.starts: dict[str, float] = {}
        self.ends: dict[str, float] = {}
        self._report = report
        self._database = database
        self._lives = lives
        self._code = ERROR if silent else 0
        self._random = random.Random(seed)  # noqa: S311 - lives, not secrets
        self._ids: dict[Ref, str] = {}
        self._due: list[tuple[float, int, Ref, int]] = []
        self._order = itertools.count()
        self._states: dict[str, str] = {}
        self._changed = threading.Condition()
        for work in (self._end_on_time, self._write):
            threading.Thread(target=work, daemon=True).start()

    def act(self, effect: ProcessEffect) -> None:
        """Start a container, or end it at once when it is signalled."""
        now = time.monotonic()
        with self._changed:
            if isinstance(effect, StartProcess):
                one = instance_of(effect.command)
                self._ids[effect.ref] = one
                self.starts.setdefault(one, now)
                self._states[one] = "running"
                self._plan(now + self._random.uniform(*self._lives), effect.ref, self._code)
            elif effect.ref in self._ids:
                self._plan(now, effect.ref, TERMINATED)
        if isinstance(effect, StartProcess):
            self._report(Started(effect.ref))

    def running(self) -> dict[str, int]:
        """The running containers, none of which is a process."""
        return {str(ref): 0 for ref in tuple(self._ids)}

    def close(self, seconds: float) -> None:
        """Do nothing: timers are daemons."""

    def _plan(self, at: float, ref: Ref, code: int) -> None:
        heapq.heappush(self._due, (at, next(self._order), ref, code))
        if self._due[0][0] == at:
            self._changed.notify_all()

    def _end_on_time(self) -> None:
        while True:
            with self._changed:
                wait = self._due[0][0] - time.monotonic() if self._due else 1.0
                if wait > 0:
                    self._changed.wait(min(wait, 1.0))
                    continue
                _, _, ref, code = heapq.heappop(self._due)
                one = self._ids.pop(ref, None)
                if one is None:
                    continue
                self.ends[one] = time.monotonic()
                if code == 0:
                    self._states[one] = "success"
            self._report(Exited(ref, code))

    def _write(self) -> None:
        connection = sqlite3.connect(self._database, timeout=30)
        while True:
            time.sleep(WRITE_EVERY)
            with self._changed:
                states, self._states = self._states, {}
            if states:
                values = [(state, UUID(one).hex) for one, state in states.items()]
                with connection:
                    connection.executemany("UPDATE task_instance SET state = ? WHERE id = ?", values)
