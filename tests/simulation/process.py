"""One scheduler's process: what of it is alive, and the real engine and clients within it, in virtual time.

Law: the production code is here as it is: the desk, the errands, the calls, the clients' error handling. Only
three things are put in the place of others: worker threads (`Lane`), the engine's thread (`VirtualEngine`),
and the boto3 client (`VirtualClient`). A process that has died does nothing more, not even in mid-call.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from botocore.exceptions import ClientError, ReadTimeoutError
from returns.result import Result, Success

from aws_executors.core.errors import AwsError
from aws_executors.core.service import Service
from aws_executors.core.settings import Settings
from aws_executors.core.verdict import Row
from aws_executors.local.world import Json
from aws_executors.shell.allowance import Account
from aws_executors.shell.clients import Clients, ServiceName
from aws_executors.shell.desk import Desk, Gears
from aws_executors.shell.engine import Engine
from aws_executors.shell.errands import Errands
from aws_executors.shell.mail import Closing, Described, Letter, RowsRead
from aws_executors.shell.workers import Workers

from simulation.airflow_model import Metadata
from simulation.cloud import Cloud
from simulation.timeline import Timeline, between

if TYPE_CHECKING:
    from airflow.executors.workloads.types import WorkloadKey

T = TypeVar("T")
R = TypeVar("R")


class Died(BaseException):
    """The process was killed while this was under way."""


@dataclass(slots=True)
class Process:
    """One process of a scheduler: whether it lives, until when it is stalled, and what spoils its letters."""

    number: int
    seed: int
    line: Timeline
    alive: bool = True
    stalled_until: float = 0.0
    doubles_until: float = 0.0
    slow_until: float = 0.0
    database_down_until: float = 0.0
    dies_at_call: int = 0
    letters: int = 0
    calls: int = 0

    @property
    def name(self) -> str:
        """As a person reads it."""
        return f"scheduler {self.number}"

    def after(self, seconds: float, happen: Callable[[], None]) -> None:
        """Something is to happen in this process: if it still lives then, and once it is no longer stalled."""
        self.line.after(seconds, lambda: self._happen(happen))

    def _happen(self, happen: Callable[[], None]) -> None:
        if not self.alive:
            return
        if self.line.now < self.stalled_until:
            self.line.at(self.stalled_until, lambda: self._happen(happen))
            return
        try:
            happen()
        except Died:
            self.line.tell(self.name, "is gone")

    def wait(self, seconds: float) -> None:
        """Wait inside a call; raises `Died` if the process did not live to see its end."""
        self.line.wait(seconds)
        if self.line.now < self.stalled_until:
            self.line.wait(self.stalled_until - self.line.now)
        if not self.alive:
            raise Died

    def die(self) -> None:
        """kill -9."""
        if self.alive:
            self.alive = False
            self.line.tell(self.name, "is killed")


# --- Calls to AWS ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Meta:
    """What is asked of a boto3 client's `meta`."""

    method_to_api_mapping: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class VirtualClient:
    """A boto3 client whose calls go to the cloud, take time, and fail as botocore's do."""

    service: str
    process: Process
    cloud: Cloud

    @property
    def meta(self) -> Meta:
        """Which operations there are."""
        return Meta({"terminate_jobs": "TerminateJobs"})

    def run_task(self, **params: object) -> Json:
        return self._call("RunTask", params)

    def describe_tasks(self, **params: object) -> Json:
        return self._call("DescribeTasks", params)

    def list_tasks(self, **params: object) -> Json:
        return self._call("ListTasks", params)

    def stop_task(self, **params: object) -> Json:
        return self._call("StopTask", params)

    def submit_job(self, **params: object) -> Json:
        return self._call("SubmitJob", params)

    def describe_jobs(self, **params: object) -> Json:
        return self._call("DescribeJobs", params)

    def list_jobs(self, **params: object) -> Json:
        return self._call("ListJobs", params)

    def terminate_jobs(self, **params: object) -> Json:
        return self._call("TerminateJobs", params)

    def _call(self, action: str, params: Json) -> Json:
        process, times = self.process, self.cloud.schedule.times
        process.calls += 1
        number = process.calls
        process.wait(between(0.01, 0.2, process.seed, process.number, number, "out"))
        answer = self.cloud.call(self.service, action, params)
        self._tell(action, params, answer.error or ("" if answer.delivered else "answer lost"))
        if process.dies_at_call and number >= process.dies_at_call:
            process.die()
        back = answer.delay + between(0.01, 0.2, process.seed, process.number, number, "back")
        if not answer.delivered or back > times.call_timeout:
            process.wait(times.call_timeout)
            raise ReadTimeoutError(endpoint_url="https://aws")
        process.wait(back)
        if answer.error is None:
            return answer.body
        said: Any = {
            "Error": {"Code": answer.error, "Message": answer.body.get("message", "")},
            "ResponseMetadata": {"HTTPStatusCode": answer.status},
            **answer.body,
        }
        raise ClientError(said, action)

    def _tell(self, action: str, params: Json, problem: str) -> None:
        if action in ("DescribeTasks", "DescribeJobs") and not problem:
            return  # there are too many of these
        what = params.get("clientToken") or params.get("jobName") or params.get("startedBy")
        what = what or params.get("task") or params.get("jobs") or params.get("filters") or ""
        self.process.line.tell(self.process.name, f"{action} {what} {problem}".rstrip())


class VirtualClients(Clients):
    """The real clients, over virtual ones."""

    def __init__(self, settings: Settings, process: Process, cloud: Cloud) -> None:
        super().__init__(settings, clock=process.line.clock)
        self._process, self._cloud = process, cloud

    def _client(self, service: ServiceName) -> Result[object, AwsError]:
        return Success(VirtualClient(service, self._process, self._cloud))


# --- The engine --------------------------------------------------------------------------------------------


class Lane(Workers[T]):
    """Workers without threads: every call begins a little later, all at once."""

    def __init__(self, name: str, process: Process, post: Callable[[T], None]) -> None:
        super().__init__(name, 0, post)
        self._name, self._process = name, process
        self._waiting: set[int] = set()
        self._numbers = 0

    def call(
        self, run: Callable[[], T], lost: Callable[[BaseException], T], priority: int = 0, rank: int = 0
    ) -> None:
        self._numbers += 1
        number = self._numbers
        self._waiting.add(number)
        self._count(1)
        process = self._process
        delay = between(0.0, 0.1, process.seed, process.number, self._name, number, "begin")
        process.after(delay, lambda: self._make(number, run, lost))

    def drop_waiting(self) -> None:
        self._count(-len(self._waiting))
        self._waiting.clear()

    def _make(self, number: int, run: Callable[[], T], lost: Callable[[BaseException], T]) -> None:
        if number not in self._waiting:
            return
        self._waiting.discard(number)
        try:
            letter = run()
        except Exception as error:  # noqa: BLE001 - what a worker does
            letter = lost(error)
        self._post(letter)
        self._count(-1)


@dataclass(frozen=True, slots=True)
class VirtualDatabase:
    """`Database` over the model's rows; it can be down."""

    process: Process
    metadata: Metadata

    def read(self, keys: object) -> list[Row | None]:
        """The rows, after a while, read at its beginning or at its end."""
        self._reach()
        rows = self.metadata.read(cast("tuple[object, ...]", keys))
        self.process.wait(0.02)
        return rows

    def give_back(self, key: object, token: str) -> None:
        """One is given back."""
        self._reach()
        self.metadata.give_back(key, token)

    def _reach(self) -> None:
        self.process.wait(0.02)
        if self.process.line.now < self.process.database_down_until:
            raise OSError("the database does not answer")


class VirtualErrands(Errands["WorkloadKey", R]):
    """The real errands, whose workers are lanes."""

    def __init__(
        self,
        service: Service[R],
        database: VirtualDatabase,
        post: Callable[[Letter[WorkloadKey, R]], None],
        process: Process,
    ) -> None:
        super().__init__(service, database, post, process.line.clock, 1)
        self._submitting = Lane("submit", process, post)
        self._looking = Lane("look", process, post)
        self._reading = Lane("database", process, post)


class VirtualEngine(Engine["WorkloadKey", R]):
    """The real engine without its thread: the desk is sat at whenever there is something to do."""

    def __init__(
        self, service: Service[R], database: VirtualDatabase, gears: Gears, process: Process
    ) -> None:
        allowance = Account().share(service.allotments)
        self._process = process
        self._clock = process.line.clock
        self._inbox: queue.SimpleQueue[Letter[WorkloadKey, R]] = queue.SimpleQueue()
        self._errands: Errands[WorkloadKey, R] = VirtualErrands(service, database, self._posted, process)
        self._desk: Desk[WorkloadKey, R] = Desk(self._errands, gears, self._clock, allowance)
        self._planned: float | None = None
        self._ended = False

    def start(self) -> None:
        """Nothing to start."""

    def hand_over(self, handover: Any) -> None:
        super().hand_over(handover)
        self._process.after(0.0, self._turn)

    def revoke(self, token: str) -> None:
        super().revoke(token)
        self._process.after(0.0, self._turn)

    def end(self, *, stop: bool, timeout: float) -> None:
        """As the real one, which waits for its thread."""
        self._inbox.put(Closing(stop))
        until = self._clock() + timeout
        while self._clock() < until and not self._ended:
            self._turn()
            self._ended = self._desk.settled
            self._process.wait(0.05)

    @property
    def empty(self) -> bool:
        """Whether no job is left."""
        return not any(self._desk.jobs())

    def _posted(self, letter: Letter[WorkloadKey, R]) -> None:
        """A worker posts a letter: it comes at once, late, or twice, if the process lives.

        What is looked at may be told twice (events of AWS will be); the answer to one call is one letter.
        """
        process = self._process
        process.letters += 1
        now, number = self._clock(), process.letters
        slow = now < process.slow_until
        delay = between(0.0, 6.0 if slow else 0.02, process.seed, process.number, number, "letter")
        process.after(delay, lambda: self._read(letter))
        if now < process.doubles_until and isinstance(letter, Described | RowsRead):
            again = between(0.0, 5.0, process.seed, process.number, number, "again")
            process.after(delay + again, lambda: self._read(letter))

    def _read(self, letter: Letter[WorkloadKey, R]) -> None:
        self._inbox.put(letter)
        self._turn()

    def _turn(self) -> None:
        while not self._inbox.empty():
            self._desk.take(self._inbox.get_nowait())
        self._desk.turn()
        due = self._desk.next_time()
        now = self._clock()
        if due is not None and due != self._planned:
            self._planned = due
            self._process.after(max(0.001, due - now), self._turn)

