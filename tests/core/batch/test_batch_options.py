"""executor_config for Batch: both dialects, merged by name, everything else refused (C2, C33)."""

import json
from dataclasses import replace
from enum import IntEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_executors.batch import (
    BatchConfig,
    JobDependency,
    JobTimeout,
    ResourceRequirement,
    RetryStrategy,
    SubmitJob,
    from_kwargs,
)
from aws_executors.core.batch.options import KEPT, BatchOptions, read_options, with_options
from aws_executors.core.errors import RequestError
from aws_executors.core.requests.wire import to_kwargs
from support.strategies_batch import submit_jobs

PLAIN = {"jobName": "airflow", "jobQueue": "q", "jobDefinition": "d:1"}


class Printed(float):
    """A number that prints as numpy's do."""

    def __repr__(self) -> str:
        return f"np.float64({float(self)})"


class Megabytes(IntEnum):
    SMALL = 512


def laid(
    config: object, over: dict[str, object] | None = None, container_name: str = ""
) -> dict[str, object]:
    """What the request has more, or otherwise, than a plain one."""
    job = with_options(from_kwargs(PLAIN | (over or {})), read_options(config), container_name)
    return {name: value for name, value in to_kwargs(job).items() if PLAIN.get(name) != value}


def sizes(**amounts: str) -> list[dict[str, str]]:
    return [{"value": value, "type": kind} for kind, value in amounts.items()]


SAID: list[tuple[dict[str, object], dict[str, object]]] = [
    ({}, {}),
    (
        {"vcpus": 1, "memory": 512},
        {"containerOverrides": {"resourceRequirements": sizes(VCPU="1", MEMORY="512")}},
    ),
    ({"vcpus": 0.25}, {"containerOverrides": {"resourceRequirements": sizes(VCPU="0.25")}}),
    (
        {"vcpus": Printed(0.25), "memory": Megabytes.SMALL},
        {"containerOverrides": {"resourceRequirements": sizes(VCPU="0.25", MEMORY="512")}},
    ),
    ({"environment": None, "retryStrategy": None, "containerOverrides": None}, {}),
    (
        {"resourceRequirements": [{"type": "GPU", "value": "1"}], "memory": "2048"},
        {"containerOverrides": {"resourceRequirements": sizes(GPU="1", MEMORY="2048")}},
    ),
    (
        {"environment": [{"name": "A", "value": "1"}]},
        {"containerOverrides": {"environment": [{"name": "A", "value": "1"}]}},
    ),
    (
        {"environment": {"A": "1"}},
        {"containerOverrides": {"environment": [{"name": "A", "value": "1"}]}},
    ),
    ({"instanceType": "m5.large"}, {"containerOverrides": {"instanceType": "m5.large"}}),
    (
        {"containerOverrides": {"vcpus": 2, "environment": [{"name": "A", "value": "1"}]}},
        {
            "containerOverrides": {
                "environment": [{"name": "A", "value": "1"}],
                "resourceRequirements": sizes(VCPU="2"),
            }
        },
    ),
    (
        {"containerOverrides": {"memory": 1024, "vcpus": 1}, "memory": 512},
        {"containerOverrides": {"resourceRequirements": sizes(VCPU="1", MEMORY="512")}},
    ),
    ({"retryStrategy": {"attempts": 3}}, {"retryStrategy": {"attempts": 3}}),
    ({"retry_strategy": {"attempts": 3}}, {"retryStrategy": {"attempts": 3}}),
    ({"timeout": {"attemptDurationSeconds": 60}}, {"timeout": {"attemptDurationSeconds": 60}}),
    (
        {"shareIdentifier": "teamA", "schedulingPriorityOverride": 0},
        {"shareIdentifier": "teamA", "schedulingPriorityOverride": 0},
    ),
    (
        {"parameters": {"size": "big"}, "tags": {"team": "etl"}, "propagateTags": False},
        {"parameters": {"size": "big"}, "tags": {"team": "etl"}, "propagateTags": False},
    ),
    ({"jobQueue": "night", "jobDefinition": "gpu"}, {"jobQueue": "night", "jobDefinition": "gpu"}),
    ({"dependsOn": [{"jobId": "0b6e"}]}, {"dependsOn": [{"jobId": "0b6e"}]}),
    (
        {"consumableResourcePropertiesOverride": {"consumableResourceList": [
            {"consumableResource": "licence", "quantity": 1}]}},
        {"consumableResourcePropertiesOverride": {"consumableResourceList": [
            {"consumableResource": "licence", "quantity": 1}]}},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("config", "expected"), SAID)
def test_each_key_of_either_dialect_says_its_part_of_the_request(
    config: dict[str, object], expected: dict[str, object]
) -> None:
    assert laid(config) == expected


def variables(**values: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]


MERGED: list[tuple[dict[str, object], dict[str, object], dict[str, object]]] = [
    (
        {
            "containerOverrides": {
                "environment": variables(A="1", B="2"),
                "resourceRequirements": sizes(GPU="1"),
            }
        },
        {"environment": variables(C="3", A="4"), "memory": 512},
        {
            "containerOverrides": {
                "environment": variables(A="4", B="2", C="3"),
                "resourceRequirements": sizes(GPU="1", MEMORY="512"),
            }
        },
    ),
    ({"tags": {"a": "1", "b": "2"}}, {"tags": {"b": "3"}}, {"tags": {"a": "1", "b": "3"}}),
    ({"parameters": {"a": "1"}}, {"parameters": {"b": "2"}}, {"parameters": {"a": "1", "b": "2"}}),
    (
        {"dependsOn": [{"jobId": "a"}]},
        {"dependsOn": [{"jobId": "b"}, {"jobId": "a"}]},
        {"dependsOn": [{"jobId": "a"}, {"jobId": "b"}]},
    ),
    (
        {"retryStrategy": {"attempts": 5, "evaluateOnExit": [{"action": "EXIT"}]}},
        {"retryStrategy": {"attempts": 2}},
        {"retryStrategy": {"attempts": 2}},
    ),
    ({"propagateTags": True}, {"propagateTags": False}, {"propagateTags": False}),
    ({"shareIdentifier": "a"}, {"memory": None}, {"shareIdentifier": "a"}),
]


@pytest.mark.parametrize(("under", "config", "expected"), MERGED)
def test_what_has_a_name_merges_by_it_and_nothing_by_position(
    under: dict[str, object], config: dict[str, object], expected: dict[str, object]
) -> None:
    assert laid(config, under) == expected


TASK = {
    "taskProperties": [{"containers": [{"name": "proxy", "command": ["serve"]}, {"name": "main"}]}],
}


def test_in_a_job_of_several_containers_the_short_keys_are_the_airflow_containers() -> None:
    config = {
        "memory": 512,
        "environment": {"A": "1"},
        "ecsPropertiesOverride": {
            "taskProperties": [{"containers": [{"name": "proxy", "environment": variables(P="1")}]}]
        },
    }
    assert laid(config, {"ecsPropertiesOverride": TASK}, "main") == {
        "ecsPropertiesOverride": {
            "taskProperties": [
                {
                    "containers": [
                        {"name": "proxy", "command": ["serve"], "environment": variables(P="1")},
                        {
                            "name": "main",
                            "environment": variables(A="1"),
                            "resourceRequirements": sizes(MEMORY="512"),
                        },
                    ]
                }
            ]
        }
    }


POD = {
    "podProperties": {
        "containers": [{"name": "main", "env": [{"name": "A", "value": "0"}]}],
        "metadata": {"labels": {"team": "etl"}},
    }
}


def test_on_kubernetes_sizes_are_limits_and_requests_in_its_units() -> None:
    config = {
        "vcpus": 0.5,
        "memory": 512,
        "resourceRequirements": [{"type": "GPU", "value": 1}],
        "environment": {"A": "1"},
        "eksPropertiesOverride": {"podProperties": {"metadata": {"labels": {"tier": "low"}}}},
    }
    quantities = {"cpu": "0.5", "memory": "512Mi", "nvidia.com/gpu": "1"}
    assert laid(config, {"eksPropertiesOverride": POD}, "main") == {
        "eksPropertiesOverride": {
            "podProperties": {
                "containers": [
                    {
                        "name": "main",
                        "env": [{"name": "A", "value": "1"}],
                        "resources": {"limits": quantities, "requests": quantities},
                    }
                ],
                "metadata": {"labels": {"team": "etl", "tier": "low"}},
            }
        }
    }


def pod(*containers: dict[str, object]) -> dict[str, object]:
    return {"podProperties": {"containers": list(containers)}}


NAMELESS_IN_A_POD = [
    ([{"name": "main", "image": "a"}], [{"image": "b"}], [{"name": "main", "image": "b"}]),
    ([{"image": "a"}], [{"name": "main", "image": "b"}], [{"name": "main", "image": "b"}]),
    ([{"image": "a"}], [{"image": "b"}], [{"name": "main", "image": "b"}]),
    (
        [{"name": "log", "image": "a"}],
        [{"image": "b"}],
        [{"name": "log", "image": "a"}, {"name": "main", "image": "b"}],
    ),
    (
        [{"name": "log", "image": "a"}, {"image": "b"}],
        [{"name": "main", "image": "c"}],
        [{"name": "log", "image": "a"}, {"name": "main", "image": "c"}],
    ),
]


@pytest.mark.parametrize(("below", "above", "sent"), NAMELESS_IN_A_POD)
def test_a_pod_s_container_without_a_name_is_airflow_s_on_either_side(
    below: list[dict[str, object]], above: list[dict[str, object]], sent: list[dict[str, object]]
) -> None:
    config = {"eksPropertiesOverride": pod(*above)}
    assert laid(config, {"eksPropertiesOverride": pod(*below)}, "main") == {
        "eksPropertiesOverride": pod(*sent)
    }


@pytest.mark.parametrize("base", ["0", "1:"])
def test_on_the_nodes_without_airflow_a_container_without_a_name_is_left_alone(base: str) -> None:
    def nodes(*ranges: tuple[str, dict[str, object]]) -> dict[str, object]:
        each = [{"targetNodes": nodes, "eksPropertiesOverride": pod(one)} for nodes, one in ranges]
        return {"nodeOverrides": {"nodePropertyOverrides": each}}

    other = "1:" if base == "0" else "0"
    below = nodes((base, {"name": "main", "image": "a"}), (other, {"image": "a"}))
    above = nodes((other, {"image": "b"}), (base, {"image": "c"}))
    assert laid(above, below, "main") == nodes(
        (base, {"name": "main", "image": "c"}), (other, {"image": "b"})
    )


def test_a_container_without_a_name_beside_airflow_s_is_refused() -> None:
    nothing: dict[str, object] = {}
    written: dict[str, object] = {"eksPropertiesOverride": pod({"name": "main"}, {"image": "b"})}
    for config, base in ((written, nothing), (nothing, written)):
        with pytest.raises(RequestError, match="has 'main', Airflow's container, and one without a name"):
            laid(config | {"memory": 512}, base, "main")


def test_in_a_job_of_several_nodes_ranges_merge_by_their_text() -> None:
    nodes = {"nodePropertyOverrides": [{"targetNodes": "0"}, {"targetNodes": "1:", "instanceTypes": ["a"]}]}
    config = {
        "memory": 512,
        "nodeOverrides": {
            "numNodes": 4,
            "nodePropertyOverrides": [{"targetNodes": "1:", "containerOverrides": {"memory": 64}}],
        },
    }
    assert laid(config, {"nodeOverrides": nodes}) == {
        "nodeOverrides": {
            "numNodes": 4,
            "nodePropertyOverrides": [
                {"targetNodes": "0", "containerOverrides": {"resourceRequirements": sizes(MEMORY="512")}},
                {
                    "targetNodes": "1:",
                    "containerOverrides": {"resourceRequirements": sizes(MEMORY="64")},
                    "instanceTypes": ["a"],
                },
            ],
        }
    }


REFUSED: list[tuple[object, list[str]]] = [
    ({"command": ["ls"]}, ["'command' cannot be set", "the workload"]),
    ({"jobName": "x"}, ["'jobName' cannot be set", "the option job_name"]),
    ({"job_name": "x"}, ["'job_name' cannot be set"]),
    ({"arrayProperties": {"size": 2}}, ["'arrayProperties' cannot be set", "dynamic task mapping"]),
    ({"memry": 1}, ["'memry' is not known; did you mean 'memory'?", "Allowed: vcpus, memory,", "dependsOn"]),
    ({"cpu": 256}, ["'cpu' is not known", "vcpus"]),
    ({"job_queue": "a", "jobQueue": "b"}, ["'job_queue' is also set as 'jobQueue'; keep one of them"]),
    ({"pod_override": object()}, ["'pod_override' cannot be set: it is KubernetesExecutor's; leave it out"]),
    ({"KubernetesExecutor": {"request_cpu": "1"}}, ["it is KubernetesExecutor's; leave it out, or give the"]),
    ({"CeleryExecutor": {}}, ["'CeleryExecutor' cannot be set: it is CeleryExecutor's; leave it out, or"]),
    ({"name": "main"}, ["'name' is not known"]),
    ({"containerOverrides": {"command": ["ls"]}}, ["the command cannot be set", "the workload"]),
    ({"vcpus": "much"}, ["vcpus", "VCPU must be a number above 0, such as 1 or 0.25, not 'much'"]),
    ({"memory": "1 GB"}, ["memory", "MEMORY (MiB) must be a whole number, 4 or more, not '1 GB'"]),
    ({"memory": [512]}, ["memory must be text, not list"]),
    ({"memory": True}, ["memory must be text, not bool True; write MiB, as in 2048"]),
    ({"memory": 10**5000}, ["memory must be text, not int; write MiB, as in 2048"]),
    ({"vcpus": 10**5000}, ["vcpus must be text, not int; write a number, as in 1 or 0.25"]),
    ({"timeout": {"attemptDurationSeconds": 2**31}}, ["must be at most 2147483647, not 2147483648"]),
    ({"timeout": 3600}, ["timeout must be a mapping, not int 3600; write {'attemptDurationSeconds': ...}"]),
    ({"containerOverrides": []}, ["must be a mapping, not list; write {'environment': ..., 'instanceType'"]),
    (
        {"memory": 512, "resourceRequirements": [{"type": "MEMORY", "value": "1"}]},
        ["MEMORY (MiB) must be a whole number, 4 or more"],
    ),
    (
        {"memory": 512, "resourceRequirements": [{"type": "MEMORY", "value": "1024"}]},
        ["memory and MEMORY of resourceRequirements set the same value twice: keep one"],
    ),
    ({"environment": {"A": 1}}, ["environment", "'A' must be text, not int"]),
    ({"environment": {"AWS_BATCH_JQ_NAME": "x"}}, ["'AWS_BATCH_JQ_NAME'", "choose another name"]),
    ({"timeout": {"attemptDurationSeconds": 5}}, ["timeout.attemptDurationSeconds", "60"]),
    ({"memroy": None}, ["'memroy' is not known; did you mean 'memory'?"]),
    ({"clientToken": None}, ["'clientToken' is not known"]),
    ({3: 4}, ["the key 3 must be text"]),
    ("memory=512", ["must be a mapping", "str 'memory=512'"]),
    ([("memory", 512)], ["must be a mapping", "list"]),
    (3, ["must be a mapping", "int 3"]),
]


@pytest.mark.parametrize(("config", "words"), REFUSED)
def test_anything_else_is_refused_with_the_key_and_the_remedy(config: object, words: list[str]) -> None:
    with pytest.raises(RequestError) as told:
        laid(config)
    assert str(told.value).startswith("executor_config")
    for word in words:
        assert word in str(told.value)


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        (
            "ecsPropertiesOverride",
            {"taskProperties": [{"containers": [{"name": "main", "command": ["ls"]}]}]},
        ),
        ("eksPropertiesOverride", {"podProperties": {"containers": [{"name": "main", "args": ["ls"]}]}}),
        ("eksPropertiesOverride", {"podProperties": {"containers": [{"args": ["ls"]}]}}),
        (
            "nodeOverrides",
            {"nodePropertyOverrides": [{"targetNodes": "0", "containerOverrides": {"command": ["ls"]}}]},
        ),
    ],
)
def test_the_command_is_kept_wherever_the_airflow_container_stands(kind: str, written: object) -> None:
    with pytest.raises(RequestError, match="the command cannot be set"):
        laid({kind: written}, container_name="" if kind == "nodeOverrides" else "main")


def test_an_instance_type_has_no_place_in_a_job_of_several_containers() -> None:
    with pytest.raises(RequestError, match="instanceType is for multi-node jobs"):
        laid({"instanceType": "m5.large"}, container_name="main")


def test_no_executor_config_says_nothing() -> None:
    assert read_options(None) == read_options({}) == BatchOptions()


def test_keys_that_the_executor_keeps_are_no_options() -> None:
    assert KEPT.keys().isdisjoint(BatchOptions.__dataclass_fields__)


OF_A_KIND = ("containerOverrides", "ecsPropertiesOverride", "eksPropertiesOverride", "nodeOverrides")


def without_the_command_of(name: str, job: SubmitJob) -> SubmitJob:
    """The job without what no task may set: the command of Airflow's container (a pod's may have no name)."""
    tasks, pod = job.ecs_properties_override, job.eks_properties_override.pod_properties
    kept = tuple(
        replace(
            task,
            containers=tuple(
                replace(one, command=()) if one.name == name else one for one in task.containers
            ),
        )
        for task in tasks.task_properties
    )
    containers = tuple(replace(one, args=()) if one.name in (name, None) else one for one in pod.containers)
    return replace(
        job,
        ecs_properties_override=replace(tasks, task_properties=kept),
        eks_properties_override=replace(
            job.eks_properties_override, pod_properties=replace(pod, containers=containers)
        ),
    )


@given(submit_jobs, submit_jobs, st.sampled_from(OF_A_KIND[1:3]))
def test_options_laid_over_twice_are_as_if_once(job: SubmitJob, drawn: SubmitJob, kind: str) -> None:
    wanted = without_the_command_of("main", drawn)
    under = {name: value for name, value in to_kwargs(job).items() if name not in {*OF_A_KIND} - {kind}}
    over = {name: value for name, value in to_kwargs(wanted).items() if name not in {*OF_A_KIND} - {kind}}
    options = read_options({name: value for name, value in over.items() if name != "jobName"})
    once = with_options(from_kwargs(under), options, "main")
    assert with_options(once, options, "main") == once
    assert once.job_name == job.job_name
    assert {key for key, _ in once.tags} == {key for key, _ in (*job.tags, *wanted.tags)}


def test_options_that_say_nothing_change_nothing() -> None:
    job = from_kwargs(PLAIN | {"ecsPropertiesOverride": {"taskProperties": [{}]}})
    assert with_options(job, BatchOptions(), "main") == job


def test_the_typed_helper_writes_the_plain_dict() -> None:
    config = BatchConfig(
        vcpus=0.25,
        memory=512,
        environment={"A": "1"},
        resource_requirements=[ResourceRequirement(type="GPU", value="1")],
        depends_on=[JobDependency(job_id="0b6e")],
        retry_strategy=RetryStrategy(attempts=3),
        timeout=JobTimeout(attempt_duration_seconds=60),
        tags={"team": "etl"},
        propagate_tags=False,
    )
    assert config == {
        "vcpus": "0.25",
        "memory": "512",
        "environment": [{"name": "A", "value": "1"}],
        "resourceRequirements": [{"type": "GPU", "value": "1"}],
        "dependsOn": [{"jobId": "0b6e"}],
        "retryStrategy": {"attempts": 3},
        "timeout": {"attemptDurationSeconds": 60},
        "tags": {"team": "etl"},
        "propagateTags": False,
    }
    assert read_options(json.loads(json.dumps(config))) == read_options(config)


def test_the_typed_helper_checks_at_once() -> None:
    with pytest.raises(RequestError, match=r"BatchConfig: memory: MEMORY \(MiB\) must be a whole number"):
        BatchConfig(memory=3)
