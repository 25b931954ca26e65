"""ECS DescribeTasks, ListTasks, StopTask, TagResource.

Law: the actions on existing tasks. A task that is forgotten, or not visible yet, is MISSING.
"""

from __future__ import annotations

from collections.abc import Callable

from aws_executors.local.world.ecs.clusters import cluster
from aws_executors.local.world.ecs.state import EcsCluster, EcsTask
from aws_executors.local.world.ecs.task_end import begin_stop
from aws_executors.local.world.pages import page
from aws_executors.local.world.state import World, arn
from aws_executors.local.world.values import Json, ServiceError

DESCRIBE_LIMIT = 100


def describe_tasks(world: World, params: Json, now: float) -> Json:
    """DescribeTasks: by id or ARN, at most 100."""
    home = cluster(world, params)
    asked = params["tasks"]
    if not asked:
        raise ServiceError("InvalidParameterException", "Tasks cannot be empty.")
    if len(asked) > DESCRIBE_LIMIT:
        raise ServiceError("InvalidParameterException", "Tasks cannot be more than 100 in a single call.")
    tags = "TAGS" in params.get("include", [])
    tasks, failures = [], []
    for one in asked:
        task = _find(world, home, one)
        if task is None or now < task.visible_at:
            name = one if one.startswith("arn:") else arn(world, "ecs", f"task/{home.name}/{one}")
            failures.append({"arn": name, "reason": "MISSING"})
        else:
            tasks.append({**task.view, "tags": [*task.tags]} if tags else task.view)
    return {"tasks": tasks, "failures": failures}


def _find(world: World, home: EcsCluster, asked: str) -> EcsTask | None:
    """The task with that id or ARN in this cluster; InvalidParameterException for an ARN of another kind."""
    task_id = asked.rpartition("/")[2]
    if asked.startswith("arn:") and ":task/" not in asked:
        raise ServiceError("InvalidParameterException", f"Invalid identifier: {asked}")
    task = world.ecs.tasks.get(task_id)
    if task is None or task.forgotten or task.cluster != home.name:
        return None
    return task if asked in (task_id, task.arn) else None


def list_tasks(world: World, params: Json, now: float) -> Json:
    """ListTasks: RUNNING by default; `startedBy` can be combined only with `desiredStatus`."""
    home = cluster(world, params)
    others = {"family", "launchType", "containerInstance", "serviceName"} & params.keys()
    if "startedBy" in params and others:
        raise ServiceError(
            "InvalidParameterException", "cannot specify startedBy together with another filter."
        )
    if "startedBy" in params:
        ids = world.ecs.by_started.get((home.name, params["startedBy"]), [])
        tasks = [world.ecs.tasks[one] for one in ids]
    else:
        tasks = list(world.ecs.tasks.values())
    desired = params.get("desiredStatus", "RUNNING")
    fits = _filter(home, params)
    chosen = (
        task
        for task in tasks
        if task.view["desiredStatus"] == desired
        and not task.forgotten
        and now >= task.visible_at
        and fits(task)
    )
    size = params.get("maxResults", 100)
    if not 1 <= size <= 100:
        raise ServiceError("InvalidParameterException", "maxResults must be between 1 and 100.")
    found, token = page(
        chosen, lambda task: task.ordinal, params.get("nextToken"), size, "InvalidParameterException"
    )
    return {"taskArns": [task.arn for task in found], **({"nextToken": token} if token else {})}


def _filter(home: EcsCluster, params: Json) -> Callable[[EcsTask], bool]:
    family, launch = params.get("family"), params.get("launchType")
    unknown = "containerInstance" in params or "serviceName" in params

    def fits(task: EcsTask) -> bool:
        name = task.view["taskDefinitionArn"].rpartition("/")[2].partition(":")[0]
        return (
            task.cluster == home.name
            and not unknown
            and family in (None, name)
            and launch in (None, task.view["launchType"])
        )

    return fits


def stop_task(world: World, params: Json, now: float) -> Json:
    """StopTask: begins to stop the task; one that is already stopping is only described."""
    task = _find(world, cluster(world, params), params["task"])
    if task is None:
        raise ServiceError("InvalidParameterException", "The referenced task was not found.")
    begin_stop(world, task, now, "UserInitiated", params.get("reason", "Task stopped by user"))
    return {"task": task.view}


def tag_resource(world: World, params: Json, now: float) -> Json:
    """TagResource for a cluster, a task or a task definition; an existing key gets the new value."""
    tags = _tags(world, params["resourceArn"])
    merged = {item.get("key", ""): item for item in [*tags, *params["tags"]]}
    if len(merged) > 50:
        raise ServiceError("InvalidParameterException", "Too many tags: at most 50 are allowed.")
    tags[:] = merged.values()
    return {}


def _tags(world: World, resource: str) -> list[Json]:
    kind, _, rest = resource.partition(":ecs:")[2].partition(":")[2].partition(":")[2].partition("/")
    if kind == "cluster" and rest in world.ecs.clusters:
        return world.ecs.clusters[rest].tags
    if kind == "task":
        task = world.ecs.tasks.get(rest.rpartition("/")[2])
        if task is not None and not task.forgotten:
            return task.tags
    if kind == "task-definition":
        name, _, revision = rest.partition(":")
        family = world.ecs.families.get(name)
        if family and revision.isdecimal() and 1 <= int(revision) <= len(family.tags):
            return family.tags[int(revision) - 1]
    raise ServiceError("InvalidParameterException", "The specified resource was not found.")
