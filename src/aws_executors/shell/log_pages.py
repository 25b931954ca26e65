"""One page of a log stream, by boto3.

Law: a call and its errors as values; what a page says is read in `core/logs.py`.
"""

from typing import TYPE_CHECKING

from returns.result import Failure, Result

from aws_executors.core.errors import AwsError, Kind
from aws_executors.core.logs import LINES
from aws_executors.core.streams import Stream
from aws_executors.shell.clients import Clients

if TYPE_CHECKING:
    from mypy_boto3_logs.type_defs import GetLogEventsRequestTypeDef


def log_page(clients: Clients, region: str, stream: Stream, next_token: str) -> Result[object, AwsError]:
    """The newest page of a log where `next_token` is empty, else the one that it stands for."""
    if stream.region not in ("", region):
        return Failure(no_log(f"it is in {stream.region}, and here only {region} is read"))
    kwargs: GetLogEventsRequestTypeDef = {
        "logGroupName": stream.group,
        "logStreamName": stream.name,
        "limit": LINES,
        "startFromHead": False,
    }
    if next_token:
        # A token has its direction in itself. Source: "GetLogEvents", CloudWatch Logs API.
        kwargs |= {"nextToken": next_token}
    return clients.logs(lambda logs: logs.get_log_events(**kwargs))


def no_log(problem: str) -> AwsError:
    """There is no log to be read, and why."""
    return AwsError(kind=Kind.PERMANENT, code="NoLog", message=problem)
