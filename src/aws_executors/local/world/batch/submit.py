"""Batch SubmitJob: its checks, and the job that it creates.

Law: every reason to reject a SubmitJob is here. The containers that each attempt will start are fixed here,
too, as ECS container definitions. Source: botocore's `batch` model.
"""

from __future__ import annotations

import json
import re

from aws_executors.local.world.batch.job_view import KIND
from aws_executors.local.world.batch.setup import (
    check_fargate_needs,
    check_memory,
    check_name,
    find_job_definition,
    find_queue,
    memory_of,
    reject,
)
from aws_executors.local.world.batch.state import BatchJob
from aws_executors.local.world.state import World, arn, changed, count, schedule_after, uuid
from aws_executors.local.world.values import Json

LOG_GROUP = "/aws/batch/job"
PARAMETER = re.compile(r"Ref::(\w+)")
LARGEST = 30 * 1024
"""The most bytes of a request ("AWS Batch service quotas", User Guide); the error text is unpublished."""
OLD_SIZES = ("vcpus", "memory")


def submit_job(world: World, params: Json, now: float) -> Json:
    """SubmitJob: always creates a new job, as Batch has no client token."""
    queue, definition = _places(world, params)
    _check(world, queue, definition, params)
    ecs = _ecs_properties(definition, params)
    container = {} if ecs else _container_properties(definition, params)
    job_id = uuid(world)
    view = _view(world, job_id, queue, definition, params, now)
    retry: Json = view.get("retryStrategy", {})
    view |= {"ecsProperties": ecs} if ecs else {"container": container}
    job = BatchJob(
        id=job_id,
        ordinal=count(world),
        queue=queue["jobQueueName"],
        name=params["jobName"],
        view=view,
        plan=_plan(definition, ecs["taskProperties"][0]["containers"] if ecs else [container]),
        attempts_allowed=retry.get("attempts", 1),
        evaluate_on_exit=retry.get("evaluateOnExit", []),
        timeout=view.get("timeout", {}).get("attemptDurationSeconds"),
        environment=_environment(queue, job_id),
    )
    _enter(world, job, now)
    return {"jobArn": view["jobArn"], "jobName": job.name, "jobId": job.id}


def _places(world: World, params: Json) -> tuple[Json, Json]:
    queue = find_queue(world, params["jobQueue"])
    definition = find_job_definition(world, params["jobDefinition"])
    if queue is None:
        reject(f"JobQueue {params['jobQueue']} not found")
    if queue["state"] != "ENABLED":
        reject(f"JobQueue {params['jobQueue']} is disabled")
    if definition is None:
        reject(f"JobDefinition {params['jobDefinition']} not found")
    if definition["status"] != "ACTIVE":
        reject(f"JobDefinition {params['jobDefinition']} is not ACTIVE")
    return queue, definition


def _check(world: World, queue: Json, definition: Json, params: Json) -> None:
    check_name("Job", params["jobName"])
    if len(json.dumps(params)) > LARGEST:
        reject(f"The request is larger than {LARGEST} bytes.")
    if params.get("arrayProperties"):
        reject("aws_executors.local has no array jobs yet")
    if ("schedulingPolicyArn" in queue) != ("shareIdentifier" in params):
        reject("shareIdentifier must be specified with, and only with, a fair-share job queue.")
    attempts = params.get("retryStrategy", {}).get("attempts", 1)
    if not 1 <= attempts <= 10:
        reject("attempts must be between 1 and 10.")
    if params.get("timeout", {}).get("attemptDurationSeconds", 60) < 60:
        reject("attemptDurationSeconds must be at least 60.")
    dependencies = params.get("dependsOn", [])
    if len(dependencies) > 20:
        reject("a job can depend upon at most 20 jobs.")
    for item in dependencies:
        if item.get("jobId") not in world.batch.jobs:
            reject(f"Job {item.get('jobId')} in dependsOn does not exist")
    overrides = params.get("containerOverrides", {})
    if "ecsProperties" in definition and overrides:
        reject("containerOverrides cannot be used with ecsProperties; use ecsPropertiesOverride.")
    if "containerProperties" in definition and "ecsPropertiesOverride" in params:
        reject("ecsPropertiesOverride needs a job definition with ecsProperties.")
    if "containerProperties" in definition:
        _check_sizes(definition, overrides)


def _check_sizes(definition: Json, overrides: Json) -> None:
    merged = _overridden(definition["containerProperties"], overrides)
    if "FARGATE" not in definition["platformCapabilities"]:
        check_memory(merged)
        return
    for size in OLD_SIZES:
        if size in overrides:
            reject(f"{size} is not applicable for Fargate. Use resource requirements instead.")
    check_fargate_needs(merged)


def _container_properties(definition: Json, params: Json) -> Json:
    merged = _overridden(definition["containerProperties"], params.get("containerOverrides", {}))
    lists: Json = {name: [] for name in ("volumes", "mountPoints", "ulimits", "secrets", "networkInterfaces")}
    return {**lists, **_substituted(merged, definition, params)}


def _ecs_properties(definition: Json, params: Json) -> Json:
    """The `ecsProperties` with overrides applied by container name; empty for a job with one container."""
    if "ecsProperties" not in definition:
        return {}
    task = definition["ecsProperties"]["taskProperties"][0]
    given = params.get("ecsPropertiesOverride", {}).get("taskProperties", [])
    overrides = {
        one.get("name"): one for task_override in given for one in task_override.get("containers", [])
    }
    unknown = overrides.keys() - {one.get("name") for one in task["containers"]}
    if unknown:
        reject(
            f"ecsPropertiesOverride names containers that the job definition does not have: {sorted(unknown)}"
        )
    containers = [
        _substituted(_overridden(one, overrides.get(one.get("name"), {})), definition, params)
        for one in task["containers"]
    ]
    return {"taskProperties": [{**task, "containers": containers}]}


def _overridden(container: Json, override: Json) -> Json:
    """A container with its override applied: the command is replaced, environment and resources are
    merged."""
    merged = {**container, **override}
    for member, key in (("environment", "name"), ("resourceRequirements", "type")):
        both = [*container.get(member, []), *override.get(member, [])]
        merged[member] = list({item.get(key): item for item in both}.values())
    return merged


def _substituted(container: Json, definition: Json, params: Json) -> Json:
    """The container with `Ref::name` in its command replaced by the job's parameters."""
    values = {**definition["parameters"], **params.get("parameters", {})}
    command = [PARAMETER.sub(lambda m: values.get(m[1], m[0]), word) for word in container.get("command", [])]
    return {**container, "command": command}


def _plan(definition: Json, containers: list[Json]) -> list[Json]:
    return [
        {
            "name": one.get("name", "default"),
            "image": one["image"],
            "command": one["command"],
            "environment": one["environment"],
            "essential": one.get("essential", True),
            "stopTimeout": one.get("stopTimeout", 30),
            "memory": memory_of(one),
            "logConfiguration": _log_configuration(definition, one),
        }
        for one in containers
    ]


def _log_configuration(definition: Json, container: Json) -> Json:
    given = container.get("logConfiguration", {"logDriver": "awslogs"})
    defaults = {
        "awslogs-group": LOG_GROUP,
        "awslogs-stream-prefix": definition["jobDefinitionName"],
        "awslogs-create-group": "true",
    }
    return {"logDriver": given["logDriver"], "options": {**defaults, **given.get("options", {})}}


def _environment(queue: Json, job_id: str) -> dict[str, str]:
    first = queue["computeEnvironmentOrder"][0]["computeEnvironment"]
    return {
        "AWS_BATCH_JOB_ID": job_id,
        "AWS_BATCH_JQ_NAME": queue["jobQueueName"],
        "AWS_BATCH_CE_NAME": first.rpartition("/")[2],
    }


def _view(world: World, job_id: str, queue: Json, definition: Json, params: Json, now: float) -> Json:
    kept = ("retryStrategy", "timeout", "shareIdentifier", "propagateTags")
    settled = {key: params.get(key, definition.get(key)) for key in kept}
    return {
        "jobArn": arn(world, "batch", f"job/{job_id}"),
        "jobName": params["jobName"],
        "jobId": job_id,
        "jobQueue": queue["jobQueueArn"],
        "status": "SUBMITTED",
        "attempts": [],
        "createdAt": int(now * 1000),
        "dependsOn": params.get("dependsOn", []),
        "jobDefinition": definition["jobDefinitionArn"],
        "parameters": {**definition["parameters"], **params.get("parameters", {})},
        "tags": {**definition["tags"], **params.get("tags", {})},
        "platformCapabilities": definition["platformCapabilities"],
        "eksAttempts": [],
        "isCancelled": False,
        "isTerminated": False,
        **{key: value for key, value in settled.items() if value is not None},
    }


def _enter(world: World, job: BatchJob, now: float) -> None:
    batch = world.batch
    batch.jobs[job.id] = job
    batch.by_queue[job.queue][job.id] = job
    batch.by_name.setdefault((job.queue, job.name.lower()), {})[job.id] = job
    for item in job.view["dependsOn"]:
        batch.waited_for.setdefault(item["jobId"], []).append(job.id)
    changed(world, now, *KIND, job.view)
    schedule_after(world, now, world.delays.queueing, "job.submitted", job.id)
