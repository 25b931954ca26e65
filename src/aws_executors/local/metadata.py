"""The part of ECS's task metadata endpoint that tells a container its task.

Law: each container gets its own address, in ECS_CONTAINER_METADATA_URI_V4; the task's id is in it.
Source: "Amazon ECS task metadata endpoint version 4", Developer Guide.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from aws_executors.local.wire import http

ROOT = "/v4/"


def metadata_uri(url: str, task: str) -> str:
    """The value of ECS_CONTAINER_METADATA_URI_V4 in the containers of the task with this id."""
    return f"{url}{ROOT}{task}"


def is_metadata(path: str) -> bool:
    """Whether a request is for a task's metadata."""
    return path.startswith(ROOT) and path.endswith("/task")


def metadata(path: str, arns: Mapping[str, str]) -> bytes:
    """The response: the task's ARN, which is that of no task for an id that is not known."""
    task = path.removeprefix(ROOT).removesuffix("/task")
    unknown = f"arn:aws:ecs:local:000000000000:task/local/{task}"
    told = {"TaskARN": arns.get(task, unknown), "KnownStatus": "RUNNING"}
    return http(200, json.dumps(told).encode(), "application/json", {})
