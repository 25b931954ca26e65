"""What each step does to a request, in AWS's words, and that it prints as it was written."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from aws_executors import Launch, Task, compose, ecs, to_kwargs
from aws_executors.ecs import (
    FARGATE_MEMORY,
    CapacityProvider,
    ContainerOverride,
    EcsSettings,
    ManagedEbsVolume,
    PlacementStrategy,
    Step,
    VolumeConfiguration,
    build,
    with_capacity_provider,
    with_capacity_providers,
    with_cluster,
    with_container,
    with_cpu_memory,
    with_environment,
    with_environment_files,
    with_ephemeral_storage,
    with_execute_command,
    with_execution_role,
    with_gpu,
    with_group,
    with_launch_type,
    with_managed_tags,
    with_placement_constraint,
    with_placement_strategy,
    with_platform_version,
    with_propagated_tags,
    with_public_ip,
    with_security_groups,
    with_spot,
    with_subnets,
    with_tags,
    with_task_definition,
    with_task_role,
    with_task_size,
    with_volume,
)
from support.strategies import ECS_SETTINGS, launches

LAUNCH = Launch(
    task=Task(dag_id="etl", task_id="load"), command=("run",), settings=ECS_SETTINGS, token="0b6e"
)
BASE = to_kwargs(build(LAUNCH))
RUN = {"name": "main", "command": ["run"]}
AWSVPC = {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}
VOLUME = VolumeConfiguration(name="v", managed_ebs_volume=ManagedEbsVolume(role_arn="arn:r", size_in_gi_b=9))


def main(**members: object) -> dict[str, object]:
    return {"overrides": {"containerOverrides": [RUN | members]}}


def task(**members: object) -> dict[str, object]:
    return {"overrides": {"containerOverrides": [RUN], **members}}


def network(**members: object) -> dict[str, object]:
    return {"networkConfiguration": {"awsvpcConfiguration": AWSVPC | members}}


def on(*providers: dict[str, object]) -> dict[str, object]:
    return {"launchType": None, "capacityProviderStrategy": list(providers)}


EFFECTS: list[tuple[Step, dict[str, object]]] = [
    (with_environment(A="1"), main(environment=[{"name": "A", "value": "1"}])),
    (with_environment({"a.b": ""}), main(environment=[{"name": "a.b", "value": ""}])),
    (with_environment_files("arn:f"), main(environmentFiles=[{"value": "arn:f", "type": "s3"}])),
    (with_tags({"cost:center": "7"}, team="etl"), {"tags": [
        {"key": "cost:center", "value": "7"}, {"key": "team", "value": "etl"}]}),
    (with_container(ContainerOverride(name="proxy", cpu=64)), {
        "overrides": {"containerOverrides": [RUN, {"name": "proxy", "cpu": 64}]}}),
    (with_cpu_memory(cpu=256, memory=512), {"overrides": {
        "containerOverrides": [RUN | {"cpu": 256, "memory": 512}], "cpu": "256", "memory": "512"}}),
    (with_task_size(cpu=1024, memory=2048), task(cpu="1024", memory="2048")),
    (with_task_definition("big:2"), {"taskDefinition": "big:2"}),
    (with_cluster("other"), {"cluster": "other"}),
    (with_task_role("arn:t"), task(taskRoleArn="arn:t")),
    (with_execution_role("arn:e"), task(executionRoleArn="arn:e")),
    (with_ephemeral_storage(100), task(ephemeralStorage={"sizeInGiB": 100})),
    (with_volume(VOLUME), {"volumeConfigurations": [
        {"name": "v", "managedEBSVolume": {"roleArn": "arn:r", "sizeInGiB": 9}}]}),
    (with_gpu(2), main(resourceRequirements=[{"value": "2", "type": "GPU"}])),
    (with_execute_command(), {"enableExecuteCommand": True}),
    (with_execute_command(False), {"enableExecuteCommand": False}),
    (with_propagated_tags(), {"propagateTags": "TASK_DEFINITION"}),
    (with_managed_tags(), {"enableECSManagedTags": True}),
    (with_group("nightly"), {"group": "nightly"}),
    (with_launch_type("EC2"), {"launchType": "EC2", "platformVersion": None}),
    (with_launch_type("FARGATE"), {}),
    (with_platform_version("1.4.0"), {"platformVersion": "1.4.0"}),
    (with_spot(), on({"capacityProvider": "FARGATE_SPOT", "weight": 1})),
    (with_capacity_provider("asg", weight=2, base=1), on(
        {"capacityProvider": "asg", "weight": 2, "base": 1}) | {"platformVersion": None}),
    (with_capacity_providers(
        CapacityProvider(capacity_provider="FARGATE", base=1),
        CapacityProvider(capacity_provider="FARGATE_SPOT", weight=1)),
     on({"capacityProvider": "FARGATE", "base": 1}, {"capacityProvider": "FARGATE_SPOT", "weight": 1})),
    (with_placement_constraint("attribute:x == y"), {
        "placementConstraints": [{"type": "memberOf", "expression": "attribute:x == y"}]}),
    (with_placement_strategy(PlacementStrategy(type="binpack", field="memory")), {
        "placementStrategy": [{"type": "binpack", "field": "memory"}]}),
    (with_subnets("subnet-8", "subnet-9"), network(subnets=["subnet-8", "subnet-9"])),
    (with_security_groups("sg-9"), network(securityGroups=["sg-9"])),
    (with_public_ip(), network(assignPublicIp="ENABLED")),
    (with_public_ip(False), network(assignPublicIp="DISABLED")),
]  # fmt: skip


@pytest.mark.parametrize(("step", "members"), EFFECTS, ids=lambda value: str(value)[:40])
def test_each_step_changes_what_it_says_and_nothing_else(step: Step, members: dict[str, object]) -> None:
    expected = {name: value for name, value in (BASE | members).items() if value is not None}
    assert to_kwargs(compose(build, step)(LAUNCH)) == expected


@pytest.mark.parametrize("step", [step for step, _ in EFFECTS], ids=repr)
def test_each_step_prints_as_the_call_that_made_it(step: Step) -> None:
    assert eval(repr(step)) == step


def test_every_public_step_is_in_the_table() -> None:
    tried = {repr(step).partition("(")[0] for step, _ in EFFECTS}
    elsewhere = {"with_options", "with_more_memory"}  # the latter: tests/core/requests/test_more_memory.py
    assert {name for name in ecs.__all__ if name.startswith("with_")} - tried == elsewhere


@pytest.mark.parametrize("step", [step for step, _ in EFFECTS], ids=repr)
def test_a_step_taken_twice_is_taken_once(step: Step) -> None:
    assert compose(build, step, step)(LAUNCH) == compose(build, step)(LAUNCH)


ALL_STEPS = compose(build, *(step for step, _ in EFFECTS))


@given(launches)
def test_no_step_touches_the_workload(launch: Launch[EcsSettings]) -> None:
    request = ALL_STEPS(launch)
    commands = {c.name: c.command for c in request.overrides.container_overrides if c.command}
    assert commands == {"main": launch.command}
    assert (request.client_token, request.started_by) == (launch.submission, f"airflow/{launch.token}")


def test_variables_and_tags_merge_by_name_the_later_wins() -> None:
    request = compose(
        build,
        with_environment(A="1", B="1"),
        with_environment(B="2", C="2"),
        with_tags(a="1"),
        with_tags(a="2"),
    )(LAUNCH)
    variables = {v.name: v.value for v in request.overrides.container_overrides[0].environment}
    assert variables == {"A": "1", "B": "2", "C": "2"}
    assert [(tag.key, tag.value) for tag in request.tags] == [("a", "2")]


def test_a_launch_type_drops_the_providers_and_the_other_way_round() -> None:
    one = compose(build, with_spot(), with_launch_type("FARGATE"))(LAUNCH)
    other = compose(build, with_launch_type("EC2"), with_spot())(LAUNCH)
    assert (one.launch_type, one.capacity_provider_strategy) == ("FARGATE", ())
    assert (other.launch_type, other.capacity_provider_strategy[0].capacity_provider) == (
        None,
        "FARGATE_SPOT",
    )


PAIRS: list[tuple[int, int, bool]] = [
    (256, 512, True), (256, 1024, True), (256, 2048, True), (256, 1536, False), (256, 4096, False),
    (512, 512, False), (512, 1024, True), (512, 4096, True), (512, 5120, False),
    (1024, 2048, True), (1024, 8192, True), (1024, 1024, False), (1024, 9216, False), (1024, 2049, False),
    (2048, 4096, True), (2048, 16384, True), (2048, 3072, False),
    (4096, 8192, True), (4096, 30720, True), (4096, 31744, False),
    (8192, 16384, True), (8192, 61440, True), (8192, 17408, False), (8192, 20480, True),
    (16384, 32768, True), (16384, 122880, True), (16384, 40960, True), (16384, 36864, False),
    (300, 512, False), (32768, 65536, True),
]  # fmt: skip


@pytest.mark.parametrize(("cpu", "memory", "sold"), PAIRS)
def test_fargate_sells_fixed_sizes(cpu: int, memory: int, sold: bool) -> None:
    for step in (with_cpu_memory(cpu=cpu, memory=memory), with_task_size(cpu=cpu, memory=memory)):
        if sold:
            assert compose(build, step)(LAUNCH).overrides.memory == str(memory)
        else:
            with pytest.raises(ValueError, match=f"Fargate has no task with cpu={cpu}"):
                compose(build, step)(LAUNCH)


def test_the_table_has_the_numbers_that_aws_publishes() -> None:
    assert {cpu: (sizes[0], sizes[-1], len(sizes)) for cpu, sizes in FARGATE_MEMORY.items()} == {
        256: (512, 2048, 3),
        512: (1024, 4096, 4),
        1024: (2048, 8192, 7),
        2048: (4096, 16384, 13),
        4096: (8192, 30720, 23),
        8192: (16384, 61440, 12),
        16384: (32768, 122880, 12),
    }


@pytest.mark.parametrize("place", [with_launch_type("EC2"), with_capacity_provider("asg")], ids=repr)
def test_instances_take_any_size(place: Step) -> None:
    request = compose(build, place, with_cpu_memory(cpu=300, memory=700))(LAUNCH)
    assert (request.overrides.cpu, request.overrides.memory) == ("300", "700")


def test_spot_is_fargate_too() -> None:
    with pytest.raises(ValueError, match="Fargate has no task"):
        compose(build, with_spot(), with_cpu_memory(cpu=256, memory=4096))(LAUNCH)


@pytest.mark.parametrize("step", [with_security_groups("sg-1"), with_public_ip(False)], ids=repr)
def test_a_network_without_subnets_is_no_network(step: Step) -> None:
    settings = EcsSettings.model_validate(ECS_SETTINGS.model_dump(include={
        "region", "cluster", "container_name", "task_definition"}) | {"launch_type": "EC2"})  # fmt: skip
    with pytest.raises(
        ValueError, match=r"needs subnets; set the option subnets, or put with_subnets before it"
    ):
        compose(build, step)(replace(LAUNCH, settings=settings))
    request = compose(build, with_subnets("subnet-1"), step)(replace(LAUNCH, settings=settings))
    assert request.network_configuration is not None


WRONG: list[tuple[Any, dict[str, Any], str]] = [
    (with_gpu, {"count": 0}, r"with_gpu\(0\): count must be 1 or more"),
    (with_capacity_providers, {}, "names no provider"),
    (with_ephemeral_storage, {"gib": 20}, "must be at least 21, not 20"),
    (with_launch_type, {"launch_type": "fargate"}, "'FARGATE', 'EC2' or 'EXTERNAL'"),
    (with_cpu_memory, {"cpu": "256", "memory": 512}, "whole number, not str '256'; leave the quotes out"),
    (with_tags, {"aws:x": "y"}, "reserves"),
    (with_task_role, {"arn": ""}, "at least 1 character"),
]


@pytest.mark.parametrize(("make", "arguments", "words"), WRONG)
def test_a_step_that_can_not_be_is_refused_where_it_is_made(
    make: Any, arguments: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        make(**arguments)
