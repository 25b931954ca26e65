"""The record of one container: its sizes and times, what it used, and about what it cost.

Law: one record per container that has ended; for a warm container, one per workload and one for the rest of
the container's time. A record is kept in the task instance's event log, as a line for people and, below it,
as JSON for `aws-executors usage`. What was not measured is None. A record that cannot be read is no record.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aws_executors.core.aws.fargate_sizes import GIB
from aws_executors.core.cost.estimate import allocation_dollars, billed_of, cost_text, price_class_of
from aws_executors.core.cost.measured import Measured
from aws_executors.core.cost.prices import PriceClass, Prices
from aws_executors.core.cost.sizes import fitting
from aws_executors.core.lifecycle.allocation import FREE_STORAGE, Allocation

USED = "container used"
"""The name of the record's event in a task's event log."""
WARM_CONTAINER = "warm_container"
"""The task's name in the record of a warm container's time that no workload pays for."""

_Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]


class UsageRecord(BaseModel):
    """What is known of one container that has ended. Seconds, MiB, bytes and US dollars.

    `memory` and `vcpu` are what is paid for, `limit` is what the Airflow container may use of the memory.
    `running` are the seconds that it ran for its task, `idle` those in which it waited for other workloads.
    `peak` is the most memory that was used, `cpu` the CPU seconds. `sold_as` is the name of a `PriceClass`,
    empty if there is none. `killed` says that the container, or a process in it, was killed for memory.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    section: str = ""
    region: str = ""
    queue: str = ""
    sold_as: str = ""
    vcpu: _Amount | None = None
    memory: Count | None = None
    limit: Count | None = None
    storage: Count = FREE_STORAGE
    waiting: _Amount | None = None
    pulling: _Amount | None = None
    starting: _Amount | None = None
    running: _Amount | None = None
    idle: _Amount | None = None
    billed: _Amount | None = None
    dollars: _Amount | None = None
    peak: Count | None = None
    cpu: _Amount | None = None
    disk: Count | None = None
    received: Count | None = None
    sent: Count | None = None
    killed: bool = False

    @property
    def on_fargate(self) -> bool:
        """Whether Fargate sold the container."""
        return self.sold_as not in ("", PriceClass.EC2)

    @property
    def on_windows(self) -> bool:
        """Whether the container ran Windows on Fargate."""
        return self.sold_as == PriceClass.WINDOWS_X86

    @property
    def had(self) -> int | None:
        """The memory (MiB) that the Airflow container could use."""
        return self.limit or self.memory

    @property
    def beside(self) -> int:
        """The rest of the task's memory (MiB), as for a sidecar, of which nothing is measured."""
        return max((self.memory or 0) - (self.had or 0), 0)

    @property
    def cpu_share(self) -> float | None:
        """How many vCPUs the container used on average while it ran."""
        return None if self.cpu is None or not self.running else self.cpu / self.running


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a container was started: by which section of airflow.cfg, in which Region, from which queue of
    Airflow."""

    section: str
    region: str
    queue: str = ""


def record_of(
    allocation: Allocation,
    prices: Prices,
    origin: Origin,
    *,
    killed: bool = False,
    measured: Measured | None = None,
    whole: bool = True,
) -> UsageRecord:
    """The record of a container, from what AWS shows of it and what was measured, if anything was.

    Without `whole` the record is about a part of a container's time, for which no minimum is billed.

    >>> from aws_executors.core.cost.prices import bundled_prices
    >>> given = Allocation(vcpu=0.25, memory=512, fargate=True, pull_started=0.0, started=20.0, stopped=90.0)
    >>> print(line_of(record_of(given, bundled_prices(), Origin("ecs_fargate", "us-east-1"))))
    had 512 MiB, 0.25 vCPU, 1 min 10 s, about $0.00031
    """
    sold_as = price_class_of(allocation)
    known = measured or Measured()
    billed = billed_of(allocation) if whole else allocation.seconds
    cost = allocation_dollars(allocation, prices, origin.region, billed, whole=whole)
    return UsageRecord(
        section=origin.section,
        region=origin.region,
        queue=origin.queue,
        sold_as="" if sold_as is None else sold_as,
        vcpu=allocation.vcpu,
        memory=allocation.memory,
        limit=allocation.limit,
        storage=allocation.storage,
        waiting=_rounded(allocation.waiting),
        pulling=_rounded(allocation.pulling),
        starting=_rounded(allocation.starting),
        running=_rounded(allocation.running),
        billed=_rounded(billed),
        dollars=None if cost is None else round(cost, 8),
        peak=known.memory,
        cpu=known.cpu,
        disk=known.disk,
        received=known.received,
        sent=known.sent,
        killed=killed or bool(known.kills),
    )


def turn_of(
    allocation: Allocation | None,
    prices: Prices,
    origin: Origin,
    *,
    killed: bool = False,
    measured: Measured | None = None,
) -> UsageRecord:
    """The record of one workload of a warm container, which pays for its own seconds.

    >>> from aws_executors.core.cost.prices import bundled_prices
    >>> given = Allocation(vcpu=0.25, memory=512, fargate=True)
    >>> used = Measured(memory=300, cpu=0.84, seconds=8.4)
    >>> print(line_of(turn_of(given, bundled_prices(), Origin("batch", "us-east-1"), measured=used)))
    used 300 MiB of 512 MiB, 0.1 of 0.25 vCPU, 8 s, about $0.000029
    """
    seconds = None if measured is None else measured.seconds
    own = replace(
        allocation or Allocation(),
        created=None,
        pull_started=None,
        pull_stopped=None,
        started=None if seconds is None else 0.0,
        stopped=seconds,
        before=(),
    )
    return record_of(own, prices, origin, killed=killed, measured=measured, whole=False)


def rest_of(
    allocation: Allocation,
    prices: Prices,
    origin: Origin,
    served: Iterable[Measured | None],
) -> UsageRecord:
    """The record of what no workload of a warm container has paid for: the container's start, its idle time,
    and what the workloads lack of the minimum that Fargate bills.

    >>> from aws_executors.core.cost.prices import bundled_prices
    >>> given = Allocation(vcpu=0.25, memory=512, fargate=True, pull_started=0.0, started=20.0, stopped=90.0)
    >>> served = [Measured(seconds=10.0), Measured(seconds=40.0)]
    >>> rest = rest_of(given, bundled_prices(), Origin("batch", "us-east-1"), served)
    >>> rest.idle, rest.billed, line_of(rest)
    (20.0, 40.0, 'had 512 MiB, 0.25 vCPU, idle for 20 s, about $0.00014')
    """
    record = record_of(allocation, prices, origin)
    paid = sum(one.seconds or 0.0 for one in served if one is not None)
    part = allocation_dollars(allocation, prices, origin.region, paid, whole=False)
    left: dict[str, float | None] = {
        "running": None,
        "idle": _less(record.running, paid, 1),
        "billed": _less(record.billed, paid, 1),
        "dollars": _less(record.dollars, part or 0.0, 8),
    }
    return record.model_copy(update=left)


def line_of(record: UsageRecord) -> str:
    """The record as a line for people: what was used of the size, for how long, at what cost.

    >>> line_of(UsageRecord(vcpu=1, memory=2048, peak=412, cpu=12.3, running=41.0, dollars=0.0011))
    'used 412 MiB of 2 GiB, 0.3 of 1 vCPU, 41 s, about $0.0011'
    >>> line_of(UsageRecord(running=41.0))  # on an instance, by a definition without sizes
    'had an unknown size, 41 s, not priced'
    """
    measured = record.peak is not None or record.cpu_share is not None
    ran = "" if record.running is None else seconds_text(record.running)
    idle = "" if record.idle is None else f"idle for {seconds_text(record.idle)}"
    size = ", ".join(filter(None, (_memory(record), _cpu(record)))) or "an unknown size"
    facts = ", ".join(filter(None, (size, ran, idle, cost_text(record.dollars))))
    killed = "killed for memory" if record.killed else ""
    return "; ".join(filter(None, (f"{'used' if measured else 'had'} {facts}", killed, would_do(record))))


def entry_of(record: UsageRecord) -> str:
    """The text in the event log: the line for people, and below it the record as JSON.

    >>> entry = entry_of(UsageRecord(section="batch", dollars=0.0011))
    >>> read_entry(entry) == UsageRecord(section="batch", dollars=0.0011)
    True
    """
    return f"{line_of(record)}\n{record.model_dump_json(exclude_defaults=True)}"


def read_entry(entry: str) -> UsageRecord | None:
    """The record in an entry of the event log, or None if the entry has no readable one."""
    _, _, text = entry.partition("\n")
    try:
        return UsageRecord.model_validate_json(text)
    except ValidationError:
        return None


def would_do(record: UsageRecord) -> str:
    """The smaller size that would have done, in words; empty if none would, or nothing was measured.

    >>> would_do(UsageRecord(sold_as="linux_x86", vcpu=1, memory=2048, peak=412, cpu=12.0, running=41.0))
    '512 CPU units and 1 GiB would do'
    """
    if record.peak is None or record.cpu_share is None or record.vcpu is None or record.memory is None:
        return ""
    if record.killed or record.beside or not record.on_fargate:
        return ""
    pair = fitting(record.cpu_share, record.peak, windows=record.on_windows)
    if pair is None or pair[0] > record.vcpu * GIB or pair[1] > record.memory:
        return ""
    if pair == (round(record.vcpu * GIB), record.memory):
        return ""
    return f"{pair[0]} CPU units and {memory_text(pair[1])} would do"


def memory_text(mib: float) -> str:
    """An amount of memory.

    >>> memory_text(412), memory_text(2048), memory_text(2560)
    ('412 MiB', '2 GiB', '2.5 GiB')
    """
    return f"{mib:.0f} MiB" if mib < GIB else f"{mib / GIB:.3g} GiB"


def seconds_text(seconds: float) -> str:
    """A duration.

    >>> seconds_text(41.4), seconds_text(125), seconds_text(7320)
    ('41 s', '2 min 5 s', '2 h 2 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _less(amount: float | None, part: float, digits: int) -> float | None:
    return None if amount is None else round(max(amount - part, 0.0), digits)


def _memory(record: UsageRecord) -> str:
    had = record.had
    if record.peak is None:
        return "" if had is None else memory_text(had)
    return memory_text(record.peak) + ("" if had is None else f" of {memory_text(had)}")


def _cpu(record: UsageRecord) -> str:
    had = "" if record.vcpu is None else f"{record.vcpu:g} vCPU"
    share = record.cpu_share
    if share is None:
        return had
    return f"{share:.2g} of {had}" if had else f"{share:.2g} vCPU"


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)
