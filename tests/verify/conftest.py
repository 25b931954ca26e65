"""An account for verify: an embedded AWS with everything that the settings name, and the command on it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aws_executors.cli.__main__ import main
from aws_executors.cli.commands import verify as command
from aws_executors.local import Delays, LocalAws
from support.event_queues import events_queue
from support.sites import batch_queues

LOGS = {
    "logDriver": "awslogs",
    "options": {
        "awslogs-group": "/airflow",
        "awslogs-region": "us-east-1",
        "awslogs-stream-prefix": "airflow",
    },
}
DELAYS = Delays(
    visible=(0.2, 0.2), provision=(0.1, 0.1), pull=(0.1, 0.1), start=(0.1, 0.1), notice=(0.2, 0.2),
    deprovision=(0.6, 0.6),
)  # fmt: skip
BUCKET = "workloads"
SHARED = {"REGION": "us-east-1", "POLL_INTERVAL": "0.1", "WORKLOAD_TRANSPORT": "auto",
          "WORKLOAD_STORE": f"s3://{BUCKET}/verify"}  # fmt: skip
OPTIONS = {
    "ecs_fargate": {
        **SHARED,
        "CLUSTER": "etl",
        "CONTAINER_NAME": "main",
        "TASK_DEFINITION": "airflow",
        "SUBNETS": "subnet-1",
    },
    "batch": {**SHARED, "JOB_NAME": "airflow", "JOB_QUEUE": "q", "JOB_DEFINITION": "d"},
}
MEMORY = 128
"""MiB of each container: room for boto3, and soon used up."""


@dataclass
class Account:
    """An embedded AWS, and `verify` run on it."""

    aws: LocalAws
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    folder: Path

    def set(self, section: str, **options: str) -> None:
        """Set options of a section."""
        for name, value in options.items():
            self.monkeypatch.setenv(f"AIRFLOW__{section.upper()}__{name}", value)

    def verify(self, section: str, seconds: float = 60.0) -> tuple[int, Report]:
        """Run the command; its exit code and its report."""
        self.monkeypatch.setattr(command, "MOST_SECONDS", seconds)
        file = self.folder / "report.json"
        code = main(["verify", "--section", section, "--yes", "--report", str(file), "-o", "json"])
        printed = json.loads(self.capsys.readouterr().out)
        assert printed == json.loads(file.read_text())
        return code, Report(printed)

    def left(self) -> list[str]:
        """What runs or lies around in the account."""
        tasks = [one["taskArn"] for one in self.aws.tasks() if one["lastStatus"] != "STOPPED"]
        jobs = [one["jobId"] for one in self.aws.jobs() if one["status"] not in ("SUCCEEDED", "FAILED")]
        return [*tasks, *jobs, *self.aws.processes(), *self.aws.objects(BUCKET)]


@dataclass
class Report:
    """What `verify` has printed as JSON."""

    found: Mapping[str, Any]

    def outcomes(self) -> dict[str, str]:
        """The outcome of each check."""
        return {one["name"]: one["outcome"] for one in self.found["checks"]}

    def words(self, name: str) -> str:
        """What a check says."""
        return next(str(one["words"]) for one in self.found["checks"] if one["name"] == name)

    def facts(self) -> dict[str, Any]:
        """What was measured of each fact."""
        return {one["name"]: one for one in self.found["facts"]}


@pytest.fixture(autouse=True)
def as_loud_as_before() -> Iterator[None]:
    """In this process too ``verify`` logs errors alone: not so the tests after it."""
    ours = logging.getLogger("aws_executors")
    level = ours.level
    yield
    ours.setLevel(level)


@pytest.fixture
def account(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Account]:
    """A sound account; containers end two seconds after SIGTERM at the latest, on ECS."""
    with LocalAws(max_processes=10, delays=DELAYS) as aws:
        yield made(aws, monkeypatch, capsys, tmp_path)


def made(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path
) -> Account:
    """The account on this AWS, and the settings that name what is in it."""
    aws.client("logs").create_log_group(logGroupName="/airflow")
    aws.client("s3").create_bucket(Bucket=BUCKET)
    ecs = aws.client("ecs")
    ecs.create_cluster(clusterName="etl")
    ecs.register_task_definition(
        family="airflow",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        containerDefinitions=[
            {"name": "main", "image": "i", "memory": MEMORY, "stopTimeout": 2, "logConfiguration": LOGS}
        ],
    )
    batch_queues(aws, "q", on="EC2")  # Fargate has no container that small
    aws.client("batch").register_job_definition(
        jobDefinitionName="d",
        type="container",
        containerProperties={
            "image": "airflow",
            "resourceRequirements": [
                {"type": "VCPU", "value": "1"},
                {"type": "MEMORY", "value": str(MEMORY)},
            ],
        },
        retryStrategy={"attempts": 3},
    )
    for name, value in {**aws.environment, "no_proxy": "*"}.items():
        monkeypatch.setenv(name, value)
    account = Account(aws, monkeypatch, capsys, folder)
    url = events_queue(aws)
    for section, options in OPTIONS.items():
        account.set(section, **options, EVENTS_QUEUE=url)
    return account


MakeAccount = Callable[[LocalAws], Account]


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> MakeAccount:
    """The same on an AWS of the test's own."""
    return lambda aws: made(aws, monkeypatch, capsys, tmp_path)
