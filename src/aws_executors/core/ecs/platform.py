"""The platform of a task: launch type, capacity providers and platform version, which are one decision.

Law: pure; what only Fargate has is dropped on the way to instances, and the other way round.
"""

from dataclasses import replace

from aws_executors.core.ecs.request import LaunchType, RunTask, launch_platform
from aws_executors.core.ecs.structures import CapacityProvider, NetworkConfiguration


def on_platform(
    request: RunTask,
    launch_type: LaunchType | None = None,
    strategy: tuple[CapacityProvider, ...] = (),
    platform_version: str | None = None,
) -> RunTask:
    """The request on another platform: a launch type replaces the strategy, and the other way round.

    Members that the new platform does not have are dropped (`without_misplaced`).

    >>> on_platform(RunTask(task_definition="a", launch_type="FARGATE", platform_version="LATEST"), "EC2")
    RunTask(task_definition='a', cluster=None, launch_type='EC2', ...platform_version=None, ...
    """
    if launch_type or strategy:
        request = replace(
            without_misplaced(request, launch_platform(launch_type, strategy)),
            launch_type=launch_type,
            capacity_provider_strategy=strategy,
        )
    return replace(request, platform_version=platform_version) if platform_version else request


def without_misplaced(request: RunTask, platform: str) -> RunTask:
    """The request without launch type and strategy, and without what a task cannot have on `platform`.

    `platform` is FARGATE, EC2, EXTERNAL or, if unknown, empty. A task has no platform version, public address
    or own disk on instances, nor a network of its own on external ones; on Fargate it chooses no instance.

    >>> request = RunTask(task_definition="a", platform_version="LATEST")
    >>> without_misplaced(request, "EC2").platform_version is None
    True
    """
    anywhere = replace(request, launch_type=None, capacity_provider_strategy=())
    if not platform:
        return anywhere
    if platform == "FARGATE":
        return replace(anywhere, placement_constraints=(), placement_strategy=())
    network = request.network_configuration
    if network is not None and platform == "EXTERNAL":
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
