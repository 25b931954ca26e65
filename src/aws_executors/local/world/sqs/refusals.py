"""The errors that several of SQS's actions give, with SQS's messages.

Law: errors as values, and the check of a number. The codes are the names in botocore's model; `http/wire.py`
adds the codes of the older protocol, which clients see.
"""

from __future__ import annotations

from typing import NoReturn

from aws_executors.local.world.values import ServiceError

NOT_HERE = "aws_executors.local has only standard queues, and messages without attributes"


def reject_value(value: object, parameter: str, reason: str) -> NoReturn:
    """Reject the value of a parameter."""
    raise ServiceError(
        "InvalidParameterValueException",
        f"Value {value} for parameter {parameter} is invalid. Reason: {reason}",
    )


def hold_within(value: int, parameter: str, low: int, high: int) -> int:
    """The value, if it is within its limits; otherwise it is rejected."""
    if not low <= value <= high:
        reject_value(value, parameter, f"Must be between {low} and {high}, if provided.")
    return value
