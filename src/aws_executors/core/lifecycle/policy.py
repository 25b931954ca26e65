"""The numbers that steer a job's life, and what is done about each way in which a submission can fail.

Law: numbers, one table and the look-up in it, nothing else. `transitions/submission.py` does what this table
says. What is done about a container that has ended is in `verdict.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from aws_executors.core.aws.backoff import Backoff
from aws_executors.core.aws.errors import AwsError, Kind

WORKLOAD_LOST = "the workload was lost with the scheduler that queued it"
"""Why an adopted task whose container never began cannot be submitted again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The numbers that steer a job's life, in seconds unless a comment says otherwise."""

    idempotent: bool = True  # a submission may be repeated as it is
    attempts: int = 3  # containers that one queueing may start when infrastructure fails before user code ran
    grace: float = 120.0  # how long AWS may not show a container that it has accepted
    # How long a container may stay up after its task has ended, or after a request to stop.
    linger: float = 120.0
    patience: float = 5.0  # `linger` of a container that was not seen to run: it may still start, and end
    lookups: int = 3  # times that a lost submission is looked up before it is repeated
    lookup_every: float = 3.0
    confirm: float = 15.0  # until a report that the row does not show is repeated; doubles with each report
    reports: int = 4  # how many times a report is made in all
    # How long a container may wait, with no reason given, before its task's event log says so.
    patience_to_start: float = 300.0
    backoff: Backoff = field(default_factory=Backoff)


class SubmissionFailure(StrEnum):
    """How a submission can fail."""

    THROTTLED = "throttled"
    NO_CAPACITY = "no capacity"
    CREDENTIALS = "credentials"
    TRANSIENT = "no connection"
    # No clear answer: a timeout, say, or a 5xx.
    UNANSWERED = "no clear answer, from ECS"  # the client token makes a repeat the same container
    UNANSWERED_ON_BATCH = "no clear answer, from Batch"  # a repeat would be another container
    STARTED_BEFORE = "started before"  # with the same client token; AWS names the container
    PERMANENT = "permanent"
    PERMANENT_AT_LAST = "permanent, after no clear answer"  # the unanswered call may have started a container


class Reaction(StrEnum):
    """What is done about a failed submission."""

    WAIT = "wait, and repeat the call"
    REFRESH = "reload the credentials, wait, and repeat the call"
    REPEAT = "repeat the identical call"
    LOOK_UP = "look up the container; repeat the identical call if there is none"
    LOOK_UP_THEN_FAIL = "look up the container; fail if there is none"
    FOLLOW = "follow the container that AWS names"
    FAIL = "fail at once"


REACTIONS: Mapping[SubmissionFailure, Reaction] = MappingProxyType(
    {
        SubmissionFailure.THROTTLED: Reaction.WAIT,
        SubmissionFailure.NO_CAPACITY: Reaction.WAIT,
        SubmissionFailure.CREDENTIALS: Reaction.REFRESH,
        SubmissionFailure.TRANSIENT: Reaction.WAIT,
        SubmissionFailure.UNANSWERED: Reaction.REPEAT,
        SubmissionFailure.UNANSWERED_ON_BATCH: Reaction.LOOK_UP,
        SubmissionFailure.STARTED_BEFORE: Reaction.FOLLOW,
        SubmissionFailure.PERMANENT: Reaction.FAIL,
        SubmissionFailure.PERMANENT_AT_LAST: Reaction.LOOK_UP_THEN_FAIL,
    }
)

# The names of events in a task's event log.
SUBMISSION_DELAYED, RESUBMITTED, REQUEUED = "submission delayed", "resubmitted", "requeued"
NOT_SUBMITTED, CONTAINER_FAILED = "submission failed", "container failed"
FAILED = (NOT_SUBMITTED, CONTAINER_FAILED)

_REFUSALS: Mapping[Kind, SubmissionFailure] = MappingProxyType(
    {
        Kind.THROTTLED: SubmissionFailure.THROTTLED,
        Kind.CAPACITY: SubmissionFailure.NO_CAPACITY,
        Kind.CREDENTIALS: SubmissionFailure.CREDENTIALS,
        Kind.UNREACHABLE: SubmissionFailure.TRANSIENT,
    }
)


def submission_failure(error: AwsError, *, repeatable: bool, unanswered: bool) -> SubmissionFailure:
    """The row of `REACTIONS` that applies to a refused submission.

    `repeatable` says whether the service gives a repeated call the same container (ECS does), `unanswered`
    whether an earlier call of the same submission has had no clear answer.

    >>> error = AwsError(kind=Kind.AMBIGUOUS, code="ReadTimeoutError", message="")
    >>> [submission_failure(error, repeatable=ecs, unanswered=False).name for ecs in (True, False)]
    ['UNANSWERED', 'UNANSWERED_ON_BATCH']
    """
    match error.kind:
        case Kind.CONFLICT if error.resource_ids:
            return SubmissionFailure.STARTED_BEFORE
        case Kind.AMBIGUOUS if repeatable:
            return SubmissionFailure.UNANSWERED
        case Kind.AMBIGUOUS | Kind.CONFLICT:
            return SubmissionFailure.UNANSWERED_ON_BATCH
        case Kind.PERMANENT:
            return SubmissionFailure.PERMANENT_AT_LAST if unanswered else SubmissionFailure.PERMANENT
        case kind:
            return _REFUSALS[kind]
