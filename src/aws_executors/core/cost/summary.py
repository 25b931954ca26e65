"""Add records up: what DAGs, tasks, queues or single task instances used and cost.

Law: pure sums, sorted by what is dearest. What nobody priced or measured is counted, and left out of sums and
peaks rather than taken for nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from aws_executors.core.aws.fargate_sizes import GIB
from aws_executors.core.cost.record import UsageRecord


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

    `dollars` is None if none of them has a price, and leaves out the `unpriced` ones. `seconds` are those
    that they ran. `memory` is the largest peak (MiB), and `memory_share` the largest share that was used of
    what a container had; both None if none was measured. `idle` is the part of the memory that was paid for
    and that no run needed, in GiB-seconds.
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
        """Its name in one word, as far as it goes."""
        return ".".join(self.name[:2])


def usage_rows(entries: Iterable[UsageEntry], by: Grouping) -> tuple[UsageRow, ...]:
    """One row per group, the dearest first, and of those without a price the longest.

    >>> entries = [UsageEntry(dag="etl", task="load", record=UsageRecord(dollars=cost)) for cost in (1, 2)]
    >>> [(row.name, row.containers, row.dollars) for row in usage_rows(entries, Grouping.TASK)]
    [(('etl', 'load'), 2, 3.0)]
    """
    groups: dict[tuple[str, ...], list[UsageRecord]] = {}
    for entry in entries:
        groups.setdefault(KEYS[by](entry), []).append(entry.record)
    rows = (usage_row(name, records) for name, records in groups.items())
    return tuple(sorted(rows, key=_dearest))


def usage_row(name: tuple[str, ...], records: Iterable[UsageRecord]) -> UsageRow:
    """The sum of these records."""
    found = tuple(records)
    priced = [one.dollars for one in found if one.dollars is not None]
    cpu = [one.cpu for one in found if one.cpu is not None]
    shares = [share for one in found if (share := memory_share(one)) is not None]
    return UsageRow(
        name=name,
        containers=len(found),
        dollars=float(sum(priced)) if priced else None,
        unpriced=len(found) - len(priced),
        seconds=sum(one.running or 0.0 for one in found),
        cpu=sum(cpu) if cpu else None,
        memory=max((one.peak for one in found if one.peak is not None), default=None),
        memory_share=max(shares, default=None),
        idle=sum(map(_idle, found)),
        killed=sum(one.killed for one in found),
    )


def memory_share(record: UsageRecord) -> float | None:
    """The share that a container used of its memory."""
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
