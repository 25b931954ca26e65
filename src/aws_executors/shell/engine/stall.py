"""What a scheduler that has stood still may not do any more."""

from aws_executors.core.aws.errors import AwsError, Kind

STALL = 5.0
"""Seconds without a turn of the engine after which Airflow may have taken this scheduler for dead, and given
its tasks to another one: nothing that was in hand before is submitted until its row was read anew. Well below
``[scheduler] scheduler_health_check_threshold`` (30)."""

TOO_LATE = AwsError(
    kind=Kind.UNREACHABLE,
    code="NotSubmitted",
    message="no worker was free in time, or this scheduler was stalled",
)

NEVER_SENT = AwsError(kind=Kind.UNREACHABLE, code="NotSubmitted", message="revoked before it was submitted")
