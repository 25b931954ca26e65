"""What a container costs: AWS's own examples, and laws that any price table must give."""

import json
from pathlib import Path
from typing import TypedDict, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_executors.core.cost.estimate import billed_seconds, dollars, dollars_text
from aws_executors.core.cost.prices import (
    PriceClass,
    Prices,
    Rates,
    RegionPrices,
    bundled_prices,
    price_class,
    prices_from,
)
from aws_executors.core.errors import RequestError

EXAMPLES_FILE = Path(__file__).with_name("aws_examples.json")
HERE = "us-east-1"
DAYS = 30


class Example(TypedDict):
    """One of AWS's pricing examples."""

    name: str
    tasks: int
    seconds: float
    vcpu: float
    memory: int
    storage: int
    architecture: str
    system: str
    vcpu_second: float
    gb_second: float
    storage_gb_second: float
    license_second: float
    dollars: float


EXAMPLES = cast("list[Example]", json.loads(EXAMPLES_FILE.read_text())["examples"])


def table_of(example: Example) -> Prices:
    """The prices that an example is reckoned with."""
    rates = Rates(
        vcpu_hour=example["vcpu_second"] * 3600,
        gb_hour=example["gb_second"] * 3600,
        license_vcpu_hour=example["license_second"] * 3600,
    )
    region = RegionPrices(
        linux_x86=rates,
        linux_arm=rates,
        windows_x86=rates,
        storage_gb_hour=example["storage_gb_second"] * 3600,
    )
    return Prices(regions={HERE: region})


@pytest.mark.parametrize("example", EXAMPLES, ids=[one["name"] for one in EXAMPLES])
def test_aws_examples(example: Example) -> None:
    one = dollars(
        table_of(example),
        HERE,
        example["seconds"],
        vcpu=example["vcpu"],
        memory=example["memory"],
        storage=example["storage"],
        architecture=example["architecture"],
        system=example["system"],
    )
    assert one is not None
    # The page rounds each part of the sum to the cent.
    assert one * example["tasks"] * DAYS == pytest.approx(example["dollars"], abs=0.011)


@pytest.mark.parametrize("example", EXAMPLES[:3], ids=[one["name"] for one in EXAMPLES[:3]])
def test_the_bundled_table_has_the_prices_of_the_examples(example: Example) -> None:
    # Not those of the example for Windows, which are older than the price list.
    sold_as = price_class(architecture=example["architecture"], system=example["system"])
    assert sold_as is not None
    rates = bundled_prices().regions[HERE].rates(sold_as)
    assert rates is not None
    assert rates.vcpu_hour == pytest.approx(example["vcpu_second"] * 3600, rel=0.002)
    assert rates.gb_hour == pytest.approx(example["gb_second"] * 3600, rel=0.002)


def test_every_bundled_region_sells_all_of_fargate() -> None:
    sold = [one for one in PriceClass if one is not PriceClass.EC2]
    assert len(bundled_prices().regions) == 22
    for name, region in bundled_prices().regions.items():
        assert all(region.rates(one) is not None for one in sold), name
        assert region.ec2 is None
        assert region.storage_gb_hour
        assert set(region.derived) <= {*sold, "storage_gb_hour"}
        spot, full = region.spot_linux_x86, region.linux_x86
        assert spot is not None
        assert full is not None
        assert 0.25 * full.vcpu_hour < spot.vcpu_hour < 0.45 * full.vcpu_hour, name


def test_says_where_its_prices_are_from() -> None:
    assert "aws.amazon.com/fargate/pricing" in bundled_prices().source
    assert bundled_prices().date == "2026-11-29"


SECONDS = st.floats(min_value=0, max_value=10**7, allow_nan=False)
VCPU = st.sampled_from([0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0])
MEMORY = st.integers(min_value=512, max_value=122_880)
ARCHITECTURE = st.sampled_from(["X86_64", "ARM64"])


@given(SECONDS, SECONDS, VCPU, MEMORY, ARCHITECTURE, st.booleans())
def test_longer_is_never_cheaper(
    one: float, other: float, vcpu: float, memory: int, architecture: str, spot: bool
) -> None:
    short, long = sorted((one, other))
    costs = [
        dollars(
            bundled_prices(), HERE, seconds, vcpu=vcpu, memory=memory, architecture=architecture, spot=spot
        )
        for seconds in (short, long)
    ]
    assert costs[0] is not None
    assert costs[1] is not None
    assert 0 < costs[0] <= costs[1]


@given(SECONDS, VCPU, MEMORY, MEMORY)
def test_more_is_dearer_and_spot_and_arm_are_cheaper(
    seconds: float, vcpu: float, memory: int, more: int
) -> None:
    def cost(*, memory: int = memory, architecture: str = "X86_64", spot: bool = False) -> float:
        found = dollars(
            bundled_prices(), HERE, seconds, vcpu=vcpu, memory=memory, architecture=architecture, spot=spot
        )
        assert found is not None
        return found

    assert cost(memory=memory + more) > cost()
    assert cost(spot=True) < cost(architecture="ARM64") < cost()


@given(SECONDS, VCPU, MEMORY, st.integers(min_value=1, max_value=20))
def test_storage_that_every_task_has_is_free(seconds: float, vcpu: float, memory: int, storage: int) -> None:
    costs = {
        size: dollars(bundled_prices(), HERE, seconds, vcpu=vcpu, memory=memory, storage=size)
        for size in (storage, 20, 21)
    }
    assert costs[storage] == costs[20]
    assert (costs[21] or 0) > (costs[20] or 0)


@given(SECONDS, st.booleans())
def test_bills_whole_seconds_and_a_minimum(seconds: float, windows: bool) -> None:
    billed = billed_seconds(seconds, windows=windows)
    assert billed >= (300 if windows else 60)
    assert billed >= seconds
    assert billed < max(seconds + 1, 301 if windows else 61)


def test_what_has_no_price_has_none() -> None:
    table = bundled_prices()
    assert dollars(table, "mars-1", 60, vcpu=1, memory=2048) is None
    assert dollars(table, HERE, 60, vcpu=1, memory=2048, fargate=False) is None
    assert dollars(table, HERE, 60, vcpu=1, memory=2048, spot=True, system="WINDOWS_SERVER_2022_CORE") is None
    poor = prices_from('{"regions": {"x": {"linux_x86": {"vcpu_hour": 1, "gb_hour": 1}}}}', "own")
    assert dollars(poor, "x", 60, vcpu=1, memory=1024) == pytest.approx(2 / 60)
    assert dollars(poor, "x", 60, vcpu=1, memory=1024, storage=30) is None


def test_own_prices_take_the_place_of_the_bundled_ones_one_by_one() -> None:
    own = prices_from(
        json.dumps(
            {
                "source": "our contract",
                "regions": {
                    "eu-west-1": {
                        "linux_arm": {"vcpu_hour": 0.01, "gb_hour": 0.001},
                        "ec2": {"vcpu_hour": 0.02, "gb_hour": 0.002},
                    }
                },
            }
        ),
        "prices.json",
    )
    assert own.source == "our contract"
    region, before = own.regions["eu-west-1"], bundled_prices().regions["eu-west-1"]
    assert region.linux_x86 == before.linux_x86
    assert region.linux_arm == Rates(vcpu_hour=0.01, gb_hour=0.001)
    assert "linux_arm" in before.derived
    assert "linux_arm" not in region.derived
    assert own.regions["us-east-1"] == bundled_prices().regions["us-east-1"]
    # On one's own instances nothing is rounded up: they run anyway.
    assert dollars(own, "eu-west-1", 1, vcpu=1, memory=1024, fargate=False) == pytest.approx(0.022 / 3600)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "prices.json: "),
        ('{"source": "x"}', "prices.json: regions is missing"),
        ('{"regions": {"a": {"linux": {}}}}', "'linux' in regions.a is not known"),
        ('{"regions": {"a": {"linux_x86": {"vcpu_hour": -1, "gb_hour": 0}}}}', "vcpu_hour"),
        ('{"regions": {"a": {"linux_x86": {"vcpu_hour": NaN, "gb_hour": 0}}}}', "vcpu_hour"),
        ('{"regions": {"a": {"linux_x86": {"vcpu_hour": 1}}}}', "gb_hour is missing"),
    ],
)
def test_refuses_what_is_no_price_table(text: str, words: str) -> None:
    with pytest.raises(RequestError) as caught:
        prices_from(text, "prices.json")
    assert words in str(caught.value)


def test_what_is_no_json_is_not_told_with_its_type() -> None:
    with pytest.raises(RequestError) as caught:
        prices_from("", "prices.json")
    assert str(caught.value).endswith("Invalid JSON: EOF while parsing a value at line 1 column 0")


@given(st.floats(min_value=0, max_value=10**6, allow_nan=False))
def test_an_amount_is_shown_to_a_few_per_cent(amount: float) -> None:
    shown = float(dollars_text(amount).removeprefix("$").replace(",", ""))
    assert shown == pytest.approx(amount, abs=max(0.005 if amount >= 0.01 else 5.1e-8, 0.05 * amount))
