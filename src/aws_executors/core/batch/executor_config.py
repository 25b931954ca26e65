"""`BatchConfig`: ``executor_config`` for a task on Batch, with completion and checked where it is written.

Law: `BatchConfig` only makes the plain dict that a DAG's author could have written by hand, so that Airflow
can store it and a scheduler without this function can read it.
"""

from collections.abc import Mapping, Sequence
from typing import cast

from aws_executors.core.batch.eks import EksPropertiesOverride
from aws_executors.core.batch.options import BATCH_OPTIONS
from aws_executors.core.batch.overrides import EcsPropertiesOverride, ResourceRequirement
from aws_executors.core.batch.request import (
    ConsumableResourceProperties,
    JobDependency,
    JobTimeout,
    NodeOverrides,
    RetryStrategy,
)
from aws_executors.core.requests.executor_config import plain_config
from aws_executors.core.requests.maker import keys_only


@keys_only
def BatchConfig(
    *,
    vcpus: float | str | None = None,
    memory: int | None = None,
    environment: Mapping[str, str] | None = None,
    resource_requirements: Sequence[ResourceRequirement] = (),
    instance_type: str | None = None,
    job_queue: str | None = None,
    job_definition: str | None = None,
    share_identifier: str | None = None,
    scheduling_priority_override: int | None = None,
    depends_on: Sequence[JobDependency] = (),
    parameters: Mapping[str, str] | None = None,
    node_overrides: NodeOverrides | None = None,
    ecs_properties_override: EcsPropertiesOverride | None = None,
    eks_properties_override: EksPropertiesOverride | None = None,
    retry_strategy: RetryStrategy | None = None,
    timeout: JobTimeout | None = None,
    propagate_tags: bool | None = None,
    tags: Mapping[str, str] | None = None,
    consumable_resource_properties_override: ConsumableResourceProperties | None = None,
    warm: bool | None = None,
) -> dict[str, object]:
    """The ``executor_config`` of one task: plain data in AWS's spelling, which Airflow can serialise.

    `vcpus` (vCPUs, 0.25 is a quarter) and `memory` (MiB) are the Airflow container's, as are `environment`,
    `resource_requirements` and `instance_type`; the others are the job's. Raises `RequestError` while the
    DAG is parsed, with all that is wrong. Source: API_SubmitJob of AWS Batch.

    >>> BatchConfig(vcpus=0.25, memory=512, timeout=JobTimeout(attempt_duration_seconds=3600))
    {'vcpus': '0.25', 'memory': '512', 'timeout': {'attemptDurationSeconds': 3600}}
    """
    return plain_config(BATCH_OPTIONS, cast("dict[str, object]", locals()), "BatchConfig")
