"""The life of one ECS task, from PROVISIONING to the exit of its containers.

Law: every step is a function `(world, task, now)` listed in `ON_TASK` or `ON_CONTAINER`, and schedules the
next one; `task_end` ends tasks. Processes are started only by effects, and `on_...` functions receive what
happens to them. Tasks of Batch have the same life. Source: "Amazon ECS task lifecycle".
"""

from __future__ import annotations

from collections.abc import Callable

from aws_executors.local.world.ecs import task_end
from aws_executors.local.world.ecs.state import ContainerRun, EcsTask
from aws_executors.local.world.ecs.task_change import EXITED, FAILED, change_task
from aws_executors.local.world.ecs.task_end import begin_stop, settle
from aws_executors.local.world.logs import store as log_store
from aws_executors.local.world.state import World, schedule_after
from aws_executors.local.world.values import Ref, StartProcess

OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"
"""A killed container's reason. Source: "OutOfMemoryError errors", Amazon ECS Developer Guide."""


def enter(world: World, task: EcsTask, now: float) -> None:
    """Start a task that `room` has admitted; it holds its capacity until its processes have ended."""
    task.holds_room = True
    schedule_after(world, now, world.delays.provision, "task.provisioned", task.id)


def _provisioned(world: World, task: EcsTask, now: float) -> None:
    change_task(world, task, now, {"lastStatus": "PENDING", "pullStartedAt": now})
    schedule_after(world, now, world.delays.pull, "task.pulled", task.id)


def _pulled(world: World, task: EcsTask, now: float) -> None:
    for run in task.runs.values():
        if run.image in world.faults.missing_images:
            run.reason = (
                f"CannotPullContainerError: pull image manifest has been retried 1 time(s): "
                f"failed to resolve ref {run.image}: {run.image}: not found"
            )
        elif run.log and not log_store.open_stream(world, run.log, now):
            run.reason = (
                "ResourceInitializationError: failed to validate logger args: failed to create Cloudwatch "
                "log stream: ResourceNotFoundException: The specified log group does not exist."
            )
        else:
            continue
        begin_stop(world, task, now, FAILED, run.reason)
        return
    change_task(world, task, now, {"lastStatus": "ACTIVATING", "pullStoppedAt": now})
    schedule_after(world, now, world.delays.start, "task.started", task.id)


def _start(world: World, task: EcsTask, now: float) -> None:
    for run in task.runs.values():
        run.life = "starting"
        ref = Ref(task.id, run.name)
        world.effects.append(StartProcess(ref, run.image, run.command, run.environment, run.log, run.memory))


def on_started(world: World, task: EcsTask, run: ContainerRun, now: float) -> None:
    """A container's process has started; the task is RUNNING once all have."""
    if run.life != "starting":
        return
    run.life = "running"
    if not task.stopping and all(one.life != "starting" for one in task.runs.values()):
        fields = {
            "lastStatus": "RUNNING",
            "startedAt": now,
            "connectivity": "CONNECTED",
            "connectivityAt": now,
        }
        change_task(world, task, now, fields)


def on_start_failed(world: World, task: EcsTask, run: ContainerRun, reason: str, now: float) -> None:
    """A container's command could not be started, so the task fails."""
    run.life, run.reason = "exited", f"CannotStartContainerError: {reason}"
    begin_stop(world, task, now, FAILED, run.reason)
    settle(world, task, now)


def on_exited(
    world: World, task: EcsTask, run: ContainerRun, code: int, now: float, *, out_of_memory: bool = False
) -> None:
    """A container's first process has ended; ECS notices later, unless it is stopping the task anyway."""
    if run.life not in ("starting", "running"):
        return
    run.life, run.exit_code, run.exited_at = "exited", code, now
    run.reason = OUT_OF_MEMORY if out_of_memory else run.reason
    if task.stopping:
        settle(world, task, now)
    else:
        subject = f"{task.id}/{run.name}"
        schedule_after(world, now, world.delays.notice, "container.noticed", subject)


def _noticed(world: World, task: EcsTask, run: ContainerRun, now: float) -> None:
    if task.stopping:
        return
    if run.essential or all(one.life == "exited" for one in task.runs.values()):
        begin_stop(world, task, now, *EXITED)
    else:
        change_task(world, task, now, {}, noticed=run.name)


ON_TASK: dict[str, Callable[[World, EcsTask, float], None]] = {
    "task.provisioned": _provisioned,
    "task.pulled": _pulled,
    "task.started": _start,
}
ON_CONTAINER: dict[str, Callable[[World, EcsTask, ContainerRun, float], None]] = {
    "container.noticed": _noticed,
    **task_end.ON_CONTAINER,
}


def step_task(world: World, name: str, subject: str, now: float) -> None:
    """Carry out one due step; a step of the start is skipped once the task is being stopped."""
    task_id, _, container = subject.partition("/")
    task = world.ecs.tasks.get(task_id)
    if task is None:
        return
    if name in ON_CONTAINER:
        ON_CONTAINER[name](world, task, task.runs[container], now)
    elif name in task_end.ON_TASK:
        task_end.ON_TASK[name](world, task, now)
    elif not task.stopping:
        ON_TASK[name](world, task, now)
