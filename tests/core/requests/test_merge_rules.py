"""By which rule each member of a request merges: each field of each structure has its example."""

from typing import Any, NamedTuple

import pytest
from pydantic import TypeAdapter

from aws_executors.core.batch import eks, overrides, request
from aws_executors.core.ecs import structures
from aws_executors.core.ecs.request import RunTask
from aws_executors.core.requests.merge import merge
from aws_executors.core.requests.spelling import spell
from aws_executors.core.requests.wire import fields_of, to_kwargs


class Row(NamedTuple):
    """What is below, what comes over it, and what becomes of the two."""

    below: Any
    above: Any
    merged: Any


def whole(below: Any, above: Any) -> Row:
    """What comes over it, as a whole."""
    return Row(below, above, above)


def by(key: str, member: str, below: Any, above: Any) -> Row:
    """By this key, and of one key the later."""
    one, two = {key: "x", member: below}, {key: "y", member: below}
    over, new = {key: "x", member: above}, {key: "z", member: above}
    return Row([one, two], [new, over], [over, two, new])


def parts(
    key: str, below: dict[str, Any], above: dict[str, Any], merged: dict[str, Any] | None = None
) -> Row:
    """By this key; two items of one key are merged in turn."""
    x, y, z = {key: "x"}, {key: "y"}, {key: "z"}
    both = {**below, **above} if merged is None else merged
    return Row([{**x, **below}, y], [z, {**x, **above}], [{**x, **both}, y, z])


def structure(below: dict[str, Any], above: dict[str, Any]) -> Row:
    """Merged in turn."""
    return Row(below, above, {**below, **above})


VARIABLES, TAGS = by("name", "value", "1", ""), by("key", "value", "1", "")
TEXTS = Row({"a": "1", "b": "2"}, {"b": "", "c": "3"}, {"a": "1", "b": "", "c": "3"})
QUANTITIES = Row({"cpu": "1", "gpu": "2"}, {"cpu": "2"}, {"cpu": "2", "gpu": "2"})
SIZES = Row(
    [{"type": "GPU", "value": "1"}, {"type": "VCPU", "value": "1"}],
    [{"type": "MEMORY", "value": "512"}, {"type": "GPU", "value": "2"}],
    [{"type": "GPU", "value": "2"}, {"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}],
)
SHARED_GPU = {"type": "GPU", "sharingStrategy": {"nvidiaMps": {"memory": 5}}}
ANYWHERE, CHOSEN = {"type": "distinctInstance"}, {"type": "memberOf", "expression": "x"}
VOLUME = {"managedEBSVolume": {"roleArn": "r", "sizeInGiB": 5}}
SNAPSHOT = {"managedEBSVolume": {"roleArn": "r", "snapshotId": "s"}}
CONSUMABLES = Row(
    *(
        {"consumableResourceList": [{"consumableResource": "x", "quantity": quantity}]}
        for quantity in (2, 0, 0)
    )
)
POD = Row(
    *({"containers": [{"name": name} for name in names]} for names in (["main"], ["log"], ["main", "log"]))
)
TASK = Row(
    *(
        {"taskProperties": [{"containers": [{"name": name} for name in names]}]}
        for names in (["main"], ["log"], ["main", "log"])
    )
)
CONTAINER = structure({"command": ["a"], "instanceType": "a"}, {"instanceType": "b"})


CASES: list[tuple[type, dict[str, Any], dict[str, Row]]] = [
    (
        structures.AwsvpcConfiguration,
        {"subnets": ["subnet-0"]},
        {
            "subnets": whole(["subnet-1", "subnet-2"], ["subnet-3"]),
            "securityGroups": whole(["sg-1", "sg-2"], ["sg-3"]),
            "assignPublicIp": whole("ENABLED", "DISABLED"),
        },
    ),
    (
        structures.NetworkConfiguration,
        {"awsvpcConfiguration": {"subnets": ["subnet-0"]}},
        {
            "awsvpcConfiguration": structure(
                {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}, {"subnets": ["subnet-2"]}
            )
        },
    ),
    (
        structures.ContainerOverride,
        {"name": "main"},
        {
            "command": whole(["a"], ["b", "c"]),
            "environment": VARIABLES,
            "environmentFiles": Row(
                [{"value": "a", "type": "s3"}, {"value": "b", "type": "s3"}],
                [{"value": "c", "type": "s3"}, {"value": "a", "type": "s3"}],
                [{"value": "a", "type": "s3"}, {"value": "b", "type": "s3"}, {"value": "c", "type": "s3"}],
            ),
            "cpu": whole(256, 0),
            "memory": whole(512, 1),
            "memoryReservation": whole(512, 1),
            "resourceRequirements": Row(
                [{"type": "GPU", "value": "1"}, {"type": "NeuronDevice", "value": "ALL"}],
                [SHARED_GPU],
                [SHARED_GPU, {"type": "NeuronDevice", "value": "ALL"}],
            ),
        },
    ),
    (
        structures.Overrides,
        {},
        {
            "containerOverrides": parts("name", {"cpu": 256, "memory": 5}, {"cpu": 512}),
            "cpu": whole("256", "512"),
            "memory": whole("512", "1024"),
            "ephemeralStorage": structure({"sizeInGiB": 21}, {"sizeInGiB": 30}),
            "taskRoleArn": whole("a", "b"),
            "executionRoleArn": whole("a", "b"),
            "inferenceAcceleratorOverrides": by("deviceName", "deviceType", "a", "b"),
        },
    ),
    (
        RunTask,
        {"taskDefinition": "d"},
        {
            "cluster": whole("a", "b"),
            "launchType": whole("FARGATE", "EC2"),
            "capacityProviderStrategy": whole(
                [{"capacityProvider": "a", "weight": 1}, {"capacityProvider": "b", "base": 1}],
                [{"capacityProvider": "a", "weight": 2}],
            ),
            "platformVersion": whole("1.4.0", "LATEST"),
            "networkConfiguration": structure(
                {"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
                {"awsvpcConfiguration": {"subnets": ["subnet-2"]}},
            ),
            "overrides": structure({"cpu": "256", "memory": "512"}, {"cpu": "512"}),
            "placementConstraints": Row([ANYWHERE], [CHOSEN, ANYWHERE], [ANYWHERE, CHOSEN]),
            "placementStrategy": whole([{"type": "random"}, {"type": "spread"}], [{"type": "random"}]),
            "volumeConfigurations": parts("name", VOLUME, SNAPSHOT, SNAPSHOT),
            "tags": TAGS,
            "propagateTags": whole("TASK_DEFINITION", "NONE"),
            "enableECSManagedTags": whole(True, False),
            "enableExecuteCommand": whole(True, False),
            "group": whole("a", "b"),
            "referenceId": whole("a", "b"),
            "startedBy": whole("a", "b"),
            "clientToken": whole("a", "b"),
        },
    ),
    (
        overrides.ContainerOverrides,
        {},
        {
            "command": whole(["a"], ["b", "c"]),
            "environment": VARIABLES,
            "instanceType": whole("a", "b"),
            "resourceRequirements": SIZES,
        },
    ),
    (
        overrides.TaskContainerOverrides,
        {"name": "main"},
        {"command": whole(["a"], ["b", "c"]), "environment": VARIABLES, "resourceRequirements": SIZES},
    ),
    (
        overrides.TaskPropertiesOverride,
        {},
        {"containers": parts("name", {"command": ["a"]}, {"environment": [{"name": "A", "value": "1"}]})},
    ),
    (
        overrides.EcsPropertiesOverride,
        {},
        {"taskProperties": Row(*(one["taskProperties"] for one in TASK))},
    ),
    (eks.EksContainerResourceRequirements, {}, {"limits": QUANTITIES, "requests": QUANTITIES}),
    (
        eks.EksContainerOverride,
        {"name": "main"},
        {
            "image": whole("a", "b"),
            "command": whole(["a"], ["b", "c"]),
            "args": whole(["a"], ["b", "c"]),
            "env": parts("name", {"value": "1"}, {}, {}),
            "resources": structure({"limits": {"cpu": "1"}}, {"requests": {"cpu": "1"}}),
        },
    ),
    (eks.EksMetadata, {}, {"labels": TEXTS, "annotations": TEXTS, "namespace": whole("a", "b")}),
    (
        eks.EksPodPropertiesOverride,
        {},
        {
            "containers": parts("name", {"image": "a", "args": ["a"]}, {"image": "b"}),
            "initContainers": parts("name", {"image": "a", "args": ["a"]}, {"image": "b"}),
            "metadata": structure({"namespace": "a", "labels": {"a": "1"}}, {"namespace": "b"}),
        },
    ),
    (eks.EksPropertiesOverride, {}, {"podProperties": POD}),
    (
        request.ConsumableResourceProperties,
        {},
        {"consumableResourceList": by("consumableResource", "quantity", 1, 0)},
    ),
    (
        request.NodePropertyOverride,
        {"targetNodes": "0"},
        {
            "containerOverrides": CONTAINER,
            "ecsPropertiesOverride": TASK,
            "eksPropertiesOverride": Row(*({"podProperties": pod} for pod in POD)),
            "instanceTypes": whole(["a", "b"], ["c"]),
            "consumableResourcePropertiesOverride": CONSUMABLES,
        },
    ),
    (
        request.NodeOverrides,
        {},
        {
            "numNodes": whole(2, 1),
            "nodePropertyOverrides": Row(
                [{"targetNodes": "0", "instanceTypes": ["a"]}],
                [{"targetNodes": "1:"}, {"targetNodes": "0", "containerOverrides": {"instanceType": "b"}}],
                [
                    {"targetNodes": "0", "containerOverrides": {"instanceType": "b"}, "instanceTypes": ["a"]},
                    {"targetNodes": "1:"},
                ],
            ),
        },
    ),
    (
        request.SubmitJob,
        {"jobName": "n", "jobQueue": "q", "jobDefinition": "d"},
        {
            "shareIdentifier": whole("a", "b"),
            "schedulingPriorityOverride": whole(5, 0),
            "dependsOn": Row(
                [{"jobId": "a"}], [{"jobId": "b"}, {"jobId": "a"}], [{"jobId": "a"}, {"jobId": "b"}]
            ),
            "parameters": TEXTS,
            "containerOverrides": CONTAINER,
            "nodeOverrides": structure(
                {"numNodes": 2, "nodePropertyOverrides": [{"targetNodes": "0"}]}, {"numNodes": 3}
            ),
            "ecsPropertiesOverride": TASK,
            "eksPropertiesOverride": Row(*({"podProperties": pod} for pod in POD)),
            "retryStrategy": whole({"attempts": 3, "evaluateOnExit": [{"action": "EXIT"}]}, {"attempts": 2}),
            "timeout": structure({"attemptDurationSeconds": 60}, {"attemptDurationSeconds": 90}),
            "propagateTags": whole(True, False),
            "tags": TEXTS,
            "consumableResourcePropertiesOverride": CONSUMABLES,
        },
    ),
]
EVERY = [(kind, needed, member, row) for kind, needed, rows in CASES for member, row in rows.items()]


def read(kind: type, members: dict[str, Any]) -> Any:
    return TypeAdapter(kind).validate_python(members)


@pytest.mark.parametrize(("kind", "needed", "member", "row"), EVERY)
def test_each_member_merges_by_its_rule(kind: type, needed: dict[str, Any], member: str, row: Row) -> None:
    below, above = (read(kind, {**needed, member: value}) for value in row[:2])
    assert to_kwargs(merge(below, above)) == {**to_kwargs(read(kind, needed)), member: row.merged}


@pytest.mark.parametrize(
    ("kind", "needed", "member", "row"), [case for case in EVERY if case[2] not in case[1]]
)
def test_what_says_nothing_of_it_leaves_it(kind: type, needed: dict[str, Any], member: str, row: Row) -> None:
    below = read(kind, {**needed, member: row.below})
    assert merge(below, read(kind, needed)) == below


@pytest.mark.parametrize(("kind", "needed", "rows"), CASES)
def test_every_member_has_its_example(kind: type, needed: dict[str, Any], rows: dict[str, Row]) -> None:
    assert {spell(name) for name in fields_of(kind)} - {"count"} == {*rows, *needed}
