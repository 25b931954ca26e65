"""ECS and Fargate, for builders of your own: the request and its parts, `build`, and steps to put on it.

Law: names only; each is defined and explained in the core, most of them in `core/ecs`.

>>> from aws_executors import compose, queue_is, when
>>> from aws_executors.ecs import build, with_cpu_memory, with_environment
>>> build = compose(build, with_environment(STAGE="test"),
...                 when(queue_is("large"), with_cpu_memory(cpu=4096, memory=16384)))
"""

from aws_executors.core.aws.fargate_sizes import FARGATE_MEMORY
from aws_executors.core.ecs.builder import build, build_from, from_options, over_options, sealed
from aws_executors.core.ecs.container import on_container
from aws_executors.core.ecs.executor_config import EcsConfig
from aws_executors.core.ecs.options import EcsOptions, read_options, with_options
from aws_executors.core.ecs.request import RunTask, from_kwargs
from aws_executors.core.ecs.settings import EcsSettings
from aws_executors.core.ecs.steps.members import (
    with_cluster,
    with_container,
    with_environment,
    with_environment_files,
    with_ephemeral_storage,
    with_execute_command,
    with_execution_role,
    with_gpu,
    with_group,
    with_managed_tags,
    with_propagated_tags,
    with_tags,
    with_task_definition,
    with_task_role,
    with_volume,
)
from aws_executors.core.ecs.steps.more_memory import with_more_memory
from aws_executors.core.ecs.steps.option_step import Step
from aws_executors.core.ecs.steps.placement import (
    with_capacity_provider,
    with_capacity_providers,
    with_launch_type,
    with_placement_constraint,
    with_placement_strategy,
    with_platform_version,
    with_public_ip,
    with_security_groups,
    with_spot,
    with_subnets,
)
from aws_executors.core.ecs.steps.task_size import with_cpu_memory, with_task_size
from aws_executors.core.ecs.structures import (
    AwsvpcConfiguration,
    CapacityProvider,
    ContainerOverride,
    EnvironmentFile,
    EphemeralStorage,
    InferenceAcceleratorOverride,
    ManagedEbsVolume,
    NetworkConfiguration,
    NvidiaMps,
    Overrides,
    PlacementConstraint,
    PlacementStrategy,
    ResourceRequirement,
    SharingStrategy,
    Tag,
    TagSpecification,
    TerminationPolicy,
    VolumeConfiguration,
)
from aws_executors.core.requests.wire import KeyValuePair

__all__ = [
    "FARGATE_MEMORY",
    "AwsvpcConfiguration",
    "CapacityProvider",
    "ContainerOverride",
    "EcsConfig",
    "EcsOptions",
    "EcsSettings",
    "EnvironmentFile",
    "EphemeralStorage",
    "InferenceAcceleratorOverride",
    "KeyValuePair",
    "ManagedEbsVolume",
    "NetworkConfiguration",
    "NvidiaMps",
    "Overrides",
    "PlacementConstraint",
    "PlacementStrategy",
    "ResourceRequirement",
    "RunTask",
    "SharingStrategy",
    "Step",
    "Tag",
    "TagSpecification",
    "TerminationPolicy",
    "VolumeConfiguration",
    "build",
    "build_from",
    "from_kwargs",
    "from_options",
    "on_container",
    "over_options",
    "read_options",
    "sealed",
    "with_capacity_provider",
    "with_capacity_providers",
    "with_cluster",
    "with_container",
    "with_cpu_memory",
    "with_environment",
    "with_environment_files",
    "with_ephemeral_storage",
    "with_execute_command",
    "with_execution_role",
    "with_gpu",
    "with_group",
    "with_launch_type",
    "with_managed_tags",
    "with_more_memory",
    "with_options",
    "with_placement_constraint",
    "with_placement_strategy",
    "with_platform_version",
    "with_propagated_tags",
    "with_public_ip",
    "with_security_groups",
    "with_spot",
    "with_subnets",
    "with_tags",
    "with_task_definition",
    "with_task_role",
    "with_task_size",
    "with_volume",
]
