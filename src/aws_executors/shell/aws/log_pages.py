"""Where a container's log is, and one page of it, by boto3.

Law: the calls that only logs need, with errors as values; `core/logs/streams.py` and `core/logs/lines.py`
read the answers. Without permission for these calls the executors still work, but show no logs.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from returns.result import Failure, Result, Success

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.logs.lines import LINES
from aws_executors.core.logs.streams import Stream, batch_stream, definition_of, ecs_stream, main_node
from aws_executors.shell.aws.client.clients import Clients

if TYPE_CHECKING:
    from mypy_boto3_logs.type_defs import GetLogEventsRequestTypeDef


def log_page(clients: Clients, region: str, stream: Stream, next_token: str) -> Result[object, AwsError]:
    """The page of a log that `next_token` stands for; the newest page if the token is empty."""
    if stream.region not in ("", region):
        return Failure(no_log(f"it is in {stream.region}, and here only {region} is read"))
    kwargs: GetLogEventsRequestTypeDef = {
        "logGroupName": stream.group,
        "logStreamName": stream.name,
        "limit": LINES,
        "startFromHead": False,
    }
    if next_token:
        # The token includes the direction. Source: "GetLogEvents", CloudWatch Logs API.
        kwargs |= {"nextToken": next_token}
    return clients.logs(lambda logs: logs.get_log_events(**kwargs))


def ecs_log(clients: Clients, cluster: str, task: str, container: str) -> Result[Stream, AwsError]:
    """Where a container of this ECS task logs to, according to the task's definition."""
    shown = clients.ecs(lambda ecs: ecs.describe_tasks(cluster=cluster, tasks=[task]))
    named = shown.bind(lambda answer: definition_of(answer).alt(no_log))
    return named.bind(lambda name: defined_log(clients, name, container, task.rpartition("/")[2]))


def defined_log(clients: Clients, definition: str, container: str, task: str) -> Result[Stream, AwsError]:
    """Where a container of a task of this definition logs to; only the log group if `task` is empty."""
    defined = clients.ecs(lambda ecs: ecs.describe_task_definition(taskDefinition=definition))
    found = defined.bind(lambda answer: ecs_stream(answer, container=container, task=task).alt(no_log))
    return found if task else found.map(lambda stream: replace(stream, name=""))


def batch_log(clients: Clients, job: str, container: str) -> Result[Stream, AwsError]:
    """Where the container of this job logs to, according to its description, or to its main node's."""
    shown = _described(clients, job).bind(
        lambda answer: _described(clients, node) if (node := main_node(answer)) else Success(answer)
    )
    return shown.bind(lambda answer: batch_stream(answer, container=container).alt(no_log))


def _described(clients: Clients, job: str) -> Result[object, AwsError]:
    return clients.batch(lambda batch: batch.describe_jobs(jobs=[job]))


def no_log(problem: str) -> AwsError:
    """The error that there is no log to read, and why."""
    return AwsError(kind=Kind.PERMANENT, code="NoLog", message=problem)
