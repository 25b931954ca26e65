"""S3's wire format: path-style requests as calls, responses as bytes, errors as XML.

Law: pure functions between bytes and values, as in `wire.py`. A request is for S3 if its signature's scope
says so: S3 has bucket and key in the path, and no header names the service.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, unquote
from xml.sax.saxutils import escape

from aws_executors.local.world import Answer, Json
from aws_executors.local.world.values import ServiceError

ACTIONS: Mapping[tuple[str, bool], str] = {
    ("PUT", False): "CreateBucket",
    ("PUT", True): "PutObject",
    ("GET", False): "ListObjectsV2",
    ("GET", True): "GetObject",
    ("DELETE", True): "DeleteObject",
}
"""The action, by method and by whether a key is given."""

LISTING: Mapping[str, str] = {
    "prefix": "Prefix",
    "start-after": "StartAfter",
    "continuation-token": "ContinuationToken",
    "encoding-type": "EncodingType",
}
"""The parameters of ListObjectsV2 that are texts, by their names in the query."""

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
    place, _, query = path.partition("?")
    bucket, _, key = unquote(place).lstrip("/").partition("/")
    action = ACTIONS.get((method, bool(key)))
    if action is None:
        raise ServiceError("NotImplemented", f"aws_executors.local does not have {method} {path}", 501)
    params: Json = {"Bucket": bucket, **({"Key": key} if key else {})}
    if OWNER in headers:
        params["ExpectedBucketOwner"] = headers[OWNER]
    if action == "ListObjectsV2":
        params |= _listing(method, path, query)
    if action == "PutObject":
        params |= {member: headers[name] for name, member in HEADERS.items() if name in headers}
        if word := params.get("BucketKeyEnabled"):
            params["BucketKeyEnabled"] = YES_OR_NO.get(word, word)
        params["Body"] = body
    return action, params


def _listing(method: str, path: str, query: str) -> Json:
    asked = dict(parse_qsl(query, keep_blank_values=True))
    if asked.get("list-type") != "2" or "delimiter" in asked:
        raise ServiceError("NotImplemented", f"aws_executors.local does not have {method} {path}", 501)
    most = asked.get("max-keys", "1000")
    return {
        "MaxKeys": int(most) if most.isdecimal() else most,
        **{member: asked[name] for name, member in LISTING.items() if name in asked},
    }


def s3_body(answer: Answer, request_id: str) -> tuple[bytes, str, dict[str, str]]:
    """The body of a response, its content type and its further headers."""
    head = {"x-amz-request-id": request_id}
    if answer.error:
        message = escape(str(answer.body.get("message", "")))
        fields = f"<Code>{answer.error}</Code><Message>{message}</Message><RequestId>{request_id}</RequestId>"
        return f'<?xml version="1.0"?><Error>{fields}</Error>'.encode(), "application/xml", head
    if "Contents" in answer.body:
        return _listed(answer.body), "application/xml", head
    head |= {name: _word(answer.body[member]) for member, name in SENT.items() if member in answer.body}
    return answer.body.get("Body", b""), answer.body.get("ContentType", "application/xml"), head


def _listed(body: Json) -> bytes:
    """The response of ListObjectsV2. Source: API_ListObjectsV2, "Response Syntax"."""
    url = body.get("EncodingType") == "url"
    fields = {**body, "Prefix": quote(body["Prefix"]) if url else body["Prefix"]}
    objects = ""
    for one in fields.pop("Contents"):
        told = {**one, "Key": quote(one["Key"]) if url else one["Key"]}
        objects += f"<Contents>{_elements(told)}</Contents>"
    return (
        '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"{_elements(fields)}{objects}</ListBucketResult>"
    ).encode()


def _elements(fields: Json) -> str:
    return "".join(f"<{name}>{escape(_word(value))}</{name}>" for name, value in fields.items())


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
