"""What SubmitJob takes, as one frozen value.

Law: all members of the operation that an executor can use, with AWS's documented limits, and nothing of
Airflow. Array jobs are left out: one launch is one task instance. Names of structures and fields are
AWS's (API reference of AWS Batch, SubmitJob); `wire.py` spells them.
"""

import json
from collections.abc import Mapping
from typing import Annotated, Literal, cast

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter
from pydantic.dataclasses import dataclass

from aws_executors.core.batch.eks import EksPropertiesOverride, PodOverride
from aws_executors.core.batch.overrides import (
    AnyOverrides,
    ContainerOverrides,
    EcsPropertiesOverride,
    in_capitals,
    only_once,
)
from aws_executors.core.errors import RequestError, RequestTooLargeError
from aws_executors.core.requests.merge import KEY, MergedBy, appended, last
from aws_executors.core.requests.size_limit import parts, too_large
from aws_executors.core.requests.wire import (
    WRITTEN,
    Flag,
    Long,
    Matching,
    Text,
    Texts,
    Whole,
    masked_repr,
    needed_text,
    structure,
    surely_fits,
    tag_key,
    tag_text,
    to_kwargs,
)
from aws_executors.core.validation import parse

REQUEST_LIMIT = 30 * 1024
"""The most bytes of JSON in one SubmitJob. Source: "Service quotas" of the AWS Batch User Guide."""

SHORTER = "move variables and parameters into the job definition"

_GLOB = "up to 512 letters, digits, '.', ':' and white space, optionally ending in '*'"
_CODE = "an exit code in digits, such as '137', optionally ending in '*'"
_NAME = "1 to 128 letters, digits, '-' and '_', starting with a letter or digit"
_SHARE = "1 to 255 letters and digits, optionally ending in '*'"
_NODES = "a node or a range of nodes: '0', '0:3', ':3', '4:'"

Glob = Annotated[str, AfterValidator(Matching(r"(?=.{1,512}\Z)[A-Za-z0-9.:\s]*\*?", _GLOB))]
CodeGlob = Annotated[str, AfterValidator(Matching(r"(?=.{1,512}\Z)[0-9]*\*?", _CODE))]
JobName = Annotated[str, AfterValidator(Matching(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}", _NAME))]
ShareIdentifier = Annotated[str, AfterValidator(Matching(r"[A-Za-z0-9]{1,255}\*?", _SHARE))]
TargetNodes = Annotated[str, AfterValidator(Matching(r"[0-9]+(:[0-9]*)?|:[0-9]*", _NODES))]


def _as_pairs(value: object) -> object:
    """A list of ECS's ``{"key", "value"}`` as the pairs of Batch's map."""
    listed = cast("list[object]", value) if isinstance(value, list) else []
    pairs = [cast("Mapping[object, object]", one) for one in listed if isinstance(one, Mapping)]
    if not pairs:
        return value
    if len(pairs) < len(listed) or any(set(pair) != {"key", "value"} for pair in pairs):
        raise ValueError("must be a mapping such as {'team': 'etl'}")
    keys = [pair["key"] for pair in pairs]
    for at, key in enumerate(keys):
        if key in keys[:at]:
            raise ValueError(f"tag {key!r} is given twice; keep one")
    return [(pair["key"], pair["value"]) for pair in pairs]


def _taggable(tags: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    if len(tags) > 50:
        raise ValueError(f"a job may have at most 50 tags, not {len(tags)}")
    for key, value in tags:
        if not 1 <= len(tag_key(key)) <= 128 or len(tag_text(value)) > 256:
            raise ValueError(f"tag {key[:140]!r}: a key has 1 to 128 characters, a value up to 256")
    return tags


Tags = Annotated[Texts, AfterValidator(_taggable), BeforeValidator(_as_pairs)]


@structure
class EvaluateOnExit:
    """What Batch does after an attempt that ended in this way; every condition given must match."""

    action: Annotated[Literal["EXIT", "RETRY"], BeforeValidator(in_capitals)]
    on_exit_code: CodeGlob | None = None
    on_reason: Glob | None = None
    on_status_reason: Glob | None = None


@structure
class RetryStrategy:
    """How many attempts Batch makes of one job (1 to 10), and after which ends (any, if no rule matches)."""

    attempts: Annotated[Whole, Field(ge=1, le=10)] | None = None
    evaluate_on_exit: Annotated[tuple[EvaluateOnExit, ...], Field(max_length=5)] = ()

    def __post_init__(self) -> None:
        if self.evaluate_on_exit and self.attempts is None:
            raise ValueError("evaluateOnExit also needs attempts (1 to 10)")


@structure
class JobTimeout:
    """How many seconds one attempt may run (60 at least); then Batch ends the job, and does not retry it."""

    attempt_duration_seconds: Annotated[Whole, Field(ge=60)] | None = None


@structure
class JobDependency:
    """A job that must have succeeded before this one starts."""

    job_id: Text


@structure
class ConsumableResourceRequirement:
    """How much of a consumable resource (a licence, say) the job holds while it runs."""

    consumable_resource: Annotated[Text, KEY]
    quantity: Annotated[Long, Field(ge=0)]


@structure
class ConsumableResourceProperties:
    """The consumable resources of a job."""

    consumable_resource_list: tuple[ConsumableResourceRequirement, ...] = ()

    def __post_init__(self) -> None:
        only_once("resource", (listed.consumable_resource for listed in self.consumable_resource_list))


@structure
class NodePropertyOverride:
    """Changes to a range of nodes of a multi-node job: ``"0:3"``, ``":3"``, ``"4:"``."""

    target_nodes: Annotated[TargetNodes, KEY]
    container_overrides: AnyOverrides = ContainerOverrides()
    ecs_properties_override: EcsPropertiesOverride = EcsPropertiesOverride()
    eks_properties_override: PodOverride = EksPropertiesOverride()
    instance_types: tuple[Text, ...] = ()
    consumable_resource_properties_override: ConsumableResourceProperties = ConsumableResourceProperties()

    def __post_init__(self) -> None:
        one_kind(overrides_in(self))


@structure
class NodeOverrides:
    """Changes to a `nodeProperties` definition (multi-node parallel jobs; not on Fargate)."""

    num_nodes: Annotated[Whole, Field(ge=1)] | None = None
    node_property_overrides: tuple[NodePropertyOverride, ...] = ()

    def __post_init__(self) -> None:
        only_once("range of nodes", (override.target_nodes for override in self.node_property_overrides))


NOTHING_OVER_THE_CONTAINER = ContainerOverrides()
NOTHING_OVER_TASKS = EcsPropertiesOverride()
NOTHING_OVER_THE_POD = EksPropertiesOverride()
NOTHING_OVER_NODES = NodeOverrides()


@dataclass(frozen=True, kw_only=True, config=WRITTEN)
class JobMembers:
    """The members of SubmitJob that ``executor_config`` may set, too."""

    __slots__ = ()  # the classes that inherit these members lay them out, each in its own order

    job_queue: Text | None = None
    job_definition: Text | None = None
    share_identifier: ShareIdentifier | None = None
    scheduling_priority_override: Annotated[Whole, Field(ge=0, le=9999)] | None = None
    depends_on: Annotated[tuple[JobDependency, ...], Field(max_length=20), MergedBy(appended)] = ()
    parameters: Texts = ()
    container_overrides: AnyOverrides = NOTHING_OVER_THE_CONTAINER
    node_overrides: NodeOverrides = NOTHING_OVER_NODES
    ecs_properties_override: EcsPropertiesOverride = NOTHING_OVER_TASKS
    eks_properties_override: PodOverride = NOTHING_OVER_THE_POD
    retry_strategy: Annotated[RetryStrategy, MergedBy(last)] = RetryStrategy()
    timeout: JobTimeout = JobTimeout()
    propagate_tags: Flag | None = None
    tags: Tags = ()
    consumable_resource_properties_override: ConsumableResourceProperties = ConsumableResourceProperties()


@dataclass(frozen=True, kw_only=True, config=WRITTEN)
class JobIdentity:
    """The member by which a job is found again."""

    __slots__ = ()

    job_name: JobName


@structure
class SubmitJob(JobMembers, JobIdentity):
    """One job to be submitted.

    Of the four kinds of overrides (container, ECS properties, EKS properties, nodes) at most one may be
    used, the one of the job definition's own kind. Raises `RequestError` if a member exceeds AWS's limits.
    Source: API_SubmitJob of AWS Batch.

    >>> SubmitJob(job_name="nightly", job_queue="q", job_definition="d:3", timeout=JobTimeout(
    ...     attempt_duration_seconds=3600)).timeout.attempt_duration_seconds
    3600
    """

    job_queue: Text = needed_text()
    job_definition: Text = needed_text()

    def __repr__(self) -> str:
        return masked_repr(self)

    def __post_init__(self) -> None:
        faults, sizes = _kind_faults(self), _size_faults(self)
        if faults:
            raise ValueError("; ".join([*faults, *sizes]))
        if sizes:
            raise RequestTooLargeError(*sizes)


def _kind_faults(request: SubmitJob) -> list[str]:
    try:
        one_kind(overrides_of(request))
    except ValueError as error:
        return [str(error)]
    return []


def one_kind(used: Mapping[str, bool]) -> None:
    """ValueError if overrides of several kinds are used, by AWS's names.

    >>> one_kind({"containerOverrides": True, "eksPropertiesOverride": True})
    Traceback (most recent call last):
      ...
    ValueError: containerOverrides and eksPropertiesOverride are given together, but a job ...
    """
    names = [name for name, given in used.items() if given]
    if len(names) > 1:
        raise ValueError(
            f"{' and '.join(names)} are given together, but a job definition is of one kind; keep those of "
            "its own kind"
        )


def _size_faults(request: SubmitJob) -> list[str]:
    if surely_fits(request, REQUEST_LIMIT):
        return []
    members = to_kwargs(request)
    size = len(json.dumps(members))
    if size <= REQUEST_LIMIT:
        return []
    allowed = f"bytes long, Batch allows {REQUEST_LIMIT}"
    return [too_large("the request is", size, allowed, parts(members), SHORTER)]


def overrides_of(request: SubmitJob) -> Mapping[str, bool]:
    """Which of the four kinds of overrides this request uses, by AWS's name."""
    return {**overrides_in(request), "nodeOverrides": request.node_overrides != NOTHING_OVER_NODES}


def overrides_in(holder: "SubmitJob | NodePropertyOverride") -> Mapping[str, bool]:
    """Which of the three kinds of overrides that a range of nodes can have, too, are used."""
    return {
        "containerOverrides": holder.container_overrides != NOTHING_OVER_THE_CONTAINER,
        "ecsPropertiesOverride": holder.ecs_properties_override != NOTHING_OVER_TASKS,
        "eksPropertiesOverride": holder.eks_properties_override != NOTHING_OVER_THE_POD,
    }


SUBMIT_JOB: TypeAdapter[SubmitJob] = TypeAdapter(SubmitJob)
NO_ARRAYS = "arrayProperties would start one task many times; use dynamic task mapping instead"


def from_kwargs(kwargs: object, where: str = "submit_job_kwargs") -> SubmitJob:
    """Read what boto3's ``submit_job`` takes (or the same with Python's names) as a `SubmitJob`.

    Lists become tuples, `vcpus` and `memory` become `resourceRequirements`, nothing is lost:
    ``from_kwargs(to_kwargs(request)) == request``. Raises `RequestError`, whose message begins with `where`,
    for anything that is not a SubmitJob request.

    >>> job = from_kwargs({"jobName": "airflow", "jobQueue": "q", "jobDefinition": "d:1",
    ...                    "containerOverrides": {"vcpus": 2}})
    >>> job.container_overrides.resource_requirements
    (ResourceRequirement(type='VCPU', value='2'),)
    """
    match kwargs:
        case {"arrayProperties": _} | {"array_properties": _}:
            raise RequestError(f"{where}: {NO_ARRAYS}")
        case _:
            return parse(SUBMIT_JOB, kwargs, where)
