"""Find the log stream of a container that logs through FireLens.

Law: pure. Takes the options of the log driver ``awsfirelens`` and returns log group and stream, or why they
cannot be known. Only the container definition is read; what the log router's own configuration file adds is
unknown. Sources: "Using custom log routing with FireLens", Amazon ECS Developer Guide (records are tagged
``<container>-firelens-<task id>``); Fluent Bit, "Amazon CloudWatch" (`cloudwatch_logs`); the plugin
`cloudwatch` of aws-for-fluent-bit, whose names may contain variables like ``$(ecs_task_id)``.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from returns.result import Failure, Result, Success

DRIVER = "awsfirelens"
PLUGINS = ("cloudwatch", "cloudwatch_logs")


@dataclass(frozen=True, slots=True)
class Routed:
    """Where FireLens writes to; an empty `region` means the container's own Region."""

    group: str
    name: str
    region: str


def routed(written: Mapping[str, str], container: str, task: str) -> Result[Routed, str]:
    """Where a container of the task with this id logs to, or why that cannot be known.

    >>> options = {"Name": "cloudwatch", "log_group_name": "/airflow", "log_stream_prefix": "tasks/"}
    >>> routed(options, "main", "0f1e").unwrap().name
    'tasks/main-firelens-0f1e'
    >>> routed({"Name": "datadog"}, "main", "0f1e").failure()
    "its container logs by FireLens to 'datadog', and only what goes to CloudWatch Logs can be read here"
    """
    options = {name.lower(): value for name, value in written.items()}
    plugin = options.get("name", "")
    if plugin.lower() not in PLUGINS:
        where = f"to {plugin!r}" if plugin else "where the router's own configuration says"
        return Failure(
            f"its container logs by FireLens {where}, and only what goes to CloudWatch Logs can be read here"
        )
    known = {"ecs_task_id": task, "tag": f"{container}-firelens-{task}", "container_name": container}
    group = _filled(options.get("log_group_name", ""), known if plugin.lower() == "cloudwatch" else {})
    name = _stream(options, known, templates=plugin.lower() == "cloudwatch")
    if not group or not name:
        option = "log_stream_prefix (or a log_stream_name with the task's id)" if group else "log_group_name"
        return Failure(
            f"FireLens does not say in {option} where it logs to, so nobody knows the stream's name"
        )
    return Success(Routed(group, name, options.get("region", "")))


def _stream(options: Mapping[str, str], known: Mapping[str, str], *, templates: bool) -> str:
    """The stream of one task; empty if it has none of its own, or if only the router knows its name."""
    if "log_stream_template" in options or "log_group_template" in options:
        return ""
    if "log_stream_prefix" in options:
        prefix = _filled(options["log_stream_prefix"], known if templates else {})
        return f"{prefix}{known['tag']}" if prefix or not options["log_stream_prefix"] else ""
    name = _filled(options.get("log_stream_name", ""), known if templates else {})
    return name if known["ecs_task_id"] in name else ""


def _filled(text: str, known: Mapping[str, str]) -> str:
    """The text with its variables filled in; empty if one of them is unknown."""
    for name, value in known.items():
        text = text.replace(f"$({name})", value)
    return "" if "$" in text else text


def group_of(driver: str, options: Mapping[str, str], region: str) -> tuple[str, ...]:
    """The log group of a container, for either log driver, if its name is fixed and it is in this Region.

    >>> group_of("awslogs", {"awslogs-group": "/airflow", "awslogs-region": "eu-west-1"}, "eu-west-1")
    ('/airflow',)
    >>> group_of("awsfirelens", {"Name": "cloudwatch", "log_group_name": "/a-$(ecs_task_id)"}, "eu-west-1")
    ()
    """
    if driver == DRIVER:
        lower = {name.lower(): value for name, value in options.items()}
        cloudwatch = lower.get("name", "").lower() in PLUGINS
        group, where = lower.get("log_group_name", "") if cloudwatch else "", lower.get("region", region)
    else:
        group, where = options.get("awslogs-group", ""), options.get("awslogs-region", region)
    return (group,) if group and "$" not in group and where == region else ()
