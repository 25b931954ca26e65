"""What a run starts: its cases and the request of each, without starting anything.

Law: makes requests by the configured builder, as the executor does. To a request for Batch, verify adds only
bounds: one attempt, and a time limit.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Lock
from typing import Any
from uuid import uuid4

from returns.methods import unwrap_or_failure
from returns.result import Failure, Result, Success

from aws_executors.core.aws.errors import AwsError
from aws_executors.core.batch.request import JobTimeout, RetryStrategy, SubmitJob
from aws_executors.core.ecs.request import RunTask
from aws_executors.core.requests.compose import BuildFault, built
from aws_executors.core.requests.launch import Launch, Task
from aws_executors.core.requests.wire import to_kwargs
from aws_executors.core.settings.base import Settings
from aws_executors.core.warm.step import may_be_warm
from aws_executors.shell.airflow.configuration.configured import Configured
from aws_executors.shell.aws.client.clients import Clients
from aws_executors.shell.services import Backend, Calls
from aws_executors.shell.transport import Transport, transport_of
from aws_executors.verify.proof.model import CaseTrace
from aws_executors.verify.proof.programs import CASES, LONGEST, MARK, STORED, WARM, Case
from aws_executors.verify.warm_cell import WarmCell, warm_cell

MOST_CONTAINERS = 10
MOST_SECONDS = 600.0
EXTRA = 2
"""How many more containers are started if AWS accepts the requests that it should refuse: a changed request
under a used client token, and a request that is too large."""

DAG = "aws_executors_verify"


@dataclass(frozen=True, kw_only=True)
class VerifySetup:
    """One section of airflow.cfg, with access to everything that it names."""

    backend: Backend[Any, Any] = field(repr=False)
    configured: Configured[Any, Any]
    clients: Clients
    queue: str = "default"  # Airflow's queue for tasks that name none
    team: str | None = None

    @property
    def settings(self) -> Settings:
        """The settings of the section."""
        settings: Settings = self.configured.settings
        return settings

    @property
    def service(self) -> str:
        """``ecs`` or ``batch``."""
        return self.settings.service

    @property
    def container(self) -> str:
        """The Airflow container's name; empty if the only container has no name."""
        return str(self.configured.settings.container_name)

    def calls(self) -> Calls[Any]:
        """The executor's own calls."""
        return self.backend.calls(self.clients, self.configured.settings)

    def store(self) -> Transport | None:
        """Where workloads are stored, if `workload_store` says so."""
        ways = transport_of(self.settings, self.clients)
        return next((way for way in ways if way is not None and way.stores), None)

    def request(
        self, case: Case, token: str, attempt: int = 1, arguments: tuple[str, ...] = ()
    ) -> Result[Any, str]:
        """The request for a case, made by the configured builder; or the reason why there is none."""
        spec = self.backend.spec
        launch: Launch[Any] = Launch(
            task=Task(dag_id=DAG, task_id=case.name.replace(" ", "_"), run_id="verify"),
            command=case.command(*arguments),
            queue=self.queue,
            settings=self.settings,
            token=token,
            attempt=attempt,
        )
        match unwrap_or_failure(built(self.configured.build, launch, spec.request, spec.seal)):
            case BuildFault() as fault:
                return Failure(f"The request builder fails for an ordinary task: {fault}")
            case request if MARK not in json.dumps(to_kwargs(request)):
                return Failure(
                    f"{self.configured.builder} replaces the command of the Airflow container, so that "
                    "verify's containers would run something else. Let the builder keep launch.command "
                    f"(for tasks of the DAG {DAG}, at least)"
                )
            case request:
                return Success(with_bounds(request))

    def warm(self) -> bool:
        """Whether a task may get a warm container."""
        return may_be_warm(self.configured.build, self.settings)

    def cell(self, traces: Mapping[str, CaseTrace]) -> WarmCell | None:
        """The cell of the warm container, if these cases include it."""
        trace = traces.get(WARM.name)
        if trace is None:
            return None
        return warm_cell(self.settings, self.team, self.clients, trace, self.new_token)

    def traces(self) -> Mapping[str, CaseTrace]:
        """The cases that these settings call for, each with a token of its own."""
        wanted = {STORED: self.store() is not None, WARM: self.warm()}
        cases = [case for case in CASES if wanted.get(case, True)]
        return {case.name: CaseTrace(case=case, token=self.new_token()) for case in cases}

    def new_token(self) -> str:
        """A token, as Airflow would make one."""
        return str(uuid4())

    def endpoint(self) -> str:
        """The address of the service's API if it is not the public one."""
        client: Any = self.clients.batch if self.service == "batch" else self.clients.ecs
        url = str(client(lambda one: one.meta.endpoint_url).value_or(""))
        return "" if ".amazonaws." in url or ".amazonaws-" in url else url


def with_bounds(request: Any) -> Any:
    """The request with bounds that AWS itself enforces: one attempt of a job, and no more than ten minutes.

    ECS has neither bound; there every program ends by itself.
    """
    if isinstance(request, SubmitJob):
        limit = JobTimeout(attempt_duration_seconds=LONGEST)
        return replace(request, retry_strategy=RetryStrategy(attempts=1), timeout=limit)
    return request


def request_name(request: Any) -> str:
    """The name with a case's token in it: the client token of a RunTask, the name of a job."""
    return (request.client_token if isinstance(request, RunTask) else request.job_name) or ""


@dataclass(slots=True)
class StoredCase:
    """What is stored for a case, as the engine's `Stored`; discarded by the engine, and again at the end.

    The lock is held while something is stored, so that nothing is stored after it was discarded.
    """

    store: Transport
    submission: str
    workload: str
    renew_every: float | None = None
    put: bool = False
    discarded: bool = False
    problem: AwsError | None = None
    _lock: Lock = field(default_factory=Lock)
    _closed: bool = False

    def command(self) -> Result[tuple[str, ...], str | AwsError]:
        """Store the workload; returns the command by which the container's launcher would find it."""
        with self._lock:
            if self._closed:
                return Failure("verify is at its end")
            self.put = True
            return self.store.put(self.submission, self.workload).alt(_either)

    def renew(self, attempt: int) -> Result[None, AwsError]:
        """Do nothing: the object is needed for a minute or two only."""
        return Success(None)

    def discard(self) -> Result[None, AwsError]:
        """Remove the object, if it was stored."""
        with self._lock:
            self._closed = True
            if not self.put or self.discarded:
                return Success(None)
            gone = self.store.remove(self.submission)
            self.problem = gone.swap().value_or(None)
            self.discarded = self.problem is None
            return gone


def stored_case(store: Transport, token: str) -> StoredCase:
    """A workload for the store that no launcher can run, because it is not valid."""
    return StoredCase(store, f"{token}-1", json.dumps({"verify": token}))


Build = Callable[[int], Result[Any, "str | AwsError"]]


def build_of(setup: VerifySetup, trace: CaseTrace, arguments: tuple[str, ...] = ()) -> Build:
    """The function by which the engine builds a case's requests."""
    return partial(_built, setup, trace, arguments)


def _built(
    setup: VerifySetup, trace: CaseTrace, arguments: tuple[str, ...], attempt: int
) -> Result[Any, str | AwsError]:
    return setup.request(trace.case, trace.token, attempt, arguments).alt(_either)


def _either(problem: str | AwsError) -> str | AwsError:
    return problem


def build_stored(setup: VerifySetup, trace: CaseTrace, stored: StoredCase) -> Build:
    """As `build_of`, for the case whose workload is stored first."""

    def build(attempt: int) -> Result[Any, str | AwsError]:
        match unwrap_or_failure(stored.command()):
            case str() | AwsError() as problem:
                return Failure(problem)
            case command:
                return _built(setup, trace, tuple(command[3:]), attempt)

    return build
