"""Addresses in the AWS console.

Law: text in, text out; AWS is not asked. An ARN's own partition and Region decide which console; an address
that cannot be made from them is an empty text.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import quote

from aws_executors.core.aws.iam import partition

# Source: "AWS Management Console", AWS General Reference of each partition. The console addresses of the
# isolated partitions are not published: there is no link into them.
HOSTS: Mapping[str, str] = MappingProxyType(
    {
        "aws": "{region}.console.aws.amazon.com",
        "aws-cn": "{region}.console.amazonaws.cn",
        "aws-us-gov": "console.amazonaws-us-gov.com",
        "aws-eusc": "{region}.console.amazonaws-eusc.eu",
    }
)
PUBLIC = re.compile(r"[a-z]{2}-[a-z]+-\d+")
"""The form of the names of Regions in the partition ``aws``. Source: botocore, partitions.json."""

_ARN = re.compile(r"arn:[a-z-]+:ecs:[a-z0-9-]+:\d{12}:task/[\w-]+/[0-9a-f]+")
_JOB = re.compile(r"(?<=\()[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


def partition_of(region: str) -> str:
    """The partition of a Region; empty if its name has no known form.

    >>> partition_of("us-gov-west-1"), partition_of("cn-north-1"), partition_of("eu-central-1")
    ('aws-us-gov', 'aws-cn', 'aws')
    >>> partition_of("us-iso-east-1"), partition_of("eusc-de-east-1"), partition_of("us-new-east-1")
    ('aws-iso', 'aws-eusc', '')
    """
    found = partition(region)
    return found if found != "aws" or PUBLIC.fullmatch(region) else ""


def ecs_task(arn: str) -> str:
    """The page of an ECS task; empty for an ARN that names no cluster (the form before 2018).

    >>> ecs_task("arn:aws:ecs:us-east-1:123456789012:task/etl/0f1e")
    'https://us-east-1.console.aws.amazon.com/ecs/v2/clusters/etl/tasks/0f1e?region=us-east-1'
    """
    match arn.split(":", 5):
        case ["arn", where, "ecs", region, _, resource] if where in HOSTS:
            match resource.split("/"):
                case ["task", cluster, task]:
                    path = f"ecs/v2/clusters/{_safe(cluster)}/tasks/{_safe(task)}"
                    return f"{_host(where, region)}/{path}?region={_safe(region)}"
                case _:
                    return ""
        case _:
            return ""


def batch_job(region: str, job_id: str) -> str:
    """The page of a Batch job.

    >>> batch_job("cn-north-1", "4c75")
    'https://cn-north-1.console.amazonaws.cn/batch/home?region=cn-north-1#jobs/detail/4c75'
    """
    here = _host(partition_of(region), region)
    return here and job_id and f"{here}/batch/home?region={_safe(region)}#jobs/detail/{_safe(job_id)}"


def log_stream(region: str, group: str, stream: str) -> str:
    """The page of a log stream in CloudWatch; empty if a part of the address is not known.

    The part behind ``#`` is escaped twice, the second time with ``$`` in place of ``%``, as the console
    itself does.

    >>> log_stream("us-gov-west-1", "/airflow/tasks", "airflow/main/0f1e")
    'https://console.amazonaws-us-gov.com/cloudwatch/home?region=us-gov-west-1\
#logsV2:log-groups/log-group/$252Fairflow$252Ftasks/log-events/airflow$252Fmain$252F0f1e'
    """
    here = _log_groups(region, group)
    return here and stream and f"{here}/log-events/{_twice(stream)}"


def log_group(region: str, group: str, began: float, ended: float) -> str:
    """The page of a log group's lines between two times (epoch seconds); empty as in `log_stream`.

    >>> log_group("us-east-1", "tasks", 1.5, 2.0)
    'https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1\
#logsV2:log-groups/log-group/tasks/log-events$3Fstart$3D1500$26end$3D2000'
    """
    here = _log_groups(region, group)
    span = _safe(f"?start={int(began * 1000)}&end={int(ended * 1000)}").replace("%", "$")
    return here and f"{here}/log-events{span}"


def container_in(message: str) -> str:
    """The container that a failure's message names: a task's ARN or a job's id; empty if it names none.

    >>> container_in("It ended (arn:aws:ecs:us-east-1:123456789012:task/etl/0f1e, exit code 1).")
    'arn:aws:ecs:us-east-1:123456789012:task/etl/0f1e'
    >>> container_in("It ended (1b4e28ba-2fa1-11d2-883f-0016d3cca427, exit code 1). AWS says: gone.")
    '1b4e28ba-2fa1-11d2-883f-0016d3cca427'
    """
    found = _ARN.search(message) or _JOB.search(message)
    return "" if found is None else found.group()


def _log_groups(region: str, group: str) -> str:
    here = _host(partition_of(region), region)
    page = f"{here}/cloudwatch/home?region={_safe(region)}#logsV2:log-groups/log-group/{_twice(group)}"
    return here and group and page


def _host(where: str, region: str) -> str:
    """The console's address; empty if it is not known."""
    host = HOSTS.get(where, "")
    return host and f"https://{host.replace('{region}', _safe(region))}"


def _safe(text: str) -> str:
    return quote(text, safe="", errors="replace")


def _twice(text: str) -> str:
    return _safe(_safe(text)).replace("%", "$")
