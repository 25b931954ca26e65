"""Sizes and times of containers that have ended, as real descriptions show them; both services."""

import json
from pathlib import Path
from typing import Any, cast

import pytest

from aws_executors.core.batch.answers import allocation as of_batch
from aws_executors.core.batch.answers.describe import follower as follow_jobs
from aws_executors.core.batch.answers.describe import observe as observe_job
from aws_executors.core.cost.prices import bundled_prices
from aws_executors.core.cost.record import Origin, record_of
from aws_executors.core.ecs.answers import allocation as of_ecs
from aws_executors.core.ecs.answers.describe import follower as follow_tasks
from aws_executors.core.ecs.answers.describe import observe as observe_task
from aws_executors.core.lifecycle.allocation import Allocation

FIELD = Path(__file__).parents[1] / "field"
TASK = {
    "taskArn": "arn:1",
    "lastStatus": "DEPROVISIONING",
    "launchType": "FARGATE",
    "capacityProviderName": "FARGATE_SPOT",
    "cpu": "1024",
    "memory": "2048",
    "ephemeralStorage": {"sizeInGiB": 30},
    "attributes": [{"name": "ecs.cpu-architecture", "value": "arm64"}],
    "platformFamily": "Linux",
    "taskDefinitionArn": "airflow:7",
    "containers": [{"name": "airflow", "exitCode": 0, "memory": "1500"}, {"name": "router"}],
    "createdAt": "2026-03-02T10:00:00Z",
    "pullStartedAt": "2026-03-02T10:00:17Z",
    "pullStoppedAt": "2026-03-02T10:00:37Z",
    "startedAt": "2026-03-02T10:00:40Z",
    "stoppingAt": "2026-03-02T10:01:31Z",
    "executionStoppedAt": "2026-03-02T10:01:21Z",
}
JOB = {
    "jobId": "4c75",
    "status": "SUCCEEDED",
    "createdAt": 1_000,
    "startedAt": 200_000,
    "stoppedAt": 260_000,
    "platformCapabilities": ["FARGATE"],
    "attempts": [
        {"startedAt": 50_000, "stoppedAt": 80_000, "container": {"exitCode": 1}},
        {"startedAt": 200_000, "stoppedAt": 260_000, "container": {"exitCode": 0}},
    ],
    "container": {
        "exitCode": 0,
        "resourceRequirements": [{"type": "VCPU", "value": "0.5"}, {"type": "MEMORY", "value": "1024"}],
        "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
        "ephemeralStorage": {"sizeInGiB": 50},
        "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/etl"}},
    },
}


def test_a_task_on_fargate_spot() -> None:
    seen = observe_task(TASK, container="airflow").unwrap().allocation
    assert seen is not None
    assert (seen.vcpu, seen.memory, seen.limit, seen.storage) == (1.0, 2048, 1500, 30)
    assert (seen.architecture, seen.system, seen.fargate, seen.spot) == ("ARM64", "LINUX", True, True)
    assert (seen.waiting, seen.pulling, seen.starting, seen.running) == (17.0, 20.0, 3.0, 41.0)
    assert (seen.seconds, seen.definition) == (64.0, "airflow:7")


def test_a_task_without_a_size_has_that_of_its_containers() -> None:
    containers = [{"name": "airflow", "cpu": "256", "memory": "512"}, {"name": "b", "cpu": "128"}]
    seen = of_ecs.allocation_of({"launchType": "EC2", "containers": containers}, container="airflow")
    assert seen == Allocation(vcpu=0.375, memory=512, limit=512)
    nothing = of_ecs.allocation_of(
        {"launchType": "EC2", "containers": [{"name": "a", "cpu": "0"}]}, container="a"
    )
    assert nothing == Allocation()


def test_a_job_of_two_attempts() -> None:
    seen = observe_job(JOB).unwrap().allocation
    assert seen is not None
    assert (seen.vcpu, seen.memory, seen.limit, seen.storage) == (0.5, 1024, 1024, 50)
    assert (seen.architecture, seen.fargate, seen.spot) == ("ARM64", True, False)
    assert (seen.running, seen.seconds, seen.pulling, seen.log_group) == (90.0, 90.0, None, "/etl")
    assert seen.waiting == 199.0 - 30.0  # its first attempt ran meanwhile


def test_what_never_began_is_not_billed() -> None:
    never = {name: value for name, value in TASK.items() if not name.startswith(("pull", "started"))}
    seen = observe_task(never, container="airflow").unwrap().allocation
    assert seen is not None
    assert (seen.waiting, seen.pulling, seen.running, seen.seconds) == (None, None, None, 0.0)
    record = record_of(seen, bundled_prices(), Origin("ecs_fargate", "us-east-1"))
    assert (record.billed, record.dollars) == (0.0, 0.0)


def test_a_job_of_several_containers_and_one_in_the_old_form() -> None:
    task = {
        "containers": [
            {"name": "airflow", "resourceRequirements": [{"type": "MEMORY", "value": "512"}]},
            {"name": "side", "vcpus": 0.25, "memory": 256},
        ],
        "runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"},
    }
    job = {"ecsProperties": {"taskProperties": [task]}}
    seen = of_batch.allocation_of(job, container="airflow")
    assert seen is not None
    assert (seen.vcpu, seen.memory, seen.limit) == (0.25, 768, 512)
    assert seen.system == "WINDOWS_SERVER_2022_CORE"
    assert seen.log_group == "/aws/batch/job"
    old = of_batch.allocation_of(
        {"container": {"vcpus": 2, "memory": 4096, "logConfiguration": {"logDriver": "splunk"}}}
    )
    assert old is not None
    assert (old.vcpu, old.memory, old.log_group) == (2.0, 4096, "")


@pytest.mark.parametrize("record", [None, [], {"cpu": 7, "createdAt": "yesterday"}, {"attempts": 3}])
def test_what_cannot_be_read_says_nothing(record: object) -> None:
    assert of_ecs.allocation_of(record, container="airflow") in (None, Allocation())
    assert of_batch.allocation_of(record) in (None, Allocation(log_group=""))


@pytest.mark.parametrize(
    ("follow", "record", "sizes"),
    [
        (
            follow_tasks,
            TASK | {"lastStatus": "RUNNING", "containers": [{"name": "airflow", "lastStatus": "RUNNING"}]},
            (1.0, 2048),
        ),
        (follow_jobs, JOB | {"status": "RUNNING"}, (0.5, 1024)),
    ],
)
def test_what_still_runs_has_them_only_for_whoever_wants_them(
    follow: Any, record: object, sizes: tuple[float, int]
) -> None:
    assert follow("airflow")(record).unwrap().allocation is None
    seen = follow("airflow", sizes=True)(record).unwrap().allocation
    assert (seen.vcpu, seen.memory) == sizes


@pytest.mark.parametrize(
    "path",
    sorted([*(FIELD / "ecs-tasks").glob("*.json"), *(FIELD / "batch-jobs").glob("*.json")]),
    ids=lambda path: path.stem,
)
def test_every_field_case_can_be_accounted(path: Path) -> None:
    case = cast("dict[str, object]", json.loads(path.read_text()))
    of_task = path.parent.name == "ecs-tasks"
    given = cast("dict[str, object]", case["given"])
    given = cast("dict[str, object]", given.get("payload", given))
    read = of_ecs.allocation_of(given, container="airflow") if of_task else of_batch.allocation_of(given)
    assert read is not None
    assert read.created is not None or "createdAt" not in given
    assert read.seconds is None or read.seconds >= 0
