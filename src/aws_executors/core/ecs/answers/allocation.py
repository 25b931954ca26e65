"""The sizes and times that a task's description, or an event of the same shape, shows.

Law: read apart from `describe.py`, and of a running task only on request, so that following tasks takes no
more time. A description that cannot be read has no sizes and times; what the task's end means is decided in
`describe.py`. Source: "Task", Amazon ECS API Reference.
"""

from datetime import UTC, datetime

from pydantic import Field

from aws_executors.core.aws.response import AnswerRecord, number, read_record
from aws_executors.core.ecs.capacity_providers import FARGATE_PROVIDERS
from aws_executors.core.lifecycle.allocation import FREE_STORAGE, Allocation

SPOT = "FARGATE_SPOT"


class _Container(AnswerRecord):
    name: str | None = None
    cpu: str | None = None
    memory: str | None = None


class _Attribute(AnswerRecord):
    name: str | None = None
    value: str | None = None


class _Storage(AnswerRecord):
    size: int | None = Field(default=None, validation_alias="sizeInGiB")


class _Task(AnswerRecord):
    launch_type: str | None = None
    capacity_provider_name: str | None = None
    cpu: str | None = None
    memory: str | None = None
    platform_family: str | None = None
    ephemeral_storage: _Storage | None = None
    attributes: tuple[_Attribute, ...] | None = None
    task_definition_arn: str | None = None
    containers: tuple[_Container, ...] | None = None
    created_at: datetime | None = None
    pull_started_at: datetime | None = None
    pull_stopped_at: datetime | None = None
    started_at: datetime | None = None
    stopping_at: datetime | None = None
    execution_stopped_at: datetime | None = None
    stopped_at: datetime | None = None


def allocation_of(task: object, *, container: str) -> Allocation | None:
    """What a task with an Airflow container of this name was given; None for what cannot be read.

    A task on an instance need not have a size of its own: then the sum of its containers' sizes counts. Its
    end is ``executionStoppedAt``, if ECS shows that.

    >>> from datetime import datetime, timedelta, UTC
    >>> at = datetime(2026, 1, 1, tzinfo=UTC)
    >>> found = allocation_of({"launchType": "FARGATE", "cpu": "256", "memory": "512", "pullStartedAt": at,
    ...                        "startedAt": at + timedelta(seconds=22),
    ...                        "executionStoppedAt": at + timedelta(seconds=60)}, container="airflow")
    >>> found.vcpu, found.memory, found.seconds
    (0.25, 512, 60.0)
    """
    return read_record(_Task, task).map(lambda read: _allocation(read, container)).value_or(None)


def _allocation(task: _Task, name: str) -> Allocation | None:
    containers = task.containers or ()
    cpu = number(task.cpu) or sum(number(one.cpu) or 0.0 for one in containers)
    memory = number(task.memory) or sum(number(one.memory) or 0.0 for one in containers)
    own = next((number(one.memory) for one in containers if one.name == name), None)
    place = task.capacity_provider_name or task.launch_type or ""
    said = {one.name: one.value for one in task.attributes or ()}
    disk = None if task.ephemeral_storage is None else task.ephemeral_storage.size
    return Allocation(
        vcpu=cpu / 1024 or None,
        memory=int(memory) or None,
        limit=int(own or memory) or None,
        storage=FREE_STORAGE if disk is None else disk,
        architecture=(said.get("ecs.cpu-architecture") or "x86_64").upper(),
        system=(task.platform_family or "LINUX").upper(),
        fargate=place in FARGATE_PROVIDERS,
        spot=place == SPOT,
        created=epoch(task.created_at),
        pull_started=epoch(task.pull_started_at),
        pull_stopped=epoch(task.pull_stopped_at),
        started=epoch(task.started_at),
        stopped=epoch(task.execution_stopped_at or task.stopped_at or task.stopping_at),
        definition=task.task_definition_arn or "",
    )


def epoch(moment: datetime | None) -> float | None:
    """A time of boto3 in epoch seconds; a time without a zone is taken as UTC."""
    if moment is None:
        return None
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
