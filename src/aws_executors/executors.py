"""The executors, for ``[core] executor`` in airflow.cfg.

Law: each is a section of the configuration, a builder's request type and a way to AWS; all else is shared.

``executor = aws_executors.executors.AwsBatchExecutor`` or
``executor = aws_executors.executors.AwsEcsFargateExecutor``
"""

from returns.result import Result

from aws_executors.core.aws.request_quotas import BATCH_NAMES, ECS_NAMES
from aws_executors.core.aws.service import Service
from aws_executors.core.batch.builder import sealed as batch_sealed
from aws_executors.core.batch.request import SubmitJob
from aws_executors.core.batch.settings import BatchSettings
from aws_executors.core.ecs.builder import sealed as ecs_sealed
from aws_executors.core.ecs.request import RunTask
from aws_executors.core.ecs.settings import EcsSettings
from aws_executors.core.requests.launch import Launch
from aws_executors.core.settings.errors import SettingsFaults
from aws_executors.shell.airflow.configuration import Configured, configure_batch, configure_ecs
from aws_executors.shell.airflow.executor import AwsExecutor
from aws_executors.shell.aws.batch import BatchCalls
from aws_executors.shell.aws.ecs import EcsCalls
from aws_executors.shell.ui.never_started import Places

__all__ = ["AwsBatchExecutor", "AwsEcsFargateExecutor", "AwsFargateExecutor"]


class AwsBatchExecutor(AwsExecutor[BatchSettings, SubmitJob]):
    """Runs every task as a job of AWS Batch; set up by the section ``[batch]``."""

    request_type = SubmitJob
    calls = BATCH_NAMES

    def configure(self) -> Result[Configured[BatchSettings, SubmitJob], SettingsFaults]:
        """The section ``[batch]``."""
        return configure_batch(self.conf, self.team_name)

    def service(self, settings: BatchSettings) -> Service[SubmitJob]:
        """AWS Batch."""
        return BatchCalls(self.clients(settings), settings)

    def places(self, settings: BatchSettings) -> Places:
        """AWS Batch's jobs."""
        return BatchCalls(self.clients(settings), settings)

    def seal(self, launch: Launch[BatchSettings], request: SubmitJob) -> SubmitJob:
        """The job's name."""
        return batch_sealed(launch, request)


class AwsEcsFargateExecutor(AwsExecutor[EcsSettings, RunTask]):
    """Runs every task as an ECS task, on Fargate or EC2; set up by the section ``[ecs_fargate]``."""

    request_type = RunTask
    calls = ECS_NAMES

    def configure(self) -> Result[Configured[EcsSettings, RunTask], SettingsFaults]:
        """The section ``[ecs_fargate]``."""
        return configure_ecs(self.conf, self.team_name)

    def service(self, settings: EcsSettings) -> Service[RunTask]:
        """Amazon ECS."""
        return EcsCalls(self.clients(settings), settings)

    def places(self, settings: EcsSettings) -> Places:
        """Amazon ECS's tasks."""
        return EcsCalls(self.clients(settings), settings)

    def seal(self, launch: Launch[EcsSettings], request: RunTask) -> RunTask:
        """``clientToken`` and ``startedBy``."""
        return ecs_sealed(launch, request)


AwsFargateExecutor = AwsEcsFargateExecutor
