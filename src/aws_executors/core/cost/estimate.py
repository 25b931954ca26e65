"""What a container costs: seconds and sizes times prices.

Law: arithmetic, and the two rules of Fargate's bill: seconds are rounded up, and a start costs a minimum. It
is an estimate, without the discounts, Savings Plans and taxes of AWS's bill. Source: "Duration" and "Pricing
Examples" of https://aws.amazon.com/fargate/pricing/.
"""

from math import ceil

from aws_executors.core.aws.fargate_sizes import GIB
from aws_executors.core.cost.prices import PriceClass, Prices, price_class
from aws_executors.core.lifecycle.allocation import FREE_STORAGE, Allocation

HOUR = 3600.0
MINIMUM, MINIMUM_ON_WINDOWS = 60, 300
"""The seconds that Fargate bills for a task at least; on Windows it bills more."""


def billed_seconds(seconds: float, *, windows: bool = False) -> int:
    """The seconds on Fargate's bill, from the start of the image pull until the task has ended.

    >>> billed_seconds(41.2), billed_seconds(61.2), billed_seconds(41.2, windows=True)
    (60, 62, 300)
    """
    return max(ceil(seconds), MINIMUM_ON_WINDOWS if windows else MINIMUM)


def price_class_of(given: Allocation) -> PriceClass | None:
    """The price class of a container, by what it was given; None if Fargate does not sell it.

    >>> price_class_of(Allocation(fargate=True, architecture="ARM64"))
    <PriceClass.LINUX_ARM: 'linux_arm'>
    """
    return price_class(
        architecture=given.architecture, system=given.system, spot=given.spot, fargate=given.fargate
    )


def billed_of(given: Allocation) -> float | None:
    """The seconds on the bill for a container: on Fargate each attempt of a job is a task of its own.

    >>> billed_of(Allocation(fargate=True, started=0.0, stopped=61.2, before=(20.0,)))
    122.0
    """
    sold_as = price_class_of(given)
    if given.attempts is None or sold_as is PriceClass.EC2:
        return given.seconds
    windows = sold_as is PriceClass.WINDOWS_X86
    return float(sum(billed_seconds(seconds, windows=windows) for seconds in given.attempts))


def dollars(
    prices: Prices,
    region: str,
    seconds: float,
    *,
    vcpu: float,
    memory: int,
    storage: int = FREE_STORAGE,
    architecture: str = "X86_64",
    system: str = "LINUX",
    spot: bool = False,
    fargate: bool = True,
    whole: bool = True,
) -> float | None:
    """About how many US dollars a container costs, or None if the table has no price for it.

    `seconds` count from the start of the image pull until the container's end, `vcpu` is in vCPUs, `memory`
    in MiB, `storage` in GiB of ephemeral storage in all. `architecture` and `system` are AWS's words (see
    `price_class`). On EC2 (not `fargate`) only a user's own table has a price; seconds are not rounded there,
    nor for a part of a container's time (not `whole`).

    >>> from aws_executors.core.cost.prices import bundled_prices
    >>> round(dollars(bundled_prices(), "us-east-1", 600, vcpu=1, memory=2048), 6)
    0.008228
    >>> dollars(bundled_prices(), "us-east-1", 600, vcpu=1, memory=2048, fargate=False) is None
    True
    """
    sold_as = price_class(architecture=architecture, system=system, spot=spot, fargate=fargate)
    region_prices = prices.regions.get(region)
    rates = None if sold_as is None or region_prices is None else region_prices.rates(sold_as)
    if rates is None or region_prices is None:
        return None
    hourly = vcpu * (rates.vcpu_hour + rates.license_vcpu_hour) + memory / GIB * rates.gb_hour
    if sold_as is PriceClass.EC2:
        return max(seconds, 0.0) / HOUR * hourly
    more = max(storage - FREE_STORAGE, 0)
    if more and region_prices.storage_gb_hour is None:
        return None
    hourly += more * (region_prices.storage_gb_hour or 0.0)
    if not whole:
        return max(seconds, 0.0) / HOUR * hourly
    return billed_seconds(seconds, windows=sold_as is PriceClass.WINDOWS_X86) / HOUR * hourly


def allocation_dollars(
    size: Allocation, prices: Prices, region: str, seconds: float | None, *, whole: bool = True
) -> float | None:
    """`dollars` for what a container was given; None, too, if its sizes or `seconds` are not known.

    >>> from aws_executors.core.cost.prices import bundled_prices
    >>> size = Allocation(vcpu=1, memory=2048, fargate=True)
    >>> round(allocation_dollars(size, bundled_prices(), "us-east-1", 600), 6)
    0.008228
    >>> allocation_dollars(size, bundled_prices(), "us-east-1", 0.0)
    0.0
    """
    if not seconds:
        return seconds  # a container that never began to pull its image costs nothing
    if size.vcpu is None or size.memory is None:
        return None
    return dollars(
        prices,
        region,
        seconds,
        vcpu=size.vcpu,
        memory=size.memory,
        storage=size.storage,
        architecture=size.architecture,
        system=size.system,
        spot=size.spot,
        fargate=size.fargate,
        whole=whole,
    )


def dollars_text(amount: float) -> str:
    """An amount with two significant digits below a cent and two decimals above.

    >>> dollars_text(0.00113), dollars_text(0.034), dollars_text(1234.5), dollars_text(0)
    ('$0.0011', '$0.03', '$1,234.50', '$0.00')
    """
    if 0 < amount < 0.01:
        return f"${amount:.{_decimals(amount)}f}"
    return f"${amount:,.2f}"


def cost_text(amount: float | None) -> str:
    """An estimate for people; None if the table has no price.

    >>> cost_text(0.00113), cost_text(None)
    ('about $0.0011', 'not priced')
    """
    return "not priced" if amount is None else f"about {dollars_text(amount)}"


def _decimals(amount: float) -> int:
    """Decimals that leave two significant digits, seven at most: a hundredth of a cent is not worth more."""
    for decimals in range(3, 7):
        if amount * 10.0**decimals >= 10:
            return decimals
    return 7
