"""The options of `[batch]`.

Law: one field per option, as in airflow.cfg; what the fields mean for a request is `builder.py`'s matter.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from aws_executors.core.batch.options import SETTABLE
from aws_executors.core.settings.base import Settings
from aws_executors.core.settings.types import ContainerName, Definition, JobName, KwargsSource, NameOrArn


class BatchSettings(Settings):
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
        JobName,
        Field(
            description="What the names of all jobs begin with; mandatory unless submit_job_kwargs has "
            "jobName.",
            examples=["airflow-job-name"],
        ),
    ]
    job_queue: Annotated[
        NameOrArn,
        Field(
            description="The job queue, by name or ARN; mandatory unless submit_job_kwargs has jobQueue.",
            examples=["airflow-job-queue"],
        ),
    ]
    job_definition: Annotated[
        Definition,
        Field(
            description="The job definition, by name, name:revision or ARN; mandatory unless "
            "submit_job_kwargs has jobDefinition.",
            examples=["airflow-job-definition:2"],
        ),
    ]
    submit_job_kwargs: Annotated[
        KwargsSource,
        Field(
            description="More for boto3's submit_job, laid over what the other options say: the dotted path "
            "of a dict, a JSON object, or the dotted path of a function that makes the request.",
            examples=['{"retryStrategy": {"attempts": 3}}'],
        ),
    ] = "aws_executors.conf.BATCH_SUBMIT_JOB_KWARGS"
    container_name: Annotated[
        ContainerName,
        Field(
            description="The Airflow container's name, where the job definition has several containers.",
            examples=["airflow"],
        ),
    ] = ""
