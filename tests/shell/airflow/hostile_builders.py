"""A builder that does to its task what the task's name says, for tests of what one task can do to others.

Law: a person's own module, as ``request_builder`` names it. What it raises quotes all that it was given.
"""

import sys

from pydantic import BaseModel

from aws_executors import Launch, ecs

SEEN: list[str] = []
"""The workloads that were really minted."""


class Own(BaseModel):
    """Something that a builder reads its tasks' configurations by."""

    dsn: int


def build(launch: Launch[ecs.EcsSettings]) -> ecs.RunTask:
    """As usual, unless the task is named for what it does."""
    SEEN.append(launch.command[-1])
    quoted = f"{launch.command} {launch.executor_config} \x1b[2K\r\nforged \x00 \ud800"
    match launch.task.task_id:
        case "exits":
            sys.exit(quoted)
        case "interrupts":
            raise KeyboardInterrupt(quoted)
        case "groups":
            raise BaseExceptionGroup(quoted, [ValueError(quoted), SystemExit(quoted)])
        case "reads":
            Own.model_validate({"dsn": launch.command[-1]})
        case "quotes":
            try:
                Own.model_validate({"dsn": "hunter2-is-long"})
            except ValueError as error:
                raise RuntimeError(str(error)) from error
        case "shouts":
            raise ValueError(quoted * 10_000)
        case _:
            pass
    return ecs.build(launch)
