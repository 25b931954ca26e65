"""S3 for small objects in one bucket: CreateBucket, PutObject, GetObject, DeleteObject, ListObjectsV2.

Law: whole objects, no versions. A condition is checked and the object changed in one step, so that of two
writers with the same condition one is refused, as in S3. Source: "Conditional writes" and API_PutObject, S3
User Guide and API Reference; the messages are S3's.
"""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import md5
from urllib.parse import quote

from aws_executors.local.world.s3.state import Object
from aws_executors.local.world.state import World, hex_id
from aws_executors.local.world.values import Json, ServiceError

FAILED = ("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", 412)
NO_KEY = ("NoSuchKey", "The specified key does not exist.", 404)
NO_BUCKET = ("NoSuchBucket", "The specified bucket does not exist", 404)
NOT_DONE = ("NotImplemented", "A header you provided implies functionality that is not implemented", 501)
ENCRYPTED = "AES256"
MOST = 1000
"""The most objects in one page."""
TIME = "%Y-%m-%dT%H:%M:%S.000Z"
OWN_KEY = "alias/aws/s3"
"""The KMS key that is used if the request names none."""


def create_bucket(world: World, params: Json, now: float) -> Json:
    """CreateBucket."""
    name = params["Bucket"]
    if name in world.s3.buckets:
        raise ServiceError("BucketAlreadyOwnedByYou", "The bucket you tried to create is yours already.", 409)
    world.s3.buckets[name] = {}
    return {"Location": f"/{name}"}


def put_object(world: World, params: Json, now: float) -> Json:
    """PutObject, conditional if requested; always encrypted, as in S3."""
    bucket, key = _bucket(world, "PutObject", params), params["Key"]
    _hold(bucket.get(key), params)
    body = params.get("Body", b"")
    encryption = _encryption(world, params)
    plain = encryption["ServerSideEncryption"] == ENCRYPTED
    digest = md5(body, usedforsecurity=False).hexdigest() if plain else hex_id(world)
    kind = params.get("ContentType", "binary/octet-stream")
    bucket[key] = Object(body, f'"{digest}"', encryption, kind, now)
    return {"ETag": bucket[key].etag, **encryption}


def _encryption(world: World, params: Json) -> Json:
    """The encryption, with the ARN of its key, as S3 returns it."""
    if params.get("ServerSideEncryption", ENCRYPTED) == ENCRYPTED:
        if "SSEKMSKeyId" in params:
            raise ServiceError(
                "InvalidArgument",
                "Server Side Encryption with AWS KMS managed key requires HTTP header "
                "x-amz-server-side-encryption : aws:kms",
                400,
            )
        return {"ServerSideEncryption": ENCRYPTED}
    key = params.get("SSEKMSKeyId", OWN_KEY)
    _use_key(world, "GenerateDataKey", key)
    arn = key if key.startswith("arn:") else f"arn:aws:kms:{world.region}:{world.account}:{_kind(key)}{key}"
    return {
        "ServerSideEncryption": params["ServerSideEncryption"],
        "SSEKMSKeyId": arn,
        "BucketKeyEnabled": params.get("BucketKeyEnabled", False),
    }


def _kind(key: str) -> str:
    return "" if key.startswith("alias/") else "key/"


def _use_key(world: World, action: str, key: str) -> None:
    if any(key.endswith(denied) for denied in world.s3.denied_keys):
        raise ServiceError(
            "AccessDenied", f"{_denial(world, f'kms:{action}', key)} (with an explicit deny)", 403
        )


def _denial(world: World, action: str, resource: str) -> str:
    who = f"arn:aws:iam::{world.account}:user/local"
    return f"User: {who} is not authorized to perform: {action} on resource: {resource}"


def _hold(there: Object | None, params: Json) -> None:
    """Reject a write whose condition is not met."""
    if params.get("IfNoneMatch", "*") != "*":
        raise ServiceError(*NOT_DONE)
    if "IfNoneMatch" in params and there is not None:
        raise ServiceError(*FAILED)
    if "IfMatch" in params and there is None:
        raise ServiceError(*NO_KEY)
    if there is not None and params.get("IfMatch", there.etag) not in (there.etag, there.etag.strip('"')):
        raise ServiceError(*FAILED)


def get_object(world: World, params: Json, now: float) -> Json:
    """GetObject."""
    found = _bucket(world, "GetObject", params).get(params["Key"])
    if found is None:
        raise ServiceError(*NO_KEY)
    if "SSEKMSKeyId" in found.encryption:
        _use_key(world, "Decrypt", found.encryption["SSEKMSKeyId"])
    return {"Body": found.body, "ETag": found.etag, "ContentType": found.kind, **found.encryption}


def delete_object(world: World, params: Json, now: float) -> Json:
    """DeleteObject; succeeds even if there is no such object."""
    _bucket(world, "DeleteObject", params).pop(params["Key"], None)
    return {}


def list_objects(world: World, params: Json, now: float) -> Json:
    """ListObjectsV2: a page of the objects whose keys begin with a prefix, in the order of their keys."""
    bucket, prefix = _bucket(world, "ListBucket", params), params.get("Prefix", "")
    after, most = params.get("ContinuationToken", ""), min(params.get("MaxKeys", MOST), MOST)
    keys = sorted(key for key in bucket if key.startswith(prefix) and key > after)
    more = len(keys) > most
    encode = quote if params.get("EncodingType") == "url" else str
    page = keys[:most]
    return {
        "Name": params["Bucket"],
        "Prefix": encode(prefix),
        "MaxKeys": most,
        "KeyCount": len(page),
        "IsTruncated": more,
        **({"NextContinuationToken": page[-1]} if more and page else {}),
        **({"EncodingType": "url"} if params.get("EncodingType") == "url" else {}),
        "Contents": [
            {
                "Key": encode(key),
                "LastModified": datetime.fromtimestamp(bucket[key].modified, UTC).strftime(TIME),
                "ETag": bucket[key].etag,
                "Size": len(bucket[key].body),
                "StorageClass": "STANDARD",
            }
            for key in page
        ],
    }


def _bucket(world: World, action: str, params: Json) -> dict[str, Object]:
    name = params["Bucket"]
    if name in world.s3.denied:
        resource = (
            '"' + "/".join((f"arn:aws:s3:::{name}", *([params["Key"]] if "Key" in params else []))) + '"'
        )
        why = f"because no identity-based policy allows the s3:{action} action"
        raise ServiceError("AccessDenied", f"{_denial(world, f's3:{action}', resource)} {why}", 403)
    if name not in world.s3.buckets:
        raise ServiceError(*NO_BUCKET)
    if params.get("ExpectedBucketOwner", world.account) != world.account:
        raise ServiceError("AccessDenied", "Access Denied", 403)
    return world.s3.buckets[name]
