"""Which size each task should have, by what its runs have used.

Law: never below a peak, and a run that was killed for memory needed more than it had. A proposal from few
runs says so. CPU is proposed by the 95th percentile of the runs' averages: with less, a task takes longer. A
proposed size is one that Fargate has or, on an instance, a round one.
"""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil, inf

from aws_executors.core.aws.fargate_sizes import GIB, smallest_pair
from aws_executors.core.cost.record import UsageRecord, memory_text
from aws_executors.core.cost.sizes import CPU_ROOM, MEMORY_ROOM
from aws_executors.core.cost.summary import UsageEntry

FEW = 3
"""If fewer runs than this were measured, the proposal says so: others may need more."""
AFTER_A_KILL = 1.5
"""What is proposed after a kill, as a multiple of the memory that the killed run had."""
PERCENTILE = 0.95
CPU_STEP, MEMORY_STEP = 128, 64
"""What sizes on an instance are rounded up to: CPU units and MiB."""
WHOLE_VCPU = GIB
"""The CPU step on Batch, which reserves whole vCPUs. Source: API_ResourceRequirement, AWS Batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """CPU units and MiB of memory."""

    cpu: int
    memory: int

    def __str__(self) -> str:
        return f"{self.cpu / GIB:g} vCPU, {memory_text(self.memory)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What one task has, used, and should have.

    `peak` is the most memory that a run used (MiB), `share` the vCPUs. `saving` is the part of the cost that
    the proposed size would save, negative if that size costs more; `dollars` is the saving for the runs seen.
    `note` says what a reader must know.
    """

    section: str
    dag: str
    task: str
    runs: int
    killed: int
    now: Size
    peak: int
    share: float
    proposed: Size
    saving: float | None
    dollars: float | None
    note: str = ""

    @property
    def changes(self) -> bool:
        """Whether another size is proposed."""
        return self.proposed != self.now

    @property
    def executor_config(self) -> dict[str, object]:
        """The size as a task's ``executor_config``."""
        if self.section == "batch":
            return {"vcpus": self.proposed.cpu / GIB, "memory": self.proposed.memory}
        task = {"cpu": str(self.proposed.cpu), "memory": str(self.proposed.memory)}
        return {"cpu": self.proposed.cpu, "memory": self.proposed.memory, "overrides": task}

    @property
    def step(self) -> str:
        """The size as a step of a builder."""
        where = f"task_matches(dag={self.dag!r}, task={self.task!r})"
        if self.section == "batch":
            size = f"batch.with_resources(vcpus={self.proposed.cpu / GIB:g}, memory={self.proposed.memory})"
        else:
            size = f"ecs.with_cpu_memory(cpu={self.proposed.cpu}, memory={self.proposed.memory})"
        return f"when({where}, {size})"


def proposals(entries: Iterable[UsageEntry]) -> tuple[Proposal, ...]:
    """One proposal per task whose runs were measured, the largest saving first.

    >>> run = UsageRecord(section="batch", sold_as="linux_x86", vcpu=1, memory=2048, peak=412, cpu=4.0,
    ...                   running=40.0, billed=60.0, dollars=0.0008)
    >>> (found,) = proposals([UsageEntry(dag="etl", task="load", record=run)] * 3)
    >>> str(found.now), str(found.proposed), found.executor_config
    ('1 vCPU, 2 GiB', '0.25 vCPU, 1 GiB', {'vcpus': 0.25, 'memory': 1024})
    """
    groups: dict[tuple[str, str, str], _Runs] = {}
    for entry in entries:
        groups.setdefault((entry.record.section, entry.dag, entry.task), _Runs()).add(entry)
    found = (_proposal(*name, runs) for name, runs in groups.items())
    return tuple(sorted(filter(None, found), key=_saving))


@dataclass(slots=True)
class _Runs:
    """What is known of one task's runs. There may be millions, so of each run only one number is kept."""

    shares: "array[float]" = field(default_factory=lambda: array("d"))
    measured: int = 0
    peak: int = 0
    last: UsageRecord | None = None  # of the measured runs whose size is known
    last_at: float = -inf
    killed: int = 0
    needed: float = 0.0
    cost: float = 0.0
    elsewhere: bool = False  # a part of the cost is not Fargate's

    def add(self, entry: UsageEntry) -> None:
        """One more run."""
        record = entry.record
        if record.killed:
            self.killed += 1
            self.needed = max(self.needed, (record.had or 0) * AFTER_A_KILL)
        if record.dollars:
            self.cost += record.dollars
            self.elsewhere |= not record.on_fargate
        if record.peak is None:
            return
        self.measured += 1
        self.peak = max(self.peak, record.peak)
        self.needed = max(self.needed, record.peak * MEMORY_ROOM)
        if record.cpu_share is not None:
            self.shares.append(record.cpu_share)
        if record.vcpu and record.memory and entry.at >= self.last_at:
            self.last, self.last_at = record, entry.at


def _proposal(section: str, dag: str, task: str, runs: _Runs) -> Proposal | None:
    last = runs.last
    if last is None or not last.vcpu or not last.memory:
        return None
    share = percentile(sorted(runs.shares), PERCENTILE) if runs.shares else last.vcpu
    now = Size(cpu=round(last.vcpu * GIB), memory=last.memory)
    step = 0 if last.on_fargate else WHOLE_VCPU if section == "batch" else CPU_STEP
    proposed = _fitting(share, runs.needed, step, windows=last.on_windows)
    notes = []
    if proposed is None:
        proposed = now
        notes.append(f"more than Fargate's largest task is needed: {memory_text(runs.needed)}")
    if runs.measured < FEW:
        notes.append(f"only {runs.measured} run{'' if runs.measured == 1 else 's'}")
    if not runs.shares:
        notes.append("CPU was not measured, and is left as it is")
    if last.beside:
        notes.append(f"other containers of the task may need {memory_text(last.beside)} more")
    saving, dollars = _saved(0.0 if runs.elsewhere else runs.cost, now, proposed)
    return Proposal(
        section=section,
        dag=dag,
        task=task,
        runs=runs.measured,
        killed=runs.killed,
        now=now,
        peak=runs.peak,
        share=share,
        proposed=proposed,
        saving=saving,
        dollars=dollars,
        note="; ".join(notes),
    )


def percentile(ordered: Sequence[float], part: float) -> float:
    """The smallest of these ascending numbers that is not below this part of them.

    >>> percentile([1.0, 2.0, 3.0, 4.0], 0.95), percentile([1.0, 2.0, 3.0, 4.0], 0.5)
    (4.0, 2.0)
    """
    return ordered[max(ceil(part * len(ordered)) - 1, 0)]


def _fitting(share: float, memory: float, step: int, *, windows: bool) -> Size | None:
    """A size that Fargate has or, with a `step` of CPU units, one for an instance."""
    cpu = share * CPU_ROOM * GIB
    if step:
        return Size(
            cpu=max(ceil(cpu / step), 1) * step,
            memory=max(ceil(memory / MEMORY_STEP), 1) * MEMORY_STEP,
        )
    pair = smallest_pair(cpu, memory, windows=windows)
    return None if pair is None else Size(cpu=pair[0], memory=pair[1])


def _saved(cost: float, now: Size, proposed: Size) -> tuple[float | None, float | None]:
    """The part and the dollars saved, by the price ratio of CPU to memory, which differs little by Region."""
    if not cost:
        return None, None
    part = 1 - _weight(proposed) / _weight(now)
    return part, part * cost


def _weight(size: Size) -> float:
    """A vCPU costs about as much as nine GiB. Source: the price table."""
    return size.cpu / GIB * 9.1 + size.memory / GIB


def _saving(one: Proposal) -> tuple[float, str, str]:
    return -(one.dollars or 0.0), one.dag, one.task
