"""AWS Batch, for builders of your own: the request and its parts, `build`, and steps to put on it.

Law: names only; each is defined and explained in the core, most of them in `core/batch`.

>>> from aws_executors.batch import build, with_retry, with_timeout
>>> from aws_executors.core.requests.compose import compose, when
>>> from aws_executors.core.requests.predicates import queue_is
>>> compose(build, when(queue_is("long_tasks_queue"), with_retry(3), with_timeout(hours=24)))
compose(build, when(queue_is('long_tasks_queue'), with_retry(3), with_timeout(hours=24)))
"""

from aws_executors.core.batch.builder import (
    build,
    build_from,
    from_options,
    lookup_prefix,
    over_options,
    sealed,
)
from aws_executors.core.batch.eks import (
    EksContainerEnvironmentVariable,
    EksContainerOverride,
    EksContainerResourceRequirements,
    EksMetadata,
    EksPodPropertiesOverride,
    EksPropertiesOverride,
)
from aws_executors.core.batch.executor_config import BatchConfig
from aws_executors.core.batch.options import BatchOptions, read_options, with_options
from aws_executors.core.batch.overrides import (
    ContainerOverrides,
    EcsPropertiesOverride,
    ResourceRequirement,
    TaskContainerOverrides,
    TaskPropertiesOverride,
)
from aws_executors.core.batch.request import (
    ConsumableResourceProperties,
    ConsumableResourceRequirement,
    EvaluateOnExit,
    JobDependency,
    JobTimeout,
    NodeOverrides,
    NodePropertyOverride,
    RetryStrategy,
    SubmitJob,
    from_kwargs,
)
from aws_executors.core.batch.settings import BatchSettings
from aws_executors.core.batch.steps.members import (
    Step,
    with_consumable_resource,
    with_container,
    with_depends_on,
    with_environment,
    with_job_definition,
    with_job_queue,
    with_parameters,
    with_propagated_tags,
    with_resources,
    with_retry,
    with_share_identifier,
    with_tags,
    with_timeout,
)
from aws_executors.core.batch.steps.more_memory import with_more_memory
from aws_executors.core.requests.wire import KeyValuePair

__all__ = [
    "BatchConfig",
    "BatchOptions",
    "BatchSettings",
    "ConsumableResourceProperties",
    "ConsumableResourceRequirement",
    "ContainerOverrides",
    "EcsPropertiesOverride",
    "EksContainerEnvironmentVariable",
    "EksContainerOverride",
    "EksContainerResourceRequirements",
    "EksMetadata",
    "EksPodPropertiesOverride",
    "EksPropertiesOverride",
    "EvaluateOnExit",
    "JobDependency",
    "JobTimeout",
    "KeyValuePair",
    "NodeOverrides",
    "NodePropertyOverride",
    "ResourceRequirement",
    "RetryStrategy",
    "Step",
    "SubmitJob",
    "TaskContainerOverrides",
    "TaskPropertiesOverride",
    "build",
    "build_from",
    "from_kwargs",
    "from_options",
    "lookup_prefix",
    "over_options",
    "read_options",
    "sealed",
    "with_consumable_resource",
    "with_container",
    "with_depends_on",
    "with_environment",
    "with_job_definition",
    "with_job_queue",
    "with_more_memory",
    "with_options",
    "with_parameters",
    "with_propagated_tags",
    "with_resources",
    "with_retry",
    "with_share_identifier",
    "with_tags",
    "with_timeout",
]
