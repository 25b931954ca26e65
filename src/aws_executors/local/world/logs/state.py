"""The state of CloudWatch Logs: groups, streams, events.

Law: records, no behaviour. Times are in epoch milliseconds, as in the service.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from aws_executors.local.world.values import Json


@dataclass(slots=True)
class StoredStream:
    """One log stream; `events` are OutputLogEvents in the order of their arrival."""

    name: str
    created: int
    events: list[Json] = field(default_factory=list)


@dataclass(slots=True)
class Group:
    """One log group and its streams by name."""

    name: str
    created: int
    streams: dict[str, StoredStream] = field(default_factory=dict)


@dataclass(slots=True)
class LogState:
    """Groups by name."""

    groups: dict[str, Group] = field(default_factory=dict)
