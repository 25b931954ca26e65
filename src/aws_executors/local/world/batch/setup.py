"""Batch compute environments, job queues and job definitions.

Law: one function per action, and the look-ups that SubmitJob needs. Every resource is VALID at once. Source:
botocore's `batch` model.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NoReturn

from aws_executors.local.world.ecs.clusters import create_cluster
from aws_executors.local.world.ecs.definitions import (
    FARGATE_SIZES,
    NOT_IN_LINUX_PARAMETERS,
    fits_fargate_disk,
)
from aws_executors.local.world.pages import page
from aws_executors.local.world.state import World, arn, hex_id
from aws_executors.local.world.values import Json, ServiceError

NAME = re.compile(r"[A-Za-z0-9][\w-]{0,127}", re.ASCII)
LEAST = 4  # MiB of memory that a container must have


def reject(message: str) -> NoReturn:
    """Raise the error that Batch has for every invalid request."""
    raise ServiceError("ClientException", f"Error executing request, Exception : {message}")


def check_name(kind: str, name: str) -> None:
    """Reject a name that is not 1 to 128 letters, digits, `-` and `_` with an alphanumeric first
    character."""
    if not NAME.fullmatch(name):
        reject(f"{kind} name should match valid pattern {NAME.pattern}: {name}")


def create_compute_environment(world: World, params: Json, now: float) -> Json:
    """CreateComputeEnvironment, with a hidden ECS cluster in which its tasks run."""
    name = params["computeEnvironmentName"]
    check_name("Compute environment", name)
    if name in world.batch.environments:
        reject("Object already exists")
    if params["type"] == "MANAGED" and "computeResources" not in params:
        reject("computeResources must be provided for a MANAGED compute environment")
    home = create_cluster(world, {"clusterName": f"AWSBatch-{name}-{hex_id(world)}"}, now)
    view: Json = {
        "state": "ENABLED",
        "tags": {},
        **params,
        "computeEnvironmentArn": arn(world, "batch", f"compute-environment/{name}"),
        "ecsClusterArn": home["cluster"]["clusterArn"],
        "status": "VALID",
        "statusReason": "ComputeEnvironment Healthy",
        "containerOrchestrationType": "ECS",
    }
    world.batch.environments[name] = view
    return {key: view[key] for key in ("computeEnvironmentName", "computeEnvironmentArn")}


def create_job_queue(world: World, params: Json, now: float) -> Json:
    """CreateJobQueue, over existing compute environments."""
    name = params["jobQueueName"]
    check_name("Job queue", name)
    if name in world.batch.queues:
        reject("Object already exists")
    order = params.get("computeEnvironmentOrder", [])
    if not order:
        reject("computeEnvironmentOrder cannot be empty.")
    view: Json = {
        "state": "ENABLED",
        "tags": {},
        **params,
        "computeEnvironmentOrder": [
            {**item, "computeEnvironment": _environment_arn(world, item)} for item in order
        ],
        "jobQueueArn": arn(world, "batch", f"job-queue/{name}"),
        "status": "VALID",
        "statusReason": "JobQueue Healthy",
    }
    world.batch.queues[name] = view
    world.batch.by_queue[name] = {}
    return {key: view[key] for key in ("jobQueueName", "jobQueueArn")}


def _environment_arn(world: World, item: Json) -> str:
    environment = world.batch.environments.get(item["computeEnvironment"].rpartition("/")[2])
    if environment is None:
        reject(f"{item['computeEnvironment']} does not exist")
    return str(environment["computeEnvironmentArn"])


def register_job_definition(world: World, params: Json, now: float) -> Json:
    """RegisterJobDefinition: the next revision, with one container or with `ecsProperties`."""
    name = params["jobDefinitionName"]
    check_name("Job definition", name)
    if params["type"] != "container" or "eksProperties" in params:
        reject("aws_executors.local runs container job definitions on ECS only (no multinode, no EKS)")
    if ("containerProperties" in params) == ("ecsProperties" in params):
        reject("exactly one of containerProperties and ecsProperties must be specified")
    if "ecsProperties" in params:
        _check_ecs_properties(params["ecsProperties"])
    if "containerProperties" in params:
        on_fargate = "FARGATE" in params.get("platformCapabilities", [])
        (_check_fargate if on_fargate else _check_instances)(params["containerProperties"])
    revision = world.batch.revisions[name] = world.batch.revisions.get(name, 0) + 1
    view: Json = {
        "platformCapabilities": ["EC2"],
        "parameters": {},
        "tags": {},
        **params,
        "jobDefinitionArn": arn(world, "batch", f"job-definition/{name}:{revision}"),
        "revision": revision,
        "status": "ACTIVE",
        "containerOrchestrationType": "ECS",
    }
    world.batch.definitions[f"{name}:{revision}"] = view
    return {key: view[key] for key in ("jobDefinitionName", "jobDefinitionArn", "revision")}


def _check_ecs_properties(properties: Json) -> None:
    if len(properties["taskProperties"]) != 1:
        reject("ecsProperties must have exactly one member in taskProperties")
    names = [one.get("name") for one in properties["taskProperties"][0]["containers"]]
    if not names or not all(names) or len(set(names)) != len(names):
        reject("the containers of ecsProperties must have names, each its own")
    if not any(one.get("essential", True) for one in properties["taskProperties"][0]["containers"]):
        reject("ecsProperties must have at least one essential container")


def _check_instances(container: Json) -> None:
    for member in ("networkConfiguration", "fargatePlatformConfiguration"):
        if member in container:
            reject(f"{member} is not supported for jobs on EC2.")
    check_memory(container)


def _needs(container: Json) -> dict[str, str]:
    return {item["type"]: item["value"] for item in container.get("resourceRequirements", [])}


def memory_of(container: Json) -> str | int | None:
    """The memory limit of a container, in MiB; `memory` is the old form."""
    return _needs(container).get("MEMORY", container.get("memory"))


def check_memory(container: Json) -> None:
    """Reject less memory than a container must have on an instance."""
    memory = memory_of(container)
    given = str(LEAST if memory is None else memory)
    if not given.isdecimal() or int(given) < LEAST:
        reject(f"Container memory must be at least {LEAST} MiB: {given}")


def _check_fargate(container: Json) -> None:
    for member in ("vcpus", "memory"):
        if member in container:
            reject(f"{member} is not applicable for Fargate. Use resource requirements instead.")
    for member in ("instanceType", "privileged", "ulimits"):
        if container.get(member):
            reject(f"{member} is not applicable for Fargate.")
    linux = container.get("linuxParameters", {})
    for member in NOT_IN_LINUX_PARAMETERS:
        if linux.get(member):
            reject(f"linuxParameters.{member} is not applicable for Fargate.")
    if any(volume.get("host", {}).get("sourcePath") for volume in container.get("volumes", [])):
        reject("volumes.host.sourcePath is not applicable for Fargate.")
    if not fits_fargate_disk(container):
        reject("ephemeralStorage.sizeInGiB must be between 21 and 200.")
    if "executionRoleArn" not in container:
        reject("executionRoleArn is required for Fargate jobs.")
    check_fargate_needs(container)


def check_fargate_needs(container: Json) -> None:
    """Reject resource requirements that Fargate does not offer."""
    needs = _needs(container)
    if not {"VCPU", "MEMORY"} <= needs.keys():
        reject("resourceRequirements for Fargate must contain VCPU and MEMORY.")
    if "GPU" in needs:
        reject("GPU is not applicable for Fargate.")
    try:
        cpu, memory = float(needs["VCPU"]), int(needs["MEMORY"])
    except ValueError:
        reject(f"resourceRequirements must be numbers: {needs}")
    if memory not in FARGATE_SIZES.get(round(cpu * 1024), ()):
        reject(f"Fargate resource requirements ({cpu:.2f} vCPU, {memory} MiB) not valid.")


def deregister_job_definition(world: World, params: Json, now: float) -> Json:
    """DeregisterJobDefinition: INACTIVE from now on."""
    view = find_job_definition(world, params["jobDefinition"])
    if view is not None:
        key = f"{view['jobDefinitionName']}:{view['revision']}"
        world.batch.definitions[key] = {**view, "status": "INACTIVE"}
    return {}


def describe_compute_environments(world: World, params: Json, now: float) -> Json:
    """DescribeComputeEnvironments, by name or ARN, or all."""
    views = world.batch.environments
    return _described(params, "computeEnvironments", ((name, view) for name, view in views.items()))


def describe_job_queues(world: World, params: Json, now: float) -> Json:
    """DescribeJobQueues, by name or ARN, or all."""
    return _described(params, "jobQueues", world.batch.queues.items())


def describe_job_definitions(world: World, params: Json, now: float) -> Json:
    """DescribeJobDefinitions: by `name:revision` or ARN (with no other parameter), by name, by status."""
    named = params.get("jobDefinitions", [])
    if named and len(params) > 1:
        reject("jobDefinitions cannot be used with other parameters.")
    for one in named:
        if not one.rpartition(":")[2].isdecimal() or one.count(":") not in (1, 6):
            reject(
                f"Job definition identifier {one} is not valid: a name or ARN with its revision is expected."
            )
    name, status = params.get("jobDefinitionName"), params.get("status")
    return _described(
        params,
        "jobDefinitions",
        (
            (key, view)
            for key, view in world.batch.definitions.items()
            if name in (None, view["jobDefinitionName"]) and status in (None, view["status"])
        ),
    )


def _described(params: Json, member: str, views: Iterable[tuple[str, Json]]) -> Json:
    asked = {one.rpartition("/")[2] for one in params.get(member, [])}
    chosen = [view for key, view in views if not asked or key in asked or key.partition(":")[0] in asked]
    size = params.get("maxResults", 100)
    found, token = page(
        list(enumerate(chosen, start=1)),
        lambda pair: pair[0],
        params.get("nextToken"),
        size,
        "ClientException",
    )
    return {member: [view for _, view in found], **({"nextToken": token} if token else {})}


def find_queue(world: World, asked: str) -> Json | None:
    """The queue with that name or ARN, or None."""
    view = world.batch.queues.get(asked.rpartition("/")[2])
    return view if view and asked in (view["jobQueueName"], view["jobQueueArn"]) else None


def find_job_definition(world: World, asked: str) -> Json | None:
    """The job definition with that name (its newest active revision), name:revision or ARN, or None."""
    name, _, revision = asked.rpartition("/")[2].partition(":")
    if revision:
        return world.batch.definitions.get(f"{name}:{revision}")
    for number in range(world.batch.revisions.get(name, 0), 0, -1):
        view = world.batch.definitions[f"{name}:{number}"]
        if view["status"] == "ACTIVE":
            return view
    return None
