"""SubmitJob and its limits: what AWS documents is held, and each fault is told in words."""

import json
from dataclasses import replace

import pytest

from aws_executors.core.batch.overrides import ContainerOverrides, ResourceRequirement
from aws_executors.core.batch.request import JobTimeout, RetryStrategy, SubmitJob, from_kwargs
from aws_executors.core.errors import RequestError
from aws_executors.core.requests.wire import KeyValuePair, to_kwargs

PLAIN = {"jobName": "airflow", "jobQueue": "q", "jobDefinition": "d:1"}
JOB = SubmitJob(job_name="airflow", job_queue="q", job_definition="d:1")


def test_a_plain_job_is_its_three_names() -> None:
    assert to_kwargs(JOB) == PLAIN
    assert from_kwargs(PLAIN) == JOB


def test_the_whole_of_a_job_as_boto3_takes_it() -> None:
    kwargs = {
        **PLAIN,
        "shareIdentifier": "teamA*",
        "schedulingPriorityOverride": 9999,
        "dependsOn": [{"jobId": "0b6e"}],
        "parameters": {"size": "big"},
        "containerOverrides": {
            "command": ["airflow", "version"],
            "environment": [{"name": "A", "value": ""}],
            "instanceType": "m5.large",
            "resourceRequirements": [{"type": "VCPU", "value": "0.25"}, {"type": "MEMORY", "value": "512"}],
        },
        "retryStrategy": {
            "attempts": 10,
            "evaluateOnExit": [
                {"action": "RETRY", "onStatusReason": "Host EC2*"},
                {"action": "EXIT", "onExitCode": "1*", "onReason": "Error: x"},
            ],
        },
        "timeout": {"attemptDurationSeconds": 60},
        "propagateTags": False,
        "tags": {"team": "etl"},
        "consumableResourcePropertiesOverride": {
            "consumableResourceList": [{"consumableResource": "licence", "quantity": 1}]
        },
    }
    assert to_kwargs(from_kwargs(kwargs)) == kwargs


ECS = {"taskProperties": [{"containers": [{"name": "airflow", "command": ["run"]}]}]}
EKS = {
    "podProperties": {
        "containers": [
            {"name": "a", "args": ["x"], "env": [{"name": "E"}], "resources": {"limits": {"cpu": "1"}}}
        ],
        "initContainers": [{"image": "busybox"}],
        "metadata": {"labels": {"a": "b"}, "annotations": {"c": "d"}, "namespace": "jobs"},
    }
}
NODES = {
    "numNodes": 2,
    "nodePropertyOverrides": [
        {"targetNodes": "0:", "containerOverrides": {"command": ["run"]}, "instanceTypes": ["m5.large"]}
    ],
}


@pytest.mark.parametrize(
    "kind", [{"ecsPropertiesOverride": ECS}, {"eksPropertiesOverride": EKS}, {"nodeOverrides": NODES}]
)
def test_each_kind_of_overrides_comes_back_as_it_was(kind: dict[str, object]) -> None:
    assert to_kwargs(from_kwargs(PLAIN | kind)) == PLAIN | kind


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({"vcpus": 1}, [("VCPU", "1")]),
        ({"vcpus": 0.25}, [("VCPU", "0.25")]),
        ({"vcpus": 2.0}, [("VCPU", "2")]),
        ({"vcpus": "0.5"}, [("VCPU", "0.5")]),
        ({"memory": 1234567}, [("MEMORY", "1234567")]),
        ({"vcpus": 1, "memory": 512}, [("VCPU", "1"), ("MEMORY", "512")]),
        (
            {"memory": 512, "resourceRequirements": [{"type": "GPU", "value": 1}]},
            [("GPU", "1"), ("MEMORY", "512")],
        ),
        (
            {"resource_requirements": [{"type": "gpu", "value": "1"}], "vcpus": 1},
            [("GPU", "1"), ("VCPU", "1")],
        ),
    ],
)
def test_sizes_of_the_old_form_become_resource_requirements(
    written: dict[str, object], read: list[tuple[str, str]]
) -> None:
    job = from_kwargs({**PLAIN, "containerOverrides": written})
    found = job.container_overrides.resource_requirements
    assert [(resource.type, resource.value) for resource in found] == read


NOWHERE: list[tuple[dict[str, object], list[str]]] = [
    ({"jobName": "a" * 129}, ["jobName", "1 to 128 letters"]),
    ({"jobName": "-a"}, ["jobName", "'-a'", "starting with a letter or digit"]),
    ({"jobName": "a b"}, ["jobName", "'a b'"]),
    ({"jobQueue": ""}, ["jobQueue", "at least 1 character"]),
    ({"jobQueu": "q"}, ["'jobQueu' is not known; did you mean 'jobQueue'?", "Allowed:", "retryStrategy"]),
    ({"retryStrategy": {"attempts": 11}}, ["retryStrategy.attempts", "must be at most 10, not 11"]),
    ({"retryStrategy": {"attempts": 0}}, ["retryStrategy.attempts", "must be at least 1"]),
    (
        {"retryStrategy": {"attempts": 10**5000}},
        ["retryStrategy.attempts must be at most 2147483647"],
    ),
    ({"retryStrategy": {"attempt": 3}}, ["'attempt' in retryStrategy", "did you mean 'attempts'?"]),
    ({"retryStrategy": {"evaluateOnExit": [{"action": "EXIT"}]}}, ["retryStrategy", "needs attempts"]),
    (
        {"retryStrategy": {"attempts": 1, "evaluateOnExit": [{"action": "STOP"}]}},
        ["evaluateOnExit[0].action", "'EXIT' or 'RETRY'"],
    ),
    (
        {"retryStrategy": {"attempts": 1, "evaluateOnExit": [{"action": "EXIT", "onExitCode": "one"}]}},
        ["onExitCode", "an exit code in digits"],
    ),
    (
        {"retryStrategy": {"attempts": 1, "evaluateOnExit": [{"action": "EXIT"}] * 6}},
        ["evaluateOnExit", "at most 5"],
    ),
    (
        {"timeout": {"attemptDurationSeconds": 59}},
        ["timeout.attemptDurationSeconds", "must be at least 60", "59"],
    ),
    ({"timeout": 3600}, ["timeout must be a mapping, not int 3600"]),
    ({"shareIdentifier": "team-a"}, ["shareIdentifier", "letters and digits"]),
    ({"schedulingPriorityOverride": 10000}, ["schedulingPriorityOverride", "9999"]),
    ({"dependsOn": [{"jobId": str(n)} for n in range(21)]}, ["dependsOn", "at most 20"]),
    ({"tags": {str(n): "" for n in range(51)}}, ["tags", "50 tags, not 51"]),
    ({"tags": {"aws:a": ""}}, ["tags", "'aws:a'"]),
    ({"tags": {"k" * 129: ""}}, ["tags", "1 to 128 characters"]),
    ({"tags": {"team": 3}}, ["tags", "'team' must be text, not int"]),
    ({"tags": [{"key": [1], "value": "x"}]}, ["tags"]),
    ({"tags": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]}, ["tag 'a' is given twice"]),
    ({"propagateTags": "yes"}, ["propagateTags", "must be True or False, not str 'yes'"]),
    ({"arrayProperties": {"size": 3}}, ["arrayProperties", "dynamic task mapping"]),
    (
        {"containerOverrides": {"cpu": 1}},
        ["'cpu' in containerOverrides is not known", "resourceRequirements"],
    ),
    ({"containerOverrides": {"memory": 3}}, ["MEMORY (MiB) must be a whole number, 4 or more, not '3'"]),
    ({"containerOverrides": {"memory": 512.5}}, ["MEMORY (MiB) must be a whole number"]),
    ({"containerOverrides": {"memory": True}}, ["value must be text, not bool True"]),
    ({"containerOverrides": {"vcpus": 0}}, ["VCPU must be a number above 0"]),
    (
        {"containerOverrides": {"vcpus": "one"}},
        ["VCPU must be a number above 0, such as 1 or 0.25, not 'one'"],
    ),
    ({"containerOverrides": {"vcpus": float("inf")}}, ["VCPU must be a number above 0"]),
    (
        {"containerOverrides": {"vcpus": 1, "resourceRequirements": [{"type": "VCPU", "value": "2"}]}},
        ["VCPU is given twice"],
    ),
    ({"containerOverrides": {"command": [""]}}, ["command", "empty string"]),
    ({"containerOverrides": {"environment": [{"name": "AWS_BATCH_X", "value": ""}]}}, ["'AWS_BATCH_X'"]),
    (
        {"containerOverrides": {"memory": 512}, "ecsPropertiesOverride": ECS},
        [
            "containerOverrides and ecsPropertiesOverride are given together",
            "keep those of its own kind",
        ],
    ),
    ({"containerOverrides": {"environment": [{"name": "A", "value": "1"}] * 2}}, ["'A' is given twice"]),
    (
        {"containerOverrides": {"resourceRequirements": [{"type": "GPU", "value": "1"}] * 2}},
        ["resource 'GPU' is given twice"],
    ),
    (
        {"ecsPropertiesOverride": {"taskProperties": [{"containers": [{"name": "a"}] * 2}]}},
        ["container 'a' is given twice"],
    ),
    (
        {"eksPropertiesOverride": {"podProperties": {"containers": [{"name": "a"}] * 2}}},
        ["container 'a' is given twice"],
    ),
    (
        {"eksPropertiesOverride": {"podProperties": {"initContainers": [{"image": "a"}, {"image": "b"}]}}},
        ["more than one init container has no name; name each"],
    ),
    (
        {"nodeOverrides": {"nodePropertyOverrides": [{"targetNodes": "0"}] * 2}},
        ["range of nodes '0' is given twice"],
    ),
    ({"ecsPropertiesOverride": {"taskProperties": [{}, {}]}}, ["taskProperties", "at most 1"]),
    (
        {"nodeOverrides": {"nodePropertyOverrides": [{"targetNodes": "all"}]}},
        ["targetNodes", "a node or a range of nodes"],
    ),
]


@pytest.mark.parametrize(("wrong", "words"), NOWHERE)
def test_what_is_no_job_is_refused_with_the_member_the_value_and_the_remedy(
    wrong: dict[str, object], words: list[str]
) -> None:
    with pytest.raises(RequestError) as told:
        from_kwargs(PLAIN | wrong)
    assert str(told.value).startswith("submit_job_kwargs: ")
    for word in words:
        assert word in str(told.value)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(RequestError) as told:
        from_kwargs({"jobName": "a b", "timeout": {"attemptDurationSeconds": 1}})
    for word in ("jobName", "jobQueue is missing", "jobDefinition is missing", "attemptDurationSeconds"):
        assert word in str(told.value)


@pytest.mark.parametrize("kwargs", [None, 3, "jobName", ["jobName"]])
def test_what_is_no_mapping_is_refused(kwargs: object) -> None:
    with pytest.raises(RequestError, match="submit_job_kwargs: must be a mapping"):
        from_kwargs(kwargs)


def longest(name: str, size: int) -> SubmitJob:
    """A job whose JSON, as boto3 sends it, is so many bytes long."""
    empty = to_kwargs(replace(JOB, parameters=((name, ""),)))
    return replace(JOB, parameters=((name, "x" * (size - len(json.dumps(empty)))),))


def test_a_request_of_30_kib_can_be_sent_and_one_byte_more_is_refused_with_the_sizes() -> None:
    assert len(json.dumps(to_kwargs(longest("size", 30 * 1024)))) == 30_720
    with pytest.raises(
        ValueError, match=r"30721 bytes long, Batch allows 30720 .*parameters size 306.*job definition"
    ):
        longest("size", 30 * 1024 + 1)


def test_bytes_are_counted_as_boto3_writes_them() -> None:
    kwargs = PLAIN | {"parameters": {"size": "ä" * 6000}}
    with pytest.raises(RequestError, match="bytes long, Batch allows 30720"):
        from_kwargs(kwargs)


def test_a_change_is_checked_like_a_new_one() -> None:
    assert replace(JOB, retry_strategy=RetryStrategy(attempts=3)).retry_strategy.attempts == 3
    with pytest.raises(ValueError, match="1 to 128 letters"):
        replace(JOB, job_name="not a name")
    with pytest.raises(ValueError, match="60"):
        JobTimeout(attempt_duration_seconds=59)


def test_a_job_is_a_value() -> None:
    again = SubmitJob(job_name="airflow", job_queue="q", job_definition="d:1")
    assert (again, hash(again)) == (JOB, hash(JOB))
    with pytest.raises(AttributeError):
        JOB.job_name = "other"  # type: ignore[misc]


def test_the_secret_in_a_command_is_not_in_the_repr() -> None:
    overrides = ContainerOverrides(
        command=("eyJ0b2tlbiI6",),
        environment=(KeyValuePair(name="A", value="b"),),
        resource_requirements=(ResourceRequirement(type="GPU", value="1"),),
    )
    assert "eyJ0b2tlbiI6" not in repr(replace(JOB, container_overrides=overrides))
