"""Summarize all jobs of one executor into a snapshot of limited size.

Law: one pass over the jobs, and a sort of those that are listed. Of many thousand jobs only a few are listed:
for each state, the jobs that have been in it longest, because they deserve attention. For each queue and
state all jobs are counted, and it is noted since when the oldest has been in that state.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic

from aws_executors.core.lifecycle.display_state import DisplayState, display_state
from aws_executors.core.lifecycle.job import Job, R
from aws_executors.core.lifecycle.metrics import ContainerState
from aws_executors.core.redact.outgoing import NAME, one_line
from aws_executors.core.warm.turn import container_of
from aws_executors.dashboard.snapshot import (
    ContainerCount,
    ContainerRecord,
    JobRecord,
    QueueCount,
    TaskKey,
)

LISTED = 25
"""How many jobs of one state are listed."""

LONGEST = NAME
"""The most bytes of a name, or of the reason why a job waits."""

KEY = 4 * NAME
"""The most bytes of a DAG's, task's or run's id: enough for the 250 characters that Airflow allows. An id
that was cut would lead to no page, and could not be checked for permission."""

COUNTED = 100
"""How many pairs of queue and state are counted; those with the most jobs come first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Generic[R]):
    """One job, its key and queue, and since when it has been in its state (seconds since the epoch).

    `key` is Airflow's own; it is read only for the few jobs that are listed.
    """

    job: Job[R]
    key: object
    queue: str
    since: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The part of a snapshot that is about the jobs."""

    queues: tuple[QueueCount, ...]
    jobs: tuple[JobRecord, ...]
    left_out: int


def summarize(entries: Iterable[Entry[R]], key_of: Callable[[object], TaskKey]) -> Summary:
    """Count all jobs, and list the oldest of each state; `key_of` reads Airflow's keys.

    >>> entry = Entry(job=Job(token="0b6e"), key="etl", queue="default", since=5.0)
    >>> summary = summarize([entry], lambda key: TaskKey(dag=str(key)))
    >>> summary.queues, summary.left_out
    ((QueueCount(queue='default', state=<DisplayState.WAITING: 'waiting'>, count=1, oldest=5.0),), 0)
    """
    by_state: dict[DisplayState, list[Entry[R]]] = {state: [] for state in DisplayState}
    counts: dict[tuple[str, DisplayState], tuple[int, float]] = {}
    for entry in entries:
        state = display_state(entry.job)
        by_state[state].append(entry)
        count, oldest = counts.get((entry.queue, state), (0, entry.since))
        counts[entry.queue, state] = count + 1, min(oldest, entry.since)
    jobs = tuple(_jobs(by_state, key_of))
    total = sum(len(some) for some in by_state.values())
    return Summary(queues=tuple(_queues(counts)), jobs=jobs, left_out=total - len(jobs))


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerEntry:
    """One warm container: its id, what it does, since when, how many workloads it has run, and Airflow's key
    of the task that it runs."""

    container: str
    state: ContainerState
    since: float
    served: int
    key: object = None


def summarize_containers(
    entries: Iterable[ContainerEntry], key_of: Callable[[object], TaskKey]
) -> tuple[tuple[ContainerRecord, ...], tuple[ContainerCount, ...]]:
    """List the `LISTED` containers that have been in their state longest, and count all.

    >>> idle = ContainerEntry(container="4c75", state=ContainerState.IDLE, since=5.0, served=3)
    >>> listed, counted = summarize_containers([idle], lambda key: TaskKey(dag=str(key)))
    >>> counted
    (ContainerCount(state=<ContainerState.IDLE: 'idle'>, count=1, served=3),)
    """
    every = sorted(entries, key=_since)
    counted = (
        ContainerCount(state=state, count=len(own), served=sum(one.served for one in own))
        for state in ContainerState
        if (own := [one for one in every if one.state is state])
    )
    listed = (
        ContainerRecord(
            container=one_line(one.container, LONGEST),
            state=one.state,
            since=one.since,
            served=one.served,
            key=None if one.key is None else _short(key_of(one.key)),
        )
        for one in every[:LISTED]
    )
    return tuple(listed), tuple(counted)


def _since(entry: ContainerEntry) -> tuple[float, str]:
    return entry.since, entry.container


def _queues(counts: dict[tuple[str, DisplayState], tuple[int, float]]) -> Iterator[QueueCount]:
    most = sorted(((-count, *place) for place, (count, _) in counts.items()))[:COUNTED]
    kept = {(queue, state) for _, queue, state in most}
    for queue, state in (
        (queue, one) for queue in sorted({name for name, _ in kept}) for one in DisplayState
    ):
        if (queue, state) in kept:
            count, oldest = counts[queue, state]
            yield QueueCount(queue=one_line(queue, LONGEST), state=state, count=count, oldest=oldest)


def _jobs(
    by_state: dict[DisplayState, list[Entry[R]]], key_of: Callable[[object], TaskKey]
) -> Iterator[JobRecord]:
    for state, entries in by_state.items():
        for entry in heapq.nsmallest(LISTED, entries, key=_age):
            yield JobRecord(
                key=_short(key_of(entry.key)),
                queue=one_line(entry.queue, LONGEST),
                state=state,
                since=entry.since,
                container=one_line(container_of(entry.job.container), LONGEST),
                attempt=entry.job.attempt,
                reason=_reason(entry.job, state),
            )


def _age(entry: Entry[R]) -> tuple[float, str]:
    return entry.since, entry.job.token


def _reason(job: Job[R], state: DisplayState) -> str:
    """Why the job waits, if AWS or this package has said so."""
    if state in (DisplayState.RUNNING, DisplayState.ENDING):
        return ""
    seen = job.seen
    said = (seen.reason or seen.status) if seen is not None and not seen.ended else ""
    return one_line(said or job.told, LONGEST)


def _short(key: TaskKey) -> TaskKey:
    dag, task, run = (one_line(part, KEY) for part in (key.dag, key.task, key.run))
    return TaskKey(dag=dag, task=task, run=run, map_index=key.map_index, try_number=key.try_number)
