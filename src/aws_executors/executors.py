"""The executors, for ``[core] executor`` in airflow.cfg.

Law: each executor only names its service (`shell/services.py`); all else is shared.

``executor = aws_executors.executors.AwsBatchExecutor`` or
``executor = aws_executors.executors.AwsEcsFargateExecutor``
"""

from aws_executors.core.batch.request import SubmitJob
from aws_executors.core.batch.settings import BatchSettings
from aws_executors.core.ecs.request import RunTask
from aws_executors.core.ecs.settings import EcsSettings
from aws_executors.shell.airflow.executor import AwsExecutor
from aws_executors.shell.services import BATCH, ECS

__all__ = ["AwsBatchExecutor", "AwsEcsFargateExecutor", "AwsFargateExecutor"]


class AwsBatchExecutor(AwsExecutor[BatchSettings, SubmitJob]):
    """Runs every task as a job of AWS Batch; set up by the section ``[batch]``."""

    backend = BATCH


class AwsEcsFargateExecutor(AwsExecutor[EcsSettings, RunTask]):
    """Runs every task as an ECS task, on Fargate or EC2; set up by the section ``[ecs_fargate]``."""

    backend = ECS


AwsFargateExecutor = AwsEcsFargateExecutor
