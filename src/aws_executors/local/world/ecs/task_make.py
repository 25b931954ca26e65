"""Create a task's record from a definition and its overrides.

Law: only assembles; nothing is rejected or started here. RunTask and a job's attempt both use it. Secrets,
environment files, health checks, restart policies and the order of containers are kept in the description and
have no effect.
"""

from __future__ import annotations

from collections.abc import Iterable

from aws_executors.local.world.ecs.state import ContainerRun, EcsTask
from aws_executors.local.world.ecs.task_event import announce_task
from aws_executors.local.world.state import World, arn, count, draw, hex_id
from aws_executors.local.world.values import Json, LogTarget

STOP_TIMEOUT = 30.0
FREE_DISK = {"sizeInGiB": 20}


def environment_map(environment: Iterable[Json]) -> dict[str, str]:
    """AWS's list of names and values as a mapping; for a repeated name, the last value counts."""
    return {item.get("name", ""): item.get("value", "") for item in environment}


def runs_of(definition: Json, overrides: Json) -> list[ContainerRun]:
    """The containers of a task definition with a TaskOverride applied: command replaced, environment
    merged."""
    changes: dict[str, Json] = {}
    for one in overrides.get("containerOverrides", []):
        changes[one["name"]] = {**changes.get(one["name"], {}), **one}
    whole = overrides.get("memory", definition.get("memory"))
    return [_run(one, changes.get(one["name"], {}), whole) for one in definition["containerDefinitions"]]


def _run(container: Json, override: Json, whole: str | None) -> ContainerRun:
    """A container; its memory is limited by its own number, otherwise by the task's."""
    memory = override.get("memory", container.get("memory", whole))
    command: list[str] = override.get("command") or container.get("command") or []
    entry_point: list[str] = container.get("entryPoint") or []
    return ContainerRun(
        name=container["name"],
        image=container["image"],
        command=(*entry_point, *command),
        environment={
            **environment_map(container["environment"]),
            **environment_map(override.get("environment", [])),
        },
        essential=container["essential"],
        stop_timeout=float(container.get("stopTimeout", STOP_TIMEOUT)),
        log=None if container.get("logConfiguration") is None else _log_target(container),
        memory=None if memory is None else int(memory),
    )


def _log_target(container: Json) -> LogTarget | None:
    """The log group and the stream's prefix; `make_task` completes the stream's name with the task's id."""
    config = container["logConfiguration"]
    options = config.get("options", {})
    if config["logDriver"] != "awslogs" or "awslogs-group" not in options:
        return None
    creates = options.get("awslogs-create-group") == "true"
    prefix = options.get("awslogs-stream-prefix")
    return LogTarget(options["awslogs-group"], f"{prefix}/{container['name']}" if prefix else "", creates)


def make_task(
    world: World,
    home: str,
    definition: Json,
    launch: Json,
    runs: list[ContainerRun],
    params: Json,
    now: float,
) -> EcsTask:
    """Create a task in PROVISIONING, add it to the world and announce it as its first change."""
    task_id = hex_id(world)
    for run in runs:
        run.environment = _told(world, launch) | run.environment
        if run.log:
            stream = f"{run.log.stream}/{task_id}" if run.log.stream else hex_id(world)
            run.log = LogTarget(run.log.group, stream, run.log.creates_group)
    visible = now + draw(world, task_id, "visible", world.delays.visible)
    view = _view(world, home, task_id, definition, launch, runs, params, now)
    tags = list(params.get("tags", []))
    task = EcsTask(task_id, count(world), home, view, {run.name: run for run in runs}, visible, tags)
    world.ecs.tasks[task_id] = task
    if "startedBy" in params:
        world.ecs.by_started.setdefault((home, params["startedBy"]), []).append(task_id)
    announce_task(world, view, now)
    return task


def _told(world: World, launch: Json) -> dict[str, str]:
    """The variables that the agent sets in every container."""
    return {
        "AWS_EXECUTION_ENV": f"AWS_ECS_{launch['launchType']}",
        "AWS_REGION": world.region,
        "AWS_DEFAULT_REGION": world.region,
    }


def _view(
    world: World,
    home: str,
    task_id: str,
    definition: Json,
    launch: Json,
    runs: list[ContainerRun],
    params: Json,
    at: float,
) -> Json:
    overrides = params.get("overrides", {})
    own = arn(world, "ecs", f"task/{home}/{task_id}")
    sizes = {size: overrides.get(size, definition.get(size)) for size in ("cpu", "memory")}
    platform = definition.get("runtimePlatform", {})
    architecture = platform.get("cpuArchitecture", "X86_64").lower()
    fargate: Json = {}
    if launch["launchType"] == "FARGATE":
        system = platform.get("operatingSystemFamily", "LINUX").title()
        disk = overrides.get("ephemeralStorage", definition.get("ephemeralStorage", FREE_DISK))
        fargate = {"platformVersion": "1.4.0", "platformFamily": system, "ephemeralStorage": disk}
    return {
        "taskArn": own,
        "clusterArn": arn(world, "ecs", f"cluster/{home}"),
        "taskDefinitionArn": definition["taskDefinitionArn"],
        "attachments": [],
        "attributes": [{"name": "ecs.cpu-architecture", "value": architecture}],
        "availabilityZone": f"{world.region}a",
        "containers": [_container_view(world, home, task_id, own, run) for run in runs],
        **{size: value for size, value in sizes.items() if value is not None},
        **launch,
        **fargate,
        **{key: params[key] for key in ("startedBy", "enableExecuteCommand") if key in params},
        "group": params.get("group", f"family:{definition['family']}"),
        "overrides": {"containerOverrides": [], "inferenceAcceleratorOverrides": [], **overrides},
        "createdAt": at,
        "desiredStatus": "RUNNING",
        "lastStatus": "PROVISIONING",
        "healthStatus": "UNKNOWN",
        "version": 1,
    }


def _container_view(world: World, home: str, task_id: str, task_arn: str, run: ContainerRun) -> Json:
    return {
        "containerArn": arn(world, "ecs", f"container/{home}/{task_id}/{hex_id(world)}"),
        "taskArn": task_arn,
        "name": run.name,
        "image": run.image,
        "lastStatus": "PENDING",
        "networkInterfaces": [],
        "healthStatus": "UNKNOWN",
    }
