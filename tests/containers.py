"""Builders whose containers do what the task's queue says, for tests of the executors.

Law: a person's own module, as ``request_builder`` names it: plain functions, the command replaced.
"""

import threading
from dataclasses import replace

from aws_executors import Launch, batch, compose, ecs
from aws_executors.core.requests.launch import Launch as AnyLaunch
from aws_executors.core.settings.base import Settings
from aws_executors.core.warm.step import warm

PYTHON = ("python", "-c")
RELEASED = threading.Event()


def command(launch: AnyLaunch[Settings]) -> tuple[str, ...]:
    """``exit-N`` ends at once with that code, ``fail-WORD`` says a word and ends with 3, ``print-WORD`` says
    it and runs on, ``used-N`` says that it used N MiB and ends well, ``sleep`` runs until it is stopped."""
    verb, _, word = launch.queue.partition("-")
    if verb == "exit":
        return (*PYTHON, f"raise SystemExit({word})")
    if verb == "fail":
        return (*PYTHON, f"print({word!r}); raise SystemExit(3)")
    if verb == "used":
        said = f'aws_executors.run: used {{"memory":{word},"cpu":0.5}}'
        return (*PYTHON, f"print({said!r})")
    if verb == "print":
        return (*PYTHON, f"import time; print({word!r}, flush=True); time.sleep(600)")
    return (*PYTHON, "import time; time.sleep(600)")


def ecs_says(launch: Launch[ecs.EcsSettings], request: ecs.RunTask) -> ecs.RunTask:
    """The queue's command in the Airflow container."""
    assert request.overrides is not None
    (container,) = request.overrides.container_overrides
    told = replace(container, command=command(launch))
    return replace(request, overrides=replace(request.overrides, container_overrides=(told,)))


def batch_says(launch: Launch[batch.BatchSettings], request: batch.SubmitJob) -> batch.SubmitJob:
    """The queue's command in the job's container."""
    assert request.container_overrides is not None
    return replace(request, container_overrides=replace(request.container_overrides, command=command(launch)))


def broken(launch: Launch[ecs.EcsSettings], request: ecs.RunTask) -> ecs.RunTask:
    """Raises for one task, and does not return for others, as a person's own step may."""
    if launch.task.task_id.startswith("hangs"):
        RELEASED.wait(120)
    if launch.task.task_id == "breaks":
        raise ZeroDivisionError("my step divided by nothing")
    return request


def played(words: tuple[str, ...]) -> tuple[str, ...]:
    """The same command with `warm_container` in the place of our launcher."""
    return tuple("warm_container" if word == "aws_executors.run" else word for word in words)


def ecs_plays(launch: Launch[ecs.EcsSettings], request: ecs.RunTask) -> ecs.RunTask:
    """A warm container without Airflow."""
    assert request.overrides is not None
    (container,) = request.overrides.container_overrides
    told = replace(container, command=played(launch.command))
    return replace(request, overrides=replace(request.overrides, container_overrides=(told,)))


def batch_plays(launch: Launch[batch.BatchSettings], request: batch.SubmitJob) -> batch.SubmitJob:
    """The same on Batch."""
    assert request.container_overrides is not None
    changed = replace(request.container_overrides, command=played(launch.command))
    return replace(request, container_overrides=changed)


build_ecs = compose(ecs.build, ecs_says, broken)
warm_ecs = compose(ecs.build, ecs_plays, warm(idle=20, scope="team"))
warm_batch = compose(batch.build, batch_plays, warm(idle=20, scope="team"))
pair_ecs = compose(ecs.build, ecs_plays, warm(idle=20, tasks=2, scope="team"))
pair_batch = compose(batch.build, batch_plays, warm(idle=20, tasks=2, scope="team"))
build_batch = compose(batch.build, batch_says)
