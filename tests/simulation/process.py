"""One scheduler's process: whether it is alive, and what hinders it.

Law: a process that has died does nothing more, not even in mid-call; a stalled process does everything later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from simulation.timeline import Timeline


class Died(BaseException):
    """The process was killed while this was under way."""


@dataclass(slots=True)
class Process:
    """One process of a scheduler: whether it lives, until when it is stalled, and its messages' faults."""

    number: int
    seed: int
    line: Timeline
    alive: bool = True
    stalled_until: float = 0.0
    doubles_until: float = 0.0
    slow_until: float = 0.0
    database_down_until: float = 0.0
    database_slow_until: float = 0.0
    dies_at_call: int = 0
    messages: int = 0
    calls: int = 0
    pooled: int = 0  # how many warm containers it has requested
    caught: bool = False  # stalled in mid-call: the call may be carried out when it is no longer wanted

    @property
    def name(self) -> str:
        """Its name in the story."""
        return f"scheduler {self.number}"

    def after(self, seconds: float, happen: Callable[[], None]) -> None:
        """Plan something in this process: it happens if the process then lives, and is no longer stalled."""
        self.line.after(seconds, partial(self._happen, happen))

    def _happen(self, happen: Callable[[], None]) -> None:
        if not self.alive:
            return
        if self.line.now < self.stalled_until:
            self.line.at(self.stalled_until, partial(self._happen, happen))
            return
        try:
            happen()
        except Died:
            self.line.tell(self.name, "is gone")

    def wait(self, seconds: float) -> None:
        """Wait inside a call; raises `Died` if the process did not live to see its end."""
        self.line.wait(seconds)
        if self.line.now < self.stalled_until:
            self.caught = True
            self.line.wait(self.stalled_until - self.line.now)
        if not self.alive:
            raise Died

    def die(self) -> None:
        """Die at once, as by SIGKILL."""
        if self.alive:
            self.alive = False
            self.line.tell(self.name, "is killed")
