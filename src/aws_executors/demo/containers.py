"""Read from AWS which containers there are, and for which try of which task each was started.

Law: reads only the responses of DescribeTasks and DescribeJobs, nothing of Airflow. The task of a container
is read from its own command, so that the proof does not rely on the executor's reports; the tasks of a warm
container are read from the contents that its cell has had.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pydantic import Field

from aws_executors.core.requests.stored_workload import opened
from aws_executors.core.warm.cell import Cell, read
from aws_executors.demo.api import Answered, TaskTry

Objects = Mapping[str, bytes]
"""Everything that was ever written to the store, by address."""

NOTHING: Objects = MappingProxyType({})
ENDED = frozenset({"STOPPED", "SUCCEEDED", "FAILED"})


CALLBACK = TaskTry(task_id="(callback)", try_number=1)
"""The task of a callback's container, as a callback's workload names no task instance."""


SEVERAL = TaskTry(task_id="(several)", try_number=1)
"""The task of a warm container, in place of the several tasks that it runs."""


class Workload(Answered):
    ti: TaskTry = CALLBACK


class EcsContainer(Answered):
    name: str
    exit_code: int | None = Field(None, validation_alias="exitCode")


class EcsOverride(Answered):
    command: tuple[str, ...] = ()


class EcsOverrides(Answered):
    containers: tuple[EcsOverride, ...] = Field((), validation_alias="containerOverrides")


class TaskView(Answered):
    arn: str = Field(validation_alias="taskArn")
    status: str = Field(validation_alias="lastStatus")
    created: float = Field(validation_alias="createdAt")
    stopped: float | None = Field(None, validation_alias="stoppedAt")
    containers: tuple[EcsContainer, ...]
    overrides: EcsOverrides
    reason: str = Field("", validation_alias="stoppedReason")


class BatchContainer(Answered):
    command: tuple[str, ...] = ()
    exit_code: int | None = Field(None, validation_alias="exitCode")


class JobView(Answered):
    id: str = Field(validation_alias="jobId")
    status: str
    created: float = Field(validation_alias="createdAt")
    stopped: float | None = Field(None, validation_alias="stoppedAt")
    container: BatchContainer
    reason: str = Field("", validation_alias="statusReason")


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One container (with its sidecars): its service, its task and its state; times are in epoch seconds."""

    service: str
    id: str
    task: TaskTry
    status: str
    exit_codes: tuple[int | None, ...]
    created: float
    stopped: float | None
    reason: str = ""

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def well(self) -> bool:
        """Whether it has ended, and exited with 0, as have its sidecars."""
        return self.status in ("STOPPED", "SUCCEEDED") and set(self.exit_codes) == {0}

    def seconds(self, now: float) -> float:
        """How many seconds it has existed."""
        return (self.stopped or now) - self.created

    def __str__(self) -> str:
        return f"{self.service} {self.id} of {self.task.label} try {self.task.try_number}"


def whom(command: Iterable[str], stored: Objects = NOTHING) -> TaskTry:
    """The try that a container's workload names, in its command or in the store; ValueError if there is none.

    >>> whom(("python", "-m", "run", "--json-string", '{"ti": {"task_id": "load", "try_number": 2}}')).label
    'load'
    >>> whom(("python", "-m", "run", "--json-string", '{"callback": {"id": "0b6e"}}')).label
    '(callback)'
    >>> whom(("python", "-m", "run", "--warm", "s3://bucket/cells/0b6e-1")).label
    '(several)'
    """
    for argument in command:
        if argument == "--warm":
            return SEVERAL
        if argument.startswith("{"):
            return Workload.model_validate_json(argument).ti
        if argument in stored:
            return Workload.model_validate_json(opened(stored[argument])).ti
    raise ValueError("a container was started without a workload in its command")


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One workload that a warm container has run, and the exit code of its launcher."""

    container: str
    task: TaskTry
    exit_code: int


def turns_in(puts: Iterable[tuple[str, bytes]]) -> tuple[Turn, ...]:
    """The workloads that warm containers have run, from all writes to their cells (addresses with bodies).

    >>> offered = Cell(container="arn:1").offer("0b6e", '{"ti": {"task_id": "load", "try_number": 1}}')
    >>> [turn.task.label for turn in turns_in([("c", offered.body()), ("c", offered.take().end(0).body())])]
    ['load']
    """
    last: dict[str, Cell] = {}
    tries: dict[str, TaskTry] = {}
    for address, body in puts:
        cell = read(body)
        if cell.workload:
            tries[cell.token] = Workload.model_validate_json(cell.workload).ti
        if address not in last or cell.sequence >= last[address].sequence:
            last[address] = cell
    return tuple(
        Turn(container=cell.container.rpartition("/")[2], task=tries[one.token], exit_code=one.exit_code)
        for cell in last.values()
        for one in cell.served
    )


def from_ecs(view: Mapping[str, object], stored: Objects = NOTHING) -> Container:
    """Read a task as DescribeTasks returns it, with times in epoch seconds."""
    task = TaskView.model_validate(view)
    return Container(
        service="ECS",
        id=task.arn.rpartition("/")[2],
        task=whom([word for override in task.overrides.containers for word in override.command], stored),
        status=task.status,
        exit_codes=tuple(container.exit_code for container in task.containers),
        created=task.created,
        stopped=task.stopped,
        reason=task.reason,
    )


def from_batch(view: Mapping[str, object], stored: Objects = NOTHING) -> Container:
    """Read a job as DescribeJobs returns it, with times in epoch milliseconds."""
    job = JobView.model_validate(view)
    return Container(
        service="Batch",
        id=job.id,
        task=whom(job.container.command, stored),
        status=job.status,
        exit_codes=(job.container.exit_code,),
        created=job.created / 1000,
        stopped=None if job.stopped is None else job.stopped / 1000,
        reason=job.reason,
    )


def read_containers(
    tasks: Iterable[Mapping[str, object]], jobs: Iterable[Mapping[str, object]], stored: Objects = NOTHING
) -> tuple[Container, ...]:
    """Every container of both services, the oldest first."""
    containers = [*(from_ecs(task, stored) for task in tasks), *(from_batch(job, stored) for job in jobs)]
    return tuple(sorted(containers, key=lambda container: container.created))
