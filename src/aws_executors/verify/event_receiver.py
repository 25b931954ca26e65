"""Receive and read the events of verify's containers as the executor does, if `events_queue` is set.

Law: received events go to the engine unchanged; events of other deployments' containers are given back.
"""

import socket
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from aws_executors.core.aws.event_rules import host_queue
from aws_executors.core.lifecycle.observation import Observation
from aws_executors.shell.aws.event_queue import EventQueue
from aws_executors.shell.engine.aws_events.intake import EventIntake
from aws_executors.shell.engine.aws_events.listener import EventListener
from aws_executors.shell.engine.thread import Engine
from aws_executors.verify.interceptor import Ledger
from aws_executors.verify.plan import VerifySetup


class NoSink:
    """Drops all metrics: they are for an executor, and verify is none."""

    def count(self, name: str, by: int = 1) -> None:
        """Nothing."""

    def gauge(self, name: str, value: float) -> None:
        """Nothing."""

    def time(self, name: str, seconds: float) -> None:
        """Nothing."""


class EventReceiver:
    """The listener of one engine, and what it has heard; nothing without a queue."""

    def __init__(self, setup: VerifySetup, engine: Engine[str, Any], ledger: Ledger) -> None:
        settings = setup.settings
        self.queue = host_queue(settings.events_queue, socket.gethostname()) if settings.events_queue else ""
        self.problem = ""
        self._engine = engine
        self._ledger = ledger
        self._listener: EventListener | None = None
        if self.queue:
            read = partial(setup.backend.spec.observe_event, settings)
            source = EventQueue(setup.clients, self.queue)
            self._listener = EventListener(source, EventIntake(read, self, NoSink()))

    def start(self) -> None:
        """Begin to listen, if there is a queue."""
        if self._listener is not None:
            self._listener.start()

    def end(self) -> None:
        """Receive nothing more."""
        if self._listener is not None:
            self._listener.end()

    def tell(self, seen: Sequence[Observation], then: Callable[[frozenset[str]], None]) -> None:
        """Note these events, and pass them to the engine."""
        now = time.time()
        for one in seen:
            trace = self._ledger.trace_of(one.name or "-")
            if trace is not None:
                trace.events.append((now, one))
        self._ledger.seen(seen)
        self._engine.tell(seen, then)

    def events_failed(self, problem: str, began: float) -> None:
        """Note why the queue could not be read."""
        self.problem = problem
        self._engine.events_failed(problem, began)
