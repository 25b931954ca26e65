"""The rules that AWS states for RunTask, each with a request that breaks it and the words for it."""

import ast
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest
from hypothesis import given

from aws_executors import RequestError, ecs, to_kwargs
from aws_executors.ecs import ContainerOverride, KeyValuePair, Overrides, RunTask, from_kwargs
from support.strategies import run_tasks

SMALLEST: dict[str, Any] = {"taskDefinition": "airflow:7"}
FULL: dict[str, Any] = {
    "taskDefinition": "airflow:7",
    "cluster": "etl",
    "capacityProviderStrategy": [
        {"capacityProvider": "FARGATE_SPOT", "weight": 4},
        {"capacityProvider": "FARGATE", "weight": 1, "base": 2},
    ],
    "platformVersion": "1.4.0",
    "networkConfiguration": {
        "awsvpcConfiguration": {
            "subnets": ["subnet-1"],
            "securityGroups": ["sg-1"],
            "assignPublicIp": "DISABLED",
        }
    },
    "overrides": {
        "containerOverrides": [
            {
                "name": "main",
                "command": ["airflow", "version"],
                "environment": [{"name": "STAGE", "value": ""}],
                "environmentFiles": [{"value": "arn:aws:s3:::b/f.env", "type": "s3"}],
                "cpu": 0,
                "memory": 512,
                "memoryReservation": 256,
                "resourceRequirements": [
                    {
                        "type": "GPU",
                        "sharingStrategy": {"nvidiaMps": {"memory": 1024, "maxComputePercent": 50}},
                    }
                ],
            }
        ],
        "cpu": "1024",
        "memory": "2048",
        "ephemeralStorage": {"sizeInGiB": 21},
        "taskRoleArn": "arn:aws:iam::1:role/t",
        "executionRoleArn": "arn:aws:iam::1:role/e",
        "inferenceAcceleratorOverrides": [{"deviceName": "d", "deviceType": "eia2.medium"}],
    },
    "placementConstraints": [{"type": "distinctInstance"}],
    "placementStrategy": [{"type": "spread", "field": "attribute:ecs.availability-zone"}],
    "volumeConfigurations": [
        {
            "name": "scratch",
            "managedEBSVolume": {
                "roleArn": "arn:aws:iam::1:role/v",
                "sizeInGiB": 100,
                "terminationPolicy": {"deleteOnTermination": False},
                "tagSpecifications": [{"resourceType": "volume", "tags": [{"key": "k", "value": "v"}]}],
            },
        }
    ],
    "tags": [{"key": "team", "value": "etl"}],
    "propagateTags": "TASK_DEFINITION",
    "enableECSManagedTags": False,
    "enableExecuteCommand": True,
    "group": "nightly",
    "referenceId": "r",
    "startedBy": "airflow/0b6e",
    "clientToken": "0b6e-1",
    "count": 1,
}


@pytest.mark.parametrize("kwargs", [SMALLEST | {"count": 1}, FULL])
def test_what_is_read_is_written_again_member_by_member(kwargs: dict[str, Any]) -> None:
    assert to_kwargs(from_kwargs(kwargs)) == kwargs


def overridden(**container: object) -> dict[str, Any]:
    return {"overrides": {"containerOverrides": [{"name": "main", **container}]}}


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"taskDefinition": ""}, "taskDefinition must have at least 1 character"),
        ({"launchType": "fargate"}, "launchType must be 'FARGATE', 'EC2' or 'EXTERNAL', not str 'fargate'"),
        (
            {"launchType": "FARGATE", "capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT"}]},
            "launch_type and capacity_provider_strategy exclude each other; give one of them",
        ),
        (
            {"launchType": "EC2", "platformVersion": "LATEST"},
            "platform_version is for Fargate alone; leave it out for EC2",
        ),
        (
            {"capacityProviderStrategy": [{"capacityProvider": "a"}, {"capacityProvider": "b", "weight": 0}]},
            "gives no provider a weight above 0, so nothing could start",
        ),
        (
            {
                "capacityProviderStrategy": [
                    {"capacityProvider": "a", "weight": 1, "base": 1},
                    {"capacityProvider": "b", "base": 2},
                ]
            },
            "gives several providers a base; AWS accepts one",
        ),
        (
            {"capacityProviderStrategy": [{"capacityProvider": "a", "weight": 1001}]},
            "capacityProviderStrategy[0].weight must be at most 1000, not 1001",
        ),
        (
            {"networkConfiguration": {"awsvpcConfiguration": {"subnets": []}}},
            "network_configuration has no subnets; write them there, or set the option subnets",
        ),
        (
            {
                "networkConfiguration": {
                    "awsvpcConfiguration": {"subnets": ["s"], "securityGroups": ["g"] * 6}
                }
            },
            "securityGroups must have at most 5 items",
        ),
        (
            {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["s"], "assignPublicIp": True}}},
            "assignPublicIp must be 'ENABLED' or 'DISABLED', not bool True",
        ),
        (
            {"overrides": {"containerOverrides": [{"cpu": 1}]}},
            "overrides.containerOverrides[0].name is missing",
        ),
        (
            {"overrides": {"containerOverrides": [{"name": "a"}, {"name": "a"}]}},
            "container 'a' has several container_overrides; put them into one",
        ),
        (
            {"overrides": {"ephemeralStorage": {"sizeInGiB": 20}}},
            "must be at least 21, not 20",
        ),
        (overridden(resourceRequirements=[{"type": "GPU"}]), "value is missing: the number of GPUs"),
        (overridden(resourceRequirements=[{"type": "NeuronDevice", "value": "1"}]), "value must be ALL"),
        (
            overridden(
                resourceRequirements=[
                    {"type": "GPU", "value": "1", "sharingStrategy": {"nvidiaMps": {"memory": 1}}}
                ]
            ),
            "sharing_strategy is for type GPU only, and replaces value",
        ),
        (
            {"placementConstraints": [{"type": "memberOf"}]},
            "memberOf, and no other type, has an",
        ),
        (
            {"placementConstraints": [{"type": "distinctInstance", "expression": "x"}]},
            "memberOf, and no other type, has an",
        ),
        ({"placementStrategy": [{"type": "random"}] * 6}, "placementStrategy must have at most 5 items"),
        (
            {"volumeConfigurations": [{"name": "v", "managedEBSVolume": {"roleArn": "r"}}]},
            "size_in_gi_b or snapshot_id is missing",
        ),
        (
            {
                "volumeConfigurations": [
                    {
                        "name": "v",
                        "managedEBSVolume": {"roleArn": "r", "sizeInGiB": 1, "volumeInitializationRate": 9},
                    }
                ]
            },
            "volume_initialization_rate needs snapshot_id",
        ),
        ({"tags": [{"key": "a"}, {"key": "a"}]}, "tag 'a' is given twice; keep one"),
        ({"tags": [{"key": f"k{n}"} for n in range(51)]}, "tags must have at most 50 items"),
        ({"tags": [{"key": "aws:x"}]}, "tags[0].key: 'aws:x' begins with 'aws:'"),
        (
            {"propagateTags": "SERVICE"},
            "propagateTags must be 'TASK_DEFINITION' or 'NONE', not str 'SERVICE'",
        ),
        ({"startedBy": "a.b"}, "startedBy: 'a.b' must be 1 to 128 of A-Z a-z 0-9 / _ -"),
        ({"startedBy": "a" * 129}, "must be 1 to 128 of"),
        ({"clientToken": "t" * 65}, "must be 1 to 64 visible ASCII characters"),
        ({"clientToken": "a b"}, "clientToken: 'a b' must be 1 to 64 visible ASCII characters"),
        ({"count": 2}, "count must be 1, not int 2"),
        ({"enableEcsManagedTags": True}, "did you mean 'enableECSManagedTags'?"),
    ],
)
def test_each_rule_has_its_words(members: dict[str, Any], words: str) -> None:
    with pytest.raises(RequestError) as refusal:
        from_kwargs(SMALLEST | members)
    assert words in str(refusal.value)
    assert str(refusal.value).startswith("run_task_kwargs: ")


def sized(characters: int) -> Overrides:
    # {"containerOverrides":[{"name":"main","environment":[{"name":"A","value":""}]}]} is 80 characters
    value = KeyValuePair(name="A", value="x" * (characters - 80))
    return Overrides(container_overrides=(ContainerOverride(name="main", environment=(value,)),))


def test_c34_overrides_may_be_8192_characters_long() -> None:
    assert RunTask(task_definition="a", overrides=sized(8192)).overrides == sized(8192)


def test_c34_longer_overrides_are_refused_with_the_sizes_and_the_way_out() -> None:
    with pytest.raises(
        ValueError,
        match=r"8193 characters long, ECS allows 8192 \(largest: main environment A \d{4}\); "
        r"set workload_transport = s3 .*, or move variables",
    ):
        RunTask(task_definition="a", overrides=sized(8193))


@given(run_tasks)
def test_a_request_is_a_value(task: RunTask) -> None:
    assert hash(task) == hash(replace(task))
    assert replace(task) == task
    with pytest.raises(FrozenInstanceError):
        task.cluster = "other"  # type: ignore[misc]


@given(run_tasks)
def test_a_request_prints_as_the_code_that_makes_it(task: RunTask) -> None:
    """What reads as a secret's name has what follows it masked: that is code, too, if none that AWS takes."""
    printed = repr(task)
    assert isinstance(ast.parse(printed, mode="eval").body, ast.Call)
    assert "***" in printed or eval(printed, vars(ecs)) == task


def test_a_token_is_not_printed() -> None:
    token = "eyJhbGciOiJIUzUxMiJ9.eyJzdWIiOiJ0aSJ9.c2lnbmF0dXJl"
    workload = ("python", "--json-string", f'{{"token": "{token}", "ti": {{"task_id": "load"}}}}')
    request = RunTask(
        task_definition="a",
        overrides=Overrides(container_overrides=(ContainerOverride(name="main", command=workload),)),
    )
    assert token in str(to_kwargs(request))
    assert token not in repr(request)
    assert "load" in repr(request)


def test_a_change_is_checked_as_the_whole_was() -> None:
    with pytest.raises(ValueError, match="exclude each other"):
        replace(from_kwargs(FULL), launch_type="FARGATE")
