"""The services' wire formats: bytes to a `Call`, an `Answer` to bytes.

Law: pure functions between bytes and values. ECS and Logs use JSON 1.1 (`X-Amz-Target`), SQS JSON 1.0, Batch
REST-JSON, STS the query protocol, S3 its own format (`s3_wire.py`). As in AWS, errors have `__type` in the
body and `x-amzn-errortype` in the headers. Errors of SQS also have the code of its older protocol, in
`x-amzn-query-error`: clients see that code.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from io import BufferedIOBase
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

from aws_executors.local.http import s3_wire
from aws_executors.local.http.models import batch_paths, check, targets
from aws_executors.local.world import Answer, Call, Json
from aws_executors.local.world.values import ServiceError

KINDS = {"batch": "application/json", "sqs": "application/x-amz-json-1.0"}
JSON_1_1 = "application/x-amz-json-1.1"
SIMPLE_QUEUE = "AWS.SimpleQueueService."
QUERY_CODES = {
    "QueueDoesNotExist": f"{SIMPLE_QUEUE}NonExistentQueue",
    "QueueNameExists": "QueueAlreadyExists",
    "UnrecognizedClientException": "InvalidClientTokenId",
    **{
        code: SIMPLE_QUEUE + code
        for code in (
            "BatchEntryIdsNotDistinct",
            "EmptyBatchRequest",
            "InvalidBatchEntryId",
            "PurgeQueueInProgress",
            "QueueDeletedRecently",
            "TooManyEntriesInBatchRequest",
            "UnsupportedOperation",
        )
    },
}
"""The codes of SQS's errors in its older protocol; any other error has the same name there, without
"Exception".

Source: the `awsQueryError` traits of the service's Smithy model.
"""
MAX_BODY = 16 * 1024 * 1024
REASONS = {
    200: "OK",
    204: "No Content",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    412: "Precondition Failed",
    413: "Content Too Large",
    429: "Too Many Requests",
}


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def closes(self) -> bool:
        """Whether the connection ends after this request."""
        return self.headers.get("connection", "").lower() == "close"


def read_request(stream: BufferedIOBase, more: BufferedIOBase) -> Request | None:
    """The next request of a connection, or None at its end.

    "100 Continue", or the refusal of a body of more than `MAX_BODY` bytes, is written to `more`.
    """
    first = stream.readline(65536).split()
    if len(first) != 3:
        return None
    headers: dict[str, str] = {}
    while (line := stream.readline(65536)) not in (b"\r\n", b"\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    length = headers.get("content-length", "0")
    if not length.isdecimal() or "transfer-encoding" in headers:
        return None
    if len(length) > 9 or int(length) > MAX_BODY:
        more.write(http(413, b"", JSON_1_1, {"Connection": "close"}))
        return None
    if headers.get("expect", "").lower() == "100-continue":
        more.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = stream.read(int(length))
    return Request(first[0].decode("latin-1"), first[1].decode("latin-1"), headers, body)


def parse_call(request: Request) -> Call:
    """The call in a request, checked against botocore's model; ServiceError says what is wrong with it."""
    service, action, params = _named(request)
    call = Call(service, action, params)
    check(call)
    return call


def _named(request: Request) -> tuple[str, str, Json]:
    if s3_wire.is_s3(request.headers):
        return "s3", *s3_wire.named(request.method, request.path, request.headers, request.body)
    target = request.headers.get("x-amz-target")
    if target is not None:
        prefix, _, action = target.partition(".")
        return targets().get(prefix, prefix), action, _json(request.body)
    path = request.path.partition("?")[0]
    base, _, resource = path.partition("/v1/tags/")
    if resource and not base:
        action = batch_paths().get((request.method, "/v1/tags"), "")
        return "batch", action, {**_json(request.body), "resourceArn": unquote(resource)}
    if path.startswith("/v1/"):
        return "batch", batch_paths().get((request.method, path), path), _json(request.body)
    form = dict(parse_qsl(request.body.decode("latin-1")))
    action = form.pop("Action", request.path)
    form.pop("Version", None)
    return "sts", action, dict(form)


def _json(body: bytes) -> Json:
    try:
        params = json.loads(body or b"{}")
    except ValueError as error:
        raise ServiceError("SerializationException", f"the body is not JSON: {error}") from error
    if not isinstance(params, dict):
        raise ServiceError("SerializationException", "the body is not a JSON object")
    return params


def service_of(request: Request) -> str:
    """The service that a request is for, even if the rest of it is invalid."""
    if s3_wire.is_s3(request.headers):
        return "s3"
    target = request.headers.get("x-amz-target")
    if target is not None:
        return targets().get(target.partition(".")[0], "ecs")
    return "batch" if request.path.startswith("/v1/") else "sts"


def render(service: str, action: str, answer: Answer, number: int) -> bytes:
    """The HTTP response of a service; `number` becomes the request id."""
    request_id = f"00000000-0000-4000-8000-{number:012x}"
    if service == "s3":
        status = 204 if action == "DeleteObject" and not answer.error else answer.status
        return http(status, *s3_wire.s3_body(answer, request_id))
    if service == "sts":
        return http(
            answer.status, _query(action, answer, request_id), "text/xml", {"x-amzn-RequestId": request_id}
        )
    head = {"x-amzn-RequestId": request_id}
    body = answer.body
    if answer.error:
        head["x-amzn-errortype"] = answer.error
        body = {"__type": answer.error, **body}
        if service == "sqs":
            code = QUERY_CODES.get(answer.error, answer.error.removesuffix("Exception"))
            head["x-amzn-query-error"] = f"{code};{'Sender' if answer.status < 500 else 'Receiver'}"
    sent = json.dumps(body, separators=(",", ":")).encode()
    return http(answer.status, sent, KINDS.get(service, JSON_1_1), head)


def _query(action: str, answer: Answer, request_id: str) -> bytes:
    fields = "".join(f"<{key}>{escape(str(value))}</{key}>" for key, value in answer.body.items())
    if answer.error:
        message = escape(str(answer.body.get("message", "")))
        inner = f"<Error><Type>Sender</Type><Code>{answer.error}</Code><Message>{message}</Message></Error>"
        return f"<ErrorResponse>{inner}<RequestId>{request_id}</RequestId></ErrorResponse>".encode()
    metadata = f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
    return (
        f"<{action}Response><{action}Result>{fields}</{action}Result>{metadata}</{action}Response>".encode()
    )


def http(status: int, body: bytes, kind: str, headers: dict[str, str]) -> bytes:
    """An HTTP/1.1 response, with headers and body."""
    lines = [
        f"HTTP/1.1 {status} {REASONS.get(status, 'Internal Server Error')}",
        f"Content-Type: {kind}",
        f"Content-Length: {len(body)}",
        *(f"{key}: {value}" for key, value in headers.items()),
        "\r\n",
    ]
    return "\r\n".join(lines).encode("latin-1") + body
