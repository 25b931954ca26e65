"""`EcsConfig`: ``executor_config`` for a task on ECS, with completion and checked where it is written.

Law: `EcsConfig` only makes the plain dict that a DAG's author could have written by hand, so that Airflow can
store it and a scheduler without this function can read it.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, cast

from aws_executors.core.ecs.options import ECS_OPTIONS
from aws_executors.core.ecs.request import LaunchType
from aws_executors.core.ecs.structures import (
    CapacityProvider,
    EnvironmentFile,
    NetworkConfiguration,
    Overrides,
    PlacementConstraint,
    PlacementStrategy,
    ResourceRequirement,
    VolumeConfiguration,
)
from aws_executors.core.requests.executor_config import plain_config
from aws_executors.core.requests.maker import keys_only


@keys_only
def EcsConfig(
    *,
    cpu: int | None = None,
    memory: int | None = None,
    memory_reservation: int | None = None,
    environment: Mapping[str, str] | None = None,
    environment_files: Sequence[EnvironmentFile] = (),
    resource_requirements: Sequence[ResourceRequirement] = (),
    overrides: Overrides | None = None,
    cluster: str | None = None,
    task_definition: str | None = None,
    launch_type: LaunchType | None = None,
    capacity_provider_strategy: Sequence[CapacityProvider] = (),
    platform_version: str | None = None,
    network_configuration: NetworkConfiguration | None = None,
    placement_constraints: Sequence[PlacementConstraint] = (),
    placement_strategy: Sequence[PlacementStrategy] = (),
    volume_configurations: Sequence[VolumeConfiguration] = (),
    tags: Mapping[str, str] | None = None,
    propagate_tags: Literal["TASK_DEFINITION", "NONE"] | None = None,
    enable_ecs_managed_tags: bool | None = None,
    enable_execute_command: bool | None = None,
    group: str | None = None,
    warm: bool | None = None,
) -> dict[str, object]:
    """The ``executor_config`` of one task: plain data in AWS's spelling, which Airflow can serialise.

    `cpu` (units, 1024 make one vCPU), `memory` and `memory_reservation` (MiB) are the Airflow container's;
    `overrides` holds the task's own size, roles, disk and other containers. Raises `RequestError` while the
    DAG is parsed, with all that is wrong. Source: API_RunTask and API_ContainerOverride of Amazon ECS.

    >>> EcsConfig(cpu=256, memory=512, environment={"STAGE": "test"})
    {'cpu': 256, 'memory': 512, 'environment': [{'name': 'STAGE', 'value': 'test'}]}
    """
    return plain_config(ECS_OPTIONS, cast("dict[str, object]", locals()), "EcsConfig")
