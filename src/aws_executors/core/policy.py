"""What is done about each thing that can go wrong with a container: one table.

Law: literal rows and the look-ups that find them, nothing else. `life/submitting.py` and `verdict.py` ask
this table and decide nothing beside it. A row is a trouble and a moment: what is harmless before the task's
own code has begun may not be repeated after it.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

from aws_executors.core.errors import AwsError, Kind
from aws_executors.core.exits import Exit
from aws_executors.core.state import Cause


class Moment(StrEnum):
    """When it goes wrong."""

    SUBMITTED = "as it is submitted"
    BEFORE = "before the task has begun"
    AFTER = "after the task has begun"


class Refusal(StrEnum):
    """How a submission can fail."""

    THROTTLED = "throttled"
    NO_CAPACITY = "no capacity"
    CREDENTIALS = "credentials"
    TRANSIENT = "no connection"
    UNANSWERED = "no answer, from ECS"  # the client token makes a repeat the same container
    UNANSWERED_ON_BATCH = "no answer, from Batch"  # a repeat would be another container
    STARTED_BEFORE = "started before"  # by the same client token; AWS names the container
    PERMANENT = "permanent"
    PERMANENT_AT_LAST = "permanent, after no answer"  # what was not answered may run all the same


Trouble: TypeAlias = Refusal | Cause | Exit


class Answer(StrEnum):
    """What is done about it."""

    WAIT = "wait, and repeat the call"
    REFRESH = "ask the credential chain anew, wait, and repeat the call"
    REPEAT = "repeat the call to the byte"
    LOOK = "look the container up; repeat the call to the byte if there is none"
    LOOK_THEN_FAIL = "look the container up; fail if there is none"
    FOLLOW = "follow the container that AWS names"
    RESUBMIT = "start another container, with a fresh token"
    GIVE_BACK = "give the task back to Airflow, which queues it again"
    LEAVE = "nothing: the task runs in another container"
    FAIL = "fail at once"
    FAIL_TRY = "fail this try; Airflow's `retries` decide"


POLICY: Mapping[tuple[Trouble, Moment], Answer] = MappingProxyType(
    {
        (Refusal.THROTTLED, Moment.SUBMITTED): Answer.WAIT,
        (Refusal.NO_CAPACITY, Moment.SUBMITTED): Answer.WAIT,
        (Refusal.CREDENTIALS, Moment.SUBMITTED): Answer.REFRESH,
        (Refusal.TRANSIENT, Moment.SUBMITTED): Answer.WAIT,
        (Refusal.UNANSWERED, Moment.SUBMITTED): Answer.REPEAT,
        (Refusal.UNANSWERED_ON_BATCH, Moment.SUBMITTED): Answer.LOOK,
        (Refusal.STARTED_BEFORE, Moment.SUBMITTED): Answer.FOLLOW,
        (Refusal.PERMANENT, Moment.SUBMITTED): Answer.FAIL,
        (Refusal.PERMANENT_AT_LAST, Moment.SUBMITTED): Answer.LOOK_THEN_FAIL,
        (Cause.NEVER_STARTED, Moment.BEFORE): Answer.RESUBMIT,
        (Cause.NEVER_STARTED, Moment.AFTER): Answer.FAIL_TRY,
        (Cause.HOST_LOST, Moment.BEFORE): Answer.RESUBMIT,
        (Cause.HOST_LOST, Moment.AFTER): Answer.FAIL_TRY,
        (Cause.RECLAIMED, Moment.BEFORE): Answer.RESUBMIT,
        (Cause.RECLAIMED, Moment.AFTER): Answer.FAIL_TRY,
        (Cause.INSTANCE_ENDED, Moment.BEFORE): Answer.RESUBMIT,
        (Cause.INSTANCE_ENDED, Moment.AFTER): Answer.FAIL_TRY,
        (Cause.UNCLEAR, Moment.BEFORE): Answer.RESUBMIT,
        (Cause.UNCLEAR, Moment.AFTER): Answer.FAIL_TRY,
        # Whoever stopped it may not have lived to give the task back; done twice, it is done once.
        (Cause.WITHDRAWN, Moment.BEFORE): Answer.GIVE_BACK,
        (Cause.WITHDRAWN, Moment.AFTER): Answer.FAIL_TRY,
        # Not infrastructure: a person's decision is not undone, and a limit would be reached again.
        (Cause.STOPPED, Moment.BEFORE): Answer.FAIL,
        (Cause.STOPPED, Moment.AFTER): Answer.FAIL_TRY,
        (Cause.TIMED_OUT, Moment.BEFORE): Answer.FAIL,
        (Cause.TIMED_OUT, Moment.AFTER): Answer.FAIL_TRY,
        (Cause.INVALID, Moment.BEFORE): Answer.FAIL,
        (Cause.INVALID, Moment.AFTER): Answer.FAIL_TRY,
        (Cause.EXITED, Moment.BEFORE): Answer.FAIL,
        (Cause.EXITED, Moment.AFTER): Answer.FAIL_TRY,
        # Our own launcher tells more than that it failed.
        (Exit.REFUSED, Moment.BEFORE): Answer.RESUBMIT,
        (Exit.REFUSED, Moment.AFTER): Answer.LEAVE,
        (Exit.INFRASTRUCTURE, Moment.BEFORE): Answer.RESUBMIT,
        (Exit.INFRASTRUCTURE, Moment.AFTER): Answer.FAIL_TRY,
        (Exit.CANNOT_START, Moment.BEFORE): Answer.FAIL,
        (Exit.CANNOT_START, Moment.AFTER): Answer.LEAVE,
    }
)

ATTEMPT = frozenset({Answer.RESUBMIT})
"""The answers that use up one of a queueing's attempts (`max_attempts`)."""

PATIENT = frozenset({Answer.WAIT, Answer.REFRESH, Answer.REPEAT})
"""The answers that come after a pause which grows and is jittered (`core/retry.py`)."""

# What these are called in the event log of a task.
WAITING, AGAIN, QUEUED_AGAIN = "waiting for AWS", "submitted again", "queued again"
NOT_SUBMITTED, CONTAINER_FAILED = "not submitted", "container failed"
FAILED = (NOT_SUBMITTED, CONTAINER_FAILED)

_REFUSALS: Mapping[Kind, Refusal] = MappingProxyType(
    {
        Kind.THROTTLED: Refusal.THROTTLED,
        Kind.CAPACITY: Refusal.NO_CAPACITY,
        Kind.CREDENTIALS: Refusal.CREDENTIALS,
        Kind.UNREACHABLE: Refusal.TRANSIENT,
    }
)


def refused(error: AwsError, *, repeatable: bool, unanswered: bool) -> Refusal:
    """Which row a refused submission is.

    `repeatable` says whether the service takes a repeated call for the same container (ECS), `unanswered`
    whether an earlier call of the same submission has had no answer.

    >>> error = AwsError(kind=Kind.AMBIGUOUS, code="ReadTimeoutError", message="")
    >>> [refused(error, repeatable=ecs, unanswered=False).name for ecs in (True, False)]
    ['UNANSWERED', 'UNANSWERED_ON_BATCH']
    """
    match error.kind:
        case Kind.CONFLICT if error.resource_ids:
            return Refusal.STARTED_BEFORE
        case Kind.AMBIGUOUS if repeatable:
            return Refusal.UNANSWERED
        case Kind.AMBIGUOUS | Kind.CONFLICT:
            return Refusal.UNANSWERED_ON_BATCH
        case Kind.PERMANENT:
            return Refusal.PERMANENT_AT_LAST if unanswered else Refusal.PERMANENT
        case kind:
            return _REFUSALS[kind]


def ended(trouble: Cause | Exit, moment: Moment) -> Answer | None:
    """What is done about a container that ended so; None where this is no trouble (`verdict.py` knows it).

    >>> ended(Cause.RECLAIMED, Moment.BEFORE), ended(Exit.HELD, Moment.BEFORE)
    (<Answer.RESUBMIT: 'start another container, with a fresh token'>, None)
    """
    return POLICY.get((trouble, moment))
