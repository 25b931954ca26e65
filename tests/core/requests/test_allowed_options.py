"""What ``executor_config`` may set is one list of names, whichever way an author writes them."""

from collections.abc import Mapping
from typing import Any

import pytest

from aws_executors import Launch, Task, batch, ecs
from aws_executors.core.errors import RequestError
from aws_executors.core.requests.allowed_options import ALL, NONE
from aws_executors.core.requests.compose import built

ECS = {"region": "us-east-1", "cluster": "c", "container_name": "main", "task_definition": "d"} | {
    "launch_type": "EC2"
}
BATCH = {"region": "us-east-1", "job_name": "a", "job_queue": "q", "job_definition": "d"}


def launch(service: Any, allowed: str, config: object, **more: str) -> Launch[Any]:
    model, section = (ecs.EcsSettings, ECS) if service is ecs else (batch.BatchSettings, BATCH)
    settings = model.from_section({**section, "executor_config_allowed": allowed, **more}).unwrap()
    return Launch(
        task=Task(dag_id="d", task_id="t"),
        command=("run",),
        settings=settings,
        token="0b6e",
        executor_config=config,
    )


def main(**members: object) -> Mapping[str, object]:
    return {"overrides": {"containerOverrides": [{"name": "main", **members}]}}


def side(**members: object) -> Mapping[str, object]:
    return {"overrides": {"container_overrides": [{"name": "side", **members}]}}


PASSES = [
    (ecs, "all", {"overrides": {"taskRoleArn": "arn:aws:iam::1:role/x"}, "cpu": 1}),
    (ecs, "none", {}),
    (ecs, "none", None),
    (ecs, "none", {"environment": {}, "overrides": {}, "cpu": None}),
    (ecs, "cpu, memory", {"cpu": 256, "memory": 512}),
    (ecs, "cpu", main(cpu=256)),
    (ecs, "memory_reservation", {"memoryReservation": 5}),
    (ecs, "memoryReservation", {"memory_reservation": 5}),
    (ecs, "overrides", {"cpu": 256}),
    (ecs, "overrides", side(command=["x"])),
    (ecs, "overrides.containerOverrides.cpu", {"cpu": 256}),
    (ecs, "overrides.container_overrides.cpu", side(cpu=256)),
    (ecs, "overrides.task_role_arn", {"overrides": {"taskRoleArn": "r"}}),
    (ecs, "enableECSManagedTags", {"enable_ecs_managed_tags": True}),
    (batch, "all", {"jobQueue": "x"}),
    (batch, "vcpus,memory", {"containerOverrides": {"vcpus": 1, "memory": 512}}),
    (batch, "vcpus", {"resourceRequirements": [{"type": "vcpu", "value": "1"}]}),
    (batch, "resource_requirements", {"vcpus": 1, "memory": 512}),
    (batch, "containerOverrides", {"environment": {"A": "1"}, "memory": 512, "instance_type": "m5"}),
    (batch, "environment", {"containerOverrides": {"environment": [{"name": "A", "value": "1"}]}}),
]


@pytest.mark.parametrize(("service", "allowed", "config"), PASSES)
def test_what_is_allowed(service: Any, allowed: str, config: object) -> None:
    service.build(launch(service, allowed, config))


REFUSED = [
    (ecs, "none", {"cpu": 256}, "cpu may not"),
    (ecs, "cpu", {"memory": 512, "cpu": 1, "tags": {"a": "b"}}, "memory and tags may not"),
    (ecs, "cpu", main(memory=512), "executor_config: memory may not"),
    (ecs, "cpu", side(cpu=256), "overrides.containerOverrides.cpu may not"),
    (ecs, "cpu,memory,environment", side(command=["x"]), "overrides.containerOverrides.command may not"),
    (ecs, "cpu", {"overrides": {"cpu": "256"}}, "overrides.cpu may not"),
    (ecs, "environment", main(environment_files=[{"value": "arn:x"}]), "environmentFiles may not"),
    (ecs, "overrides.cpu", {"overrides": {"executionRoleArn": "r"}}, "overrides.executionRoleArn may not"),
    (ecs, "cpu", {"enable_execute_command": True}, "enableExecuteCommand may not"),
    (ecs, "cpu", {"enableExecuteCommand": False}, "enableExecuteCommand may not"),
    (ecs, "cpu", {"task_definition": "x"}, "taskDefinition may not"),
    (batch, "vcpus", {"containerOverrides": {"memory": 512}}, "memory may not"),
    (batch, "vcpus", {"resource_requirements": [{"type": "GPU", "value": 1}]}, "resourceRequirements"),
    (batch, "memory", {"jobDefinition": "x", "jobQueue": "y"}, "jobQueue and jobDefinition may not"),
    (
        batch,
        "environment",
        {"eksPropertiesOverride": {"podProperties": {"containers": [{"image": "x"}]}}},
        "eksPropertiesOverride may not",
    ),
]


@pytest.mark.parametrize(("service", "allowed", "config", "words"), REFUSED)
def test_what_is_not(service: Any, allowed: str, config: object, words: str) -> None:
    with pytest.raises(RequestError) as refusal:
        service.build(launch(service, allowed, config))
    assert words in str(refusal.value)
    assert "executor_config_allowed = " in str(refusal.value)
    assert "to that option" in str(refusal.value)


def test_of_several_containers_of_a_job_airflow_s_is_known_by_its_name() -> None:
    def config(name: str) -> object:
        container = {"name": name, "environment": {"A": "1"}}
        return {"ecsPropertiesOverride": {"taskProperties": [{"containers": [container]}]}}

    batch.build(launch(batch, "environment", config("main"), container_name="main"))
    with pytest.raises(RequestError, match="ecsPropertiesOverride may not"):
        batch.build(launch(batch, "environment", config("side"), container_name="main"))


def test_a_builder_that_begins_from_a_shape_is_bound_too() -> None:
    build = ecs.build_from(ecs.RunTask(task_definition="mine"))
    fault = built(build, launch(ecs, "memory", {"cpu": 1}), ecs.RunTask).failure()
    assert "cpu may not be set" in str(fault)


@pytest.mark.parametrize("model", [ecs.EcsSettings, batch.BatchSettings])
def test_the_option_is_read_or_refused(model: Any) -> None:
    section = {**(ECS if model is ecs.EcsSettings else BATCH)}
    assert model.from_section(section).unwrap().executor_config_allowed == (ALL,)
    none = model.from_section({**section, "executor_config_allowed": NONE}).unwrap()
    assert none.executor_config_allowed == (NONE,)
    for wrong, words in (("memry", "did you mean memory?"), ("all,memory", "is ambiguous")):
        assert words in str(model.from_section({**section, "executor_config_allowed": wrong}).failure())
    for name in model.settable:
        assert model.from_section({**section, "executor_config_allowed": name}).unwrap()
