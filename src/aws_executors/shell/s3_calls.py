"""S3, as far as stored workloads need it: PutObject, only ever under a condition, and DeleteObject.

Law: one function per call; what an answer means for an object's state is `transport/s3.py`'s matter.
Encryption is always asked for, and always with S3's own keys (SSE-S3): only then is the ETag the MD5 of the
body, whatever the bucket's default is. Source: API_PutObject, "ETag"; "Conditional writes", S3 User Guide.
"""

from dataclasses import dataclass
from hashlib import md5
from typing import TYPE_CHECKING

from returns.result import Result

from aws_executors.core.errors import AwsError
from aws_executors.shell.clients import Clients

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import PutObjectRequestTypeDef

ABSENT = "*"
"""The condition that there is no object yet, in the place of an ETag."""


def etag_of(body: bytes) -> str:
    """The ETag that S3 gives this body, with its quotes.

    >>> etag_of(b"")
    '"d41d8cd98f00b204e9800998ecf8427e"'
    """
    return f'"{md5(body, usedforsecurity=False).hexdigest()}"'


@dataclass(frozen=True, slots=True)
class S3Calls:
    """S3, by these clients. Never raises."""

    clients: Clients

    def put(self, bucket: str, key: str, body: bytes, there: str) -> Result[str, AwsError]:
        """Write the object if it is what `there` says (an ETag, or `ABSENT`); its new ETag."""
        params: PutObjectRequestTypeDef = {
            "Bucket": bucket,
            "Key": key,
            "Body": body,
            "ContentType": "application/json",
            "ServerSideEncryption": "AES256",
        }
        if there == ABSENT:
            params["IfNoneMatch"] = ABSENT
        else:
            params["IfMatch"] = there
        return self.clients.s3(lambda s3: s3.put_object(**params)["ETag"])

    def delete(self, bucket: str, key: str) -> Result[None, AwsError]:
        """Take the object away; one that is not there is no error."""
        return self.clients.s3(lambda s3: s3.delete_object(Bucket=bucket, Key=key)).map(lambda _: None)
