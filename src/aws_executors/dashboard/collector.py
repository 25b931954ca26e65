"""Take snapshots of a running executor: the jobs of its engine, and its calls to AWS.

Law: only reads. An engine's times come from a monotonic clock. They are converted to seconds since the epoch
by an offset that is computed once; otherwise every time would change slightly with every snapshot.
"""

import os
import socket
import time
import uuid
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, Protocol, TypeVar

from airflow.models.taskinstancekey import TaskInstanceKey

from aws_executors.core.aws.request_quotas import OperationNames
from aws_executors.core.lifecycle.job import Job
from aws_executors.dashboard.publisher import Publisher
from aws_executors.dashboard.recent_counts import RecentCounts, call_rates
from aws_executors.dashboard.snapshot import (
    HEARTBEAT,
    ContainerCount,
    ContainerRecord,
    Snapshot,
    TaskKey,
)
from aws_executors.dashboard.store import SnapshotRow
from aws_executors.dashboard.summary import (
    ContainerEntry,
    Entry,
    Summary,
    summarize,
    summarize_containers,
)
from aws_executors.shell.engine.aws_events.feed import News
from aws_executors.shell.engine.calls.rate_limiter import RateLimiter
from aws_executors.shell.engine.messages import WorkItem
from aws_executors.shell.engine.warm.container import WarmContainer

K = TypeVar("K", bound=Hashable)
R = TypeVar("R")


class ReadableEngine(Protocol[K, R]):
    """The part of an engine that is read here."""

    def entries(self) -> Iterator[tuple[WorkItem[K, R], Job[R], float]]:
        """Every job, its work item, and since when it has been in its state."""
        ...

    @property
    def news(self) -> News:
        """How the engine learns what happens to containers."""
        ...

    def containers(self) -> Sequence[WarmContainer[K, R]]:
        """The warm containers."""
        ...

    @property
    def changes(self) -> int:
        """How many changes there have been to jobs; while this count stays the same, so do `entries`."""
        ...


@dataclass(frozen=True, kw_only=True)
class Collector(Generic[K, R]):
    """Takes snapshots of one executor in this process."""

    engine: ReadableEngine[K, R]
    executor: str
    region: str
    operations: OperationNames
    counts: RecentCounts
    rate_limiter: RateLimiter
    team: str = ""
    every: float = 0.0
    clock: Callable[[], float] = time.monotonic
    epoch: float = field(default_factory=lambda: time.time() - time.monotonic())
    last: dict[int, Summary] = field(default_factory=dict, repr=False)
    """The last summary of the jobs, by the engine's change count at that time."""

    def __call__(self, now: float) -> Snapshot:
        """Take a snapshot at this time."""
        summary = self._summary()
        containers, counts = self._containers()
        return Snapshot(
            executor=self.executor,
            scheduler=f"{socket.gethostname()}:{os.getpid()}",
            region=self.region,
            at=round(now, 1),
            every=max(HEARTBEAT, self.every),
            team=self.team,
            queues=summary.queues,
            jobs=summary.jobs,
            left_out=summary.left_out,
            calls=call_rates(self.counts, self.rate_limiter, self.operations, self.clock()),
            news="" if self.engine.news is News.POLLS else str(self.engine.news),
            containers=containers,
            container_counts=counts,
        )

    def _containers(self) -> tuple[tuple[ContainerRecord, ...], tuple[ContainerCount, ...]]:
        """The warm containers."""
        found = self.engine.containers()
        busy = {one.job for one in found if one.job}
        keys = (
            {job.token: item.key for item, job, _ in self.engine.entries() if job.token in busy}
            if busy
            else {}
        )
        entries = (
            ContainerEntry(
                container=one.id,
                state=one.state,
                since=round(self.epoch + one.since, 1),
                served=one.served,
                key=keys.get(one.job),
            )
            for one in found
        )
        return summarize_containers(entries, key_of)

    def _summary(self) -> Summary:
        changes = self.engine.changes  # read before the jobs: later changes are summarized next time
        if changes not in self.last:
            entries = (
                Entry(job=job, key=item.key, queue=item.queue, since=round(self.epoch + at, 1))
                for item, job, at in self.engine.entries()
                if not job.pooled
            )
            summary = summarize(entries, key_of)
            self.last.clear()
            self.last[changes] = summary
        return self.last[changes]


def key_of(key: object) -> TaskKey:
    """The key of a task instance; an empty one for a callback."""
    if not isinstance(key, TaskInstanceKey):
        return TaskKey()
    return TaskKey(
        dag=key.dag_id,
        task=key.task_id,
        run=key.run_id,
        map_index=key.map_index,
        try_number=key.try_number,
    )


def publisher_of(collector: Collector[K, R], every: float) -> Publisher | None:
    """A publisher of the collector's snapshots, not yet started; None if `every` is 0."""
    if not every:
        return None
    return Publisher(
        replace(collector, every=every), SnapshotRow(uuid.uuid4().hex, collector.team or None), every
    )
