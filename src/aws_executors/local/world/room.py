"""Admit tasks and jobs, if only a limited number of containers may run at once.

Law: one queue, first come first served, for ECS tasks (which wait in PROVISIONING) and Batch jobs (which wait
in RUNNABLE); only `admit` takes anything out of it.
"""

from __future__ import annotations

from aws_executors.local.world.ecs import task_life
from aws_executors.local.world.state import World, schedule


def admit(world: World, now: float) -> None:
    """Admit as many waiting tasks and jobs as there is capacity for."""
    ecs = world.ecs
    while ecs.waiting:
        kind, one = ecs.waiting[0]
        if kind == "job" and world.faults.no_capacity is not None:
            return
        wanted = _wanted(world, kind, one)
        if wanted and world.room is not None and ecs.room_used and ecs.room_used + wanted > world.room:
            return
        ecs.waiting.popleft()
        ecs.room_used += wanted
        if wanted and kind == "task":
            task_life.enter(world, ecs.tasks[one], now)
        elif wanted:
            schedule(world, now, "job.place", one)


def _wanted(world: World, kind: str, one: str) -> int:
    """The number of containers that the task or job needs; 0 if it should not run any more."""
    if kind == "task":
        task = world.ecs.tasks.get(one)
        return 0 if task is None or task.stopping else len(task.runs)
    job = world.batch.jobs.get(one)
    return 0 if job is None or job.status != "RUNNABLE" else len(job.plan)
