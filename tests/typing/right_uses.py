"""What a person may write, as mypy must see it. `test_typing_api.py` checks this file; nobody runs it."""

from collections.abc import Callable
from dataclasses import replace
from typing import assert_type

from returns.result import Result

from aws_executors import (
    EcsConfig,
    Launch,
    Task,
    all_of,
    any_of,
    batch,
    cold,
    compose,
    ecs,
    not_,
    preview,
    queue_is,
    to_kwargs,
    try_number_over,
    unless,
    warm,
    when,
    with_token_lifetime,
)
from aws_executors.core.requests.compose import BuildFault, built
from aws_executors.core.requests.preview import Preview
from aws_executors.core.settings.base import Settings

SETTINGS = ecs.EcsSettings(
    region="us-east-1", cluster="etl", container_name="main", task_definition="airflow"
)
LAUNCH = Launch(task=Task(dag_id="d", task_id="t"), command=("run",), settings=SETTINGS, token="t")
assert_type(LAUNCH, Launch[ecs.EcsSettings])


def own_step(launch: Launch[ecs.EcsSettings], request: ecs.RunTask) -> ecs.RunTask:
    assert_type(launch.settings.container_name, str)
    return replace(
        request, group=launch.queue, tags=(*request.tags, ecs.Tag(key="dag", value=launch.task.dag_id))
    )


def step_for_any_service(launch: Launch[Settings], request: ecs.RunTask) -> ecs.RunTask:
    return replace(request, cluster=launch.settings.region)


def own_predicate(launch: Launch[ecs.EcsSettings]) -> bool:
    return launch.settings.cluster == "etl"


def predicate_for_any_service(launch: Launch) -> bool:
    assert_type(launch, Launch[Settings])
    return launch.settings.region == "us-east-1"


def own_builder(launch: Launch[ecs.EcsSettings]) -> ecs.RunTask:
    return ecs.RunTask(task_definition="mine", cluster=launch.settings.cluster)


one = compose(ecs.build, own_step, step_for_any_service)
assert_type(one, Callable[[Launch[ecs.EcsSettings]], ecs.RunTask])
assert_type(one(LAUNCH), ecs.RunTask)

two = compose(
    own_builder,
    ecs.with_environment(STAGE="test"),
    when(queue_is("large"), ecs.with_cpu_memory(cpu=4096, memory=16384), own_step),
    unless(any_of(own_predicate, not_(try_number_over(1))), ecs.with_spot()),
    when(own_predicate, step_for_any_service),
)
assert_type(two, Callable[[Launch[ecs.EcsSettings]], ecs.RunTask])
assert_type(compose(two, own_step)(LAUNCH), ecs.RunTask)

three = compose(
    batch.build,
    when(
        all_of(queue_is("long_tasks_queue"), try_number_over(0)),
        batch.with_retry(3),
        batch.with_timeout(hours=24),
    ),
)
assert_type(three, Callable[[Launch[batch.BatchSettings]], batch.SubmitJob])

remarks = [with_token_lifetime(hours=2), warm(idle=60), cold()]
on_both = when(predicate_for_any_service, *remarks)
assert_type(compose(ecs.build, *remarks, on_both)(LAUNCH), ecs.RunTask)
assert_type(compose(batch.build, on_both, *remarks), Callable[[Launch[batch.BatchSettings]], batch.SubmitJob])

assert_type(built(two, LAUNCH, ecs.RunTask), Result[ecs.RunTask, BuildFault])
assert_type(to_kwargs(one(LAUNCH)), dict[str, object])
assert_type(preview(one(LAUNCH)), Preview)
assert_type(EcsConfig(cpu=256, environment={"A": "1"}), dict[str, object])
assert_type(ecs.from_kwargs({"taskDefinition": "a"}), ecs.RunTask)
