"""EventBridge rules for containers and the queue that they lead to: what both services have in common.

Law: pure. How a deployment's containers are recognized is in each service's `event_rule.py`. Sources:
"Creating Amazon EventBridge event patterns" and "Using resource-based policies", EventBridge User Guide;
Service Authorization Reference, SQS, EventBridge and KMS.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from aws_executors.core.aws.iam import Also, Statement, Where
from aws_executors.core.settings.base import Settings

S = TypeVar("S", bound=Settings)
R = TypeVar("R")

Document: TypeAlias = dict[str, object]

HOSTNAME = "{hostname}"
"""The placeholder for the scheduler's host in `events_queue`."""

GIVEN_BACK = (*(0,) * 12, 1, 2, 4)
"""Seconds after which a message that is not for this scheduler may be received again, one for each time that
it is given back; after the last, no scheduler wants it. Most likely another scheduler receives it; it may
also be about a container whose RunTask has not been answered yet."""

RECEIVED = len(GIVEN_BACK) + 1
"""How many times a message is received at most: a message that no scheduler wants is given back each time but
the last, when it is deleted."""

RECEIVING = (
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibility",
    "sqs:GetQueueAttributes",
)
EVENT_READS = (
    "events:DescribeRule",
    "events:ListRuleNamesByTarget",
    "events:TestEventPattern",
    "kms:GetKeyPolicy",
    "sqs:GetQueueAttributes",
)
"""The actions with which the doctor checks the delivery of events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSelection(Generic[S, R]):
    """Which events a rule of EventBridge lets through for one service.

    `pattern` makes the rule's pattern, `owner` reads the option by which the pattern distinguishes
    deployments, and `sample` makes an event of a container in a status. Of each group of `statuses` the
    executor needs one; the first group is of a container that AWS has just accepted.
    """

    owner: Callable[[S], str]
    pattern: Callable[[S, R, Where, Also], Document]
    sample: Callable[[S, R, Where, str], Document]
    statuses: tuple[tuple[str, ...], ...]


def envelope(source: str, kind: str, where: Where, resource: str, detail: Document) -> Document:
    """An event in EventBridge's form, with all mandatory members (API_TestEventPattern)."""
    return {
        "version": "0",
        "id": "3317b2af-7005-947d-b652-f55e762e571a",
        "detail-type": kind,
        "source": source,
        "account": where.account,
        "time": "2026-01-01T00:00:00Z",
        "region": where.region,
        "resources": [resource],
        "detail": detail,
    }


def host_queue(url: str, hostname: str) -> str:
    """The URL of the queue of one scheduler's host.

    >>> host_queue("https://sqs.us-east-1.amazonaws.com/123456789012/airflow-{hostname}", "a.example.com")
    'https://sqs.us-east-1.amazonaws.com/123456789012/airflow-a-example-com'
    """
    return url.replace(HOSTNAME, re.sub(r"[^\w-]", "-", hostname))


def sqs_arn(url: str, region: str) -> str:
    """The ARN of a queue from its URL, which names the account, whichever endpoint the URL leads to.

    >>> sqs_arn("https://sqs.cn-north-1.amazonaws.com.cn/123456789012/airflow", "cn-north-1")
    'arn:aws-cn:sqs:cn-north-1:123456789012:airflow'
    """
    account, _, name = url.rpartition("/")
    return Where(region=region, account=account.rpartition("/")[2]).arn("sqs", name)


def receiving(settings: Settings) -> Iterator[Statement]:
    """What the scheduler needs to receive events: from any host's queue, if each host has its own.

    >>> from aws_executors.core.batch.settings import BatchSettings
    >>> settings = BatchSettings(region="us-east-1", job_name="airflow", job_queue="q", job_definition="d",
    ...     events_queue="https://sqs.us-east-1.amazonaws.com/123456789012/airflow-{hostname}")
    >>> [one.resources for one in receiving(settings)]
    [('arn:aws:sqs:us-east-1:123456789012:airflow-*',)]
    """
    if settings.events_queue:
        yield receiving_from(sqs_arn(settings.events_queue, settings.region).replace(HOSTNAME, "*"))


def receiving_from(*queues: str) -> Statement:
    """What the scheduler needs to receive from queues, by their ARNs."""
    return Statement(sid="ReceiveEvents", actions=RECEIVING, resources=queues)
