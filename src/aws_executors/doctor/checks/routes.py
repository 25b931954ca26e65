"""Check the routes from a subnet to the AWS services that containers need.

Law: pure; the same for ECS tasks and for Batch's compute environments. A container that cannot reach the
registry of its image, or CloudWatch Logs, never starts. Source: Amazon ECS Developer Guide, "Best practices
for connecting Amazon ECS to the internet" and "Amazon ECR interface VPC endpoints"; API_Route of the EC2 API.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import Field

from aws_executors.core.aws.response import AnswerRecord
from aws_executors.doctor.checks.findings import Finding, Unasked, could_not_ask, error

EVERYWHERE, EVERYWHERE_6 = "0.0.0.0/0", "::/0"
NEEDED = ("ecr.api", "ecr.dkr", "logs", "s3")
"""The services needed before a container starts: for its image (whose layers are in S3), and its log."""
WHY = "A container there can reach neither ECR nor CloudWatch Logs, and fails: ResourceInitializationError."


class Route(AnswerRecord):
    """One route; `gateway` is an internet gateway, a virtual private one, or the VPC itself."""

    to: str = Field(default="", validation_alias="DestinationCidrBlock")
    to_6: str = Field(default="", validation_alias="DestinationIpv6CidrBlock")
    gateway: str = Field(default="", validation_alias="GatewayId")
    state: str = Field(default="active", validation_alias="State")


class Association(AnswerRecord):
    """The subnet to which a route table applies, or (`main`) all subnets of the VPC without another table."""

    main: bool = Field(default=False, validation_alias="Main")
    subnet: str = Field(default="", validation_alias="SubnetId")


class RouteTable(AnswerRecord):
    """One route table."""

    vpc: str = Field(validation_alias="VpcId")
    routes: tuple[Route, ...] = Field(default=(), validation_alias="Routes")
    associations: tuple[Association, ...] = Field(default=(), validation_alias="Associations")


class Endpoint(AnswerRecord):
    """One VPC endpoint; ``com.amazonaws.us-east-1.ecr.api`` is a service's name."""

    vpc: str = Field(validation_alias="VpcId")
    service: str = Field(validation_alias="ServiceName")
    state: str = Field(default="available", validation_alias="State")


@dataclass(frozen=True, slots=True, kw_only=True)
class SubnetRoute:
    """One subnet, and whether containers in it get a public address."""

    subnet: str
    vpc: str
    public: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """The route tables and endpoints that EC2 has in the VPCs of the subnets."""

    tables: tuple[RouteTable, ...] | Unasked | None
    endpoints: tuple[Endpoint, ...] | Unasked | None


def of_ways(place: str, subnets: Sequence[SubnetRoute], ways: Ways, remedy: str) -> Iterator[Finding]:
    """The subnets with no way out; `place` is where they are set, `remedy` how to get a public address.

    >>> table = RouteTable(VpcId="vpc-1", Associations=[{"Main": True}])
    >>> ways = Ways(tables=(table,), endpoints=())
    >>> [one.check for one in of_ways("[x]", [SubnetRoute(subnet="s", vpc="vpc-1", public=False)], ways, "")]
    ['no-way-out']
    """
    yield from could_not_ask("the routes of the subnets (ec2:DescribeRouteTables)", ways.tables)
    yield from could_not_ask("the VPC's endpoints (ec2:DescribeVpcEndpoints)", ways.endpoints)
    if not isinstance(ways.tables, tuple) or not isinstance(ways.endpoints, tuple):
        return
    for one in subnets:
        table = _table(one, ways.tables)
        missing = _missing(one.vpc, ways.endpoints)
        if table and missing:
            yield from _judged(place, one, table, missing, remedy)


def _judged(
    place: str, one: SubnetRoute, table: RouteTable, missing: Sequence[str], remedy: str
) -> Iterator[Finding]:
    out = [route for route in table.routes if route.to == EVERYWHERE]
    if any(route.to_6 == EVERYWHERE_6 for route in table.routes):
        return  # IPv6 may reach the services; that cannot be determined here
    endpoints = f"add endpoints for {', '.join(missing)} to {one.vpc}"
    if not out:
        yield error(
            "no-way-out",
            f"{one.subnet} of {place} has no route to the internet, and {one.vpc} has no endpoints for "
            f"{', '.join(missing)}",
            WHY,
            f"Route {EVERYWHERE} of {one.subnet} to a NAT gateway, or {endpoints}",
        )
    elif all(route.state == "blackhole" for route in out):
        yield error(
            "route-blackhole",
            f"The internet route of {one.subnet} points to something that no longer exists",
            WHY,
            f"Route {EVERYWHERE} of {one.subnet} to a NAT gateway that exists, or {endpoints}",
        )
    elif not one.public and all(route.gateway.startswith("igw-") for route in out):
        yield error(
            "no-public-address",
            f"{one.subnet} of {place} routes to an internet gateway, but containers get no public address",
            "An internet gateway serves public addresses only. " + WHY,
            f"{remedy}, or use subnets with a NAT gateway, or {endpoints}",
        )


def _table(one: SubnetRoute, tables: Sequence[RouteTable]) -> RouteTable | None:
    """The subnet's own table, or its VPC's main one."""
    own = [table for table in tables if any(each.subnet == one.subnet for each in table.associations)]
    main = [
        table for table in tables if table.vpc == one.vpc and any(each.main for each in table.associations)
    ]
    return next(iter((*own, *main)), None)


def _missing(vpc: str, endpoints: Sequence[Endpoint]) -> list[str]:
    there = [one.service for one in endpoints if one.vpc == vpc and one.state.lower() == "available"]
    return [name for name in NEEDED if not any(service.endswith(f".{name}") for service in there)]
