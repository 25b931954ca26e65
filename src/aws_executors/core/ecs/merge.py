"""Which rule each field of a RunTask request merges by.

Law: one line per field, one named rule of `core/requests/merge.py` per line. Where a task runs (launch type,
capacity providers, platform version) is one decision, and merges as one.
"""

from dataclasses import replace

from aws_executors.core.ecs.request import LaunchType, RunTask, launch_platform
from aws_executors.core.ecs.structures import (
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
from aws_executors.core.requests.merge import by_name, overridden
from aws_executors.core.requests.wire import KeyValuePair


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
        command=overridden(base.command, over.command),
        environment=by_name(base.environment, over.environment, _variable_name),
        environment_files=by_name(base.environment_files, over.environment_files, _file_arn),
        cpu=overridden(base.cpu, over.cpu),
        memory=overridden(base.memory, over.memory),
        memory_reservation=overridden(base.memory_reservation, over.memory_reservation),
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
        cpu=overridden(base.cpu, over.cpu),
        memory=overridden(base.memory, over.memory),
        ephemeral_storage=overridden(base.ephemeral_storage, over.ephemeral_storage),
        task_role_arn=overridden(base.task_role_arn, over.task_role_arn),
        execution_role_arn=overridden(base.execution_role_arn, over.execution_role_arn),
        inference_accelerator_overrides=devices,
    )


def merge_network(
    base: NetworkConfiguration | None, over: NetworkConfiguration | None
) -> NetworkConfiguration | None:
    """Where `over` names subnets, its own; security groups and public address only where it names them."""
    if base is None or over is None:
        return overridden(base, over)
    below, above = base.awsvpc_configuration, over.awsvpc_configuration
    return NetworkConfiguration(
        awsvpc_configuration=AwsvpcConfiguration(
            subnets=overridden(below.subnets, above.subnets),
            security_groups=overridden(below.security_groups, above.security_groups),
            assign_public_ip=overridden(below.assign_public_ip, above.assign_public_ip),
        )
    )


def place(
    request: RunTask,
    launch_type: LaunchType | None = None,
    strategy: tuple[CapacityProvider, ...] = (),
    platform_version: str | None = None,
) -> RunTask:
    """Where the task runs, which is one decision: a launch type drops the strategy and the other way round.

    What only Fargate has, or only instances have, stays behind on the way to the other: `without_misplaced`.

    >>> place(RunTask(task_definition="a", launch_type="FARGATE", platform_version="LATEST"), "EC2")
    RunTask(task_definition='a', cluster=None, launch_type='EC2', ...platform_version=None, ...
    """
    if launch_type or strategy:
        request = replace(
            without_misplaced(request, launch_platform(launch_type, strategy)),
            launch_type=launch_type,
            capacity_provider_strategy=strategy,
        )
    return replace(request, platform_version=platform_version) if platform_version else request


def without_misplaced(request: RunTask, place: str) -> RunTask:
    """The request without what it can not have where it is to run: FARGATE, EC2, EXTERNAL or, empty, unknown.

    Instances have no platform version, no public address and no disk of the task's own, external ones no
    network of it either; on Fargate nobody says which instance.

    >>> request = RunTask(task_definition="a", platform_version="LATEST")
    >>> without_misplaced(request, "EC2").platform_version is None
    True
    """
    anywhere = replace(request, launch_type=None, capacity_provider_strategy=())
    if not place:
        return anywhere
    if place == "FARGATE":
        return replace(anywhere, placement_constraints=(), placement_strategy=())
    network = request.network_configuration
    if network is not None and place == "EXTERNAL":
        network = None
    elif network is not None and network.awsvpc_configuration.assign_public_ip == "ENABLED":
        inside = replace(network.awsvpc_configuration, assign_public_ip=None)
        network = NetworkConfiguration(awsvpc_configuration=inside)
    return replace(
        anywhere,
        platform_version=None,
        network_configuration=network,
        overrides=replace(request.overrides, ephemeral_storage=None),
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
