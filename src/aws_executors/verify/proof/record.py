"""AWS's own record of a container: its status, its times and its size, from DescribeTasks and DescribeJobs.

Law: pure. What cannot be read is None. Source: "Task", Amazon ECS API Reference; "JobDetail", AWS Batch API
Reference.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

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
    noticed: float | None = None  # when ECS noticed the end
    execution_stopped: float | None = None  # when the task's containers had ended, according to ECS
    stopped: float | None = None
    allocation: Allocation = field(default_factory=Allocation)

    @property
    def created(self) -> float | None:
        """When AWS accepted the container."""
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
        """When the container began to run."""
        return self.allocation.started

    @property
    def seconds(self) -> float | None:
        """The billed seconds; None while the container runs, 0 if it never began to cost anything."""
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


class _Answer(AnswerRecord):
    tasks: tuple[object, ...] = ()
    jobs: tuple[object, ...] = ()


class _Platform(AnswerRecord):
    cpu_architecture: str = "X86_64"
    operating_system_family: str | None = None


class _ContainerDefinition(AnswerRecord):
    name: str = ""
    cpu: int | None = None
    memory: int | None = None


class _TaskDefinition(AnswerRecord):
    cpu: str | None = None
    memory: str | None = None
    runtime_platform: _Platform = _Platform()
    container_definitions: tuple[_ContainerDefinition, ...] = ()


class _DescribedDefinition(AnswerRecord):
    task_definition: _TaskDefinition


class _Provider(AnswerRecord):
    capacity_provider: str


class _Overrides(AnswerRecord):
    cpu: str | None = None
    memory: str | None = None


class _RunTask(AnswerRecord):
    launch_type: str | None = None
    capacity_provider_strategy: tuple[_Provider, ...] = ()
    overrides: _Overrides = _Overrides()


class _JobDefinition(AnswerRecord):
    revision: int
    platform_capabilities: tuple[str, ...] | None = None
    container_properties: dict[str, object] | None = None
    ecs_properties: object = None


class _JobDefinitions(AnswerRecord):
    job_definitions: tuple[_JobDefinition, ...] = ()


class _Requirement(AnswerRecord):
    type: str
    value: str


class _Sized(AnswerRecord):
    resource_requirements: tuple[_Requirement, ...] = ()


class _SubmitJob(AnswerRecord):
    container_overrides: _Sized = _Sized()


def records(service: str, answer: object, container: str) -> Iterator[AwsRecord]:
    """The records in an answer of DescribeTasks or DescribeJobs; `container` is the Airflow container's name.

    >>> (one,) = records("ecs", {"tasks": [{"taskArn": "arn:1", "lastStatus": "STOPPED", "cpu": "256",
    ...     "memory": "512", "launchType": "FARGATE", "pullStartedAt": 100.0, "stoppedAt": 141.5}]}, "main")
    >>> one.over, one.seconds, size_text(one.allocation)
    (True, 41.5, '0.25 vCPU, 512 MiB, Fargate')
    """
    found = read_record(_Answer, answer).value_or(_Answer())
    for each in found.tasks if service == "ecs" else found.jobs:
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
        noticed=of_ecs.epoch(task.stopping_at),
        execution_stopped=of_ecs.epoch(task.execution_stopped_at),
        stopped=of_ecs.epoch(task.stopped_at),
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


def of_task_definition(answer: object, kwargs: object, container: str) -> Allocation | None:
    """The size of a task that is not started yet: its definition with RunTask's overrides.

    >>> definition = {"taskDefinition": {"cpu": "256", "memory": "512"}}
    >>> kwargs = {"launchType": "FARGATE", "overrides": {"memory": "1024"}}
    >>> size_text(of_task_definition(definition, kwargs, "main"))
    '0.25 vCPU, 1024 MiB, Fargate'
    """
    read, asked = read_record(_DescribedDefinition, answer), read_record(_RunTask, kwargs)
    if not (is_successful(read) and is_successful(asked)):
        return None
    defined, run = read.unwrap().task_definition, asked.unwrap()
    platform, providers = defined.runtime_platform, run.capacity_provider_strategy
    description: dict[str, object] = {
        "cpu": run.overrides.cpu or defined.cpu,
        "memory": run.overrides.memory or defined.memory,
        "launchType": run.launch_type,
        "capacityProviderName": providers[0].capacity_provider if providers else None,
        "platformFamily": platform.operating_system_family,
        "attributes": [{"name": "ecs.cpu-architecture", "value": platform.cpu_architecture}],
        "containers": [
            {"name": one.name, "cpu": _text(one.cpu), "memory": _text(one.memory)}
            for one in defined.container_definitions
        ],
    }
    return of_ecs.allocation_of(description, container=container)


def of_job_definition(answer: object, kwargs: object, container: str) -> Allocation | None:
    """The size of a job that is not started yet: its newest definition with SubmitJob's overrides.

    >>> need = {"type": "VCPU", "value": "0.25"}
    >>> old, new = ({"revision": one, "containerProperties": {"memory": 512 * one}} for one in (1, 2))
    >>> kwargs = {"containerOverrides": {"resourceRequirements": [need]}}
    >>> size_text(of_job_definition({"jobDefinitions": [new, old]}, kwargs, "main"))
    '0.25 vCPU, 1024 MiB, instances'
    """
    read, asked = read_record(_JobDefinitions, answer), read_record(_SubmitJob, kwargs)
    revisions = {one.revision: one for one in read.value_or(_JobDefinitions()).job_definitions}
    if not revisions or not is_successful(asked):
        return None
    defined = revisions[max(revisions)]
    own = defined.container_properties
    needs = (
        *read_record(_Sized, own).value_or(_Sized()).resource_requirements,
        *asked.unwrap().container_overrides.resource_requirements,
    )
    sizes = [{"type": kind, "value": value} for kind, value in {one.type: one.value for one in needs}.items()]
    description: dict[str, object] = {
        "platformCapabilities": defined.platform_capabilities,
        "container": {**own, "resourceRequirements": sizes} if own else None,
        "ecsProperties": defined.ecs_properties,
    }
    return of_batch.allocation_of(description, container=container)


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
