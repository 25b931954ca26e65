"""The state of ECS: clusters, task definitions, tasks.

Law: records and their indexes, no behaviour. A task's `view` has the shape of DescribeTasks without tags;
each step replaces it and never changes it in place. `runs` has what else is known of the task's containers.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from aws_executors.local.world.values import Json, LogTarget

Life: TypeAlias = Literal["waiting", "starting", "running", "exited", "lost"]


@dataclass(slots=True)
class ContainerRun:
    """One container of a task: its definition and its progress; `stop_timeout` is in seconds, `memory` in
    MiB."""

    name: str
    image: str
    command: tuple[str, ...]
    environment: dict[str, str]
    essential: bool
    stop_timeout: float
    log: LogTarget | None
    memory: int | None = None
    life: Life = "waiting"
    exit_code: int | None = None
    exited_at: float | None = None
    reason: str | None = None
    signalled: bool = False


@dataclass(slots=True)
class EcsTask:
    """One task; `job` is the Batch job of which it is an attempt, `token` the client token of its RunTask."""

    id: str
    ordinal: int
    cluster: str
    view: Json
    runs: dict[str, ContainerRun]
    visible_at: float
    tags: list[Json] = field(default_factory=list)
    token: tuple[str, str] | None = None
    job: str | None = None
    forgotten: bool = False
    holds_room: bool = False

    @property
    def arn(self) -> str:
        """The task's ARN."""
        return str(self.view["taskArn"])

    @property
    def stopping(self) -> bool:
        """Whether the task is being stopped, or was."""
        return bool(self.view["desiredStatus"] == "STOPPED")


@dataclass(slots=True)
class EcsCluster:
    """A cluster, described by `view`, and its tags."""

    name: str
    view: Json
    tags: list[Json] = field(default_factory=list)


@dataclass(slots=True)
class Family:
    """The revisions of a task definition, the first at index 0, and their `tags`."""

    revisions: list[Json] = field(default_factory=list)
    tags: list[list[Json]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class UsedToken:
    """The use of a client token: the text of the request, and the tasks that it started."""

    request: str
    task_ids: tuple[str, ...]


@dataclass(slots=True)
class EcsState:
    """ECS's whole state; `waiting` are the ids of the tasks and Batch jobs that wait for capacity, in order,
    `billed` the seconds on Fargate's bill of each task that has ended."""

    clusters: dict[str, EcsCluster] = field(default_factory=dict)
    families: dict[str, Family] = field(default_factory=dict)
    tasks: dict[str, EcsTask] = field(default_factory=dict)
    by_started: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    tokens: dict[tuple[str, str], UsedToken] = field(default_factory=dict)
    waiting: deque[tuple[Literal["task", "job"], str]] = field(default_factory=deque)
    room_used: int = 0
    billed: dict[str, int] = field(default_factory=dict)
