"""Steps that say where a task runs: on what, in which network, next to whom.

Law: a launch type and capacity providers exclude each other, so the later step wins as a whole. A step about
the network changes what it names and keeps the rest.
"""

from dataclasses import dataclass, replace

from aws_executors.core.ecs.options import EcsOptions
from aws_executors.core.ecs.request import LaunchType, RunTask
from aws_executors.core.ecs.settings import EcsSettings
from aws_executors.core.ecs.steps.option_step import Over, Step
from aws_executors.core.ecs.structures import (
    AwsvpcConfiguration,
    CapacityProvider,
    NetworkConfiguration,
    PlacementConstraint,
    PlacementStrategy,
)
from aws_executors.core.requests.compose import call_text
from aws_executors.core.requests.kinds import of_kind
from aws_executors.core.requests.launch import Launch
from aws_executors.core.requests.maker import maker
from aws_executors.core.requests.merge import overridden


@maker
def with_launch_type(launch_type: LaunchType) -> Step:
    """Run on FARGATE, EC2 or EXTERNAL, without capacity providers; drop what that platform does not have.

    >>> with_launch_type("EC2")
    with_launch_type('EC2')
    """
    return Over(call_text("with_launch_type", launch_type), EcsOptions(launch_type=launch_type))


@maker
def with_capacity_provider(name: str, *, weight: int = 1, base: int = 0) -> Step:
    """Run on this capacity provider alone, in place of a launch type or of other providers.

    >>> with_capacity_provider("my-gpu-asg")
    with_capacity_provider('my-gpu-asg', weight=1, base=0)
    """
    provider = CapacityProvider(capacity_provider=name, weight=weight, base=base)
    text = call_text("with_capacity_provider", name, weight=weight, base=base)
    return Over(text, EcsOptions(capacity_provider_strategy=(provider,)))


@maker
def with_capacity_providers(*providers: CapacityProvider) -> Step:
    """Run on these capacity providers, shared out by weight once the base is met (1 to 20 of them)."""
    text = call_text("with_capacity_providers", *providers)
    if not providers:
        raise ValueError(f"{text} names no provider; give at least one CapacityProvider")
    return Over(text, EcsOptions(capacity_provider_strategy=providers))


@maker
def with_spot() -> Step:
    """Run on Fargate Spot, which AWS may take back; the cluster must have the provider FARGATE_SPOT.

    >>> with_spot()
    with_spot()
    """
    spot = CapacityProvider(capacity_provider="FARGATE_SPOT", weight=1)
    return Over("with_spot()", EcsOptions(capacity_provider_strategy=(spot,)))


@maker
def with_platform_version(version: str) -> Step:
    """Run on this version of Fargate, such as 1.4.0 or LATEST.

    >>> with_platform_version("1.4.0")
    with_platform_version('1.4.0')
    """
    return Over(call_text("with_platform_version", version), EcsOptions(platform_version=version))


@maker
def with_placement_constraint(expression: str) -> Step:
    """Run only on instances that this cluster query expression selects, besides what is asked already.

    >>> with_placement_constraint("attribute:ecs.instance-type == g5.xlarge")
    with_placement_constraint('attribute:ecs.instance-type == g5.xlarge')
    """
    constraint = PlacementConstraint(type="memberOf", expression=expression)
    text = call_text("with_placement_constraint", expression)
    return Over(text, EcsOptions(placement_constraints=(constraint,)))


@maker
def with_placement_strategy(*strategies: PlacementStrategy) -> Step:
    """Place the task on instances by these rules, in place of others (at most 5)."""
    return Over(call_text("with_placement_strategy", *strategies), EcsOptions(placement_strategy=strategies))


@dataclass(frozen=True, slots=True, repr=False)
class _Network:
    text: str
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    public_ip: bool | None = None

    def __call__(self, launch: Launch[EcsSettings], request: RunTask) -> RunTask:
        before = of_kind(RunTask, request).network_configuration
        subnets = overridden(before.awsvpc_configuration.subnets if before else (), self.subnets)
        if not subnets:
            raise ValueError(
                f"{self.text} needs subnets; set the option subnets, or put with_subnets before it"
            )
        groups = before.awsvpc_configuration.security_groups if before else ()
        public = before.awsvpc_configuration.assign_public_ip if before else None
        awsvpc = AwsvpcConfiguration(
            subnets=subnets,
            security_groups=overridden(groups, self.security_groups),
            assign_public_ip=public
            if self.public_ip is None
            else "ENABLED"
            if self.public_ip
            else "DISABLED",
        )
        return replace(request, network_configuration=NetworkConfiguration(awsvpc_configuration=awsvpc))

    def __repr__(self) -> str:
        return self.text


def _one_each(verb: str, ids: tuple[str, ...]) -> tuple[str, ...]:
    """The ids; ValueError if one text has several of them, which only the option may."""
    for text in ids:
        if "," in text:
            parts = ", ".join(repr(part.strip()) for part in text.split(","))
            raise ValueError(f"{verb}: {text!r} is several ids in one text; write {verb}({parts})")
    return ids


@maker
def with_subnets(*subnets: str) -> Step:
    """Run in these subnets, in place of others; the security groups and the public address stay.

    >>> with_subnets("subnet-1", "subnet-2")
    with_subnets('subnet-1', 'subnet-2')
    """
    return _Network(call_text("with_subnets", *_one_each("with_subnets", subnets)), subnets=subnets)


@maker
def with_security_groups(*groups: str) -> Step:
    """Use these security groups, in place of others; ValueError, when called, where there are no subnets.

    >>> with_security_groups("sg-1")
    with_security_groups('sg-1')
    """
    text = call_text("with_security_groups", *_one_each("with_security_groups", groups))
    return _Network(text, security_groups=groups)


@maker
def with_public_ip(public: bool = True) -> Step:
    """Give the task a public address, or none; ValueError, when called, where there are no subnets.

    >>> with_public_ip(False)
    with_public_ip(False)
    """
    return _Network(call_text("with_public_ip", public), public_ip=public)
