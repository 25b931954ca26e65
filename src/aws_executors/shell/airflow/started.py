"""The parts of a started executor, put together by its settings.

Law: glue and nothing else. Threads start here, after all settings have been checked.
"""

from __future__ import annotations

import gc
import socket
import time
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Generic, TypeVar

from airflow.configuration import conf

from aws_executors.core.aws.event_rules import host_queue
from aws_executors.core.lifecycle.metrics import census
from aws_executors.core.lifecycle.policy import Policy
from aws_executors.core.lifecycle.poll_interval import poll_interval_of
from aws_executors.core.settings.base import Settings
from aws_executors.core.warm.shape import cells_of
from aws_executors.core.warm.step import may_be_warm
from aws_executors.dashboard.collector import Collector, publisher_of
from aws_executors.dashboard.publisher import Publisher
from aws_executors.dashboard.recent_counts import RecentCounts
from aws_executors.shell.airflow.configuration.configured import Configured
from aws_executors.shell.airflow.database import AirflowDatabase
from aws_executors.shell.airflow.metrics import AirflowMetrics, Sink
from aws_executors.shell.airflow.usage.recorder import UsageRecorder, recorder_of
from aws_executors.shell.airflow.work_items import WorkItems
from aws_executors.shell.airflow.workloads import Sharing, Transports
from aws_executors.shell.aws.event_queue import EventQueue
from aws_executors.shell.aws.log_tail import LogTail
from aws_executors.shell.aws.watched_service import WatchedService
from aws_executors.shell.engine.aws_events.intake import EventIntake
from aws_executors.shell.engine.aws_events.listener import EventListener
from aws_executors.shell.engine.calls.rate_limiter import Account, account
from aws_executors.shell.engine.dispatcher import EngineConfig
from aws_executors.shell.engine.thread import Engine
from aws_executors.shell.transport import transport_of
from aws_executors.shell.transport.cells import CellStore, cells_at
from aws_executors.shell.transport.warm_service import WarmService

if TYPE_CHECKING:
    from airflow.executors.workloads.types import WorkloadKey
    from airflow.models.taskinstancekey import TaskInstanceKey

    from aws_executors.shell.airflow.executor import AwsExecutor

S = TypeVar("S", bound=Settings)
R = TypeVar("R")

END_WITHIN = 1.8
"""Seconds that `end` may take: a scheduler that is being stopped is soon killed."""


@dataclass(frozen=True, kw_only=True)
class StartedParts(Generic[S, R]):
    """The parts of a started executor; None for a part that the settings do not ask for."""

    engine: Engine[WorkloadKey, R]
    work_items: WorkItems[S, R]
    log_tail: LogTail[WorkloadKey] | None = None
    usage: UsageRecorder[TaskInstanceKey] | None = None
    publisher: Publisher | None = None
    listener: EventListener | None = None

    def end(self) -> None:
        """Submit nothing more; leave the containers to the next scheduler, or stop them."""
        until = time.monotonic() + END_WITHIN
        if self.publisher is not None:
            self.publisher.end()
        if self.listener is not None:
            self.listener.end()
        stop = not self.work_items.configured.settings.adopt_task_instances
        self.engine.end(stop=stop, timeout=END_WITHIN)
        if self.publisher is not None:  # next, Airflow closes the sessions of all threads
            self.publisher.wait(max(0.0, until - time.monotonic()))


def start_parts(executor: AwsExecutor[S, R], configured: Configured[S, R]) -> StartedParts[S, R]:
    """Make and start the parts of this executor."""
    settings, spec = configured.settings, executor.backend.spec
    name, team = type(executor).__name__, executor.team_name
    service, counts = executor.service(settings), RecentCounts()
    metrics = AirflowMetrics({"executor": name} | ({"team_name": team} if team else {}))
    sharing, cells = sharing_of(executor, configured)
    if cells is not None:
        service = WarmService(service, cells)
    work_items = WorkItems(
        executor=executor,
        configured=configured,
        spec=spec,
        ways=Transports(*transport_of(settings, executor.clients(settings))),
        queueing=conf.getfloat("scheduler", "task_queued_timeout"),
        sharing=sharing,
    )
    rate_limiter = budget_of(settings, team or "").share(service.allotments)
    # The first metric makes Airflow read a file: send one now, not in the first heartbeat.
    for gauge, jobs in census(()):
        metrics.gauge(gauge, jobs)
    engine: Engine[WorkloadKey, R] = Engine(
        WatchedService(service, rate_limiter, metrics, counts),
        AirflowDatabase(),
        engine_config(settings, idempotent=service.idempotent, scheduler=executor.job_id),
        rate_limiter,
        metrics,
        cells=cells,
    )
    spare_what_is_loaded()
    engine.start()
    late = executor.late_log_events.append
    listener = _listener_of(executor, settings, engine, metrics)
    collector = Collector(
        engine=engine,
        executor=name,
        region=settings.region,
        team=team or "",
        operations=spec.operations,
        counts=counts,
        rate_limiter=rate_limiter,
    )
    publisher = publisher_of(collector, settings.fleet_interval)
    if publisher is not None:
        publisher.start()
    return StartedParts(
        engine=engine,
        work_items=work_items,
        log_tail=LogTail(executor.live_logs, late),
        usage=recorder_of(configured, metrics, late, executor.clients(settings), executor.backend),
        publisher=publisher,
        listener=listener,
    )


def budget_of(settings: Settings, team: str) -> Account:
    """The account whose rate limits an executor of this team (empty: of no team) shares in this process.

    Teams may have connections of the same name to different accounts, so each team counts as an account. If
    two share one after all, throttling makes them slow down, as beside another scheduler.
    """
    whose = team if settings.conn_id else ""
    return account(settings.region, settings.endpoint_url, settings.conn_id, whose)


@cache
def spare_what_is_loaded() -> None:
    """Exclude what this process has loaded so far from garbage collection, once per process.

    A full collection visits every object with the interpreter's lock held: the 300,000 or so that Airflow has
    loaded take 0.2 s, in which the scheduler and every thread here stand still. LocalExecutor and the DAG
    processor do the same before a fork. Source: https://docs.python.org/3/library/gc.html#gc.freeze.
    """
    gc.collect()
    gc.freeze()


def sharing_of(
    executor: AwsExecutor[S, R], configured: Configured[S, R]
) -> tuple[Sharing[R] | None, CellStore | None]:
    """What warm containers need to get one workload after another, and their cells; None without such."""
    settings = configured.settings
    if not may_be_warm(configured.build, settings):
        return None, None
    address = cells_of(settings, executor.team_name)
    # The version comes from disk: it is read once, not for each workload.
    sharing = Sharing(address, executor.backend.spec.from_kwargs, version("aws_executors"))
    return sharing, cells_at(address, settings, executor.clients(settings))


def engine_config(settings: Settings, *, idempotent: bool, scheduler: int | str | None) -> EngineConfig:
    """The engine's configuration by these settings, for the scheduler with this id in Airflow's table job."""
    return EngineConfig(
        policy=Policy(idempotent=idempotent, attempts=settings.max_attempts),
        pace=poll_interval_of(settings.poll_interval, settings.poll_interval_max),
        rows_every=settings.database_interval,
        workers=settings.workers,
        events=bool(settings.events_queue),
        usage=settings.usage,
        adopts=settings.adopt_task_instances,
        scheduler=scheduler if isinstance(scheduler, int) else None,
    )


def _listener_of(
    executor: AwsExecutor[S, R], settings: S, engine: Engine[WorkloadKey, R], metrics: Sink
) -> EventListener | None:
    """The listener that receives events from AWS, started; None if no queue is set."""
    if not settings.events_queue:
        return None
    url = host_queue(settings.events_queue, socket.gethostname())
    read = partial(executor.backend.spec.observe_event, settings)
    listener = EventListener(EventQueue(executor.clients(settings), url), EventIntake(read, engine, metrics))
    listener.start()
    return listener
