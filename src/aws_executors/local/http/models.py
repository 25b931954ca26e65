"""Validate every request against botocore's service models.

Law: what is valid is read from the models; nothing about a service is defined here. An unknown member or a
wrong type is a SerializationException. A member that is missing, too short, too small or not in its
enumeration is a ValidationException, in botocore's words.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.session
from botocore.model import OperationModel, ServiceModel, Shape
from botocore.validate import ParamValidator

from aws_executors.local.world import Call
from aws_executors.local.world.values import ServiceError

SERVICES = ("ecs", "batch", "events", "logs", "s3", "sqs", "sts")
OPEN = ("sqs",)
"""The services whose enumerations are incomplete: SQS itself rejects an attribute that it does not know."""
CONSTRAINTS = ("Missing required", "Invalid length", "Invalid value")
VALIDATOR = ParamValidator()


@cache
def session() -> botocore.session.Session:
    """One session, so that each model is read from disk only once."""
    return botocore.session.Session()


@cache
def service(name: str) -> ServiceModel:
    """The model of a service, read once."""
    return session().get_service_model(name)


@cache
def operation(name: str, action: str) -> OperationModel:
    """The model of an action; raises UnknownOperationException."""
    if name not in SERVICES or action not in service(name).operation_names:
        raise ServiceError("UnknownOperationException", f"{name} has no operation {action}")
    return service(name).operation_model(action)


@cache
def targets() -> dict[str, str]:
    """The services, by the prefix of their `X-Amz-Target` header."""
    prefixes = {service(name).metadata.get("targetPrefix"): name for name in SERVICES}
    return {prefix: name for prefix, name in prefixes.items() if prefix}


@cache
def batch_paths() -> dict[tuple[str, str], str]:
    """Batch's actions by method and path; `/v1/tags` stands for `/v1/tags/{resourceArn}`."""
    http = {name: service("batch").operation_model(name).http for name in service("batch").operation_names}
    return {(one["method"], one["requestUri"].partition("/{")[0]): name for name, one in http.items()}


def check(call: Call) -> None:
    """Reject a call whose parameters do not match the action's input shape."""
    shape: Any = operation(call.service, call.action).input_shape
    if shape is None:
        return
    report = VALIDATOR.validate(call.params, shape)
    if report.has_errors():
        text = report.generate_report()
        constraint = all(line.startswith(CONSTRAINTS) for line in text.splitlines())
        raise ServiceError("ValidationException" if constraint else "SerializationException", text)
    problems = () if call.service in OPEN else _not_enumerated(call.params, shape, "input")
    for problem in problems:
        raise ServiceError("ValidationException", problem)


def _not_enumerated(value: Any, shape: Any, name: str) -> Iterator[str]:
    """The values that are not in their enumeration, which botocore's validator does not check."""
    if shape.type_name == "structure":
        for key, member in value.items():
            yield from _not_enumerated(member, shape.members[key], f"{name}.{key}")
    elif shape.type_name == "list" and _has_enums(shape.member):
        for index, item in enumerate(value):
            yield from _not_enumerated(item, shape.member, f"{name}[{index}]")
    elif shape.type_name == "string" and shape.enum and value not in shape.enum:
        yield (
            f"Value '{value}' at '{name}' failed to satisfy constraint: Member must satisfy enum value set: "
            + str(shape.enum)
        )


@cache
def _has_enums(shape: Shape) -> bool:
    return shape.type_name in ("structure", "list") or bool(getattr(shape, "enum", ()))
