"""Builders of your own, one for each executor: what every request looks like.

Put this file into Airflow's plugins folder (or anywhere on the scheduler's PYTHONPATH), and name a builder:

    [batch]
    request_builder = my_module.build_batch

    [ecs_fargate]
    request_builder = my_module.build_fargate
"""

from dataclasses import replace

from aws_executors import (
    Launch,
    attempt_over,
    batch,
    compose,
    ecs,
    queue_is,
    queue_matches,
    task_matches,
    when,
)


def with_cost_tags(launch: Launch[batch.BatchSettings], job: batch.SubmitJob) -> batch.SubmitJob:
    """A step is a plain function: it takes the launch and the request so far, and returns the request."""
    tags = {**dict(job.tags), "dag": launch.task.dag_id, "task": launch.task.task_id}
    return replace(job, tags=tuple(tags.items()))


def is_backfill(launch: Launch[ecs.EcsSettings]) -> bool:
    """A predicate is a plain function, too."""
    return launch.task.run_id.startswith("backfill__")


build_batch = compose(
    batch.build,
    with_cost_tags,
    when(queue_is("long_tasks_queue"), batch.with_retry(3), batch.with_timeout(hours=24)),
    when(queue_matches("gpu-*"), batch.with_job_queue("gpu"), batch.with_resources(gpu=1)),
)

build_fargate = compose(
    ecs.build,
    ecs.with_environment(STAGE="production"),
    when(task_matches(dag="reporting_*"), ecs.with_cpu_memory(cpu=1024, memory=4096)),
    # Spot for what can wait (the cluster must have FARGATE_SPOT); not again after a container was lost.
    when(is_backfill, ecs.with_spot()),
    when(attempt_over(1), ecs.with_launch_type("FARGATE")),
)
