"""Planned faults.

Law: which faults are planned, and how they are used up; each fault takes effect where the service would show
it. Faults planned for one action are used in the order of planning; those for `ecs.RunTask` before those for
`*`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from aws_executors.local.world.values import Json

NO_CAPACITY = (
    "Capacity is unavailable at this time. Please try again later or in a different availability zone"
)


@dataclass(frozen=True, slots=True)
class Planned:
    """What happens to one call: an error instead of it, or a disturbance after it was carried out.

    With `code` and without `carried_out`, the call is rejected. With both, an error hides its success. If not
    `delivered`, the answer is lost. With `hang`, it comes that many seconds later. With `late`, the call is
    carried out that many seconds later, without an answer.
    """

    code: str | None = None
    message: str = ""
    status: int = 400
    carried_out: bool = False
    delivered: bool = True
    hang: float = 0.0
    late: float = 0.0


@dataclass(slots=True)
class Tally:
    """How the calls of one action ended."""

    calls: int = 0
    throttled: int = 0
    refused: int = 0
    failed: int = 0
    lost: int = 0

    def as_json(self) -> Json:
        """The counts, by name."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True)
class DeliveryFaults:
    """What happens to events on their way to queues: which share is lost or doubled, how many seconds late
    they are, up to how many seconds more (so that they overtake each other), and which queues get none."""

    lost: float = 0.0
    doubled: float = 0.0
    late: float = 0.0
    spread: float = 0.0
    denied: set[str] = field(default_factory=set)


@dataclass(slots=True)
class FaultPlan:
    """All planned faults, and the counts of calls; times are in epoch seconds, latencies in seconds."""

    planned: dict[str, deque[Planned]] = field(default_factory=dict)
    latency: float = 0.0
    jitter: float = 0.0
    expired_until: float = 0.0
    no_capacity: str | None = None
    no_capacity_calls: int | None = None
    missing_images: set[str] = field(default_factory=set)
    delivery: DeliveryFaults = field(default_factory=DeliveryFaults)
    tallies: dict[str, Tally] = field(default_factory=dict)


def plan_fault(faults: FaultPlan, action: str, fault: Planned, times: int) -> None:
    """Plan a fault for the next `times` calls of an action (`RunTask`, `ecs.RunTask` or `*`)."""
    faults.planned.setdefault(action, deque()).extend([fault] * times)


def take_planned(faults: FaultPlan, service: str, action: str) -> Planned | None:
    """The fault planned for this call, which uses it up."""
    for key in (f"{service}.{action}", action, "*"):
        queue = faults.planned.get(key)
        if queue:
            return queue.popleft()
    return None


def take_no_capacity(faults: FaultPlan) -> str | None:
    """Why there is no capacity for this placement, or None; uses up one placement of a limited shortage."""
    if faults.no_capacity is None:
        return None
    reason = faults.no_capacity
    if faults.no_capacity_calls is not None:
        faults.no_capacity_calls -= 1
        if faults.no_capacity_calls <= 0:
            faults.no_capacity, faults.no_capacity_calls = None, None
    return reason
