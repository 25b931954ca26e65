"""The state of EventBridge: the rules of the default event bus, and events that are on their way.

Law: plain data; only `rules.py` and `bus.py` change it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from aws_executors.local.world.values import Json


@dataclass(slots=True)
class EventRule:
    """One rule, described by `view`, with its parsed pattern, and its targets by id."""

    view: Json
    pattern: Json
    targets: dict[str, Json] = field(default_factory=dict)

    @property
    def enabled(self) -> bool:
        """Whether the rule sends events."""
        return bool(self.view["State"] != "DISABLED")


class Underway(NamedTuple):
    """One message that has not arrived at its target yet; `rule` is the ARN of the rule that sends it."""

    rule: str
    target: str
    body: str


@dataclass(slots=True)
class EventsState:
    """The rules by name, and the messages underway by the number of their step."""

    rules: dict[str, EventRule] = field(default_factory=dict)
    underway: dict[str, Underway] = field(default_factory=dict)
