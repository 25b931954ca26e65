"""Every SubmitJob that can be built, for Hypothesis.

One recipe per structure, in the order of `overrides.py`, `eks.py` and `request.py`; texts consist of
characters that AWS's documentation allows.
"""

import string

from aws_executors.core.batch.eks import (
    EksContainerEnvironmentVariable,
    EksContainerOverride,
    EksContainerResourceRequirements,
    EksMetadata,
    EksPodPropertiesOverride,
    EksPropertiesOverride,
)
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
)
from aws_executors.core.requests.wire import KeyValuePair
from support.tape import Recipe, built, either, few, joined, mapped, maybe, of, read, some, text, whole, words

ALNUM = string.ascii_letters + string.digits

texts = words(ALNUM + "-_/:. äß")
CAPITALS = string.ascii_uppercase
names = mapped(
    lambda name: name.replace("AWS_BATCH", "A"),  # Batch reserves that prefix
    joined(of(*CAPITALS), words(CAPITALS + string.digits + "_", 0, 8)),
)
job_names = joined(of(*ALNUM), words(ALNUM + "_-", 0, 127))


def globs(alphabet: str, most: int) -> Recipe[str]:
    """Texts that may end in a star."""
    return joined(words(alphabet, 1, most), of("", "*"))


maps = mapped(lambda pairs: tuple(sorted(dict(pairs).items())), few(lambda tape: (texts(tape), texts(tape))))
"""A map of text to text, as sorted pairs."""


variables = built(KeyValuePair, name=names, value=text())
resources: Recipe[ResourceRequirement] = either(
    built(ResourceRequirement, type=of("GPU"), value=mapped(str, whole(1, 8))),
    built(ResourceRequirement, type=of("MEMORY"), value=mapped(str, whole(4, 249856))),
    built(ResourceRequirement, type=of("VCPU"), value=of("0.25", "0.5", "1", "32")),
)
commands = few(texts)
containers = some(
    ContainerOverrides,
    {},
    command=commands,
    environment=few(variables, name="name"),
    instance_type=texts,
    resource_requirements=few(resources, name="type"),
)
task_containers = some(
    TaskContainerOverrides,
    {"name": texts},
    command=commands,
    environment=few(variables, name="name"),
    resource_requirements=few(resources, name="type"),
)
ecs_properties = built(
    EcsPropertiesOverride,
    task_properties=few(built(TaskPropertiesOverride, containers=few(task_containers, name="name")), most=1),
)
eks_containers = some(
    EksContainerOverride,
    {},
    name=texts,
    image=texts,
    command=commands,
    args=commands,
    env=few(built(EksContainerEnvironmentVariable, name=names, value=maybe(text())), name="name"),
    resources=built(EksContainerResourceRequirements, limits=maps, requests=maps),
)
eks_properties = built(
    EksPropertiesOverride,
    pod_properties=some(
        EksPodPropertiesOverride,
        {},
        containers=few(eks_containers, name="name"),
        init_containers=few(eks_containers, name="name"),
        metadata=some(EksMetadata, {}, labels=maps, annotations=maps, namespace=texts),
    ),
)
consumables = built(
    ConsumableResourceProperties,
    consumable_resource_list=few(
        built(ConsumableResourceRequirement, consumable_resource=texts, quantity=whole(0, 2**40)),
        name="consumable_resource",
    ),
)
_OF_A_RANGE = {
    "container_overrides": containers,
    "ecs_properties_override": ecs_properties,
    "eks_properties_override": eks_properties,
}


def node_ranges(kind: str) -> Recipe[NodePropertyOverride]:
    """Changes to a range of nodes, with this kind of overrides."""
    return built(
        NodePropertyOverride,
        target_nodes=of("0", "0:3", ":3", "4:"),
        instance_types=few(texts),
        consumable_resource_properties_override=consumables,
        **{kind: _OF_A_RANGE[kind]},
    )


nodes = built(
    NodeOverrides,
    num_nodes=maybe(whole(1, 100)),
    node_property_overrides=few(either(*map(node_ranges, _OF_A_RANGE)), most=2, name="target_nodes"),
)
retries: Recipe[RetryStrategy] = either(
    built(RetryStrategy, attempts=maybe(whole(1, 10))),
    built(
        RetryStrategy,
        attempts=whole(1, 10),
        evaluate_on_exit=few(
            built(
                EvaluateOnExit,
                action=of("RETRY", "EXIT"),
                on_exit_code=globs(string.digits, 4),
                on_reason=globs(ALNUM + ".: ", 20),
                on_status_reason=globs(ALNUM + ".: ", 20),
            ),
            most=5,
        ),
    ),
)

submit_job: Recipe[SubmitJob] = either(
    *(
        some(
            SubmitJob,
            {"job_name": job_names, "job_queue": texts, "job_definition": texts, kind: overrides},
            share_identifier=globs(ALNUM, 20),
            scheduling_priority_override=whole(0, 9999),
            depends_on=few(built(JobDependency, job_id=texts)),
            parameters=maps,
            retry_strategy=retries,
            timeout=built(JobTimeout, attempt_duration_seconds=whole(60, 2**31 - 1)),
            propagate_tags=of(False, True),
            tags=maps,
            consumable_resource_properties_override=consumables,
        )
        for kind, overrides in (_OF_A_RANGE | {"node_overrides": nodes}).items()
    )
)
submit_jobs = read(submit_job, 160)
