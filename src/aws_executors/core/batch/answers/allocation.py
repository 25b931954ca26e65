"""The sizes and times that a job's description, or an event of the same shape, shows.

Law: read apart from `describe.py`, and of a running job only on request. A description that cannot be read
has no sizes and times. Batch shows neither when an image was pulled nor whether the capacity was Spot. A
pod's sizes and those of several nodes are not read: they are not paid for by the task. Source: "JobDetail",
AWS Batch API Reference.
"""

from collections.abc import Sequence

from pydantic import Field

from aws_executors.core.aws.response import AnswerRecord, number, read_record
from aws_executors.core.lifecycle.allocation import FREE_STORAGE, Allocation
from aws_executors.core.logs.streams import BATCH_GROUP


class _Requirement(AnswerRecord):
    type: str | None = None
    value: str | None = None


class _Platform(AnswerRecord):
    cpu_architecture: str | None = None
    operating_system_family: str | None = None


class _Storage(AnswerRecord):
    size: int | None = Field(default=None, validation_alias="sizeInGiB")


class _Logs(AnswerRecord):
    log_driver: str | None = None
    options: dict[str, str] | None = None


class _Container(AnswerRecord):
    name: str | None = None
    resource_requirements: tuple[_Requirement, ...] | None = None
    vcpus: float | None = None
    memory: int | None = None
    runtime_platform: _Platform | None = None
    ephemeral_storage: _Storage | None = None
    log_configuration: _Logs | None = None

    def size(self, kind: str, old: float | None) -> float:
        """A size of the container, from a requirement or from the old form."""
        asked = {one.type: number(one.value) for one in self.resource_requirements or ()}
        return asked.get(kind) or old or 0.0


class _Group(AnswerRecord):
    containers: tuple[_Container, ...] | None = None
    runtime_platform: _Platform | None = None
    ephemeral_storage: _Storage | None = None


class _Tasks(AnswerRecord):
    task_properties: tuple[_Group, ...] | None = None


class _Attempt(AnswerRecord):
    started_at: float | None = None
    stopped_at: float | None = None


class _Job(AnswerRecord):
    created_at: float | None = None
    started_at: float | None = None
    stopped_at: float | None = None
    platform_capabilities: tuple[str, ...] | None = None
    container: _Container | None = None
    ecs_properties: _Tasks | None = None
    attempts: tuple[_Attempt, ...] | None = None


def allocation_of(job: object, *, container: str = "") -> Allocation | None:
    """What a job was given, its earlier attempts included; None for what cannot be read.

    >>> found = allocation_of({"createdAt": 0, "startedAt": 46000, "stoppedAt": 106000,
    ...     "platformCapabilities": ["FARGATE"], "container": {"resourceRequirements": [
    ...         {"type": "VCPU", "value": "0.25"}, {"type": "MEMORY", "value": "512"}]}})
    >>> found.vcpu, found.memory, found.waiting, found.seconds
    (0.25, 512, 46.0, 60.0)
    """
    return read_record(_Job, job).map(lambda read: _allocation(read, container)).value_or(None)


def _allocation(job: _Job, name: str) -> Allocation | None:
    groups = () if job.ecs_properties is None else job.ecs_properties.task_properties or ()
    containers = [one for group in groups for one in group.containers or ()]
    containers = containers or ([] if job.container is None else [job.container])
    sizes = [(one.size("VCPU", one.vcpus), one.size("MEMORY", one.memory)) for one in containers]
    own = next((one for one in containers if name in ("", one.name)), None)
    homes: Sequence[_Group | _Container] = [*groups, *containers]
    platform = next((one.runtime_platform for one in homes if one.runtime_platform), _Platform())
    storage = next((one.ephemeral_storage for one in homes if one.ephemeral_storage), _Storage())
    return Allocation(
        vcpu=sum(vcpu for vcpu, _ in sizes) or None,
        memory=int(sum(memory for _, memory in sizes)) or None,
        limit=(int(own.size("MEMORY", own.memory)) or None) if own else None,
        storage=FREE_STORAGE if storage.size is None else storage.size,
        architecture=(platform.cpu_architecture or "X86_64").upper(),
        system=(platform.operating_system_family or "LINUX").upper(),
        fargate="FARGATE" in (job.platform_capabilities or ()),
        created=_seconds(job.created_at),
        started=_seconds(job.started_at),
        stopped=_seconds(job.stopped_at),
        before=tuple(_length(one) for one in (job.attempts or ())[:-1]),
        log_group="" if own is None else _group(own),
    )


def _group(own: _Container) -> str:
    """The log group of the container, if that is certain and in the job's own Region."""
    logs = own.log_configuration or _Logs()
    options = logs.options or {}
    here = logs.log_driver in (None, "awslogs") and "awslogs-region" not in options
    return options.get("awslogs-group", BATCH_GROUP) if here else ""


def _seconds(millis: float | None) -> float | None:
    return None if millis is None else millis / 1000


def _length(attempt: _Attempt) -> float:
    if attempt.started_at is None or attempt.stopped_at is None:
        return 0.0
    return max(attempt.stopped_at - attempt.started_at, 0.0) / 1000
