"""Every RunTask that can be built, for hypothesis; launches, and what executor_config may say.

One strategy per structure, in the order of `ecs/parts.py` and `ecs/request.py`; texts are drawn from what
AWS's documentation allows.
"""

import string
from typing import Any, TypeVar

from hypothesis import strategies as st

from aws_executors.core.ecs.options import EcsOptions
from aws_executors.core.ecs.request import RunTask
from aws_executors.core.ecs.settings import EcsSettings
from aws_executors.core.ecs.structures import (
    AwsvpcConfiguration,
    CapacityProvider,
    ContainerOverride,
    EnvironmentFile,
    EphemeralStorage,
    InferenceAcceleratorOverride,
    ManagedEbsVolume,
    NetworkConfiguration,
    NvidiaMps,
    Overrides,
    PlacementConstraint,
    PlacementStrategy,
    ResourceRequirement,
    SharingStrategy,
    Tag,
    TagSpecification,
    TerminationPolicy,
    VolumeConfiguration,
)
from aws_executors.core.requests.launch import Launch, Task
from aws_executors.core.requests.wire import KeyValuePair
from samples import some, words

T = TypeVar("T")


def maybe(values: st.SearchStrategy[T]) -> st.SearchStrategy[T | None]:
    """That, or nothing."""
    return st.none() | values


def few(values: st.SearchStrategy[T], least: int = 0, most: int = 3) -> st.SearchStrategy[tuple[T, ...]]:
    """A short tuple."""
    return st.lists(values, min_size=least, max_size=most).map(tuple)


def named(item: st.SearchStrategy[T], field: str) -> st.SearchStrategy[tuple[T, ...]]:
    """A short tuple of items whose `field` are different."""
    return st.lists(item, max_size=3, unique_by=lambda value: getattr(value, field)).map(tuple)


texts = words(string.ascii_letters + string.digits + "-_/:. äß")
names = st.sampled_from(("main", "proxy", "log", "x-ray"))
variables = st.builds(KeyValuePair, name=st.sampled_from(("A", "B", "C", "D_1")), value=texts | st.just(""))
environments = named(variables, "name")
files = st.builds(EnvironmentFile, value=texts)
whole = st.integers(1, 4096)

tag_texts = words(string.ascii_letters + "äß 09_.:/=+-@", 0, 20)
tag_keys = tag_texts.filter(lambda key: key != "" and not key.lower().startswith("aws:"))
tags = named(st.builds(Tag, key=tag_keys, value=tag_texts), "key")

requirements = (
    st.builds(ResourceRequirement, type=st.just("GPU"), value=st.sampled_from(("1", "4", "ALL")))
    | st.just(ResourceRequirement(type="NeuronDevice", value="ALL"))
    | st.builds(
        ResourceRequirement,
        type=st.just("GPU"),
        sharing_strategy=st.builds(
            SharingStrategy,
            nvidia_mps=st.builds(NvidiaMps, memory=whole, max_compute_percent=maybe(st.integers(1, 100))),
        ),
    )
)
containers = some(
    ContainerOverride,
    {"name": names},
    command=few(texts),
    environment=environments,
    environment_files=few(files).map(lambda items: tuple(dict.fromkeys(items))),
    cpu=whole,
    memory=whole,
    memory_reservation=whole,
    resource_requirements=few(requirements, most=1),
)
overrides = some(
    Overrides,
    {"container_overrides": named(containers, "name")},
    cpu=whole.map(str),
    memory=whole.map(str),
    ephemeral_storage=st.builds(EphemeralStorage, size_in_gi_b=st.integers(21, 200)),
    task_role_arn=texts,
    execution_role_arn=texts,
    inference_accelerator_overrides=named(
        st.builds(InferenceAcceleratorOverride, device_name=names, device_type=texts), "device_name"
    ),
)


def networks(*public: str) -> st.SearchStrategy[NetworkConfiguration]:
    return st.builds(
        NetworkConfiguration,
        awsvpc_configuration=st.builds(
            AwsvpcConfiguration,
            subnets=few(texts, least=1),
            security_groups=few(texts),
            assign_public_ip=maybe(st.sampled_from(public)),
        ),
    )


constraints = st.just(PlacementConstraint(type="distinctInstance")) | st.builds(
    PlacementConstraint, type=st.just("memberOf"), expression=texts
)
placements = st.builds(
    PlacementStrategy, type=st.sampled_from(("random", "spread")), field=maybe(texts)
) | st.builds(PlacementStrategy, type=st.just("binpack"), field=st.sampled_from(("cpu", "memory")))
providers = st.builds(
    CapacityProvider, capacity_provider=texts, weight=st.integers(1, 1000), base=maybe(st.just(0))
)
volumes = named(
    st.builds(
        VolumeConfiguration,
        name=names,
        managed_ebs_volume=maybe(
            some(
                ManagedEbsVolume,
                {"role_arn": texts, "size_in_gi_b": st.integers(1, 16_384), "snapshot_id": texts},
                volume_type=st.sampled_from(("gp2", "gp3", "io1", "io2", "st1", "sc1", "standard")),
                iops=whole,
                throughput=st.integers(1, 1000),
                volume_initialization_rate=whole,
                encrypted=st.booleans(),
                kms_key_id=texts,
                filesystem_type=st.sampled_from(("ext3", "ext4", "xfs", "ntfs")),
                termination_policy=st.builds(TerminationPolicy, delete_on_termination=st.booleans()),
                tag_specifications=few(st.builds(TagSpecification, tags=tags), most=1),
            )
        ),
    ),
    "name",
)

anywhere = {
    "placement_constraints": few(constraints).map(lambda items: tuple(dict.fromkeys(items))),
    "placement_strategy": few(placements),
    "tags": tags,
    "propagate_tags": st.sampled_from(("TASK_DEFINITION", "NONE")),
    "enable_ecs_managed_tags": st.booleans(),
    "enable_execute_command": st.booleans(),
    "group": texts,
    "cluster": texts,
}
shared = {**anywhere, "network_configuration": networks("DISABLED"), "volume_configurations": volumes}
identity = {
    "reference_id": texts,
    "started_by": words(string.ascii_letters + string.digits + "/_-", 1, 128),
    "client_token": words("".join(map(chr, range(33, 127))), 1, 64),
}
on_fargate = {"launch_type": st.just("FARGATE"), "platform_version": texts}
on_providers = {
    "capacity_provider_strategy": st.lists(
        providers, min_size=1, max_size=3, unique_by=lambda one: one.capacity_provider
    ).map(tuple)
}
on_spot = {
    "capacity_provider_strategy": st.just((CapacityProvider(capacity_provider="FARGATE_SPOT", weight=1),))
}

# What a place asks for, and what else it allows.
PLACES: list[tuple[dict[str, st.SearchStrategy[Any]], dict[str, st.SearchStrategy[Any]]]] = [
    ({}, shared | on_fargate | {"network_configuration": networks("ENABLED", "DISABLED")}),
    ({"launch_type": st.just("EC2")}, shared),
    ({"launch_type": st.just("EXTERNAL")}, anywhere),
    (on_providers, shared),
    (on_spot, shared | {"platform_version": texts}),
]
run_tasks = st.one_of(
    [
        some(RunTask, {"task_definition": texts, "overrides": overrides, **asked}, **allowed, **identity)
        for asked, allowed in PLACES
    ]
)
own_override = {
    "cpu": whole,
    "memory": whole,
    "memory_reservation": whole,
    "environment": environments,
    "environment_files": few(files).map(lambda items: tuple(dict.fromkeys(items))),
    "resource_requirements": few(requirements, most=1),
    "task_definition": texts,
    "overrides": overrides,
}
ecs_options = st.one_of(
    some(EcsOptions, {}, **own_override, **shared, **on_fargate),
    some(EcsOptions, {"launch_type": st.just("EC2")}, **own_override, **shared),
    some(EcsOptions, on_providers, **own_override, **shared),
)

ECS_SETTINGS = EcsSettings(
    region="us-east-1",
    cluster="etl",
    container_name="main",
    task_definition="airflow:7",
    subnets=("subnet-1",),
    security_groups=("sg-1",),
)

launches: st.SearchStrategy[Launch[EcsSettings]] = st.builds(
    Launch,
    task=st.builds(Task, dag_id=texts, task_id=texts, try_number=st.integers(1, 9)),
    command=few(texts, least=1),
    settings=st.just(ECS_SETTINGS),
    token=st.uuids().map(str),
    queue=st.sampled_from(("default", "large", "gpu-a10")),
    attempt=st.integers(1, 9),
)
