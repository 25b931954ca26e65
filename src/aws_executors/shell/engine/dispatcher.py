"""The engine's dispatcher: every message is read, every job moved, and what jobs ask for is handed on.

Law: decides when, `core.advance` decides what. It has no thread, no clock and no queue of its own, waits for
nothing, and belongs to whoever calls it: the engine's thread in production, a simulator in virtual time.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Generic, TypeVar, assert_never

from returns.methods import unwrap_or_failure

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.aws.request_quotas import Action
from aws_executors.core.lifecycle.job import (
    Accepted,
    Due,
    Effect,
    Event,
    Fence,
    Found,
    Job,
    LogEvent,
    LookUp,
    NotLookedUp,
    NotStored,
    Observed,
    Policy,
    Prepare,
    Prepared,
    ReadRow,
    Refused,
    ReleaseSlot,
    Renew,
    Renewed,
    Report,
    Requeue,
    RowRead,
    Stage,
    Stop,
    StopAnswered,
    Submit,
)
from aws_executors.core.lifecycle.machine import advance, begin
from aws_executors.core.lifecycle.observation import DescribeResult
from aws_executors.core.lifecycle.poll_interval import PollInterval
from aws_executors.core.lifecycle.transitions.watching import runs_on
from aws_executors.shell.airflow.loggers import logger
from aws_executors.shell.airflow.metrics import NO_METER, Meter
from aws_executors.shell.engine.error_log import ErrorLog
from aws_executors.shell.engine.job_table import JobTable
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
from aws_executors.shell.engine.pending_requests import PendingRequests
from aws_executors.shell.engine.protocol import Operations
from aws_executors.shell.engine.rate_limited_queue import UNBOUNDED, RateLimitedQueue
from aws_executors.shell.engine.rate_limiter import UNLIMITED, RateLimiter
from aws_executors.shell.engine.retry_queue import RetryQueue
from aws_executors.shell.engine.row_poller import RowPoller
from aws_executors.shell.engine.shutdown import Shutdown
from aws_executors.shell.engine.stall_guard import StallGuard

R = TypeVar("R")

log = logger(__name__)

OVER = frozenset({Stage.STOPPING, Stage.CONFIRMING})
CHUNK = 100  # ids in one describe call, of either service
NEVER_SENT = AwsError(kind=Kind.UNREACHABLE, code="NotSubmitted", message="revoked before it was submitted")
SLICE, PAUSE = 16, 0.005
"""Of many jobs that come at once so many are taken in, a millisecond's work, and so many seconds later the
next: the scheduler's thread wants the interpreter, too, and is still in the heartbeat that has sent them."""
REMOVALS = 8  # times that a stored workload is tried to be removed again, over about two minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineConfig:
    """How the engine is set: the policy of a job's life, the pace of looks, rows every so many seconds."""

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
        self._operations = operations
        self._meter = meter
        self._rate_limiter = rate_limiter
        self._queues: dict[Action, RateLimitedQueue[tuple[str, Submit[R] | LookUp | Stop]]] = {
            action: RateLimitedQueue(action, rate_limiter)
            for action in (Action.STOP, Action.LOOK_UP, Action.SUBMIT)
        }
        self._config = config
        self._clock = clock
        self._table: JobTable[K, R] = JobTable(config.pace)
        self._rows = RowPoller(config.rows_every)
        self._pending = PendingRequests()
        self._stall_guard: StallGuard[Submit[R]] = StallGuard()
        self._outbox: deque[AirflowUpdate[K]] = deque()
        self._error_log = ErrorLog(clock, log)
        self._arriving: deque[Iterator[WorkItem[K, R]]] = deque()
        self._arrival = 0.0
        self._returns: list[tuple[float, str, K]] = []
        self._removals: RetryQueue[str, WorkItem[K, R]] = RetryQueue(most=REMOVALS)
        self._leaving: Shutdown[K, R] = Shutdown(operations)
        self._closing: Closing | None = None

    def __repr__(self) -> str:
        return repr(self._table)

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

    def jobs(self) -> Iterator[Job[R]]:
        """A snapshot of the jobs, for a person to look at."""
        return self._table.jobs()

    def entries(self) -> Iterator[tuple[WorkItem[K, R], Job[R], float]]:
        """The same with what came with each job, and since when (by the clock here) it stands as it does."""
        return self._table.entries()

    @property
    def changes(self) -> int:
        """How often a job has changed: while this stays the same, so do `entries`."""
        return self._table.changes

    def next_time(self) -> float | None:
        """When `turn` has something to do next; None if it waits for messages only."""
        look = self._table.next_look()
        times = [
            self._table.next_wake(),
            None if look is None else max(look, self._rate_limiter.ready_at(Action.DESCRIBE)),
            self._rows.due() if self._table else None,
            *(time for time, _, _ in self._returns[:1]),
            self._removals.next_time(),
            self._arrival if self._arriving else None,
            *(queue.next_time() for action, queue in self._queues.items() if self._room(action)),
        ]
        return min((time for time in times if time is not None), default=None)

    def turn(self) -> None:
        """Do what is due by now."""
        now = self._clock()
        if self._arriving and now >= self._arrival:
            self._arrive(SLICE)
        for token in self._table.woken(now):
            self._happen(token, Due(now))
        for action, queue in self._queues.items():
            for token, effect in queue.passing(now, self._room(action)):
                self._pass(token, effect, now)
        if self._closing is None:
            self._look(now)
        if asked := self._rows.take(self._table, now):
            self._operations.read_rows(asked)
        self._retry_returns(now)
        self._leaving.turn(now)
        for work_item in self._removals.due(now):
            self._operations.discard(work_item)
        self._meter.census(self._table.jobs, now)

    def slept(self) -> None:
        """So much time has passed without a turn that all jobs may have been given to another scheduler."""
        self._stall_guard.woke([job.token for job in self._table.jobs() if job.has_row], self._clock())

    def take(self, message: Message[K, R]) -> None:
        """Read one message."""
        match message:
            case WorkItem():
                self._arrive()
                self._add(message)
            case Delivery(work_items=work_items):
                self._arriving.append(work_items)
                self._arrival = self._clock() + PAUSE
            case JobEvent(token=token, event=event, request_id=request_id):
                if not request_id:
                    self._arrive()  # Airflow may say this of one that it has handed over just now
                if not request_id or self._pending.answered(token, request_id):
                    self._happen(token, event)
            case Described():
                self._described(message)
            case RowsRead():
                self._rows_read(message)
            case RowsUnread():
                self._rows_unread(message)
            case Fenced(problem=problem):
                self._fence(problem)
            case AllFenced(ids=ids, problem=problem):
                self._fence(problem)
                self._leaving.fence(ids, self._clock())
            case Requeued():
                self._given_back(message)
            case Discarded():
                self._discarded(message)
            case Closing():
                self._close(message)
            case Stopped(ids=ids):
                self._leaving.stopped(ids)
            case never:
                assert_never(never)

    def _arrive(self, most: int = sys.maxsize) -> None:
        """Take in up to so many of the jobs that have been delivered."""
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

    def _add(self, work_item: WorkItem[K, R]) -> None:
        token = work_item.job.token
        old = self._table.job(token)
        if self._closing is not None or (old is not None and old.stage not in OVER):
            return
        if old is not None:
            # Airflow offers again what it has, as it thinks, not heard the end of: begin anew.
            self._table.move(replace(old, stage=Stage.CLOSED), self._clock())
            self._forget(token)
        job, effects = begin(work_item.job)
        self._removals.forget(token)
        self._table.add(work_item)
        if job.has_row:
            self._stall_guard.arrived(token, self._clock())
        self._meter.begin(job, self._clock())
        self._moved(job, effects)

    def _happen(self, token: str, event: Event[R]) -> None:
        job = self._table.job(token)
        if job is None:
            return
        try:
            self._complain(job, event)
            moved, effects = advance(job, event, self._config.policy)
            if moved is job and not effects:
                return
            self._moved(moved, effects)
            if moved.container not in ("", job.container) and token in self._table:
                self._stop_while_closing({moved.container: token})
        except Exception:
            # A defect of ours: the other jobs, whose news may come in the same message, must not pay for it.
            log.exception("Could not process %s of job %s", type(event).__name__, token)

    def _moved(self, job: Job[R], effects: tuple[Effect[R], ...]) -> None:
        work_item = self._table.work_item(job.token)
        now = self._clock()
        self._table.move(job, now)
        self._meter.moved(job, effects, now)
        for effect in effects:
            self._carry_out(work_item, effect)
        if job.stage is not Stage.CLOSED:
            if job.ran and job.assigned:
                self._table.forget_workload(job.token)  # what has begun under this token is not started again
            return
        self._forget(job.token)
        if work_item.stored is not None:
            self._operations.discard(work_item)
        if job.container:
            self._error_log.forget(f"Reading the description of container {job.container}")

    def _forget(self, token: str) -> None:
        self._pending.forget(token)
        self._stall_guard.forget(token)

    def _ask(self, token: str, effect: Effect[R]) -> int:
        return self._pending.ask(token, type(effect).__name__)

    def _carry_out(self, work_item: WorkItem[K, R], effect: Effect[R]) -> None:
        token = work_item.job.token
        match effect:
            case Prepare() | Submit() if self._closing is not None:
                return  # nothing is started any more
            case Prepare(attempt=attempt):
                self._operations.prepare(work_item, attempt, self._ask(token, effect))
            case Renew(attempt=attempt):
                self._operations.renew(work_item, attempt, self._ask(token, effect))
            case Submit():
                self._queues[Action.SUBMIT].wait((token, effect), work_item.priority)
            case LookUp():
                self._queues[Action.LOOK_UP].wait((token, effect), work_item.priority)
            case Stop():
                self._queues[Action.STOP].wait((token, effect), work_item.priority)
            case ReadRow():
                self._rows.want(token)
            case Fence():
                self._operations.fence(token, work_item.key)
            case Requeue():
                self._operations.requeue(token, work_item.key)
            case Report() | ReleaseSlot() | LogEvent():
                self._outbox.append(AirflowUpdate(token, work_item.key, effect))
            case never:
                assert_never(never)

    def _room(self, action: Action) -> int:
        """How many calls of an action may begin by now; the next answer makes room for another submission."""
        return self._operations.room if action is Action.SUBMIT else UNBOUNDED

    def _pass(self, token: str, effect: Submit[R] | LookUp | Stop, now: float) -> None:
        """AWS allows this call now: hand it on, unless it has become needless while it waited."""
        job = self._table.job(token)
        if job is None:
            return
        work_item = self._table.work_item(token)
        match effect:
            case Submit() if job.unwanted:
                self._happen(token, Refused(now, NEVER_SENT))
            case Submit() if self._stall_guard.holds(token, effect):
                self._rows.want(token)
            case Submit(request=request):
                self._operations.submit(work_item, request, self._ask(token, effect))
            case LookUp(exclude=exclude):
                self._operations.find(work_item, exclude, self._ask(token, effect))
            case Stop(container=container, reason=reason):
                self._operations.stop_one(work_item, container, reason, self._ask(token, effect))
            case never:
                assert_never(never)

    # --- Looking at containers -----------------------------------------------------------------------------

    def _look(self, now: float) -> None:
        while self._table.looks_due(now) and self._rate_limiter.take(Action.DESCRIBE, 1, now):
            if ids := self._table.to_look_at(now, CHUNK):
                self._operations.describe(ids)

    def _described(self, message: Described) -> None:
        match unwrap_or_failure(message.result):
            case AwsError() as error:
                self._error_log.say("Describe call", error.kind, f"{error.code}: {error.message}")
                for container in message.ids:
                    self._table.not_looked_at(container, message.at)
            case answer:
                self._error_log.works("Describe call")
                self._observed(message, answer)

    def _observed(self, message: Described, answer: DescribeResult) -> None:
        unread = {odd.id for odd in answer.unreadable}
        for odd in answer.unreadable:
            self._error_log.say(f"Reading the description of container {odd.id}", "unreadable", odd.problem)
        for observation in answer.observations:
            job = self._table.owner(observation.id)
            if job is not None and not runs_on(job, observation):
                self._happen(job.token, Observed(message.at, observation))
        for container in message.ids:
            plan = self._table.not_looked_at if container in unread else self._table.looked_at
            plan(container, message.at)

    # --- Reading rows --------------------------------------------------------------------------------------

    def _rows_read(self, message: RowsRead) -> None:
        self._rows.read()
        self._error_log.works("Reading task instances from Airflow's database")
        for token, row in message.rows.items():
            self._happen(token, RowRead(message.at, row))
            self._table.heard(token, row, message.at)
            held = self._stall_guard.read(token, message.at)
            if held is not None and self._closing is None:
                self._queues[Action.SUBMIT].wait((token, held), self._table.work_item(token).priority)
            elif self._stall_guard.waits(token):
                self._rows.want(token)  # what was read before the gap is not believed

    def _rows_unread(self, message: RowsUnread) -> None:
        self._rows.unread(message.tokens, message.at)
        self._error_log.say("Reading task instances from Airflow's database", "rows", message.problem)

    def _fence(self, problem: str) -> None:
        if problem:
            self._error_log.say("Setting a task instance to restarting", "problem", problem)
        else:
            self._error_log.works("Setting a task instance to restarting")

    def _given_back(self, message: Requeued[K]) -> None:
        if message.problem:
            self._error_log.say("Requeueing a task instance", "problem", message.problem)
            self._returns.append((message.at + self._config.rows_every, message.token, message.key))
        else:
            self._error_log.works("Requeueing a task instance")

    def _retry_returns(self, now: float) -> None:
        due = [entry for entry in self._returns if entry[0] <= now]
        self._returns = [entry for entry in self._returns if entry[0] > now]
        for _, token, key in due:
            self._operations.requeue(token, key)

    def _discarded(self, message: Discarded[K, R]) -> None:
        token, error = message.work_item.job.token, message.error
        if error is None:
            self._error_log.works("Deleting a stored workload")
            self._removals.forget(token)
            return
        words = f"{error.code}: {error.message} {error.remedy}".rstrip()
        self._error_log.say("Deleting a stored workload", error.kind, words)
        if token in self._table:
            return  # begun anew meanwhile, under the same name
        if not self._removals.failed(token, message.work_item, message.at):
            log.warning(
                "Gave up deleting the stored workload of %s: left to the bucket's lifecycle rule", token
            )

    # --- Ending --------------------------------------------------------------------------------------------

    def _close(self, message: Closing) -> None:
        self._closing = message
        self._operations.drop_submissions()
        self._arriving.clear()
        self._queues[Action.SUBMIT].clear()
        self._stop_while_closing(self._table.live())

    def _stop_while_closing(self, containers: Mapping[str, str]) -> None:
        if self._closing is None or not self._closing.stop:
            return
        keys = {
            container: (token, self._table.work_item(token).key) for container, token in containers.items()
        }
        self._leaving.leave(keys, self._clock())

    # --- Saying what is wrong, once ------------------------------------------------------------------------

    def _complain(self, job: Job[R], event: Event[R]) -> None:
        match event:
            case Observed() | RowRead():
                return  # most of what happens, and no word of a call's fate
            case Refused(error=AwsError(kind=Kind.THROTTLED)) if not job.failures:
                return  # once is how the account's limit is felt for: no trouble unless it is throttled again
            case Refused(error=error):
                self._error_log.say("Submit call", error.kind, f"{error.code}: {error.message}")
            case NotLookedUp(error=error):
                self._error_log.say("Look-up call", error.kind, f"{error.code}: {error.message}")
            case StopAnswered(error=AwsError() as error):
                self._error_log.say("Stop call", error.kind, f"{error.code}: {error.message}")
            case NotStored(error=error) | Renewed(error=AwsError() as error):
                self._error_log.say("Storing a workload", error.kind, f"{error.code}: {error.message}")
            case Renewed():
                self._error_log.works("Storing a workload")
            case Prepared(renew_every=float()):
                self._error_log.works("Storing a workload")
            case Accepted():
                self._error_log.works("Submit call")
            case Found():
                self._error_log.works("Look-up call")
            case StopAnswered():
                self._error_log.works("Stop call")
            case _:
                return
