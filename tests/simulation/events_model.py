"""The queue of events in virtual time: it delivers what EventBridge sends, with faults.

Law: the production intake reads messages and decides on each; here a message comes late, twice or never, to
any of the schedulers, and comes again if it was not acknowledged.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from aws_executors.local.world import Json
from aws_executors.shell.aws.event_queue import Message
from aws_executors.shell.engine.aws_events.intake import EventIntake
from simulation.process import Process
from simulation.timeline import Timeline, between, chosen, draw

if TYPE_CHECKING:
    from aws_executors.core.lifecycle.observation import Observation

LOST, DOUBLED = 0.05, 0.05
"""The shares of the events that are lost, and that are sent twice."""

LATE = 6.0
"""The most seconds by which a tenth of the events comes late: a tenth of the real delay."""

HIDDEN = 3.0
"""Seconds after which a message that was not acknowledged comes again."""


@dataclass(slots=True)
class EventQueue:
    """One queue that all schedulers of a deployment share."""

    seed: int
    line: Timeline
    intakes: list[tuple[Process, EventIntake]] = field(default_factory=list)
    down_until: float = 0.0
    late_until: float = 0.0
    sent: int = 0
    received: int = 0
    _plans: int = 0
    _planned: dict[str, int] = field(default_factory=dict)
    _read: dict[str, Observation | None] = field(default_factory=dict)  # by body: it may come many times

    def send(self, detail: Json, kind: str) -> None:
        """Send an event, which may be lost, late, or come twice."""
        self.sent += 1
        number = self.sent
        if self.line.now < self.down_until or draw(self.seed, number, "lost") < LOST:
            return
        body = json.dumps({"detail-type": kind, "detail": detail})
        copies = 2 if draw(self.seed, number, "doubled") < DOUBLED else 1
        for copy in range(copies):
            is_late = self.line.now < self.late_until or draw(self.seed, number, copy, "late") < 0.1
            delay = between(0.02, LATE if is_late else 0.2, self.seed, number, copy, "delay")
            message = Message(body, f"{number}/{copy}", 1)
            self._plan(message, delay)

    def _plan(self, message: Message, seconds: float) -> None:
        """Plan that the message can be received after so many seconds, in place of any earlier plan."""
        self._plans += 1
        number = self._planned[message.receipt] = self._plans
        self.line.after(seconds, partial(self._deliver, message, number))

    def _deliver(self, message: Message, number: int) -> None:
        """Let one of the listening schedulers receive the message."""
        if self._planned.get(message.receipt) != number:
            return
        self.received += 1
        alive = [one for one in self.intakes if one[0].alive]
        one = chosen(alive, draw(self.seed, self.received, "receiver"))
        if one is None:
            self._plan(message, HIDDEN)
            return
        self._plan(_again(message), HIDDEN)
        process, intake = one
        process.after(0.02, partial(self._receive, process, intake, message))

    def _receive(self, process: Process, intake: EventIntake, message: Message) -> None:
        if message.body not in self._read:
            self._read[message.body] = intake.read([message])[message]
        seen = {message: self._read[message.body]}
        intake.hand_over(seen, lambda not_ours: self._acknowledge(process, intake, seen, not_ours))

    def _acknowledge(
        self,
        process: Process,
        intake: EventIntake,
        seen: Mapping[Message, Observation | None],
        not_ours: frozenset[str],
    ) -> None:
        done, back = intake.triage(seen, not_ours)

        def carry_out() -> None:
            for message in done:
                self._planned.pop(message.receipt, None)
            for message, seconds in back.items():
                self._plan(_again(message), seconds / 10)

        process.after(0.02, carry_out)


def _again(message: Message) -> Message:
    return Message(message.body, message.receipt, message.receive_count + 1)
