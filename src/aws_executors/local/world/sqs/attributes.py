"""The attributes of a queue: their names, allowed values and defaults.

Law: values in, values or a refusal out. Source: API_SetQueueAttributes; `MaximumMessageSize` as raised to
1 MiB in August 2025.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NoReturn

from aws_executors.local.world.values import Json, ServiceError

RANGES = {
    "DelaySeconds": (0, 900),
    "MaximumMessageSize": (1024, 1048576),
    "MessageRetentionPeriod": (60, 1209600),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "VisibilityTimeout": (0, 43200),
    "KmsDataKeyReusePeriodSeconds": (60, 86400),
}
DEFAULTS = {
    "DelaySeconds": "0",
    "MaximumMessageSize": "1048576",
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "VisibilityTimeout": "30",
    "SqsManagedSseEnabled": "true",
}
DOCUMENTS = ("Policy", "RedrivePolicy", "RedriveAllowPolicy")
WORDS = ("KmsMasterKeyId", "SqsManagedSseEnabled")
FIFO = ("FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit")
COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
READ_ONLY = (*COUNTS, "CreatedTimestamp", "LastModifiedTimestamp", "QueueArn")
READABLE = {"All", *RANGES, *DOCUMENTS, *WORDS, *FIFO, *READ_ONLY}
MAX_RECEIVES = 1000


def with_attributes(there: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """The attributes, updated by the given ones; an attribute set to "" gets its default, or is removed."""
    for name, value in given.items():
        _check_attribute(name, value)
    merged = {**there, **given}
    kept = {name: value for name, value in merged.items() if value != ""}
    return {**DEFAULTS, **kept}


def _check_attribute(name: str, value: str) -> None:
    if name not in (*RANGES, *DOCUMENTS, *WORDS):
        raise ServiceError("InvalidAttributeName", f"Unknown Attribute {name}.")
    if value == "":
        return
    if name in RANGES:
        low, high = RANGES[name]
        if not (value.isascii() and value.isdecimal() and low <= int(value) <= high):
            _invalid(name, value)
    if name in DOCUMENTS and not isinstance(document_of(value), dict):
        _invalid(name, value)
    if name == "RedrivePolicy":
        redrive_of(value)


def _invalid(name: str, value: str) -> NoReturn:
    raise ServiceError("InvalidAttributeValue", f"Invalid value for the parameter {name}: {value}")


def document_of(text: str) -> object:
    """A text parsed as JSON; None if it is not JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def redrive_of(text: str) -> tuple[str, int]:
    """A redrive policy's values: the dead-letter queue's ARN, and how often a message is received before."""
    found = document_of(text)
    policy: Json = found if isinstance(found, dict) else {}
    target, most = policy.get("deadLetterTargetArn"), str(policy.get("maxReceiveCount"))
    if set(policy) != {"deadLetterTargetArn", "maxReceiveCount"} or not isinstance(target, str):
        _invalid("RedrivePolicy", text)
    if not (most.isascii() and most.isdecimal() and 1 <= int(most) <= MAX_RECEIVES):
        _invalid("RedrivePolicy", text)
    return target, int(most)
