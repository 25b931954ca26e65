"""Record what containers used and cost: as a line in the task's event log, and in metrics.

Law: best effort, after the task has been reported; nothing waits for it. One thread of its own, started when
first needed, makes the records. Where containers measure themselves, the thread reads the measurement first,
at a limited rate; if that fails, or too many containers wait, a record has only what AWS reports.
"""

import heapq
import itertools
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from aws_executors.core.aws.token_bucket import Bucket, Quota, full, take
from aws_executors.core.cost.measured import Measured, read_measured
from aws_executors.core.cost.prices import Prices
from aws_executors.core.cost.record import USED, Origin, UsageRecord, entry_of, record_of, rest_of, turn_of
from aws_executors.core.explain.diagnosis import killed_for_memory
from aws_executors.core.lifecycle import metrics
from aws_executors.core.lifecycle.effects import LogEvent
from aws_executors.core.lifecycle.observation import Observation
from aws_executors.core.redact.outgoing import last_lines
from aws_executors.core.settings.base import Settings
from aws_executors.core.warm.turn import is_turn
from aws_executors.shell.airflow.configuration.configured import Configured
from aws_executors.shell.airflow.loggers import logger
from aws_executors.shell.airflow.metrics import Sink
from aws_executors.shell.aws.client.clients import Clients
from aws_executors.shell.aws.usage_reader import UsageReader, measures
from aws_executors.shell.engine.messages import ContainerEnded
from aws_executors.shell.services import Backend

if TYPE_CHECKING:
    from airflow.models.taskinstancekey import TaskInstanceKey

K = TypeVar("K", bound=Hashable)
S = TypeVar("S", bound=Settings)
R = TypeVar("R")

log = logger(__name__)

LATE = (2.0, 10.0)
"""Seconds to wait before each reading: what a container writes reaches CloudWatch with a delay."""

WAITING = 2_000
"""How many containers may wait for a reading; the records of further containers are made without one."""

READS = Quota(rate=10, burst=25)
"""Readings a second: an account may make 25 GetLogEvents calls a second, for all its users."""

IN_VAIN, REST = 10, 300.0
"""After `IN_VAIN` containers in a row whose measurement was not found, no log is read for `REST` seconds."""


def recorder_of(
    configured: Configured[S, R],
    sink: Sink,
    tell: "Callable[[tuple[TaskInstanceKey, LogEvent]], None]",
    clients: Clients,
    backend: Backend[S, R],
) -> "UsageRecorder[TaskInstanceKey] | None":
    """The recorder for these settings; None if usage is not recorded."""
    settings = configured.settings
    if not settings.usage:
        return None
    reader = None
    if measures(settings):
        reader = UsageReader(backend.calls(clients, settings), clients, settings)
    return UsageRecorder(configured.prices, settings.section, settings.region, sink, tell, reader, late=LATE)


class Measurements(Protocol):
    """Where measurements are read; `UsageReader` is one. Both methods may wait, and neither raises."""

    def stored(self, submission: str) -> Measured | None:
        """The measurement stored beside a workload, if there is one."""
        ...

    def logged(self, seen: Observation) -> Measured | None:
        """The measurement at the end of a container's log, if there is one."""
        ...


@dataclass(frozen=True, slots=True, order=True)
class _Asked(Generic[K]):
    """One container whose record is to be made at the time `at`, after `tries` readings that found nothing.
    With `reads` off, the record is made without a reading."""

    at: float
    number: int
    tries: int = field(compare=False)
    reads: bool = field(compare=False)
    key: K = field(compare=False)
    token: str = field(compare=False)
    ended: ContainerEnded = field(compare=False)


class UsageRecorder(Generic[K]):
    """Makes one record per container that has ended, and gives `tell` its entry for the event log."""

    def __init__(
        self,
        prices: Prices,
        section: str,
        region: str,
        sink: Sink,
        tell: Callable[[tuple[K, LogEvent]], None],
        measurements: Measurements | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        late: tuple[float, ...] = LATE,
    ) -> None:
        self._prices = prices
        self._section, self._region = section, region
        self._sink = sink
        self._tell = tell
        self._measurements = measurements
        self._clock = clock
        self._late = late
        self._asked: list[_Asked[K]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._bucket: Bucket = full(READS, clock())
        self._in_vain, self._resting = 0, float("-inf")
        self._thread: threading.Thread | None = None

    def ask(self, key: K, token: str, ended: ContainerEnded) -> None:
        """Have the usage of this ended container recorded."""
        now = self._clock()
        told = ended.served is not None or is_turn(ended.observation.id)  # measured in its cell
        reads = self._measurements is not None and not told and len(self._asked) < WAITING
        at = now + self._late[0] if reads else now
        with self._changed:
            asked = _Asked(at, next(self._numbers), 0, reads, key, token, ended)
            heapq.heappush(self._asked, asked)
            self._changed.notify()
        if self._thread is None:
            thread = threading.Thread(target=self._work, name="aws-executors-usage", daemon=True)
            thread.start()  # if no thread can be started, this raises, and the next call tries again
            self._thread = thread

    def _work(self) -> None:
        while True:
            asked = self._next()
            try:
                self._read(asked)
            except Exception:
                log.exception("Could not record what the container of %s used", asked.token)

    def _next(self) -> _Asked[K]:
        """The next container; waits until its time has come and, if it is read, the rate allows a call."""
        with self._changed:
            while True:
                now = self._clock()
                if self._asked and self._asked[0].at <= now:
                    self._bucket, granted = take(self._bucket, 1, now)
                    if granted or not self._asked[0].reads:
                        return heapq.heappop(self._asked)
                    self._changed.wait(1 / READS.rate)
                else:
                    self._changed.wait(self._asked[0].at - now if self._asked else None)

    def _read(self, asked: _Asked[K]) -> None:
        if not asked.reads:
            self._record(asked.key, asked.ended, None)
            return
        measured = self._measured(asked)
        again = asked.tries + 1
        rests = self._clock() < self._resting
        if measured is None and again < len(self._late) and not rests:
            at = self._clock() + self._late[again]
            with self._changed:
                heapq.heappush(self._asked, replace(asked, at=at, tries=again))
            return
        self._in_vain = 0 if measured is not None or rests else self._in_vain + 1
        if self._in_vain >= IN_VAIN:
            self._in_vain, self._resting = 0, self._clock() + REST
        self._record(asked.key, asked.ended, measured)

    def _measured(self, asked: _Asked[K]) -> Measured | None:
        if self._measurements is None:
            return None
        submission = f"{asked.token}-{asked.ended.attempt}"
        stored = self._measurements.stored(submission) if asked.tries == 0 else None
        if stored is not None or self._clock() < self._resting:
            return stored  # read even while no log is, as reading also deletes it
        return self._measurements.logged(asked.ended.observation)

    def _record(self, key: K, ended: ContainerEnded, measured: Measured | None) -> None:
        record = self._record_of(ended, measured)
        if record is not None:
            entry = last_lines(entry_of(record))  # cleaned here, not in the scheduler's thread
            self._tell((key, LogEvent(USED, entry)))
            self._measure(record, turn=is_turn(ended.observation.id))

    def _record_of(self, ended: ContainerEnded, measured: Measured | None) -> UsageRecord | None:
        seen, prices = ended.observation, self._prices
        given, origin = seen.allocation, Origin(self._section, self._region, ended.queue)
        if is_turn(seen.id):
            used = read_measured(seen.used)
            return turn_of(given, prices, origin, killed=killed_for_memory(seen), measured=used)
        if given is None:
            return None
        if ended.served is not None:
            return rest_of(given, prices, origin, map(read_measured, ended.served))
        return record_of(given, prices, origin, killed=killed_for_memory(seen), measured=measured)

    def _measure(self, record: UsageRecord, *, turn: bool) -> None:
        if not turn:
            self._sink.count(metrics.name_of(metrics.ENDED))
        if record.dollars is not None:
            self._sink.count(metrics.name_of(metrics.COST), round(record.dollars * 1e6))
        if record.killed:
            self._sink.count(metrics.name_of(metrics.OUT_OF_MEMORY))
        if record.waiting is not None:
            self._sink.time(metrics.name_of(metrics.WAITS), record.waiting)
        if record.pulling is not None:
            self._sink.time(metrics.name_of(metrics.PULLS), record.pulling)
