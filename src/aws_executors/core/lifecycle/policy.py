"""What is done about each thing that can go wrong with a container: one table.

Law: literal rows and the look-ups that find them, nothing else. `transitions/submission.py` and `verdict.py`
ask this table and decide nothing beside it. A row is a trouble and a moment: what is harmless before the
task's own code has begun may not be repeated after it.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.lifecycle.exit_codes import Exit
from aws_executors.core.lifecycle.observation import Cause


class Moment(StrEnum):
    """When it goes wrong."""

    SUBMITTED = "as it is submitted"
    BEFORE = "before the task has begun"
    AFTER = "after the task has begun"


class SubmissionFailure(StrEnum):
    """How a submission can fail."""

    THROTTLED = "throttled"
    NO_CAPACITY = "no capacity"
    CREDENTIALS = "credentials"
    TRANSIENT = "no connection"
    UNANSWERED = "no answer, from ECS"  # the client token makes a repeat the same container
    UNANSWERED_ON_BATCH = "no answer, from Batch"  # a repeat would be another container
    STARTED_BEFORE = "started before"  # with the same client token; AWS names the container
    PERMANENT = "permanent"
    PERMANENT_AT_LAST = "permanent, after no answer"  # the unanswered call may have started a container


Trouble: TypeAlias = SubmissionFailure | Cause | Exit


class Reaction(StrEnum):
    """What is done about it."""

    WAIT = "wait, and repeat the call"
    REFRESH = "reload the credentials, wait, and repeat the call"
    REPEAT = "repeat the identical call"
    LOOK_UP = "look up the container; repeat the identical call if there is none"
    LOOK_UP_THEN_FAIL = "look up the container; fail if there is none"
    FOLLOW = "follow the container that AWS names"
    RESUBMIT = "start another container, with a fresh token"
    REQUEUE = "requeue the task in Airflow"
    LEAVE = "nothing: the task runs in another container"
    FAIL = "fail at once"
    FAIL_TRY = "fail this try; Airflow's `retries` apply"


POLICY: Mapping[tuple[Trouble, Moment], Reaction] = MappingProxyType(
    {
        (SubmissionFailure.THROTTLED, Moment.SUBMITTED): Reaction.WAIT,
        (SubmissionFailure.NO_CAPACITY, Moment.SUBMITTED): Reaction.WAIT,
        (SubmissionFailure.CREDENTIALS, Moment.SUBMITTED): Reaction.REFRESH,
        (SubmissionFailure.TRANSIENT, Moment.SUBMITTED): Reaction.WAIT,
        (SubmissionFailure.UNANSWERED, Moment.SUBMITTED): Reaction.REPEAT,
        (SubmissionFailure.UNANSWERED_ON_BATCH, Moment.SUBMITTED): Reaction.LOOK_UP,
        (SubmissionFailure.STARTED_BEFORE, Moment.SUBMITTED): Reaction.FOLLOW,
        (SubmissionFailure.PERMANENT, Moment.SUBMITTED): Reaction.FAIL,
        (SubmissionFailure.PERMANENT_AT_LAST, Moment.SUBMITTED): Reaction.LOOK_UP_THEN_FAIL,
        (Cause.NEVER_STARTED, Moment.BEFORE): Reaction.RESUBMIT,
        (Cause.NEVER_STARTED, Moment.AFTER): Reaction.FAIL_TRY,
        (Cause.HOST_LOST, Moment.BEFORE): Reaction.RESUBMIT,
        (Cause.HOST_LOST, Moment.AFTER): Reaction.FAIL_TRY,
        (Cause.RECLAIMED, Moment.BEFORE): Reaction.RESUBMIT,
        (Cause.RECLAIMED, Moment.AFTER): Reaction.FAIL_TRY,
        (Cause.INSTANCE_ENDED, Moment.BEFORE): Reaction.RESUBMIT,
        (Cause.INSTANCE_ENDED, Moment.AFTER): Reaction.FAIL_TRY,
        (Cause.UNCLEAR, Moment.BEFORE): Reaction.RESUBMIT,
        (Cause.UNCLEAR, Moment.AFTER): Reaction.FAIL_TRY,
        # Whoever stopped it may not have lived to give the task back; done twice, it is done once.
        (Cause.WITHDRAWN, Moment.BEFORE): Reaction.REQUEUE,
        (Cause.WITHDRAWN, Moment.AFTER): Reaction.FAIL_TRY,
        # Not infrastructure: a person's decision is not undone, and a limit would be reached again.
        (Cause.STOPPED, Moment.BEFORE): Reaction.FAIL,
        (Cause.STOPPED, Moment.AFTER): Reaction.FAIL_TRY,
        (Cause.TIMED_OUT, Moment.BEFORE): Reaction.FAIL,
        (Cause.TIMED_OUT, Moment.AFTER): Reaction.FAIL_TRY,
        (Cause.INVALID, Moment.BEFORE): Reaction.FAIL,
        (Cause.INVALID, Moment.AFTER): Reaction.FAIL_TRY,
        (Cause.EXITED, Moment.BEFORE): Reaction.FAIL,
        (Cause.EXITED, Moment.AFTER): Reaction.FAIL_TRY,
        # Our own launcher tells more than that it failed.
        (Exit.REFUSED, Moment.BEFORE): Reaction.RESUBMIT,
        (Exit.REFUSED, Moment.AFTER): Reaction.LEAVE,
        (Exit.INFRASTRUCTURE, Moment.BEFORE): Reaction.RESUBMIT,
        (Exit.INFRASTRUCTURE, Moment.AFTER): Reaction.FAIL_TRY,
        (Exit.CANNOT_START, Moment.BEFORE): Reaction.FAIL,
        (Exit.CANNOT_START, Moment.AFTER): Reaction.LEAVE,
    }
)

ATTEMPT = frozenset({Reaction.RESUBMIT})
"""The answers that use up one of a queueing's attempts (`max_attempts`)."""

PATIENT = frozenset({Reaction.WAIT, Reaction.REFRESH, Reaction.REPEAT})
"""The answers that come after a pause which grows and is jittered (`core/aws/backoff.py`)."""

# What these are called in the event log of a task.
WAITING, AGAIN, QUEUED_AGAIN = "submission delayed", "resubmitted", "requeued"
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


def refused(error: AwsError, *, repeatable: bool, unanswered: bool) -> SubmissionFailure:
    """Which row a refused submission is.

    `repeatable` says whether the service takes a repeated call for the same container (ECS), `unanswered`
    whether an earlier call of the same submission has had no answer.

    >>> error = AwsError(kind=Kind.AMBIGUOUS, code="ReadTimeoutError", message="")
    >>> [refused(error, repeatable=ecs, unanswered=False).name for ecs in (True, False)]
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


def ended(trouble: Cause | Exit, moment: Moment) -> Reaction | None:
    """What is done about a container that ended so; None where this is no trouble (`verdict.py` knows it).

    >>> ended(Cause.RECLAIMED, Moment.BEFORE), ended(Exit.HELD, Moment.BEFORE)
    (<Reaction.RESUBMIT: 'start another container, with a fresh token'>, None)
    """
    return POLICY.get((trouble, moment))
