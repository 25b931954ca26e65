"""Every RunTask that can be built, for Hypothesis; launches, and the values that executor_config may have.

One recipe per structure, in the order of `ecs/structures.py` and `ecs/request.py`; texts consist of
characters that AWS's documentation allows.
"""

import string
from typing import Any
from uuid import UUID

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
from support.tape import Recipe, built, either, few, mapped, maybe, of, read, some, whole, words


def different(recipe: Recipe[Any]) -> Recipe[tuple[Any, ...]]:
    """A short tuple of values, no two of which are the same."""
    return mapped(lambda items: tuple(dict.fromkeys(items)), few(recipe))


texts = words(string.ascii_letters + string.digits + "-_/:. äß")
names = of("main", "proxy", "log", "x-ray")
variables = built(KeyValuePair, name=of("A", "B", "C", "D_1"), value=either(texts, texts, of("")))
environments = few(variables, name="name")
files = built(EnvironmentFile, value=texts)
sizes = whole(1, 4096)

TAGGED = string.ascii_letters + "äß 09_.:/=+-@"
tag_keys = mapped(lambda key: f"k{key}" if key.lower().startswith("aws:") else key, words(TAGGED, 1, 20))
tags = few(built(Tag, key=tag_keys, value=words(TAGGED, 0, 20)), name="key")

requirements: Recipe[ResourceRequirement] = either(
    built(ResourceRequirement, type=of("GPU"), value=of("1", "4", "ALL")),
    of(ResourceRequirement(type="NeuronDevice", value="ALL")),
    built(
        ResourceRequirement,
        type=of("GPU"),
        sharing_strategy=built(
            SharingStrategy,
            nvidia_mps=built(NvidiaMps, memory=sizes, max_compute_percent=maybe(whole(1, 100))),
        ),
    ),
)
containers = some(
    ContainerOverride,
    {"name": names},
    command=few(texts),
    environment=environments,
    environment_files=different(files),
    cpu=sizes,
    memory=sizes,
    memory_reservation=sizes,
    resource_requirements=few(requirements, most=1),
)
overrides = some(
    Overrides,
    {"container_overrides": few(containers, name="name")},
    cpu=mapped(str, sizes),
    memory=mapped(str, sizes),
    ephemeral_storage=built(EphemeralStorage, size_in_gi_b=whole(21, 200)),
    task_role_arn=texts,
    execution_role_arn=texts,
    inference_accelerator_overrides=few(
        built(InferenceAcceleratorOverride, device_name=names, device_type=texts), name="device_name"
    ),
)


def networks(*public: str) -> Recipe[NetworkConfiguration]:
    return built(
        NetworkConfiguration,
        awsvpc_configuration=built(
            AwsvpcConfiguration,
            subnets=few(texts, least=1),
            security_groups=few(texts),
            assign_public_ip=maybe(of(*public)),
        ),
    )


constraints: Recipe[PlacementConstraint] = either(
    of(PlacementConstraint(type="distinctInstance")),
    built(PlacementConstraint, type=of("memberOf"), expression=texts),
)
placements: Recipe[PlacementStrategy] = either(
    built(PlacementStrategy, type=of("random", "spread"), field=maybe(texts)),
    built(PlacementStrategy, type=of("binpack"), field=of("cpu", "memory")),
)
providers = built(CapacityProvider, capacity_provider=texts, weight=whole(1, 1000), base=maybe(of(0)))
volumes = few(
    built(
        VolumeConfiguration,
        name=names,
        managed_ebs_volume=maybe(
            some(
                ManagedEbsVolume,
                {"role_arn": texts, "size_in_gi_b": whole(1, 16_384), "snapshot_id": texts},
                volume_type=of("gp2", "gp3", "io1", "io2", "st1", "sc1", "standard"),
                iops=sizes,
                throughput=whole(1, 1000),
                volume_initialization_rate=sizes,
                encrypted=of(False, True),
                kms_key_id=texts,
                filesystem_type=of("ext3", "ext4", "xfs", "ntfs"),
                termination_policy=built(TerminationPolicy, delete_on_termination=of(False, True)),
                tag_specifications=few(built(TagSpecification, tags=tags), most=1),
            )
        ),
    ),
    name="name",
)

anywhere = {
    "placement_constraints": different(constraints),
    "placement_strategy": few(placements),
    "tags": tags,
    "propagate_tags": of("TASK_DEFINITION", "NONE"),
    "enable_ecs_managed_tags": of(False, True),
    "enable_execute_command": of(False, True),
    "group": texts,
    "cluster": texts,
}
shared = {**anywhere, "network_configuration": networks("DISABLED"), "volume_configurations": volumes}
identity = {
    "reference_id": texts,
    "started_by": words(string.ascii_letters + string.digits + "/_-", 1, 128),
    "client_token": words("".join(map(chr, range(33, 127))), 1, 64),
}
on_fargate = {"launch_type": of("FARGATE"), "platform_version": texts}
on_providers = {"capacity_provider_strategy": few(providers, 1, name="capacity_provider")}
on_spot = {"capacity_provider_strategy": of((CapacityProvider(capacity_provider="FARGATE_SPOT", weight=1),))}

# For each place, the members that it requires, and those that it also allows.
PLACES: list[tuple[dict[str, Recipe[Any]], dict[str, Recipe[Any]]]] = [
    ({}, shared | on_fargate | {"network_configuration": networks("ENABLED", "DISABLED")}),
    ({"launch_type": of("EC2")}, shared),
    ({"launch_type": of("EXTERNAL")}, anywhere),
    (on_providers, shared),
    (on_spot, shared | {"platform_version": texts}),
]
run_task: Recipe[RunTask] = either(
    *(
        some(RunTask, {"task_definition": texts, "overrides": overrides, **asked}, **allowed, **identity)
        for asked, allowed in PLACES
    )
)
run_tasks = read(run_task, 128)
own_override = {
    "cpu": sizes,
    "memory": sizes,
    "memory_reservation": sizes,
    "environment": environments,
    "environment_files": different(files),
    "resource_requirements": few(requirements, most=1),
    "task_definition": texts,
    "overrides": overrides,
}
ecs_options = read(
    either(
        some(EcsOptions, {}, **own_override, **shared, **on_fargate),
        some(EcsOptions, {"launch_type": of("EC2")}, **own_override, **shared),
        some(EcsOptions, on_providers, **own_override, **shared),
    ),
    128,
)

ECS_SETTINGS = EcsSettings(
    region="us-east-1",
    cluster="etl",
    container_name="main",
    task_definition="airflow:7",
    subnets=("subnet-1",),
    security_groups=("sg-1",),
)

launch: Recipe[Launch[EcsSettings]] = built(
    Launch,
    task=built(Task, dag_id=texts, task_id=texts, try_number=whole(1, 9)),
    command=few(texts, 1),
    settings=of(ECS_SETTINGS),
    token=either(of("0b6e", "0b6e-1"), mapped(lambda number: str(UUID(int=number)), whole(0, 2**128 - 1))),
    queue=of("default", "large", "gpu-a10"),
    attempt=whole(1, 9),
)
launches = read(launch, 64)
