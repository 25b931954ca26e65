"""Store the workload as an object in S3, named by its submission.

Law: every write is conditional on the object's previous ETag, and no two bodies of an object are equal
(`core/requests/stored_workload.py`). A write whose response was lost is settled by the next write, which is
tried with each ETag that the lost writes may have left, in the order in which they were made. The object is
read only if its ETag cannot be known otherwise: if another scheduler wrote it, or if the response to a write
of ours under a KMS key was lost. Then, too, the conditional write decides, with a newer token than was read.
So neither a delayed repeat nor a second scheduler can replace a newer token by an older one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from returns.methods import unwrap_or_failure
from returns.result import Failure, Result, Success

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.requests.launch import LAUNCHER
from aws_executors.core.requests.stored_workload import address, bucket_and_key, enclosed, numbered
from aws_executors.shell.aws.s3 import ABSENT, Held, S3Calls
from aws_executors.shell.transport.s3_errors import Told

NOT_SO = frozenset({"PreconditionFailed", "NoSuchKey"})
"""S3's error codes for a condition that is not met: the object has changed, or is missing (with If-Match)."""

OTHER_WRITER = AwsError(
    kind=Kind.PERMANENT,
    code="OtherWriter",
    message="the object was changed or deleted by another writer",
    remedy="Another scheduler has taken over the task; otherwise give every Airflow its own prefix in "
    "workload_store, and let nothing else write there.",
)
OVERTAKEN = AwsError(
    kind=Kind.AMBIGUOUS, code="Overtaken", message="the object was changed by another writer meanwhile"
)
RACES = 3
"""How often an object is read again because it changed between reading and writing."""


def command(
    store: str, region: str, submission: str, owner: str = "", *, usage: bool = False
) -> tuple[str, ...]:
    """The command by which the container gets the workload of this submission.

    >>> " ".join(command("s3://airflow/workloads", "us-east-1", "0b6e-1"))
    'python -m aws_executors.run --region us-east-1 --s3 s3://airflow/workloads/0b6e-1'
    """
    owned = ("--owner", owner) if owner else ()
    measured = ("--usage",) if usage else ()
    return (*LAUNCHER, *measured, "--region", region, *owned, "--s3", address(store, submission))


@dataclass(slots=True)
class _Object:
    """The state of one object: its possible ETags in the order of the writes, its last sequence number, and
    the bodies of writes whose response was lost and whose ETag cannot be computed."""

    possible: list[str] = field(default_factory=lambda: [ABSENT])
    sequence: int = 0
    lost: list[bytes] = field(default_factory=list)


class S3:
    """Stores workloads in ``s3://bucket/prefix``; a container reads its workload with ``python -m
    aws_executors.run``."""

    stores = True

    def __init__(self, calls: S3Calls, store: str, region: str, *, usage: bool = False) -> None:
        self._calls = calls
        self._store = store
        self._region = region
        self._usage = usage
        self._objects: dict[str, _Object] = {}

    def __repr__(self) -> str:
        return f"<S3 {self._store}: {len(self._objects)} workloads>"

    def put(self, submission: str, workload: str) -> Result[tuple[str, ...], AwsError]:
        """Write the object; returns a command that names it and contains no secret."""
        known = self._objects.setdefault(submission, _Object())
        told = command(self._store, self._region, submission, self._calls.owner, usage=self._usage)
        return self._written(known, submission, workload).map(lambda _: told)

    def refresh(self, submission: str, workload: str) -> Result[None, AwsError]:
        """Write the object again, unless another writer has changed it."""
        known = self._objects.get(submission)
        return Failure(OTHER_WRITER) if known is None else self._written(known, submission, workload)

    def take_over(self, submission: str, fresh: Callable[[str], str]) -> Result[bool, AwsError]:
        """Replace the object by what `fresh` makes of its content; after a concurrent change it is reread."""
        for _ in range(RACES):
            match unwrap_or_failure(self._read(submission)):
                case AwsError(code="NoSuchKey"):
                    return Success(False)
                case AwsError() as error:
                    return Failure(error)
                case found:
                    result = self._written_over(found, submission, fresh)
            if result != Failure(OTHER_WRITER):
                return result.map(lambda _: True)
        return Failure(OVERTAKEN)

    def remove(self, submission: str) -> Result[None, AwsError]:
        """Delete the object."""
        gone = self._calls.delete(*self._place(submission)).alt(self._told("s3:DeleteObject"))
        return gone.map(lambda _: self._forget(submission))

    def _forget(self, submission: str) -> None:
        self._objects.pop(submission, None)

    def _place(self, submission: str) -> tuple[str, str]:
        return bucket_and_key(address(self._store, submission))

    def _read(self, submission: str) -> Result[Held, AwsError]:
        return self._calls.get(*self._place(submission)).alt(self._told("s3:GetObject"))

    def _written_over(
        self, found: Held, submission: str, fresh: Callable[[str], str]
    ) -> Result[None, AwsError]:
        try:
            sequence, workload = numbered(found.body)
            body = enclosed(fresh(workload), sequence + 1)
        except ValueError as error:
            return Failure(AwsError(kind=Kind.PERMANENT, code="NotOurs", message=str(error)))
        return self._tried(_Object([found.etag], sequence), submission, body, [found.etag])

    def _written(self, known: _Object, submission: str, workload: str) -> Result[None, AwsError]:
        known.sequence += 1
        body = enclosed(workload, known.sequence)
        result = self._tried(known, submission, body, tuple(known.possible))
        if result != Failure(OTHER_WRITER) or not known.lost:
            return result
        match unwrap_or_failure(self._read(submission)):
            case Held(etag=etag, body=there) if there in known.lost:
                return self._tried(known, submission, body, [etag])
            case AwsError() as error if error.code not in NOT_SO:
                return Failure(error)
            case _:
                return result

    def _tried(
        self, known: _Object, submission: str, body: bytes, conditions: Iterable[str]
    ) -> Result[None, AwsError]:
        for there in conditions:
            match unwrap_or_failure(self._calls.put(*self._place(submission), body, there)):
                case AwsError(code=code) if code in NOT_SO:
                    continue
                case AwsError(kind=Kind.AMBIGUOUS) as error:
                    self._note_lost(known, body)
                    return Failure(error)
                case AwsError() as error:
                    return Failure(self._told("s3:PutObject")(error))
                case etag:
                    known.possible, known.lost = [etag], []
                    return Success(None)
        return Failure(OTHER_WRITER)

    def _note_lost(self, known: _Object, body: bytes) -> None:
        etag = self._calls.foretold(body)
        if etag is None:
            known.lost.append(body)
        else:
            known.possible.append(etag)

    def _told(self, action: str) -> Told:
        return Told(action, self._store, self._region, self._calls.owner)
