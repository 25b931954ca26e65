"""What the readers of both services' answers share.

Law: one record at a time, read through a model of only those fields that are needed; a record that cannot be
read is a value (`Unreadable`), never an exception, and hides no other record (C6). The words of the container
runtime, which is the same below ECS and below Batch, are here, too.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TypeAlias, TypeVar, cast

from pydantic import AliasGenerator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel
from returns.methods import partition
from returns.pipeline import is_successful
from returns.result import Failure, Result, Success

from aws_executors.core.aws.memo import cached_while_unchanged
from aws_executors.core.lifecycle.observation import Cause, DescribeResult, Observation, Phase, Unreadable
from aws_executors.core.redact.outgoing import PART, one_line
from aws_executors.core.validation import in_words


class AnswerRecord(BaseModel):
    """A record of an answer: frozen, with AWS's camelCase names; fields that we do not need are ignored."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        allow_inf_nan=False,
        validate_by_name=True,  # the mypy plugin demands this together with generated aliases
        alias_generator=AliasGenerator(validation_alias=to_camel),
    )


def number(text: str | None) -> float | None:
    """The number in a text such as AWS writes for sizes ("256", "0.25"), or None.

    >>> number("0.25"), number("many"), number(None)
    (0.25, None, None)
    """
    try:
        found = float(text or "")
    except ValueError:
        return None
    return found if isfinite(found) and found >= 0 else None


class _Event(AnswerRecord):
    detail: object
    detail_type: str | None = Field(default=None, validation_alias="detail-type")


_RECORD = TypeAdapter(dict[str, object])
RecordT = TypeVar("RecordT", bound=AnswerRecord)
Reader: TypeAlias = Callable[[object], Result[Observation, Unreadable]]
"""Reads what one record of an answer, or one event, says of a container."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a look-up: task ARNs or job ids, and the next page's token, which is empty on the last."""

    ids: tuple[str, ...] = ()
    next_token: str = ""


# What the agent's reason for a container without an exit code means; the first prefix that matches counts.
# Source: "Stopped tasks error codes", Amazon ECS Developer Guide.
CONTAINER_REASONS: tuple[tuple[str, Cause], ...] = (
    ("OutOfMemory", Cause.EXITED),
    ("OOMKilled", Cause.EXITED),  # Kubernetes
    ("CannotStopContainer", Cause.UNCLEAR),
    ("CannotInspectContainer", Cause.UNCLEAR),
    ("CannotDescribeContainer", Cause.UNCLEAR),
    ("ContainerVanishedError", Cause.UNCLEAR),
    ("NoSuchContainerError", Cause.UNCLEAR),
    ("TaskStateError", Cause.UNCLEAR),
    *(
        (f"{runtime}: Could not transition to {state}", Cause.UNCLEAR)
        for runtime in ("DockerTimeoutError", "ContainerRuntimeTimeoutError")
        for state in ("stopped", "inspecting")
    ),
    ("DockerTimeoutError", Cause.NEVER_STARTED),
    ("ContainerRuntimeTimeoutError", Cause.NEVER_STARTED),
    ("CannotPull", Cause.NEVER_STARTED),
    ("CannotCreate", Cause.NEVER_STARTED),
    ("CannotStart", Cause.NEVER_STARTED),
    ("CannotGetDocker", Cause.NEVER_STARTED),
    ("ContainerNetworkingError", Cause.NEVER_STARTED),
    ("DockerClientConfigError", Cause.NEVER_STARTED),
    ("HostConfigError", Cause.NEVER_STARTED),
    ("InvalidVolumeError", Cause.NEVER_STARTED),
    ("CgroupError", Cause.NEVER_STARTED),
    ("VolumeError", Cause.NEVER_STARTED),
    ("TaskDependencyError", Cause.NEVER_STARTED),
    ("TaskStoppedBeforePullBeginError", Cause.NEVER_STARTED),
    ("ResourceInitializationError", Cause.NEVER_STARTED),
    # Kubernetes: the image is not available, the container was not created or not started.
    ("ErrImage", Cause.NEVER_STARTED),
    ("ImagePullBackOff", Cause.NEVER_STARTED),
    ("InvalidImageName", Cause.NEVER_STARTED),
    ("CreateContainer", Cause.NEVER_STARTED),
    ("RunContainerError", Cause.NEVER_STARTED),
    ("ResourceNotFoundException", Cause.NEVER_STARTED),  # a secret or a log group, fetched before the start
    ("TaskFailedToStart", Cause.NEVER_STARTED),
    ("Task failed to start", Cause.NEVER_STARTED),
    ("Timeout waiting for network interface provisioning", Cause.NEVER_STARTED),
    ("Timeout waiting for EphemeralStorage provisioning", Cause.NEVER_STARTED),
    ("Unexpected EC2 error while attempting to Create", Cause.NEVER_STARTED),
    ("Unexpected EC2 error while attempting to attach", Cause.NEVER_STARTED),
)

# What Kubernetes says when it took a pod from its node, or lost the node. Sources: "Node-pressure Eviction"
# and "Pod disruption conditions", Kubernetes documentation; its ``pkg/kubelet``.
POD_TAKEN = (
    "Evicted",
    "The node was low on resource",
    "NodeLost",
    "NodeShutdown",
    "Preempting",
    "Preempted",
    "Pod was terminated in response to imminent node shutdown",
    "imminent node shutdown",
    "DisruptionTarget",
    "PreemptionByScheduler",
    "TerminationByKubelet",
    "DeletionByTaintManager",
    "DeletionByPodGC",
    "EvictionByEvictionAPI",
    "Pod was rejected as the node is shutting down",
    "Pod was rejected: The node had condition",
    # The kubelet no longer found the container, and made up the exit code 137.
    "ContainerStatusUnknown",
    "The container could not be located when",
)

DEREGISTERED = "Container instance deregistration forced"
"""How a task's stop reason begins if its instance was taken from the cluster; nobody stopped the task."""

# What a stopped task's reason contains if AWS maintains the task's host; Batch gives the reason of the job's
# ECS task. Neither a manual stop nor the end of a task by itself may match.
MAINTENANCE = ("performing maintenance", "maintenance on the", "for retirement", "during instance draining")


def read_record(model: type[RecordT], value: object) -> Result[RecordT, str]:
    """`value` read as a `model`, or what is wrong with it, field by field and without the fields' content.

    >>> class Task(AnswerRecord):
    ...     task_arn: str
    >>> read_record(Task, {"taskArn": "arn:1", "cpu": "256"})
    <Success: task_arn='arn:1'>
    >>> read_record(Task, {})
    <Failure: taskArn is missing>
    """
    try:
        return Success(model.model_validate(value))
    except ValidationError as error:
        known = without_nulls(value)
        if known is not value and known != value:  # `is not`, since NaN differs from itself
            return read_record(model, known)
        return Failure("; ".join(in_words(error, shown=False)))


def reader(model: type[AnswerRecord], observe: Reader) -> Reader:
    """`observe` for a caller that sees most records many times unchanged: results for containers that have
    not ended are cached while the fields of `model` stay the same."""
    fields = [to_camel(name) for name in model.model_fields]
    return cached_while_unchanged(observe, fields, _goes_on)


def _goes_on(read: Result[Observation, Unreadable]) -> bool:
    return is_successful(read) and not read.unwrap().ended


def without_nulls(value: object) -> object:
    """`value` without members that are null: botocore, too, reads them as absent.

    >>> without_nulls({"attempts": None, "containers": [{"name": "airflow", "exitCode": None}]})
    {'containers': [{'name': 'airflow'}]}
    """
    match value:
        case dict():
            members = cast("dict[object, object]", value)
            return {name: without_nulls(member) for name, member in members.items() if member is not None}
        case list() | tuple():
            items = cast("Sequence[object]", value)
            return [without_nulls(item) for item in items]
        case _:
            return value


def id_of(record: object, key: str) -> str:
    """The text under `key` in a record whose rest may be unreadable; empty if there is no text.

    >>> id_of({"taskArn": "arn:1", "lastStatus": 7}, "taskArn"), id_of([], "taskArn")
    ('arn:1', '')
    """
    try:
        value = _RECORD.validate_python(record).get(key)
    except ValidationError:
        return ""
    return value if isinstance(value, str) else ""


def detail(event: object, types: Collection[str]) -> Result[object, Unreadable]:
    """The ``detail`` of an EventBridge event of one of these detail-types (or without one, if a rule cut it).

    >>> detail({"detail-type": "ECS Task State Change", "detail": {}}, ["ECS Task State Change"])
    <Success: {}>
    >>> detail({"detail-type": "Tea", "detail": {}}, ["ECS Task State Change"]).failure().problem
    "detail-type 'Tea' is none of ECS Task State Change"
    """
    return read_record(_Event, event).bind(lambda known: _of(known, types)).alt(_unowned)


def named_cause(table: Iterable[tuple[str, Cause]], *reasons: str | None) -> Cause | None:
    """The cause of the first of these reasons that is in the table; None if none is.

    >>> named_cause(CONTAINER_REASONS, None, "CannotPullContainerError: not found")
    <Cause.NEVER_STARTED: 'never started'>
    """
    rows = tuple(table)
    found = (cause for reason in reasons if reason for words, cause in rows if reason.startswith(words))
    return next(found, None)


def maintained(*reasons: str | None) -> bool:
    """Whether one of these reasons says that AWS took the host away for maintenance.

    >>> maintained(None, "ECS is performing maintenance on the underlying infrastructure hosting the task")
    True
    """
    said = " ".join(reason for reason in reasons if reason).lower()
    return any(words in said for words in MAINTENANCE)


def joined(*reasons: str | None) -> str:
    """These reasons as one text in their order, each once, without secrets.

    >>> joined("Task failed to start", None, "sidecar: not found", "Task failed to start")
    'Task failed to start; sidecar: not found'
    """
    texts = [text for reason in reasons if reason and (text := reason.strip())]
    return one_line("; ".join(dict.fromkeys(texts, "")), PART) if texts else ""


def accounted(
    records: Iterable[Result[Observation, Unreadable]],
    *,
    asked: Iterable[str],
    failures: Iterable[Result[str, Unreadable]] = (),
) -> DescribeResult:
    """An answer in which every id that was asked for is seen, unreadable or absent.

    `failures` are the ids that AWS says it does not have, or refuses to describe. A record without a readable
    id may belong to any id that is not accounted for, so such ids are unreadable, not absent. An ARN and its
    last part name the same container; absent ids are spelled as they were asked for.

    >>> accounted([], asked=["a", "b"], failures=[Success("b")]).observations[1].phase
    <Phase.ABSENT: 'absent'>
    """
    seen, odd = partition(records)
    gone, refused = partition(failures)
    unreadable = [*odd, *refused]
    wanted = {_last(id_): id_ for id_ in asked}
    spoken_of = {_last(id_) for id_ in (*(one.id for one in seen), *(one.id for one in unreadable))}
    absent = {_last(id_): wanted.get(_last(id_), id_) for id_ in gone if _last(id_) not in spoken_of}
    silent = {key: id_ for key, id_ in wanted.items() if key not in spoken_of and key not in absent}
    if any(not one.id for one in unreadable):
        unreadable += [
            Unreadable(id=id_, problem="not among the readable records") for id_ in silent.values()
        ]
        silent = {}
    missing = (Observation(id=id_, phase=Phase.ABSENT) for id_ in (silent | absent).values())
    return DescribeResult(observations=(*seen, *missing), unreadable=tuple(unreadable))


def newest(observations: Iterable[Observation], *, excluding: Collection[str] = ()) -> Observation | None:
    """The container to follow among several of one token: a live one before an ended one, then the newest.

    Containers that AWS does not show, and the ids in `excluding`, do not count; None if none is left. The
    order of `observations` is irrelevant.

    >>> ended = Observation(id="b", phase=Phase.FAILED, created=9.0)
    >>> newest([Observation(id="a", phase=Phase.RUNNING, created=1.0), ended]).id
    'a'
    >>> newest([ended], excluding={"b"}) is None
    True
    """
    shown = [seen for seen in observations if seen.phase is not Phase.ABSENT and seen.id not in excluding]
    return max(shown, key=_precedence, default=None)


def _precedence(seen: Observation) -> tuple[bool, float, str]:
    return (not seen.ended, float("-inf") if seen.created is None else seen.created, seen.id)


def _last(id_: str) -> str:
    return id_.rsplit("/", 1)[-1]


def _of(event: _Event, types: Collection[str]) -> Result[object, str]:
    if event.detail_type is None or event.detail_type in types:
        return Success(event.detail)
    return Failure(f"detail-type {event.detail_type!r} is none of {', '.join(types)}")


def _unowned(problem: str) -> Unreadable:
    return Unreadable(id="", problem=problem)
