"""The subjects: the executors that are measured, of the Amazon provider and our own, as they come out of the
box.

Law: names and configuration as values; the only place that knows how a subject is configured. No option that
changes speed is set here: every subject runs with its own defaults, except for a scenario's quotas.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow.executors.base_executor import BaseExecutor

CLUSTER = TASK_DEFINITION = JOB_QUEUE = JOB_DEFINITION = JOB_NAME = CONTAINER = "airflow"
REGION, ACCOUNT = "us-east-1", "123456789012"
EVENTS = "airflow-events"
"""The name of the queue for events."""
SUBNET, SECURITY_GROUP = "subnet-0a1b2c3d4e5f60718", "sg-0a1b2c3d4e5f60718"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One executor: its class, its options, the call that starts a container and the quota of that call.

    `quota` is (burst, calls a second); `describe` is the call that describes containers.
    """

    name: str
    label: str
    dotted: str
    section: str
    options: Mapping[str, str]
    submit: str
    describe: str
    quota: tuple[float, float]
    peer: str = field(default="")

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        """The variables that configure the executor and its section; `more` are options for our executors."""
        options = {**self.options, **(more if self.peer else {})}
        section = {f"AIRFLOW__{self.section}__{name.upper()}": value for name, value in options.items()}
        return {"AIRFLOW__CORE__EXECUTOR": self.dotted, **section}

    def make(self, parallelism: int) -> "BaseExecutor":
        """The executor, not started."""
        module, _, name = self.dotted.rpartition(".")
        made: BaseExecutor = getattr(import_module(module), name)(parallelism=parallelism)
        return made


ECS_OPTIONS = {
    "cluster": CLUSTER,
    "container_name": CONTAINER,
    "task_definition": TASK_DEFINITION,
    "subnets": SUBNET,
    "security_groups": SECURITY_GROUP,
}
BATCH_OPTIONS = {"job_name": JOB_NAME, "job_queue": JOB_QUEUE, "job_definition": JOB_DEFINITION}
PEERS = "airflow.providers.amazon.aws.executors"
FARGATE, EC2, BATCH = (20.0, 20.0), (100.0, 40.0), (50.0, 50.0)
"""The quotas of RunTask on Fargate (the tighter of two buckets) and EC2, and of SubmitJob (docs/aws.md)."""


def _ecs(name: str, label: str, launch_type: str, quota: tuple[float, float], peer: str) -> Subject:
    ours = bool(peer)
    return Subject(
        name=name,
        label=label,
        dotted="aws_executors.executors.AwsEcsFargateExecutor"
        if ours
        else f"{PEERS}.ecs.ecs_executor.AwsEcsExecutor",
        section="ECS_FARGATE" if ours else "AWS_ECS_EXECUTOR",
        options={**ECS_OPTIONS, "launch_type": launch_type, "region" if ours else "region_name": REGION},
        submit="ecs.RunTask",
        describe="ecs.DescribeTasks",
        quota=quota,
        peer=peer,
    )


def _batch(name: str, label: str, peer: str) -> Subject:
    ours = bool(peer)
    return Subject(
        name=name,
        label=label,
        dotted="aws_executors.executors.AwsBatchExecutor"
        if ours
        else f"{PEERS}.batch.batch_executor.AwsBatchExecutor",
        section="BATCH" if ours else "AWS_BATCH_EXECUTOR",
        options={**BATCH_OPTIONS, "region" if ours else "region_name": REGION},
        submit="batch.SubmitJob",
        describe="batch.DescribeJobs",
        quota=BATCH,
        peer=peer,
    )


SUBJECTS = {
    one.name: one
    for one in (
        _ecs("peer-ecs", "provider, ECS on Fargate", "FARGATE", FARGATE, ""),
        _ecs("ours-ecs", "ours, ECS on Fargate", "FARGATE", FARGATE, "peer-ecs"),
        _ecs("peer-ec2", "provider, ECS on EC2", "EC2", EC2, ""),
        _ecs("ours-ec2", "ours, ECS on EC2", "EC2", EC2, "peer-ec2"),
        _batch("peer-batch", "provider, Batch", ""),
        _batch("ours-batch", "ours, Batch", "peer-batch"),
    )
}
