"""The record of one container: its sizes and times, what it used, and about what it cost.

Law: one record per container that has ended. It is kept in the task instance's event log, as a line for
people and, below it, the same as JSON for `aws-executors usage`. What nobody measured is None. A record that
cannot be read is no record.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aws_executors.core.aws.fargate_sizes import GIB
from aws_executors.core.cost.estimate import billed_seconds, cost_text, dollars
from aws_executors.core.cost.measured import Measured
from aws_executors.core.cost.prices import PriceClass, Prices, price_class
from aws_executors.core.cost.sizes import fitting
from aws_executors.core.lifecycle.allocation import FREE_STORAGE, Allocation

USED = "container used"
"""What the line is called in the event log of a task."""

Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]


class UsageRecord(BaseModel):
    """What is known of one container that has ended. Seconds, MiB, bytes and US dollars.

    `memory` and `vcpu` are what is paid for, `limit` is what the Airflow container may use of the memory.
    `peak` is the most memory that it used, `cpu` the CPU seconds. `sold_as` is the name of a `PriceClass`,
    empty if Fargate does not sell it. `killed` says that it, or a process in it, was killed for memory.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    section: str = ""
    region: str = ""
    queue: str = ""
    sold_as: str = ""
    vcpu: Amount | None = None
    memory: Count | None = None
    limit: Count | None = None
    storage: Count = FREE_STORAGE
    waiting: Amount | None = None
    pulling: Amount | None = None
    starting: Amount | None = None
    running: Amount | None = None
    billed: Amount | None = None
    dollars: Amount | None = None
    peak: Count | None = None
    cpu: Amount | None = None
    disk: Count | None = None
    received: Count | None = None
    sent: Count | None = None
    killed: bool = False

    @property
    def on_fargate(self) -> bool:
        """Whether it was of a size that Fargate sells."""
        return self.sold_as not in ("", PriceClass.EC2)

    @property
    def had(self) -> int | None:
        """The memory that its Airflow container might use (MiB)."""
        return self.limit or self.memory

    @property
    def cpu_share(self) -> float | None:
        """How many vCPUs it used, on average while it ran."""
        return None if self.cpu is None or not self.running else self.cpu / self.running


def record_of(
    allocation: Allocation,
    prices: Prices,
    *,
    section: str,
    region: str,
    queue: str = "",
    killed: bool = False,
    measured: Measured | None = None,
) -> UsageRecord:
    """The record of a container, by what AWS told of it and, if anything did, what measured it.

    >>> from aws_executors.core.cost.prices import bundled_prices
    >>> given = Allocation(vcpu=0.25, memory=512, fargate=True, pull_started=0.0, started=20.0, stopped=90.0)
    >>> print(line_of(record_of(given, bundled_prices(), section="ecs_fargate", region="us-east-1")))
    had 512 MiB, 0.25 vCPU, 1 min 10 s, about $0.00031
    """
    sold_as = price_class(
        architecture=allocation.architecture,
        system=allocation.system,
        spot=allocation.spot,
        fargate=allocation.fargate,
    )
    seconds, vcpu, memory = allocation.seconds, allocation.vcpu, allocation.memory
    known = measured or Measured()
    billed: float | None = seconds
    cost = None if seconds else seconds  # what never came to its image pull costs nothing
    if seconds and sold_as is not PriceClass.EC2:
        billed = billed_seconds(seconds, windows=sold_as is PriceClass.WINDOWS_X86)
    if seconds and vcpu is not None and memory is not None:
        cost = dollars(
            prices,
            region,
            seconds,
            vcpu=vcpu,
            memory=memory,
            storage=allocation.storage,
            architecture=allocation.architecture,
            system=allocation.system,
            spot=allocation.spot,
            fargate=allocation.fargate,
        )
    return UsageRecord(
        section=section,
        region=region,
        queue=queue,
        sold_as="" if sold_as is None else sold_as,
        vcpu=vcpu,
        memory=memory,
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


def line_of(record: UsageRecord) -> str:
    """The record as a line for people: what it used of what it had, for how long, at what cost.

    >>> line_of(UsageRecord(vcpu=1, memory=2048, peak=412, cpu=12.3, running=41.0, dollars=0.0011))
    'used 412 MiB of 2 GiB, 0.3 of 1 vCPU, 41 s, about $0.0011'
    """
    measured = record.peak is not None or record.cpu_share is not None
    ran = "" if record.running is None else seconds_text(record.running)
    facts = ", ".join(filter(None, (_memory(record), _cpu(record), ran, cost_text(record.dollars))))
    killed = "killed for memory" if record.killed else ""
    return "; ".join(filter(None, (f"{'used' if measured else 'had'} {facts}", killed, would_do(record))))


def entry_of(record: UsageRecord) -> str:
    """What stands in the event log: the line, and below it the record as JSON.

    >>> entry = entry_of(UsageRecord(section="batch", dollars=0.0011))
    >>> read_entry(entry) == UsageRecord(section="batch", dollars=0.0011)
    True
    """
    return f"{line_of(record)}\n{record.model_dump_json(exclude_defaults=True)}"


def read_entry(entry: str) -> UsageRecord | None:
    """The record of an entry of the event log, or None if there is none that can be read."""
    _, _, text = entry.partition("\n")
    try:
        return UsageRecord.model_validate_json(text)
    except ValidationError:
        return None


def would_do(record: UsageRecord) -> str:
    """The smaller size that would have done, in words; empty if none would, or nobody measured.

    >>> would_do(UsageRecord(sold_as="linux_x86", vcpu=1, memory=2048, peak=412, cpu=12.0, running=41.0))
    '512 CPU units and 1 GiB would do'
    """
    if record.peak is None or record.cpu_share is None or record.vcpu is None or record.memory is None:
        return ""
    if record.killed or not record.on_fargate:
        return ""
    pair = fitting(record.cpu_share, record.peak)
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
