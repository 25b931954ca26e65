"""The dispatcher's calls to AWS, to the store and to Airflow's database, made by workers.

Law: every method returns at once; `then` is called with the result in the engine's thread. Nothing is
decided here. Building requests, submitting, polling, the store, reading rows and changing them have threads
of their own, so that none waits for another.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Generic, Protocol, TypeAlias, TypeVar, assert_never, cast

from returns.methods import unwrap_or_failure
from returns.result import Failure, Result, Success

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.aws.service import Service
from aws_executors.core.lifecycle import effects, events
from aws_executors.core.lifecycle.observation import DescribeResult
from aws_executors.core.lifecycle.policy import WORKLOAD_LOST
from aws_executors.core.lifecycle.verdict import Row
from aws_executors.shell.airflow.loggers import words
from aws_executors.shell.engine.calls.thread_pool import GivenUpError, Workers
from aws_executors.shell.engine.messages import InboxItem, K, RowQuery, WorkItem
from aws_executors.shell.engine.stall import STALL, TOO_LATE
from aws_executors.shell.engine.warm.cell_calls import CellCalls

R = TypeVar("R")
T = TypeVar("T")
K_contra = TypeVar("K_contra", contravariant=True)

BUILD_WITHIN = 20.0
"""Seconds that building a request may take: a user's builder may do anything, and may never return."""

FIRST, LAST = 2**31, -(2**31)
"""Priorities of calls made before all others (a shutdown's), and after all others (deletions)."""

Performable: TypeAlias = "effects.Prepare | effects.Renew | effects.Submit[R] | effects.LookUp | effects.Stop"
"""The effects that are answered with an event."""


class Database(Protocol[K_contra]):
    """What is read from, and written to, Airflow's database. Every method may raise."""

    def read(self, asked: Mapping[str, RowQuery[K_contra]]) -> Mapping[str, Row | None]:
        """The rows of these jobs, by token; None for a row that is gone. A row that equals its query's
        `known` may be left out."""
        ...

    def fence(self, key: K_contra, token: str) -> None:
        """Set a running task instance to restarting: its container's reports are refused from then on."""
        ...

    def requeue(self, key: K_contra, token: str) -> None:
        """Let the scheduler queue this task instance again, unless it has moved on already."""
        ...

    def unfinished(self, groups: Collection[str]) -> Collection[str]:
        """Which of these groups of tasks (`WarmLimits.shared_by`) have an unfinished task instance in a
        running DAG run."""
        ...


class Operations(Generic[K, R]):
    """The worker threads of one engine; `post` takes what the engine's thread is to do."""

    def __init__(
        self,
        service: Service[R],
        database: Database[K],
        post: Callable[[InboxItem], None],
        clock: Callable[[], float],
        workers: int,
        cells: CellCalls | None = None,
    ) -> None:
        self.cells = cells
        """The calls about the cells of warm containers; None without warm containers."""
        self._service = service
        self._database = database
        self._clock = clock
        few = max(2, workers // 4)
        self._building = Workers("build", max(1, workers // 4), post, BUILD_WITHIN)
        self._submitting = Workers("submit", workers, post)
        self._polling = Workers("poll", few, post)
        self._storing = Workers("store", few, post)
        self._reading = Workers("database", 1, post)
        self._changing = Workers("rows", 1, post)  # apart, as a change may wait for a locked row

    @property
    def _pools(self) -> tuple[Workers, ...]:
        return (
            self._building,
            self._submitting,
            self._polling,
            self._storing,
            self._reading,
            self._changing,
        )

    def __repr__(self) -> str:
        return "<" + ", ".join(f"{pool.name} {pool!r}" for pool in self._pools) + ">"

    def start(self) -> None:
        """Start the threads."""
        for pool in self._pools:
            pool.start()
        if self.cells is not None:
            self.cells.start()

    def stop(self) -> None:
        """Let the threads end, each after the call it is making."""
        for pool in self._pools:
            pool.stop()
        if self.cells is not None:
            self.cells.stop()

    @property
    def submissions_under_way(self) -> int:
        """How many submissions and, at a shutdown, stops are not yet answered."""
        return self._submitting.unanswered

    def drop_submissions(self) -> None:
        """Forget the submissions, and the building of requests, that have not begun."""
        self._building.drop_waiting()
        self._submitting.drop_waiting()

    def perform(
        self, work_item: WorkItem[K, R], effect: Performable[R], then: Callable[[events.Event[R]], None]
    ) -> None:
        """Do what this job asks for; `then` gets the result as an event of the job."""
        run: Callable[[], events.Event[R]]
        lost: Callable[[BaseException], events.Event[R]]
        match effect:
            case effects.Prepare(attempt=attempt):
                pool, run = self._building, partial(self._prepare, work_item, attempt)
                lost = partial(self._not_prepared, work_item)
            case effects.Renew(attempt=attempt):
                pool, run = self._storing, partial(self._renew, work_item, attempt)
                lost = partial(self._raised, events.Renewed)
            case effects.Submit(request=request):
                pool, run = self._submitting, partial(self._submit, request, self._clock())
                lost = partial(self._raised, events.Refused)
            case effects.LookUp(exclude=exclude):
                pool, run = self._polling, partial(self._look_up, work_item.job.token, exclude)
                lost = partial(self._raised, events.NotLookedUp)
            case effects.Stop(container=container, reason=reason):
                pool, run = self._polling, partial(self._stop, container, reason)
                lost = partial(self._raised, events.StopAnswered)
            case never:
                assert_never(never)
        pool.call(run, then, lost, work_item.priority)

    def discard(self, work_item: WorkItem[K, R], then: Callable[[Result[None, AwsError]], None]) -> None:
        """Delete whatever was stored for a job."""
        if work_item.stored is not None:
            self._storing.call(work_item.stored.discard, then, _unclear, LAST)  # renewals cannot wait

    def describe(
        self, containers: tuple[str, ...], then: Callable[[Result[DescribeResult, AwsError]], None]
    ) -> None:
        """Poll up to 100 containers."""
        self._polling.call(partial(self._service.describe, containers), then, _unclear)

    def stop_all(self, containers: tuple[str, ...], reason: str, then: Callable[[object], None]) -> None:
        """Stop containers, as the scheduler ends."""
        stop = partial(self._service.stop, containers, reason)
        self._submitting.call(stop, then, lambda _: {}, FIRST)

    def read_rows(
        self,
        asked: Mapping[str, RowQuery[K]],
        then: Callable[[Result[Mapping[str, Row | None], str]], None],
    ) -> None:
        """Read the rows of these jobs, by token; the result may leave out those that have not changed."""
        self._ask_database(self._reading, partial(self._database.read, asked), then)

    def fence(
        self, work_item: WorkItem[K, R], then: Callable[[Result[None, str]], None], priority: int = 0
    ) -> None:
        """Have Airflow refuse what this job's container still reports."""
        fence = partial(self._database.fence, work_item.key, work_item.job.token)
        self._ask_database(self._changing, fence, then, priority)

    def requeue(self, work_item: WorkItem[K, R], then: Callable[[Result[None, str]], None]) -> None:
        """Give this job's task instance back to the scheduler."""
        requeue = partial(self._database.requeue, work_item.key, work_item.job.token)
        self._ask_database(self._changing, requeue, then)

    def _ask_database(
        self,
        workers: Workers,
        ask: Callable[[], T],
        then: Callable[[Result[T, str]], None],
        priority: int = 0,
    ) -> None:
        """Call the database in a worker's thread; `then` gets the answer, or in words why there is none."""

        def run() -> Result[T, str]:
            try:
                return Success(ask())
            except Exception as error:  # noqa: BLE001 - whatever the database raises is reported by `then`
                return Failure(words(error))

        workers.call(run, then, lambda error: Failure(words(error)), priority)

    # --- In the worker threads -----------------------------------------------------------------------------

    def _prepare(self, work_item: WorkItem[K, R], attempt: int) -> events.Event[R]:
        if work_item.build is None:
            return events.NotPrepared(self._clock(), WORKLOAD_LOST)
        began = self._clock()  # the workload's token is not older than this
        result = work_item.build(attempt)
        if isinstance(result, Success):
            every = None if work_item.stored is None else work_item.stored.renew_every
            # A `WarmRequest` is carried as if it were a request.
            return events.Prepared(began, cast("R", result.unwrap()), every)
        problem = result.failure()
        if isinstance(problem, AwsError):
            return events.NotStored(self._clock(), problem)
        return events.NotPrepared(self._clock(), problem)

    def _not_prepared(self, work_item: WorkItem[K, R], error: BaseException) -> events.Event[R]:
        given_up = f"{work_item.builder or 'the request builder'} {error}; no request was made"
        return events.NotPrepared(
            self._clock(), given_up if isinstance(error, GivenUpError) else words(error)
        )

    def _renew(self, work_item: WorkItem[K, R], attempt: int) -> events.Event[R]:
        began, stored = self._clock(), work_item.stored  # the workload's token is not older than `began`
        if stored is None:
            return events.Renewed(began, None)
        return events.Renewed(began, stored.renew(attempt).swap().value_or(None), stored.renew_every)

    def _submit(self, request: R, asked: float) -> events.Event[R]:
        """Submit, unless so much time has passed that another scheduler may have taken over the task."""
        if self._clock() - asked > STALL:
            return events.Refused(self._clock(), TOO_LATE)
        match unwrap_or_failure(self._service.submit(request)):
            case AwsError() as error:
                return events.Refused(self._clock(), error)
            case container:
                return events.Accepted(self._clock(), container)

    def _look_up(self, token: str, exclude: tuple[str, ...]) -> events.Event[R]:
        match unwrap_or_failure(self._service.find(token, exclude)):
            case AwsError() as error:
                return events.NotLookedUp(self._clock(), error)
            case observation:
                return events.Found(self._clock(), observation)

    def _stop(self, container: str, reason: str) -> events.Event[R]:
        return events.StopAnswered(self._clock(), self._service.stop((container,), reason).get(container))

    def _raised(
        self, event: Callable[[float, AwsError], events.Event[R]], error: BaseException
    ) -> events.Event[R]:
        """The event for a call that raised: whether AWS has carried it out is unknown."""
        return event(self._clock(), _unclear(error).failure())


def _unclear(error: BaseException) -> Failure[AwsError]:
    return Failure(
        AwsError(
            kind=Kind.AMBIGUOUS,
            code=type(error).__name__,
            message="the call raised an exception; see the scheduler's log",
        )
    )
