"""What ECS refuses, lists and repeats: rules of its actions, without a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.conftest import Virtual

NETWORK = {"awsvpcConfiguration": {"subnets": ["s"]}}
FARGATE: dict[str, Any] = {
    "requiresCompatibilities": ["FARGATE"],
    "networkMode": "awsvpc",
    "cpu": "256",
    "memory": "512",
}
INVALID = "InvalidParameterException"


@pytest.mark.parametrize(
    ("definition", "request_fields", "code", "message"),
    [
        ({}, {"cluster": "other"}, "ClusterNotFoundException", "Cluster not found."),
        ({}, {"taskDefinition": "other"}, "ClientException", "TaskDefinition not found."),
        ({}, {"taskDefinition": "f:9"}, "ClientException", "TaskDefinition not found."),
        ({}, {"count": 11}, INVALID, "Count must be between 1 and 10"),
        ({}, {"count": 0}, INVALID, "Count must be between 1 and 10"),
        ({}, {"platformVersion": "LATEST"}, INVALID, "platform version must be null"),
        (
            {},
            {"launchType": "EC2", "capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]},
            INVALID,
            "both a launch type and capacity provider strategy",
        ),
        (
            {},
            {"capacityProviderStrategy": [{"capacityProvider": "x"}]},
            INVALID,
            "not associated with the cluster",
        ),
        ({}, {"networkConfiguration": NETWORK}, INVALID, "Network Configuration is not valid"),
        *(
            (
                {"networkMode": "awsvpc"},
                {"launchType": "EC2", "networkConfiguration": {"awsvpcConfiguration": network}},
                INVALID,
                message,
            )
            for network, message in (
                (
                    {"subnets": ["subnet-1"], "assignPublicIp": "ENABLED"},
                    "Assign public IP is not supported for this launch type",
                ),
                ({"subnets": ["subnet-1"] * 17}, "subnets can have at most 16 items"),
                (
                    {"subnets": ["subnet-1"], "securityGroups": ["sg"] * 6},
                    "securityGroups can have at most 5",
                ),
            )
        ),
        ({}, {"startedBy": "x" * 129}, INVALID, "startedBy"),
        ({}, {"clientToken": "x" * 65}, INVALID, "clientToken"),
        (
            {},
            {"overrides": {"containerOverrides": [{"name": "x"}]}},
            INVALID,
            "Override for container named x is not a container in the TaskDefinition.",
        ),
        (
            {},
            {"overrides": {"containerOverrides": [{"name": "app", "command": ["x" * 8192]}]}},
            INVALID,
            "Overrides length must be at most 8192.",
        ),
        ({}, {"overrides": {"memory": "much"}}, "ClientException", "Invalid 'memory' setting for task."),
        (FARGATE, {"launchType": "FARGATE"}, INVALID, "Network Configuration must be provided"),
        ({}, {"launchType": "FARGATE"}, INVALID, "does not support launch_type FARGATE"),
        (
            {"networkMode": "awsvpc"},
            {"launchType": "FARGATE"},
            INVALID,
            "does not support launch_type FARGATE",
        ),
        (
            FARGATE,
            {
                "launchType": "FARGATE",
                "networkConfiguration": NETWORK,
                "overrides": {"containerOverrides": [{"name": "app", "memory": 1024}]},
            },
            INVALID,
            "greater than the task's",
        ),
        (
            FARGATE,
            {"launchType": "FARGATE", "networkConfiguration": NETWORK, "overrides": {"cpu": "512"}},
            "ClientException",
            "No Fargate configuration exists for given values: 512 CPU, 512 memory.",
        ),
    ],
)
def test_run_task_refuses(
    virtual: Callable[..., Virtual],
    definition: dict[str, Any],
    request_fields: dict[str, Any],
    code: str,
    message: str,
) -> None:
    v = virtual()
    v.ecs(**definition)
    answer = v.call("ecs.RunTask", **{"cluster": "c", "taskDefinition": "f", **request_fields})
    assert (answer.status, answer.error) == (400, code)
    assert message in answer.body["message"]
    assert v.world.ecs.tasks == {}


def test_a_raised_task_size_lets_a_larger_container_in(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    v.ecs(**FARGATE)
    overrides = {"memory": "1024", "containerOverrides": [{"name": "app", "memory": 1024}]}
    task = v.run(launchType="FARGATE", networkConfiguration=NETWORK, overrides=overrides)
    assert v.task(task)["memory"] == "1024"
    assert v.task(task)["launchType"] == "FARGATE"


def test_a_task_says_what_it_runs_on(virtual: Callable[..., Virtual]) -> None:
    """What it costs depends on it."""
    v = virtual()
    v.ecs(**FARGATE)
    plain = v.task(v.run(launchType="FARGATE", networkConfiguration=NETWORK))
    assert (plain["ephemeralStorage"], plain["platformFamily"]) == ({"sizeInGiB": 20}, "Linux")
    assert plain["attributes"] == [{"name": "ecs.cpu-architecture", "value": "x86_64"}]
    v.ecs(**FARGATE, runtimePlatform={"cpuArchitecture": "ARM64"}, ephemeralStorage={"sizeInGiB": 50})
    arm = v.task(v.run(launchType="FARGATE", networkConfiguration=NETWORK))
    assert (arm["ephemeralStorage"], arm["attributes"][0]["value"]) == ({"sizeInGiB": 50}, "arm64")
    disk = {"ephemeralStorage": {"sizeInGiB": 100}}
    more = v.task(v.run(launchType="FARGATE", networkConfiguration=NETWORK, overrides=disk))
    assert more["ephemeralStorage"] == {"sizeInGiB": 100}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({**FARGATE, "networkMode": "bridge"}, "Fargate only supports network mode"),
        ({**FARGATE, "cpu": "300"}, "No Fargate configuration exists for given values: 300 CPU, 512 memory."),
        (
            {key: FARGATE[key] for key in ("requiresCompatibilities", "networkMode")},
            "Fargate requires that 'cpu'",
        ),
        ({"containerDefinitions": []}, "should not be null or empty"),
        (
            {"containerDefinitions": [{"name": "a", "image": "i"}], "cpu": "much"},
            "Invalid 'cpu' setting for task.",
        ),
        ({"containerDefinitions": [{"name": "a", "image": "i"}] * 2}, "must be unique"),
        (
            {
                "containerDefinitions": [
                    {"name": "a", "image": "i", "memory": 64},
                    {"name": "b", "image": "i"},
                ]
            },
            "Invalid setting for container 'b'. At least one of 'memory' or 'memoryReservation' must be",
        ),
        (
            {"containerDefinitions": [{"name": "a", "image": "i", "essential": False}]},
            "at least one essential",
        ),
    ],
)
def test_register_refuses(virtual: Callable[..., Virtual], fields: dict[str, Any], message: str) -> None:
    containers = [{"name": "app", "image": "i"}]
    answer = virtual().call(
        "ecs.RegisterTaskDefinition", **{"family": "f", "containerDefinitions": containers, **fields}
    )
    assert answer.error == "ClientException"
    assert message in answer.body["message"]


NOT_ON_FARGATE: tuple[tuple[dict[str, Any], dict[str, Any], str], ...] = (
    ({"ipcMode": "task"}, {}, "Tasks using the Fargate launch type do not support ipcMode."),
    ({"pidMode": "host"}, {}, "The supported value for pidMode is 'task'."),
    ({"placementConstraints": [{"type": "memberOf", "expression": "x"}]}, {}, "placementConstraints"),
    ({"volumes": [{"name": "v", "host": {"sourcePath": "/var"}}]}, {}, "do not support sourcePath"),
    ({"volumes": [{"name": "v", "dockerVolumeConfiguration": {"scope": "task"}}]}, {}, "dockerVolume"),
    ({"ephemeralStorage": {"sizeInGiB": 20}}, {}, "between 21 and 200 GiB"),
    ({"ephemeralStorage": {"sizeInGiB": 201}}, {}, "between 21 and 200 GiB"),
    ({}, {"privileged": True}, "do not support privileged"),
    ({}, {"links": ["other"]}, "do not support links"),
    ({}, {"extraHosts": [{"hostname": "db", "ipAddress": "10.0.0.1"}]}, "do not support extraHosts"),
    ({}, {"dnsServers": ["10.0.0.2"]}, "do not support dnsServers"),
    ({}, {"linuxParameters": {"sharedMemorySize": 64}}, "do not support sharedMemorySize"),
    ({}, {"linuxParameters": {"capabilities": {"add": ["SYS_PTRACE", "SYS_ADMIN"]}}}, "SYS_ADMIN"),
    ({}, {"resourceRequirements": [{"type": "GPU", "value": "1"}]}, "GPU resource requirements"),
    ({}, {"stopTimeout": 121}, "less than or equal to 120 seconds"),
)


@pytest.mark.parametrize(("fields", "container", "message"), NOT_ON_FARGATE)
def test_what_fargate_does_not_have(
    virtual: Callable[..., Virtual], fields: dict[str, Any], container: dict[str, Any], message: str
) -> None:
    v = virtual()
    containers = [{"name": "app", "image": "i", **container}]
    definition = {"family": "f", "containerDefinitions": containers, **FARGATE, **fields}
    answer = v.call("ecs.RegisterTaskDefinition", **definition)
    assert answer.error == "ClientException"
    assert message in answer.body["message"]
    v.ecs([{"name": "app", **container}], **{**FARGATE, **fields, "requiresCompatibilities": ["EC2"]})
    ran = v.call(
        "ecs.RunTask", cluster="c", taskDefinition="f", launchType="FARGATE", networkConfiguration=NETWORK
    )
    assert (ran.error, ran.body["message"]) == (
        INVALID,
        "Task definition does not support launch_type FARGATE.",
    )


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"ephemeralStorage": {"sizeInGiB": 20}}, "between 21 and 200 GiB"),
        (
            {
                "containerOverrides": [
                    {"name": "app", "resourceRequirements": [{"type": "GPU", "value": "1"}]}
                ]
            },
            "GPU resource requirements",
        ),
    ],
)
def test_nor_is_it_had_by_an_override(
    virtual: Callable[..., Virtual], overrides: dict[str, Any], message: str
) -> None:
    v = virtual()
    v.ecs(**FARGATE)
    answer = v.call(
        "ecs.RunTask",
        cluster="c",
        taskDefinition="f",
        launchType="FARGATE",
        networkConfiguration=NETWORK,
        overrides=overrides,
    )
    assert answer.error == INVALID
    assert message in answer.body["message"]


def test_what_is_empty_or_off_is_no_obstacle_to_fargate(virtual: Callable[..., Virtual]) -> None:
    """As tools write it that fill in every member."""
    container = {
        "name": "app",
        "links": [],
        "dnsServers": [],
        "privileged": False,
        "linuxParameters": {"capabilities": {"add": ["SYS_PTRACE"], "drop": []}, "devices": [], "tmpfs": []},
        "resourceRequirements": [],
    }
    v = virtual()
    v.ecs(
        [container], **FARGATE, placementConstraints=[], volumes=[{"name": "v", "host": {}}], pidMode="task"
    )
    task = v.run(launchType="FARGATE", networkConfiguration=NETWORK)
    assert v.task(task)["launchType"] == "FARGATE"


def test_a_client_token_is_the_same_tasks_or_a_conflict_that_names_them(
    virtual: Callable[..., Virtual],
) -> None:
    v = virtual()
    v.ecs()
    first = v.run(clientToken="t", startedBy="a")
    v.exit(0)
    assert v.run(clientToken="t", startedBy="a") == first
    assert len(v.started) == 1
    conflict = v.call("ecs.RunTask", cluster="c", taskDefinition="f", clientToken="t", startedBy="b")
    assert conflict.error == "ConflictException"
    assert conflict.body["resourceIds"] == [v.task(first)["taskArn"]]
    assert v.run(clientToken="u", startedBy="a") != first


def test_list_tasks_filters_and_pages(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    v.ecs()
    tasks = [v.run(startedBy="me") for _ in range(3)]
    v.exit(0, at=0)

    def listed(**fields: Any) -> list[str]:
        arns = v.call("ecs.ListTasks", cluster="c", **fields).body["taskArns"]
        return [one.rpartition("/")[2] for one in arns]

    assert listed() == listed(startedBy="me") == listed(family="f") == tasks[1:]
    assert listed(startedBy="me", desiredStatus="STOPPED") == tasks[:1]
    assert listed(family="g") == listed(startedBy="you") == listed(launchType="FARGATE") == []
    page = v.call("ecs.ListTasks", cluster="c", maxResults=1).body
    rest = v.call("ecs.ListTasks", cluster="c", maxResults=1, nextToken=page["nextToken"]).body
    assert [one.rpartition("/")[2] for one in page["taskArns"] + rest["taskArns"]] == tasks[1:]
    assert "nextToken" not in rest
    assert v.call("ecs.ListTasks", cluster="c", startedBy="me", family="f").error == INVALID


def test_describe_tasks_knows_its_own_cluster_and_a_hundred(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    v.ecs()
    task = v.run()
    v.call("ecs.CreateCluster", clusterName="d")
    elsewhere = v.call("ecs.DescribeTasks", cluster="d", tasks=[task]).body
    assert [one["reason"] for one in elsewhere["failures"]] == ["MISSING"]
    assert v.call("ecs.DescribeTasks", cluster="c", tasks=[task] * 101).error == INVALID
    assert len(v.call("ecs.DescribeTasks", cluster="c", tasks=[task] * 100).body["tasks"]) == 100
    assert (
        v.call("ecs.StopTask", cluster="c", task="0" * 32).body["message"]
        == "The referenced task was not found."
    )


def test_an_inactive_definition_does_not_run_and_the_older_revision_does(
    virtual: Callable[..., Virtual],
) -> None:
    v = virtual()
    v.ecs()
    v.ecs()
    v.call("ecs.DeregisterTaskDefinition", taskDefinition="f:2")
    assert (
        v.call("ecs.RunTask", cluster="c", taskDefinition="f:2").body["message"]
        == "TaskDefinition is inactive"
    )
    assert v.task(v.run())["taskDefinitionArn"].endswith("task-definition/f:1")
    arns = v.call("ecs.ListTaskDefinitions", familyPrefix="f").body["taskDefinitionArns"]
    assert [one.rpartition("/")[2] for one in arns] == ["f:1"]


def test_capacity_providers_choose_the_launch_type(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    v.ecs()
    spot = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    v.call(
        "ecs.RegisterTaskDefinition",
        family="g",
        containerDefinitions=[{"name": "app", "image": "i"}],
        **FARGATE,
    )
    v.call(
        "ecs.PutClusterCapacityProviders",
        cluster="c",
        capacityProviders=["FARGATE_SPOT"],
        defaultCapacityProviderStrategy=spot,
    )
    body = v.call("ecs.RunTask", cluster="c", taskDefinition="g", networkConfiguration=NETWORK).body
    assert (body["tasks"][0]["launchType"], body["tasks"][0]["capacityProviderName"]) == (
        "FARGATE",
        "FARGATE_SPOT",
    )
    wrong = v.call(
        "ecs.PutClusterCapacityProviders",
        cluster="c",
        capacityProviders=[],
        defaultCapacityProviderStrategy=spot,
    )
    assert wrong.error == INVALID


def test_tags_are_shown_when_asked_for(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    v.ecs()
    task = v.run(tags=[{"key": "a", "value": "1"}])
    arn = v.task(task)["taskArn"]
    v.call("ecs.TagResource", resourceArn=arn, tags=[{"key": "a", "value": "2"}, {"key": "b", "value": "3"}])
    assert "tags" not in v.task(task)
    shown = v.call("ecs.DescribeTasks", cluster="c", tasks=[arn], include=["TAGS"]).body["tasks"][0]
    assert shown["tags"] == [{"key": "a", "value": "2"}, {"key": "b", "value": "3"}]
    assert v.call("ecs.TagResource", resourceArn=arn[:-1] + "x", tags=[]).error == INVALID


def test_overrides_replace_the_command_and_merge_the_environment(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    own = [{"name": "A", "value": "1"}, {"name": "B", "value": "1"}]
    v.ecs([{"name": "app", "entryPoint": ["/bin/env"], "environment": own}])
    changed = [{"name": "B", "value": "2"}, {"name": "C", "value": "3"}]
    v.run(overrides={"containerOverrides": [{"name": "app", "command": ["go"], "environment": changed}]})
    assert v.started[0].command == ("/bin/env", "go")
    told = {key: value for key, value in v.started[0].environment.items() if len(key) == 1}
    assert told == {"A": "1", "B": "2", "C": "3"}


def test_clusters_are_described_and_counted(virtual: Callable[..., Virtual]) -> None:
    v = virtual(room=1)
    v.ecs()
    v.run(count=3)
    body = v.call("ecs.DescribeClusters", clusters=["c", "x"]).body
    assert [(one["runningTasksCount"], one["pendingTasksCount"]) for one in body["clusters"]] == [(1, 2)]
    assert [one["reason"] for one in body["failures"]] == ["MISSING"]
