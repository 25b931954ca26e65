"""The cells of warm containers in S3: one object each, below the prefix of its executor.

Law: one method per call, in a worker's thread; none raises. Every write is conditional on the ETag that was
seen last (`core/warm/cell.py` has the rules). An object that is no cell is the error `NO_CELL`, and is never
overwritten.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from returns.methods import unwrap_or_failure
from returns.result import Failure, Result, Success

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.requests.stored_workload import bucket_and_key
from aws_executors.core.settings.base import Settings
from aws_executors.core.warm.cell import Cell, read
from aws_executors.shell.aws.client.clients import Clients
from aws_executors.shell.aws.s3 import S3Calls
from aws_executors.shell.transport.s3 import NOT_SO
from aws_executors.shell.transport.s3_errors import Told

NO_CELL = "NoCell"
"""The error's code for an object that is no cell."""


@dataclass(frozen=True, slots=True)
class HeldCell:
    """A cell as it was read or written: its ETag, which is the next write's condition, and its content."""

    etag: str
    cell: Cell


class CellStore(Protocol):
    """The store of one executor's cells, by name. Every method may wait, and none raises."""

    def listed(self) -> Result[Mapping[str, str], AwsError]:
        """The ETags of all cells, by name."""
        ...

    def read(self, name: str) -> Result[HeldCell | None, AwsError]:
        """A cell, or None if there is none."""
        ...

    def write(self, name: str, held: HeldCell, cell: Cell) -> Result[HeldCell | None, AwsError]:
        """Replace what is held by `cell`; None if the object has changed meanwhile, or is gone."""
        ...

    def remove(self, name: str) -> Result[None, AwsError]:
        """Delete the cell of a container that has ended."""
        ...


def cells_at(address: str, settings: Settings, clients: Clients) -> CellStore:
    """The cells at this address."""
    calls = S3Calls(clients, settings.workload_kms_key, settings.workload_store_owner)
    return S3Cells(calls, address, settings.region)


class S3Cells:
    """Cells in ``s3://bucket/prefix``."""

    def __init__(self, calls: S3Calls, address: str, region: str) -> None:
        self._calls = calls
        self._address = address
        self._region = region
        self._bucket, self._prefix = bucket_and_key(f"{address}/")

    def __repr__(self) -> str:
        return f"<S3Cells {self._address}>"

    def listed(self) -> Result[Mapping[str, str], AwsError]:
        """The ETags of all cells, by name."""
        found = self._calls.listed(self._bucket, self._prefix).alt(self._told("s3:ListBucket"))
        return found.map(lambda etags: {key.removeprefix(self._prefix): etag for key, etag in etags.items()})

    def read(self, name: str) -> Result[HeldCell | None, AwsError]:
        """A cell, or None if there is none."""
        match unwrap_or_failure(self._calls.get(self._bucket, self._prefix + name)):
            case AwsError(code="NoSuchKey"):
                return Success(None)
            case AwsError(code="AccessDenied") as error:
                # S3 also denies access to a missing object, if the caller may list only parts of the bucket.
                there = self._calls.listed(self._bucket, self._prefix + name)
                if there.value_or(None) == {}:
                    return Success(None)
                return Failure(self._told("s3:GetObject")(error))
            case AwsError() as error:
                return Failure(self._told("s3:GetObject")(error))
            case held:
                try:
                    return Success(HeldCell(held.etag, read(held.body)))
                except ValueError as error:
                    return Failure(AwsError(kind=Kind.PERMANENT, code=NO_CELL, message=f"{name}: {error}"))

    def write(self, name: str, held: HeldCell, cell: Cell) -> Result[HeldCell | None, AwsError]:
        """Replace what is held by `cell`; None if the object has changed meanwhile, or is gone."""
        put = self._calls.put(self._bucket, self._prefix + name, cell.body(), held.etag)
        match unwrap_or_failure(put):
            case AwsError(code=code) if code in NOT_SO:
                return Success(None)
            case AwsError() as error:
                return Failure(self._told("s3:PutObject")(error))
            case etag:
                return Success(HeldCell(etag, cell))

    def remove(self, name: str) -> Result[None, AwsError]:
        """Delete the cell of a container that has ended."""
        gone = self._calls.delete(self._bucket, self._prefix + name)
        return gone.alt(self._told("s3:DeleteObject"))

    def _told(self, action: str) -> Told:
        return Told(action, self._address, self._region, self._calls.owner)
