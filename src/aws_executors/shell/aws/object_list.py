"""List the objects below a prefix of a bucket, a thousand per call.

Law: one function, which waits in its caller's thread. Only the cells of warm containers are listed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ListObjectsV2RequestTypeDef


def list_etags(s3: S3Client, bucket: str, prefix: str, owner: str = "") -> dict[str, str]:
    """The ETags of the objects, by key; raises what boto3 raises. Source: API_ListObjectsV2, Amazon S3."""
    found: dict[str, str] = {}
    asked: ListObjectsV2RequestTypeDef = {"Bucket": bucket, "Prefix": prefix}
    if owner:
        asked["ExpectedBucketOwner"] = owner
    while True:
        page = s3.list_objects_v2(**asked)
        found |= {one["Key"]: one["ETag"] for one in page.get("Contents", ())}
        if not page.get("IsTruncated"):
            return found
        asked["ContinuationToken"] = page["NextContinuationToken"]
