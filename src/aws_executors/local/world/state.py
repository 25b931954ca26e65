"""The world: the whole state of the embedded AWS as one object.

Law: no sockets, threads, clock, randomness or operating system. `now` (epoch seconds) is an argument of
everything that depends on time; ids and draws come from the seed and a counter. The object is changed in
place, so that a call costs the same among ten tasks as among ten thousand. Values that it returns are never
changed afterwards: each step replaces the view of a task or job, and records the new view by `changed`.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple

from aws_executors.local.world.batch.state import BatchState
from aws_executors.local.world.delays import NONE, Delays, Range
from aws_executors.local.world.ecs.state import EcsState
from aws_executors.local.world.events.state import EventsState
from aws_executors.local.world.faults import FaultPlan
from aws_executors.local.world.limits import Limits
from aws_executors.local.world.logs.state import LogState
from aws_executors.local.world.s3.state import S3State
from aws_executors.local.world.sqs.state import SqsState
from aws_executors.local.world.values import Call, Json, ProcessEffect

HISTORY = 20_000  # how many changes are kept, about 3 KB each


class DueStep(NamedTuple):
    """A step that happens to `subject` at a time; `order` sorts steps that are due at the same time."""

    at: float
    order: int
    step: str
    subject: str


class Change(NamedTuple):
    """One state change, in EventBridge's format: source, detail-type, and the new description."""

    at: float
    source: str
    detail_type: str
    detail: Json


@dataclass(slots=True)
class World:
    """One account in one Region; `room` is how many containers may run at once (None: no limit).

    A second of `delays` and of Fargate's bill takes `time_factor` seconds of the world's time.
    """

    seed: int = 0
    region: str = "us-east-1"
    account: str = "123456789012"
    delays: Delays = NONE
    room: int | None = None
    ecs: EcsState = field(default_factory=EcsState)
    batch: BatchState = field(default_factory=BatchState)
    logs: LogState = field(default_factory=LogState)
    s3: S3State = field(default_factory=S3State)
    sqs: SqsState = field(default_factory=SqsState)
    events: EventsState = field(default_factory=EventsState)
    faults: FaultPlan = field(default_factory=FaultPlan)
    limits: Limits = field(default_factory=Limits)
    agenda: list[DueStep] = field(default_factory=list)
    effects: list[ProcessEffect] = field(default_factory=list)
    changes: deque[Change] = field(default_factory=lambda: deque(maxlen=HISTORY))
    late: dict[str, Call] = field(default_factory=dict)
    counter: int = 0
    time_factor: float = 1.0

    def __post_init__(self) -> None:
        self.delays = self.delays.scaled(self.time_factor)

    def __repr__(self) -> str:
        return (
            f"<World {len(self.ecs.tasks)} tasks, {len(self.batch.jobs)} jobs, "
            f"{self.ecs.room_used} of {self.room} containers, {len(self.agenda)} due>"
        )


def count(world: World) -> int:
    """The next number of the world's one counter."""
    world.counter += 1
    return world.counter


def hex_id(world: World) -> str:
    """A new id of 32 hex digits, the same in every run with the same seed."""
    return blake2b(f"{world.seed}:{count(world)}".encode(), digest_size=16).hexdigest()


def uuid(world: World) -> str:
    """A new id in the form of a UUID, the same in every run with the same seed."""
    digits = hex_id(world)
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def draw(world: World, subject: str, step: str, span: Range) -> float:
    """Seconds within `span`, determined by the seed, the subject and the step (not by the order of
    events)."""
    low, high = span
    if low == high:
        return low
    digest = blake2b(f"{world.seed}:{subject}:{step}".encode(), digest_size=8).digest()
    return low + (high - low) * int.from_bytes(digest, "big") / 2**64


def schedule(world: World, at: float, step: str, subject: str) -> None:
    """Put a step on the agenda; `loop.STEPS` says what it does."""
    heapq.heappush(world.agenda, DueStep(at, count(world), step, subject))


def schedule_after(world: World, now: float, span: Range, step: str, subject: str) -> None:
    """Put a step on the agenda, after a drawn delay."""
    schedule(world, now + draw(world, subject, step, span), step, subject)


def arn(world: World, service: str, resource: str) -> str:
    """An ARN of this account and Region."""
    return f"arn:aws:{service}:{world.region}:{world.account}:{resource}"


def changed(world: World, now: float, source: str, detail_type: str, detail: Json) -> None:
    """Record a state change."""
    world.changes.append(Change(now, source, detail_type, detail))
