"""Which rule each field of a RunTask request merges by.

Law: one line per field, one named rule of `core/merge.py` per line. Where a task runs (launch type, capacity
providers, platform version) is one decision, and merges as one.
"""

from dataclasses import replace

from aws_executors.core.ecs.parts import (
    AwsvpcConfiguration,
    CapacityProvider,
    ContainerOverride,
    EnvironmentFile,
    InferenceAcceleratorOverride,
    NetworkConfiguration,
    Overrides,
    ResourceRequirement,
    Tag,
    VolumeConfiguration,
)
from aws_executors.core.ecs.request import LaunchType, RunTask
from aws_executors.core.merge import by_name, later
from aws_executors.core.wire import KeyValuePair

ON_INSTANCES: tuple[LaunchType, ...] = ("EC2", "EXTERNAL")
FARGATE_PROVIDERS = frozenset({"FARGATE", "FARGATE_SPOT"})


def _variable_name(variable: KeyValuePair) -> str:
    return variable.name


def _tag_key(tag: Tag) -> str:
    return tag.key


def _container_name(container: ContainerOverride) -> str:
    return container.name


def _volume_name(volume: VolumeConfiguration) -> str:
    return volume.name


def _resource_type(requirement: ResourceRequirement) -> str:
    return requirement.type


def _file_arn(file: EnvironmentFile) -> str:
    return file.value


def _device_name(device: InferenceAcceleratorOverride) -> str:
    return device.device_name


def merge_container(base: ContainerOverride, over: ContainerOverride) -> ContainerOverride:
    """One container's override on top of another; the name is the base's.

    >>> merge_container(ContainerOverride(name="a", cpu=256), ContainerOverride(name="a", memory=512)).cpu
    256
    """
    return replace(
        base,
        command=later(base.command, over.command),
        environment=by_name(base.environment, over.environment, _variable_name),
        environment_files=by_name(base.environment_files, over.environment_files, _file_arn),
        cpu=later(base.cpu, over.cpu),
        memory=later(base.memory, over.memory),
        memory_reservation=later(base.memory_reservation, over.memory_reservation),
        resource_requirements=by_name(base.resource_requirements, over.resource_requirements, _resource_type),
    )


def merge_overrides(base: Overrides, over: Overrides) -> Overrides:
    """The task's overrides on top of others, containers by name."""
    devices = by_name(
        base.inference_accelerator_overrides, over.inference_accelerator_overrides, _device_name
    )
    return replace(
        base,
        container_overrides=by_name(
            base.container_overrides, over.container_overrides, _container_name, merge_container
        ),
        cpu=later(base.cpu, over.cpu),
        memory=later(base.memory, over.memory),
        ephemeral_storage=later(base.ephemeral_storage, over.ephemeral_storage),
        task_role_arn=later(base.task_role_arn, over.task_role_arn),
        execution_role_arn=later(base.execution_role_arn, over.execution_role_arn),
        inference_accelerator_overrides=devices,
    )


def merge_network(
    base: NetworkConfiguration | None, over: NetworkConfiguration | None
) -> NetworkConfiguration | None:
    """Where `over` names subnets, its own; security groups and public address only where it names them."""
    if base is None or over is None:
        return later(base, over)
    below, above = base.awsvpc_configuration, over.awsvpc_configuration
    return NetworkConfiguration(
        awsvpc_configuration=AwsvpcConfiguration(
            subnets=later(below.subnets, above.subnets),
            security_groups=later(below.security_groups, above.security_groups),
            assign_public_ip=later(below.assign_public_ip, above.assign_public_ip),
        )
    )


def place(
    request: RunTask,
    launch_type: LaunchType | None = None,
    strategy: tuple[CapacityProvider, ...] = (),
    platform_version: str | None = None,
) -> RunTask:
    """Where the task runs, which is one decision: a launch type drops the strategy and the other way round.

    Instances have no platform version, so a move to EC2, EXTERNAL or other providers than Fargate's drops it.

    >>> place(RunTask(task_definition="a", launch_type="FARGATE", platform_version="LATEST"), "EC2")
    RunTask(task_definition='a', cluster=None, launch_type='EC2', ...platform_version=None, ...
    """
    providers = {item.capacity_provider for item in strategy}
    to_instances = launch_type in ON_INSTANCES or (strategy and providers.isdisjoint(FARGATE_PROVIDERS))
    return replace(
        request,
        launch_type=launch_type or (None if strategy else request.launch_type),
        capacity_provider_strategy=strategy or (() if launch_type else request.capacity_provider_strategy),
        platform_version=platform_version or (None if to_instances else request.platform_version),
    )


def merge_tags(base: tuple[Tag, ...], over: tuple[Tag, ...]) -> tuple[Tag, ...]:
    """Tags by key."""
    return by_name(base, over, _tag_key)


def merge_volumes(
    base: tuple[VolumeConfiguration, ...], over: tuple[VolumeConfiguration, ...]
) -> tuple[VolumeConfiguration, ...]:
    """Volumes by name."""
    return by_name(base, over, _volume_name)


def on_container(request: RunTask, override: ContainerOverride) -> RunTask:
    """The request with this override on top of what its container has, the container added if need be.

    >>> request = RunTask(task_definition="a")
    >>> on_container(request, ContainerOverride(name="proxy", cpu=64)).overrides.container_overrides[0].cpu
    64
    """
    overrides = merge_overrides(request.overrides, Overrides(container_overrides=(override,)))
    return replace(request, overrides=overrides)
