"""The functions of ECS and Batch that the commands need: one row for each service.

Law: a table without logic. What differs between the services is looked up here, so that no command has to ask
which service it works on.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from returns.result import Result

from aws_executors.core.aws.iam import Also, Statement, Where
from aws_executors.core.aws.service import Service
from aws_executors.core.batch import builder as batch_build
from aws_executors.core.batch import permissions as batch_permissions
from aws_executors.core.batch.request import SubmitJob
from aws_executors.core.batch.settings import BatchSettings
from aws_executors.core.ecs import builder as ecs_build
from aws_executors.core.ecs import permissions as ecs_permissions
from aws_executors.core.ecs.request import RunTask
from aws_executors.core.ecs.settings import EcsSettings
from aws_executors.core.requests.launch import Launch
from aws_executors.core.settings.base import Settings
from aws_executors.core.settings.errors import SettingsFaults
from aws_executors.shell.airflow.configuration import Configured, configure_batch, configure_ecs
from aws_executors.shell.aws.batch import BatchCalls
from aws_executors.shell.aws.clients import Clients
from aws_executors.shell.aws.ecs import EcsCalls

if TYPE_CHECKING:
    from aws_executors.shell.airflow.config_section import Conf

S = TypeVar("S", bound=Settings)
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit(Generic[S, R]):
    """The functions of one service."""

    settings: type[S]
    request: type[R]
    configure: "Callable[[Conf, str | None], Result[Configured[S, R], SettingsFaults]]"
    build: Callable[[Launch[S]], R]
    seal: Callable[[Launch[S], R], R]
    statements: Callable[[R, Where, Also], Iterator[Statement]]
    doctor_reads: tuple[str, ...]
    service: Callable[[Clients, S], Service[R]]


BATCH = Kit(
    settings=BatchSettings,
    request=SubmitJob,
    configure=configure_batch,
    build=batch_build.build,
    seal=batch_build.sealed,
    statements=batch_permissions.statements,
    doctor_reads=batch_permissions.DOCTOR_READS,
    service=BatchCalls,
)
ECS = Kit(
    settings=EcsSettings,
    request=RunTask,
    configure=configure_ecs,
    build=ecs_build.build,
    seal=ecs_build.sealed,
    statements=ecs_permissions.statements,
    doctor_reads=ecs_permissions.DOCTOR_READS,
    service=EcsCalls,
)
KITS: Mapping[str, Kit[Any, Any]] = {"batch": BATCH, "ecs_fargate": ECS}
