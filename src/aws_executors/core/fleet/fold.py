"""All jobs of one executor, folded into a snapshot of bounded size.

Law: one pass over the jobs, and a sort of what is shown one by one. Of many thousand jobs only so many are
told singly: of each standing those that have been in it for longest, because these are what a person looks
for. How many there are of each, and since when, is always told.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic

from aws_executors.core.fleet.snapshot import Group, Key, Member
from aws_executors.core.fleet.standing import Standing, standing_of
from aws_executors.core.job import Job, R
from aws_executors.core.texts import NAME, one_line

SHOWN = 25
"""Jobs of one standing that are told singly."""

LONGEST = NAME
"""Bytes of a name, or of the words why a job waits."""

GROUPS = 100
"""Queues times standings that are told; what has most jobs goes first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Generic[R]):
    """One job, whose it is, and since when it stands as it does (seconds since the epoch).

    `key` is Airflow's own: what it says is read only of the few that are told.
    """

    job: Job[R]
    key: object
    queue: str
    since: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """What a snapshot says of the jobs."""

    groups: tuple[Group, ...]
    members: tuple[Member, ...]
    left_out: int


def fold(entries: Iterable[Entry[R]], named: Callable[[object], Key]) -> Folded:
    """Count all jobs, and tell the oldest of each standing; `named` reads Airflow's keys.

    >>> entry = Entry(job=Job(token="0b6e"), key="etl", queue="default", since=5.0)
    >>> folded = fold([entry], lambda key: Key(dag=str(key)))
    >>> folded.groups, folded.left_out
    ((Group(queue='default', standing=<Standing.WAITING: 'waiting'>, count=1, oldest=5.0),), 0)
    """
    by_standing: dict[Standing, list[Entry[R]]] = {standing: [] for standing in Standing}
    groups: dict[tuple[str, Standing], tuple[int, float]] = {}
    for entry in entries:
        standing = standing_of(entry.job)
        by_standing[standing].append(entry)
        count, oldest = groups.get((entry.queue, standing), (0, entry.since))
        groups[entry.queue, standing] = count + 1, min(oldest, entry.since)
    members = tuple(_members(by_standing, named))
    total = sum(len(some) for some in by_standing.values())
    return Folded(groups=tuple(_groups(groups)), members=members, left_out=total - len(members))


def _groups(groups: dict[tuple[str, Standing], tuple[int, float]]) -> Iterator[Group]:
    most = sorted(((-count, *place) for place, (count, _) in groups.items()))[:GROUPS]
    shown = {(queue, standing) for _, queue, standing in most}
    for queue, standing in (
        (queue, one) for queue in sorted({name for name, _ in shown}) for one in Standing
    ):
        if (queue, standing) in shown:
            count, oldest = groups[queue, standing]
            yield Group(queue=one_line(queue, LONGEST), standing=standing, count=count, oldest=oldest)


def _members(by_standing: dict[Standing, list[Entry[R]]], named: Callable[[object], Key]) -> Iterator[Member]:
    for standing, entries in by_standing.items():
        for entry in heapq.nsmallest(SHOWN, entries, key=_age):
            yield Member(
                key=_short(named(entry.key)),
                queue=one_line(entry.queue, LONGEST),
                standing=standing,
                since=entry.since,
                container=one_line(entry.job.container, LONGEST),
                attempt=entry.job.attempt,
                words=_words(entry.job, standing),
            )


def _age(entry: Entry[R]) -> tuple[float, str]:
    return entry.since, entry.job.token


def _words(job: Job[R], standing: Standing) -> str:
    """Why it waits, as far as AWS or we have said so."""
    if standing in (Standing.RUNNING, Standing.ENDING):
        return ""
    seen = job.seen
    said = (seen.reason or seen.status) if seen is not None and not seen.ended else ""
    return one_line(said or job.told, LONGEST)


def _short(key: Key) -> Key:
    dag, task, run = (one_line(part, LONGEST) for part in (key.dag, key.task, key.run))
    return Key(dag=dag, task=task, run=run, index=key.index, number=key.number)
