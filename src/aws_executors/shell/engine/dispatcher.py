"""The engine's dispatcher: it moves every job by its events, and passes on the effects that jobs ask for.

Law: `core.lifecycle.machine` decides what happens to a job, the dispatcher decides when. It starts no thread,
reads no clock but the one it is given, waits for nothing, and is called by one thread only: the engine's in
production, a simulator's in virtual time.
"""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from typing import Generic, TypeVar

from returns.result import Result

from aws_executors.core.lifecycle import effects, events, metrics
from aws_executors.core.lifecycle.job import Job, Stage
from aws_executors.core.lifecycle.machine import advance, begin
from aws_executors.core.lifecycle.observation import Observation
from aws_executors.core.lifecycle.policy import Policy
from aws_executors.core.lifecycle.poll_interval import PollInterval
from aws_executors.core.warm.turn import container_of, is_turn
from aws_executors.shell.airflow.loggers import logger
from aws_executors.shell.airflow.metrics import Sink
from aws_executors.shell.engine.agenda import Agenda
from aws_executors.shell.engine.arrivals import GROUP, Arrivals
from aws_executors.shell.engine.aws_events.feed import EventFeed
from aws_executors.shell.engine.calls.cleanup import Cleanup
from aws_executors.shell.engine.calls.error_log import ErrorLog
from aws_executors.shell.engine.calls.operations import Operations
from aws_executors.shell.engine.calls.pending_calls import PendingCalls
from aws_executors.shell.engine.calls.polling import Polling
from aws_executors.shell.engine.calls.rate_limiter import RateLimiter
from aws_executors.shell.engine.context import EngineContext
from aws_executors.shell.engine.ended_containers import ended_update, newly_ended
from aws_executors.shell.engine.job_table import JobTable, Record
from aws_executors.shell.engine.messages import AirflowUpdate, K, WarmRequest, WorkItem
from aws_executors.shell.engine.shutdown import Shutdown
from aws_executors.shell.engine.stall import StallGuard
from aws_executors.shell.engine.warm.container import WarmContainer
from aws_executors.shell.engine.warm.pool import WarmPool
from aws_executors.shell.engine.warm.tally import WarmTally

R = TypeVar("R")

log = logger(__name__)

OVER = frozenset({Stage.STOPPING, Stage.CONFIRMING})  # stages in which Airflow may queue the token again
CENSUS_EVERY = 10.0  # seconds between two counts of all jobs


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineConfig:
    """The engine's settings.

    `rows_every` is the seconds between two readings of rows. `events` says whether AWS sends events, `usage`
    whether usage is recorded, `adopts` whether idle warm containers of other schedulers are adopted.
    `scheduler` is the id of this scheduler's row in Airflow's table job.
    """

    policy: Policy
    pace: PollInterval
    rows_every: float = 1.0
    workers: int = 16
    events: bool = False
    usage: bool = False
    adopts: bool = True
    scheduler: int | None = None


def new_token() -> str:
    """A token for a warm container."""
    return str(uuid.uuid4())


class Dispatcher(Generic[K, R]):
    """All jobs of one executor, and what is to be done about them."""

    def __init__(
        self,
        operations: Operations[K, R],
        config: EngineConfig,
        clock: Callable[[], float],
        rate_limiter: RateLimiter,
        sink: Sink,
        new_token: Callable[[], str] = new_token,
    ) -> None:
        self.table: JobTable[K, R] = JobTable(config.pace, events=config.events)
        """All jobs; other threads may read its `jobs`, `records` and `changes`."""
        self.closing = False
        """Whether nothing is to be started any more."""
        self._operations = operations
        self._sink = sink
        self._config = config
        self._clock = clock
        self._context = EngineContext(self.table, clock, Agenda(), ErrorLog(clock, log))
        self._agenda, self._error_log = self._context.agenda, self._context.error_log
        self._outbox: deque[AirflowUpdate[K]] = deque()
        self._stall_guard: StallGuard[K, R] = StallGuard(
            self._context,
            config.scheduler,
            lambda token: self._polling.want_row(token),
            self._perform,
        )
        self._calls: PendingCalls[K, R] = PendingCalls(
            self._context, operations, rate_limiter, config.workers, self.happen, self._stall_guard.hold
        )
        self._cleanup: Cleanup[K, R] = Cleanup(self._context, operations, config.rows_every)
        self._polling: Polling[K, R] = Polling(
            self._context,
            operations,
            rate_limiter,
            config.rows_every,
            self.happen,
            self._stall_guard.row_read,
        )
        self.event_feed: EventFeed[K, R] = EventFeed(
            self._context, self.happen, config.pace.silence, promised=config.events
        )
        """Takes in the events of containers."""
        self._tally = WarmTally(sink)
        self._warm: WarmPool[K, R] | None = None
        if operations.cells is not None:
            self._warm = WarmPool(
                self, self._context, operations.cells, self._tally, new_token, adopts=config.adopts
            )
        self.arrivals: Arrivals[K, R] = Arrivals(clock, self.add)
        """The jobs that have been handed over and not yet taken in."""
        self._census_at = float("-inf")
        self._shutdown: Shutdown[K, R] | None = None

    def __repr__(self) -> str:
        return repr(self.table)

    @property
    def containers(self) -> tuple[WarmContainer[K, R], ...]:
        """The warm containers; other threads may read this."""
        return () if self._warm is None else self._warm.containers

    @property
    def settled(self) -> bool:
        """Whether a closing engine may end: with stops to make, once stops and submissions are answered."""
        if self._shutdown is None:
            return self.closing
        return self._shutdown.settled and not self._operations.submissions_under_way

    def airflow_updates(self) -> Iterator[AirflowUpdate[K]]:
        """Take the updates for Airflow, oldest first; another thread may call this."""
        while self._outbox:
            yield self._outbox.popleft()

    def next_time(self) -> float:
        """When `run_due` has something to do next; `inf` if only a message can give it something to do."""
        return min(
            self._agenda.due,
            self._polling.rows_due,
            self.event_feed.due,
            inf if self._warm is None else self._warm.due,
            max(self.table.next_poll, self._polling.polls_from),
            self.arrivals.due,
            self._calls.due,
        )

    def run_due(self) -> None:
        """Do what is due by now."""
        now = self._clock()
        if now >= self._agenda.due:
            self._agenda.run_due(now)
        if now >= self.arrivals.due:
            self.arrivals.take_in(GROUP)
        self._calls.run_due(now)
        if now >= self._polling.rows_due:
            self._polling.read_rows(now)
        if now >= self.event_feed.due:
            self.event_feed.run_due(now)
        if self._warm is not None and now >= self._warm.due:
            self._warm.run_due(now)
        if self._shutdown is not None:
            self._shutdown.run_due()
        elif now >= max(self.table.next_poll, self._polling.polls_from) and not self.closing:
            self._polling.poll(now)
        if now >= self._census_at:
            self._census_at = now + CENSUS_EVERY
            for name, jobs in metrics.census(job for job in self.table.jobs() if not job.pooled):
                self._sink.gauge(name, jobs)
            if self._warm is not None:
                self._tally.census(self._warm.containers)

    # --- What the executor says ----------------------------------------------------------------------------

    def withdraw(self, token: str, event: events.Revoked | events.Superseded) -> None:
        """Withdraw a job that Airflow takes back; it may have been handed over just now."""
        self.arrivals.take_in()
        record = self.table.get(token)
        if record is not None:
            self.happen(record, event)
            if record.on_hold is not None:
                self._polling.want_row(token)  # then its submission is refused, as never sent

    def close(self, *, stop: bool) -> None:
        """Start nothing any more; with `stop`, stop the containers too."""
        self.closing = True
        self.event_feed.close()
        self._operations.drop_submissions()
        self.arrivals.drop()
        self._calls.drop_submissions()
        if self._warm is not None:
            self._warm.closing = True
        if stop:
            self._shutdown = Shutdown(self._context, self._operations)
            live = self.table.live()
            shared = {container_of(id_) for id_ in live if is_turn(id_)}  # stopped by their turns' ids
            self._shutdown.stop({id_: live[id_].work_item for id_ in live if id_ not in shared})

    def add(self, work_item: WorkItem[K, R]) -> Record[K, R] | None:
        """Take a job in, and begin it; returns its record, or None if it was not taken in."""
        token, now = work_item.job.token, self._clock()
        old = self.table.get(token)
        if self.closing or (old is not None and old.job.stage not in OVER):
            return None
        if old is not None:
            # Airflow, which does not know that the job is over, has handed it over again: begin anew.
            self.table.move(replace(old.job, stage=Stage.CLOSED), now)
        if not self.table:
            self._polling.begin(now)
        job, asked = begin(work_item.job)
        record = self.table.add(work_item, job, now)
        record.in_doubt = job.has_row and now < self._stall_guard.doubtful_until
        for effect in asked:
            self._perform(record, effect)
        return record

    def was_stalled(self) -> None:
        """The engine was stalled for so long that all jobs may have been given to another scheduler."""
        self._stall_guard.was_stalled()
        self.event_feed.was_stalled()

    # --- Jobs ----------------------------------------------------------------------------------------------

    def happen(self, record: Record[K, R], event: events.Event[R]) -> None:
        """Move a job by an event, and do what the job asks for."""
        job = record.job
        if job.stage is Stage.CLOSED:
            return
        try:
            self._error_log.note_event(job, event)
            if isinstance(event, events.Observed):
                self.event_feed.polled(record, event.observation)
            if self._config.usage and (ended := newly_ended(record, event)) is not None:
                self._outbox.append(ended)
            moved, asked = advance(job, event, self._config.policy)
            if moved is job and not asked:
                return
            if self._warm is not None and isinstance(event, events.Found) and is_turn(moved.container):
                self._warm.follow(record, moved.container, event.observation)
            self._move(record, moved, asked)
            if self._warm is not None:
                self._warm.happened(record)
            new = moved.container not in ("", job.container) and moved.stage is not Stage.CLOSED
            if new and self._config.events and isinstance(event, events.Accepted):
                self.event_feed.accepted(moved.container)
            if new and self._shutdown is not None:
                self._shutdown.stop({moved.container: record.work_item})
        except Exception:
            # A defect here must not harm the other jobs, whose events may come in the same message.
            log.exception("Could not process %s of job %s", type(event).__name__, job.token)

    def _wake(self, token: str, now: float) -> None:
        record = self.table.get(token)
        if record is not None and record.job.due is not None and record.job.due <= now:
            self.happen(record, events.Due(now))

    def _move(self, record: Record[K, R], job: Job[R], asked: tuple[effects.Effect[R], ...]) -> None:
        now = self._clock()
        if job.due is not None and job.due != record.job.due:
            self._agenda.at(job.due, partial(self._wake, job.token))
        self.table.move(job, now)
        if record.queued_at is not None and job.container and job.has_run and not job.pooled:
            self._sink.time(metrics.name_of(metrics.STARTS), now - record.queued_at)
            record.queued_at = None
        for effect in asked:
            self._perform(record, effect)
        if job.stage is not Stage.CLOSED:
            if job.ran:
                record.forget_workload()  # a task that has run under this token is not started again
            return
        self._cleanup.discard(record.work_item)
        if job.container:
            self._error_log.forget(f"Reading the description of container {job.container}")

    def _perform(self, record: Record[K, R], effect: effects.Effect[R]) -> None:
        work_item = record.work_item
        match effect:
            case effects.Prepare() | effects.Submit() if self.closing:
                return  # nothing is started any more
            case effects.Submit(request=WarmRequest() as request) if self._warm is not None:
                self._warm.want(record, effect, request)
            case effects.Stop(container=turn) if self._warm is not None and is_turn(turn):
                self._warm.stop(record, turn)
            case effects.Stop() if self._warm is not None and record.job.pooled:
                self._warm.stop_container(record, effect)
            case effects.Submit() | effects.LookUp() | effects.Stop():
                self._calls.enqueue(record, effect)
            case effects.Prepare() | effects.Renew():
                self._calls.make(record, effect)
            case effects.ReadRow():
                self._polling.want_row(record.job.token)
            case effects.Fence():
                self._fence(record)
            case effects.Requeue():
                self._cleanup.requeue(work_item)
            case effects.Report() | effects.ReleaseSlot() | effects.LogEvent() if record.job.pooled:
                if self._warm is not None:
                    self._warm.said(record, effect)
            case effects.Report() | effects.ReleaseSlot() | effects.LogEvent():
                failed = metrics.failure(record.job, effect)
                if failed is not None:
                    self._sink.count(metrics.name_of(metrics.FAILURES, failed))
                self._outbox.append(AirflowUpdate(record.job.token, work_item.key, effect))

    def _fence(self, record: Record[K, R]) -> None:
        """Ask for one fence at a time: while a lock delays it, each reading of the row asks for it again."""
        if not record.fencing:
            record.fencing = True
            self._operations.fence(record.work_item, partial(self._fenced, record))

    def _fenced(self, record: Record[K, R], result: Result[None, str]) -> None:
        record.fencing = False  # the next reading of the row shows whether it is fenced
        self._error_log.note("Setting a task instance to restarting", result)

    # --- What the pool of warm containers asks for ----------------------------------------------------------

    def log_event(self, record: Record[K, R], line: effects.LogEvent) -> None:
        """Write a line into a task instance's event log."""
        self._outbox.append(AirflowUpdate(record.job.token, record.work_item.key, line))

    def stop(self, record: Record[K, R], effect: effects.Stop) -> None:
        """Stop the container of a job, without looking at its cell."""
        self._calls.enqueue(record, effect)

    def hold(self, record: Record[K, R], submission: effects.Submit[R]) -> None:
        """Hold back the submission of a job that is in doubt, until the job's row has been read."""
        self._stall_guard.hold(record, submission)

    def account(self, work_item: WorkItem[K, R], seen: Observation, served: tuple[str, ...]) -> None:
        """Report that a container has ended, and what was measured of each workload that it has run."""
        if self._config.usage and seen.given is not None:
            self._outbox.append(ended_update(work_item, seen, work_item.job.attempt, served))
