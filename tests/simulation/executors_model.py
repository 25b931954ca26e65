"""The real executors, in a process of virtual time.

Law: no decision of an executor is replaced: it queues, reports, adopts and revokes by
`shell/airflow/executor.py`. Its settings are given, its engine is virtual, its tokens have virtual times.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeVar

from airflow.executors.workloads import ExecuteCallback
from returns.result import Result, Success

from aws_executors.core.batch.builder import build as batch_build
from aws_executors.core.batch.request import SubmitJob
from aws_executors.core.batch.settings import BatchSettings
from aws_executors.core.ecs.builder import build as ecs_build
from aws_executors.core.ecs.request import RunTask
from aws_executors.core.ecs.settings import EcsSettings
from aws_executors.core.lifecycle.poll_interval import PollInterval
from aws_executors.core.settings.base import Settings
from aws_executors.core.settings.errors import SettingsFaults
from aws_executors.executors import AwsBatchExecutor, AwsEcsFargateExecutor
from aws_executors.shell.airflow.configuration.configured import Configured
from aws_executors.shell.airflow.executor import AwsExecutor
from aws_executors.shell.airflow.started import StartedParts, engine_config, sharing_of
from aws_executors.shell.airflow.work_items import WorkItems
from aws_executors.shell.airflow.workloads import RequestFactory, Transports
from aws_executors.shell.aws.client.clients import Clients
from aws_executors.shell.engine.aws_events.intake import EventIntake
from aws_executors.shell.engine.messages import WorkItem
from aws_executors.shell.transport import INLINE, transport_of
from aws_executors.shell.transport.takeover import Takeover
from aws_executors.shell.transport.warm_service import WarmService
from simulation.airflow_model import Metadata
from simulation.calls_model import VirtualClients
from simulation.cloud import BUCKET, CLUSTER, CONTAINER, DEFINITION, QUEUE, Cloud, token_with
from simulation.engine_model import VirtualDatabase, VirtualEngine, virtual_lock
from simulation.process import Process
from support.worlds import Unmeasured

if TYPE_CHECKING:
    from airflow.executors.workloads.types import WorkloadKey

    from aws_executors.shell.airflow.workloads import Workload

S = TypeVar("S", bound=Settings)
R = TypeVar("R")
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Tokens:
    """Replaces Airflow's JWT generator: a token says from when until when it is valid, in virtual time; never
    for longer than a task may wait in the queue."""

    process: Process
    valid: float

    def generate(self, extras: dict[str, str], valid_for: float) -> str:
        """A token that is valid from now on."""
        now = self.process.line.now
        return token_with(now, now + min(valid_for or self.valid, self.valid))


class VirtualWorkItems(WorkItems[S, R]):
    """The real work items, with locks in virtual time."""

    def queued(self, workload: Workload, token: str) -> WorkItem[WorkloadKey, R]:
        work_item = super().queued(workload, token)
        if isinstance(work_item.build, RequestFactory):
            work_item.build._kept.lock = virtual_lock()
        return work_item

    def takeover(self, token: str, subject: str = "") -> Takeover | None:
        taken = super().takeover(token, subject)
        if taken is not None:
            taken._learned.lock = virtual_lock()
        return taken


class VirtualExecutor(AwsExecutor[S, R]):
    """The common part of both virtual executors."""

    def __init__(self, parallelism: int, process: Process, cloud: Cloud, metadata: Metadata) -> None:
        super().__init__(parallelism=parallelism)
        self._process, self._cloud, self._metadata = process, cloud, metadata
        self.engine: VirtualEngine[R] | None = None

    @cached_property
    def jwt_generator(self) -> Any:
        return Tokens(self._process, self._metadata.times.queued)

    def new_token(self) -> str:
        return str(self._metadata.new_id("own token"))

    @cached_property
    def _airflow_assigns(self) -> bool:
        return self._cloud.schedule.assigned

    def _enter(self, workload: Any, key: WorkloadKey) -> str:
        token = super()._enter(workload, key)
        if isinstance(workload, ExecuteCallback):
            self._metadata.callback_tokens[token] = str(workload.callback.id)
        return token

    def clients(self, settings: Settings) -> Clients:
        return VirtualClients(settings, self._process, self._cloud)

    def _start(self, configured: Configured[S, R]) -> None:
        settings, times = configured.settings, self._metadata.times
        service = self.service(settings)
        config = engine_config(settings, idempotent=service.idempotent, scheduler=self._process.number)
        policy = self._cloud.schedule.policy
        policy = replace(policy, idempotent=policy.idempotent or service.idempotent)
        pace = PollInterval(
            quickest=times.row_interval, slowest=8.0, first_poll=3.0, unsettled=6.0, sweep=20.0, silence=5.0
        )
        events = self._cloud.schedule.events
        config = replace(config, policy=policy, pace=pace, rows_every=times.row_interval, events=events)
        database = VirtualDatabase(self._process, self._metadata)
        sharing, cells = sharing_of(self, configured)
        if cells is not None:
            service = WarmService(service, cells)
            service._lock = virtual_lock()
        self.engine = VirtualEngine(service, database, config, self._process, cells)
        if events:
            read = partial(self.backend.spec.observe_event, settings)
            self._cloud.events.intakes.append((self._process, EventIntake(read, self.engine, Unmeasured())))
        usual, large = transport_of(settings, self.clients(settings))
        inline = INLINE[self._cloud.schedule.launcher]
        work_items: VirtualWorkItems[S, R] = VirtualWorkItems(
            executor=self,
            configured=configured,
            spec=self.backend.spec,
            ways=Transports(usual, large) if self._cloud.schedule.stored else Transports(inline),
            queueing=0.0,
            sharing=sharing,
        )
        # Logs are not read here: their reader is a thread with a clock of its own, and decides nothing.
        self._started = StartedParts(engine=self.engine, work_items=work_items)

    def _emit_metrics(self, open_slots: int, num_running_tasks: int, num_queued_tasks: int) -> None:
        """Emit nothing."""

    @property
    def _store_options(self) -> dict[str, Any]:
        if self._cloud.schedule.warm:
            return {
                "workload_store": f"s3://{BUCKET}",
                "warm_idle": 8.0,
                "warm_tasks": 5,
                "warm_age": 300.0,
                "warm_scope": "team",
            }
        if not self._cloud.schedule.stored:
            return {}
        return {
            "workload_transport": "s3",
            "workload_store": f"s3://{BUCKET}",
            "token_lifetime": int(self._metadata.times.token_lifetime),
        }

    @property
    def occupied(self) -> int:
        """How many keys the executor still knows."""
        return len(self._current_tokens)

    @property
    def idle(self) -> bool:
        """Whether no job is left."""
        return self.engine is None or self.engine.empty


class VirtualEcs(VirtualExecutor[EcsSettings, RunTask], AwsEcsFargateExecutor):
    """The executor for ECS."""

    def configure(self) -> Result[Configured[EcsSettings, RunTask], SettingsFaults]:
        settings = EcsSettings(
            region="us-east-1",
            cluster=CLUSTER,
            container_name=CONTAINER,
            task_definition=DEFINITION,
            subnets=("subnet-1",),
            adopt_task_instances=self._cloud.schedule.adopt,
            **self._store_options,
        )
        return Success(Configured(settings=settings, build=ecs_build))


class VirtualBatch(VirtualExecutor[BatchSettings, SubmitJob], AwsBatchExecutor):
    """The executor for Batch."""

    def configure(self) -> Result[Configured[BatchSettings, SubmitJob], SettingsFaults]:
        settings = BatchSettings(
            region="us-east-1",
            job_name=DEFINITION,
            job_queue=QUEUE,
            job_definition=DEFINITION,
            adopt_task_instances=self._cloud.schedule.adopt,
            **self._store_options,
        )
        return Success(Configured(settings=settings, build=batch_build))


AnyExecutor = VirtualEcs | VirtualBatch


def executor_of(parallelism: int, process: Process, cloud: Cloud, metadata: Metadata) -> AnyExecutor:
    """The executor of the schedule's service, started."""
    kind = VirtualEcs if cloud.schedule.service == "ecs" else VirtualBatch
    made: AnyExecutor = kind(parallelism, process, cloud, metadata)
    made.start()
    return made
