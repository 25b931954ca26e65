"""Airflow executors for AWS Batch, Fargate and ECS: what a notebook or a DAG file wants from them.

Law: imports the core only, so that reading this costs no Airflow and no boto3. The executors themselves are
in `aws_executors.executors`.

>>> from aws_executors import Launch, Task, ecs, preview
>>> settings = ecs.EcsSettings(region="us-east-1", cluster="etl", container_name="airflow",
...                            task_definition="airflow:7", subnets=("subnet-1",))
>>> launch = Launch(task=Task(dag_id="etl", task_id="load"), command=("airflow", "version"),
...                 settings=settings, token="0b6e", executor_config={"memory": 512})
>>> print(preview(ecs.build(launch)))
{
  "taskDefinition": "airflow:7",
  ...
}
"""

from aws_executors import batch, ecs
from aws_executors.batch import BatchConfig
from aws_executors.core.compose import BuilderError, compose, unless, when
from aws_executors.core.launch import Launch, Task
from aws_executors.core.parse import RequestError
from aws_executors.core.predicates import (
    all_of,
    any_of,
    attempt_over,
    config_has,
    not_,
    queue_is,
    queue_matches,
    task_matches,
    try_number_over,
)
from aws_executors.core.preview import preview
from aws_executors.core.wire import to_kwargs
from aws_executors.ecs import EcsConfig

__all__ = [
    "BatchConfig",
    "BuilderError",
    "EcsConfig",
    "Launch",
    "RequestError",
    "Task",
    "all_of",
    "any_of",
    "attempt_over",
    "batch",
    "compose",
    "config_has",
    "ecs",
    "not_",
    "preview",
    "queue_is",
    "queue_matches",
    "task_matches",
    "to_kwargs",
    "try_number_over",
    "unless",
    "when",
]
