"""The price table: what Fargate charges per vCPU-hour and GB-hour in each Region.

Law: data and how it is read, no arithmetic. The bundled table says where its numbers come from; a user's own
file has the same shape, and takes the place of the bundled prices one by one. An unknown price is absent,
never zero. Source: "AWS Fargate Pricing", https://aws.amazon.com/fargate/pricing/.
"""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, cast

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from aws_executors.core.errors import RequestError
from aws_executors.core.validation import in_words

BUNDLED = Path(__file__).with_name("prices.json")

Dollars = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]


class PriceClass(StrEnum):
    """What a vCPU and a GB are sold as; the names are those of the price table.

    Fargate Spot has no Windows. `EC2` is for tasks on the user's instances: AWS has no price per task there,
    so only a user's own file can have one.
    """

    LINUX_X86 = "linux_x86"
    LINUX_ARM = "linux_arm"
    WINDOWS_X86 = "windows_x86"
    SPOT_LINUX_X86 = "spot_linux_x86"
    SPOT_LINUX_ARM = "spot_linux_arm"
    EC2 = "ec2"


class _Priced(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Rates(_Priced):
    """US dollars per vCPU-hour and per GB-hour (1 GB is 1024 MiB); Windows adds a licence per vCPU."""

    vcpu_hour: Dollars
    gb_hour: Dollars
    license_vcpu_hour: Dollars = 0.0


class RegionPrices(_Priced):
    """The prices of one Region; `derived` names those that were computed from others, not read from AWS."""

    linux_x86: Rates | None = None
    linux_arm: Rates | None = None
    windows_x86: Rates | None = None
    spot_linux_x86: Rates | None = None
    spot_linux_arm: Rates | None = None
    ec2: Rates | None = None
    storage_gb_hour: Dollars | None = None  # above the 20 GB that are free
    derived: tuple[str, ...] = ()

    def rates(self, price_class: PriceClass) -> Rates | None:
        """The rates of one class, or None if they are not known."""
        return cast("Rates | None", getattr(self, price_class.value))


class Prices(_Priced):
    """A price table, with its source and date."""

    source: str = ""
    date: str = ""
    note: str = ""
    regions: Mapping[str, RegionPrices]


_TABLE: TypeAdapter[Prices] = TypeAdapter(Prices)
_BUNDLED = _TABLE.validate_json(BUNDLED.read_text(encoding="utf-8"))


def bundled_prices() -> Prices:
    """The prices that come with this package.

    >>> bundled_prices().regions["us-east-1"].linux_x86
    Rates(vcpu_hour=0.04048, gb_hour=0.004445, license_vcpu_hour=0.0)
    """
    return _BUNDLED


def prices_from(text: str, name: str) -> Prices:
    """A user's own table in JSON over the bundled one, whose prices it replaces.

    `name` is the file's name in messages. Raises `RequestError` for what is no price table, with all its
    faults.

    >>> own = prices_from('{"regions": {"us-east-1": {"ec2": {"vcpu_hour": 0.02, "gb_hour": 0.003}}}}', "own")
    >>> own.regions["us-east-1"].ec2, own.regions["us-east-1"].storage_gb_hour
    (Rates(vcpu_hour=0.02, gb_hour=0.003, license_vcpu_hour=0.0), 0.000111)
    >>> prices_from('{"regions": {"us-east-1": {"ec2": {"vcpu_hour": "dear", "gb_hour": 1}}}}', "own.json")
    Traceback (most recent call last):
      ...
    aws_executors.core.errors.RequestError: own.json: ...
    """
    try:
        own = _TABLE.validate_json(text)
    except ValidationError as error:
        raise RequestError(f"{name}: {'; '.join(in_words(error))}") from None
    base = bundled_prices()
    named = {region: _over(base.regions.get(region), prices) for region, prices in own.regions.items()}
    return Prices(
        source=own.source or name,
        date=own.date,
        note=own.note,
        regions={**base.regions, **named},
    )


def _over(base: RegionPrices | None, own: RegionPrices) -> RegionPrices:
    if base is None:
        return own
    given = own.model_fields_set
    prices: dict[str, object] = {name: cast("object", getattr(own, name)) for name in given - {"derived"}}
    known = {name: price for name, price in prices.items() if price is not None}
    known["derived"] = tuple(name for name in base.derived if name not in given)
    return base.model_copy(update=known)


def price_class(
    *, architecture: str = "X86_64", system: str = "LINUX", spot: bool = False, fargate: bool = True
) -> PriceClass | None:
    """The class of a container, by AWS's words for its architecture and operating system.

    `architecture` is ``X86_64`` or ``ARM64``, `system` ``LINUX`` or one that begins with ``WINDOWS``. None
    for what Fargate does not sell. Source: API_RuntimePlatform of the Amazon ECS API Reference.

    >>> price_class(architecture="ARM64", spot=True)
    <PriceClass.SPOT_LINUX_ARM: 'spot_linux_arm'>
    >>> price_class(system="WINDOWS_SERVER_2022_CORE", spot=True) is None
    True
    """
    if not fargate:
        return PriceClass.EC2
    windows, arm = system.upper().startswith("WINDOWS"), architecture.upper().startswith("ARM")
    return _CLASSES.get((windows, arm, spot))


_CLASSES: Mapping[tuple[bool, bool, bool], PriceClass] = {
    (False, False, False): PriceClass.LINUX_X86,
    (False, True, False): PriceClass.LINUX_ARM,
    (True, False, False): PriceClass.WINDOWS_X86,
    (False, False, True): PriceClass.SPOT_LINUX_X86,
    (False, True, True): PriceClass.SPOT_LINUX_ARM,
}
