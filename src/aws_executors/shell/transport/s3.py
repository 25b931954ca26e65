"""The workload as an object in S3, named by its submission.

Law: an object is only ever changed under a condition on what it was before, and no two of its bodies are
alike (`core/stored.py`). A write whose answer was lost is settled by the next write, never by a read: it is
tried under each condition that the lost writes may have left, in the order in which they were made. So
neither a slow repeat nor a second scheduler can put an old token over a new one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from returns.methods import unwrap_or_failure
from returns.result import Failure, Result, Success

from aws_executors.core.errors import AwsError, Kind
from aws_executors.core.stored import address, bucket_and_key, enclosed
from aws_executors.shell.s3_calls import ABSENT, S3Calls, etag_of

LAUNCHER = ("python", "-m", "aws_executors.run")

NOT_SO = frozenset({"PreconditionFailed", "NoSuchKey"})
"""How S3 says that an object is not what a condition says: another one, or none (If-Match, nothing there)."""

OTHER_WRITER = AwsError(
    kind=Kind.PERMANENT,
    code="OtherWriter",
    message="the object was changed or removed by somebody else",
    remedy="Give every Airflow a prefix of its own in workload_store, and let nobody else write there.",
)


def command(store: str, region: str, submission: str) -> tuple[str, ...]:
    """What the container runs to get the workload of this submission.

    >>> " ".join(command("s3://airflow/workloads", "us-east-1", "0b6e-1"))
    'python -m aws_executors.run --region us-east-1 --s3 s3://airflow/workloads/0b6e-1'
    """
    return (*LAUNCHER, "--region", region, "--s3", address(store, submission))


@dataclass(slots=True)
class _Object:
    """What is known of one object: its possible ETags, in the order of the writes; its last number."""

    possible: list[str] = field(default_factory=lambda: [ABSENT])
    sequence: int = 0


class S3:
    """Workloads in ``s3://bucket/prefix``, each read by its container: ``python -m aws_executors.run``."""

    stores = True

    def __init__(self, calls: S3Calls, store: str, region: str) -> None:
        self._calls = calls
        self._store = store
        self._region = region
        self._objects: dict[str, _Object] = {}

    def __repr__(self) -> str:
        return f"<S3 {self._store}: {len(self._objects)} workloads>"

    def put(self, submission: str, workload: str) -> Result[tuple[str, ...], AwsError]:
        """Write the object; the command names it, and carries no secret."""
        known = self._objects.setdefault(submission, _Object())
        told = command(self._store, self._region, submission)
        return self._written(known, submission, workload).map(lambda _: told)

    def refresh(self, submission: str, workload: str) -> Result[None, AwsError]:
        """Write the object again, if it is what was written last."""
        known = self._objects.get(submission)
        return Failure(OTHER_WRITER) if known is None else self._written(known, submission, workload)

    def remove(self, submission: str) -> Result[None, AwsError]:
        """Delete the object."""
        self._objects.pop(submission, None)
        bucket, key = bucket_and_key(address(self._store, submission))
        return self._calls.delete(bucket, key).alt(self._told("s3:DeleteObject"))

    def _written(self, known: _Object, submission: str, workload: str) -> Result[None, AwsError]:
        known.sequence += 1
        body = enclosed(workload, known.sequence)
        bucket, key = bucket_and_key(address(self._store, submission))
        for there in tuple(known.possible):
            match unwrap_or_failure(self._calls.put(bucket, key, body, there)):
                case AwsError(code=code) if code in NOT_SO:
                    continue
                case AwsError(kind=Kind.AMBIGUOUS) as error:
                    known.possible.append(etag_of(body))
                    return Failure(error)
                case AwsError() as error:
                    return Failure(self._told("s3:PutObject")(error))
                case etag:
                    known.possible = [etag]
                    return Success(None)
        return Failure(OTHER_WRITER)

    def _told(self, action: str) -> _Told:
        return _Told(action, self._store)


@dataclass(frozen=True, slots=True)
class _Told:
    """S3's refusals in words that name the option; S3 itself often says no more than "Access Denied"."""

    action: str
    store: str

    def __call__(self, error: AwsError) -> AwsError:
        message = f"workload_store = {self.store}: {error.message}"
        match error.code:
            case "AccessDenied" | "AllAccessDisabled":
                arn = f"arn:aws:s3:::{self.store.removeprefix('s3://').rstrip('/')}/*"
                remedy = (
                    f"Allow {self.action} (and s3:GetObject) on {arn} to the role that the scheduler runs as."
                )
            case "NoSuchBucket":
                remedy = "Make the bucket, or mend workload_store."
            case "PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException":
                remedy = "Use a bucket in the Region of the option region."
            case _:
                remedy = error.remedy
        return replace(error, message=message, remedy=remedy)
