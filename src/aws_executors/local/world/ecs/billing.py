"""Fargate's bill: the seconds of each task, from the start of its image pull until its containers have ended.

Law: whole seconds, and a minute at least; nothing for a task that was stopped before its pull began, or that
runs on instances. Seconds are AWS's: the world's time factor is divided out. Source: "Duration",
https://aws.amazon.com/fargate/pricing/.
"""

from __future__ import annotations

from math import ceil

from aws_executors.local.world.ecs.state import EcsTask
from aws_executors.local.world.state import World

MINIMUM = 60
TOLERANCE = 1e-6  # allowance for rounding errors of floating-point seconds


def put_on_bill(world: World, task: EcsTask, now: float) -> None:
    """Put a task on the bill, whose containers have all ended by now."""
    seconds = _seconds(world, task, now)
    if seconds is not None:
        world.ecs.billed[task.id] = seconds


def bill_so_far(world: World, now: float) -> dict[str, int]:
    """The seconds of each task, as if all running tasks ended now."""
    running = (task for task in world.ecs.tasks.values() if task.id not in world.ecs.billed)
    counted = {task.id: _seconds(world, task, now) for task in running}
    return {**world.ecs.billed, **{name: seconds for name, seconds in counted.items() if seconds is not None}}


def _seconds(world: World, task: EcsTask, now: float) -> int | None:
    began: float | None = task.view.get("pullStartedAt")
    if began is None or task.view.get("launchType") != "FARGATE":
        return None
    alive = any(run.life in ("starting", "running") for run in task.runs.values())
    ends = [run.exited_at for run in task.runs.values() if run.exited_at is not None]
    ended = now if alive or not ends else max(ends)
    return max(MINIMUM, ceil((ended - began) / world.time_factor - TOLERANCE))
