"""`RunTask`: the whole request for one ECS task, as a value.

Law: a `RunTask` that exists can be sent. Every rule that AWS states for the request, and that can be seen
without asking AWS, is checked here, once, in words. Source: API_RunTask of the Amazon ECS API Reference.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter
from pydantic.dataclasses import dataclass

from aws_executors.core.ecs.capacity_providers import FARGATE_PROVIDERS, sound
from aws_executors.core.ecs.structures import (
    CapacityProvider,
    NetworkConfiguration,
    Overrides,
    PlacementConstraint,
    PlacementStrategy,
    Tag,
    VolumeConfiguration,
)
from aws_executors.core.errors import RequestTooLargeError
from aws_executors.core.requests.merge import MergedBy, appended
from aws_executors.core.requests.size_limit import parts, too_large
from aws_executors.core.requests.wire import (
    WRITTEN,
    Flag,
    Matching,
    Text,
    needed_text,
    structure,
    surely_fits,
    to_kwargs,
)
from aws_executors.core.validation import parse

PROVIDED: Mapping[str, str] = MappingProxyType(
    {"MANAGED_INSTANCES": "my-managed-instances", "FARGATE_SPOT": "FARGATE_SPOT"}
)
"""Names that are easily taken for a launch type but are none, each with a capacity provider for it."""
BY_PROVIDER = (
    "is reached by its capacity provider alone: name that one in capacity_provider_strategy, and leave "
    "launch_type out"
)


def _no_provider(value: object) -> object:
    if isinstance(value, str) and (name := value.strip().upper()) in PROVIDED:
        raise ValueError(f"{name} {BY_PROVIDER}")
    return value


LaunchType = Annotated[Literal["FARGATE", "EC2", "EXTERNAL"], BeforeValidator(_no_provider)]
OVERRIDES_LIMIT = 8192
SHORTER = "move variables into the task definition or into environment_files on S3"

StartedBy = Annotated[str, AfterValidator(Matching("[A-Za-z0-9/_-]{1,128}", "1 to 128 of A-Z a-z 0-9 / _ -"))]
ClientToken = Annotated[str, AfterValidator(Matching("[!-~]{1,64}", "1 to 64 visible ASCII characters"))]


@dataclass(frozen=True, kw_only=True, config=WRITTEN)
class TaskMembers:
    """The members of RunTask that ``executor_config`` may set, too."""

    __slots__ = ()  # the classes that inherit these members lay them out, each in its own order

    task_definition: Text | None = None
    cluster: Text | None = None
    launch_type: LaunchType | None = None
    capacity_provider_strategy: Annotated[tuple[CapacityProvider, ...], Field(max_length=20)] = ()
    platform_version: Text | None = None
    network_configuration: NetworkConfiguration | None = None
    overrides: Overrides = Overrides()
    placement_constraints: Annotated[
        tuple[PlacementConstraint, ...], Field(max_length=10), MergedBy(appended)
    ] = ()
    placement_strategy: Annotated[tuple[PlacementStrategy, ...], Field(max_length=5)] = ()
    volume_configurations: tuple[VolumeConfiguration, ...] = ()
    tags: Annotated[tuple[Tag, ...], Field(max_length=50)] = ()
    propagate_tags: Literal["TASK_DEFINITION", "NONE"] | None = None
    enable_ecs_managed_tags: Flag | None = None
    enable_execute_command: Flag | None = None
    group: Text | None = None


@structure
class RunTask(TaskMembers):
    """One ECS task to be run: what boto3's ``run_task`` takes, under Python's names.

    Change it with `dataclasses.replace`, which checks again. `count` is always 1: one request is one
    container with one workload. Raises `RequestError` that lists every fault.

    >>> RunTask(task_definition="airflow", cluster="etl", launch_type="FARGATE").launch_type
    'FARGATE'
    """

    task_definition: Text = needed_text()
    reference_id: Text | None = None
    started_by: StartedBy | None = None
    client_token: ClientToken | None = None
    count: Literal[1] = 1

    def __post_init__(self) -> None:
        faults, sizes = [*_placement_faults(self), *_tag_faults(self)], _size_faults(self.overrides)
        if faults:
            raise ValueError("; ".join([*faults, *sizes]))
        if sizes:
            raise RequestTooLargeError(*sizes)


def launch_platform(launch_type: str | None, strategy: tuple[CapacityProvider, ...]) -> str:
    """Where a task of this launch type or strategy runs: FARGATE, EC2, EXTERNAL; empty if that is not known.

    Fargate's own two providers are known by name; any other provider has instances, from an Auto Scaling
    group or managed by AWS.

    >>> launch_platform(None, (CapacityProvider(capacity_provider="FARGATE_SPOT"),))
    'FARGATE'
    >>> launch_platform("EXTERNAL", ())
    'EXTERNAL'
    """
    providers = {item.capacity_provider for item in strategy}
    if providers:
        return "EC2" if providers.isdisjoint(FARGATE_PROVIDERS) else "FARGATE"
    return launch_type or ""


def _placement_faults(request: RunTask) -> Iterator[str]:
    network, strategy = request.network_configuration, request.capacity_provider_strategy
    if network is not None and not network.awsvpc_configuration.subnets:
        yield "network_configuration has no subnets; write them there, or set the option subnets"
    if strategy:
        yield from _strategy_faults(request.launch_type, strategy)
    place = launch_platform(request.launch_type, strategy)
    if place not in ("", "FARGATE"):
        providers = ", ".join(item.capacity_provider for item in strategy)
        yield from _only_on_fargate(request, f"the capacity provider {providers}" if providers else place)
    if place == "EXTERNAL":
        yield from _not_outside(request)


def _strategy_faults(launch_type: str | None, strategy: tuple[CapacityProvider, ...]) -> Iterator[str]:
    if launch_type:
        yield "launch_type and capacity_provider_strategy exclude each other; give one of them"
    try:
        sound(strategy)
    except ValueError as error:
        yield f"capacity_provider_strategy {error}"


def _only_on_fargate(request: RunTask, place: str) -> Iterator[str]:
    network = request.network_configuration
    if request.platform_version:
        yield f"platform_version is for Fargate alone; leave it out for {place}"
    if network is not None and network.awsvpc_configuration.assign_public_ip == "ENABLED":
        yield f"assign_public_ip is for Fargate alone; leave it out for {place}"


def _not_outside(request: RunTask) -> Iterator[str]:
    if request.network_configuration is not None:
        yield "network_configuration is not for EXTERNAL, which has no awsvpc network; leave it out"
    if request.volume_configurations:
        yield "volume_configurations are not for EXTERNAL, where no EBS volume can be; leave them out"


def _tag_faults(request: RunTask) -> list[str]:
    keys = Counter([tag.key for tag in request.tags])
    return [f"tag {key!r} is given twice; keep one" for key, count in sorted(keys.items()) if count > 1]


def _size_faults(overrides: Overrides) -> list[str]:
    if surely_fits(overrides, OVERRIDES_LIMIT):
        return []
    members = to_kwargs(overrides)
    size = len(json.dumps(members, separators=(",", ":")))
    if size <= OVERRIDES_LIMIT:
        return []
    allowed = f"characters long, ECS allows {OVERRIDES_LIMIT}"
    return [too_large("overrides are", size, allowed, parts(members), SHORTER)]


RUN_TASK: TypeAdapter[RunTask] = TypeAdapter(RunTask)


def from_kwargs(kwargs: object, where: str = "run_task_kwargs") -> RunTask:
    """Read what boto3's ``run_task`` takes (or the same with Python's names) as a `RunTask`.

    Lists become tuples, nothing is lost: ``from_kwargs(to_kwargs(request)) == request``. Raises
    `RequestError`, whose message begins with `where`, for anything that is not a RunTask request.

    >>> from_kwargs({"taskDefinition": "airflow:7", "launchType": "FARGATE"}).task_definition
    'airflow:7'
    """
    return parse(RUN_TASK, kwargs, where)
