"""The container's access to its cell: one object in S3, read and written under conditions.

Law: each method makes one call, and returns its outcome as a value; no answer from S3 raises. `Failed` is any
refusal, and any answer that leaves open whether a write has landed: the caller repeats the same write, which
is safe because all writes are conditional (`core/warm/cell.py`). Encryption is requested as by the executor.
Source: "Conditional writes" and API_PutObject, Amazon S3 (412 PreconditionFailed; 404 NoSuchKey for
``If-Match`` without an object; 409 ConditionalRequestConflict).
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from aws_executors.core.aws.error_codes import denied_elsewhere
from aws_executors.core.aws.iam import partition
from aws_executors.core.lifecycle.launcher_exit_codes import Exit
from aws_executors.core.redact.outgoing import one_line
from aws_executors.core.requests.stored_workload import bucket_and_key
from aws_executors.core.warm.cell import Cell, read
from aws_executors.run.sources import (
    code_of,
    exit_for,
    exit_without_answer,
    no_role,
    or_owner,
    s3_client,
)

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import PutObjectRequestTypeDef

ANSWER_WITHIN = 5.0  # timeout in seconds for a connection, and for an answer
ABSENT = "*"
"""The condition, in place of an ETag, that there is no object yet."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The cell as it was read, and the condition for overwriting it."""

    cell: Cell
    etag: str


@dataclass(frozen=True, slots=True)
class NoCell:
    """There is an object, but it is not a cell."""


@dataclass(frozen=True, slots=True)
class Won:
    """The write has landed; the object's new ETag."""

    etag: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The write was refused, because the condition does not hold."""


@dataclass(frozen=True, slots=True)
class Gone:
    """There is no such object any more."""


@dataclass(frozen=True, slots=True)
class Failed:
    """There is no answer, or a refusal; `exit` is the container's exit code if no later attempt succeeds."""

    problem: str
    exit: Exit


WriteResult: TypeAlias = Won | Lost | Gone | Failed


@dataclass(slots=True)
class OwnCell:
    """The cell at this address (ValueError if it is none), encrypted with `kms_key` or with S3's own keys."""

    url: str
    region: str | None = None
    owner: str = ""
    kms_key: str = ""
    _bucket: str = field(init=False)
    _key: str = field(init=False)
    _s3: "S3Client" = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._bucket, self._key = bucket_and_key(self.url)
        self._s3 = s3_client(
            self.region,
            attempts=1,
            connect_timeout=ANSWER_WITHIN,
            read_timeout=ANSWER_WITHIN,
            tcp_keepalive=True,
        )

    def get(self) -> Seen | NoCell | Gone | Failed:
        """Read the cell."""
        from botocore.exceptions import ClientError

        owned = {"ExpectedBucketOwner": self.owner} if self.owner else {}
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=self._key, **owned)  # type: ignore[arg-type]
            body, etag = answer["Body"].read(), answer["ETag"]
        except ClientError as error:
            return Gone() if code_of(error) == "NoSuchKey" else self._refused(error)
        except Exception as error:  # noqa: BLE001 - of the way to S3, or of an answer that is not S3's
            return _unanswered(error)
        try:
            return Seen(read(body), etag)
        except ValueError:
            return NoCell()

    def put(self, cell: Cell, condition: str) -> WriteResult:
        """Write the cell if the condition holds: its ETag is this one, or there is none yet (`ABSENT`)."""
        from botocore.exceptions import ClientError

        params: PutObjectRequestTypeDef = {
            "Bucket": self._bucket,
            "Key": self._key,
            "Body": cell.body(),
            "ContentType": "application/json",
            "ServerSideEncryption": "aws:kms" if self.kms_key else "AES256",
        }
        if self.owner:
            params["ExpectedBucketOwner"] = self.owner
        if self.kms_key:
            params |= {"SSEKMSKeyId": self.kms_key, "BucketKeyEnabled": True}
        member: Literal["IfNoneMatch", "IfMatch"] = "IfNoneMatch" if condition == ABSENT else "IfMatch"
        params[member] = condition
        try:
            return Won(self._s3.put_object(**params)["ETag"])
        except ClientError as error:
            match code_of(error):
                case "PreconditionFailed":
                    return Lost()
                case "NoSuchKey":
                    return Gone()
                case _:
                    return self._refused(error)
        except Exception as error:  # noqa: BLE001 - of the way to S3, or of an answer that is not S3's
            return _unanswered(error)

    def _refused(self, error: "ClientError") -> Failed:
        remedy = ""
        if code_of(error) == "AccessDenied" and "kms:" in str(error):
            remedy = "; allow kms:GenerateDataKey and kms:Decrypt on the key for the container's role"
        elif code_of(error) == "AccessDenied" and not denied_elsewhere(str(error)):
            arn = f"arn:{partition(self.region or '')}:s3:::{self._bucket}"
            place = f"{arn}/{self._key.partition('cells/')[0]}cells/*"
            allow = f"; allow s3:GetObject and s3:PutObject on {place} for the container's role"
            remedy = allow + or_owner(self.owner)
        return Failed(one_line(f"{error}{remedy}"), exit_for(error))


def _unanswered(error: Exception) -> Failed:
    problem = one_line(f"{type(error).__name__}: {error}")
    return Failed(f"{problem}{no_role(error)}", exit_without_answer(error))
