"""Sums and proposals: laws that hold for any records."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_executors.core.aws.fargate_sizes import FARGATE_MEMORY
from aws_executors.core.batch.executor_config import BatchConfig
from aws_executors.core.cost.record import UsageRecord, line_of
from aws_executors.core.cost.rightsize import percentile, proposals
from aws_executors.core.cost.summary import Grouping, UsageEntry, usage_row, usage_rows
from aws_executors.core.ecs.executor_config import EcsConfig
from aws_executors.core.ecs.structures import Overrides
from support.samples import examples

PAIRS = [(cpu, memory) for cpu, sizes in FARGATE_MEMORY.items() for memory in sizes]


@st.composite
def records(draw: st.DrawFn) -> UsageRecord:
    cpu, memory = draw(st.sampled_from(PAIRS))
    running = draw(st.floats(1, 10_000))
    return UsageRecord(
        section=draw(st.sampled_from(["batch", "ecs_fargate"])),
        sold_as=draw(st.sampled_from(["linux_x86", "spot_linux_x86", "ec2"])),
        queue=draw(st.sampled_from(["", "a"])),
        vcpu=cpu / 1024,
        memory=memory,
        limit=memory,
        running=running,
        billed=running,
        dollars=draw(st.none() | st.floats(0, 10)),
        peak=draw(st.none() | st.integers(0, memory)),
        cpu=draw(st.none() | st.floats(0, 1)) and running * cpu / 1024 * draw(st.floats(0, 1)),
        killed=draw(st.booleans()),
    )


ENTRIES = st.lists(
    st.builds(
        UsageEntry,
        dag=st.sampled_from("ab"),
        task=st.sampled_from("cd"),
        at=st.floats(0, 1e9),
        record=records(),
    ),
    max_size=12,
)


def test_the_sum_of_one_counts_in_numbers() -> None:
    (row,) = usage_rows([UsageEntry(dag="etl", task="load", record=UsageRecord(killed=True))], Grouping.TASK)
    assert (repr(row.killed), repr(row.unpriced)) == ("1", "1")


@pytest.mark.parametrize(
    ("sold_as", "vcpu", "memory", "peak", "proposed"),
    [
        ("linux_x86", 2, 4096, 100, "0.25 vCPU, 512 MiB"),
        ("windows_x86", 2, 4096, 100, "1 vCPU, 2 GiB"),
        ("windows_x86", 4, 30720, 30_000, "4 vCPU, 30 GiB"),
    ],
)
def test_windows_is_proposed_what_fargate_has_for_it(
    sold_as: str, vcpu: int, memory: int, peak: int, proposed: str
) -> None:
    run = UsageRecord(sold_as=sold_as, vcpu=vcpu, memory=memory, peak=peak, cpu=1.0, running=100.0)
    (found,) = proposals([UsageEntry(dag="a", task="b", record=run)] * 3)
    assert str(found.proposed) == proposed


@examples(40)
@given(ENTRIES, st.sampled_from(Grouping))
def test_sums_lose_nothing(entries: list[UsageEntry], by: Grouping) -> None:
    rows, whole = usage_rows(entries, by), usage_row(("all",), [one.record for one in entries])
    assert sum(row.containers for row in rows) == whole.containers == len(entries)
    assert sum(row.dollars or 0 for row in rows) == pytest.approx(whole.dollars or 0)
    assert sum(row.seconds for row in rows) == pytest.approx(whole.seconds)
    assert sum(row.killed for row in rows) == whole.killed
    costs = [row.dollars or 0 for row in rows]
    assert costs == sorted(costs, reverse=True)


@examples(40)
@given(ENTRIES)
def test_a_proposal_is_never_below_a_peak(entries: list[UsageEntry]) -> None:
    for found in proposals(entries):
        group = [
            one.record
            for one in entries
            if (one.record.section, one.dag, one.task) == (found.section, found.dag, found.task)
        ]
        peaks = [one.peak for one in group if one.peak is not None]
        assert found.runs == len(peaks)
        assert found.peak == max(peaks)
        if "more than Fargate" not in found.note:
            assert found.proposed.memory >= max(peaks)
            assert all(found.proposed.memory > (one.limit or 0) for one in group if one.killed)
        if found.runs < 3:
            assert f"only {found.runs} run" in found.note


@examples(40)
@given(ENTRIES)
def test_what_is_printed_can_be_written(entries: list[UsageEntry]) -> None:
    for found in proposals(entries):
        own = found.executor_config
        if found.section == "batch":
            made = BatchConfig(vcpus=found.proposed.cpu / 1024, memory=found.proposed.memory)
            assert {name: float(str(value)) for name, value in made.items()} == own
        else:
            size = Overrides(cpu=str(found.proposed.cpu), memory=str(found.proposed.memory))
            made = EcsConfig(cpu=found.proposed.cpu, memory=found.proposed.memory, overrides=size)
            assert made == own
        assert str(found.proposed.memory) in found.step


@examples(40)
@given(ENTRIES)
def test_on_fargate_a_size_is_one_that_fargate_has(entries: list[UsageEntry]) -> None:
    kept = [one for one in entries if one.record.sold_as != "ec2"]
    assert all((one.proposed.cpu, one.proposed.memory) in PAIRS for one in proposals(kept))


@given(st.lists(st.floats(0, 100), min_size=1, max_size=30), st.floats(0.01, 1))
def test_a_percentile_is_a_number_that_was_seen(numbers: list[float], part: float) -> None:
    found = percentile(sorted(numbers), part)
    assert found in numbers
    assert sum(one <= found for one in numbers) >= part * len(numbers)


def test_the_size_that_counts_is_the_last_one() -> None:
    old = UsageRecord(sold_as="linux_x86", vcpu=4, memory=8192, peak=100, cpu=1.0, running=10.0)
    new = UsageRecord(sold_as="linux_x86", vcpu=1, memory=2048, peak=100, cpu=1.0, running=10.0)
    entries = [UsageEntry(dag="d", task="t", at=at, record=one) for at, one in ((2.0, new), (1.0, old))]
    (found,) = proposals(entries)
    assert str(found.now) == "1 vCPU, 2 GiB"


def test_a_job_on_instances_gets_whole_vcpus() -> None:
    small = UsageRecord(sold_as="ec2", vcpu=2, memory=4096, peak=100, cpu=1.0, running=10.0)
    for section, cpu in (("batch", 1024), ("ecs_fargate", 256)):
        run = small.model_copy(update={"section": section})
        (found,) = proposals([UsageEntry(dag="d", task="t", record=run)])
        assert found.proposed.cpu == cpu


def test_memory_for_other_containers_is_told_of() -> None:
    run = UsageRecord(
        sold_as="linux_x86", vcpu=1, memory=2048, limit=1024, peak=100, cpu=1.0, running=10.0, dollars=0.01
    )
    assert "would do" not in line_of(run)
    assert "would do" in line_of(run.model_copy(update={"limit": 2048}))
    (found,) = proposals([UsageEntry(dag="d", task="t", record=run)] * 3)
    assert found.note == "other containers of the task may need 1 GiB more"
