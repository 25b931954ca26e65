"""Events that AWS sends of containers: what becomes of each, and whether they still come.

Law: for one thread, waits for nothing. No event is indispensable: an event means what a description of the
same container means, and is read by the same rules; a poll makes up for a lost one. Only a container that an
event has named is polled rarely, and only while events come: one is expected to name each accepted container,
and to tell whatever a poll shows of a named one. After several missing events, with none between that came,
all containers are polled as if there was no queue of events.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from enum import StrEnum
from math import inf
from typing import Generic, TypeVar

from aws_executors.core.lifecycle.events import Observed
from aws_executors.core.lifecycle.observation import Observation, Phase, Source
from aws_executors.core.lifecycle.transitions.watching import still_running
from aws_executors.shell.airflow.loggers import logger
from aws_executors.shell.engine.context import EngineContext
from aws_executors.shell.engine.job_table import Record
from aws_executors.shell.engine.messages import K

R = TypeVar("R")

log = logger(__name__)

MISSED = 3
"""How many missing events, with none between that came, mean that no events come any more."""

SAID_FOR = 600.0
"""Seconds within which it is not logged again that events come, or that none come."""


class News(StrEnum):
    """How the engine learns what happens to containers."""

    POLLS = "polling"  # there is no queue of events
    UNPROVEN = "polling, until the first event arrives"
    EVENTS = "events"
    SILENCE = "polling, as no events arrive"


class EventFeed(Generic[K, R]):
    """Whether events come, and to which jobs they belong; `promised` is whether there is a queue of them.

    `within` is how many seconds after its acceptance an event must have named a container.
    """

    def __init__(
        self,
        context: EngineContext[K, R],
        happen: Callable[[Record[K, R], Observed], None],
        within: float,
        *,
        promised: bool = False,
    ) -> None:
        self.news = News.UNPROVEN if promised else News.POLLS
        """How the engine learns what happens; any thread may ask."""
        self.due = inf
        """When `run_due` has something to do next."""
        self._table = context.table
        self._clock = context.clock
        self._happen = happen
        self._within = within
        self._unnamed: OrderedDict[str, float] = OrderedDict()  # accepted containers: when, the oldest first
        self._missed = 0  # events that did not come, since the last one that did
        self._failing: tuple[float, str] | None = None  # since when the queue cannot be read, and why
        self._closed = False
        self._said: dict[int, float] = {}  # when each was logged last, by its level

    def take(self, events: Sequence[Observation], then: Callable[[frozenset[str]], None]) -> None:
        """Take in events; `then` gets those containers that are not this scheduler's."""
        if self._closed:
            then(frozenset(event.id for event in events))  # the next scheduler's, if anybody's
            return
        now, not_ours = self._clock(), set[str]()
        self._failing = None
        for event in events:
            record = self._table.owner(event.id)
            if record is None and not self._table.belonged(event.id):
                not_ours.add(event.id)
                continue
            self._came(event.id)
            if record is not None:
                if not still_running(record.job, event):
                    self._happen(record, Observed(now, event))
                self._table.named(record, now)
        self._plan()
        then(frozenset(not_ours))

    def accepted(self, container: str) -> None:
        """AWS has accepted a container: an event will name it."""
        if self.news in (News.UNPROVEN, News.EVENTS):
            self._unnamed[container] = self._clock()
            self._plan()

    def polled(self, record: Record[K, R], seen: Observation) -> None:
        """A poll shows this; if it is new, and events name this container, an event is missing."""
        known = record.job.seen is not None and record.job.seen.phase is seen.phase
        if self._table.events_come and record.named and not known and seen.source is Source.DESCRIBE:
            self._missed += seen.phase is not Phase.ABSENT
            self._plan()

    def failed(self, problem: str, began: float) -> None:
        """The queue could not be read, by a call that began at `began`."""
        if self._failing is None:
            self._failing = began, problem
            self._plan()

    def close(self) -> None:
        """Take in no event any more, as no container is polled any more either: the ends that this scheduler
        itself brings about must not be reported."""
        self._closed = True

    def was_stalled(self) -> None:
        """The engine was stalled: the events that seem to be missing may be waiting in the queue."""
        self._unnamed.clear()
        self._missed, self._failing = 0, None
        self._plan()

    def run_due(self, now: float) -> None:
        """Notice that events are missing."""
        while self._unnamed and next(iter(self._unnamed.values())) <= now - self._within:
            self._unnamed.popitem(last=False)
            self._missed += 1
        if self._failing is not None and self._failing[0] <= now - self._within:
            self._silence(now, f"the queue cannot be read: {self._failing[1]}")
        elif self._missed >= MISSED:
            self._silence(now, f"{MISSED} events did not arrive within {self._within:g} s")
        self._plan()

    def _plan(self) -> None:
        if self.news in (News.POLLS, News.SILENCE):
            self.due = inf  # only an event changes that
        elif self._missed >= MISSED:
            self.due = -inf
        else:
            failing = inf if self._failing is None else self._failing[0]
            self.due = min(next(iter(self._unnamed.values()), inf), failing) + self._within

    def _came(self, container: str) -> None:
        self._unnamed.pop(container, None)
        self._missed = 0
        if self.news is not News.EVENTS:
            self.news, self._table.events_come = News.EVENTS, True
            self._say(logging.INFO, "Events arrive, so containers are polled only for events that get lost")

    def _silence(self, now: float, why: str) -> None:
        self._missed = 0
        self._unnamed.clear()
        if self._table.events_come:
            self._table.events_come = False
            self._table.poll_all(now)
        self.news = News.SILENCE
        self._say(
            logging.WARNING,
            f"No events arrive, so containers are polled as without events_queue: {why}. `aws-executors "
            f"doctor` names the likely causes",
        )

    def _say(self, level: int, words: str) -> None:
        """Log either message once in a while: they alternate if events name only some containers."""
        now = self._clock()
        if now >= self._said.get(level, -inf) + SAID_FOR:
            self._said[level] = now
            log.log(level, "%s", words)
