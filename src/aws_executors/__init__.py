"""The public names of this package for notebooks and DAG files.

Every ``airflow`` command imports this package to read its provider metadata, so the import must be cheap:
each name is imported from the core when it is first used. The executors are in `aws_executors.executors`.

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

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aws_executors import batch, ecs
    from aws_executors.batch import BatchConfig
    from aws_executors.core.errors import (
        AwsExecutorsError,
        BuilderError,
        RequestError,
        RequestTooLargeError,
    )
    from aws_executors.core.requests.compose import compose, unless, when, with_token_lifetime
    from aws_executors.core.requests.launch import Launch, Task
    from aws_executors.core.requests.predicates import (
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
    from aws_executors.core.requests.preview import difference, preview
    from aws_executors.core.requests.wire import to_kwargs
    from aws_executors.core.settings.errors import SettingsError
    from aws_executors.core.warm.step import cold, warm
    from aws_executors.ecs import EcsConfig

__all__ = [
    "AwsExecutorsError",
    "BatchConfig",
    "BuilderError",
    "EcsConfig",
    "Launch",
    "RequestError",
    "RequestTooLargeError",
    "SettingsError",
    "Task",
    "all_of",
    "any_of",
    "attempt_over",
    "batch",
    "cold",
    "compose",
    "config_has",
    "difference",
    "ecs",
    "not_",
    "preview",
    "queue_is",
    "queue_matches",
    "task_matches",
    "to_kwargs",
    "try_number_over",
    "unless",
    "warm",
    "when",
    "with_token_lifetime",
]

_HOMES = {
    "AwsExecutorsError": "aws_executors.core.errors",
    "BatchConfig": "aws_executors.batch",
    "BuilderError": "aws_executors.core.errors",
    "EcsConfig": "aws_executors.ecs",
    "Launch": "aws_executors.core.requests.launch",
    "RequestError": "aws_executors.core.errors",
    "RequestTooLargeError": "aws_executors.core.errors",
    "SettingsError": "aws_executors.core.settings.errors",
    "Task": "aws_executors.core.requests.launch",
    "all_of": "aws_executors.core.requests.predicates",
    "any_of": "aws_executors.core.requests.predicates",
    "attempt_over": "aws_executors.core.requests.predicates",
    "batch": "aws_executors.batch",
    "cold": "aws_executors.core.warm.step",
    "compose": "aws_executors.core.requests.compose",
    "config_has": "aws_executors.core.requests.predicates",
    "difference": "aws_executors.core.requests.preview",
    "ecs": "aws_executors.ecs",
    "not_": "aws_executors.core.requests.predicates",
    "preview": "aws_executors.core.requests.preview",
    "queue_is": "aws_executors.core.requests.predicates",
    "queue_matches": "aws_executors.core.requests.predicates",
    "task_matches": "aws_executors.core.requests.predicates",
    "to_kwargs": "aws_executors.core.requests.wire",
    "try_number_over": "aws_executors.core.requests.predicates",
    "unless": "aws_executors.core.requests.compose",
    "warm": "aws_executors.core.warm.step",
    "when": "aws_executors.core.requests.compose",
    "with_token_lifetime": "aws_executors.core.requests.compose",
}


def _imported(name: str) -> object:
    """Import a public name on first use (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module: object = import_module(home)
    value: object = module if home == f"{__name__}.{name}" else getattr(module, name)
    globals()[name] = value
    return value


if not TYPE_CHECKING:  # to a type checker, every misspelled name would be one of this module
    __getattr__ = _imported


def __dir__() -> list[str]:
    return __all__
