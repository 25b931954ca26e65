"""Misbehaviour that was asked for.

Law: what is planned and how it is used up; each fault's consequence stands where the service would show it.
Planned faults of one action are used in the order in which they were planned; `ecs.RunTask` comes before `*`.
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
    """What happens to one call: an error instead of it, or something after it was carried out.

    `code` with `carried_out` false: refused. `code` with it: the error answer hides a success. Neither answer
    nor code: the answer is lost. `hang` is in seconds.
    """

    code: str | None = None
    message: str = ""
    status: int = 400
    carried_out: bool = False
    delivered: bool = True
    hang: float = 0.0


@dataclass(slots=True)
class Tally:
    """What became of the calls of one action."""

    calls: int = 0
    throttled: int = 0
    refused: int = 0
    failed: int = 0
    lost: int = 0

    def as_json(self) -> Json:
        """The counts by name."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True)
class FaultPlan:
    """Everything planned, and the tally of what happened; times are epoch seconds, latencies seconds."""

    planned: dict[str, deque[Planned]] = field(default_factory=dict)
    latency: float = 0.0
    jitter: float = 0.0
    expired_until: float = 0.0
    no_capacity: str | None = None
    no_capacity_calls: int | None = None
    missing_images: set[str] = field(default_factory=set)
    tallies: dict[str, Tally] = field(default_factory=dict)


def plan(faults: FaultPlan, action: str, fault: Planned, times: int) -> None:
    """Plan a fault for the next `times` calls of an action (`RunTask`, `ecs.RunTask` or `*`)."""
    faults.planned.setdefault(action, deque()).extend([fault] * times)


def take_planned(faults: FaultPlan, service: str, action: str) -> Planned | None:
    """The fault planned for this call, used up by it."""
    for key in (f"{service}.{action}", action, "*"):
        queue = faults.planned.get(key)
        if queue:
            return queue.popleft()
    return None


def take_no_capacity(faults: FaultPlan) -> str | None:
    """Why there is no capacity for this placement, or None; a bounded shortage is used up by one."""
    if faults.no_capacity is None:
        return None
    reason = faults.no_capacity
    if faults.no_capacity_calls is not None:
        faults.no_capacity_calls -= 1
        if faults.no_capacity_calls <= 0:
            faults.no_capacity, faults.no_capacity_calls = None, None
    return reason
