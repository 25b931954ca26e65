"""The default keyword arguments of boto3's ``submit_job`` and ``run_task``, as dicts to be extended.

Law: each dict is made on access (PEP 562), from the options of `[batch]` or `[ecs_fargate]`; importing this
module imports nothing. Each access gives a new dict, so that no caller changes another's::

    from copy import deepcopy
    from aws_executors.conf import ECS_FARGATE_RUN_TASK_KWARGS

    CUSTOM_RUN_TASK_KWARGS = deepcopy(ECS_FARGATE_RUN_TASK_KWARGS)
    CUSTOM_RUN_TASK_KWARGS["enableExecuteCommand"] = True

The section is the one for all of Airflow, not a team's: a team whose section differs writes a builder
instead, which is given the team's own settings.
"""

from typing import TYPE_CHECKING, Any

BATCH_SUBMIT_JOB_KWARGS: dict[str, Any]
ECS_FARGATE_RUN_TASK_KWARGS: dict[str, Any]


def _read(name: str) -> dict[str, object]:
    if name not in __annotations__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from aws_executors.shell.airflow.configuration import default_kwargs

    return default_kwargs.batch_kwargs() if name == "BATCH_SUBMIT_JOB_KWARGS" else default_kwargs.ecs_kwargs()


if not TYPE_CHECKING:  # to a type checker, every misspelled name would be one of this module
    __getattr__ = _read
