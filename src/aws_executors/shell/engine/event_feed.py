"""Events that AWS sends of containers: what becomes of each, and whether they still come.

Law: for one thread, waits for nothing. No event is needed for the truth: an event means what a description of
the same container means, and is read by the same rules; one that is lost is made up for by a poll. Containers
are polled rarely only while events are seen to come: those accepted are expected to be named by one, and
where that does not happen, all are polled as if nobody had promised events.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from math import inf
from typing import Generic, TypeVar

from aws_executors.core.lifecycle.events import Observed
from aws_executors.core.lifecycle.observation import Observation
from aws_executors.core.lifecycle.transitions.watching import still_running
from aws_executors.shell.airflow.loggers import logger
from aws_executors.shell.engine.job_table import JobTable, Record
from aws_executors.shell.engine.messages import K

R = TypeVar("R")

log = logger(__name__)

UNNAMED = 3
"""So many accepted containers in a row that no event has named in time are silence, and not bad luck."""


class News(StrEnum):
    """How the engine learns what happens to containers."""

    POLLS = "polls"  # nobody promised events
    UNPROVEN = "polls, until the first event comes"
    EVENTS = "events"
    SILENCE = "polls, for no events come"


class EventFeed(Generic[K, R]):
    """Whether events come, and to which jobs they belong; `promised` is whether there is a queue of them.

    An event names each accepted container `within` so many seconds.
    """

    def __init__(
        self,
        table: JobTable[K, R],
        clock: Callable[[], float],
        happen: Callable[[Record[K, R], Observed], None],
        within: float,
        *,
        promised: bool = False,
    ) -> None:
        self.news = News.UNPROVEN if promised else News.POLLS
        """How the engine learns what happens; any thread may ask."""
        self._table = table
        self._clock = clock
        self._happen = happen
        self._within = within
        self._unnamed: dict[str, float] = {}  # accepted containers: when, the oldest first
        self._missed = 0  # those not named in time, since the last event
        self._failing: tuple[float, str] | None = None  # since when the queue can not be read, and why

    @property
    def due(self) -> float:
        """When `turn` has something to do next."""
        if self.news in (News.POLLS, News.SILENCE):
            return inf  # events alone change that
        since = min(
            next(iter(self._unnamed.values()), inf), inf if self._failing is None else self._failing[0]
        )
        return since + self._within

    def told(self, events: Sequence[Observation], then: Callable[[frozenset[str]], None]) -> None:
        """Events have come; `then` gets those containers that are none of this scheduler's."""
        now, strangers = self._clock(), set[str]()
        self._failing = None
        for event in events:
            record = self._table.owner(event.id)
            if record is None and not self._table.belonged(event.id):
                strangers.add(event.id)
                continue
            self._named(event.id, now)
            if record is not None and not still_running(record.job, event):
                self._happen(record, Observed(now, event))
        then(frozenset(strangers))

    def accepted(self, container: str) -> None:
        """AWS has accepted a container: an event will name it."""
        if self.news in (News.UNPROVEN, News.EVENTS):
            self._unnamed[container] = self._clock()

    def failed(self, problem: str) -> None:
        """The queue could not be read."""
        if self._failing is None:
            self._failing = self._clock(), problem

    def turn(self, now: float) -> None:
        """Notice silence."""
        while self._unnamed and next(iter(self._unnamed.values())) <= now - self._within:
            del self._unnamed[next(iter(self._unnamed))]
            self._missed += 1
        if self._failing is not None and self._failing[0] <= now - self._within:
            self._silence(now, f"the queue can not be read: {self._failing[1]}")
        elif self._missed >= UNNAMED:
            self._silence(now, f"no event within {self._within:g} s of {UNNAMED} accepted containers")

    def _named(self, container: str, now: float) -> None:
        self._unnamed.pop(container, None)
        self._missed = 0
        if self.news is not News.EVENTS:
            self.news, self._table.told = News.EVENTS, True
            log.info("Events come: containers are polled only for events that get lost")

    def _silence(self, now: float, why: str) -> None:
        self._missed = 0
        self._unnamed.clear()
        self.news, self._table.told = News.SILENCE, False
        self._table.poll_all(now)
        log.warning(
            "Containers are polled again, as without events_queue: %s. `aws-executors doctor` names the "
            "likely causes",
            why,
        )
