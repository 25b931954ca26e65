"""ECS task definitions.

Law: one function per action, and the look-up and the size check that RunTask needs. Source: botocore's `ecs`
model; the sizes, and the members that Fargate lacks, are from "Task definition differences for Fargate".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aws_executors.local.world.ecs.state import Family
from aws_executors.local.world.pages import page
from aws_executors.local.world.state import World, arn
from aws_executors.local.world.values import Json, ServiceError

GIB = 1024
FARGATE_SIZES: dict[int, range | tuple[int, ...]] = {
    256: (512, 1 * GIB, 2 * GIB),
    512: range(1 * GIB, 4 * GIB + 1, GIB),
    1024: range(2 * GIB, 8 * GIB + 1, GIB),
    2048: range(4 * GIB, 16 * GIB + 1, GIB),
    4096: range(8 * GIB, 30 * GIB + 1, GIB),
    8192: range(16 * GIB, 60 * GIB + 1, 4 * GIB),
    16384: range(32 * GIB, 120 * GIB + 1, 8 * GIB),
}
NOT_OF_FARGATE = ("inferenceAccelerators", "ipcMode", "placementConstraints")
"""Members of a task definition that Fargate does not support."""
NOT_IN_FARGATE = (
    "disableNetworking",
    "dnsSearchDomains",
    "dnsServers",
    "dockerSecurityOptions",
    "extraHosts",
    "links",
    "privileged",
)
"""Members of a container definition that Fargate does not support."""
NOT_IN_LINUX_PARAMETERS = ("devices", "maxSwap", "sharedMemorySize", "swappiness", "tmpfs")
FARGATE_DISK = range(21, 201)  # GiB
TRACE = "SYS_PTRACE"  # the one capability that may be added

UNITS = {"cpu": "vcpu", "memory": "gb"}


def in_units(size: str, unit: str) -> str:
    """A task's size as ECS stores it: "1 vCPU" is 1024 units, "2 GB" is 2048 MiB; any other text is
    unchanged.

    >>> in_units("1 vCPU", "vcpu"), in_units(".5 vcpu", "vcpu"), in_units("2GB", "gb"), in_units("256", "gb")
    ('1024', '512', '2048', '256')
    """
    number = size.lower().removesuffix(unit).strip()
    try:
        return size if number == size.lower() else f"{float(number) * GIB:.0f}"
    except ValueError:
        return size


def register_task_definition(world: World, params: Json, now: float) -> Json:
    """RegisterTaskDefinition: the next revision of its family, if it is valid."""
    sizes = {size: in_units(params[size], unit) for size, unit in UNITS.items() if size in params}
    params = {**params, **sizes}
    _check_definition(params)
    family = world.ecs.families.setdefault(params["family"], Family())
    revision = len(family.revisions) + 1
    tags = params.get("tags", [])
    view: Json = {
        "networkMode": "bridge",
        "volumes": [],
        "placementConstraints": [],
        **{key: value for key, value in params.items() if key != "tags"},
        "containerDefinitions": [_container_defaults(one) for one in params["containerDefinitions"]],
        "taskDefinitionArn": arn(world, "ecs", f"task-definition/{params['family']}:{revision}"),
        "revision": revision,
        "status": "ACTIVE",
        "compatibilities": _compatibilities(params),
        "registeredAt": now,
    }
    family.revisions.append(view)
    family.tags.append(tags)
    return {"taskDefinition": view, "tags": tags}


def _compatibilities(params: Json) -> list[str]:
    if params.get("networkMode") != "awsvpc":
        return ["EXTERNAL", "EC2"]
    return ["EC2"] if any(_not_for_fargate(params)) else ["EC2", "FARGATE"]


def _container_defaults(container: Json) -> Json:
    return {
        "cpu": 0,
        "essential": True,
        "environment": [],
        "mountPoints": [],
        "portMappings": [],
        "volumesFrom": [],
        **container,
    }


def _check_definition(params: Json) -> None:
    containers = params["containerDefinitions"]
    names = [one.get("name", "") for one in containers]
    if not containers or not all(names) or not all(one.get("image") for one in containers):
        raise ServiceError(
            "ClientException", "Container.name and Container.image should not be null or empty."
        )
    if len(set(names)) != len(names):
        raise ServiceError("ClientException", "Container names must be unique within a task definition.")
    if not any(one.get("essential", True) for one in containers):
        raise ServiceError("ClientException", "A task definition must have at least one essential container.")
    check_sizes(params)
    if "FARGATE" in params.get("requiresCompatibilities", []):
        _check_fargate(params)
    for one in containers:
        if "memory" not in params and not {"memory", "memoryReservation"} & one.keys():
            raise ServiceError(
                "ClientException",
                f"Invalid setting for container '{one['name']}'. At least one of 'memory' or "
                "'memoryReservation' must be specified.",
            )


def _check_fargate(params: Json) -> None:
    for refusal in _not_for_fargate(params):
        raise ServiceError("ClientException", refusal)
    check_fargate_size(params["cpu"], params["memory"])


def _not_for_fargate(params: Json) -> Iterator[str]:
    """Fargate's errors for a definition that it cannot run; members that are empty or off do not count."""
    if params.get("networkMode") != "awsvpc":
        yield "Fargate only supports network mode ‘awsvpc’."  # noqa: RUF001
    for size in ("cpu", "memory"):
        if size not in params:
            yield f"Fargate requires that '{size}' be defined at the task level."
    for member in NOT_OF_FARGATE:
        if params.get(member):
            yield f"Tasks using the Fargate launch type do not support {member}."
    if params.get("pidMode") == "host":
        yield (
            "Tasks using the Fargate launch type do not support pidMode 'host'. The supported value for "
            "pidMode is 'task'."
        )
    for volume in params.get("volumes", []):
        if volume.get("host", {}).get("sourcePath"):
            yield "Fargate compatible task definitions do not support sourcePath"
        if volume.get("dockerVolumeConfiguration"):
            yield "Fargate compatible task definitions do not support dockerVolumeConfiguration"
    yield from not_in_fargate(params, params["containerDefinitions"])


def not_in_fargate(task: Json, containers: Iterable[Json]) -> Iterator[str]:
    """Fargate's errors for a task and its containers, as they are defined or overridden."""
    if not fits_fargate_disk(task):
        yield "The ephemeral storage of a task must be between 21 and 200 GiB."
    for one in containers:
        yield from _not_in_a_container(one)


def fits_fargate_disk(task: Json) -> bool:
    """Whether Fargate offers the size of disk that the task asks for, if any."""
    return task.get("ephemeralStorage", {}).get("sizeInGiB", FARGATE_DISK[0]) in FARGATE_DISK


def _not_in_a_container(container: Json) -> Iterator[str]:
    for member in NOT_IN_FARGATE:
        if container.get(member):
            yield f"Fargate compatible task definitions do not support {member}"
    linux = container.get("linuxParameters", {})
    for member in NOT_IN_LINUX_PARAMETERS:
        if linux.get(member):
            yield f"Fargate compatible task definitions do not support {member}"
    for added in linux.get("capabilities", {}).get("add", []):
        if added != TRACE:
            yield f"Fargate compatible task definitions do not support the capability {added}"
    if any(item["type"] == "GPU" for item in container.get("resourceRequirements", [])):
        yield "Tasks using the Fargate launch type do not support GPU resource requirements."
    if container.get("stopTimeout", 0) > 120:
        yield "Fargate: stopTimeout must be less than or equal to 120 seconds."


def check_sizes(sizes: Json) -> None:
    """Reject a task's size that is not a number, with the service's message."""
    for size in UNITS:
        if not sizes.get(size, "0").isdecimal():
            raise ServiceError("ClientException", f"Invalid '{size}' setting for task.")


def check_fargate_size(cpu: str, memory: str) -> None:
    """Reject a pair of CPU units and MiB that Fargate does not offer."""
    if not (cpu.isdecimal() and memory.isdecimal() and int(memory) in FARGATE_SIZES.get(int(cpu), ())):
        raise ServiceError(
            "ClientException",
            f"No Fargate configuration exists for given values: {cpu} CPU, {memory} memory.",
        )


def describe_task_definition(world: World, params: Json, now: float) -> Json:
    """DescribeTaskDefinition, by family, family:revision or ARN."""
    view = find_task_definition(world, params["taskDefinition"])
    if view is None:
        raise ServiceError("ClientException", "Unable to describe task definition.")
    tags = world.ecs.families[view["family"]].tags[view["revision"] - 1]
    return {"taskDefinition": view, "tags": tags if "TAGS" in params.get("include", []) else []}


def deregister_task_definition(world: World, params: Json, now: float) -> Json:
    """DeregisterTaskDefinition: INACTIVE from now on."""
    view = find_task_definition(world, params["taskDefinition"])
    if view is None:
        raise ServiceError("ClientException", "Unable to describe task definition.")
    inactive = {**view, "status": "INACTIVE", "deregisteredAt": now}
    world.ecs.families[view["family"]].revisions[view["revision"] - 1] = inactive
    return {"taskDefinition": inactive}


def list_task_definitions(world: World, params: Json, now: float) -> Json:
    """ListTaskDefinitions of a family, or of all."""
    status, prefix = params.get("status", "ACTIVE"), params.get("familyPrefix")
    arns = [
        view["taskDefinitionArn"]
        for name, family in sorted(world.ecs.families.items())
        if prefix in (None, name)
        for view in family.revisions
        if view["status"] == status
    ]
    if params.get("sort") == "DESC":
        arns.reverse()
    numbered = list(enumerate(arns, start=1))
    size = params.get("maxResults", 100)
    found, token = page(
        numbered, lambda pair: pair[0], params.get("nextToken"), size, "InvalidParameterException"
    )
    return {"taskDefinitionArns": [one for _, one in found], **({"nextToken": token} if token else {})}


def find_task_definition(world: World, asked: str) -> Json | None:
    """The task definition with that family (its newest active revision), family:revision or ARN, or None."""
    name, _, revision = asked.rpartition("/")[2].partition(":")
    family = world.ecs.families.get(name)
    if family is None:
        return None
    if not revision:
        return next((view for view in reversed(family.revisions) if view["status"] == "ACTIVE"), None)
    if not revision.isdecimal() or not 1 <= int(revision) <= len(family.revisions):
        return None
    return family.revisions[int(revision) - 1]
