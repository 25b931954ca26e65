"""Events that AWS sends of containers: what becomes of each, and whether they still come.

Law: for one thread, waits for nothing. No event is indispensable: an event means what a description of the
same container means, and is read by the same rules; a poll makes up for a lost event. Only a container that
an event has named is polled rarely, and only while events come. An event is expected to name each accepted
container, and to show each new phase of a named one before a poll does. After several missing events in a
row, all containers are polled as if there was no queue of events.
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
"""How many missing events in a row mean that no events come any more."""

SAID_FOR = 600.0
"""Seconds for which the message that events arrive is not logged again, nor the one that none arrive."""


class News(StrEnum):
    """How the engine learns what happens to containers."""

    POLLS = "polling"  # there is no queue of events
    UNPROVEN = "polling, until the first event arrives"
    EVENTS = "events"
    SILENCE = "polling, as no events arrive"


class EventFeed(Generic[K, R]):
    """Whether events come, and to which jobs they belong; `promised` says whether there is a queue of events.

    `within` is the number of seconds after a container's acceptance in which an event must name it.
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
        """How the engine learns what happens to containers; any thread may read this."""
        self.due = inf
        """When `run_due` has something to do next."""
        self._table = context.table
        self._clock = context.clock
        self._happen = happen
        self._within = within
        self._unnamed: OrderedDict[str, float] = OrderedDict()  # when each was accepted, the oldest first
        self._missed = 0  # events that did not come, since the last one that did
        self._failing: tuple[float, str] | None = None  # since when the queue cannot be read, and why
        self._closed = False
        self._said: dict[int, float] = {}  # when each message was logged last, by its level

    def take(self, events: Sequence[Observation], then: Callable[[frozenset[str]], None]) -> None:
        """Take in events; `then` gets the containers that are not this scheduler's."""
        if self._closed:
            then(frozenset(event.id for event in events))  # left for the next scheduler
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
        """AWS has accepted a container: expect an event that names it."""
        if self.news in (News.UNPROVEN, News.EVENTS):
            self._unnamed[container] = self._clock()
            self._plan()

    def polled(self, record: Record[K, R], seen: Observation) -> None:
        """Count a missing event if a poll shows a new phase of a container that events name."""
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
        """Take in no further event, as no container is polled any more either: the ends that this scheduler
        itself brings about must not be reported."""
        self._closed = True

    def was_stalled(self) -> None:
        """Count missing events anew after a stall: those that seem missing may be waiting in the queue."""
        self._unnamed.clear()
        self._missed, self._failing = 0, None
        self._plan()

    def run_due(self, now: float) -> None:
        """Notice missing events, and go back to polling if there are too many or the queue cannot be read."""
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
        """Log each of the two messages rarely: they alternate if events name only some containers."""
        now = self._clock()
        if now >= self._said.get(level, -inf) + SAID_FOR:
            self._said[level] = now
            log.log(level, "%s", words)
