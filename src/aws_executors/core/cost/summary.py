"""Add records up: what DAGs, tasks, queues or single task instances used and cost.

Law: pure sums, the dearest first; records, which may be many, are not kept. What has no price or measurement
is counted, and left out of sums and peaks rather than taken for zero.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import reduce
from typing import TypeVar

from aws_executors.core.aws.fargate_sizes import GIB
from aws_executors.core.cost.record import UsageRecord

N = TypeVar("N", int, float)


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageEntry:
    """The record of one container, and the task instance that it was for; `at` in seconds since the epoch."""

    dag: str
    task: str
    run: str = ""
    map_index: int = -1
    try_number: int = 1
    at: float = 0.0
    record: UsageRecord


class Grouping(StrEnum):
    """What records are added up by."""

    DAG = "dag"
    TASK = "task"
    QUEUE = "queue"
    INSTANCE = "instance"


KEYS: Mapping[Grouping, Callable[[UsageEntry], tuple[str, ...]]] = {
    Grouping.DAG: lambda entry: (entry.dag,),
    Grouping.TASK: lambda entry: (entry.dag, entry.task),
    Grouping.QUEUE: lambda entry: (entry.record.queue or "default",),
    Grouping.INSTANCE: lambda entry: (entry.dag, _instance(entry), entry.run),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRow:
    """The sum of some records.

    `dollars` is None if no record has a price, and leaves out the `unpriced` ones. `seconds` is how long the
    containers ran. `memory` is the largest peak (MiB), and `memory_share` the largest share that was used of
    a container's memory; both are None if none was measured. `idle` is the memory that was paid for above the
    peak of each run, in GiB-seconds.
    """

    name: tuple[str, ...]
    containers: int
    dollars: float | None
    unpriced: int
    seconds: float
    cpu: float | None
    memory: int | None
    memory_share: float | None
    idle: float
    killed: int

    @property
    def title(self) -> str:
        """The first two parts of the row's name, joined by a dot."""
        return ".".join(self.name[:2])


_NOTHING = UsageRow(
    name=(),
    containers=0,
    dollars=None,
    unpriced=0,
    seconds=0.0,
    cpu=None,
    memory=None,
    memory_share=None,
    idle=0.0,
    killed=0,
)


def usage_rows(entries: Iterable[UsageEntry], by: Grouping) -> tuple[UsageRow, ...]:
    """One row per group, the dearest first; rows of equal cost, or without a price, by running time.

    >>> entries = [UsageEntry(dag="etl", task="load", record=UsageRecord(dollars=cost)) for cost in (1, 2)]
    >>> [(row.name, row.containers, row.dollars) for row in usage_rows(entries, Grouping.TASK)]
    [(('etl', 'load'), 2, 3.0)]
    """
    rows: dict[tuple[str, ...], UsageRow] = {}
    for entry in entries:  # there may be millions, so none is kept
        name = KEYS[by](entry)
        one = _of_one(name, entry.record)
        rows[name] = _added(rows[name], one) if name in rows else one
    return tuple(sorted(rows.values(), key=_dearest))


def usage_row(name: tuple[str, ...], records: Iterable[UsageRecord]) -> UsageRow:
    """The sum of these records."""
    return sum_of(name, (_of_one(name, record) for record in records))


def sum_of(name: tuple[str, ...], rows: Iterable[UsageRow]) -> UsageRow:
    """The sum of these sums.

    >>> row = usage_row(("etl",), [UsageRecord(dollars=1), UsageRecord()])
    >>> whole = sum_of(("all",), [row, row])
    >>> whole.containers, whole.dollars, whole.unpriced
    (4, 2.0, 2)
    """
    return replace(reduce(_added, rows, _NOTHING), name=name)


def _of_one(name: tuple[str, ...], record: UsageRecord) -> UsageRow:
    return UsageRow(
        name=name,
        containers=1,
        dollars=record.dollars,
        unpriced=int(record.dollars is None),
        seconds=record.running or 0.0,
        cpu=record.cpu,
        memory=record.peak,
        memory_share=memory_share(record),
        idle=_idle(record),
        killed=int(record.killed),
    )


def _added(one: UsageRow, other: UsageRow) -> UsageRow:
    return UsageRow(
        name=one.name,
        containers=one.containers + other.containers,
        dollars=_sum(one.dollars, other.dollars),
        unpriced=one.unpriced + other.unpriced,
        seconds=one.seconds + other.seconds,
        cpu=_sum(one.cpu, other.cpu),
        memory=_most(one.memory, other.memory),
        memory_share=_most(one.memory_share, other.memory_share),
        idle=one.idle + other.idle,
        killed=one.killed + other.killed,
    )


def _sum(one: float | None, other: float | None) -> float | None:
    return one if other is None else (one or 0.0) + other


def _most(one: N | None, other: N | None) -> N | None:
    return other if one is None or (other is not None and other > one) else one


def memory_share(record: UsageRecord) -> float | None:
    """The share that a container used of its memory; None if that is not known."""
    return None if record.peak is None or not record.had else record.peak / record.had


def _idle(record: UsageRecord) -> float:
    if record.peak is None or record.memory is None:
        return 0.0
    return max(record.memory - record.peak, 0) / GIB * (record.billed or 0.0)


def _dearest(row: UsageRow) -> tuple[float, float, tuple[str, ...]]:
    return -(row.dollars or 0.0), -row.seconds, row.name


def _instance(entry: UsageEntry) -> str:
    mapped = f"[{entry.map_index}]" if entry.map_index >= 0 else ""
    return f"{entry.task}{mapped} try {entry.try_number}"
