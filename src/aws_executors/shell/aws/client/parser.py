"""Read AWS's successful answers without walking botocore's model of them, and reject empty ones.

Law: a successful answer of a JSON service is its JSON as it stands (times stay numbers), because the core
reads only what it needs. Errors and answers of other protocols are left to botocore's own parser, which took
four fifths of a describe call's CPU for 100 tasks (9.2 ms against 1.7 ms, one thread, botocore 1.44.5).

botocore takes a body that was cut short, or that is no JSON at all (a proxy's page), for an answer without
members: "there are no such tasks". A container would be taken for lost, or started twice. Source: botocore's
``parsers.py``, `_parse_body_as_json`, and ``httpsession.py``, ``enforce_content_length=False``.
"""

import json
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, cast

from botocore.client import BaseClient
from botocore.model import ServiceModel, Shape
from botocore.parsers import ResponseParser, ResponseParserFactory
from pydantic_core import from_json

from aws_executors.core.aws.errors import BETWEEN
from aws_executors.core.errors import AwsExecutorsError

PAGE = f"a page in place of an answer: {BETWEEN}"
GOOD, NO_CONTENT, REFUSED = 200, 204, 300


class EmptyAnswerError(AwsExecutorsError, OSError):
    """A successful answer that has none of the members of its operation's answers.

    A member that is null does not count: ``{"tasks": null}``, or a proxy's
    ``{"message": "Service Unavailable"}``, says nothing of any container.
    """


def refuse_empty_answers(client: BaseClient) -> None:
    """Make calls of this client raise `EmptyAnswerError` for a successful answer without any member.

    AWS's services send empty lists, too, all but SQS. Exempt are operations whose answers have no members
    (TerminateJob), and answers with the status 204 (S3's DeleteObject).
    """
    model = client.meta.service_model
    event = f"response-received.{model.service_id.hyphenize()}"
    client.meta.events.register(event, partial(refuse_empty, model))


def refuse_empty(
    model: ServiceModel, event_name: str, parsed_response: Mapping[str, Any] | None, **_: object
) -> None:
    """Raise `EmptyAnswerError` for a successful answer without any member, if its operation has some."""
    shape = model.operation_model(event_name.rpartition(".")[2]).output_shape
    if parsed_response is None or shape is None or not shape.members:
        return
    status = parsed_response.get("ResponseMetadata", {}).get("HTTPStatusCode", GOOD)
    if status == NO_CONTENT or status >= REFUSED:
        return
    if not [member for member in shape.members if parsed_response.get(member) is not None]:
        raise EmptyAnswerError("the response cannot be read: it has none of its members, or was cut short")


class QuickParsers(ResponseParserFactory):
    """botocore's factory of parsers, for the component ``response_parser_factory`` of a session.

    >>> parser = QuickParsers().create_parser("json")
    >>> answer = {"status_code": 200, "headers": {}, "body": b'{"taskArns": ["arn:1"]}'}
    >>> parser.parse(answer, Shape("ListTasksResponse", {"type": "structure"}))["taskArns"]
    ['arn:1']
    """

    def __init__(self) -> None:
        super().__init__()
        self._made: dict[str, ResponseParser] = {}  # botocore asks anew for every call

    def create_parser(self, protocol_name: str) -> ResponseParser:
        """The parser of a protocol: a quick one for JSON, botocore's for the others."""
        if protocol_name not in MADE:
            return super().create_parser(protocol_name)
        if protocol_name not in self._made:
            self._made[protocol_name] = MADE[protocol_name](super().create_parser(protocol_name))
        return self._made[protocol_name]


class _Quick(ResponseParser):
    def __init__(self, whole: ResponseParser) -> None:
        super().__init__()
        self._whole = whole

    def parse(self, response: Mapping[str, Any], shape: Shape) -> Any:
        if response["status_code"] >= REFUSED or not response["body"]:
            return self._whole.parse(response, shape)
        parsed = _members(response["body"])
        headers = {name.lower(): value for name, value in response["headers"].items()}
        parsed["ResponseMetadata"] = {
            "RequestId": headers.get("x-amzn-requestid", ""),
            "HTTPStatusCode": response["status_code"],
            "HTTPHeaders": headers,
        }
        return parsed


class _Query(ResponseParser):
    """botocore's own parser, without the KeyError that it raises for foreign XML, such as a proxy's page."""

    def __init__(self, whole: ResponseParser) -> None:
        super().__init__()
        self._whole = whole

    def parse(self, response: Mapping[str, Any], shape: Shape) -> Any:
        try:
            return self._whole.parse(response, shape)
        except KeyError as error:
            raise EmptyAnswerError(PAGE) from error


MADE: Mapping[str, Callable[[ResponseParser], ResponseParser]] = MappingProxyType(
    {"json": _Quick, "rest-json": _Quick, "query": _Query}
)


def _members(body: bytes) -> dict[str, object]:
    try:
        parsed: object = from_json(body)
    except ValueError:
        parsed = _leniently(body)
    if not isinstance(parsed, dict):
        raise EmptyAnswerError("the answer is JSON, but no object")
    return cast("dict[str, object]", parsed)


def _leniently(body: bytes) -> object:
    """Parse JSON that contains invalid Unicode: ``?`` replaces it, and the rest can be read (C6)."""
    text = body.decode(errors="replace").lstrip()
    if text.startswith("<"):
        raise EmptyAnswerError(PAGE)
    try:
        parsed: object = json.loads(text)
        return json.loads(json.dumps(parsed, ensure_ascii=False).encode(errors="replace"))
    except (ValueError, RecursionError) as error:
        raise EmptyAnswerError("the answer is no JSON, or was cut short") from error
