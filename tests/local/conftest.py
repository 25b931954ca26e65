"""Two ways to the embedded AWS: plain boto3 against its server, and its world alone in virtual time."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from aws_executors.local import LocalAws
from aws_executors.local.world import (
    Answer,
    Call,
    Exited,
    Json,
    Ref,
    SignalProcess,
    Started,
    StartProcess,
    World,
    apply,
    carry_out_due,
    feed,
    next_due,
)

if TYPE_CHECKING:
    from mypy_boto3_batch import BatchClient
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_ecs.type_defs import TaskTypeDef
    from mypy_boto3_logs import CloudWatchLogsClient

SESSION = boto3.Session(region_name="us-east-1")  # one: reading the models takes 0.2 s
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
GROUP = "/tests"
PYTHON = "python"


class Account:
    """A running LocalAws with typed boto3 clients, one cluster, one Fargate queue, and short verbs."""

    def __init__(self, aws: LocalAws) -> None:
        self.aws = aws
        config = Config(retries={"total_max_attempts": 1}, read_timeout=60)
        self.ecs: ECSClient = SESSION.client("ecs", endpoint_url=aws.url, config=config)
        self.batch: BatchClient = SESSION.client("batch", endpoint_url=aws.url, config=config)
        self.logs: CloudWatchLogsClient = SESSION.client("logs", endpoint_url=aws.url, config=config)
        self._names = itertools.count(1)
        self.ecs.create_cluster(clusterName="c")
        self.logs.create_log_group(logGroupName=GROUP)

    def define(self, *containers: Json, **fields: Any) -> str:
        """A Fargate task definition of these containers; each gets an image and awslogs."""
        log = {"awslogs-group": GROUP, "awslogs-stream-prefix": "t", "awslogs-region": "us-east-1"}
        defaults = {"image": "img", "logConfiguration": {"logDriver": "awslogs", "options": log}}
        shape: Any = {
            "family": f"f{next(self._names)}",
            "requiresCompatibilities": ["FARGATE"],
            "networkMode": "awsvpc",
            "cpu": "256",
            "memory": "512",
            "containerDefinitions": [{**defaults, **one} for one in containers],
            **fields,
        }
        return self.ecs.register_task_definition(**shape)["taskDefinition"]["taskDefinitionArn"]

    def script(self, code: str, **fields: Any) -> str:
        """A task definition with one container `app` that runs this Python."""
        return self.define({"name": "app", "command": [PYTHON, "-c", code], **fields})

    def run(self, definition: str, **fields: Any) -> str:
        """The ARN of one new Fargate task."""
        shape: Any = {"launchType": "FARGATE", "networkConfiguration": NETWORK, **fields}
        return self.ecs.run_task(cluster="c", taskDefinition=definition, **shape)["tasks"][0]["taskArn"]

    def task(self, arn: str) -> TaskTypeDef:
        """The description of a task."""
        return self.ecs.describe_tasks(cluster="c", tasks=[arn])["tasks"][0]

    def lines(self, stream: str, group: str = GROUP) -> list[str]:
        """What was printed into a log stream."""
        events = self.logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)
        return [event["message"] for event in events["events"]]

    def queue(self, name: str = "q", kind: str = "FARGATE") -> str:
        """A job queue over a compute environment of its own."""
        resources: Any = {"type": kind, "maxvCpus": 4, "subnets": ["s"], "securityGroupIds": ["g"]}
        self.batch.create_compute_environment(
            computeEnvironmentName=f"{name}-ce", type="MANAGED", computeResources=resources
        )
        order: Any = [{"order": 1, "computeEnvironment": f"{name}-ce"}]
        return self.batch.create_job_queue(jobQueueName=name, priority=1, computeEnvironmentOrder=order)[
            "jobQueueArn"
        ]

    def job_definition(self, code: str, name: str = "jd", **fields: Any) -> str:
        """A Fargate job definition that runs this Python."""
        needs = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "2048"}]
        container: Any = {
            "image": "img",
            "executionRoleArn": "arn:aws:iam::123456789012:role/r",
            "resourceRequirements": needs,
            "command": [PYTHON, "-c", code],
        }
        fields = {"platformCapabilities": ["FARGATE"], "containerProperties": container, **fields}
        return self.batch.register_job_definition(jobDefinitionName=name, type="container", **fields)[
            "jobDefinitionArn"
        ]


@dataclass
class Virtual:
    """A world in virtual time; `clock` is its epoch second, `effects` what it asked for so far."""

    world: World = field(default_factory=World)
    clock: float = 1000.0
    started: list[StartProcess] = field(default_factory=list)
    signals: list[tuple[str, str, float]] = field(default_factory=list)

    def call(self, name: str, **params: Any) -> Answer:
        """The answer to a call such as `ecs.RunTask`."""
        service, _, action = name.partition(".")
        answer = apply(self.world, Call(service, action, params), self.clock)
        self.settle()
        return answer

    def settle(self) -> None:
        """Carry out what is due now; a process that shall start does."""
        for effect in carry_out_due(self.world, self.clock):
            match effect:
                case StartProcess(ref=ref):
                    self.started.append(effect)
                    feed(self.world, Started(ref), self.clock)
                case SignalProcess(ref=ref, signal=signal):
                    self.signals.append((ref.container, signal, self.clock))
        while self.world.agenda and (next_due(self.world) or 0.0) <= self.clock:
            self.settle()

    def wait(self, seconds: float) -> None:
        """Let time pass, step by step."""
        until = self.clock + seconds
        while (due := next_due(self.world)) is not None and due <= until:
            self.clock = max(self.clock, due)
            self.settle()
        self.clock = until

    def exit(self, code: int, container: str = "app", at: int = -1) -> None:
        """End a container's process: that of the newest task unless `at` says which."""
        feed(self.world, Exited(Ref(self.started[at].ref.task, container), code), self.clock)
        self.settle()

    def ecs(self, containers: Sequence[Mapping[str, object]] = ({"name": "app"},), **fields: object) -> None:
        """A cluster `c` and an EC2 task definition `f` of these containers."""
        self.call("ecs.CreateCluster", clusterName="c", capacityProviders=["FARGATE", "FARGATE_SPOT", "own"])
        definitions = [
            {"image": "img", "command": ["run"], "memoryReservation": 64, **one} for one in containers
        ]
        self.call("ecs.RegisterTaskDefinition", family="f", containerDefinitions=definitions, **fields)

    def run(self, **fields: Any) -> str:
        """The id of one new task of `f`."""
        body = self.call("ecs.RunTask", cluster="c", taskDefinition="f", **fields).body
        return str(body["tasks"][0]["taskArn"].rpartition("/")[2])

    def task(self, task_id: str) -> Json:
        """The description of a task."""
        found: Json = self.call("ecs.DescribeTasks", cluster="c", tasks=[task_id]).body["tasks"][0]
        return found

    def statuses(self, task_id: str) -> list[str]:
        """All statuses that a task went through."""
        return [
            change.detail["lastStatus"]
            for change in self.world.changes
            if change.source == "aws.ecs" and change.detail["taskArn"].endswith(task_id)
        ]

    def batch(self, **definition: Any) -> None:
        """A queue `q` and an EC2 job definition `jd`."""
        compute = {"type": "EC2", "maxvCpus": 4, "subnets": ["s"]}
        self.call(
            "batch.CreateComputeEnvironment",
            computeEnvironmentName="ce",
            type="MANAGED",
            computeResources=compute,
        )
        order = [{"order": 1, "computeEnvironment": "ce"}]
        self.call("batch.CreateJobQueue", jobQueueName="q", priority=1, computeEnvironmentOrder=order)
        container = {"image": "img", "vcpus": 1, "memory": 128, "command": ["run"]}
        shape = {
            "jobDefinitionName": "jd",
            "type": "container",
            "containerProperties": container,
            **definition,
        }
        self.call("batch.RegisterJobDefinition", **shape)

    def submit(self, name: str = "j", **fields: Any) -> str:
        """The id of one new job of `jd`."""
        answer = self.call("batch.SubmitJob", jobName=name, jobQueue="q", jobDefinition="jd", **fields)
        return str(answer.body["jobId"])

    def job(self, job_id: str) -> Json:
        """The description of a job."""
        found: Json = self.call("batch.DescribeJobs", jobs=[job_id]).body["jobs"][0]
        return found

    def job_statuses(self, job_id: str) -> list[str]:
        """All statuses that a job went through, each once in a row."""
        seen = [
            change.detail["status"]
            for change in self.world.changes
            if change.source == "aws.batch" and change.detail["jobId"] == job_id
        ]
        return [status for status, _ in itertools.groupby(seen)]


@pytest.fixture
def virtual() -> Callable[..., Virtual]:
    """Makes a world in virtual time; the arguments are `World`'s."""
    return lambda **fields: Virtual(World(**fields))


@pytest.fixture
def start() -> Iterator[Callable[..., Account]]:
    """Starts a LocalAws with these arguments; it is stopped after the test."""
    running: list[LocalAws] = []

    def begin(**fields: Any) -> Account:
        running.append(LocalAws(**fields).start())
        return Account(running[-1])

    yield begin
    for aws in running:
        aws.stop()


@pytest.fixture
def account(start: Callable[..., Account]) -> Account:
    """A LocalAws as it is by default."""
    return start()


def pytest_report_header() -> str:
    """Which Python the containers run."""
    return f"containers run {sys.executable}"
