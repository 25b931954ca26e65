"""The part of ECS's task metadata endpoint that our launcher reads: the task, the container and its usage.

Law: the variable ECS_CONTAINER_METADATA_URI_V4 of a container has the address for it, which contains its
name. Its usage is that of its real processes, without the network, which is this machine's, as in the network
mode ``host``. Source: "Amazon ECS task metadata endpoint version 4", Developer Guide.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from aws_executors.local.http.wire import http
from aws_executors.local.memory import memory_used, sessions, spent

ROOT = "/v4/"
NANO = 10**9


def metadata_uri(url: str, container: object) -> str:
    """The value of ECS_CONTAINER_METADATA_URI_V4 in a container; `container` is `<task id>/<name>`."""
    return f"{url}{ROOT}{container}"


def is_metadata(path: str) -> bool:
    """Whether a request is for metadata."""
    return path.startswith(ROOT)


def metadata(path: str, arns: Mapping[str, str], running: Mapping[str, int]) -> bytes:
    """The response; `arns` are the tasks' ARNs by their ids, `running` the first processes of all containers
    by `<task id>/<name>`. For an unknown task, the response has a made-up ARN."""
    container = path.removeprefix(ROOT)
    told: object = {"Name": container.rpartition("/")[2], "Networks": [{"NetworkMode": "host"}]}
    if container.endswith("/task"):
        task = container.partition("/")[0]
        unknown = f"arn:aws:ecs:local:000000000000:task/local/{task}"
        told = {"TaskARN": arns.get(task, unknown), "KnownStatus": "RUNNING"}
    elif container.endswith("/stats"):
        told = container_stats(running.get(container.removesuffix("/stats"), 0))
    return http(200, json.dumps(told).encode(), "application/json", {})


def container_stats(process: int) -> object:
    """The usage of the container with this first process, in Docker's format; None if no process is left.

    Source: ``ContainerStats``, Docker Engine API.
    """
    processes = sessions().get(process, ()) if process else ()
    if not processes:
        return None
    return {
        "cpu_stats": {"cpu_usage": {"total_usage": round(spent(processes) * NANO)}},
        "memory_stats": {"usage": memory_used(processes), "stats": {}},
    }
