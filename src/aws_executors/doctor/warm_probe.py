"""Gather evidence for `doctor` about the cells of warm containers.

Law: judges nothing; that is the job of `doctor/checks/warm.py`. Changes nothing: it writes only under a
condition that no object meets. If a store ignores the condition of the first write, the object is deleted.
"""

from returns.methods import unwrap_or_failure
from returns.pipeline import is_successful
from returns.result import Result

from aws_executors.core.aws.errors import AwsError
from aws_executors.core.aws.response import read_record
from aws_executors.core.requests.stored_workload import bucket_and_key
from aws_executors.core.settings.base import Settings
from aws_executors.core.warm.shape import cells_of
from aws_executors.doctor.checks.findings import Unasked
from aws_executors.doctor.checks.warm import LifecycleRule, WarmEvidence
from aws_executors.doctor.probe import Probe
from aws_executors.shell.aws.client.clients import Clients
from aws_executors.shell.aws.s3 import S3Calls
from aws_executors.shell.transport.s3 import NOT_SO

NEVER = '"00000000000000000000000000000000"'
"""An ETag that no object has."""

TRIED = "doctor"
"""The name of the object for the first write, which the store must refuse."""

NO_RULES = "NoSuchLifecycleConfiguration"


def cells_seen(settings: Settings, team: str | None, clients: Clients, probe: Probe) -> WarmEvidence:
    """What can be found out about the store of a section whose containers may take several workloads."""
    address = cells_of(settings, team)
    bucket, prefix = bucket_and_key(f"{address}/")
    calls = S3Calls(clients, settings.workload_kms_key, settings.workload_store_owner)
    match unwrap_or_failure(calls.listed(bucket, prefix)):
        case AwsError() as refused:
            return WarmEvidence(section=settings.section, address=address, listed=refused)
        case etags:
            pass
    return WarmEvidence(
        section=settings.section,
        address=address,
        listed=len(etags),
        conditions=_holds(calls, bucket, f"{prefix}{TRIED}", next(iter(etags), None)),
        rules=_rules(probe, settings, bucket),
    )


def _holds(calls: S3Calls, bucket: str, nothing: str, cell: str | None) -> bool | AwsError | Unasked:
    """Whether the store enforces conditions; tried on a key without an object first, because a store that
    ignores conditions would overwrite a cell in use."""
    written: Result[str, AwsError] = calls.put(bucket, nothing, b"{}", NEVER)
    if is_successful(written):
        calls.delete(bucket, nothing)
        return False
    # S3 may deny access if the object is missing, too. Source: API_GetObject, "Permissions".
    denied = written.failure().code == "AccessDenied"
    if denied and cell is not None:  # a store that ignores conditions would deny this write, too
        written = calls.put(bucket, cell, b"{}", NEVER)
        if is_successful(written):
            return False
    error = written.failure()
    if error.code in NOT_SO:
        return True
    return Unasked(str(error)) if denied and cell is None else error


def _rules(probe: Probe, settings: Settings, bucket: str) -> tuple[LifecycleRule, ...] | Unasked:
    owner = settings.workload_store_owner
    owned = {"ExpectedBucketOwner": owner} if owner else {}
    match unwrap_or_failure(probe.ask("s3", "get_bucket_lifecycle_configuration", Bucket=bucket, **owned)):
        case AwsError(code=code) if code == NO_RULES:
            return ()
        case AwsError() as error:
            return Unasked(str(error))
        case answer:
            found = [read_record(LifecycleRule, one) for one in answer.get("Rules", ())]
            return tuple(one.unwrap() for one in found if is_successful(one))
