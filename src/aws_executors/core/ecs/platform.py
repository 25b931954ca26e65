"""The platform of a task: launch type, capacity providers and platform version, which are one decision.

Law: pure; what only Fargate has, or only instances have, is dropped on the way to the other.
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
    """Where the task runs, which is one decision: a launch type drops the strategy and the other way round.

    What only Fargate has, or only instances have, is dropped on the way to the other: `without_misplaced`.

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
    """The request without what it cannot have where it is to run: FARGATE, EC2, EXTERNAL or, empty, unknown.

    On instances, a task has no platform version, public address or disk of its own, and on external ones no
    network of its own either; on Fargate it cannot choose an instance.

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
