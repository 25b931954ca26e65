"""`warm`: the step that lets a task run in a container that has run other tasks, and takes more afterwards.

Law: values only; the request is left as it is. Of several such steps that apply to a launch, the last one
counts, as with `with_token_lifetime`; without a step the section's options apply. A task's
``executor_config`` can refuse a warm container in any case, and ask for one if no such step applies.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, cast

from aws_executors.core.requests.compose import Remark, call_text, parts_of, steps_taken
from aws_executors.core.requests.launch import Launch
from aws_executors.core.requests.maker import maker
from aws_executors.core.settings.base import Settings

Scope: TypeAlias = Literal["dag", "queue", "team"]

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
LONGEST_IDLE, LONGEST_AGE, MOST_TASKS = 3600.0, 7 * 86_400.0, 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmLimits:
    """How long a container that takes one workload after another is kept, and who may share it.

    `idle` is how many seconds the container waits for its next workload, `tasks` how many workloads it takes
    in all, `age` the seconds after which it takes no more. `scope` says which tasks may share it if they have
    the same request: those of one DAG, of one queue, or all of the executor (of a team, if there are teams).
    """

    idle: float = 120.0
    tasks: int = 100
    age: float = 4 * 3600.0
    scope: Scope = "dag"

    def shared_by(self, launch: Launch[Settings]) -> str:
        """What tasks must have in common, besides their request, to share a container.

        >>> from aws_executors.core.requests.launch import Task
        >>> launch = Launch(task=Task(dag_id="etl", task_id="t"), command=(), settings=None, token="0b6e")
        >>> WarmLimits().shared_by(launch), WarmLimits(scope="queue").shared_by(launch)
        ('dag etl', 'queue default')
        """
        match self.scope:
            case "dag":
                return f"dag {launch.task.dag_id}"
            case "queue":
                return f"queue {launch.queue}"
            case "team":
                return "team"


@dataclass(frozen=True, slots=True, repr=False)
class _Warm(Remark):
    limits: WarmLimits | None = field(compare=False)


@maker
def warm(
    *, idle: float | str = 120, tasks: int = 100, age: float | str = "4h", scope: Scope = "dag"
) -> Remark:
    """A step that leaves the request as it is, and lets its container take one workload after another.

    `idle` and `age` are seconds, or text such as ``"90s"``, ``"10m"``, ``"4h"``: how long a container waits
    for its next workload (at most an hour), and how long it takes new ones (at most a week). `tasks` is how
    many it takes in all (at most 1000), `scope` whose tasks share it: ``"dag"``, ``"queue"`` or ``"team"``.
    The step needs `workload_store`, and this package in the image. Raises ValueError for anything else.

    >>> from aws_executors.core.requests.compose import when
    >>> from aws_executors.core.requests.predicates import queue_is
    >>> when(queue_is("short"), warm(idle=60, age="2h"))
    when(queue_is('short'), warm(idle=60, tasks=100, age='2h', scope='dag'))
    >>> warm(idle=0)
    Traceback (most recent call last):
    ValueError: warm: idle = 0 is not between 1 s and 3600 s
    """
    limits = WarmLimits(
        idle=_seconds("idle", idle, LONGEST_IDLE),
        tasks=tasks,
        age=_seconds("age", age, LONGEST_AGE),
        scope=scope,
    )
    if not 1 <= tasks <= MOST_TASKS:
        raise ValueError(f"warm: tasks = {tasks} is not between 1 and {MOST_TASKS}")
    if scope not in ("dag", "queue", "team"):
        raise ValueError(f"warm: scope = {scope!r} is not 'dag', 'queue' or 'team'")
    return _Warm(call_text("warm", idle=idle, tasks=tasks, age=age, scope=scope), limits)


@maker
def cold() -> Remark:
    """A step that gives the task a container of its own, whatever an earlier step or the options say.

    >>> cold()
    cold()
    """
    return _Warm("cold()", None)


def warm_limits(build: object, launch: Launch[Settings]) -> WarmLimits | None:
    """The limits of the container that this launch may share, or None if it gets one of its own.

    >>> from aws_executors.core.requests.compose import compose
    >>> from aws_executors.core.requests.launch import Task
    >>> from aws_executors.ecs import build
    >>> from aws_executors.core.ecs.settings import EcsSettings
    >>> settings = EcsSettings(region="us-east-1", cluster="etl", container_name="main",
    ...                        task_definition="airflow:7", subnets=("subnet-1",))
    >>> launch = Launch(task=Task(dag_id="etl", task_id="t"), command=(), settings=settings, token="0b6e")
    >>> warm_limits(compose(build, warm(idle=60)), launch), warm_limits(build, launch)
    (WarmLimits(idle=60, tasks=100, age=14400, scope='dag'), None)
    """
    asked = asked_for(launch.executor_config)
    if asked is False:
        return None
    steps = [part.limits for part in steps_taken(build, launch) if isinstance(part, _Warm)]
    if steps:
        return steps[-1]
    own = launch.settings
    limits = WarmLimits(idle=own.warm_idle, tasks=own.warm_tasks, age=own.warm_age, scope=own.warm_scope)
    if own.warm_idle:
        return limits
    return WarmLimits(tasks=limits.tasks, age=limits.age, scope=limits.scope) if asked else None


def may_be_warm(build: object, settings: Settings) -> bool:
    """Whether any task may get a warm container, by the options or by a step.

    >>> from aws_executors.core.requests.compose import compose, when
    >>> from aws_executors.core.requests.predicates import queue_is
    >>> from aws_executors.core.batch.settings import BatchSettings
    >>> from aws_executors.batch import build
    >>> settings = BatchSettings(region="us-east-1", job_name="airflow", job_queue="q", job_definition="d")
    >>> may_be_warm(compose(build, when(queue_is("short"), warm())), settings), may_be_warm(build, settings)
    (True, False)
    """
    steps = (part for part in parts_of(build) if isinstance(part, _Warm))
    return bool(settings.warm_idle) or any(step.limits is not None for step in steps)


def asked_for(executor_config: object) -> object:
    """What a task's ``executor_config`` says for ``warm``: usually True or False; None if nothing.

    >>> asked_for({"warm": False}), asked_for({"cpu": 512}), asked_for(None)
    (False, None, None)
    """
    if not isinstance(executor_config, Mapping):
        return None
    return cast("Mapping[object, object]", executor_config).get("warm")


def _seconds(name: str, given: float | str, most: float) -> float:
    seconds: float | None = None
    if isinstance(given, str):
        if found := re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", given.strip()):
            seconds = float(found[1]) * UNITS[found[2]]
    elif not isinstance(given, bool):
        seconds = given
    if seconds is None:
        raise ValueError(f"warm: {name} = {given!r} is no time; write seconds, or text such as '90s' or '4h'")
    if not 1 <= seconds <= most:
        raise ValueError(f"warm: {name} = {given} is not between 1 s and {most:g} s")
    return int(seconds) if seconds == int(seconds) else seconds
