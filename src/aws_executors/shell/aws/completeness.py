"""Whether an answer has come in whole.

Law: looks whether an answer has anything in it, never at what that means. botocore takes a body that was cut
short, or that is no JSON at all (a proxy's page), for an answer without members: "there are no such tasks".
A container would be taken for lost, or started twice. Source: botocore's ``parsers.py``,
`_parse_body_as_json`, and ``httpsession.py``, ``enforce_content_length=False``.
"""

from collections.abc import Mapping
from functools import partial
from typing import TypedDict, cast

from botocore.client import BaseClient
from botocore.model import OperationModel, ServiceModel

from aws_executors.core.errors import AwsExecutorsError

GOOD, NO_CONTENT, REFUSED = 200, 204, 300


class _Metadata(TypedDict, total=False):
    HTTPStatusCode: int


class EmptyAnswerError(AwsExecutorsError, OSError):
    """An answer that says it went well, and has none of the members that such an answer has.

    A member that is null is none: ``{"tasks": null}``, or a proxy's ``{"message": "Service Unavailable"}``,
    says nothing of any container.
    """


def refuse_empty_answers(client: BaseClient) -> None:
    """From now on calls of this client raise `EmptyAnswerError` for a good answer without any member.

    ECS, Batch and CloudWatch Logs send their lists even where nothing is in them. Operations whose answers
    have no members (TerminateJob), and those that say that there is no content (204: S3's DeleteObject), are
    not concerned.
    """
    model = client.meta.service_model
    event = f"response-received.{model.service_id.hyphenize()}"
    client.meta.events.register(event, partial(_check, model))


def refuse_empty(operation: OperationModel, parsed: Mapping[str, object]) -> None:
    """Raise `EmptyAnswerError` for a good answer without any member, where such an answer has some."""
    shape = operation.output_shape
    if shape is None or not shape.members:
        return
    status = cast("_Metadata", parsed.get("ResponseMetadata", {})).get("HTTPStatusCode", GOOD)
    if status == NO_CONTENT or status >= REFUSED:
        return
    if all(parsed.get(member) is None for member in shape.members):
        raise EmptyAnswerError("the answer has none of its members, or was cut short")


def _check(
    model: ServiceModel, event_name: str, parsed_response: Mapping[str, object] | None, **_: object
) -> None:
    if parsed_response is not None:
        refuse_empty(model.operation_model(event_name.rpartition(".")[2]), parsed_response)
