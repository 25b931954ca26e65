"""Create the AWS side of the demo: what a user would set up before naming it in airflow.cfg.

Law: uses only boto3, as a user would with the real services. All names are in one value, from which the
options of both executors are made.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_batch import BatchClient
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_ecs.type_defs import ContainerDefinitionTypeDef
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_sqs import SQSClient

IMAGE = "apache/airflow:3"
ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/airflow-task-execution"
LOG_GROUP = "airflow"

# The patterns of the rules for events; the tasks of Batch jobs have another ``startedBy``, and do not match.
PATTERNS = {
    "airflow-ecs": {"source": ["aws.ecs"], "detail": {"startedBy": [{"prefix": "airflow/"}]}},
    "airflow-batch": {"source": ["aws.batch"]},
}

# The sidecar idles until it is stopped, and then exits with 0; a signal before its wait is kept for the wait.
SIDECAR = (
    "python",
    "-c",
    "import signal as s; s.pthread_sigmask(s.SIG_BLOCK, [s.SIGTERM]); s.sigwait([s.SIGTERM])",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The names of the resources in the demo's account."""

    region: str = "us-east-1"
    cluster: str = "airflow"
    task_definition: str = "airflow"
    with_sidecar: str = "airflow-with-sidecar"
    container: str = "airflow"
    subnet: str = "subnet-0a1b2c3d4e5f60718"
    security_group: str = "sg-0a1b2c3d4e5f60718"
    compute_environment: str = "airflow"
    job_queue: str = "airflow"
    job_definition: str = "airflow"
    job_name: str = "airflow"
    bucket: str = "airflow-workloads"
    transport: str = "inline"
    events: str = ""  # the queue that events are sent to, if any
    usage: bool = False  # whether the usage of containers is recorded
    warm: str = ""  # seconds for which warm containers wait for their next workload; empty for none

    @property
    def stores(self) -> bool:
        """Whether there is a bucket."""
        return self.transport != "inline" or bool(self.warm)

    def options(self, url: str) -> dict[str, str]:
        """Both sections of airflow.cfg, as environment variables; `url` is where AWS is."""
        store = {"STORE": f"s3://{self.bucket}/demo"} if self.stores else {}
        by_store = {
            f"WORKLOAD_{name}": value for name, value in ({"TRANSPORT": self.transport} | store).items()
        }
        listening = {"EVENTS_QUEUE": f"{url}/{ACCOUNT}/{self.events}"} if self.events else {}
        measured = {"USAGE": "True", "LAUNCHER": "aws_executors"} if self.usage else {}
        warm = {"WARM_IDLE": self.warm} if self.warm else {}
        of_both = {**by_store, **listening, **measured, **warm}
        return {
            **{f"AIRFLOW__{s}__{name}": v for s in ("ECS_FARGATE", "BATCH") for name, v in of_both.items()},
            "AIRFLOW__ECS_FARGATE__REGION": self.region,
            "AIRFLOW__ECS_FARGATE__CLUSTER": self.cluster,
            "AIRFLOW__ECS_FARGATE__CONTAINER_NAME": self.container,
            "AIRFLOW__ECS_FARGATE__TASK_DEFINITION": self.task_definition,
            "AIRFLOW__ECS_FARGATE__SUBNETS": self.subnet,
            "AIRFLOW__ECS_FARGATE__SECURITY_GROUPS": self.security_group,
            "AIRFLOW__BATCH__REGION": self.region,
            "AIRFLOW__BATCH__JOB_NAME": self.job_name,
            "AIRFLOW__BATCH__JOB_QUEUE": self.job_queue,
            "AIRFLOW__BATCH__JOB_DEFINITION": self.job_definition,
        }


def create(environment: Mapping[str, str], names: Names) -> None:
    """Create all resources with these names, in the account that the environment leads to."""
    url = environment["AWS_ENDPOINT_URL"]
    keys = environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"]
    session = boto3.Session(*keys, region_name=names.region)
    once = Config(retries={"total_max_attempts": 1})
    create_log_group(session.client("logs", endpoint_url=url, config=once))
    create_ecs(session.client("ecs", endpoint_url=url, config=once), names)
    if names.stores:
        session.client("s3", endpoint_url=url, config=once).create_bucket(Bucket=names.bucket)
    create_batch(session.client("batch", endpoint_url=url, config=once), names)
    if names.events:
        sqs = session.client("sqs", endpoint_url=url, config=once)
        create_events(sqs, session.client("events", endpoint_url=url, config=once), names)


def create_log_group(logs: CloudWatchLogsClient) -> None:
    """Create the log group of the ECS containers; Batch has its own."""
    logs.create_log_group(logGroupName=LOG_GROUP)


def create_ecs(ecs: ECSClient, names: Names) -> None:
    """Create a cluster and two task definitions: one with the Airflow container alone, one with a sidecar."""
    airflow = container(names.container, names.region, essential=True)
    sidecar = container("sidecar", names.region, essential=False, command=SIDECAR)
    ecs.create_cluster(clusterName=names.cluster)
    for family, containers in (
        (names.task_definition, [airflow]),
        (names.with_sidecar, [airflow, sidecar]),
    ):
        ecs.register_task_definition(
            family=family,
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu="256",
            memory="512",
            executionRoleArn=ROLE,
            containerDefinitions=containers,
        )


def container(
    name: str, region: str, *, essential: bool, command: tuple[str, ...] = ()
) -> ContainerDefinitionTypeDef:
    """One container of a task definition, which logs to CloudWatch Logs."""
    return {
        "name": name,
        "image": IMAGE,
        "essential": essential,
        "command": list(command),
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": LOG_GROUP,
                "awslogs-region": region,
                "awslogs-stream-prefix": "ecs",
            },
        },
    }


def create_batch(batch: BatchClient, names: Names) -> None:
    """Create a compute environment on Fargate, a queue in front of it, and a job definition."""
    batch.create_compute_environment(
        computeEnvironmentName=names.compute_environment,
        type="MANAGED",
        state="ENABLED",
        computeResources={
            "type": "FARGATE",
            "maxvCpus": 16,
            "subnets": [names.subnet],
            "securityGroupIds": [names.security_group],
        },
    )
    batch.create_job_queue(
        jobQueueName=names.job_queue,
        priority=1,
        computeEnvironmentOrder=[{"order": 1, "computeEnvironment": names.compute_environment}],
    )
    batch.register_job_definition(
        jobDefinitionName=names.job_definition,
        type="container",
        platformCapabilities=["FARGATE"],
        containerProperties={
            "image": IMAGE,
            "executionRoleArn": ROLE,
            "resourceRequirements": [{"type": "VCPU", "value": "0.25"}, {"type": "MEMORY", "value": "512"}],
        },
    )


def create_events(sqs: SQSClient, events: EventBridgeClient, names: Names) -> None:
    """Create a queue, and two rules that send the events of containers to the queue.

    `aws-executors events` prints the same for an account, with narrower rules.
    """
    arn = f"arn:aws:sqs:{names.region}:{ACCOUNT}:{names.events}"
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    sqs.create_queue(QueueName=names.events, Attributes={"Policy": policy})
    for name, pattern in PATTERNS.items():
        events.put_rule(Name=name, EventPattern=json.dumps(pattern))
        events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
