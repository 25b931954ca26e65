"""One specification per service: its section, its request, and the functions that differ between services.

Law: a table, and no logic; callers look a service up here, and never ask which one it is. A third service is
a folder beside `core/ecs`, a `ServiceSpec` here, and a `Backend` for its calls (`shell/services.py`).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Generic, Protocol, TypeAlias, TypeVar, cast

from returns.result import Result

from aws_executors.core.aws.event_rules import EventSelection
from aws_executors.core.aws.iam import Also, Statement, Where
from aws_executors.core.aws.request_quotas import BATCH_OPERATIONS, ECS_OPERATIONS, OperationNames
from aws_executors.core.batch import builder as batch_builder
from aws_executors.core.batch import event_rule as batch_event_rule
from aws_executors.core.batch import permissions as batch_permissions
from aws_executors.core.batch import request as batch_request
from aws_executors.core.batch.answers import describe as batch_describe
from aws_executors.core.batch.request import SubmitJob
from aws_executors.core.batch.settings import BatchSettings
from aws_executors.core.ecs import builder as ecs_builder
from aws_executors.core.ecs import event_rule as ecs_event_rule
from aws_executors.core.ecs import permissions as ecs_permissions
from aws_executors.core.ecs import request as ecs_request
from aws_executors.core.ecs.answers import describe as ecs_describe
from aws_executors.core.ecs.request import RunTask
from aws_executors.core.ecs.settings import EcsSettings
from aws_executors.core.lifecycle.observation import Observation, Unreadable
from aws_executors.core.requests.launch import Launch
from aws_executors.core.settings.base import Settings

S = TypeVar("S", bound=Settings)
R = TypeVar("R")
Builder: TypeAlias = Callable[[Launch[S]], R]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSpec(Generic[S, R]):
    """One service: what its settings and requests are, and what is done with them."""

    executors: tuple[str, ...]
    """The names of the service's executor classes in `aws_executors.executors`."""
    settings: type[S]
    request: type[R]
    build: Builder[S, R]
    build_from: Callable[[R], Builder[S, R]]
    over_options: Callable[[S, Mapping[str, object]], R]
    """Makes the request of the settings, with the dict of the kwargs option laid over it."""
    from_kwargs: Callable[[object], R]
    seal: Callable[[Launch[S], R], R]
    """The last step of every builder."""
    operations: OperationNames
    """The names of the engine's actions in the service's API."""
    statements: Callable[[R, Where, Also], Iterator[Statement]]
    observe_event: Callable[[S, object], Result[Observation, Unreadable]]
    """Reads what an event says of a container, of this service or of the other, which may share its queue."""
    event_rule: EventSelection[S, R]
    """Which events a rule of EventBridge is to let through."""
    own_tags: Callable[[S, R], tuple[tuple[str, str], ...]]
    """The tags by which a policy can recognize the executor's containers."""
    doctor_reads: tuple[str, ...]
    """The read actions that the doctor needs in addition to the executor's actions."""


class _Observe(Protocol):
    """Reads an event of one service; `container` is the name of the Airflow container."""

    def __call__(
        self, event: object, *, container: str, sizes: bool = False
    ) -> Result[Observation, Unreadable]: ...


def _own_or_other(
    own: _Observe, other: _Observe
) -> Callable[[BatchSettings | EcsSettings, object], Result[Observation, Unreadable]]:
    """Makes a function that reads an event with `own`, else with `other`; if neither can, `own` says why."""

    def read(settings: BatchSettings | EcsSettings, event: object) -> Result[Observation, Unreadable]:
        mine = own(event, container=settings.container_name, sizes=settings.usage)
        return mine.lash(lambda problem: other(event, container="").alt(lambda _: problem))

    return read


BATCH = ServiceSpec(
    executors=("AwsBatchExecutor",),
    settings=BatchSettings,
    request=SubmitJob,
    build=batch_builder.build,
    build_from=batch_builder.build_from,
    over_options=batch_builder.over_options,
    from_kwargs=batch_request.from_kwargs,
    seal=batch_builder.sealed,
    operations=BATCH_OPERATIONS,
    statements=batch_permissions.statements,
    observe_event=_own_or_other(batch_describe.observe_event, ecs_describe.observe_event),
    event_rule=batch_event_rule.RULE,
    own_tags=batch_permissions.own_tags,
    doctor_reads=batch_permissions.DOCTOR_READS,
)
ECS = ServiceSpec(
    executors=("AwsEcsFargateExecutor", "AwsFargateExecutor"),
    settings=EcsSettings,
    request=RunTask,
    build=ecs_builder.build,
    build_from=ecs_builder.build_from,
    over_options=ecs_builder.over_options,
    from_kwargs=ecs_request.from_kwargs,
    seal=ecs_builder.sealed,
    operations=ECS_OPERATIONS,
    statements=ecs_permissions.statements,
    observe_event=_own_or_other(ecs_describe.observe_event, batch_describe.observe_event),
    event_rule=ecs_event_rule.RULE,
    own_tags=ecs_permissions.own_tags,
    doctor_reads=ecs_permissions.DOCTOR_READS,
)

AnyService: TypeAlias = ServiceSpec[Settings, object]
"""A service that was looked up: its functions take only what its own settings and builders make."""
SERVICES: Mapping[str, AnyService] = MappingProxyType(
    {spec.settings.section: spec for spec in (cast("AnyService", BATCH), cast("AnyService", ECS))}
)
"""The services, by the section's name in airflow.cfg."""
