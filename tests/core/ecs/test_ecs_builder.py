"""From options, executor_config and command to the request, by cases written out by hand."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, reject

from aws_executors import Launch, RequestError, Task, compose, queue_is, to_kwargs, when
from aws_executors.core.ecs.sendable import check_sendable
from aws_executors.ecs import (
    ContainerOverride,
    EcsOptions,
    EcsSettings,
    KeyValuePair,
    Overrides,
    RunTask,
    build,
    build_from,
    from_kwargs,
    from_options,
    on_container,
    over_options,
    sealed,
    with_launch_type,
    with_options,
)
from support.strategies import ECS_SETTINGS, ecs_options, launches, run_tasks

LAUNCH = Launch(
    task=Task(dag_id="etl", task_id="load"),
    command=("airflow", "tasks", "run"),
    settings=ECS_SETTINGS,
    token="0b6e",
)
IDENTITY = {"startedBy": "airflow/0b6e", "clientToken": "0b6e-1", "count": 1}
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}}
COMMAND = {"name": "main", "command": ["airflow", "tasks", "run"]}
DEFAULT: dict[str, Any] = {
    "taskDefinition": "airflow:7",
    "cluster": "etl",
    "launchType": "FARGATE",
    "platformVersion": "LATEST",
    "networkConfiguration": NETWORK,
    "overrides": {"containerOverrides": [COMMAND]},
    **IDENTITY,
}


def settings(**options: object) -> EcsSettings:
    mandatory = {
        "region": "us-east-1",
        "cluster": "etl",
        "container_name": "main",
        "task_definition": "airflow:7",
    }
    return EcsSettings.model_validate(mandatory | options)


def test_the_default_request() -> None:
    assert to_kwargs(build(LAUNCH)) == DEFAULT


@pytest.mark.parametrize(
    ("options", "members"),
    [
        ({}, {"launchType": "FARGATE", "platformVersion": "LATEST"}),
        ({"platform_version": "1.4.0"}, {"launchType": "FARGATE", "platformVersion": "1.4.0"}),
        ({"launch_type": "EC2"}, {"launchType": "EC2"}),
        ({"launch_type": "EXTERNAL"}, {"launchType": "EXTERNAL"}),
        (
            {"capacity_provider_strategy": "my-asg:1"},
            {"capacityProviderStrategy": [{"capacityProvider": "my-asg", "weight": 1}]},
        ),
        (
            {"capacity_provider_strategy": "FARGATE_SPOT:4,FARGATE:1:2"},
            {
                "capacityProviderStrategy": [
                    {"capacityProvider": "FARGATE_SPOT", "weight": 4},
                    {"capacityProvider": "FARGATE", "weight": 1, "base": 2},
                ],
                "platformVersion": "LATEST",
            },
        ),
        (
            {"subnets": "subnet-a,subnet-b", "assign_public_ip": "True"},
            {
                "launchType": "FARGATE",
                "platformVersion": "LATEST",
                "networkConfiguration": {
                    "awsvpcConfiguration": {"subnets": ["subnet-a", "subnet-b"], "assignPublicIp": "ENABLED"}
                },
            },
        ),
        (
            {
                "subnets": "subnet-a",
                "security_groups": "sg-a",
                "assign_public_ip": "disabled",
                "launch_type": "EC2",
            },
            {
                "launchType": "EC2",
                "networkConfiguration": {
                    "awsvpcConfiguration": {
                        "subnets": ["subnet-a"],
                        "securityGroups": ["sg-a"],
                        "assignPublicIp": "DISABLED",
                    }
                },
            },
        ),
    ],
)
def test_c36_what_each_option_does_to_the_request(
    options: dict[str, object], members: dict[str, object]
) -> None:
    request = build(replace(LAUNCH, settings=settings(**options)))
    same = {"taskDefinition": "airflow:7", "cluster": "etl", "overrides": {"containerOverrides": [COMMAND]}}
    assert to_kwargs(request) == same | members | IDENTITY


def test_deployment_token_and_attempt_name_the_container() -> None:
    request = build(replace(LAUNCH, settings=settings(deployment="stage"), token="t" * 36, attempt=3))
    assert (request.started_by, request.client_token) == ("stage/" + "t" * 36, "t" * 36 + "-3")


def container(**members: object) -> dict[str, object]:
    return {"overrides": {"containerOverrides": [COMMAND | members]}}


TEAM = [{"key": "team", "value": "etl"}]
SPOT = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]


@pytest.mark.parametrize(
    ("config", "members"),
    [
        ({"cpu": 256, "memory": 512}, container(cpu=256, memory=512)),
        ({"memoryReservation": 256}, container(memoryReservation=256)),
        ({"memory_reservation": 256}, container(memoryReservation=256)),
        ({"environment": {"A": "1"}}, container(environment=[{"name": "A", "value": "1"}])),
        (
            {"environment": [{"name": "A", "value": "1"}]},
            container(environment=[{"name": "A", "value": "1"}]),
        ),
        (
            {"environmentFiles": [{"value": "arn:f", "type": "s3"}]},
            container(environmentFiles=[{"value": "arn:f", "type": "s3"}]),
        ),
        (
            {"resourceRequirements": [{"type": "GPU", "value": "1"}]},
            container(resourceRequirements=[{"type": "GPU", "value": "1"}]),
        ),
        ({"taskDefinition": "big:1"}, {"taskDefinition": "big:1"}),
        ({"cluster": "other"}, {"cluster": "other"}),
        ({"group": "nightly"}, {"group": "nightly"}),
        ({"enableExecuteCommand": True}, {"enableExecuteCommand": True}),
        ({"tags": TEAM}, {"tags": TEAM}),
        ({"tags": {"team": "etl"}}, {"tags": TEAM}),
        ({"platformVersion": "1.4.0"}, {"platformVersion": "1.4.0"}),
        ({"launchType": "EC2"}, {"launchType": "EC2", "platformVersion": None}),
        ({"capacityProviderStrategy": SPOT}, {"launchType": None, "capacityProviderStrategy": SPOT}),
        (
            {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-9"]}}},
            {
                "networkConfiguration": {
                    "awsvpcConfiguration": {"subnets": ["subnet-9"], "securityGroups": ["sg-1"]}
                }
            },
        ),
        (
            {"networkConfiguration": {"awsvpcConfiguration": {"securityGroups": ["sg-9"]}}},
            {
                "networkConfiguration": {
                    "awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-9"]}
                }
            },
        ),
        (
            {"overrides": {"cpu": "1024", "memory": 2048, "taskRoleArn": "arn:r"}},
            {
                "overrides": {
                    "containerOverrides": [COMMAND],
                    "cpu": "1024",
                    "memory": "2048",
                    "taskRoleArn": "arn:r",
                }
            },
        ),
        (
            {"overrides": {"containerOverrides": [{"name": "proxy", "command": ["envoy"], "cpu": 64}]}},
            {
                "overrides": {
                    "containerOverrides": [COMMAND, {"name": "proxy", "command": ["envoy"], "cpu": 64}]
                }
            },
        ),
        (
            {"memory": 512, "overrides": {"containerOverrides": [{"name": "main", "cpu": 64, "memory": 64}]}},
            container(cpu=64, memory=512),
        ),
        (None, {}),
        ({}, {}),
        ({"environment": None, "tags": None, "overrides": None, "cpu": None}, {}),
    ],
)
def test_c33_executor_config_in_both_dialects(config: object, members: dict[str, object]) -> None:
    expected = {name: value for name, value in (DEFAULT | members).items() if value is not None}
    assert to_kwargs(build(replace(LAUNCH, executor_config=config))) == expected


def test_mission_executor_config_of_cpu_and_memory() -> None:
    kwargs = to_kwargs(build(replace(LAUNCH, executor_config={"cpu": 256, "memory": 512})))
    assert kwargs["overrides"] == {"containerOverrides": [COMMAND | {"cpu": 256, "memory": 512}]}


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"command": ["ls"]}, "'command' cannot be set: the Airflow container's command is the workload"),
        ({"name": "x"}, "'name' cannot be set: the Airflow container is named by the option container_name"),
        ({"clientToken": "x"}, "'clientToken' cannot be set: the executor sets it"),
        ({"client_token": "x"}, "'client_token' cannot be set: the executor sets it"),
        ({"startedBy": "x"}, "'startedBy' cannot be set"),
        ({"count": 1}, "'count' cannot be set: one task instance is one container"),
        ({"command": [], "count": 2}, "'command' cannot be set"),
        (
            {"memry": 512},
            "'memry' is not known; did you mean 'memory'? Allowed: cpu, memory, memoryReservation",
        ),
        ({"vcpus": 1}, "'vcpus' is not known"),
        ({"vcpus": None}, "'vcpus' is not known"),
        ({"memroy": None, "cpu": None}, "'memroy' is not known; did you mean 'memory'?"),
        ({"memory": "512"}, "executor_config: memory must be a whole number, not str '512'"),
        ({"memory": 0}, "executor_config: memory must be at least 1, not 0"),
        ({"memory": 2**31}, "executor_config: memory must be at most 2147483647, not 2147483648"),
        ({"cpu": 10**5000}, "executor_config: cpu must be at most 2147483647, not int"),
        ({"overrides": {"cpu": 10**5000}}, "overrides.cpu must be text, not int; write CPU units, of which"),
        ({"overrides": {"cpu": ""}}, "overrides.cpu must have at least 1 character, not str ''"),
        (
            {"overrides": {"containerOverrides": {"name": "x"}}},
            "must be a list, not dict; put it in brackets",
        ),
        (
            {"capacityProviderStrategy": "FARGATE_SPOT"},
            "must be a list, not str 'FARGATE_SPOT'; write [{'capacityProvider': ..., 'weight': ...}]",
        ),
        ({"environment": {"A": 1}}, "environment: the value of 'A' must be text, not int; put it in quotes"),
        ({"environment": {10**5000: "1"}}, "the name of type int must be text, not int"),
        ({"environment": {"A": None}}, "the value of 'A' must be text, not None; leave it out"),
        (
            {"task_definition": "a", "taskDefinition": "b"},
            "executor_config: 'task_definition' is also set as 'taskDefinition'; keep one of them",
        ),
        (
            {"pod_override": object()},
            "'pod_override' cannot be set: it is KubernetesExecutor's; leave it out",
        ),
        (
            {"KubernetesExecutor": {"image": "a"}},
            "cannot be set: it is KubernetesExecutor's; leave it out, or",
        ),
        ({"environment": ["A=1"]}, "environment[0] must be a mapping, not str"),
        ({"tags": "team"}, "tags must be a list, not str 'team'"),
        ({"environment": {"A": "1", "B": "\udc80"}}, "the value of 'B' must be text without lone surrogates"),
        (
            {"overrides": {"containerOverrides": [{"name": "x", "command": ["\udc80"]}]}},
            "overrides.containerOverrides[0].command[0] must be text without lone surrogates, not str",
        ),
        ({"group": "\udc80"}, "group must be text without lone surrogates, not str '\\udc80'"),
        ({3: "x"}, "executor_config: the key 3 must be text, not int"),
        ("memory=512", "executor_config must be a mapping such as {'memory': 2048}, not str 'memory=512'"),
        (["memory"], "executor_config must be a mapping such as {'memory': 2048}, not list"),
        (
            {"overrides": {"containerOverrides": [{"name": "main", "command": ["ls"]}]}},
            "executor_config: overrides: the command of 'main' cannot be set: it is the workload",
        ),
        (
            {"launchType": "EC2", "capacityProviderStrategy": SPOT},
            "launchType and capacityProviderStrategy exclude each other",
        ),
    ],
)
def test_c2_what_an_author_wrote_wrongly_is_told(config: object, told: str) -> None:
    with pytest.raises(RequestError) as refusal:
        build(replace(LAUNCH, executor_config=config))
    assert told in str(refusal.value)
    assert str(refusal.value).startswith("executor_config")


def test_security_groups_of_a_task_need_the_section_s_subnets() -> None:
    config = {"networkConfiguration": {"awsvpcConfiguration": {"securityGroups": ["sg-9"]}}}
    nowhere = replace(LAUNCH, settings=settings(launch_type="EC2"), executor_config=config)
    with pytest.raises(RequestError, match=r"^executor_config: network_configuration has no subnets; write"):
        build(nowhere)


def test_c2_all_faults_are_told_at_once() -> None:
    with pytest.raises(RequestError) as refusal:
        build(replace(LAUNCH, executor_config={"cpu": "1", "memry": 2, "tags": 3}))
    assert str(refusal.value).count("executor_config: ") == 3


OWN: dict[str, Any] = {
    "taskDefinition": "own:1",
    "launchType": "EC2",
    "overrides": {
        "containerOverrides": [
            {"name": "proxy", "cpu": 64},
            {"name": "main", "command": ["ls"], "environment": [{"name": "A", "value": "1"}]},
        ]
    },
}


def test_a_request_of_ones_own_keeps_everything_but_the_workload() -> None:
    assert to_kwargs(build_from(from_kwargs(OWN))(LAUNCH)) == {
        "taskDefinition": "own:1",
        "launchType": "EC2",
        "overrides": {
            "containerOverrides": [
                {"name": "proxy", "cpu": 64},
                {
                    "name": "main",
                    "command": ["airflow", "tasks", "run"],
                    "environment": [{"name": "A", "value": "1"}],
                },
            ]
        },
        **IDENTITY,
    }


@pytest.mark.parametrize(
    ("kwargs", "members"),
    [
        ({}, {}),
        ({"enableExecuteCommand": True}, {"enableExecuteCommand": True}),
        ({"task_definition": "own:1"}, {"taskDefinition": "own:1"}),
        (
            {"platformVersion": None, "networkConfiguration": None},
            {"platformVersion": None, "networkConfiguration": None},
        ),
        ({"launchType": "EC2"}, {"launchType": "EC2", "platformVersion": None}),
        ({"launchType": None}, {"launchType": None, "platformVersion": None}),
        (
            {"capacityProviderStrategy": SPOT},
            {"launchType": None, "platformVersion": None, "capacityProviderStrategy": SPOT},
        ),
        (
            {"overrides": {"containerOverrides": [{"name": "main", "command": [], "memory": 9}]}, "count": 1},
            container(memory=9),
        ),
    ],
)
def test_run_task_kwargs_take_the_place_of_what_the_options_say(
    kwargs: dict[str, object], members: dict[str, object]
) -> None:
    expected = {name: value for name, value in (DEFAULT | members).items() if value is not None}
    assert to_kwargs(build_from(over_options(ECS_SETTINGS, kwargs))(LAUNCH)) == expected


def test_mission_extension_by_a_dict() -> None:
    custom: dict[str, Any] = deepcopy(to_kwargs(from_options(ECS_SETTINGS)))
    custom["overrides"]["containerOverrides"][0]["environment"] = [
        {"name": "CUSTOM_ENV_VAR", "value": "enviornment variable value"}
    ]
    variable = {"name": "CUSTOM_ENV_VAR", "value": "enviornment variable value"}
    request = build_from(over_options(ECS_SETTINGS, custom))(LAUNCH)
    assert to_kwargs(request) == DEFAULT | container(environment=[variable])


def test_mission_extension_by_queue() -> None:
    custom = compose(build, when(queue_is("long_tasks_queue"), with_launch_type("EC2")))
    assert custom(replace(LAUNCH, queue="long_tasks_queue")).launch_type == "EC2"
    assert custom(replace(LAUNCH, queue="default")) == build(LAUNCH)


@pytest.mark.parametrize(
    ("kwargs", "told"),
    [
        ({"clientToken": "x"}, "run_task_kwargs: 'clientToken' cannot be set: the executor sets it"),
        ({"started_by": "x"}, "run_task_kwargs: 'startedBy' cannot be set: the executor sets it"),
        ({"retryStrategy": {"attempts": 3}}, "run_task_kwargs: 'retryStrategy' is not known"),
        ({"count": 3}, "run_task_kwargs: count must be 1, not int 3"),
    ],
)
def test_run_task_kwargs_that_make_no_request(kwargs: dict[str, object], told: str) -> None:
    with pytest.raises(RequestError) as refusal:
        over_options(ECS_SETTINGS, kwargs)
    assert told in str(refusal.value)


def test_without_kwargs_of_ones_own_both_ways_are_one() -> None:
    assert over_options(ECS_SETTINGS, {}) == from_options(ECS_SETTINGS)
    assert over_options(ECS_SETTINGS, to_kwargs(from_options(ECS_SETTINGS))) == from_options(ECS_SETTINGS)


def test_whatever_a_builder_made_the_task_can_be_found_again_and_runs_the_workload() -> None:
    bare = RunTask(task_definition="own:1", client_token="mine", started_by="me")
    overrides = {"containerOverrides": [COMMAND]}
    assert to_kwargs(sealed(LAUNCH, bare)) == {"taskDefinition": "own:1", "overrides": overrides, **IDENTITY}


def test_a_command_wrapped_into_another_stays() -> None:
    def traced(launch: Launch[EcsSettings], request: RunTask) -> RunTask:
        return on_container(request, ContainerOverride(name="main", command=("strace", *launch.command)))

    request = sealed(LAUNCH, compose(build, traced)(LAUNCH))
    assert request.overrides.container_overrides[0].command == ("strace", "airflow", "tasks", "run")


@given(launches)
def test_a_seal_changes_nothing_that_build_made(launch: Launch[EcsSettings]) -> None:
    assert sealed(launch, build(launch)) == build(launch)


@given(launches)
def test_a_builder_is_a_function(launch: Launch[EcsSettings]) -> None:
    assert build(launch) == build(launch) == build_from(from_options(launch.settings))(launch)


@given(launches, launches)
def test_no_two_submissions_share_a_client_token(
    one: Launch[EcsSettings], other: Launch[EcsSettings]
) -> None:
    same = (one.token, one.attempt) == (other.token, other.attempt)
    assert (build(one).client_token == build(other).client_token) is same


@pytest.mark.parametrize("config", [{}, {"environment": [{"name": "B", "value": "2"}]}])
def test_of_a_variable_that_the_airflow_container_lists_twice_the_last_counts(config: object) -> None:
    twice = tuple(KeyValuePair(name="A", value=value) for value in "12")
    listed = ContainerOverride(name="main", environment=twice)
    shape = RunTask(task_definition="d", overrides=Overrides(container_overrides=(listed,)))
    request = build_from(shape)(replace(LAUNCH, executor_config=config))
    variables = request.overrides.container_overrides[0].environment
    assert [(one.name, one.value) for one in variables if one.name == "A"] == [("A", "2")]


@given(run_tasks, launches)
def test_whatever_the_shape_the_command_stands_in_the_airflow_container_alone(
    shape: RunTask, launch: Launch[EcsSettings]
) -> None:
    before = {c.name: c.command for c in shape.overrides.container_overrides}
    after = {c.name: c.command for c in build_from(shape)(launch).overrides.container_overrides}
    assert after == before | {"main": launch.command}


@given(run_tasks, ecs_options)
def test_options_laid_over_twice_are_options_laid_over_once(shape: RunTask, options: EcsOptions) -> None:
    try:
        once = with_options(shape, options, "other")
    except RequestError:
        reject()  # what Fargate alone has, over a shape that runs elsewhere
    assert with_options(once, options, "other") == once


@given(run_tasks)
def test_no_options_change_nothing(shape: RunTask) -> None:
    assert with_options(shape, EcsOptions(), "main") == shape


@pytest.mark.parametrize(
    ("cpu", "refused"), [("512", True), (".5 vCPU", True), ("0.5", False), ("2 vCPU", False), ("", False)]
)
def test_a_container_is_held_against_its_task_where_aws_reads_a_size(cpu: str, refused: bool) -> None:
    container = ContainerOverride(name="main", cpu=1024)
    request = RunTask(
        task_definition="a",
        launch_type="EC2",
        overrides=Overrides(cpu=cpu or None, container_overrides=(container,)),
    )
    if not refused:
        check_sendable(request)
        return
    with pytest.raises(RequestError, match="cpu=1024, more than its task's cpu=512"):
        check_sendable(request)
