"""Every RunTask that can be built, for hypothesis; launches, and what executor_config may say.

One strategy per structure, in the order of `ecs/parts.py` and `ecs/request.py`; texts are drawn from what
AWS's documentation allows.
"""

import string
from dataclasses import replace
from typing import TypeVar

from hypothesis import strategies as st

from aws_executors.core.ecs.config import EcsOptions
from aws_executors.core.ecs.parts import (
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
from aws_executors.core.ecs.request import RunTask
from aws_executors.core.ecs.settings import EcsSettings
from aws_executors.core.launch import Launch, Task
from aws_executors.core.wire import KeyValuePair

T = TypeVar("T")


def maybe(values: st.SearchStrategy[T]) -> st.SearchStrategy[T | None]:
    """That, or nothing."""
    return st.none() | values


def few(values: st.SearchStrategy[T], least: int = 0, most: int = 3) -> st.SearchStrategy[tuple[T, ...]]:
    """A short tuple."""
    return st.lists(values, min_size=least, max_size=most).map(tuple)


def named(
    names: st.SearchStrategy[str], item: "st.SearchStrategy[T]", field: str
) -> st.SearchStrategy[tuple[T, ...]]:
    """A short tuple of items whose `field` are different."""
    one = st.tuples(names, item).map(lambda pair: replace(pair[1], **{field: pair[0]}))  # type: ignore[type-var]
    return st.lists(one, max_size=3, unique_by=lambda value: getattr(value, field)).map(tuple)


texts = st.text(string.ascii_letters + string.digits + "-_/:. äß", min_size=1, max_size=12)
names = st.sampled_from(("main", "proxy", "log", "x-ray"))
variables = st.builds(KeyValuePair, name=st.sampled_from(("A", "B", "C", "D_1")), value=texts | st.just(""))
environments = named(st.sampled_from(("A", "B", "C", "D_1")), variables, "name")
files = st.builds(EnvironmentFile, value=texts)
whole = st.integers(1, 4096)

tag_texts = st.text(string.ascii_letters + "äß 09_.:/=+-@", max_size=20)
tags = named(
    tag_texts.filter(lambda key: key != "" and not key.lower().startswith("aws:")),
    st.builds(Tag, key=st.just("k"), value=tag_texts),
    "key",
)

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
containers = st.builds(
    ContainerOverride,
    name=names,
    command=few(texts),
    environment=environments,
    environment_files=few(files).map(lambda items: tuple(dict.fromkeys(items))),
    cpu=maybe(whole),
    memory=maybe(whole),
    memory_reservation=maybe(whole),
    resource_requirements=few(requirements, most=1),
)
overrides = st.builds(
    Overrides,
    container_overrides=named(names, containers, "name"),
    cpu=maybe(whole.map(str)),
    memory=maybe(whole.map(str)),
    ephemeral_storage=maybe(st.builds(EphemeralStorage, size_in_gi_b=st.integers(21, 200))),
    task_role_arn=maybe(texts),
    execution_role_arn=maybe(texts),
    inference_accelerator_overrides=named(
        names, st.builds(InferenceAcceleratorOverride, device_name=texts, device_type=texts), "device_name"
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
    names,
    st.builds(
        VolumeConfiguration,
        name=names,
        managed_ebs_volume=maybe(
            st.builds(
                ManagedEbsVolume,
                role_arn=texts,
                size_in_gi_b=st.integers(1, 16_384),
                snapshot_id=texts,
                volume_type=maybe(st.sampled_from(("gp2", "gp3", "io1", "io2", "st1", "sc1", "standard"))),
                iops=maybe(whole),
                throughput=maybe(st.integers(1, 1000)),
                volume_initialization_rate=maybe(whole),
                encrypted=maybe(st.booleans()),
                kms_key_id=maybe(texts),
                filesystem_type=maybe(st.sampled_from(("ext3", "ext4", "xfs", "ntfs"))),
                termination_policy=maybe(st.builds(TerminationPolicy, delete_on_termination=st.booleans())),
                tag_specifications=few(st.builds(TagSpecification, tags=tags), most=1),
            )
        ),
    ),
    "name",
)

shared = {
    "network_configuration": maybe(networks("DISABLED")),
    "overrides": overrides,
    "placement_constraints": few(constraints).map(lambda items: tuple(dict.fromkeys(items))),
    "placement_strategy": few(placements),
    "volume_configurations": volumes,
    "tags": tags,
    "propagate_tags": maybe(st.sampled_from(("TASK_DEFINITION", "NONE"))),
    "enable_ecs_managed_tags": maybe(st.booleans()),
    "enable_execute_command": maybe(st.booleans()),
    "group": maybe(texts),
    "cluster": maybe(texts),
}
on_fargate = {"launch_type": maybe(st.just("FARGATE")), "platform_version": maybe(texts)}
in_public = {**on_fargate, "network_configuration": networks("ENABLED", "DISABLED")}
on_instances = {"launch_type": st.just("EC2")}
outside = {
    "launch_type": st.just("EXTERNAL"),
    "network_configuration": st.none(),
    "volume_configurations": st.just(()),
}
on_providers = {
    "capacity_provider_strategy": st.lists(
        providers, min_size=1, max_size=3, unique_by=lambda one: one.capacity_provider
    ).map(tuple)
}
on_spot = {
    "capacity_provider_strategy": st.just((CapacityProvider(capacity_provider="FARGATE_SPOT", weight=1),)),
    "platform_version": maybe(texts),
}
identity = {
    "task_definition": texts,
    "reference_id": maybe(texts),
    "started_by": maybe(st.from_regex(r"[A-Za-z0-9/_-]{1,128}", fullmatch=True)),
    "client_token": maybe(st.from_regex(r"[!-~]{1,64}", fullmatch=True)),
}

run_tasks = st.one_of(
    *(
        st.builds(RunTask, **{**identity, **shared, **place})
        for place in (in_public, on_instances, outside, on_providers, on_spot)
    )
)
own_override = {
    "cpu": maybe(whole),
    "memory": maybe(whole),
    "memory_reservation": maybe(whole),
    "environment": environments,
    "environment_files": few(files).map(lambda items: tuple(dict.fromkeys(items))),
    "resource_requirements": few(requirements, most=1),
    "task_definition": maybe(texts),
}
ecs_options = st.one_of(
    *(
        st.builds(EcsOptions, **own_override, **shared, **place)
        for place in (on_fargate, {"launch_type": st.just("EC2")}, on_providers)
    )
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
