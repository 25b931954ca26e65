"""S3, as far as one bucket's small objects need it: CreateBucket, PutObject, GetObject, DeleteObject.

Law: whole objects and no versions. A condition is judged and the object changed in one step, so of two
writers under the same condition one is refused, as in S3. Source: "Conditional writes" and API_PutObject, S3
User Guide and API Reference; the words of the errors as S3 says them.
"""

from __future__ import annotations

from hashlib import md5

from .s3_state import Object
from .state import World, hex_id
from .values import Json, Refusal

FAILED = ("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", 412)
NO_KEY = ("NoSuchKey", "The specified key does not exist.", 404)
NO_BUCKET = ("NoSuchBucket", "The specified bucket does not exist", 404)
NOT_DONE = ("NotImplemented", "A header you provided implies functionality that is not implemented", 501)
ENCRYPTED = "AES256"


def create_bucket(world: World, params: Json, now: float) -> Json:
    """CreateBucket."""
    name = params["Bucket"]
    if name in world.s3.buckets:
        raise Refusal("BucketAlreadyOwnedByYou", "The bucket you tried to create is yours already.", 409)
    world.s3.buckets[name] = {}
    return {"Location": f"/{name}"}


def put_object(world: World, params: Json, now: float) -> Json:
    """PutObject, under a condition if there is one; encrypted in any case, as in S3."""
    bucket, key = _bucket(world, "PutObject", params), params["Key"]
    _hold(bucket.get(key), params)
    body = params.get("Body", b"")
    encryption = params.get("ServerSideEncryption", ENCRYPTED)
    digest = md5(body, usedforsecurity=False).hexdigest() if encryption == ENCRYPTED else hex_id(world)
    kind = params.get("ContentType", "binary/octet-stream")
    bucket[key] = Object(body, f'"{digest}"', encryption, kind, now)
    return {"ETag": bucket[key].etag, "ServerSideEncryption": encryption}


def _hold(there: Object | None, params: Json) -> None:
    """Refuse a write whose condition does not hold."""
    if params.get("IfNoneMatch", "*") != "*":
        raise Refusal(*NOT_DONE)
    if "IfNoneMatch" in params and there is not None:
        raise Refusal(*FAILED)
    if "IfMatch" in params and there is None:
        raise Refusal(*NO_KEY)
    if there is not None and params.get("IfMatch", there.etag) not in (there.etag, there.etag.strip('"')):
        raise Refusal(*FAILED)


def get_object(world: World, params: Json, now: float) -> Json:
    """GetObject."""
    found = _bucket(world, "GetObject", params).get(params["Key"])
    if found is None:
        raise Refusal(*NO_KEY)
    return {
        "Body": found.body,
        "ETag": found.etag,
        "ServerSideEncryption": found.encryption,
        "ContentType": found.kind,
    }


def delete_object(world: World, params: Json, now: float) -> Json:
    """DeleteObject; an object that is not there is deleted all the same."""
    _bucket(world, "DeleteObject", params).pop(params["Key"], None)
    return {}


def _bucket(world: World, action: str, params: Json) -> dict[str, Object]:
    name = params["Bucket"]
    if name in world.s3.denied:
        who = f"arn:aws:iam::{world.account}:user/local"
        resource = f'"arn:aws:s3:::{name}/{params["Key"]}"'
        why = f"because no identity-based policy allows the s3:{action} action"
        words = f"User: {who} is not authorized to perform: s3:{action} on resource: {resource} {why}"
        raise Refusal("AccessDenied", words, 403)
    if name not in world.s3.buckets:
        raise Refusal(*NO_BUCKET)
    return world.s3.buckets[name]
