"""What ``executor_config`` may say for a task on ECS, and how it goes onto the request.

Law: two groups of keys. `ContainerKeys` are the Airflow container's override (the dialect of
airflow-aws-executors), `TaskMembers` the members of RunTask that may be set (the dialect of
apache-airflow-providers-amazon). `cpu` and `memory` of the first group go to the container and nowhere else,
as written: AWS refuses a container larger than its task, so an author whose task must grow also writes
``overrides={"cpu": ..., "memory": ...}``.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field, TypeAdapter
from pydantic.dataclasses import dataclass

from aws_executors.core.ecs.container import command_of, with_over
from aws_executors.core.ecs.platform import on_platform
from aws_executors.core.ecs.request import RunTask, TaskMembers
from aws_executors.core.ecs.structures import (
    ContainerOverride,
    EnvironmentFile,
    Overrides,
    ResourceRequirement,
    Tag,
)
from aws_executors.core.errors import RequestError
from aws_executors.core.requests.allowed_options import Use, set_fields, within
from aws_executors.core.requests.executor_config import WHERE, read_config
from aws_executors.core.requests.kinds import of_kind
from aws_executors.core.requests.merge import merge
from aws_executors.core.requests.spelling import spell
from aws_executors.core.requests.wire import (
    WRITTEN,
    Environment,
    Flag,
    Whole,
    fields_of,
    structure,
    text_items,
)

KEPT: Mapping[str, str] = {
    "command": "the Airflow container's command is the workload; set it for other containers in overrides",
    "name": "the Airflow container is named by the option container_name",
    "clientToken": "the executor sets it, so that nothing runs twice",
    "startedBy": "the executor sets it, so that it finds its containers; see the option deployment",
    "count": "one task instance is one container",
    "referenceId": "it is reserved by AWS",
}
"""The keys that a task may not set, each with the reason."""

ELSEWHERE: Mapping[str, str] = {
    "image": "RunTask cannot replace it; register a task definition that has it, and set taskDefinition",
    "secrets": "RunTask cannot add them; register a task definition that has them, and set taskDefinition",
    "jobQueue": "it is Batch's; ECS has cluster, launchType and capacityProviderStrategy",
    "retryStrategy": "it is Batch's; write retries= at the task",
    "timeout": "it is Batch's; write execution_timeout= at the task",
    "queue": "it is the task's own argument; write queue= at the task",
    **{
        key: f"it belongs in overrides: {{'overrides': {{{key!r}: ...}}}}"
        for key in ("containerOverrides", "ephemeralStorage", "executionRoleArn", "taskRoleArn")
    },
}
"""Names that are no keys of ``executor_config`` but can be set elsewhere, each with the place."""

_NO_KEYS: Mapping[str, str] = {**KEPT, **ELSEWHERE}


def _as_tags(value: object) -> object:
    if isinstance(value, Mapping):
        return tuple(Tag(key=key, value=text) for key, text in text_items(value))
    return value


Tags = Annotated[tuple[Tag, ...], BeforeValidator(_as_tags)]


@dataclass(frozen=True, kw_only=True, config=WRITTEN)
class ContainerKeys:
    """Members of the Airflow container's override that are keys of their own."""

    __slots__ = ()

    cpu: Annotated[Whole, Field(ge=0)] | None = None
    memory: Annotated[Whole, Field(ge=1)] | None = None
    memory_reservation: Annotated[Whole, Field(ge=1)] | None = None
    environment: Environment = ()
    environment_files: tuple[EnvironmentFile, ...] = ()
    resource_requirements: tuple[ResourceRequirement, ...] = ()


@structure
class EcsOptions(TaskMembers, ContainerKeys):
    """All that ``executor_config`` may say for ECS; what is absent leaves the request as it is."""

    tags: Tags = ()
    warm: Flag | None = None

    def __post_init__(self) -> None:
        if self.launch_type and self.capacity_provider_strategy:
            raise ValueError("launchType and capacityProviderStrategy exclude each other; keep one of them")


ECS_OPTIONS: TypeAdapter[EcsOptions] = TypeAdapter(EcsOptions)


def read_options(executor_config: object) -> EcsOptions:
    """Read ``executor_config``, with AWS's or Python's names, for a task on ECS.

    Raises `RequestError` that names each wrong key, what stood there, and what is allowed.

    >>> read_options({"cpu": 256, "environment": {"STAGE": "test"}}).environment
    (KeyValuePair(name='STAGE', value='test'),)
    """
    return read_config(ECS_OPTIONS, executor_config, _NO_KEYS)


OWN = fields_of(ContainerKeys)
_CONTAINER = tuple(name for name in fields_of(ContainerOverride) if name != "name")
SETTABLE = (
    *(spell(name) for name in fields_of(EcsOptions)),
    *(f"overrides.{spell(name)}" for name in fields_of(Overrides)),
    *(f"overrides.containerOverrides.{spell(name)}" for name in _CONTAINER),
)
"""The names that the option `executor_config_allowed` may list."""


def uses(options: EcsOptions, container_name: str) -> Iterator[Use]:
    """Everything that a task's options set. A member of the Airflow container has the name of its own key,
    even if it is set in overrides; a member of another container has only its path.

    >>> config = {"overrides": {"containerOverrides": [{"name": "main", "cpu": 1}, {"name": "x", "cpu": 1}]}}
    >>> [use[0] for use in uses(read_options(config), "main")]
    ['cpu', 'overrides.containerOverrides.cpu']
    """
    inside = "overrides.containerOverrides"
    for name in set_fields(options, NOTHING):
        if name in OWN:
            yield within(f"{inside}.{spell(name)}", spell(name))
        elif name != "overrides":
            yield (spell(name),)
    for name in set_fields(options.overrides, NOTHING.overrides):
        if name != "container_overrides":
            yield within(f"overrides.{spell(name)}")
    for container in options.overrides.container_overrides:
        own = container.name == container_name
        for name in set_fields(container, ContainerOverride(name=container.name)):
            yield within(f"{inside}.{spell(name)}", spell(name) if own and name in OWN else "")


NOTHING = EcsOptions()
"""The options of a task that sets none, as most tasks do."""


def with_options(request: RunTask, options: EcsOptions, container_name: str) -> RunTask:
    """The request with a task's options on top; `container_name` is the Airflow container.

    Raises `RequestError` if the options set that container's command.

    >>> request = RunTask(task_definition="airflow", launch_type="FARGATE")
    >>> with_options(request, read_options({"memory": 512}), "main").overrides.container_overrides[0].memory
    512
    """
    of_kind(RunTask, request)
    if options == NOTHING:
        return request
    if command_of(options.overrides, container_name):
        raise RequestError(f"{WHERE}: overrides: the command of {container_name!r} cannot be set: {WORKLOAD}")
    placed = on_platform(
        request, options.launch_type, options.capacity_provider_strategy, options.platform_version
    )
    overrides = with_over(merge(placed.overrides, options.overrides), container_name, options)
    return merge(placed, options, overrides=overrides)


WORKLOAD = "it is the workload"
