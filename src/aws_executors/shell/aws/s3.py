"""The calls to S3 that stored workloads and cells need: PutObject, always under a condition, GetObject,
DeleteObject and ListObjectsV2.

Law: one function per call; what an answer means for an object's state is decided in `transport/s3.py`.
Every write asks for encryption, with S3's own keys (SSE-S3) or with a key of KMS (SSE-KMS), whatever the
bucket's default is: only with SSE-S3 is the ETag the MD5 of the body. Source: API_PutObject, "ETag";
"Conditional writes" and "Using server-side encryption with AWS KMS keys", S3 User Guide.
"""

from dataclasses import dataclass
from hashlib import md5
from typing import TYPE_CHECKING, TypedDict

from returns.result import Result

from aws_executors.core.aws.errors import AwsError
from aws_executors.shell.aws.client.clients import Clients
from aws_executors.shell.aws.client.parser import PAGE, EmptyAnswerError
from aws_executors.shell.aws.object_list import list_etags

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import PutObjectRequestTypeDef


class Owned(TypedDict, total=False):
    """The parameter of every call that names the account that must own the bucket."""

    ExpectedBucketOwner: str


ABSENT = "*"
"""The condition, in place of an ETag, that there is no object yet."""


def etag_of(body: bytes) -> str:
    """The ETag that S3 gives this body under SSE-S3, with its quotes.

    >>> etag_of(b"")
    '"d41d8cd98f00b204e9800998ecf8427e"'
    """
    return f'"{md5(body, usedforsecurity=False).hexdigest()}"'


@dataclass(frozen=True, slots=True)
class Held:
    """An object as it was read: its ETag, which is the condition for overwriting it, and its content."""

    etag: str
    body: bytes


@dataclass(frozen=True, slots=True)
class S3Calls:
    """S3, by these clients; objects are encrypted with `kms_key`, or S3's own key if empty. Never raises.

    With an `owner`, S3 refuses a bucket of another account: the bucket may have been deleted, and its name
    taken by another account. Source: "Verifying bucket ownership with bucket owner condition", S3 User Guide.
    """

    clients: Clients
    kms_key: str = ""
    owner: str = ""

    @property
    def _owned(self) -> "Owned":
        return {"ExpectedBucketOwner": self.owner} if self.owner else {}

    def put(self, bucket: str, key: str, body: bytes, there: str) -> Result[str, AwsError]:
        """Write the object if its state is `there` (an ETag, or `ABSENT`); returns its new ETag."""
        params: PutObjectRequestTypeDef = {
            "Bucket": bucket,
            "Key": key,
            "Body": body,
            "ContentType": "application/json",
        }
        if self.owner:
            params["ExpectedBucketOwner"] = self.owner
        if self.kms_key:
            params["ServerSideEncryption"] = "aws:kms"
            params["SSEKMSKeyId"] = self.kms_key
            params["BucketKeyEnabled"] = True  # one call to KMS for many objects
        else:
            params["ServerSideEncryption"] = "AES256"
        if there == ABSENT:
            params["IfNoneMatch"] = ABSENT
        else:
            params["IfMatch"] = there
        return self.clients.s3(lambda s3: s3.put_object(**params)["ETag"])

    def get(self, bucket: str, key: str) -> Result[Held, AwsError]:
        """Read the object."""

        def read(s3: "S3Client") -> Held:
            answer = s3.get_object(Bucket=bucket, Key=key, **self._owned)
            if "ETag" not in answer:
                raise EmptyAnswerError(PAGE)
            return Held(answer["ETag"], answer["Body"].read())

        return self.clients.s3(read)

    def listed(self, bucket: str, prefix: str) -> Result[dict[str, str], AwsError]:
        """The ETags of all objects whose keys begin with this prefix, by key; a thousand in one call."""
        return self.clients.s3(lambda s3: list_etags(s3, bucket, prefix, self.owner))

    def foretold(self, body: bytes) -> str | None:
        """The ETag that S3 will give this body; None with a KMS key, as the ETag cannot be computed then."""
        return None if self.kms_key else etag_of(body)

    def delete(self, bucket: str, key: str) -> Result[None, AwsError]:
        """Delete the object; a missing one is no error."""
        owned = self._owned
        gone = self.clients.s3(lambda s3: s3.delete_object(Bucket=bucket, Key=key, **owned))
        return gone.map(lambda _: None)
