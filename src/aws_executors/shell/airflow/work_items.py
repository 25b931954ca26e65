"""Make the engine's work items from Airflow's workloads, and from task instances of other schedulers.

The engine's thread calls this module, because reading workloads takes time.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Generic, TypeVar

from airflow.executors.base_executor import BaseExecutor
from airflow.models.taskinstancekey import TaskInstanceKey
from airflow.utils.state import TaskInstanceState

from aws_executors.core.lifecycle.job import Job, Purpose
from aws_executors.core.lifecycle.transitions.token_renewal import renewal_interval
from aws_executors.core.requests.launch import Task
from aws_executors.core.requests.more_memory import asks_for_kills
from aws_executors.core.services import ServiceSpec
from aws_executors.core.settings.base import Settings
from aws_executors.shell.airflow import compat
from aws_executors.shell.airflow.configuration.configured import Configured
from aws_executors.shell.airflow.workloads import (
    URGENT,
    Parcel,
    RequestFactory,
    Sharing,
    TokenMint,
    Transports,
    parcel_of,
)
from aws_executors.shell.engine.messages import WorkItem
from aws_executors.shell.transport import Transport
from aws_executors.shell.transport.takeover import Takeover

if TYPE_CHECKING:
    from airflow.executors.workloads.types import WorkloadKey
    from airflow.models.taskinstance import TaskInstance

    from aws_executors.shell.airflow.workloads import Workload

S = TypeVar("S", bound=Settings)
R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class WorkItems(Generic[S, R]):
    """Makes the work items of one started executor, by its settings."""

    executor: BaseExecutor = field(repr=False)  # has Airflow's generator of workload tokens
    configured: Configured[S, R]
    spec: ServiceSpec[S, R]
    ways: Transports
    queueing: float  # seconds that a task may wait in Airflow's queue
    sharing: Sharing[R] | None = None

    def queued(self, workload: "Workload", token: str) -> "WorkItem[WorkloadKey, R]":
        """The work item of a workload that Airflow has queued."""
        parcel = parcel_of(workload)
        request_factory = RequestFactory(
            configured=self.configured,
            request_type=self.spec.request,
            seal=self.spec.seal,
            parcel=parcel,
            token=token,
            mint=TokenMint(parcel.workload, self.executor.jwt_generator),
            queueing=self.queueing,
            ways=self.ways,
            kills=self._kills(parcel),
            sharing=self.sharing,
        )
        job: Job[R] = Job(
            token=token,
            try_number=parcel.task.try_number,
            has_row=parcel.has_row,
        )
        return WorkItem(
            job=job,
            key=parcel.key,
            queue=parcel.queue if parcel.has_row else "",
            priority=parcel.priority,
            build=request_factory,
            stored=request_factory if self.store else None,
            id=parcel.id,
            recorded_as=None if parcel.has_row else as_task(parcel.task),
            builder=self.configured.builder,
        )

    def _kills(self, parcel: Parcel) -> Callable[[], int] | None:
        """A function that counts earlier tries killed for memory; None for a first try or if no step asks."""
        if not parcel.has_row or parcel.task.try_number < 2 or not asks_for_kills(self.configured.build):
            return None
        from aws_executors.shell.airflow.usage.records import memory_kills

        return partial(memory_kills, parcel.task)

    def orphan(self, ti: "TaskInstance", token: str) -> "WorkItem[WorkloadKey, R]":
        """The work item that adopts a dead scheduler's task instance or, by the settings, releases it."""
        settings, stored = self.configured.settings, self.takeover(token, str(ti.id))
        adopted = settings.adopt_task_instances
        waits = stored is not None and adopted and ti.state == TaskInstanceState.QUEUED
        every = renewal_interval(settings.token_lifetime or self.queueing)
        job: Job[R] = Job(
            token=token,
            try_number=ti.key.try_number,
            purpose=Purpose.ADOPT if adopted else Purpose.RELEASE,
            renew_every=every if waits else None,
        )
        return WorkItem(job=job, key=ti.key, queue=ti.queue or "", priority=URGENT, stored=stored, id=ti.id)

    def revoked(self, ti: "TaskInstance", token: str) -> "WorkItem[WorkloadKey, R]":
        """The work item that finds another scheduler's container by its token, and stops it."""
        job: Job[R] = Job(token=token, purpose=Purpose.CANCEL, has_row=False)
        stored = self.takeover(token)
        return WorkItem(job=job, key=ti.key, queue=ti.queue or "", priority=URGENT, stored=stored)

    @cached_property
    def store(self) -> Transport | None:
        """The transport that stores workloads, if one of the two does."""
        return next((way for way in (self.ways.usual, self.ways.large) if way and way.stores), None)

    def takeover(self, token: str, subject: str = "") -> Takeover | None:
        """What another scheduler may have stored; `subject` as in `Takeover`."""
        if self.store is None:
            return None
        return Takeover(
            store=self.store,
            token=token,
            attempts=self.configured.settings.max_attempts,
            subject=subject,
            mint=partial(compat.workload_token, self.executor.jwt_generator),
            certain=self.ways.usual.stores,
        )


def as_task(task: Task) -> TaskInstanceKey:
    """A task's key as a task instance's; a callback has no such row, but the event log accepts its key."""
    return TaskInstanceKey(task.dag_id, task.task_id, task.run_id, task.try_number, task.map_index)
