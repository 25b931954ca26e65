"""Format ages, names and addresses for the fleet page.

Law: addresses of Airflow's pages are relative to the fleet page, which is one folder below Airflow's root, so
that a prefix in front of Airflow needs no change here.
"""

from itertools import pairwise
from urllib.parse import quote

from aws_executors.core.aws import console
from aws_executors.dashboard.snapshot import TaskKey

UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
"""Units of time in seconds, the largest first."""

ROOT = ".."
"""Airflow's root, relative to the fleet page."""


def age(seconds: float) -> str:
    """A duration in at most two units; slightly different clocks never give a negative one.

    >>> age(4.2), age(75), age(3600), age(90061), age(-1)
    ('4 s', '1 min 15 s', '1 h', '1 d 1 h', '0 s')
    """
    left = max(0, int(seconds))
    for (unit, size), (smaller, smaller_size) in pairwise(UNITS):
        if left >= size:
            count, more = left // size, left % size // smaller_size
            return f"{count} {unit} {more} {smaller}" if more else f"{count} {unit}"
    return f"{left} s"


def task_name(key: TaskKey) -> str:
    """The name of a task instance, without its run.

    >>> task_name(TaskKey(dag="etl", task="load", run="r", map_index=3)), task_name(TaskKey())
    ('etl.load [3]', 'callback')
    """
    if not key.dag:
        return "callback"
    return f"{key.dag}.{key.task}" + (f" [{key.map_index}]" if key.map_index >= 0 else "")


def task_page(key: TaskKey) -> str:
    """The task instance's page in Airflow; empty for a callback. Source: ``TaskInstance.log_url``.

    >>> task_page(TaskKey(dag="etl", task="load", run="manual__2026+00:00", try_number=2))
    '../dags/etl/runs/manual__2026%2B00%3A00/tasks/load?try_number=2'
    """
    if not key.dag:
        return ""
    parts = ["dags", key.dag, "runs", key.run, "tasks", key.task]
    parts += ["mapped", str(key.map_index)] if key.map_index >= 0 else []
    path = "/".join(quote(part, safe="") for part in parts)
    return f"{ROOT}/{path}" + (f"?try_number={key.try_number}" if key.try_number > 0 else "")


def container_page(container: str, region: str) -> str:
    """A container's page in the AWS console; empty if there is no container.

    >>> container_page("4c75", "us-east-1")
    'https://us-east-1.console.aws.amazon.com/batch/home?region=us-east-1#jobs/detail/4c75'
    """
    return console.ecs_task(container) or ("" if ":" in container else console.batch_job(region, container))


def short_id(container: str) -> str:
    """The short form of a container's id.

    >>> short_id("arn:aws:ecs:us-east-1:123456789012:task/etl/0f1e2d3c4b5a"), short_id("4c75")
    ('0f1e2d3c', '4c75')
    """
    return container.rpartition("/")[2][:8]
