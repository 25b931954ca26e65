"""What of the fleet page is said in words: ages, names, addresses.

Law: one small function each. An address of Airflow's own pages is relative to the fleet page, which stands
one folder below Airflow's root: so a prefix in front of Airflow changes nothing here.
"""

import re
from urllib.parse import quote

from aws_executors.core import console
from aws_executors.core.fleet.snapshot import Key
from aws_executors.core.texts import NAME, one_line

STEPS = (("d", 86400), ("h", 3600), ("min", 60))
"""Units of time, in seconds, the largest first."""

ROOT = ".."
"""Airflow's root, as seen from the fleet page."""

_ARN = re.compile(r"arn:[a-z-]+:ecs:[a-z0-9-]+:\d{12}:task/[\w-]+/[0-9a-f]+")
_JOB = re.compile(r"(?<=\()[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


def age(seconds: float) -> str:
    """So long, to two units; clocks that are a little apart make nothing negative.

    >>> age(4.2), age(75), age(3600), age(90061), age(-1)
    ('4 s', '1 min 15 s', '1 h', '1 d 1 h', '0 s')
    """
    left = max(0, int(seconds))
    for place, (unit, size) in enumerate(STEPS):
        if left >= size:
            count, rest = divmod(left, size)
            smaller, unit_size = [*STEPS, ("s", 1)][place + 1]
            more = rest // unit_size
            return f"{count} {unit} {more} {smaller}" if more else f"{count} {unit}"
    return f"{left} s"


def name_of(key: Key) -> str:
    """A task instance as a person reads it, without its run.

    >>> name_of(Key(dag="etl", task="load", run="r", index=3)), name_of(Key())
    ('etl.load [3]', 'callback')
    """
    if not key.dag:
        return "callback"
    return f"{key.dag}.{key.task}" + (f" [{key.index}]" if key.index >= 0 else "")


def task_page(key: Key) -> str:
    """The task instance's page in Airflow; empty for a callback. Source: ``TaskInstance.log_url``.

    >>> task_page(Key(dag="etl", task="load", run="manual__2026+00:00", number=2))
    '../dags/etl/runs/manual__2026%2B00%3A00/tasks/load?try_number=2'
    """
    if not key.dag:
        return ""
    parts = ["dags", key.dag, "runs", key.run, "tasks", key.task]
    parts += ["mapped", str(key.index)] if key.index >= 0 else []
    path = "/".join(quote(part, safe="") for part in parts)
    return f"{ROOT}/{path}" + (f"?try_number={key.number}" if key.number > 0 else "")


def container_page(container: str, region: str) -> str:
    """A container's page in the AWS console; empty where there is no container.

    >>> container_page("4c75", "us-east-1")
    'https://us-east-1.console.aws.amazon.com/batch/home?region=us-east-1#jobs/detail/4c75'
    """
    return console.ecs_task(container) or ("" if ":" in container else console.batch_job(region, container))


def container_in(words: str) -> str:
    """The container that a failure's words are about: a task's ARN or a job's id; empty where none is named.

    >>> container_in("It ended (arn:aws:ecs:us-east-1:123456789012:task/etl/0f1e, exit code 1).")
    'arn:aws:ecs:us-east-1:123456789012:task/etl/0f1e'
    >>> container_in("It ended (1b4e28ba-2fa1-11d2-883f-0016d3cca427, exit code 1). AWS says: gone.")
    '1b4e28ba-2fa1-11d2-883f-0016d3cca427'
    """
    found = _ARN.search(words) or _JOB.search(words)
    return "" if found is None else found.group()


def short(container: str) -> str:
    """What of a container's id is worth a column.

    >>> short("arn:aws:ecs:us-east-1:123456789012:task/etl/0f1e2d3c4b5a"), short("4c75")
    ('0f1e2d3c', '4c75')
    """
    return container.rpartition("/")[2][:8]


def headline(words: str) -> str:
    """What a failure's words say before they name a container: failures of one kind have one headline.

    >>> headline("The container never started (arn:1, exit code 3). AWS says: gone.")
    'The container never started'
    >>> headline("AccessDenied: no. Allow it.")
    'AccessDenied: no'
    """
    return one_line(words.partition(" (")[0].partition(". ")[0].rstrip("."), NAME) or "no reason given"
