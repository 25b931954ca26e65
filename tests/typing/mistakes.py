"""What mypy must refuse: each line below is a mistake, and says with which error it is caught.

The comments are ``type: ignore`` so that an error that is no longer found is an error itself (mypy's
``warn_unused_ignores``). `test_typing_api.py` checks this file; nobody runs it.
"""

from dataclasses import replace

import aws_executors
from aws_executors import EcsConfig, Launch, Task, batch, compose, conf, ecs, not_, queue_is, unless, when

SETTINGS = ecs.EcsSettings(
    region="us-east-1", cluster="etl", container_name="main", task_definition="airflow"
)
LAUNCH = Launch(task=Task(dag_id="d", task_id="t"), command=("run",), settings=SETTINGS, token="t")
REQUEST = ecs.RunTask(task_definition="airflow")


def forgets_to_return(launch: Launch[ecs.EcsSettings], request: ecs.RunTask) -> None:
    replace(request, group="x")


def wants_batch(launch: Launch[batch.BatchSettings], request: batch.SubmitJob) -> batch.SubmitJob:
    return request


def makes_nothing(launch: Launch[ecs.EcsSettings]) -> None:
    ecs.build(launch)


def one_argument(request: ecs.RunTask) -> ecs.RunTask:
    return request


def asks_for_text(launch: Launch[ecs.EcsSettings]) -> str:
    return launch.queue


print(aws_executors.queue_si)  # type: ignore[attr-defined]
print(conf.BATCH_KWARGS)  # type: ignore[attr-defined]

compose(ecs.build, forgets_to_return)  # type: ignore[misc]
compose(ecs.build, wants_batch)  # type: ignore[misc]
compose(ecs.build, one_argument)  # type: ignore[arg-type]
compose(ecs.build, batch.with_retry(3))  # type: ignore[misc]
compose(ecs.build, ecs.with_spot)  # type: ignore[arg-type, type-var]
compose(ecs.build, queue_is("a"))  # type: ignore[arg-type, type-var]
compose(makes_nothing)  # type: ignore[type-var]
compose(REQUEST, ecs.with_spot())  # type: ignore[arg-type]
when(asks_for_text, ecs.with_spot())  # type: ignore[arg-type]
when("large", ecs.with_spot())  # type: ignore[arg-type]
unless(queue_is, ecs.with_spot())  # type: ignore[arg-type]
not_(asks_for_text)  # type: ignore[arg-type]
queue_is(3)  # type: ignore[arg-type]
batch.build(LAUNCH)  # type: ignore[arg-type]
ecs.build(SETTINGS)  # type: ignore[arg-type]

ecs.RunTask(task_definition="a", grup="x")  # type: ignore[call-arg]
ecs.RunTask(cluster="etl")  # type: ignore[call-arg]
ecs.RunTask(task_definition="a", launch_type="fargate")  # type: ignore[arg-type]
ecs.RunTask(task_definition="a", overrides={"cpu": "256"})  # type: ignore[arg-type]
ecs.RunTask(task_definition="a", tags=["team"])  # type: ignore[arg-type]
ecs.RunTask(task_definition="a", count=2)  # type: ignore[arg-type]
ecs.RunTask("a")  # type: ignore[call-arg]
replace(REQUEST, grup="x")  # type: ignore[call-arg]
replace(REQUEST, cluster=3)  # type: ignore[arg-type]
REQUEST.cluster = "other"  # type: ignore[misc]
LAUNCH.command = ()  # type: ignore[misc]
SETTINGS.cluster = "other"  # type: ignore[misc]
print(LAUNCH.settings.job_queue)  # type: ignore[attr-defined]

ecs.EcsSettings(region="us-east-1", cluster="etl", container_name="main")  # type: ignore[call-arg]
ecs.with_cpu_memory(1024, 2048)  # type: ignore[call-arg]
ecs.with_cpu_memory(cpu="1024", memory=2048)  # type: ignore[arg-type]
ecs.with_launch_type("fargate")  # type: ignore[arg-type]
ecs.with_environment(A=1)  # type: ignore[arg-type]
ecs.with_container({"name": "proxy"})  # type: ignore[arg-type]
EcsConfig(command=["ls"])  # type: ignore[call-arg]
EcsConfig(memory="512")  # type: ignore[arg-type]
EcsConfig(environment={"A": 1})  # type: ignore[dict-item]
EcsConfig(512)  # type: ignore[call-arg]
