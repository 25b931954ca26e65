"""Copy tasks, jobs, calls and changes of the world as plain data, for tests and proofs.

Law: functions of `(world, now)`; none changes anything.
"""

from __future__ import annotations

from aws_executors.local.world import Json, World
from aws_executors.local.world.ecs.billing import bill_so_far


def tasks(world: World, now: float) -> list[Json]:
    """Every ECS task that is still known, as DescribeTasks shows it (epoch seconds), the oldest first."""
    return [{**task.view, "tags": [*task.tags]} for task in world.ecs.tasks.values() if task.job is None]


def arns(world: World, now: float) -> dict[str, str]:
    """The ARN of every task that is still known, by its id, including tasks of Batch jobs."""
    return {task.id: task.arn for task in world.ecs.tasks.values()}


def jobs(world: World, now: float) -> list[Json]:
    """Every job that is still known, as DescribeJobs shows it (epoch milliseconds), the oldest first."""
    return [job.view for job in world.batch.jobs.values()]


def calls(world: World, now: float) -> dict[str, Json]:
    """The calls of each action: how many, and how many were throttled, refused, failed (500) or lost."""
    return {name: tally.as_json() for name, tally in sorted(world.faults.tallies.items())}


def changes(world: World, now: float) -> list[Json]:
    """The last 20,000 state changes in order, in EventBridge's format."""
    return [
        {"at": at, "source": source, "detail-type": kind, "detail": detail}
        for at, source, kind, detail in world.changes
    ]


def billed(world: World, now: float) -> dict[str, int]:
    """The seconds on Fargate's bill of each task, by its id; for a running task, up to now."""
    return bill_so_far(world, now)


def objects(world: World, now: float) -> dict[str, dict[str, bytes]]:
    """The body of each existing object, by bucket and key."""
    return {
        name: {key: found.body for key, found in bucket.items()} for name, bucket in world.s3.buckets.items()
    }


def idle(world: World, now: float) -> bool:
    """Whether every task is STOPPED and every job has ended."""
    tasks_done = all(task.view["lastStatus"] == "STOPPED" for task in world.ecs.tasks.values())
    return tasks_done and all(job.ended for job in world.batch.jobs.values())
