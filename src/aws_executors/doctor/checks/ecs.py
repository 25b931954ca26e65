"""Check a set-up on ECS.

Law: pure. The checks are about the request that the user's builder makes, not about the options alone.
Source: Amazon ECS Developer Guide, "Amazon ECS task definitions" and "Stopped tasks error codes".
"""

from collections.abc import Callable, Iterator

from aws_executors.doctor.checks.fargate_quota import Allowance, of_allowance, vcpus
from aws_executors.doctor.checks.findings import (
    Finding,
    could_not_ask,
    error,
    of_entrypoint,
    of_variables,
    warning,
)
from aws_executors.doctor.checks.image import of_image
from aws_executors.doctor.checks.image import variables as set_by_image
from aws_executors.doctor.checks.log_group import of_log_group
from aws_executors.doctor.checks.network import of_network
from aws_executors.doctor.checks.volumes import of_files, of_volumes
from aws_executors.doctor.evidence.definitions import of_essential, of_platforms
from aws_executors.doctor.evidence.ecs import Evidence


def _cluster(seen: Evidence) -> Iterator[Finding]:
    yield from could_not_ask("the cluster (ecs:DescribeClusters)", seen.clusters)
    name = seen.request.cluster or "default"
    if seen.clusters == ():
        yield error(
            "cluster-missing",
            f"There is no cluster {name!r} in {seen.settings.region}",
            "RunTask fails with ClusterNotFoundException for every task.",
            f"[ecs_fargate] cluster = one that exists, or: aws ecs create-cluster --cluster-name {name}",
        )
    elif seen.cluster and seen.cluster.status != "ACTIVE":
        yield error(
            "cluster-inactive",
            f"The cluster {name!r} is {seen.cluster.status}",
            "No task can run in it.",
            "[ecs_fargate] cluster = one that is ACTIVE",
        )


def _providers(seen: Evidence) -> Iterator[Finding]:
    if not seen.cluster:
        return
    known = seen.cluster.capacity_providers
    wanted = [one.capacity_provider for one in seen.request.capacity_provider_strategy]
    missing = [name for name in wanted if name not in known]
    if missing:
        both = " ".join(dict.fromkeys((*known, *missing), ""))
        name = seen.cluster.cluster_name
        default = " ".join(
            f"capacityProvider={one.capacity_provider},weight={one.weight},base={one.base}"
            for one in seen.cluster.default_capacity_provider_strategy
        )
        yield error(
            "provider-missing",
            f"The cluster {name!r} does not have the capacity provider {', '.join(missing)}",
            "RunTask is refused: new clusters have no capacity providers, not even FARGATE_SPOT.",
            f"aws ecs put-cluster-capacity-providers --cluster {name} --capacity-providers {both} "
            f"--default-capacity-provider-strategy {default or '[]'}",
        )
    if seen.request.launch_type == "EC2" and not seen.cluster.registered_container_instances_count:
        yield warning(
            "no-instances",
            f"The cluster {seen.cluster.cluster_name!r} has no instances",
            "With launch_type = EC2, tasks wait until an instance is started.",
            "[ecs_fargate] launch_type = FARGATE, or register instances in the cluster",
        )


def _definition(seen: Evidence) -> Iterator[Finding]:
    yield from could_not_ask("the task definition (ecs:DescribeTaskDefinition)", seen.definitions)
    name = seen.request.task_definition
    if seen.definitions == ():
        yield error(
            "definition-missing",
            f"There is no task definition {name!r} in {seen.settings.region}, or it is inactive",
            "RunTask is refused for every task.",
            "[ecs_fargate] task_definition = one that exists: aws ecs list-task-definitions",
        )
    elif seen.definition and seen.definition.status != "ACTIVE":
        yield error(
            "definition-inactive",
            f"The {seen.definition.place} is {seen.definition.status}",
            "RunTask is refused: TaskDefinition is inactive.",
            f"[ecs_fargate] task_definition = {seen.definition.family}",
        )


def _container(seen: Evidence) -> Iterator[Finding]:
    definition, container = seen.definition, seen.container
    if not definition:
        return
    names = [one.name for one in definition.container_definitions]
    if not container:
        yield error(
            "container-name",
            f"The {definition.place} has no container {seen.settings.container_name!r}: {', '.join(names)}",
            "RunTask is refused: the override names a container that does not exist.",
            f"[ecs_fargate] container_name = {names[0] if names else 'airflow'}",
        )
        return
    others = [one.name for one in definition.container_definitions if one.essential and one is not container]
    yield from of_essential(
        container.name, essential=container.essential, others=others, place=definition.place
    )
    if container.restart_policy and container.restart_policy.enabled:
        yield warning(
            "restart-policy",
            f"Container {container.name!r} of the {definition.place} has a restartPolicy",
            "ECS runs the command again when a task has ended after minutes: Airflow refuses that, and the "
            "exit code is the last run's.",
            f"{definition.place}: container {container.name!r} restartPolicy enabled = false; use `retries`",
        )
    yield from of_entrypoint(container.entry_point, definition.place)
    yield from of_image(seen.image, definition.place, seen.architecture, container.entry_point)
    over = [one for one in seen.request.overrides.container_overrides if one.name == container.name]
    variables = set_by_image(seen.image) | {one.name: one.value for one in container.environment}
    variables |= {one.name: one.value for each in over for one in each.environment}
    yield from of_variables(variables, definition.place, seen.airflow)


def _volumes(seen: Evidence) -> Iterator[Finding]:
    definition = seen.definition
    if not definition:
        return
    left_open = {one.name for one in definition.volumes if one.configured_at_launch}
    configured = {one.name for one in seen.request.volume_configurations}
    for name in sorted(left_open - configured):
        yield error(
            "volumes",
            f"The {definition.place} leaves the volume {name!r} to be configured at launch",
            "RunTask is refused for every task whose request does not configure it.",
            "[ecs_fargate] run_task_kwargs = with volumeConfigurations for it",
        )
    for name in sorted(configured - left_open):
        yield error(
            "volumes",
            f"The request configures the volume {name!r}, which the {definition.place} does not leave open",
            "RunTask is refused: it configures only volumes that are to be configured at launch.",
            f"{definition.place}: volume {name!r} configuredAtLaunch = true, or no volumeConfigurations",
        )
    if seen.container:
        yield from of_files(seen.container, definition.place, seen.image)
    yield from of_volumes(
        definition.volumes,
        seen.request.overrides.task_role_arn or definition.task_role_arn,
        definition.place,
        "taskRoleArn",
        fargate=seen.fargate,
    )


def _launch_type(seen: Evidence) -> Iterator[Finding]:
    definition = seen.definition
    if definition:
        yield from of_platforms([definition.runtime_platform], definition.place)
    if definition and seen.fargate and "FARGATE" not in definition.compatibilities:
        yield error(
            "not-for-fargate",
            f"The {definition.place} is for {' and '.join(definition.compatibilities) or 'nothing'}",
            "RunTask on FARGATE is refused: it needs networkMode awsvpc, and cpu and memory of the task.",
            f"{definition.place}: requiresCompatibilities = FARGATE, or [ecs_fargate] launch_type = EC2",
        )
    if seen.fargate and seen.request.platform_version in ("1.0.0", "1.1.0", "1.2.0", "1.3.0"):
        yield warning(
            "platform-version",
            f"platform_version = {seen.request.platform_version} is no longer supported",
            "AWS retires these versions; 1.4.0 is the oldest one left.",
            "[ecs_fargate] platform_version = LATEST",
        )


def _network(seen: Evidence) -> Iterator[Finding]:
    definition, network = seen.definition, seen.request.network_configuration
    if definition and definition.network_mode == "awsvpc" and network is None:
        yield error(
            "subnets",
            f"The {definition.place} has networkMode awsvpc, but no subnets are set",
            "RunTask is refused: Network Configuration must be provided.",
            "[ecs_fargate] subnets = subnet-XXXXXXXX",
        )
    if definition and definition.network_mode != "awsvpc" and network is not None:
        yield error(
            "subnets",
            f"The {definition.place} has networkMode {definition.network_mode}, but subnets are set",
            "RunTask is refused: Network Configuration is not valid for this network mode.",
            f"remove subnets from [ecs_fargate], or {definition.place}: networkMode = awsvpc",
        )
    yield from of_network(seen.network)


def _logs(seen: Evidence) -> Iterator[Finding]:
    definition, container = seen.definition, seen.container
    if not definition or not container:
        return
    logs = container.log_configuration
    if logs is None:
        yield warning(
            "log-driver",
            f"Container {container.name!r} of the {definition.place} has no logConfiguration",
            "What a container prints is lost if it fails before the task starts.",
            f"{definition.place}: logConfiguration = awslogs with group, region and stream prefix",
        )
        return
    if logs.log_driver != "awslogs" or not logs.options.get("awslogs-group"):
        return
    yield from of_log_group(logs.options, definition.place, seen.settings.region, seen.log_groups)
    if "awslogs-stream-prefix" not in logs.options:
        yield warning(
            "log-prefix",
            f"awslogs-stream-prefix is missing in the {definition.place}",
            "Fargate rejects the definition, and on EC2 a task's log stream cannot be found by its id.",
            f"{definition.place}: awslogs-stream-prefix = airflow",
        )


def _roles(seen: Evidence) -> Iterator[Finding]:
    definition, container = seen.definition, seen.container
    own = seen.request.overrides.execution_role_arn
    if not definition or not container or not seen.fargate or definition.execution_role_arn or own:
        return
    logs = container.log_configuration
    reasons = [
        *(["its image is in ECR"] if ".dkr.ecr." in container.image else []),
        *(["it logs to CloudWatch"] if logs is not None and logs.log_driver == "awslogs" else []),
    ]
    if reasons:
        yield error(
            "execution-role",
            f"The {definition.place} has no executionRoleArn, but {' and '.join(reasons)}",
            "On Fargate, ECS pulls images and writes logs as this role: the container never starts.",
            f"{definition.place}: executionRoleArn = a role with AmazonECSTaskExecutionRolePolicy",
        )


def _quota(seen: Evidence) -> Iterator[Finding]:
    if seen.fargate and seen.definition:
        size = seen.request.overrides.cpu or seen.definition.cpu
        allowance = Allowance(
            code=seen.quota_code, vcpus=vcpus(size), at_once=seen.airflow.parallelism, quota=seen.quota
        )
        yield from of_allowance(allowance, seen.settings.region)


CHECKS: tuple[Callable[[Evidence], Iterator[Finding]], ...] = (
    _cluster,
    _providers,
    _definition,
    _container,
    _volumes,
    _launch_type,
    _network,
    _logs,
    _roles,
    _quota,
)


def findings(seen: Evidence) -> Iterator[Finding]:
    """Everything that is wrong with a set-up on ECS."""
    for check in CHECKS:
        yield from check(seen)
