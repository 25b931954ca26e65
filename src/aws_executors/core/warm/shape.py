"""The shape of a warm container: its request without any workload, equal for all tasks that may share it.

Law: pure. The builder of requests for tasks' own containers makes this request, too, with the same checks,
for a placeholder token; two launches have one shape if these requests are equal to the byte. So
whatever a builder, an option or an ``executor_config`` changes (sizes, roles, network, image, environment,
tags) makes another shape, and so does another version of this package. A builder that writes the task's name
into a tag gives each task a shape of its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TypeVar

from aws_executors.core.requests.launch import LAUNCHER, Launch
from aws_executors.core.requests.stored_workload import address
from aws_executors.core.requests.wire import to_kwargs
from aws_executors.core.settings.base import Settings
from aws_executors.core.warm.step import WarmLimits

R = TypeVar("R")
S = TypeVar("S", bound=Settings)

PLACEHOLDER = "00000000-0000-8000-8000-000000000000"
"""The placeholder for the container's token: as long as this package's tokens, in the same alphabet."""

UNNAMED = "0" * 16
"""The placeholder for the shape's own name in the address of the cell."""

CELLS = "cells"


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmShape:
    """One shape: what its containers share.

    `name` is a hash of the shape; `kwargs` is the request for boto3 as JSON, with `PLACEHOLDER` in place of
    the container's token; `group` is the DAG, queue or team whose tasks share its containers.
    """

    name: str
    kwargs: str = field(repr=False)
    limits: WarmLimits
    group: str

    def request_for(self, token: str) -> object:
        """The keyword arguments of the request for a container with this token.

        >>> shape = WarmShape(name="f00d", kwargs='{"startedBy": "airflow/%s"}' % PLACEHOLDER,
        ...               limits=WarmLimits(), group="dag etl")
        >>> shape.request_for("0b6e")
        {'startedBy': 'airflow/0b6e'}
        """
        made: object = json.loads(self.kwargs.replace(UNNAMED, self.name).replace(PLACEHOLDER, token))
        return made

    def cell_of(self, token: str) -> str:
        """The name of the cell of the container with this token, below the address `cells_of`."""
        return f"{self.name}/{token}-1"


def token_in(name: str) -> str:
    """The token of the container whose cell has this name; empty if it is not a cell's name.

    >>> token_in("f00d/0b6e-1"), token_in("else")
    ('0b6e', '')
    """
    return name.partition("/")[2].rpartition("-")[0]


def cells_of(settings: Settings, team: str | None = None) -> str:
    """The address in the store below which an executor's cells lie.

    >>> from aws_executors.core.batch.settings import BatchSettings
    >>> settings = BatchSettings(region="us-east-1", job_name="airflow", job_queue="q", job_definition="d",
    ...                          workload_transport="s3", workload_store="s3://my-bucket/workloads")
    >>> cells_of(settings)
    's3://my-bucket/workloads/cells/airflow/batch'
    """
    own = f"{settings.section}.{team}" if team else settings.section
    return address(settings.workload_store, f"{CELLS}/{settings.deployment}/{own}")


def for_nobody(launch: Launch[S], limits: WarmLimits, cells: str) -> Launch[S]:
    """The launch of a container without a workload: its launcher waits at a cell for workloads."""
    arguments = serving_arguments(launch.settings, limits, f"{cells}/{UNNAMED}/{PLACEHOLDER}-1")
    usage = ("--usage",) if launch.settings.usage else ()
    return replace(launch, token=PLACEHOLDER, attempt=1, command=(*LAUNCHER, *usage, *arguments))


def serving_arguments(settings: Settings, limits: WarmLimits, cell: str) -> tuple[str, ...]:
    """The launcher's arguments in a warm container with this cell.

    >>> from aws_executors.core.batch.settings import BatchSettings
    >>> settings = BatchSettings(region="us-east-1", job_name="airflow", job_queue="q", job_definition="d")
    >>> print(*serving_arguments(settings, WarmLimits(idle=60, tasks=2, age=600), "s3://my-bucket/cell"))
    --region us-east-1 --idle 60 --tasks 2 --age 600 --warm s3://my-bucket/cell
    """
    said = {
        "--region": settings.region,
        "--owner": settings.workload_store_owner,
        "--kms-key": settings.workload_kms_key,
        "--idle": f"{limits.idle:g}",
        "--tasks": str(limits.tasks),
        "--age": f"{limits.age:g}",
        "--warm": cell,
    }
    return tuple(word for name, value in said.items() if value for word in (name, value))


def shape_of(request: object, launch: Launch[Settings], limits: WarmLimits, version: str = "") -> WarmShape:
    """The shape of a request built and sealed for a launch of `for_nobody`; `version` is this package's.

    >>> from aws_executors.core.requests.launch import Task
    >>> from aws_executors.core.ecs.builder import build
    >>> from aws_executors.core.ecs.settings import EcsSettings
    >>> settings = EcsSettings(region="us-east-1", cluster="etl", container_name="main",
    ...                        task_definition="airflow:7", subnets=("subnet-1",),
    ...                        workload_transport="s3", workload_store="s3://my-bucket/workloads")
    >>> configs = {"a": {}, "b": {}, "c": {"cpu": 512}}
    >>> tasks = [Launch(task=Task(dag_id="etl", task_id=name), command=(), settings=settings, token=name,
    ...                 executor_config=config) for name, config in configs.items()]
    >>> nobodys = [for_nobody(task, WarmLimits(), cells_of(settings)) for task in tasks]
    >>> first, second, third = [shape_of(build(one), one, WarmLimits()) for one in nobodys]
    >>> first == second, first == third
    (True, False)
    """
    kwargs = json.dumps(to_kwargs(request), separators=(",", ":"))
    group = limits.shared_by(launch)
    name = sha256(f"{version}\n{group}\n{kwargs}".encode()).hexdigest()[: len(UNNAMED)]
    return WarmShape(name=name, kwargs=kwargs, limits=limits, group=group)


def request_for(shape: WarmShape, token: str, from_kwargs: Callable[[object], R]) -> R:
    """The request for a container of this shape."""
    return from_kwargs(shape.request_for(token))
