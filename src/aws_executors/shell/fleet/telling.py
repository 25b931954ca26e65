"""What a running executor tells: its engine's jobs, and what it asked of AWS, as a snapshot.

Law: looks and translates, changes nothing. An engine's times are of a clock of its own; here they become
seconds since the epoch, by a difference that is taken once: else all would seem to change a little each time.
"""

import os
import socket
import time
import uuid
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field, replace
from typing import Generic, Protocol, TypeVar

from airflow.models.taskinstancekey import TaskInstanceKey

from aws_executors.core.fleet.fold import Entry, Folded, fold
from aws_executors.core.fleet.snapshot import ALIVE, Key, Snapshot
from aws_executors.core.job import Job
from aws_executors.core.quota import Names
from aws_executors.shell.allowance import Allowance
from aws_executors.shell.fleet.publisher import Publisher
from aws_executors.shell.fleet.store import Shelf
from aws_executors.shell.fleet.tally import Tally, flows
from aws_executors.shell.mail import Handover

K = TypeVar("K", bound=Hashable)
R = TypeVar("R")


class Engine(Protocol[K, R]):
    """What is asked of an engine."""

    def entries(self) -> Iterator[tuple[Handover[K, R], Job[R], float]]:
        """Every job, what came with it, and since when it stands as it does."""
        ...

    @property
    def changes(self) -> int:
        """How often a job has changed: while this stays the same, so do `entries`."""
        ...


@dataclass(frozen=True, kw_only=True)
class Look(Generic[K, R]):
    """One executor of this process, and how it is to be called."""

    engine: Engine[K, R]
    executor: str
    region: str
    calls: Names
    tally: Tally
    allowance: Allowance
    team: str = ""
    every: float = 0.0
    clock: Callable[[], float] = time.monotonic
    epoch: float = field(default_factory=lambda: time.time() - time.monotonic())
    last: dict[int, Folded] = field(default_factory=dict, repr=False)
    """The jobs as they were folded last, by the engine's count of changes then."""

    def __call__(self, now: float) -> Snapshot:
        """What it tells at this time."""
        folded = self._folded()
        return Snapshot(
            executor=self.executor,
            scheduler=f"{socket.gethostname()}:{os.getpid()}",
            region=self.region,
            at=round(now, 1),
            every=max(ALIVE, self.every),
            team=self.team,
            groups=folded.groups,
            members=folded.members,
            left_out=folded.left_out,
            flows=flows(self.tally, self.allowance, self.calls, self.clock()),
        )

    def _folded(self) -> Folded:
        changes = self.engine.changes  # before the jobs: what changes meanwhile is folded the next time
        if changes not in self.last:
            entries = (
                Entry(job=job, key=handover.key, queue=handover.queue, since=round(self.epoch + at, 1))
                for handover, job, at in self.engine.entries()
            )
            folded = fold(entries, key_of)
            self.last.clear()
            self.last[changes] = folded
        return self.last[changes]


def key_of(key: object) -> Key:
    """A task instance's key; an empty one for a callback."""
    if not isinstance(key, TaskInstanceKey):
        return Key()
    return Key(dag=key.dag_id, task=key.task_id, run=key.run_id, index=key.map_index, number=key.try_number)


def publisher(look: Look[K, R], every: float) -> Publisher | None:
    """Who tells what this one sees, not yet begun; None where nobody is to be told anything."""
    told = replace(look, every=every)
    return Publisher(told, Shelf(uuid.uuid4().hex, look.team or None), every) if every else None
