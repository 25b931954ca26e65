"""Read the container's workload from its source.

Law: one function per source, from the option's value to the workload's JSON. Each raises `NoWorkloadError`
with a message for the user and with the exit code. A new transport adds its function and its option here.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from aws_executors.core.aws.error_codes import denied_elsewhere
from aws_executors.core.aws.iam import partition
from aws_executors.core.errors import AwsExecutorsError
from aws_executors.core.lifecycle.launcher_exit_codes import Exit
from aws_executors.core.requests.stored_workload import bucket_and_key, opened

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from mypy_boto3_s3 import S3Client

UNREACHABLE = frozenset({"ExpiredToken", "RequestTimeout", "RequestTimeTooSkewed", "ThrottlingException"})
"""S3's error codes with a status below 500 that another container, or a later attempt, may not get."""
TOO_MANY = 429
ATTEMPTS = 5


class NoWorkloadError(AwsExecutorsError):
    """There is no workload; the message says why, and `exit` is the exit code."""

    def __init__(self, problem: str, exit_: Exit = Exit.CANNOT_START) -> None:
        super().__init__(problem)
        self.exit = exit_


class WorkloadSource(Protocol):
    """Turns an option's value into the workload's JSON; `region` and `owner` are those of the bucket."""

    def __call__(self, text: str, region: str | None, owner: str = "", /) -> str:
        """Read the workload, or raise `NoWorkloadError`."""
        ...


def from_argument(text: str, region: str | None, owner: str = "") -> str:
    """The workload is the argument itself."""
    return text


def from_file(path: str, region: str | None, owner: str = "") -> str:
    """Read the workload from a file."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise NoWorkloadError(f"--json-path {path}: {error}") from error


def from_s3(url: str, region: str | None, owner: str = "") -> str:
    """Read the workload from an object that the executor has stored."""
    try:
        bucket, key = bucket_and_key(url)
    except ValueError as error:
        raise NoWorkloadError(f"--s3: {error}") from error
    body = _fetched(url, bucket, key, region, owner)
    try:
        return opened(body)
    except ValueError as error:
        raise NoWorkloadError(f"--s3 {url}: {error}") from error


def s3_client(region: str | None, *, attempts: int, **config: object) -> "S3Client":
    """A client of S3 by the container's own role; `config` is botocore's. ImportError without boto3."""
    import boto3
    from botocore.config import Config

    retries = {"total_max_attempts": attempts, "mode": "standard"}
    return boto3.Session().client("s3", region_name=region, config=Config(retries=retries, **config))  # type: ignore[arg-type]


def _fetched(url: str, bucket: str, key: str, region: str | None, owner: str) -> bytes:
    try:
        from botocore.exceptions import BotoCoreError, ClientError
        from urllib3.exceptions import HTTPError  # botocore does not wrap all of these errors
    except ImportError as error:
        raise NoWorkloadError(f"--s3 needs boto3 in the image: {error}") from error
    try:
        s3 = s3_client(region, attempts=ATTEMPTS)
        if owner:
            return s3.get_object(Bucket=bucket, Key=key, ExpectedBucketOwner=owner)["Body"].read()
        return s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        raise NoWorkloadError(
            f"--s3 {url}: {error}{_remedy(error, bucket, key, region, owner)}", exit_for(error)
        ) from error
    except (BotoCoreError, HTTPError, OSError) as error:
        raise NoWorkloadError(f"--s3 {url}: {error}{no_role(error)}", exit_without_answer(error)) from error


def exit_without_answer(error: Exception) -> Exit:
    """The exit code if S3 has not answered: after a failed connection, or a failed retrieval of credentials,
    another container may succeed; any other error of botocore is about the configuration."""
    from botocore import exceptions

    passes = (
        exceptions.ChecksumError,
        exceptions.ConnectionError,
        exceptions.CredentialRetrievalError,
        exceptions.FlexibleChecksumError,
        exceptions.HTTPClientError,
        exceptions.IncompleteReadError,
        exceptions.MetadataRetrievalError,
        exceptions.TokenRetrievalError,
    )
    told = isinstance(error, exceptions.BotoCoreError) and not isinstance(error, passes)
    return Exit.CANNOT_START if told else Exit.INFRASTRUCTURE


def no_role(error: Exception) -> str:
    """The remedy for an error about missing credentials; empty for other errors."""
    from botocore.exceptions import NoCredentialsError, PartialCredentialsError

    missing = isinstance(error, NoCredentialsError | PartialCredentialsError)
    return "; give the container a role (task role, job role)" if missing else ""


def code_of(error: "ClientError") -> str:
    """S3's error code; the HTTP status if the answer, which may be a proxy's, has none."""
    return error.response.get("Error", {}).get("Code", "")


def exit_for(error: "ClientError") -> Exit:
    """The exit code for an error of S3 because of which there is no workload."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code_of(error) == "NoSuchKey":
        return Exit.GONE  # removed: the executor no longer needs this container
    passes = status >= 500 or status == TOO_MANY or code_of(error) in UNREACHABLE
    return Exit.INFRASTRUCTURE if passes else Exit.CANNOT_START


def _remedy(error: "ClientError", bucket: str, key: str, region: str | None, owner: str) -> str:
    if code_of(error) != "AccessDenied":
        return ""
    if "kms:" in str(error):
        return "; allow kms:Decrypt on the key for the container's role, in the key's own policy as well"
    if denied_elsewhere(str(error)):
        return ""
    place = f"arn:{partition(region or '')}:s3:::{'/'.join([bucket, *key.split('/')[:-1], '*'])}"
    same = "(a deleted object looks the same)"
    return f"; allow s3:GetObject on {place} for the container's role {same}{or_owner(owner)}"


def or_owner(owner: str) -> str:
    """What else a refusal by S3 may mean if the bucket must belong to the account `owner`."""
    return f"; or the bucket is not account {owner}'s: fix workload_store_owner" if owner else ""


SOURCES: Mapping[str, WorkloadSource] = {
    "json_string": from_argument,
    "json_path": from_file,
    "s3": from_s3,
}
"""The function for each source, by the option's name in argparse."""
