"""The record of a container: what is shown of it, and that it survives the event log."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_executors.core.aws.fargate_sizes import FARGATE_MEMORY, smallest_pair
from aws_executors.core.cost.estimate import dollars
from aws_executors.core.cost.measured import (
    LONGEST,
    PREFIX,
    Measured,
    last_measured,
    measured_text,
    read_measured,
)
from aws_executors.core.cost.prices import bundled_prices
from aws_executors.core.cost.record import (
    Origin,
    UsageRecord,
    entry_of,
    line_of,
    read_entry,
    record_of,
    rest_of,
    turn_of,
    would_do,
)
from aws_executors.core.cost.sizes import fitting
from aws_executors.core.lifecycle.allocation import Allocation
from aws_executors.core.redact.outgoing import first_lines, last_lines, one_line

AMOUNT = st.none() | st.floats(min_value=0, max_value=1e7, allow_nan=False)
COUNT = st.none() | st.integers(min_value=0, max_value=2**50)
MEASURED = st.builds(
    Measured,
    memory=COUNT,
    cpu=AMOUNT.filter(lambda one: one is None or one < 1e8),
    disk=COUNT,
    received=COUNT,
    sent=COUNT,
    kills=COUNT,
    seconds=AMOUNT.filter(lambda one: one is None or one < 1e8),
)
RECORDS = st.builds(
    UsageRecord,
    section=st.sampled_from(["batch", "ecs_fargate"]),
    region=st.sampled_from(["us-east-1", "eu-west-1"]),
    queue=st.sampled_from(["default", "long_tasks_queue"]),
    sold_as=st.sampled_from(["", "linux_x86", "ec2"]),
    vcpu=AMOUNT,
    memory=COUNT,
    limit=COUNT,
    running=AMOUNT,
    idle=AMOUNT,
    billed=AMOUNT,
    dollars=AMOUNT,
    peak=COUNT,
    cpu=AMOUNT,
    killed=st.booleans(),
)
PAIRS = [(cpu, memory) for cpu, sizes in FARGATE_MEMORY.items() for memory in sizes]


@given(RECORDS)
def test_survives_the_event_log(record: UsageRecord) -> None:
    assert read_entry(last_lines(entry_of(record))) == record
    assert "\n" not in line_of(record)


@given(MEASURED)
def test_survives_the_containers_log(measured: Measured) -> None:
    line = f"{PREFIX}{measured_text(measured)}"
    assert len(line) < LONGEST
    assert last_measured(["before", line, "after"]) == measured


@given(st.text(max_size=60))
def test_what_is_no_measurement_is_none(text: str) -> None:
    assert last_measured([text, f"{PREFIX}used {text}", f"x {PREFIX}used {{}}"]) in (None, Measured())


def test_the_last_measurement_counts_and_a_huge_one_does_not() -> None:
    lines = [f'{PREFIX}used {{"memory":1}}', f'{PREFIX}used {{"memory":2}}', f"{PREFIX}used {{"]
    assert last_measured(lines) == Measured(memory=2)
    assert read_measured('{"memory":1,"x":"' + "y" * LONGEST + '"}') is None


@pytest.mark.parametrize(
    ("record", "line"),
    [
        (UsageRecord(), "had an unknown size, not priced"),
        (UsageRecord(vcpu=4, memory=8192, running=7320), "had 8 GiB, 4 vCPU, 2 h 2 min, not priced"),
        (
            UsageRecord(
                sold_as="linux_x86",
                vcpu=1,
                memory=2048,
                limit=2048,
                peak=412,
                cpu=8.2,
                running=41,
                dollars=0.0011,
            ),
            "used 412 MiB of 2 GiB, 0.2 of 1 vCPU, 41 s, about $0.0011; 512 CPU units and 1 GiB would do",
        ),
        (
            UsageRecord(sold_as="linux_x86", vcpu=0.25, memory=512, peak=511, cpu=2, running=20, killed=True),
            "used 511 MiB of 512 MiB, 0.1 of 0.25 vCPU, 20 s, not priced; killed for memory",
        ),
        (
            UsageRecord(sold_as="windows_x86", vcpu=2, memory=4096, peak=412, cpu=2, running=20),
            "used 412 MiB of 4 GiB, 0.1 of 2 vCPU, 20 s, not priced; 1024 CPU units and 2 GiB would do",
        ),
    ],
)
def test_lines(record: UsageRecord, line: str) -> None:
    assert line_of(record) == line


@pytest.mark.parametrize("queue", ["secret-queue", "token", "db_password", "etl.api_key", "team/secret"])
def test_a_queue_that_is_named_like_a_secret_keeps_its_name(queue: str) -> None:
    record = UsageRecord(section="batch", queue=queue, dollars=0.1)
    assert read_entry(first_lines(entry_of(record))) == record
    assert one_line(queue) == queue


@given(st.sampled_from(PAIRS), st.floats(0, 1), st.floats(0, 1))
def test_what_would_do_has_room_and_is_smaller(pair: tuple[int, int], cpu_part: float, part: float) -> None:
    cpu, memory = pair
    share, peak = cpu_part * cpu / 1024, int(part * memory)
    found = fitting(share, peak)
    said = would_do(
        UsageRecord(
            sold_as="linux_x86", vcpu=cpu / 1024, memory=memory, peak=peak, cpu=share * 100, running=100
        )
    )
    if said:
        assert found is not None
        assert found[0] <= cpu
        assert found[1] <= memory
        assert found != pair
        assert found[1] >= peak * 1.2
        assert found[0] >= share * 1024
        assert said.startswith(f"{found[0]} CPU units and ")


@given(st.floats(0, 20_000), st.floats(0, 150_000))
def test_the_smallest_pair_is_the_cheapest_that_is_large_enough(cpu: float, memory: float) -> None:
    fits = [pair for pair in PAIRS if pair[0] >= cpu and pair[1] >= memory]

    def price(pair: tuple[int, int]) -> float:
        return (
            dollars(bundled_prices(), "us-east-1", 3600, vcpu=pair[0] / 1024, memory=pair[1], spot=True) or 0
        )

    assert smallest_pair(cpu, memory) == (min(fits, key=price) if fits else None)


def test_a_record_has_what_aws_told_and_what_was_measured() -> None:
    given = Allocation(
        vcpu=1,
        memory=2048,
        limit=1024,
        storage=30,
        architecture="ARM64",
        fargate=True,
        spot=True,
        created=100.0,
        pull_started=117.0,
        pull_stopped=137.0,
        started=140.0,
        stopped=181.0,
    )
    record = record_of(
        given,
        bundled_prices(),
        Origin("ecs_fargate", "us-east-1", "etl"),
        measured=Measured(memory=900, cpu=4.1, kills=1),
    )
    assert (record.waiting, record.pulling, record.starting, record.running) == (17.0, 20.0, 3.0, 41.0)
    assert record.billed == 64.0
    assert record.sold_as == "spot_linux_arm"
    assert record.killed
    assert record.peak == 900
    assert record.cpu_share == pytest.approx(0.1)
    assert record.dollars == pytest.approx(64 / 3600 * (0.0101 + 2 * 0.00111 + 10 * 0.000111), rel=0.01)


def test_on_an_instance_nothing_is_billed_by_the_minute_and_nothing_priced() -> None:
    given = Allocation(vcpu=1, memory=2048, created=0.0, started=3.0, stopped=10.0)
    record = record_of(given, bundled_prices(), Origin("ecs_fargate", "us-east-1"))
    assert (record.billed, record.dollars, record.sold_as) == (7.0, None, "ec2")
    assert not record.on_fargate


@given(
    st.builds(
        Allocation,
        vcpu=st.sampled_from([None, 0.25, 4.0]),
        memory=st.sampled_from([None, 512, 30_720]),
        fargate=st.booleans(),
        spot=st.booleans(),
        created=st.just(0.0),
        pull_started=st.none() | st.floats(0, 10),
        started=st.none() | st.floats(10, 20),
        stopped=st.none() | st.floats(20, 2000),
    ),
    st.lists(st.floats(0, 500), max_size=4),
)
def test_workloads_and_the_rest_of_their_container_cost_together_what_it_costs(
    given_: Allocation, seconds: list[float]
) -> None:
    prices, origin = bundled_prices(), Origin("ecs_fargate", "us-east-1")
    served = [Measured(seconds=one) for one in seconds]
    whole = record_of(given_, prices, origin)
    rest = rest_of(given_, prices, origin, served)
    turns = [turn_of(given_, prices, origin, measured=one) for one in served]
    fits = given_.running is not None and sum(seconds) <= given_.running
    if whole.dollars is None:
        assert rest.dollars is None
    elif fits:
        parts = [one.dollars or 0.0 for one in (*turns, rest)]
        assert sum(parts) == pytest.approx(whole.dollars, abs=1e-7)
    if fits:
        assert rest.idle == pytest.approx((given_.running or 0.0) - sum(seconds), abs=0.2)
    assert rest.running is None
    assert (rest.waiting, rest.pulling, rest.starting) == (whole.waiting, whole.pulling, whole.starting)


@pytest.mark.parametrize("entry", ["", "used", "used\n", "used\n{", 'used\n{"dollars": -1}', "used\n[]"])
def test_what_is_no_record_is_none(entry: str) -> None:
    assert read_entry(entry) is None


@pytest.mark.parametrize(
    ("fargate", "system", "before", "last", "billed"),
    [
        (True, "LINUX", (10.0, 61.2), 20.0, 60 + 62 + 60),
        (True, "LINUX", (0.0, 30.0), 0.0, 60),  # what never came to its image pull costs nothing
        (True, "LINUX", (), 0.0, 0),
        (True, "WINDOWS_SERVER_2022_CORE", (10.0,), 400.0, 300 + 400),
        (False, "LINUX", (10.0, 30.5), 20.0, 60.5),
    ],
)
def test_each_attempt_of_batch_is_billed_for_itself(
    fargate: bool, system: str, before: tuple[float, ...], last: float, billed: float
) -> None:
    given = Allocation(
        vcpu=1,
        memory=2048,
        fargate=fargate,
        system=system,
        before=before,
        started=100.0,
        stopped=100.0 + last,
    )
    record = record_of(given, bundled_prices(), Origin("batch", "us-east-1"))
    assert record.billed == billed
    if fargate:
        price = dollars(
            bundled_prices(), "us-east-1", billed, vcpu=1, memory=2048, system=system, whole=False
        )
        assert record.dollars == round(price or 0.0, 8)
