"""Which ends of containers are reported to the executor, where usage is recorded.

Law: for the engine's thread. Each end is reported once, with the sizes and times that AWS shows.
"""

from __future__ import annotations

from typing import TypeVar

from aws_executors.core.lifecycle import events
from aws_executors.core.lifecycle.observation import Observation
from aws_executors.shell.engine.job_table import Record
from aws_executors.shell.engine.messages import AirflowUpdate, ContainerEnded, K, WorkItem

R = TypeVar("R")


def newly_ended(record: Record[K, R], event: events.Event[R]) -> AirflowUpdate[K] | None:
    """The update that a job's container has ended, if this event is the first to show it."""
    match event:
        case events.Observed(observation=seen) | events.Found(observation=Observation() as seen):
            job = record.job
            if job.pooled:
                return None  # each of its workloads has a turn of its own, and the pool reports the rest
            own = seen.id == job.container or isinstance(event, events.Found)
            known = seen.given is not None or bool(seen.used)
            if not own or not seen.ended or not known or seen.id == record.accounted:
                return None
            record.accounted = seen.id
            return ended_update(record.work_item, seen, job.attempt)
        case _:
            return None


def ended_update(
    work_item: WorkItem[K, R], seen: Observation, attempt: int, served: tuple[str, ...] | None = None
) -> AirflowUpdate[K]:
    """The update that a container of this attempt has ended; `served` as in `ContainerEnded`."""
    ended = ContainerEnded(seen, attempt, work_item.queue, served)
    return AirflowUpdate(work_item.job.token, work_item.recorded_as or work_item.key, ended)
