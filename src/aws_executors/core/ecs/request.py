"""`RunTask`: the whole request for one ECS task, as a value.

Law: a `RunTask` that exists can be sent. Every rule that AWS states for the request, and that can be seen
without asking AWS, is checked here, once, in words. Source: API_RunTask of the Amazon ECS API Reference.
"""

import json
from collections import Counter
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, TypeAdapter
from pydantic.dataclasses import dataclass

from aws_executors.core.ecs.parts import (
    CapacityProvider,
    NetworkConfiguration,
    Overrides,
    PlacementConstraint,
    PlacementStrategy,
    Tag,
    VolumeConfiguration,
)
from aws_executors.core.oversize import TooLarge, parts, too_large
from aws_executors.core.parse import parse
from aws_executors.core.wire import WRITTEN, Flag, Matching, Text, surely_fits, to_kwargs

LaunchType = Literal["FARGATE", "EC2", "EXTERNAL"]
OVERRIDES_LIMIT = 8192
SHORTER = "move variables into the task definition or into environment_files on S3"

StartedBy = Annotated[str, AfterValidator(Matching("[A-Za-z0-9/_-]{1,128}", "1 to 128 of A-Z a-z 0-9 / _ -"))]
ClientToken = Annotated[str, AfterValidator(Matching("[!-~]{1,64}", "1 to 64 visible ASCII characters"))]


@dataclass(frozen=True, slots=True, kw_only=True, config=WRITTEN)
class RunTask:
    """One ECS task to be run: what boto3's ``run_task`` takes, under Python's names.

    Change it with `dataclasses.replace`, which checks again. `count` is always 1: one request is one
    container with one workload. Raises pydantic's ValidationError (a ValueError) that lists every fault.

    >>> RunTask(task_definition="airflow", cluster="etl", launch_type="FARGATE").launch_type
    'FARGATE'
    """

    task_definition: Text
    cluster: Text | None = None
    launch_type: LaunchType | None = None
    capacity_provider_strategy: Annotated[tuple[CapacityProvider, ...], Field(max_length=20)] = ()
    platform_version: Text | None = None
    network_configuration: NetworkConfiguration | None = None
    overrides: Overrides = Overrides()
    placement_constraints: Annotated[tuple[PlacementConstraint, ...], Field(max_length=10)] = ()
    placement_strategy: Annotated[tuple[PlacementStrategy, ...], Field(max_length=5)] = ()
    volume_configurations: tuple[VolumeConfiguration, ...] = ()
    tags: Annotated[tuple[Tag, ...], Field(max_length=50)] = ()
    propagate_tags: Literal["TASK_DEFINITION", "NONE"] | None = None
    enable_ecs_managed_tags: Flag | None = None
    enable_execute_command: Flag | None = None
    group: Text | None = None
    reference_id: Text | None = None
    started_by: StartedBy | None = None
    client_token: ClientToken | None = None
    count: Literal[1] = 1

    def __post_init__(self) -> None:
        faults, sizes = [*_placement_faults(self), *_tag_faults(self)], _size_faults(self.overrides)
        if faults:
            raise ValueError("; ".join([*faults, *sizes]))
        if sizes:
            raise TooLarge(*sizes)


def _placement_faults(request: RunTask) -> list[str]:
    strategy = request.capacity_provider_strategy
    faults = []
    if request.launch_type and strategy:
        faults.append("launch_type and capacity_provider_strategy exclude each other; give one of them")
    if request.launch_type in ("EC2", "EXTERNAL") and request.platform_version:
        faults.append(f"platform_version is for Fargate alone; leave it out for {request.launch_type}")
    if len(strategy) > 1 and not any(item.weight for item in strategy):
        faults.append("capacity_provider_strategy: one of several providers must have a weight above 0")
    if sum(bool(item.base) for item in strategy) > 1:
        faults.append("capacity_provider_strategy: only one provider may have a base")
    return faults


def _tag_faults(request: RunTask) -> list[str]:
    keys = Counter(tag.key for tag in request.tags)
    return [f"tag {key!r} stands twice; give it once" for key, count in sorted(keys.items()) if count > 1]


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
