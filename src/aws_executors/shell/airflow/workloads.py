"""Turn the workloads that Airflow hands over into requests.

Two things are called token: a queueing's token, by which its container is found again (`Job.token`), and a
workload's token, a JWT with which the container starts the task.

Law: the only module that knows the shape of Airflow's workloads. A workload's token is a secret: it goes
where the transport puts it, and nowhere else.
"""

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar
from uuid import UUID

from airflow.executors.workloads import ExecuteTask
from returns.methods import unwrap_or_failure
from returns.result import Failure, Result, Success

from aws_executors.core.aws.errors import AwsError
from aws_executors.core.lifecycle.transitions.token_renewal import renewal_interval
from aws_executors.core.requests.compose import BuildFault, built, fault_of, function_name, lifetime_of
from aws_executors.core.requests.launch import Launch, Task
from aws_executors.core.settings.base import Settings
from aws_executors.core.warm.shape import for_nobody, request_for, shape_of
from aws_executors.core.warm.step import WarmLimits, asked_for, warm_limits
from aws_executors.shell.airflow import compat
from aws_executors.shell.airflow.configuration.configured import Configured
from aws_executors.shell.engine.calls.thread_pool import ends_by_itself
from aws_executors.shell.engine.messages import WarmRequest
from aws_executors.shell.transport import Transport
from aws_executors.shell.transport.takeover import each_removed, times_in

if TYPE_CHECKING:
    from airflow.api_fastapi.auth.tokens import JWTGenerator
    from airflow.executors.workloads import ExecuteCallback
    from airflow.executors.workloads.types import WorkloadKey

    Workload: TypeAlias = ExecuteTask | ExecuteCallback

S = TypeVar("S", bound=Settings)
R = TypeVar("R")

URGENT = 2**20
"""The priority of callbacks (they finish work that has begun, so they go before tasks, as in Airflow's own
queue) and of other schedulers' task instances."""


@dataclass(slots=True)
class TokenMint:
    """Makes the workload's JSON for each container of a job, each time with another token.

    The first container gets the token that Airflow made when it queued the workload, if that is valid for
    about as long as a new one: signing a token is a tenth of what a task costs the scheduler's process.
    """

    workload: "Workload" = field(repr=False)
    generator: "JWTGenerator" = field(repr=False)
    _given: bool = field(default=True, repr=False)

    def __call__(self, lifetime: float) -> str:
        """The workload's JSON with a token valid for `lifetime` seconds; the first token, up to 5 % less.

        Source: ``airflow/executors/workloads/base.py``, `generate_token`, which has one lifetime for all.
        """
        workload, given = self.workload, self._given
        self._given = False
        if given and NEARLY * lifetime <= times_in(workload.token)[1] - time.time() <= lifetime:
            return workload.model_dump_json()
        subject = workload.ti.id if isinstance(workload, ExecuteTask) else workload.callback.id
        token = compat.workload_token(self.generator, str(subject), lifetime)
        return workload.model_copy(update={"token": token}).model_dump_json()


NEARLY = 0.95  # the part of a new token's lifetime for which the first token must still be valid


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One workload (a task or a callback), with what the executor needs to know about it.

    `has_row` says whether there is a task instance's row, and `id` is its id.
    """

    workload: "Workload" = field(repr=False)
    key: "WorkloadKey"
    task: Task
    has_row: bool
    priority: int
    id: UUID | None = None
    queue: str = "default"
    executor_config: object = field(default_factory=dict)


def parcel_of(workload: "Workload") -> Parcel:
    """Read a workload into a parcel."""
    if isinstance(workload, ExecuteTask):
        ti = workload.ti
        return Parcel(
            workload=workload,
            key=ti.key,
            task=Task(
                dag_id=ti.dag_id,
                task_id=ti.task_id,
                run_id=ti.run_id,
                try_number=ti.try_number,
                map_index=ti.map_index,
            ),
            has_row=True,
            priority=ti.priority_weight,
            id=compat.row_id(ti.id),
            queue=ti.queue,
            executor_config={} if ti.executor_config is None else ti.executor_config,
        )
    # executor_callbacks/<dag id>/<run id>/<callback id>: a callback names its DAG nowhere else
    _, dag_id, run_id, *_ = [*(workload.log_path or "").split("/"), "", "", ""]
    task = Task(dag_id=dag_id, task_id="callback", run_id=run_id)
    return Parcel(
        workload=workload, key=compat.workload_key(workload), task=task, has_row=False, priority=URGENT
    )


@dataclass(frozen=True, slots=True)
class Transports:
    """The usual transport, and another one for workloads that are too large for it."""

    usual: Transport
    large: Transport | None = None


CLOSED = "its job is closed already"
NOT_SHARED = (
    "executor_config: warm = True has no effect without warm containers; set warm_idle, or use the step "
    "warm() in request_builder"
)


@dataclass(slots=True)
class _Kept:
    """The mutable state of a request factory: what was stored where, and whether the job is closed.

    The lock is held while something is stored, so that nothing is stored after the job has been closed. It is
    never held while user code runs, which may not return.
    """

    lock: Lock = field(default_factory=Lock)
    stored: dict[int, tuple[Transport, str]] = field(default_factory=dict)  # by attempt, with its submission
    lifetime: float = 0.0
    renews: bool = False
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Sharing(Generic[R]):
    """What a container needs to get one workload after another: the address of its executor's cells, the
    function that makes a request from keyword arguments, and the version of this package."""

    cells: str
    from_kwargs: Callable[[object], R]
    version: str


OFFER_VALID = 60.0
"""Seconds for which the token of a workload that is offered to a warm container is valid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFactory(Generic[S, R]):
    """Builds the request of each attempt for one parcel, each with a token of its own.

    With `sharing`, the request is for a warm container, if the builder or the options ask for one.

    `seal` is the last step, after the user's builder; it adds what is needed to find the container again.
    `mint` makes the workload's JSON with a token valid for that many seconds; `queueing` is the lifetime if
    neither the builder nor `token_lifetime` sets one. `kills` looks up how many earlier tries were killed for
    memory; it is None for a first try, or if no step asks.
    """

    configured: Configured[S, R]
    request_type: type[R]
    seal: Callable[[Launch[S], R], R]
    parcel: Parcel
    token: str
    mint: Callable[[float], str] = field(repr=False)
    queueing: float
    ways: Transports
    kills: Callable[[], int] | None = None
    sharing: Sharing[R] | None = None
    _kept: _Kept = field(default_factory=_Kept, repr=False)

    def __call__(self, attempt: int) -> Result[R | WarmRequest[R], str | AwsError]:
        """The request of this attempt, or why there is none: text, or an error if it could not be stored."""
        launch = self._launch(attempt)
        if self.sharing is None:
            return Failure(NOT_SHARED) if asked_for(launch.executor_config) else self._own(launch)
        try:
            limits = warm_limits(self.configured.build, launch)
        except BaseException:  # noqa: BLE001 - a user's predicate: the builder will raise and report it
            limits = None
        return self._own(launch) if limits is None else self._shared(launch, limits, self.sharing)

    def _shared(
        self, launch: Launch[S], limits: WarmLimits, sharing: Sharing[R]
    ) -> Result[R | WarmRequest[R], str | AwsError]:
        nobodys = for_nobody(launch, limits, sharing.cells)

        def shared(request: R) -> WarmRequest[R]:
            shape = shape_of(request, nobodys, limits, sharing.version)
            return WarmRequest(
                shape=shape,
                container=partial(request_for, shape, from_kwargs=sharing.from_kwargs),
                workload=partial(self.mint, OFFER_VALID),
                cold=self.cold,
            )

        return self._built(nobodys).map(shared).alt(str)

    def cold(self, attempt: int) -> Result[R, str | AwsError]:
        """The request for a container of the job's own."""
        return self._own(self._launch(attempt))

    def _own(self, launch: Launch[S]) -> Result[R, str | AwsError]:
        lifetime = self._lifetime(launch)
        result = self._by(self.ways.usual, launch, lifetime)
        match unwrap_or_failure(result):
            case BuildFault(oversized=True) if self.ways.large is not None:
                result = self._by(self.ways.large, launch, lifetime)
            case _:
                pass
        return result.alt(lambda fault: fault if isinstance(fault, AwsError) else str(fault))

    @property
    def renew_every(self) -> float | None:
        """Seconds between two renewals of the token, if the workload is stored."""
        return renewal_interval(self._kept.lifetime) if self._kept.renews else None

    def renew(self, attempt: int) -> Result[None, AwsError]:
        """Put a fresh token into the stored workload of this attempt."""
        with self._kept.lock:
            if attempt not in self._kept.stored or self._kept.closed:
                return Success(None)
            way, submission = self._kept.stored[attempt]
            return way.refresh(submission, self.mint(self._kept.lifetime))

    def discard(self) -> Result[None, AwsError]:
        """Remove all stored workloads, and store nothing from now on."""
        with self._kept.lock:
            self._kept.closed = True
            return each_removed(self._kept.stored.values())

    def _launch(self, attempt: int) -> Launch[S]:
        kills = 0
        if self.kills is not None:
            with ends_by_itself():  # a slow database is no fault of the builder
                kills = self.kills()
        return Launch(
            task=self.parcel.task,
            command=(),
            queue=self.parcel.queue,
            executor_config=self.parcel.executor_config,
            settings=self.configured.settings,
            token=self.token,
            attempt=attempt,
            memory_kills=kills,
        )

    def _lifetime(self, launch: Launch[S]) -> float:
        try:
            own = lifetime_of(self.configured.build, launch)
        except BaseException:  # noqa: BLE001 - a user's predicate: the builder will raise and report it
            own = None
        return own or self.configured.settings.token_lifetime or self.queueing

    def _by(self, way: Transport, launch: Launch[S], lifetime: float) -> "Result[R, BuildFault | AwsError]":
        with self._kept.lock:
            if self._kept.closed:
                return Failure(BuildFault(builder=function_name(self.configured.build), error=CLOSED))
            self._kept.lifetime, self._kept.renews = lifetime, way.stores
            if way.stores:
                self._kept.stored[launch.attempt] = way, launch.submission
            with ends_by_itself() if way.stores else nullcontext():  # a slow store is no fault of the builder
                put = way.put(launch.submission, self.mint(lifetime))
        match unwrap_or_failure(put):
            case AwsError() as error:
                return Failure(error)
            case command:
                return self._built(replace(launch, command=command))

    def _built(self, launch: Launch[S]) -> Result[R, BuildFault]:
        build = self.configured.build
        try:
            return built(build, launch, self.request_type, self.seal)
        except KeyboardInterrupt as error:  # raised by the builder: Ctrl+C reaches only the main thread
            return Failure(fault_of(build, launch, error))
