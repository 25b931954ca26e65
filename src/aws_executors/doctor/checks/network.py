"""Check subnets and security groups.

Law: pure; the same for ECS tasks and for Batch's compute environments. Source: API_Subnet and
API_SecurityGroup of the Amazon EC2 API Reference.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import Field

from aws_executors.core.aws.response import AnswerRecord
from aws_executors.doctor.checks.findings import Finding, Unasked, could_not_ask, error, warning
from aws_executors.doctor.checks.routes import SubnetRoute, Ways, of_ways

FEW_ADDRESSES = 16


class Subnet(AnswerRecord):
    """One subnet."""

    id: str = Field(validation_alias="SubnetId")
    vpc: str = Field(validation_alias="VpcId")
    free: int = Field(validation_alias="AvailableIpAddressCount")
    public: bool = Field(default=False, validation_alias="MapPublicIpOnLaunch")


class SecurityGroup(AnswerRecord):
    """One security group."""

    id: str = Field(validation_alias="GroupId")
    vpc: str = Field(validation_alias="VpcId")


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The subnets and groups that a request names, and those that EC2 has; `place` is where they are set."""

    place: str
    subnets: Sequence[str]
    groups: Sequence[str]
    seen_subnets: tuple[Subnet, ...] | Unasked | None
    seen_groups: tuple[SecurityGroup, ...] | Unasked | None
    ways: Ways
    public: bool | None
    """Whether containers get a public address; None means that the subnet's setting applies."""
    remedy: str
    """How to give containers a public address."""


def of_network(network: Network) -> Iterator[Finding]:
    """What is wrong with the subnets and security groups of containers.

    >>> subnet = Subnet(SubnetId="subnet-1", VpcId="vpc-1", AvailableIpAddressCount=3)
    >>> network = Network(place="[ecs_fargate]", subnets=["subnet-1", "subnet-2"], groups=[],
    ...                   seen_subnets=(subnet,), seen_groups=None, public=True, remedy="",
    ...                   ways=Ways(tables=None, endpoints=None))
    >>> [finding.check for finding in of_network(network)]
    ['subnet-missing', 'subnet-full']
    """
    yield from could_not_ask("the subnets (ec2:DescribeSubnets)", network.seen_subnets)
    yield from could_not_ask("the security groups (ec2:DescribeSecurityGroups)", network.seen_groups)
    subnets = network.seen_subnets if isinstance(network.seen_subnets, tuple) else None
    groups = network.seen_groups if isinstance(network.seen_groups, tuple) else None
    if subnets is not None:
        yield from _missing("subnet", network, network.subnets, [one.id for one in subnets])
        yield from _full(network, subnets)
    if groups is not None:
        yield from _missing("security-group", network, network.groups, [one.id for one in groups])
    yield from _apart(network, subnets or (), groups or ())
    places = [
        SubnetRoute(
            subnet=one.id, vpc=one.vpc, public=one.public if network.public is None else network.public
        )
        for one in subnets or ()
    ]
    yield from of_ways(network.place, places, network.ways, network.remedy)


def _missing(kind: str, network: Network, wanted: Sequence[str], seen: Sequence[str]) -> Iterator[Finding]:
    option = kind.replace("-", "_") + "s"
    for one in [one for one in wanted if one not in seen]:
        yield error(
            f"{kind}-missing",
            f"{network.place} names {one}, which does not exist in this account and Region",
            "AWS cannot start anything there.",
            f"{network.place} {option} = {','.join(x for x in wanted if x in seen) or 'one that exists'}",
        )


def _full(network: Network, subnets: Sequence[Subnet]) -> Iterator[Finding]:
    for one in [one for one in subnets if one.free < FEW_ADDRESSES]:
        yield warning(
            "subnet-full",
            f"{one.id} has {one.free} free addresses",
            "Every container needs one; without it, the container waits or fails (RESOURCE:ENI).",
            f"{network.place} subnets = {','.join(network.subnets)},a larger one",
        )


def _apart(network: Network, subnets: Sequence[Subnet], groups: Sequence[SecurityGroup]) -> Iterator[Finding]:
    places = sorted({one.vpc for one in subnets})
    if len(places) > 1:
        yield error(
            "several-vpcs",
            f"{network.place} has subnets of {' and '.join(places)}",
            "All subnets of one request must be in one VPC.",
            f"{network.place} subnets = {','.join(one.id for one in subnets if one.vpc == places[0])}",
        )
    for group in [one for one in groups if places and one.vpc not in places]:
        yield error(
            "other-vpc",
            f"{group.id} is in {group.vpc}, the subnets are in {places[0]}",
            "A security group works only in its own VPC.",
            f"{network.place} security_groups = one of {places[0]}",
        )
