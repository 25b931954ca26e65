"""The end of an ECS task, from the reason to stop it to STOPPED and its removal.

Law: every task ends through `begin_stop`, and its first reason is kept. Processes are signalled by effects.
Source: "Amazon ECS task lifecycle", "Stopped tasks error codes".
"""

from __future__ import annotations

from collections.abc import Callable

from aws_executors.local.world.ecs.billing import put_on_bill
from aws_executors.local.world.ecs.state import ContainerRun, EcsTask
from aws_executors.local.world.ecs.task_change import change_task
from aws_executors.local.world.state import World, schedule, schedule_after
from aws_executors.local.world.values import Ref, SignalProcess


def begin_stop(world: World, task: EcsTask, now: float, code: str, reason: str) -> None:
    """Begin to stop a task, with this `stopCode` and `stoppedReason`; does nothing if it is already
    stopping."""
    if task.stopping:
        return
    started = any(run.life != "waiting" for run in task.runs.values())
    fields = {
        "desiredStatus": "STOPPED",
        "lastStatus": "DEACTIVATING" if started else "STOPPING",
        "stoppingAt": now,
        "stopCode": code,
        "stoppedReason": reason,
    }
    change_task(world, task, now, fields)
    schedule_after(world, now, world.delays.deactivate, "task.stopping", task.id)


def _stopping(world: World, task: EcsTask, now: float) -> None:
    if task.view["lastStatus"] == "DEACTIVATING":
        change_task(world, task, now, {"lastStatus": "STOPPING"})
    for run in task.runs.values():
        if run.life in ("starting", "running"):
            run.signalled = True
            world.effects.append(SignalProcess(Ref(task.id, run.name), "TERM"))
            schedule(world, now + run.stop_timeout, "container.kill", f"{task.id}/{run.name}")
    settle(world, task, now)


def _kill(world: World, task: EcsTask, run: ContainerRun, now: float) -> None:
    if run.life in ("starting", "running"):
        world.effects.append(SignalProcess(Ref(task.id, run.name), "KILL"))


def settle(world: World, task: EcsTask, now: float) -> None:
    """Move on to DEPROVISIONING once all processes of a stopping task have ended."""
    if task.view["lastStatus"] != "STOPPING" or any(
        run.life in ("starting", "running") for run in task.runs.values()
    ):
        return
    ended = {"executionStoppedAt": now} if any(run.life != "waiting" for run in task.runs.values()) else {}
    change_task(world, task, now, {"lastStatus": "DEPROVISIONING", **ended})
    put_on_bill(world, task, now)
    if task.holds_room:
        task.holds_room = False
        world.ecs.room_used -= len(task.runs)
        schedule(world, now, "room.admit", "")
    schedule_after(world, now, world.delays.deprovision, "task.stopped", task.id)


def _stopped(world: World, task: EcsTask, now: float) -> None:
    change_task(world, task, now, {"lastStatus": "STOPPED", "stoppedAt": now})
    schedule_after(world, now, world.delays.memory, "task.forget", task.id)


def lose(world: World, task: EcsTask, now: float, code: str, reason: str) -> None:
    """Lose the task's host: its processes end without a known exit code."""
    for run in task.runs.values():
        if run.life in ("starting", "running"):
            world.effects.append(SignalProcess(Ref(task.id, run.name), "KILL"))
            run.life = "lost"
    begin_stop(world, task, now, code, reason)
    settle(world, task, now)  # the task may have been stopping already, and waiting for these processes


def _forget(world: World, task: EcsTask, now: float) -> None:
    """Remove the task, its index entries and its client token."""
    del world.ecs.tasks[task.id]
    if task.token:
        world.ecs.tokens.pop(task.token, None)
    key = (task.cluster, str(task.view.get("startedBy")))
    siblings = [one for one in world.ecs.by_started.pop(key, []) if one != task.id]
    if siblings:
        world.ecs.by_started[key] = siblings


ON_TASK: dict[str, Callable[[World, EcsTask, float], None]] = {
    "task.stopping": _stopping,
    "task.stopped": _stopped,
    "task.forget": _forget,
}
ON_CONTAINER: dict[str, Callable[[World, EcsTask, ContainerRun, float], None]] = {"container.kill": _kill}
