"""ECS RunTask: its checks, its client tokens, and the tasks that it starts.

Law: every reason to reject a RunTask is here, in the order in which the service checks; `task_make` creates
the tasks. Source: botocore's `ecs` model and the messages that the service sends.
"""

from __future__ import annotations

import json
from typing import NoReturn

from aws_executors.local.world.ecs.clusters import cluster
from aws_executors.local.world.ecs.definitions import (
    check_fargate_size,
    check_sizes,
    find_task_definition,
    not_in_fargate,
)
from aws_executors.local.world.ecs.state import EcsCluster, UsedToken
from aws_executors.local.world.ecs.task_make import make_task, runs_of
from aws_executors.local.world.faults import take_no_capacity
from aws_executors.local.world.room import admit
from aws_executors.local.world.state import World, arn
from aws_executors.local.world.values import Json, ServiceError

OVERRIDES_LIMIT = 8192
BUILT_IN_PROVIDERS = ("FARGATE", "FARGATE_SPOT")
NETWORK_LIMITS = {"subnets": 16, "securityGroups": 5}
"""The most subnets and security groups of a task. Source: API_AwsVpcConfiguration."""


def run_task(world: World, params: Json, now: float) -> Json:
    """RunTask: the tasks started, or placement failures; a repeated client token returns the same tasks."""
    home = cluster(world, params)
    token = (home.name, params.get("clientToken", ""))
    request = json.dumps(params, sort_keys=True)
    earlier = world.ecs.tokens.get(token)
    if earlier is not None:
        return _again(world, home, earlier, request)
    definition = _definition(world, params)
    launch = _launch(home, params)
    _check_launch(definition, launch, params)
    _check_overrides(definition, launch, params)
    failure = take_no_capacity(world.faults)
    if failure is not None:
        return {"tasks": [], "failures": [_failure(world, failure)]}
    runs = [runs_of(definition, params.get("overrides", {})) for _ in range(params.get("count", 1))]
    tasks = [make_task(world, home.name, definition, launch, one, params, now) for one in runs]
    for task in tasks:
        world.ecs.waiting.append(("task", task.id))
    if token[1]:
        for task in tasks:
            task.token = token
        world.ecs.tokens[token] = UsedToken(request, tuple(task.id for task in tasks))
    answer = {"tasks": [{**task.view, "tags": [*task.tags]} for task in tasks], "failures": []}
    admit(world, now)
    return answer


def _again(world: World, home: EcsCluster, earlier: UsedToken, request: str) -> Json:
    if earlier.request != request:
        raise ServiceError(
            "ConflictException",
            "The request conflicts with an earlier one that used the same client token.",
            resourceIds=[arn(world, "ecs", f"task/{home.name}/{task_id}") for task_id in earlier.task_ids],
        )
    known = [world.ecs.tasks[task_id] for task_id in earlier.task_ids]
    return {"tasks": [{**task.view, "tags": [*task.tags]} for task in known], "failures": []}


def _failure(world: World, reason: str) -> Json:
    """A placement failure; `RESOURCE:*` names a container instance, missing Fargate capacity names
    nothing."""
    if reason.startswith(("RESOURCE", "AGENT", "ATTRIBUTE")):
        return {
            "arn": arn(world, "ecs", "container-instance/0123456789abcdef0123456789abcdef"),
            "reason": reason,
        }
    return {"reason": reason}


def _definition(world: World, params: Json) -> Json:
    definition = find_task_definition(world, params["taskDefinition"])
    if definition is None:
        raise ServiceError("ClientException", "TaskDefinition not found.")
    if definition["status"] != "ACTIVE":
        raise ServiceError("ClientException", "TaskDefinition is inactive")
    return definition


def _launch(home: EcsCluster, params: Json) -> Json:
    """Launch type and capacity provider, as members of the task's description; rejects invalid
    combinations."""
    strategy = params.get("capacityProviderStrategy", [])
    if strategy and "launchType" in params:
        _refuse(
            "Specifying both a launch type and capacity provider strategy is not supported. "
            "Remove one and try again."
        )
    if not strategy and "launchType" not in params:
        strategy = home.view["defaultCapacityProviderStrategy"]
    if not strategy:
        return {"launchType": params.get("launchType", "EC2")}
    named = [item["capacityProvider"] for item in strategy]
    if set(named) - set(home.view["capacityProviders"]):
        _refuse(
            "The specified capacity provider strategy cannot contain a capacity provider that is not "
            "associated with the cluster. Associate the capacity provider with the cluster and try again."
        )
    if 0 < len({*named} & {*BUILT_IN_PROVIDERS}) < len({*named}):
        _refuse(
            "A capacity provider strategy cannot contain a mix of capacity providers using Auto Scaling "
            "groups and Fargate providers."
        )
    chosen = max(strategy, key=lambda item: (item.get("base", 0), item.get("weight", 0)))["capacityProvider"]
    return {
        "launchType": "FARGATE" if chosen in BUILT_IN_PROVIDERS else "EC2",
        "capacityProviderName": chosen,
    }


def _check_launch(definition: Json, launch: Json, params: Json) -> None:
    kind = launch["launchType"]
    if kind not in definition["compatibilities"]:
        _refuse(f"Task definition does not support launch_type {kind}.")
    if "platformVersion" in params and kind != "FARGATE":
        _refuse("The platform version must be null when specifying an EC2 launch type.")
    network = params.get("networkConfiguration")
    if definition["networkMode"] == "awsvpc":
        if not network:
            _refuse("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
        if not network.get("awsvpcConfiguration", {}).get("subnets"):
            _refuse("subnets cannot be empty.")
        _check_network(kind, network["awsvpcConfiguration"])
    elif network:
        _refuse("Network Configuration is not valid for the given networkMode of this task definition.")
    if not 1 <= params.get("count", 1) <= 10:
        _refuse("Count must be between 1 and 10.")
    if len(params.get("startedBy", "")) > 128:
        _refuse("startedBy must be at most 128 characters long.")
    if len(params.get("clientToken", "")) > 64:
        _refuse("clientToken must be at most 64 characters long.")
    if len(params.get("tags", [])) > 50:
        _refuse("Too many tags: at most 50 are allowed.")


def _check_network(kind: str, network: Json) -> None:
    if network.get("assignPublicIp") == "ENABLED" and kind != "FARGATE":
        _refuse("Assign public IP is not supported for this launch type.")
    for member, most in NETWORK_LIMITS.items():
        if len(network.get(member, [])) > most:
            _refuse(f"{member} can have at most {most} items.")


def _check_overrides(definition: Json, launch: Json, params: Json) -> None:
    overrides = params.get("overrides", {})
    if len(json.dumps(overrides, separators=(",", ":"), ensure_ascii=False)) > OVERRIDES_LIMIT:
        _refuse(f"Overrides length must be at most {OVERRIDES_LIMIT}.")
    check_sizes(overrides)
    names = {one["name"] for one in definition["containerDefinitions"]}
    for one in overrides.get("containerOverrides", []):
        if one.get("name") not in names:
            _refuse(
                f"Override for container named {one.get('name')} is not a container in the TaskDefinition."
            )
    if launch["launchType"] != "FARGATE":
        return
    cpu, memory = (overrides.get(size, definition[size]) for size in ("cpu", "memory"))
    check_fargate_size(cpu, memory)
    for refusal in not_in_fargate(overrides, overrides.get("containerOverrides", [])):
        _refuse(refusal)
    for one in overrides.get("containerOverrides", []):
        if one.get("cpu", 0) > int(cpu) or one.get("memory", 0) > int(memory):
            _refuse(
                f"Invalid setting for container '{one['name']}': cpu or memory is greater than the task's."
            )


def _refuse(message: str) -> NoReturn:
    raise ServiceError("InvalidParameterException", message)
