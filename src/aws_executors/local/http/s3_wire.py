"""S3's wire format: path-style requests as calls, responses as bytes, errors as XML.

Law: pure functions between bytes and values, as in `wire.py`. A request is for S3 if its signature's scope
says so: S3 has bucket and key in the path, and no header names the service.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

from aws_executors.local.world import Answer, Json
from aws_executors.local.world.values import ServiceError

ACTIONS: Mapping[tuple[str, bool], str] = {
    ("PUT", False): "CreateBucket",
    ("PUT", True): "PutObject",
    ("GET", True): "GetObject",
    ("GET", False): "ListObjectsV2",
    ("DELETE", True): "DeleteObject",
}
"""The action, by the method and by whether the path has a key."""

OWNER = "x-amz-expected-bucket-owner"
HEADERS: Mapping[str, str] = {
    "if-match": "IfMatch",
    "if-none-match": "IfNoneMatch",
    "content-type": "ContentType",
    "x-amz-server-side-encryption": "ServerSideEncryption",
    "x-amz-server-side-encryption-aws-kms-key-id": "SSEKMSKeyId",
    "x-amz-server-side-encryption-bucket-key-enabled": "BucketKeyEnabled",
}
SENT = {
    "ETag": "ETag",
    "Location": "Location",
    "ServerSideEncryption": "x-amz-server-side-encryption",
    "SSEKMSKeyId": "x-amz-server-side-encryption-aws-kms-key-id",
    "BucketKeyEnabled": "x-amz-server-side-encryption-bucket-key-enabled",
}
QUERY: Mapping[str, str] = {
    "prefix": "Prefix",
    "encoding-type": "EncodingType",
    "max-keys": "MaxKeys",
    "continuation-token": "ContinuationToken",
}
YES_OR_NO: Mapping[str, object] = {"true": True, "false": False}
"""The boolean values in headers; any other text is left for the model to reject."""


def is_s3(headers: Mapping[str, str]) -> bool:
    """Whether a request is signed for S3."""
    return "/s3/aws4_request" in headers.get("authorization", "")


def named(method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[str, Json]:
    """The action and the parameters of a request.

    >>> named("GET", "/airflow/work%20loads/0b6e-1?x-id=GetObject", {}, b"")
    ('GetObject', {'Bucket': 'airflow', 'Key': 'work loads/0b6e-1'})
    """
    bucket, _, key = unquote(path.partition("?")[0]).lstrip("/").partition("/")
    action = ACTIONS.get((method, bool(key)))
    if action is None:
        raise ServiceError("NotImplemented", f"aws_executors.local does not have {method} {path}", 501)
    params: Json = {"Bucket": bucket, **({"Key": key} if key else {})}
    if action == "ListObjectsV2":
        params |= _asked(method, path)
    if OWNER in headers:
        params["ExpectedBucketOwner"] = headers[OWNER]
    if action == "PutObject":
        params |= {member: headers[name] for name, member in HEADERS.items() if name in headers}
        if word := params.get("BucketKeyEnabled"):
            params["BucketKeyEnabled"] = YES_OR_NO.get(word, word)
        params["Body"] = body
    return action, params


def _asked(method: str, path: str) -> Json:
    """The parameters of ListObjectsV2; raises ServiceError for ListObjects, and for unknown parameters."""
    query = dict(parse_qsl(path.partition("?")[2], keep_blank_values=True))
    if query.pop("list-type", "") != "2" or not query.keys() <= QUERY.keys():
        raise ServiceError("NotImplemented", f"aws_executors.local does not have {method} {path}", 501)
    found: Json = {QUERY[name]: value for name, value in query.items()}
    if str(most := found.get("MaxKeys", "")).isdecimal():
        found["MaxKeys"] = int(most)
    return found


def s3_body(answer: Answer, request_id: str) -> tuple[bytes, str, dict[str, str]]:
    """The body of a response, its content type and its further headers."""
    head = {"x-amz-request-id": request_id}
    if answer.error:
        message = escape(str(answer.body.get("message", "")))
        fields = f"<Code>{answer.error}</Code><Message>{message}</Message><RequestId>{request_id}</RequestId>"
        return f'<?xml version="1.0"?><Error>{fields}</Error>'.encode(), "application/xml", head
    if "Contents" in answer.body:
        return _list(answer.body), "application/xml", head
    head |= {name: _word(answer.body[member]) for member, name in SENT.items() if member in answer.body}
    return answer.body.get("Body", b""), answer.body.get("ContentType", "application/xml"), head


def _list(body: Json) -> bytes:
    """A list of objects as XML. Source: API_ListObjectsV2, Amazon S3 API Reference."""
    contents = "".join(f"<Contents>{_fields(one)}</Contents>" for one in body["Contents"])
    rest = {name: value for name, value in body.items() if name != "Contents"}
    return f'<?xml version="1.0"?><ListBucketResult>{_fields(rest)}{contents}</ListBucketResult>'.encode()


def _fields(values: Json) -> str:
    return "".join(f"<{name}>{escape(_word(value))}</{name}>" for name, value in values.items())


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
