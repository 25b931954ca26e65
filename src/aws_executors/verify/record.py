"""AWS's own record of a container: its status, its times and its size, from DescribeTasks and DescribeJobs.

Law: pure. What cannot be read is None. Source: "Task", Amazon ECS API Reference; "JobDetail", AWS Batch API
Reference.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from returns.pipeline import is_successful

from aws_executors.core.aws.response import AnswerRecord, read_record
from aws_executors.core.batch.answers import allocation as of_batch
from aws_executors.core.ecs.answers import allocation as of_ecs
from aws_executors.core.lifecycle.allocation import Allocation


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsRecord:
    """One description; times in epoch seconds, by AWS's clock."""

    id: str
    status: str
    over: bool  # AWS is done with it
    exit_code: int | None = None
    noticed: float | None = None  # its end, by ECS
    execution_stopped: float | None = None  # its containers have ended, by ECS
    stopped: float | None = None
    allocation: Allocation = field(default_factory=Allocation)

    @property
    def created(self) -> float | None:
        """When it was accepted."""
        return self.allocation.created

    @property
    def pull_started(self) -> float | None:
        """When the pull of its image began."""
        return self.allocation.pull_started

    @property
    def pull_stopped(self) -> float | None:
        """When the pull of its image ended."""
        return self.allocation.pull_stopped

    @property
    def started(self) -> float | None:
        """When it began to run."""
        return self.allocation.started

    @property
    def seconds(self) -> float | None:
        """For how long it is billed; None while it runs, 0 if it never began to cost anything."""
        return (self.allocation.seconds or 0.0) if self.over else None


def size_text(allocation: Allocation) -> str:
    """The size of a container.

    >>> size_text(Allocation(vcpu=0.25, memory=512, fargate=True, spot=True))
    '0.25 vCPU, 512 MiB, Fargate Spot'
    """
    vcpu = "no CPU limit" if allocation.vcpu is None else f"{allocation.vcpu:g} vCPU"
    memory = "no memory limit" if allocation.memory is None else f"{allocation.memory} MiB"
    place = "instances" if not allocation.fargate else "Fargate Spot" if allocation.spot else "Fargate"
    return f"{vcpu}, {memory}, {place}"


class _Container(AnswerRecord):
    name: str = ""
    exit_code: int | None = None


class _Task(AnswerRecord):
    task_arn: str
    last_status: str
    stopping_at: datetime | None = None
    execution_stopped_at: datetime | None = None
    stopped_at: datetime | None = None
    containers: tuple[_Container, ...] = ()


class _JobTask(AnswerRecord):
    containers: tuple[_Container, ...] = ()


class _Properties(AnswerRecord):
    task_properties: tuple[_JobTask, ...] = ()


class _Job(AnswerRecord):
    job_id: str
    status: str
    stopped_at: float | None = None
    container: _Container | None = None
    ecs_properties: _Properties | None = None


def records(service: str, answer: object, container: str) -> Iterator[AwsRecord]:
    """What a DescribeTasks or DescribeJobs answer says of each container; `container` is the Airflow one.

    >>> (one,) = records("ecs", {"tasks": [{"taskArn": "arn:1", "lastStatus": "STOPPED", "cpu": "256",
    ...     "memory": "512", "launchType": "FARGATE", "pullStartedAt": 100.0, "stoppedAt": 141.5}]}, "main")
    >>> one.over, one.seconds, size_text(one.allocation)
    (True, 41.5, '0.25 vCPU, 512 MiB, Fargate')
    """
    members = answer if isinstance(answer, dict) else {}
    for each in members.get("tasks" if service == "ecs" else "jobs", ()):
        one = _of_task(each, container) if service == "ecs" else _of_job(each, container)
        if one is not None:
            yield one


def _of_task(description: object, container: str) -> AwsRecord | None:
    read = read_record(_Task, description)
    allocation = of_ecs.allocation_of(description, container=container)
    if allocation is None or not is_successful(read):
        return None
    task = read.unwrap()
    return AwsRecord(
        id=task.task_arn,
        status=task.last_status,
        over=task.last_status in ("STOPPED", "DELETED"),
        exit_code=next((one.exit_code for one in task.containers if one.name == container), None),
        noticed=_epoch(task.stopping_at),
        execution_stopped=_epoch(task.execution_stopped_at),
        stopped=_epoch(task.stopped_at),
        allocation=allocation,
    )


def _of_job(description: object, container: str) -> AwsRecord | None:
    read = read_record(_Job, description)
    allocation = of_batch.allocation_of(description, container=container)
    if allocation is None or not is_successful(read):
        return None
    job = read.unwrap()
    tasks = job.ecs_properties.task_properties if job.ecs_properties else ()
    several = [one for task in tasks for one in task.containers if container in ("", one.name)]
    own = job.container or (several[0] if several else _Container())
    return AwsRecord(
        id=job.job_id,
        status=job.status,
        over=job.status in ("SUCCEEDED", "FAILED"),
        exit_code=own.exit_code,
        stopped=None if job.stopped_at is None else job.stopped_at / 1000,
        allocation=allocation,
    )


def of_task_definition(answer: Any, kwargs: Mapping[str, Any], container: str) -> Allocation | None:
    """The size of a task that is not started yet: its definition with RunTask's overrides.

    >>> definition = {"taskDefinition": {"cpu": "256", "memory": "512"}}
    >>> kwargs = {"launchType": "FARGATE", "overrides": {"memory": "1024"}}
    >>> size_text(of_task_definition(definition, kwargs, "main"))
    '0.25 vCPU, 1024 MiB, Fargate'
    """
    defined, over = answer["taskDefinition"], kwargs.get("overrides", {})
    platform = defined.get("runtimePlatform", {})
    providers = [one["capacityProvider"] for one in kwargs.get("capacityProviderStrategy", [])]
    containers = [
        {"name": one.get("name"), **{key: str(one[key]) for key in ("cpu", "memory") if key in one}}
        for one in defined.get("containerDefinitions", [])
    ]
    architecture = platform.get("cpuArchitecture", "X86_64")
    description = {
        "cpu": over.get("cpu", defined.get("cpu")),
        "memory": over.get("memory", defined.get("memory")),
        "launchType": kwargs.get("launchType"),
        "capacityProviderName": providers[0] if providers else None,
        "platformFamily": platform.get("operatingSystemFamily"),
        "attributes": [{"name": "ecs.cpu-architecture", "value": architecture}],
        "containers": containers,
    }
    return of_ecs.allocation_of(description, container=container)


def of_job_definition(answer: Any, kwargs: Mapping[str, Any], container: str) -> Allocation | None:
    """The same for a job, by the newest revision of its definition."""
    revisions = sorted(answer["jobDefinitions"], key=lambda one: int(one["revision"]))
    if not revisions:
        return None
    defined = revisions[-1]
    own = defined.get("containerProperties")
    more = kwargs.get("containerOverrides", {}).get("resourceRequirements", [])
    needs = {one["type"]: one for one in [*(own or {}).get("resourceRequirements", []), *more]}
    description = {
        "platformCapabilities": defined.get("platformCapabilities"),
        "container": {**own, "resourceRequirements": list(needs.values())} if own else None,
        "ecsProperties": defined.get("ecsProperties"),
    }
    return of_batch.allocation_of(description, container=container)


def _epoch(moment: datetime | None) -> float | None:
    if moment is None:
        return None
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
