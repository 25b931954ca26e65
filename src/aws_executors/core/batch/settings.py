"""The options of `[batch]`.

Law: one field per option, as in airflow.cfg; what the fields mean for a request is decided in `builder.py`.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from aws_executors.core.batch.options import SETTABLE
from aws_executors.core.settings.base import Settings
from aws_executors.core.settings.types import ContainerName, Definition, JobPrefix, KwargsSource, NameOrArn


class BatchSettings(Settings, frozen=True):
    """All options of `[batch]`.

    >>> settings = BatchSettings(region="us-east-1", job_name="airflow", job_queue="q", job_definition="d:3")
    >>> settings.max_attempts, settings.adopt_task_instances
    (3, False)
    """

    section: ClassVar[str] = "batch"
    service: ClassVar[str] = "batch"
    about: ClassVar[str] = "AwsBatchExecutor runs every task in a job of AWS Batch."
    kwargs_option: ClassVar[str] = "submit_job_kwargs"
    settable: ClassVar[tuple[str, ...]] = SETTABLE
    members: ClassVar[Mapping[str, str]] = {
        "job_name": "jobName",
        "job_queue": "jobQueue",
        "job_definition": "jobDefinition",
    }

    job_name: Annotated[
        JobPrefix,
        Field(
            description="The prefix of all job names. Required unless submit_job_kwargs sets jobName.",
            examples=["airflow-job-name"],
        ),
    ]
    job_queue: Annotated[
        NameOrArn,
        Field(
            description="The job queue, by name or ARN. Required unless submit_job_kwargs sets jobQueue.",
            examples=["airflow-job-queue"],
        ),
    ]
    job_definition: Annotated[
        Definition,
        Field(
            description="The job definition, by name, name:revision or ARN. Required unless "
            "submit_job_kwargs sets jobDefinition.",
            examples=["airflow-job-definition:2"],
        ),
    ]
    submit_job_kwargs: Annotated[
        KwargsSource,
        Field(
            description="More arguments for boto3's submit_job, which override the other options: the dotted "
            "path of a dict, a JSON object, or the dotted path of a function that builds the request.",
            examples=['{"retryStrategy": {"attempts": 3}}'],
        ),
    ] = "aws_executors.conf.BATCH_SUBMIT_JOB_KWARGS"
    container_name: Annotated[
        ContainerName,
        Field(
            description="The Airflow container's name, if the job definition has several containers.",
            examples=["airflow"],
        ),
    ] = ""
