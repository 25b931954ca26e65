"""Every SubmitJob that can be built, for hypothesis.

One strategy per structure, in the order of `overrides.py`, `eks.py` and `request.py`; texts are drawn from
what AWS's documentation allows.
"""

import string
from collections.abc import Callable
from typing import TypeVar

from hypothesis import strategies as st

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
from samples import some, words

W = TypeVar("W")

ALNUM = string.ascii_letters + string.digits

texts = words(ALNUM + "-_/:. äß")
names = st.builds(
    "{}{}".format,
    st.sampled_from(string.ascii_uppercase),
    words(string.ascii_uppercase + string.digits + "_", 0, 8),
).filter(lambda name: not name.startswith("AWS_BATCH"))
job_names = st.builds("{}{}".format, st.sampled_from(ALNUM), words(ALNUM + "_-", 0, 127))


def globs(alphabet: str, most: int) -> st.SearchStrategy[str]:
    """Texts that may end in a star."""
    return st.builds("{}{}".format, words(alphabet, 1, most), st.sampled_from(["", "*"]))


def maybe(values: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """That, or nothing."""
    return st.none() | values


def few(
    values: st.SearchStrategy[object], most: int = 3, name: str = ""
) -> st.SearchStrategy[tuple[object, ...]]:
    """A short tuple, of things that differ in their `name` if one is given."""
    unique = (lambda item: getattr(item, name) or "") if name else None
    return st.lists(values, max_size=most, unique_by=unique).map(tuple)


def written(kind: Callable[..., W], **members: st.SearchStrategy[object]) -> st.SearchStrategy[W]:
    """Values of one structure; `st.builds` would read its signature, which has AWS's spelling."""
    return st.fixed_dictionaries(members).map(lambda drawn: kind(**drawn))


def maps(values: st.SearchStrategy[str] = texts) -> st.SearchStrategy[tuple[tuple[str, str], ...]]:
    """A map of text to text, as sorted pairs."""
    return st.dictionaries(texts, values, max_size=3).map(lambda found: tuple(sorted(found.items())))


variables = written(KeyValuePair, name=names, value=st.text(max_size=8))
resources = st.one_of(
    written(ResourceRequirement, type=st.just("GPU"), value=st.integers(1, 8).map(str)),
    written(ResourceRequirement, type=st.just("MEMORY"), value=st.integers(4, 249856).map(str)),
    written(ResourceRequirement, type=st.just("VCPU"), value=st.sampled_from(["0.25", "0.5", "1", "32"])),
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
ecs_properties = written(
    EcsPropertiesOverride,
    task_properties=few(written(TaskPropertiesOverride, containers=few(task_containers, name="name")), 1),
)
eks_containers = some(
    EksContainerOverride,
    {},
    name=texts,
    image=texts,
    command=commands,
    args=commands,
    env=few(
        written(EksContainerEnvironmentVariable, name=names, value=maybe(st.text(max_size=8))), name="name"
    ),
    resources=written(EksContainerResourceRequirements, limits=maps(), requests=maps()),
)
eks_properties = written(
    EksPropertiesOverride,
    pod_properties=some(
        EksPodPropertiesOverride,
        {},
        containers=few(eks_containers, name="name"),
        init_containers=few(eks_containers, name="name"),
        metadata=some(EksMetadata, {}, labels=maps(), annotations=maps(), namespace=texts),
    ),
)
consumables = written(
    ConsumableResourceProperties,
    consumable_resource_list=few(
        written(ConsumableResourceRequirement, consumable_resource=texts, quantity=st.integers(0, 2**40)),
        name="consumable_resource",
    ),
)
_OF_A_RANGE = {
    "container_overrides": containers,
    "ecs_properties_override": ecs_properties,
    "eks_properties_override": eks_properties,
}


def node_ranges(kind: str) -> st.SearchStrategy[NodePropertyOverride]:
    """Changes to a range of nodes, with this kind of overrides."""
    return written(
        NodePropertyOverride,
        target_nodes=st.sampled_from(["0", "0:3", ":3", "4:"]),
        instance_types=few(texts),
        consumable_resource_properties_override=consumables,
        **{kind: _OF_A_RANGE[kind]},
    )


nodes = written(
    NodeOverrides,
    num_nodes=maybe(st.integers(1, 100)),
    node_property_overrides=few(st.sampled_from(sorted(_OF_A_RANGE)).flatmap(node_ranges), 2, "target_nodes"),
)
retries = st.one_of(
    written(RetryStrategy, attempts=maybe(st.integers(1, 10))),
    written(
        RetryStrategy,
        attempts=st.integers(1, 10),
        evaluate_on_exit=few(
            written(
                EvaluateOnExit,
                action=st.sampled_from(["RETRY", "EXIT"]),
                on_exit_code=globs(string.digits, 4),
                on_reason=globs(ALNUM + ".: ", 20),
                on_status_reason=globs(ALNUM + ".: ", 20),
            ),
            5,
        ),
    ),
)

submit_jobs = st.one_of(
    [
        some(
            SubmitJob,
            {"job_name": job_names, "job_queue": texts, "job_definition": texts, kind: overrides},
            share_identifier=globs(ALNUM, 20),
            scheduling_priority_override=st.integers(0, 9999),
            depends_on=few(written(JobDependency, job_id=texts)),
            parameters=maps(),
            retry_strategy=retries,
            timeout=written(JobTimeout, attempt_duration_seconds=st.integers(60, 2**31 - 1)),
            propagate_tags=st.booleans(),
            tags=maps(),
            consumable_resource_properties_override=consumables,
        )
        for kind, overrides in (_OF_A_RANGE | {"node_overrides": nodes}).items()
    ]
)
