"""One `Backend` per service, with its calls to AWS, for executors and commands.

Law: a table and no logic; the pure part of a service is in `core/services.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Generic, Protocol, TypeVar

from aws_executors.core import services
from aws_executors.core.aws.service import Service
from aws_executors.core.services import ServiceSpec
from aws_executors.core.settings.base import Settings
from aws_executors.shell.aws.batch import BatchCalls
from aws_executors.shell.aws.client.clients import Clients
from aws_executors.shell.aws.ecs import EcsCalls
from aws_executors.shell.ui.lookups import Lookups

S = TypeVar("S", bound=Settings)
R = TypeVar("R")
R_contra = TypeVar("R_contra", contravariant=True)


class Calls(Service[R_contra], Lookups, Protocol[R_contra]):
    """Every call to one service: what the engine makes, and what Airflow's UI asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend(Generic[S, R]):
    """A service and the factory of its calls; creating the calls object costs nothing and calls nothing."""

    spec: ServiceSpec[S, R]
    calls: Callable[[Clients, S], Calls[R]]


BATCH = Backend(spec=services.BATCH, calls=BatchCalls)
ECS = Backend(spec=services.ECS, calls=EcsCalls)
BACKENDS: Mapping[str, Backend[Any, Any]] = MappingProxyType(
    {backend.spec.settings.section: backend for backend in (BATCH, ECS)}
)
"""The services, by the section's name in airflow.cfg."""
