"""What a job asks for, turned into calls that workers make.

Law: `perform` takes the effects as they are; what comes back is a message. Nothing here asks for a job's
stage, and nothing here decides. Building, submissions, polls, the store and the database have workers of
their own, so that none waits for another.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Generic, Protocol, TypeVar, assert_never

from returns.methods import unwrap_or_failure
from returns.result import Failure, Result, Success

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.aws.service import Service
from aws_executors.core.lifecycle.job import (
    Accepted,
    Event,
    Fence,
    Found,
    LookUp,
    NotLookedUp,
    NotStored,
    Prepare,
    Prepared,
    Refused,
    Renew,
    Renewed,
    Requeue,
    Stop,
    StopAnswered,
    Submit,
    Unpreparable,
)
from aws_executors.core.lifecycle.verdict import Row
from aws_executors.shell.airflow.loggers import words
from aws_executors.shell.engine.messages import (
    AllFenced,
    Asked,
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
from aws_executors.shell.engine.protocol import STALL, Performable
from aws_executors.shell.engine.thread_pool import GivenUpError, Workers

TOO_LATE = AwsError(
    kind=Kind.UNREACHABLE,
    code="NotSubmitted",
    message="no worker was free in time, or this scheduler was stalled",
)

PATIENCE = 20.0
"""Seconds that a request may take to be built: a person's builder may do what it likes, and never return."""

SPARE = 4
"""For every so many workers one submission waits for the next worker that is free. More would only wait here
instead of at the queue, where a more urgent one still goes first and none is ever too late."""

R = TypeVar("R")
K_contra = TypeVar("K_contra", contravariant=True)


class Database(Protocol[K_contra]):
    """The little that is read from, and written to, Airflow's database. Every method may raise."""

    def read(self, asked: Mapping[str, Asked[K_contra]]) -> Mapping[str, Row | None]:
        """The rows of these jobs, by token, less those that say what has been heard; None for one that is
        gone."""
        ...

    def fence(self, key: K_contra, token: str) -> None:
        """Set a running task instance to restarting: its container's reports are refused from then on."""
        ...

    def requeue(self, key: K_contra, token: str) -> None:
        """Let the scheduler queue this task instance again, unless it has moved on already."""
        ...


class WorkerOperations(Generic[K, R]):
    """The engine's operations, carried out by workers; each answers with a message."""

    def __init__(
        self,
        service: Service[R],
        database: Database[K],
        post: Callable[[Message[K, R]], None],
        clock: Callable[[], float],
        workers: int,
    ) -> None:
        self._service = service
        self._database = database
        self._clock = clock
        self._building: Workers[Message[K, R]] = Workers("build", max(1, workers // 4), post, PATIENCE)
        self._submitting: Workers[Message[K, R]] = Workers("submit", workers, post)
        self._looking: Workers[Message[K, R]] = Workers("look", max(2, workers // 4), post)
        self._storing: Workers[Message[K, R]] = Workers("store", max(2, workers // 4), post)
        self._reading: Workers[Message[K, R]] = Workers("database", 1, post)
        self._lock = threading.Lock()
        self._room = workers + max(1, workers // SPARE)

    @property
    def _lanes(self) -> tuple[Workers[Message[K, R]], ...]:
        return self._building, self._submitting, self._looking, self._storing, self._reading

    def __repr__(self) -> str:
        return (
            f"<build {self._building!r}, submit {self._submitting!r}, look {self._looking!r}, "
            f"store {self._storing!r}, database {self._reading!r}>"
        )

    def start(self) -> None:
        """Start the workers."""
        for lane in self._lanes:
            lane.start()

    def stop(self) -> None:
        """Let the workers end, each after the call it is making."""
        for lane in self._lanes:
            lane.stop()

    @property
    def submissions_under_way(self) -> int:
        """How many submissions (and last stops) are not yet answered."""
        return self._submitting.unanswered

    @property
    def room(self) -> int:
        """How many more submissions would soon begin."""
        return self._room

    def drop_submissions(self) -> None:
        """Forget the submissions, and the requests for them, that nobody has begun."""
        self._building.drop_waiting()
        self._submitting.drop_waiting()

    def perform(self, work_item: WorkItem[K, R], effect: Performable[R], request_id: int = 0) -> None:
        """Do what this job asks for; the answer, a `JobEvent`, carries this number."""
        run: Callable[[], Event[R]]
        lost: Callable[[BaseException], Event[R]]
        match effect:
            case Prepare(attempt=attempt):
                workers, run = self._building, partial(self._prepare, work_item, attempt)
                lost = partial(self._not_prepared, work_item)
            case Renew(attempt=attempt):
                workers, run = self._storing, partial(self._renew, work_item, attempt)
                lost = partial(self._lost, Renewed)
            case Submit(request=request):
                self._take_room(1)
                workers, run = self._submitting, partial(self._submit, request, self._clock())
                lost = partial(self._lost, Refused)
            case LookUp(exclude=exclude):
                workers, run = self._looking, partial(self._look_up, work_item.job.token, exclude)
                lost = partial(self._lost, NotLookedUp)
            case Stop(container=container, reason=reason):
                workers, run = self._looking, partial(self._stop, container, reason)
                lost = partial(self._lost, StopAnswered)
            case Fence():
                self._write(self._database.fence, work_item, Fenced)
                return
            case Requeue():
                answer = lambda problem: Requeued(self._clock(), work_item, problem)  # noqa: E731
                self._write(self._database.requeue, work_item, answer)
                return
            case never:
                assert_never(never)
        token = work_item.job.token
        workers.call(
            lambda: JobEvent(token, run(), request_id),
            lambda e: JobEvent(token, lost(e), request_id),
            work_item.priority,
        )

    def discard(self, work_item: WorkItem[K, R]) -> None:
        """Take away whatever was stored for a job."""
        stored = work_item.stored

        def run() -> Message[K, R]:
            gone: Result[None, AwsError] = Success(None) if stored is None else stored.discard()
            return Discarded(self._clock(), work_item, gone.swap().value_or(None))

        def lost(error: BaseException) -> Message[K, R]:
            return Discarded(self._clock(), work_item, _unclear(error))

        # After all renewals: these cannot wait.
        self._storing.call(run, lost, priority=-(2**31))

    def describe(self, containers: tuple[str, ...]) -> None:
        """Poll up to 100 containers."""

        def run() -> Message[K, R]:
            result = self._service.describe(containers)
            return Described(self._clock(), containers, result)

        self._looking.call(run, lambda e: Described(self._clock(), containers, Failure(_unclear(e))))

    def read_rows(self, asked: Mapping[str, Asked[K]]) -> None:
        """Read the rows of these jobs, by token, and tell those that say something new."""

        def run() -> Message[K, R]:
            began = self._clock()  # a row that comes late may have been read early
            try:
                return RowsRead(began, self._database.read(asked))
            except Exception as error:  # noqa: BLE001 - it may raise, and who reads the message complains, once
                return unread(error)

        def unread(error: BaseException) -> Message[K, R]:
            return RowsUnread(self._clock(), tuple(asked), words(error))

        self._reading.call(run, unread)

    def fence_all(self, containers: Mapping[str, tuple[str, K]]) -> None:
        """Have Airflow refuse the words of these containers at the end: the token and the key of each."""

        def run() -> Message[K, R]:
            problem = ""
            for token, key in containers.values():
                try:
                    self._database.fence(key, token)
                except Exception as error:  # noqa: BLE001 - as above, and the others are not to pay for it
                    problem = words(error)
            return AllFenced(tuple(containers), problem)

        self._reading.call(run, lambda e: AllFenced(tuple(containers), words(e)), priority=2**31)

    def stop_all(self, containers: tuple[str, ...], reason: str) -> None:
        """Stop these containers, nobody's job any more."""

        def run() -> Message[K, R]:
            self._service.stop(containers, reason)
            return Stopped(containers)

        self._submitting.call(run, lambda _: Stopped(containers), priority=2**31)

    # --- What workers do -----------------------------------------------------------------------------------

    def _prepare(self, work_item: WorkItem[K, R], attempt: int) -> Event[R]:
        if work_item.build is None:
            return Unpreparable(self._clock(), "its workload was lost with the scheduler that queued it")
        began = self._clock()  # the token is no younger
        match unwrap_or_failure(work_item.build(attempt).alt(_problem)):
            case _Problem(why):
                return Unpreparable(self._clock(), why)
            case AwsError() as error:
                return NotStored(self._clock(), error)
            case request:
                every = None if work_item.stored is None else work_item.stored.renew_every
                return Prepared(began, request, every)

    def _not_prepared(self, work_item: WorkItem[K, R], error: BaseException) -> Event[R]:
        given_up = f"{work_item.builder or 'the request builder'} {error}; no request was made"
        return Unpreparable(self._clock(), given_up if isinstance(error, GivenUpError) else words(error))

    def _renew(self, work_item: WorkItem[K, R], attempt: int) -> Event[R]:
        began, stored = self._clock(), work_item.stored  # as above
        if stored is None:
            return Renewed(began, None)
        return Renewed(began, stored.renew(attempt).swap().value_or(None), stored.renew_every)

    def _submit(self, request: R, asked: float) -> Event[R]:
        """Not, if so much time has passed that its task may not wait for the container any more."""
        try:
            if self._clock() - asked > STALL:
                return Refused(self._clock(), TOO_LATE)
            match unwrap_or_failure(self._service.submit(request)):
                case AwsError() as error:
                    return Refused(self._clock(), error)
                case container:
                    return Accepted(self._clock(), container)
        finally:
            self._take_room(-1)  # before the answer is posted: who reads it may hand the next one on

    def _look_up(self, token: str, exclude: tuple[str, ...]) -> Event[R]:
        match unwrap_or_failure(self._service.find(token, exclude)):
            case AwsError() as error:
                return NotLookedUp(self._clock(), error)
            case observation:
                return Found(self._clock(), observation)

    def _stop(self, container: str, reason: str) -> Event[R]:
        return StopAnswered(self._clock(), self._service.stop((container,), reason).get(container))

    def _lost(self, event: Callable[[float, AwsError], Event[R]], error: BaseException) -> Event[R]:
        """The event of a call that raised: nobody knows what became of it."""
        return event(self._clock(), _unclear(error))

    def _write(
        self,
        write: Callable[[K, str], None],
        work_item: WorkItem[K, R],
        answer: Callable[[str], Message[K, R]],
    ) -> None:
        """Write to the database, and post whether that failed, in words."""

        def run() -> Message[K, R]:
            try:
                write(work_item.key, work_item.job.token)
            except Exception as error:  # noqa: BLE001 - as for rows
                return answer(words(error))
            return answer("")

        self._reading.call(run, lambda e: answer(words(e)))

    def _take_room(self, places: int) -> None:
        with self._lock:
            self._room -= places


def _problem(problem: str | AwsError) -> _Problem | AwsError:
    return problem if isinstance(problem, AwsError) else _Problem(problem)


class _Problem(str):
    """Why there is no request, told apart from a request that happens to be a string."""

    __slots__ = ()
    __match_args__ = ("words",)

    @property
    def words(self) -> str:
        return str(self)


def _unclear(error: BaseException) -> AwsError:
    return AwsError(
        kind=Kind.AMBIGUOUS,
        code=type(error).__name__,
        message="the call raised an exception; see the scheduler's log",
    )
