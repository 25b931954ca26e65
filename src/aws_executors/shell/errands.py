"""What a job asks for, turned into calls that workers make.

Law: one method per effect; what comes back is a letter. Nothing here looks at a job's stage, and nothing
here decides. Building, submissions, looks, the store and the database have workers of their own, so that none
waits for another.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Generic, Protocol, TypeVar

from returns.methods import unwrap_or_failure
from returns.result import Failure, Result, Success

from aws_executors.core.errors import AwsError, Kind
from aws_executors.core.job import (
    Accepted,
    Event,
    Found,
    NotLookedUp,
    NotStored,
    Prepared,
    Refused,
    Renewed,
    StopAnswered,
    Unpreparable,
)
from aws_executors.core.service import Service
from aws_executors.core.verdict import Row
from aws_executors.shell.doubts import STALL
from aws_executors.shell.mail import (
    AllCutOff,
    Asked,
    Described,
    Discarded,
    GivenBack,
    Handover,
    Happened,
    IsCutOff,
    K,
    Letter,
    RowsRead,
    RowsUnread,
    Stopped,
)
from aws_executors.shell.speech import words
from aws_executors.shell.workers import GivenUpError, Workers

TOO_LATE = AwsError(
    kind=Kind.UNREACHABLE,
    code="NotSubmitted",
    message="no worker was free for it, or this scheduler stood still",
)

PATIENCE = 20.0
"""Seconds that a request may take to be built: a person's builder may do what it likes, and never return."""

SPARE = 4
"""For every so many workers one submission waits for the next worker that is free. More would only wait here
instead of at the gate, where a more urgent one still goes first and none is ever too late."""

R = TypeVar("R")
K_contra = TypeVar("K_contra", contravariant=True)


class Database(Protocol[K_contra]):
    """The little that is read from, and written to, Airflow's database. Every method may raise."""

    def read(self, asked: Mapping[str, Asked[K_contra]]) -> Mapping[str, Row | None]:
        """The rows of these jobs, by token, less those that say what has been heard; None for one that is
        gone."""
        ...

    def cut_off(self, key: K_contra, token: str) -> None:
        """Let a task instance that runs be restarting: its container's word does not count any more."""
        ...

    def give_back(self, key: K_contra, token: str) -> None:
        """Let the scheduler queue this task instance again, unless it has moved on already."""
        ...


class Errands(Generic[K, R]):
    """The engine's hands: it says what it wants done, and reads the answer as a letter."""

    def __init__(
        self,
        service: Service[R],
        database: Database[K],
        post: Callable[[Letter[K, R]], None],
        clock: Callable[[], float],
        workers: int,
    ) -> None:
        self._service = service
        self._database = database
        self._clock = clock
        self._building: Workers[Letter[K, R]] = Workers("build", max(1, workers // 4), post, PATIENCE)
        self._submitting: Workers[Letter[K, R]] = Workers("submit", workers, post)
        self._looking: Workers[Letter[K, R]] = Workers("look", max(2, workers // 4), post)
        self._storing: Workers[Letter[K, R]] = Workers("store", max(2, workers // 4), post)
        self._reading: Workers[Letter[K, R]] = Workers("database", 1, post)
        self._lock = threading.Lock()
        self._room = workers + max(1, workers // SPARE)

    @property
    def _lanes(self) -> tuple[Workers[Letter[K, R]], ...]:
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

    def prepare(self, handover: Handover[K, R], attempt: int, question: int) -> None:
        """Build the request of one attempt."""
        build = handover.build

        def run() -> Event[R]:
            if build is None:
                return Unpreparable(self._clock(), "its workload was lost with the scheduler that queued it")
            began = self._clock()  # the token is no younger
            match unwrap_or_failure(build(attempt).alt(_problem)):
                case _Problem(why):
                    return Unpreparable(self._clock(), why)
                case AwsError() as error:
                    return NotStored(self._clock(), error)
                case request:
                    every = None if handover.stored is None else handover.stored.renew_every
                    return Prepared(began, request, every)

        def lost(error: BaseException) -> Event[R]:
            given_up = f"{handover.builder or 'its request'} {error}; no request was made"
            return Unpreparable(self._clock(), given_up if isinstance(error, GivenUpError) else words(error))

        self._errand(self._building, handover, question, run, lost)

    def renew(self, handover: Handover[K, R], attempt: int, question: int) -> None:
        """Give the stored workload of one attempt a fresh token."""
        stored = handover.stored

        def run() -> Event[R]:
            began = self._clock()  # as above
            if stored is None:
                return Renewed(began, None)
            renewed = stored.renew(attempt)
            return Renewed(began, renewed.swap().value_or(None), stored.renew_every)

        self._errand(self._storing, handover, question, run, lambda e: Renewed(self._clock(), _unclear(e)))

    def discard(self, handover: Handover[K, R]) -> None:
        """Take away whatever was stored for a job."""
        stored = handover.stored

        def run() -> Letter[K, R]:
            gone: Result[None, AwsError] = Success(None) if stored is None else stored.discard()
            return Discarded(self._clock(), handover, gone.swap().value_or(None))

        def lost(error: BaseException) -> Letter[K, R]:
            return Discarded(self._clock(), handover, _unclear(error))

        # After all renewals: these cannot wait.
        self._storing.call(run, lost, priority=-(2**31))

    def submit(self, handover: Handover[K, R], request: R, question: int) -> None:
        """Start one container; not, if so much time has passed that its task may not wait for it any more."""
        asked = self._clock()
        self._take_room(1)

        def run() -> Event[R]:
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

        self._errand(self._submitting, handover, question, run, lambda e: Refused(self._clock(), _unclear(e)))

    def find(self, handover: Handover[K, R], exclude: tuple[str, ...], question: int) -> None:
        """Look for a job's container by its token."""

        def run() -> Event[R]:
            match unwrap_or_failure(self._service.find(handover.job.token, exclude)):
                case AwsError() as error:
                    return NotLookedUp(self._clock(), error)
                case observation:
                    return Found(self._clock(), observation)

        self._errand(
            self._looking, handover, question, run, lambda e: NotLookedUp(self._clock(), _unclear(e))
        )

    def stop_one(self, handover: Handover[K, R], container: str, reason: str, question: int) -> None:
        """Stop one job's container."""

        def run() -> Event[R]:
            return StopAnswered(self._clock(), self._service.stop((container,), reason).get(container))

        self._errand(
            self._looking, handover, question, run, lambda e: StopAnswered(self._clock(), _unclear(e))
        )

    def stop_all(self, containers: tuple[str, ...], reason: str) -> None:
        """Stop these containers, nobody's job any more."""

        def run() -> Letter[K, R]:
            self._service.stop(containers, reason)
            return Stopped(containers)

        self._submitting.call(run, lambda _: Stopped(containers), priority=2**31)

    def describe(self, containers: tuple[str, ...]) -> None:
        """Look at up to 100 containers."""

        def run() -> Letter[K, R]:
            result = self._service.describe(containers)
            return Described(self._clock(), containers, result)

        self._looking.call(run, lambda e: Described(self._clock(), containers, Failure(_unclear(e))))

    def read_rows(self, asked: Mapping[str, Asked[K]]) -> None:
        """Read the rows of these jobs, by token, and tell those that say something new."""

        def run() -> Letter[K, R]:
            began = self._clock()  # a row that comes late may have been read early
            try:
                return RowsRead(began, self._database.read(asked))
            except Exception as error:  # noqa: BLE001 - it may raise, and who reads the letter complains, once
                return unread(error)

        def unread(error: BaseException) -> Letter[K, R]:
            return RowsUnread(self._clock(), tuple(asked), words(error))

        self._reading.call(run, unread)

    def cut_off(self, token: str, key: K) -> None:
        """Have Airflow refuse the word of the container that runs this task instance."""

        def run() -> Letter[K, R]:
            try:
                self._database.cut_off(key, token)
                return IsCutOff()
            except Exception as error:  # noqa: BLE001 - as above
                return heard(error)

        def heard(error: BaseException) -> Letter[K, R]:
            return IsCutOff(words(error))

        self._reading.call(run, heard)

    def cut_off_all(self, containers: Mapping[str, tuple[str, K]]) -> None:
        """The same at the end, for these containers: the token and the key of each."""

        def run() -> Letter[K, R]:
            problem = ""
            for token, key in containers.values():
                try:
                    self._database.cut_off(key, token)
                except Exception as error:  # noqa: BLE001 - as above, and the others are not to pay for it
                    problem = words(error)
            return AllCutOff(tuple(containers), problem)

        self._reading.call(run, lambda e: AllCutOff(tuple(containers), words(e)), priority=2**31)

    def give_back(self, token: str, key: K) -> None:
        """Give one task instance back to the scheduler."""

        def run() -> Letter[K, R]:
            try:
                self._database.give_back(key, token)
                return GivenBack(self._clock(), token, key)
            except Exception as error:  # noqa: BLE001 - as above
                return kept(error)

        def kept(error: BaseException) -> Letter[K, R]:
            return GivenBack(self._clock(), token, key, words(error))

        self._reading.call(run, kept)

    def _take_room(self, places: int) -> None:
        with self._lock:
            self._room -= places

    def _errand(
        self,
        lane: Workers[Letter[K, R]],
        handover: Handover[K, R],
        question: int,
        run: Callable[[], Event[R]],
        lost: Callable[[BaseException], Event[R]],
    ) -> None:
        token = handover.job.token
        lane.call(
            lambda: Happened(token, run(), question),
            lambda e: Happened(token, lost(e), question),
            handover.priority,
        )


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
    return AwsError(kind=Kind.AMBIGUOUS, code=type(error).__name__, message="the call raised; see the log")
