"""The values that the world exchanges with the modules around it.

Law: frozen values and one exception, no behaviour. A `Call` goes in and an `Answer` comes out; a
`ProcessEffect` is what the runner must do to a process; a `ProcessEvent` is what a process did. `Json` is as
on the wire: times are epoch seconds (ECS) or epoch milliseconds (Batch, Logs), as in the real services.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Json: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of one action, with parameters that match the service's model."""

    service: str
    action: str
    params: Json

    @property
    def name(self) -> str:
        """The name of the call in counts and faults, like `ecs.RunTask`."""
        return f"{self.service}.{self.action}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What to send back: `delay` is in seconds; if not `delivered`, the connection is closed without a
    response.

    `wait` is set for a long poll that has found nothing: call `again` after that many seconds, or when the
    world `has_stirred`.
    """

    status: int = 200
    body: Json = field(default_factory=dict)
    error: str | None = None
    delay: float = 0.0
    delivered: bool = True
    wait: float = 0.0


class ServiceError(Exception):
    """An error of the service, raised inside the world and turned into an `Answer` by `apply`."""

    def __init__(self, code: str, message: str, status: int = 400, **extra: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status, self.extra = code, message, status, extra


@dataclass(frozen=True, slots=True)
class Ref:
    """One container of one task: the ECS task's id and the container's name."""

    task: str
    container: str

    def __str__(self) -> str:
        return f"{self.task}/{self.container}"


@dataclass(frozen=True, slots=True)
class LogTarget:
    """The log group and stream of a container's output, and whether a missing group is created."""

    group: str
    stream: str
    creates_group: bool


@dataclass(frozen=True, slots=True)
class StartProcess:
    """Start a container's command; reported with `Started` or `StartFailed`, later with `Exited`.

    A container that uses more than `memory` MiB is killed; None means no limit.
    """

    ref: Ref
    image: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    log: LogTarget | None
    memory: int | None = None


@dataclass(frozen=True, slots=True)
class SignalProcess:
    """Signal a container: TERM goes to its first process, KILL to everything in it."""

    ref: Ref
    signal: Literal["TERM", "KILL"]


ProcessEffect: TypeAlias = StartProcess | SignalProcess


@dataclass(frozen=True, slots=True)
class Started:
    """The container's command is running."""

    ref: Ref


@dataclass(frozen=True, slots=True)
class StartFailed:
    """The container's command could not be started."""

    ref: Ref
    reason: str


@dataclass(frozen=True, slots=True)
class Printed:
    """Lines that a container wrote, without their line ends."""

    ref: Ref
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Exited:
    """The container's first process has ended; `code` is 128 + n if signal n ended it, `out_of_memory` says
    that it was killed for the memory that it used."""

    ref: Ref
    code: int
    out_of_memory: bool = False


ProcessEvent: TypeAlias = Started | StartFailed | Printed | Exited
