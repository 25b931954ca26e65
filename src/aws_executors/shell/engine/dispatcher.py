"""The engine's dispatcher: every message is read, every job moved, and what jobs ask for is handed on.

Law: decides when, `core.lifecycle.machine` decides what. It has no thread, no clock and no queue of its own,
waits for nothing, and belongs to whoever calls it: the engine's thread in production, a simulator in virtual
time.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import Generic, TypeVar, assert_never

from returns.methods import unwrap_or_failure

from aws_executors.core.aws.backoff import Backoff, delay, jitter
from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.aws.request_quotas import Action
from aws_executors.core.lifecycle.job import (
    Due,
    Effect,
    Event,
    Job,
    LogEvent,
    LookUp,
    Observed,
    Policy,
    Prepare,
    ReadRow,
    Refused,
    ReleaseSlot,
    Report,
    Requeue,
    RowRead,
    Stage,
    Stop,
    Submit,
)
from aws_executors.core.lifecycle.machine import advance, begin
from aws_executors.core.lifecycle.observation import DescribeResult
from aws_executors.core.lifecycle.poll_interval import PollInterval
from aws_executors.core.lifecycle.transitions.watching import runs_on
from aws_executors.shell.airflow.loggers import logger
from aws_executors.shell.airflow.metrics import NO_METER, Meter
from aws_executors.shell.engine.agenda import Agenda
from aws_executors.shell.engine.error_log import ErrorLog
from aws_executors.shell.engine.job_table import JobTable, Record
from aws_executors.shell.engine.messages import (
    AirflowUpdate,
    AllFenced,
    Closing,
    Delivery,
    Described,
    Discarded,
    Fenced,
    JobEvent,
    K,
    Message,
    Requeued,
    RowsRead,
    RowsUnread,
    Stopped,
    WorkItem,
)
from aws_executors.shell.engine.protocol import STALL, Operations, Performable
from aws_executors.shell.engine.rate_limited_queue import UNBOUNDED, RateLimitedQueue
from aws_executors.shell.engine.rate_limiter import UNLIMITED, RateLimiter
from aws_executors.shell.engine.row_poller import RowPoller
from aws_executors.shell.engine.shutdown import Shutdown

R = TypeVar("R")

log = logger(__name__)

OVER = frozenset({Stage.STOPPING, Stage.CONFIRMING})
CHUNK = 100  # ids in one describe call, of either service
NEVER_SENT = AwsError(kind=Kind.UNREACHABLE, code="NotSubmitted", message="revoked before it was submitted")
SLICE, PAUSE = 16, 0.005
"""Of many jobs that come at once so many are taken in, a millisecond's work, and so many seconds later the
next: the scheduler's thread wants the interpreter, too, and is still in the heartbeat that has sent them."""
REMOVALS = 8  # times that a stored workload is tried to be removed again, over about two minutes
RATE_LIMITED: dict[type, Action] = {Submit: Action.SUBMIT, LookUp: Action.LOOK_UP, Stop: Action.STOP}


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineConfig:
    """How the engine is set: the policy of a job's life, the pace of polls, rows every so many seconds."""

    policy: Policy
    pace: PollInterval
    rows_every: float = 1.0
    workers: int = 16


class Dispatcher(Generic[K, R]):
    """All jobs of one executor, and what is to be done about them."""

    def __init__(
        self,
        operations: Operations[K, R],
        config: EngineConfig,
        clock: Callable[[], float],
        rate_limiter: RateLimiter = UNLIMITED,
        meter: Meter = NO_METER,
    ) -> None:
        self.table: JobTable[K, R] = JobTable(config.pace)
        """The jobs; other threads may ask it for `jobs`, `records` and `changes`."""
        self._operations = operations
        self._meter = meter
        self._rate_limiter = rate_limiter
        self._queues: dict[Action, RateLimitedQueue[tuple[str, Submit[R] | LookUp | Stop]]] = {
            action: RateLimitedQueue(action, rate_limiter)
            for action in (Action.STOP, Action.LOOK_UP, Action.SUBMIT)
        }
        self._config = config
        self._clock = clock
        self._agenda = Agenda()
        self._numbers = count(1)
        self._rows = RowPoller(config.rows_every)
        self._rows_at = float("inf")
        self._awake_since = float("-inf")
        self._outbox: deque[AirflowUpdate[K]] = deque()
        self._error_log = ErrorLog(clock, log)
        self._arriving: deque[Iterator[WorkItem[K, R]]] = deque()
        self._arrival = 0.0
        self._removals: dict[str, tuple[int, float]] = {}  # failures, and when the next try is
        self._leaving: Shutdown[K, R] = Shutdown(operations)
        self._closing: Closing | None = None

    def __repr__(self) -> str:
        return repr(self.table)

    @property
    def closing(self) -> bool:
        """Whether nothing is to be started any more."""
        return self._closing is not None

    @property
    def settled(self) -> bool:
        """Whether, when closing, every stop is answered, and every submission that would need one."""
        if self._closing is None:
            return False
        return not self._closing.stop or (
            self._leaving.settled and not self._operations.submissions_under_way
        )

    def outcomes(self) -> Iterator[AirflowUpdate[K]]:
        """Take what there is to be told to Airflow, oldest first; another thread may call this."""
        while self._outbox:
            yield self._outbox.popleft()

    def next_time(self) -> float | None:
        """When `turn` has something to do next; None if it waits for messages only."""
        times = [
            self._rate_limiter.ready_at(action)
            for action, queue in self._queues.items()
            if queue.waiting and self._room(action)
        ]
        if (poll := self.table.next_poll()) is not None:
            times.append(max(poll, self._rate_limiter.ready_at(Action.DESCRIBE)))
        if (planned := self._agenda.next_time()) is not None:
            times.append(planned)
        return min(times, default=None)

    def turn(self) -> None:
        """Do what is due by now."""
        now = self._clock()
        self._agenda.keep(now)
        for action, queue in self._queues.items():
            if queue.waiting:
                for token, effect in queue.passing(now, self._room(action)):
                    self._pass(token, effect, now)
        if self._closing is None:
            self._poll(now)
        else:
            self._leaving.turn(now)
        self._agenda.keep(now)  # a submission may be held back until its row is read
        self._meter.census(self.table.jobs, now)

    def slept(self) -> None:
        """So much time has passed without a turn that all jobs may have been given to another scheduler."""
        self._awake_since = self._clock()
        for record in self.table.records():
            record.in_doubt = record.in_doubt or record.job.has_row

    def take(self, message: Message[K, R]) -> None:
        """Read one message."""
        match message:
            case JobEvent(token=token, event=event, request_id=request_id):
                if not request_id:
                    self._arrive()  # Airflow may say this of one that it has handed over just now
                record = self.table.get(token)
                if record is not None and (not request_id or record.answered(request_id)):
                    self._happen(record, event)
            case Delivery(work_items=work_items):
                self._arriving.append(work_items)
                self._arrive(0)
            case WorkItem():
                self._arrive()
                self._add(message)
            case Described():
                self._described(message)
            case RowsRead():
                self._rows_read(message)
            case RowsUnread():
                self._rows_unread(message)
            case Fenced(problem=problem):
                self._error_log.note("Setting a task instance to restarting", problem)
            case AllFenced(ids=ids, problem=problem):
                self._error_log.note("Setting a task instance to restarting", problem)
                self._leaving.fence(ids, self._clock())
            case Requeued():
                self._requeued(message)
            case Discarded():
                self._discarded(message)
            case Closing():
                self._close(message)
            case Stopped(ids=ids):
                self._leaving.stopped(ids)
            case never:
                assert_never(never)

    # --- Jobs ----------------------------------------------------------------------------------------------

    def _arrive(self, most: int = sys.maxsize) -> None:
        """Take in up to so many of the jobs that have been delivered, and plan when the others are."""
        if not self._arriving:
            return
        for _ in range(most):
            if not self._arriving:
                return
            try:
                self._add(next(self._arriving[0]))
            except StopIteration:
                self._arriving.popleft()
            except Exception:
                # A workload that cannot be read: the others of its delivery must not pay for it.
                log.exception("Could not read a queued workload; it is skipped")
        self._arrival = self._clock() + PAUSE
        self._agenda.at(self._arrival, self._next_slice)

    def _next_slice(self, now: float) -> None:
        if now >= self._arrival:
            self._arrive(SLICE)

    def _add(self, work_item: WorkItem[K, R]) -> None:
        token, now = work_item.job.token, self._clock()
        old = self.table.get(token)
        if self._closing is not None or (old is not None and old.job.stage not in OVER):
            return
        if old is not None:
            # Airflow offers again what it has, as it thinks, not heard the end of: begin anew.
            self.table.move(replace(old.job, stage=Stage.CLOSED), now)
        job, effects = begin(work_item.job)
        self._removals.pop(token, None)
        if not self.table:
            self._rows.begin(now)
        record = self.table.add(work_item, now)
        # Who hands one over right after a gap may have queued it before.
        record.in_doubt = job.has_row and now - self._awake_since < STALL
        self._meter.begin(job, now)
        self._moved(record, job, effects)
        self._plan_rows()

    def _happen(self, record: Record[K, R], event: Event[R]) -> None:
        job = record.job
        if job.stage is Stage.CLOSED:
            return
        try:
            self._error_log.hear(job, event)
            moved, effects = advance(job, event, self._config.policy)
            if moved is job and not effects:
                return
            self._moved(record, moved, effects)
            if moved.container not in ("", job.container) and moved.stage is not Stage.CLOSED:
                self._stop_at_the_end({moved.container: record})
        except Exception:
            # A defect of ours: the other jobs, whose news may come in the same message, must not pay for it.
            log.exception("Could not process %s of job %s", type(event).__name__, job.token)

    def _wake(self, token: str, now: float) -> None:
        record = self.table.get(token)
        if record is not None and record.job.due is not None and record.job.due <= now:
            self._happen(record, Due(now))

    def _moved(self, record: Record[K, R], job: Job[R], effects: tuple[Effect[R], ...]) -> None:
        now = self._clock()
        if job.due is not None and job.due != record.job.due:
            self._agenda.at(job.due, partial(self._wake, job.token))
        self.table.move(job, now)
        self._meter.moved(job, effects, now)
        for effect in effects:
            self._perform(record, effect)
        if job.stage is not Stage.CLOSED:
            if job.ran and job.assigned:
                record.forget_workload()  # what has begun under this token is not started again
            return
        if record.work_item.stored is not None:
            self._operations.discard(record.work_item)
        if job.container:
            self._error_log.forget(f"Reading the description of container {job.container}")

    def _perform(self, record: Record[K, R], effect: Effect[R]) -> None:
        work_item = record.work_item
        match effect:
            case Prepare() | Submit() if self._closing is not None:
                return  # nothing is started any more
            case Submit() | LookUp() | Stop():
                self._wait(record, effect)
            case ReadRow():
                self._want_row(record)
            case Report() | ReleaseSlot() | LogEvent():
                self._outbox.append(AirflowUpdate(record.job.token, work_item.key, effect))
            case _:
                self._hand_on(record, effect)

    def _hand_on(self, record: Record[K, R], effect: Performable[R]) -> None:
        """Have it done; an earlier request of the kind needs no answer any more."""
        record.pending[type(effect)] = number = next(self._numbers)
        self._operations.perform(record.work_item, effect, number)

    # --- Calls that wait until AWS allows them -------------------------------------------------------------

    def _wait(self, record: Record[K, R], effect: Submit[R] | LookUp | Stop) -> None:
        queue = self._queues[RATE_LIMITED[type(effect)]]
        queue.wait((record.job.token, effect), record.work_item.priority)

    def _room(self, action: Action) -> int:
        """How many calls of an action may begin by now; the next answer makes room for another submission."""
        return self._operations.room if action is Action.SUBMIT else UNBOUNDED

    def _pass(self, token: str, effect: Submit[R] | LookUp | Stop, now: float) -> None:
        """AWS allows this call now: hand it on, unless it has become needless while it waited."""
        record = self.table.get(token)
        if record is None:
            return
        match effect:
            case Submit() if record.job.unwanted:
                self._happen(record, Refused(now, NEVER_SENT))
            case Submit() if record.in_doubt:
                record.held = effect
                self._want_row(record)
            case _:
                self._hand_on(record, effect)

    # --- Polling containers --------------------------------------------------------------------------------

    def _poll(self, now: float) -> None:
        while (poll := self.table.next_poll()) is not None and poll <= now:
            if not self._rate_limiter.take(Action.DESCRIBE, 1, now):
                return
            if ids := self.table.to_poll(now, CHUNK):
                self._operations.describe(ids)

    def _described(self, message: Described) -> None:
        match unwrap_or_failure(message.result):
            case AwsError() as error:
                self._error_log.say("Describe call", error.kind, f"{error.code}: {error.message}")
                for container in message.ids:
                    self.table.not_polled(container, message.at)
            case answer:
                self._error_log.works("Describe call")
                self._observed(message, answer)

    def _observed(self, message: Described, answer: DescribeResult) -> None:
        unread = {odd.id for odd in answer.unreadable}
        for odd in answer.unreadable:
            self._error_log.say(f"Reading the description of container {odd.id}", "unreadable", odd.problem)
        for observation in answer.observations:
            record = self.table.owner(observation.id)
            if record is not None and not runs_on(record.job, observation):
                self._happen(record, Observed(message.at, observation))
        for container in message.ids:
            plan = self.table.not_polled if container in unread else self.table.polled
            plan(container, message.at)

    # --- Reading rows --------------------------------------------------------------------------------------

    def _want_row(self, record: Record[K, R]) -> None:
        self._rows.want(record.job.token)
        self._plan_rows()

    def _plan_rows(self) -> None:
        due = self._rows.due()
        if due is not None and due < self._rows_at and self.table:
            self._rows_at = due
            self._agenda.at(due, self._read_rows)

    def _read_rows(self, now: float) -> None:
        if now < self._rows_at:
            return  # planned anew since
        self._rows_at = float("inf")
        if asked := self._rows.take(self.table, now):
            self._operations.read_rows(asked)
        self._plan_rows()

    def _rows_read(self, message: RowsRead) -> None:
        self._rows.read()
        self._error_log.works("Reading task instances from Airflow's database")
        for token, row in message.rows.items():
            record = self.table.get(token)
            if record is not None:
                self._happen(record, RowRead(message.at, row))
                self.table.heard(record, row, message.at)
                self._reassured(record, message.at)
        self._plan_rows()

    def _reassured(self, record: Record[K, R], at: float) -> None:
        """The row was read, beginning at `at`: what was held back until then goes on."""
        if at < self._awake_since:
            if record.held is not None:
                self._rows.want(record.job.token)  # what was read before the gap is not believed
            return
        record.in_doubt = False
        held, record.held = record.held, None
        if held is not None and self._closing is None:
            self._wait(record, held)

    def _rows_unread(self, message: RowsUnread) -> None:
        self._rows.unread(message.tokens, message.at)
        self._error_log.say("Reading task instances from Airflow's database", "rows", message.problem)
        self._plan_rows()

    # --- What has failed and is tried again ----------------------------------------------------------------

    def _requeued(self, message: Requeued[K, R]) -> None:
        self._error_log.note("Requeueing a task instance", message.problem)
        if message.problem:
            again = partial(self._requeue, message.work_item)
            self._agenda.at(message.at + self._config.rows_every, again)

    def _requeue(self, work_item: WorkItem[K, R], _: float) -> None:
        self._operations.perform(work_item, Requeue())

    def _discarded(self, message: Discarded[K, R]) -> None:
        token, error = message.work_item.job.token, message.error
        if error is None:
            self._error_log.works("Deleting a stored workload")
            self._removals.pop(token, None)
            return
        words = f"{error.code}: {error.message} {error.remedy}".rstrip()
        self._error_log.say("Deleting a stored workload", error.kind, words)
        if token in self.table:
            return  # begun anew meanwhile, under the same name
        failures = self._removals.pop(token, (0, 0.0))[0] + 1
        if failures > REMOVALS:
            log.warning(
                "Gave up deleting the stored workload of %s: left to the bucket's lifecycle rule", token
            )
            return
        due = message.at + delay(Backoff(), failures, jitter(token, failures))
        self._removals[token] = failures, due
        self._agenda.at(due, partial(self._discard, message.work_item, due))

    def _discard(self, work_item: WorkItem[K, R], due: float, _: float) -> None:
        if self._removals.get(work_item.job.token, (0, 0.0))[1] == due:
            self._operations.discard(work_item)

    # --- Ending --------------------------------------------------------------------------------------------

    def _close(self, message: Closing) -> None:
        self._closing = message
        self._operations.drop_submissions()
        self._arriving.clear()
        self._queues[Action.SUBMIT].clear()
        self._stop_at_the_end(self.table.live())

    def _stop_at_the_end(self, containers: Mapping[str, Record[K, R]]) -> None:
        if self._closing is not None and self._closing.stop:
            keys = {
                container: (record.job.token, record.work_item.key)
                for container, record in containers.items()
            }
            self._leaving.leave(keys, self._clock())
