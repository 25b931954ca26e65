"""Carry out one version step of an ECS task.

Law: the only place where a task's view is replaced. The description of a container follows from the task's
status: its exit code is shown from DEPROVISIONING on or, if the task continues, once ECS notices the exit.
"""

from __future__ import annotations

from aws_executors.local.world.ecs.state import ContainerRun, EcsTask
from aws_executors.local.world.ecs.task_event import announce_task
from aws_executors.local.world.state import World, schedule
from aws_executors.local.world.values import Json

EXITED = ("EssentialContainerExited", "Essential container in task exited")
FAILED = "TaskFailedToStart"


def change_task(world: World, task: EcsTask, now: float, fields: Json, noticed: str = "") -> None:
    """Replace the view, announce it and notify the job; `noticed` names a container that has ended."""
    status = str(fields.get("lastStatus", task.view["lastStatus"]))
    task.view = {
        **task.view,
        **fields,
        "containers": [
            _container(view, task.runs[view["name"]], status, view["name"] == noticed)
            for view in task.view["containers"]
        ],
        "version": task.view["version"] + 1,
    }
    announce_task(world, task.view, now)
    if task.job:
        schedule(world, now, "job.follow", task.id)


def _container(view: Json, run: ContainerRun, status: str, noticed: bool) -> Json:
    """Describe a container; its exit code is shown when the task ends, or ECS has `noticed` the exit."""
    if not noticed and view["lastStatus"] != "STOPPED" and status not in ("DEPROVISIONING", "STOPPED"):
        return {**view, "lastStatus": _container_status(status)}
    shown: Json = {**view, "lastStatus": "STOPPED"}
    shown |= {} if run.exit_code is None else {"exitCode": run.exit_code}
    shown |= {} if run.reason is None else {"reason": run.reason}
    return shown


def _container_status(task_status: str) -> str:
    return "RUNNING" if task_status in ("RUNNING", "DEACTIVATING", "STOPPING") else "PENDING"
