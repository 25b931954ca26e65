"""What DescribeTasks, and the event of the same shape, say about a container.

Law: AWS's shapes end here. The Airflow container's exit code decides, as soon as it is there and whatever the
task's status or its other containers say (C21); without one the tables say what the end was. Causes from
outside come first: our own stop, an instance taken from its cluster, then a person's stop, of any text.
Nothing raises, and one record that cannot be read hides no other (C6).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from types import MappingProxyType

from returns.methods import unwrap_or_failure
from returns.result import Failure, Result, Success

from aws_executors.core.aws.response import (
    CONTAINER_REASONS,
    DEREGISTERED,
    AnswerRecord,
    Reader,
    accounted,
    detail,
    id_of,
    joined,
    maintained,
    named_cause,
    read_record,
    reader,
)
from aws_executors.core.aws.sidecars import ENDED_TASK, Contained, culprit, sidecar_words, sign_of
from aws_executors.core.ecs.answers.allocation import allocation_of, epoch
from aws_executors.core.ecs.answers.responses import EcsFailure
from aws_executors.core.lifecycle.effects import BY_US
from aws_executors.core.lifecycle.observation import (
    Cause,
    DescribeResult,
    Observation,
    Phase,
    Sign,
    Source,
    Unreadable,
)

EVENT_TYPES = ("ECS Task State Change",)

# What a task's lastStatus says while the Airflow container has no exit code; RUNNING holds only for a
# container that has started. Source: "Amazon ECS task lifecycle", Developer Guide.
STATUSES: Mapping[str, Phase] = MappingProxyType(
    {
        "PROVISIONING": Phase.PENDING,
        "PENDING": Phase.PENDING,
        "ACTIVATING": Phase.PENDING,
        "RUNNING": Phase.RUNNING,
        "DEACTIVATING": Phase.RUNNING,
        "STOPPING": Phase.RUNNING,
        "DEPROVISIONING": Phase.RUNNING,
        "STOPPED": Phase.FAILED,
        "DELETED": Phase.FAILED,
    }
)
FINAL = frozenset({"STOPPED", "DELETED"})

# What ended the task, by its stopCode; it also explains an exit code other than 0. None: the task ended by
# itself. TerminationNotice means that the EC2 instance goes away; it does not say whether it was a Spot one.
UNSTARTED, ENDED_ITSELF, BY_A_PERSON = "TaskFailedToStart", "EssentialContainerExited", "UserInitiated"
STOP_CODES: Mapping[str, Cause | None] = MappingProxyType(
    {
        UNSTARTED: None,
        ENDED_ITSELF: None,
        BY_A_PERSON: Cause.STOPPED,
        "ServiceSchedulerInitiated": Cause.STOPPED,
        "SpotInterruption": Cause.RECLAIMED,
        "TerminationNotice": Cause.INSTANCE_ENDED,
        "InfrastructureHealth": Cause.HOST_LOST,
    }
)

# What ended the task, by the beginning of stoppedReason, which is more precise than a stopCode. A user's
# StopTask may have any text, so after a manual stop these rows do not count.
STOPPED_REASONS: tuple[tuple[str, Cause], ...] = (
    ("Your Spot Task was interrupted", Cause.RECLAIMED),
    ("SpotInterruption", Cause.RECLAIMED),
    ("Host EC2", Cause.INSTANCE_ENDED),
    ("Task stopped by user", Cause.STOPPED),
)

# What a TerminationNotice means where AWS takes back its own machine, and not an instance of the user's.
ON_FARGATE: Mapping[str, Cause] = MappingProxyType(
    {"FARGATE": Cause.HOST_LOST, "FARGATE_SPOT": Cause.RECLAIMED}
)
ON_AWS = "MANAGED_INSTANCES"

# What stoppedReason may be, in lower case, if it does not say why a task failed to start.
NO_REASON = frozenset({"", "task failed to start", "taskfailedtostart"})


class _Container(Contained):
    last_status: str | None = None
    runtime_id: str | None = None


class _Detail(AnswerRecord):
    name: str | None = None
    value: str | None = None


class _Attachment(AnswerRecord):
    details: tuple[_Detail, ...] | None = None


class _Task(AnswerRecord):
    task_arn: str
    last_status: str
    started_by: str | None = None
    stop_code: str | None = None
    stopped_reason: str | None = None
    launch_type: str | None = None
    capacity_provider_name: str | None = None
    container_instance_arn: str | None = None
    version: int | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    containers: tuple[_Container, ...] | None = None
    attachments: object = None  # read only if they may say why it does not start


class _Answer(AnswerRecord):
    tasks: tuple[object, ...]
    failures: tuple[object, ...] | None = None


def observe(
    task: object, *, container: str, source: Source = Source.DESCRIBE, sizes: bool = False
) -> Result[Observation, Unreadable]:
    """What one item of a DescribeTasks answer's ``tasks`` says about the container named `container`.

    An unknown `lastStatus` or a missing field is `Unreadable`, with the task's ARN. Times may be datetimes
    (boto3), ISO 8601 (events) or epoch seconds. Sizes and times are read once there is an outcome, with
    `sizes` also before. Source: "Task", Amazon ECS API Reference.

    >>> observe({"taskArn": "arn:1", "lastStatus": "DEPROVISIONING", "startedBy": "airflow/0b6e-1",
    ...          "containers": [{"name": "airflow", "lastStatus": "STOPPED", "exitCode": 0}]},
    ...         container="airflow").unwrap().phase
    <Phase.SUCCEEDED: 'succeeded'>
    >>> observe({"taskArn": "arn:1", "lastStatus": "BORED"}, container="airflow").failure().id
    'arn:1'
    """
    known = read_record(_Task, task).bind(_known).bind(partial(_with_containers, source))
    seen = known.map(lambda read: _observation(read, container, source))
    allocated = partial(allocation_of, task, container=container)
    seen = seen.map(lambda found: found.with_allocation(allocated, running=sizes))
    return seen.alt(lambda problem: Unreadable(id=id_of(task, "taskArn"), problem=problem))


def observe_event(event: object, *, container: str, sizes: bool = False) -> Result[Observation, Unreadable]:
    """What an EventBridge event "ECS Task State Change" says: its ``detail`` has the shape of a task.

    Source: "Amazon ECS task state change events", Developer Guide.

    >>> observe_event({"detail": {"taskArn": "arn:1", "lastStatus": "PENDING", "version": 2}},
    ...               container="airflow").unwrap().version
    2
    """
    return detail(event, EVENT_TYPES).bind(
        lambda told_of: observe(told_of, container=container, source=Source.EVENT, sizes=sizes)
    )


def follower(container: str, *, sizes: bool = False) -> Reader:
    """`observe` for a caller that sees the same tasks many times: an unchanged task is not read again."""
    return reader(_Task, partial(observe, container=container, sizes=sizes))


def observe_answer(
    answer: object, *, asked: Sequence[str], container: str, record: Reader | None = None
) -> DescribeResult:
    """What one DescribeTasks answer says about the tasks asked for (ARNs or task ids, at most 100).

    A task that AWS does not show, ``MISSING`` or simply not there, is an observation too: `Phase.ABSENT`
    under the id that was asked for. If a record has no readable id, only ``MISSING`` tasks are absent.
    `record` reads each item, as a `follower` does; without it, `observe`.

    >>> seen = observe_answer({"tasks": [], "failures": [{"arn": "arn:1", "reason": "MISSING"}]},
    ...                       asked=["arn:1"], container="airflow")
    >>> [(one.id, one.phase.value) for one in seen.observations]
    [('arn:1', 'absent')]
    """
    return unwrap_or_failure(
        read_record(_Answer, answer)
        .map(lambda found: _settled(found, asked, record or partial(observe, container=container)))
        .alt(
            lambda problem: DescribeResult(
                unreadable=tuple(Unreadable(id=id_, problem=problem) for id_ in asked)
            )
        )
    )


def _settled(answer: _Answer, asked: Sequence[str], record: Reader) -> DescribeResult:
    seen = [record(task) for task in answer.tasks]
    return accounted(seen, asked=asked, failures=[_missing(failure) for failure in answer.failures or ()])


def _missing(failure: object) -> Result[str, Unreadable]:
    """The ARN of a task that AWS says it does not have; any other failure is `Unreadable`."""
    return (
        read_record(EcsFailure, failure).alt(lambda problem: Unreadable(id="", problem=problem)).bind(_gone)
    )


def _gone(failure: EcsFailure) -> Result[str, Unreadable]:
    if failure.reason == "MISSING" and failure.arn:
        return Success(failure.arn)
    return Failure(Unreadable(id=failure.arn or "", problem=joined(failure.reason, failure.detail)))


def _known(task: _Task) -> Result[_Task, str]:
    if task.last_status in STATUSES:
        return Success(task)
    return Failure(f"lastStatus {task.last_status!r} is none of {', '.join(STATUSES)}")


def _with_containers(source: Source, task: _Task) -> Result[_Task, str]:
    """Refuse an event of a task's end whose containers a rule has cut off: the exit code is missing."""
    if source is Source.EVENT and task.last_status in FINAL and task.containers is None:
        return Failure(f"containers is missing, without which lastStatus {task.last_status} does not say how")
    return Success(task)


def _observation(task: _Task, name: str, source: Source) -> Observation:
    own = next((one for one in task.containers or () if one.name == name), None)
    others = [one for one in task.containers or () if one.name != name]
    started = _started(task, own, others)
    phase = _phase(task, own, started)
    cause = _cause(task, own, started) if phase is Phase.FAILED else None
    sign, first = _sign(task, cause, started, own, others)
    return Observation(
        id=task.task_arn,
        phase=phase,
        name=task.started_by or "",
        status=task.last_status,
        exit_code=None if own is None else own.exit_code,
        stop_code=task.stop_code or "",
        reason=_reason(task, own, name, others, started),
        others=sidecar_words(others),
        sign=sign,
        culprit=first,
        cause=cause,
        started=started,
        final=task.last_status in FINAL,
        version=task.version,
        created=epoch(task.created_at),
        source=source,
    )


def _phase(task: _Task, own: _Container | None, started: bool) -> Phase:
    if own is not None and own.exit_code is not None:
        return Phase.SUCCEEDED if own.exit_code == 0 else Phase.FAILED
    by_status = STATUSES[task.last_status]
    return Phase.PENDING if by_status is Phase.RUNNING and not started else by_status


def _started(task: _Task, own: _Container | None, others: Sequence[_Container]) -> bool:
    """Whether the Airflow container ever ran, or may have: ECS gives a container no times of its own.

    In this order: yes, if it runs or has an exit code; what its reason says; no, if the task failed to start,
    or another container ended first and Airflow's was never created; else whether the task started.
    """
    if own is None:
        return task.started_at is not None
    if own.exit_code is not None or own.last_status == "RUNNING":
        return True
    by_words = named_cause(CONTAINER_REASONS, own.reason)
    if by_words is Cause.NEVER_STARTED or (by_words is not None and task.last_status in FINAL):
        return by_words is not Cause.NEVER_STARTED
    if task.last_status in FINAL and (task.stop_code == UNSTARTED or _waited_for_another(task, own, others)):
        return False
    return task.started_at is not None and own.last_status in (None, "STOPPED", "DELETED")


def _waited_for_another(task: _Task, own: _Container, others: Sequence[_Container]) -> bool:
    ended = any(one.exit_code is not None or one.reason for one in others)
    return task.stop_code == ENDED_ITSELF and ended and not own.runtime_id


def _cause(task: _Task, own: _Container | None, started: bool) -> Cause:
    outside = named_cause(BY_US, task.stopped_reason) or _from_outside(task)
    if outside is not None:
        return outside
    if own is not None and own.exit_code is not None:
        return Cause.EXITED
    by_words = named_cause(CONTAINER_REASONS, None if own is None else own.reason, task.stopped_reason)
    return by_words or (Cause.UNCLEAR if started else Cause.NEVER_STARTED)


def _from_outside(task: _Task) -> Cause | None:
    by_code = STOP_CODES.get(task.stop_code or "")
    if (task.stopped_reason or "").startswith(DEREGISTERED):
        return Cause.HOST_LOST
    if task.stop_code == BY_A_PERSON:
        return by_code
    if task.stop_code not in (UNSTARTED, ENDED_ITSELF) and maintained(task.stopped_reason):
        return Cause.HOST_LOST
    if by_code is Cause.INSTANCE_ENDED:
        place = task.capacity_provider_name or task.launch_type or ""
        by_code = Cause.HOST_LOST if task.launch_type == ON_AWS else ON_FARGATE.get(place, by_code)
    return named_cause(STOPPED_REASONS, task.stopped_reason) or by_code


def _sign(
    task: _Task, cause: Cause | None, started: bool, own: _Container | None, others: Sequence[_Container]
) -> tuple[Sign | None, str]:
    if cause is Cause.STOPPED and task.stop_code in (None, "", BY_A_PERSON):
        return Sign.BY_A_PERSON, ""
    if cause is Cause.EXITED or (cause is Cause.NEVER_STARTED and not started):
        by_an_end = task.stop_code == ENDED_ITSELF or (task.stopped_reason or "").startswith(ENDED_TASK)
        by_an_end |= task.stop_code == UNSTARTED and cause is Cause.EXITED
        sign, first = sign_of(culprit(own, others, by_an_end=by_an_end))
        return (Sign.NO_INSTANCE, "") if sign is None and _unplaced(task) else (sign, first)
    return None, ""


def _unplaced(task: _Task) -> bool:
    provider = task.capacity_provider_name
    unsaid = (task.stopped_reason or "").rstrip(".: ").lower() in NO_REASON
    on_an_instance = task.container_instance_arn or any(
        one.exit_code is not None or one.reason or one.runtime_id for one in task.containers or ()
    )
    own_instances = provider is not None and provider not in ON_FARGATE
    return task.stop_code == UNSTARTED and own_instances and unsaid and not on_an_instance


def _reason(
    task: _Task, own: _Container | None, name: str, others: Sequence[_Container], started: bool
) -> str:
    attached = () if started else _not_attached(task.attachments)
    if own is not None or not others:
        return joined(task.stopped_reason, None if own is None else own.reason, *attached)
    names = ", ".join(sorted(one.name or "?" for one in others))
    return joined(
        task.stopped_reason, f"no container named {name!r} in the task (it has: {names})", *attached
    )


def _not_attached(attachments: object) -> tuple[str | None, ...]:
    """Why a volume could not be attached: only the attachment says that.

    Source: "Attachment", Amazon ECS API Reference.
    """
    if not isinstance(attachments, list | tuple):
        return ()
    read = (read_record(_Attachment, one).value_or(_Attachment()) for one in attachments)
    return tuple(
        f"EBS volume: {one.value}"
        for attached in read
        for one in attached.details or ()
        if one.name == "statusReason" and one.value
    )
