"""Provide one Airflow and one embedded AWS, ready for a DAG, for the duration of a block.

Law: starts the parts in the fastest order, and takes everything down in the reverse order. Nothing is left
behind: no process, and no file except the logs.
"""

import json
import signal
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from aws_executors.core.cost.record import USED
from aws_executors.demo import cloud
from aws_executors.demo.api import Api, DagRun, EventLogRow
from aws_executors.demo.containers import Container, Turn, read_containers, turns_in
from aws_executors.demo.environment import AirflowHome, airflow_environment, container_environment
from aws_executors.demo.processes import (
    INTERRUPTS,
    Deployment,
    NotReadyError,
    Process,
    end_of,
    interruptible,
    left_behind,
)
from aws_executors.demo.proof import KINDS_OF_SLOT, Claim, none_left, slots, slots_free
from aws_executors.local import LocalAws
from aws_executors.local.http.wire import Request

AT_ONCE = 4  # how many containers run at a time: each takes a core for seconds, and 150 MB
EXECUTORS = 2
START = 180.0  # seconds that Airflow may take to start, on a busy machine
ASK = 0.5  # seconds between two calls of Airflow's API, which compete with the tasks for the CPU
STARTED = ") started in "  # what each executor logs when it starts

COMPONENTS: Mapping[str, tuple[str, ...]] = {
    "api-server": ("airflow", "api-server"),
    "dag-processor": ("airflow", "dag-processor"),
    "scheduler": ("airflow", "scheduler", "--skip-serve-logs"),
    "triggerer": ("airflow", "triggerer", "--skip-serve-logs"),
}


@dataclass(frozen=True, slots=True)
class DemoStage:
    """What a user or a test can do with the running Airflow and AWS."""

    aws: LocalAws
    deployment: Deployment
    place: AirflowHome
    api: Api
    names: cloud.Names

    @property
    def scheduler(self) -> Process:
        return self.deployment.processes["scheduler"]

    def start(self, component: str, name: str = "", **environment: str) -> Process:
        """Start a component of Airflow (again), or a further one of the same kind under another name."""
        return self.deployment.start(name or component, COMPONENTS[component], **environment)

    def trigger(self, dag_id: str) -> DagRun:
        """Start a run of a DAG as soon as Airflow knows it; NotReadyError says what is wrong with its
        file."""
        try:
            self.deployment.wait_for(
                f"DAG {dag_id}", lambda: self.api.has_dag(dag_id), timeout=START, every=ASK
            )
        except NotReadyError as error:
            faults = "\n".join(fault.stack_trace for fault in self.api.import_faults())
            raise NotReadyError(f"{error}\n{faults}") from None
        return self.api.trigger(dag_id)

    def containers(self) -> tuple[Container, ...]:
        """All containers that have been started."""
        return read_containers(self.aws.tasks(), self.aws.jobs(), self.stored())

    def stored(self) -> dict[str, bytes]:
        """The last body of every object that was ever written to the store, by address."""
        if self.names.transport == "inline":
            return {}
        puts = (request for request in self.aws.requests() if is_store(request, self.names))
        return {f"s3:/{put.path}": put.body for put in puts if put.method == "PUT"}

    def turns(self) -> tuple[Turn, ...]:
        """The workloads that warm containers have run."""
        if not self.names.stores:
            return ()
        puts = (request for request in self.aws.requests() if is_store(request, self.names))
        return turns_in((put.path, put.body) for put in puts if put.method == "PUT" and "/cells/" in put.path)

    def emptied(self, timeout: float = 60.0) -> tuple[str, ...]:
        """What remains in the store after waiting up to `timeout` seconds for it to become empty."""
        deadline = time.monotonic() + timeout
        while (left := tuple(self.aws.objects(self.names.bucket))) and time.monotonic() < deadline:
            time.sleep(0.2)
        return left

    def recorded(self, run: DagRun, containers: int, timeout: float = 30.0) -> tuple[EventLogRow, ...]:
        """The usage records of a run's containers, once there are as many as `containers`; each comes seconds
        after its container has ended."""
        deadline = time.monotonic() + timeout
        while len(found := self.api.event_logs(run, USED)) < containers and time.monotonic() < deadline:
            time.sleep(ASK)
        return found

    def messages(self) -> Iterator[tuple[str, str]]:
        """All requests to AWS (without stored workloads), and its events and descriptions, each named."""
        for number, request in enumerate(self.aws.requests()):
            body = b"" if is_store(request, self.names) else request.body
            head = f"{request.method} {request.path} {request.headers}"
            yield f"request {number}, {request.method} {request.path}", f"{head} {body.decode('latin-1')}"
        for number, told in enumerate([*self.aws.changes(), *self.aws.tasks(), *self.aws.jobs()]):
            yield f"event or description {number}", json.dumps(told, default=str)

    def slots(self, timeout: float = 15.0, scheduler: str = "scheduler") -> Claim:
        """Whether the executors' slots are free, or become free in time, according to the scheduler's debug
        dump."""
        deadline = time.monotonic() + timeout
        while any(slots(dump := self.dump(scheduler))) and time.monotonic() < deadline:
            time.sleep(0.5)
        return slots_free(dump, EXECUTORS)

    def dump(self, scheduler: str = "scheduler") -> str:
        """What a scheduler logs about its executors when it receives SIGUSR2."""
        process = self.deployment.processes[scheduler]
        log = process.log

        def started() -> bool | None:
            return process.said().count(STARTED) >= EXECUTORS or None

        # A signal that arrives before its handler ends the process; Airflow sets the handler before its
        # executors start.
        self.deployment.wait_for("the scheduler's executors", started, timeout=START)
        before = log.stat().st_size
        process.signal(signal.SIGUSR2)

        def whole() -> str | None:
            said = end_of(log, before)
            return said if len(slots(said)) >= KINDS_OF_SLOT * EXECUTORS else None

        return self.deployment.wait_for("the scheduler's debug dump", whole, timeout=10.0)


@contextmanager
def stage(
    dags: Path,
    logs: Path,
    options: Mapping[str, str] | None = None,
    names: cloud.Names | None = None,
    at_once: int = AT_ONCE,
    image: Mapping[str, str] | None = None,
    prepared: Callable[[Mapping[str, str]], AbstractContextManager[Mapping[str, str]]] = nullcontext,
    *,
    delays: str = "none",
    time_factor: float = 1.0,
    components: Collection[str] = tuple(COMPONENTS),
) -> Iterator[DemoStage]:
    """Run Airflow with both executors in front of an embedded AWS.

    `options` are variables for Airflow's components, `at_once` is how many containers run at a time, `image`
    are further variables for every container. `prepared` is a context that turns the environment of Airflow's
    components into the one that they get; it is entered before the first component starts, and left after the
    last has ended. `delays` and `time_factor` are those of the embedded AWS. `components` are the names of
    the components to start.
    """
    names = names or cloud.Names()
    with ExitStack() as stack:
        stack.enter_context(interruptible())
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="aws-executors-")))
        place = AirflowHome(home=home, dags=dags)
        stack.callback(nothing_left, place)
        aws = stack.enter_context(
            LocalAws(
                max_processes=at_once,
                container_env={**container_environment(place), **(image or {})},
                keep_requests=names.stores,
                delays=delays,
                time_factor=time_factor,
            )
        )
        environment: Mapping[str, str] = airflow_environment(
            place, aws.environment, {**names.options(aws.url), **(options or {})}
        )
        environment = stack.enter_context(prepared(environment))
        deployment = stack.enter_context(Deployment(environment=environment, logs=logs))
        stack.callback(shield)
        up = DemoStage(aws, deployment, place, Api(place.url), names)
        migration = deployment.start("migration", ["airflow", "db", "migrate"])
        cloud.create(aws.environment, names)
        deployment.finish(migration)
        for component in components:
            up.start(component)
        deployment.wait_for("Airflow's API server", up.api.answers, timeout=START)
        yield DemoStage(aws, deployment, place, up.api.logged_in(), names)


def is_store(request: Request, names: cloud.Names) -> bool:
    """Whether a request concerns an object of the store."""
    return request.path.startswith(f"/{names.bucket}/")


def nothing_left(place: AirflowHome) -> None:
    """Raise RuntimeError if a process is left that has this Airflow's address in its environment."""
    if (claim := none_left(left_behind(place.url), "process")).faults:
        raise RuntimeError(str(claim))


def shield() -> None:
    """Ignore further interruptions, so that a second Ctrl-C does not stop the clean-up halfway."""
    for number in INTERRUPTS:
        signal.signal(number, signal.SIG_IGN)
