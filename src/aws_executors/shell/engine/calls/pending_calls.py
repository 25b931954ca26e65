"""The calls of jobs, from the time they are wanted until they are answered.

Law: for the engine's thread, waits for nothing. Of each job only the last request of a kind is answered, and
once. A call that has become needless while it waited is not made.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import count
from math import inf
from typing import Generic, TypeVar

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.aws.request_quotas import Action
from aws_executors.core.lifecycle import effects, events
from aws_executors.shell.engine.calls.operations import Operations, Performable
from aws_executors.shell.engine.calls.rate_limiter import UNBOUNDED, RateLimitedQueue, RateLimiter
from aws_executors.shell.engine.context import EngineContext
from aws_executors.shell.engine.job_table import Record
from aws_executors.shell.engine.messages import K

R = TypeVar("R")

SPARE = 4
"""One extra submission per this many workers is handed over, and waits for a free worker. Further ones wait
in the queue here, where a more urgent one still goes first and none becomes too late (`STALL`)."""
RATE_LIMITED: dict[type, Action] = {
    effects.Submit: Action.SUBMIT,
    effects.LookUp: Action.LOOK_UP,
    effects.Stop: Action.STOP,
}
NEVER_SENT = AwsError(kind=Kind.UNREACHABLE, code="NotSubmitted", message="revoked before it was submitted")


class PendingCalls(Generic[K, R]):
    """The calls of all jobs, made by this many `workers`.

    `happen` takes each answer as an event of its job; `hold` holds back the submission of a job in doubt.
    """

    def __init__(
        self,
        context: EngineContext[K, R],
        operations: Operations[K, R],
        rate_limiter: RateLimiter,
        workers: int,
        happen: Callable[[Record[K, R], events.Event[R]], None],
        hold: Callable[[Record[K, R], effects.Submit[R]], None],
    ) -> None:
        self._table = context.table
        self._operations = operations
        self._rate_limiter = rate_limiter
        self._submissions = workers + max(1, workers // SPARE)  # how many may be under way
        self._happen = happen
        self._hold = hold
        self._queues: dict[Action, RateLimitedQueue[tuple[str, Performable[R]]]] = {
            action: RateLimitedQueue(action, rate_limiter)
            for action in (Action.STOP, Action.LOOK_UP, Action.SUBMIT)
        }
        self._numbers = count(1)
        self._submitting: set[int] = set()  # the submissions under way

    @property
    def due(self) -> float:
        """When a call that waits may be made; `inf` if none waits, or if only an answer makes room for it."""
        times = [
            self._rate_limiter.ready_at(action)
            for action, queue in self._queues.items()
            if queue.waiting and self._room(action)
        ]
        return min(times, default=inf)

    def run_due(self, now: float) -> None:
        """Make the calls that the rate limits allow now."""
        for action, queue in self._queues.items():
            if queue.waiting:
                for token, effect in queue.take_ready(now, self._room(action)):
                    self._make_if_needed(token, effect, now)

    def enqueue(
        self, record: Record[K, R], effect: effects.Submit[R] | effects.LookUp | effects.Stop
    ) -> None:
        """Make this call as soon as its rate limit allows it."""
        queue = self._queues[RATE_LIMITED[type(effect)]]
        queue.enqueue((record.job.token, effect), record.work_item.priority)

    def make(self, record: Record[K, R], effect: Performable[R]) -> None:
        """Make this call now; the answer to an earlier one of its kind no longer counts."""
        record.pending[type(effect)] = number = next(self._numbers)
        if isinstance(effect, effects.Submit):
            self._submitting.add(number)
        then = partial(self._answered, record, type(effect), number)
        self._operations.perform(record.work_item, effect, then)

    def drop_submissions(self) -> None:
        """Forget the waiting submissions."""
        self._queues[Action.SUBMIT].clear()

    def _room(self, action: Action) -> int:
        """How many more calls of an action may begin: a submission must wait for room, which answers make."""
        return UNBOUNDED if action is not Action.SUBMIT else self._submissions - len(self._submitting)

    def _make_if_needed(self, token: str, effect: Performable[R], now: float) -> None:
        """Make a call that the rate limit allows now, unless it has become needless while it waited."""
        record = self._table.get(token)
        if record is None:
            return
        match effect:
            case effects.Submit() if record.job.withdrawn:
                self._happen(record, events.Refused(now, NEVER_SENT))
            case effects.Submit() if record.in_doubt:
                self._hold(record, effect)
            case _:
                self.make(record, effect)

    def _answered(
        self, record: Record[K, R], kind: type[effects.Effect[R]], number: int, event: events.Event[R]
    ) -> None:
        self._submitting.discard(number)
        if record.pending.get(kind) == number:  # only the last request of a kind counts, and once
            del record.pending[kind]
            self._happen(record, event)
