"""Addresses in the AWS console.

Law: text in, text out; nothing is asked. An ARN's own partition and Region decide where, and what can not be
told from it is an empty text.
"""

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import quote

# Source: "AWS Management Console", AWS General Reference; the consoles of China and GovCloud are their own.
HOSTS: Mapping[str, str] = MappingProxyType(
    {
        "aws": "{region}.console.aws.amazon.com",
        "aws-cn": "{region}.console.amazonaws.cn",
        "aws-us-gov": "console.amazonaws-us-gov.com",
    }
)
PREFIXES: tuple[tuple[str, str], ...] = (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"))


def partition_of(region: str) -> str:
    """The partition of a Region.

    >>> partition_of("us-gov-west-1"), partition_of("cn-north-1"), partition_of("eu-central-1")
    ('aws-us-gov', 'aws-cn', 'aws')
    """
    return next((partition for prefix, partition in PREFIXES if region.startswith(prefix)), "aws")


def ecs_task(arn: str) -> str:
    """The page of an ECS task; empty for an ARN that names no cluster (the form before 2018).

    >>> ecs_task("arn:aws:ecs:us-east-1:123456789012:task/etl/0f1e")
    'https://us-east-1.console.aws.amazon.com/ecs/v2/clusters/etl/tasks/0f1e?region=us-east-1'
    """
    match arn.split(":", 5):
        case ["arn", partition, "ecs", region, _, resource] if partition in HOSTS:
            match resource.split("/"):
                case ["task", cluster, task]:
                    path = f"ecs/v2/clusters/{_safe(cluster)}/tasks/{_safe(task)}"
                    return f"{_host(partition, region)}/{path}?region={_safe(region)}"
                case _:
                    return ""
        case _:
            return ""


def batch_job(region: str, job_id: str) -> str:
    """The page of a Batch job.

    >>> batch_job("cn-north-1", "4c75")
    'https://cn-north-1.console.amazonaws.cn/batch/home?region=cn-north-1#jobs/detail/4c75'
    """
    if not region or not job_id:
        return ""
    here = _host(partition_of(region), region)
    return f"{here}/batch/home?region={_safe(region)}#jobs/detail/{_safe(job_id)}"


def log_stream(region: str, group: str, stream: str) -> str:
    """The page of a log stream in CloudWatch; empty where a part is.

    The part behind ``#`` is escaped twice, the second time with ``$`` in place of ``%``, as the console
    itself does.

    >>> log_stream("us-gov-west-1", "/airflow/tasks", "airflow/main/0f1e")
    'https://console.amazonaws-us-gov.com/cloudwatch/home?region=us-gov-west-1\
#logsV2:log-groups/log-group/$252Fairflow$252Ftasks/log-events/airflow$252Fmain$252F0f1e'
    """
    if not region or not group or not stream:
        return ""
    here = f"{_host(partition_of(region), region)}/cloudwatch/home?region={_safe(region)}"
    return f"{here}#logsV2:log-groups/log-group/{_twice(group)}/log-events/{_twice(stream)}"


def log_group(region: str, group: str, began: float, ended: float) -> str:
    """The page of all that a log group was told between two times (seconds since the epoch); empty where a
    part of the name is.

    >>> log_group("us-east-1", "tasks", 1.5, 2.0)
    'https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1\
#logsV2:log-groups/log-group/tasks/log-events$3Fstart$3D1500$26end$3D2000'
    """
    if not region or not group:
        return ""
    here = f"{_host(partition_of(region), region)}/cloudwatch/home?region={_safe(region)}"
    span = _safe(f"?start={int(began * 1000)}&end={int(ended * 1000)}").replace("%", "$")
    return f"{here}#logsV2:log-groups/log-group/{_twice(group)}/log-events{span}"


def _host(partition: str, region: str) -> str:
    return f"https://{HOSTS[partition].replace('{region}', _safe(region))}"


def _safe(text: str) -> str:
    return quote(text, safe="")


def _twice(text: str) -> str:
    return _safe(_safe(text)).replace("%", "$")
