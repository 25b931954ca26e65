"""Operations that are carried out at once, in virtual time: what the dispatcher's tests live in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from returns.result import Failure, Result, Success

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.aws.request_quotas import ON_FARGATE, Action
from aws_executors.core.lifecycle.effects import LookUp, Prepare, Renew, Stop, Submit
from aws_executors.core.lifecycle.events import (
    Accepted,
    Event,
    Found,
    Prepared,
    Refused,
    Renewed,
    StopAnswered,
)
from aws_executors.core.lifecycle.job import Job
from aws_executors.core.lifecycle.observation import DescribeResult
from aws_executors.core.lifecycle.policy import Policy
from aws_executors.core.lifecycle.poll_interval import PollInterval
from aws_executors.core.lifecycle.verdict import Row
from aws_executors.shell.engine.calls.operations import Operations, Performable
from aws_executors.shell.engine.calls.rate_limiter import Account
from aws_executors.shell.engine.dispatcher import Dispatcher, EngineConfig
from aws_executors.shell.engine.messages import InboxItem, RowQuery, WorkItem
from support.worlds import Cloud, Order, Unmeasured


class Clerk(Operations[str, Order]):
    """Carries out what the dispatcher asks for, at once and in virtual time, and keeps it."""

    def __init__(self, cloud: Cloud, slowest: float = 1.0) -> None:
        self.now = 0.0
        self.cells = None
        self.cloud = cloud
        self.messages: list[InboxItem] = []
        self.submitted: list[tuple[float, str]] = []
        self.stopped: list[tuple[float, str]] = []
        self.looks: list[tuple[float, int]] = []
        self.reads: list[tuple[float, frozenset[str]]] = []
        self.fences: list[tuple[float, str]] = []
        self.locked = False  # the rows, so that no fence is answered
        self.waiting: list[Callable[[Result[None, str]], None]] = []
        self.down = False
        self.renewed: list[tuple[float, int]] = []
        self.discarded: list[tuple[float, str]] = []
        self.throttling = 0
        self.full = False
        self.unrenewed = 0
        self.unremoved = 0
        self.every: float | None = None
        self.status = "queued"
        self.tokens: dict[str, str] = {}
        self.adopted_by: dict[str, int] = {}
        self.silent = False
        self.fails: Callable[[], bool] = lambda: False
        self.failed = 0
        self.share = Account().share(ON_FARGATE)
        self.dispatcher: Dispatcher[str, Order] = Dispatcher(
            self,
            EngineConfig(
                policy=Policy(),
                pace=PollInterval(quickest=1.0, slowest=slowest),
                workers=1_000_000,
                scheduler=1,
            ),
            lambda: self.now,
            self.share,
            Unmeasured(),
        )

    submissions_under_way = 0

    def run(self, until: float, tick: float = 0.01) -> None:
        """Let the time go by."""
        while self.now < until:
            self.now = round(self.now + tick, 6)
            messages, self.messages = self.messages, []
            for message in messages:
                message()
            self.dispatcher.run_due()

    def hand_over(self, *tokens: str, priority: int = 0) -> None:
        for token in tokens:
            job: Job[Order] = Job(token=token)
            build = lambda attempt, token=token: Success(Order(token, attempt))  # noqa: E731
            self.take(WorkItem(job=job, key=token, priority=priority, build=build))

    def take(self, work_item: WorkItem[str, Order]) -> None:
        self.dispatcher.arrivals.hand_over(iter([work_item]))
        self.dispatcher.arrivals.take_in()

    # --- `Operations` -----------------------------------------------------------------------------------

    def drop_submissions(self) -> None:
        """None ever waits here."""

    def perform(
        self,
        work_item: WorkItem[str, Order],
        effect: Performable[Order],
        then: Callable[[Event[Order]], None],
    ) -> None:
        token = work_item.job.token
        event: Event[Order]
        match effect:
            case Prepare(attempt=attempt):
                event = Prepared(self.now, Order(token, attempt), self.every)
            case Renew(attempt=attempt):
                self.renewed.append((self.now, attempt))
                lost = AwsError(kind=Kind.AMBIGUOUS, code="ReadTimeout", message="")
                failure = lost if self.unrenewed else None
                self.unrenewed = max(0, self.unrenewed - 1)
                event = Renewed(self.now, failure, self.every)
            case Submit(request=request):
                self.submitted.append((self.now, token))
                event = self.submit(request)
            case LookUp(exclude=exclude):
                event = Found(self.now, self.cloud.find(token, exclude).unwrap())
            case Stop(container=container, reason=reason):
                self.stopped.append((self.now, container))
                self.cloud.stop((container,), reason)
                event = StopAnswered(self.now, None)
        self.messages.append(partial(then, event))

    def submit(self, request: Order) -> Event[Order]:
        if self.full:
            return Refused(self.now, AwsError(kind=Kind.CAPACITY, code="RESOURCE:CPU", message="no room"))
        if self.throttling:
            self.throttling -= 1
            self.share.throttled(Action.SUBMIT, self.now, self.now)
            refusal = AwsError(kind=Kind.THROTTLED, code="ThrottlingException", message="Rate exceeded")
            return Refused(self.now, refusal)
        return Accepted(self.now, self.cloud.submit(request).unwrap())

    def discard(
        self, work_item: WorkItem[str, Order], then: Callable[[Result[None, AwsError]], None]
    ) -> None:
        if work_item.stored is None:
            return
        self.discarded.append((self.now, work_item.job.token))
        failure = AwsError(kind=Kind.PERMANENT, code="AccessDenied", message="") if self.unremoved else None
        self.unremoved = max(0, self.unremoved - 1)
        self.messages.append(partial(then, Success(None) if failure is None else Failure(failure)))

    def describe(
        self, containers: tuple[str, ...], then: Callable[[Result[DescribeResult, AwsError]], None]
    ) -> None:
        self.looks.append((self.now, len(containers)))
        answer: Result[DescribeResult, AwsError] = self.cloud.describe(containers)
        if self.fails():
            self.failed += 1
            answer = Failure(AwsError(kind=Kind.AMBIGUOUS, code="ServerException", message="500"))
        self.messages.append(partial(then, answer))

    def fence(
        self, work_item: WorkItem[str, Order], then: Callable[[Result[None, str]], None], priority: int = 0
    ) -> None:
        self.fences.append((self.now, work_item.job.token))
        if self.locked:
            self.waiting.append(then)
        else:
            self.messages.append(partial(then, Success(None)))

    def read_rows(
        self,
        asked: Mapping[str, RowQuery[str]],
        then: Callable[[Result[Mapping[str, Row | None], str]], None],
    ) -> None:
        self.rows_read = then
        self.reads.append((self.now, frozenset(asked)))
        if self.silent:
            return
        if self.down:
            self.messages.append(partial(then, Failure("the database is down")))
            return
        rows = {
            token: Row(
                state=self.status,
                token=self.tokens.get(token, token),
                try_number=1,
                queued_by=self.adopted_by.get(token, 1),
            )
            for token in asked
        }
        new = {token: row for token, row in rows.items() if row != asked[token].known}
        self.messages.append(partial(then, Success(new)))
