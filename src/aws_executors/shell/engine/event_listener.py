"""The thread that takes events from their queue to the engine.

Law: a message is acknowledged after the engine has taken it in, so that one that a dying process has received
comes again. What is not for this scheduler is given back for the others, a few times; what nobody can read is
logged once and acknowledged. Nothing here ends the thread but `end`.
"""

import json
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, cast

from returns.pipeline import is_successful
from returns.result import Result

from aws_executors.core.aws.backoff import Backoff, delay, jitter
from aws_executors.core.aws.errors import AwsError
from aws_executors.core.lifecycle.metrics import EVENTS, EventFate, name_of
from aws_executors.core.lifecycle.observation import Observation, Unreadable
from aws_executors.shell.airflow.loggers import logger
from aws_executors.shell.airflow.metrics import Sink
from aws_executors.shell.aws.event_queue import Message
from aws_executors.shell.engine.error_log import ErrorLog

log = logger(__name__)

Read = Callable[[object], Result[Observation, Unreadable]]
"""What an event says of a container."""

GIVEN_BACK = (*(0,) * 8, 1, 2, 4)
"""Seconds after which a message is received again that is not for this scheduler, each time later; then it is
for nobody. Most likely another scheduler gets it; it may also be about a container whose RunTask has not been
answered yet."""

ENGINE_WITHIN = 10.0
"""Seconds in which the engine takes events in; after that they are not acknowledged."""

RECEIVING, READING = "Receiving events", "Reading an event"

PAUSE = Backoff(base=1.0, cap=60.0)
"""After calls that have failed."""


class Mailbox(Protocol):
    """Where messages come from; `EventQueue` is one."""

    def receive(self) -> Result[tuple[Message, ...], AwsError]:
        """Wait for messages."""
        ...

    def delete(self, messages: Sequence[Message]) -> Result[object, AwsError]:
        """Acknowledge messages."""
        ...

    def give_back(self, messages: Mapping[Message, int]) -> Result[object, AwsError]:
        """Let messages be received again, after so many seconds."""
        ...


class Hearer(Protocol):
    """Who takes events in; `Engine` is one."""

    def tell(self, seen: Sequence[Observation], then: Callable[[frozenset[str]], None]) -> None:
        """Take events in; `then` gets the containers that are not this scheduler's."""
        ...

    def events_failed(self, problem: str) -> None:
        """The queue could not be read."""
        ...


class EventListener:
    """Receives events, one group after the other, until `end`."""

    def __init__(self, mailbox: Mailbox, read: Read, hearer: Hearer, sink: Sink) -> None:
        self._mailbox = mailbox
        self._read = read
        self._hearer = hearer
        self._sink = sink
        self._ended = threading.Event()
        self._failures = 0
        self._error_log = ErrorLog(time.monotonic, log)
        self._thread = threading.Thread(target=self._run, name="aws-executors-events", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def end(self) -> None:
        """Receive nothing more; returns at once. What is received but not acknowledged comes again."""
        self._ended.set()

    def turn(self) -> None:
        """Receive one group of messages, have them taken in, and acknowledge them."""
        received = self._mailbox.receive()
        if not is_successful(received):
            self._failed(received.failure())
            return
        self._failures = 0
        self._error_log.works(RECEIVING)
        seen = {message: self._read_one(message) for message in received.unwrap()}
        answer: queue.SimpleQueue[frozenset[str]] = queue.SimpleQueue()
        self._hearer.tell([one for one in seen.values() if one is not None], answer.put)
        try:
            strangers = answer.get(timeout=ENGINE_WITHIN)
        except queue.Empty:
            return  # they are received again
        back = {
            message: GIVEN_BACK[message.times - 1]
            for message, one in seen.items()
            if one is not None and one.id in strangers and message.times <= len(GIVEN_BACK)
        }
        for message, one in seen.items():
            if one is None:
                fate = EventFate.UNREADABLE
            elif message in back:
                fate = EventFate.GIVEN_BACK
            else:
                fate = EventFate.NOBODYS if one.id in strangers else EventFate.TAKEN
            self._sink.count(name_of(EVENTS, fate))
        # Where one of these fails, the messages come again, and mean what they meant.
        if done := [message for message in seen if message not in back]:
            self._mailbox.delete(done)
        if back:
            self._mailbox.give_back(back)

    def _read_one(self, message: Message) -> Observation | None:
        """What the message says; None where nobody can say."""
        try:
            told = cast("object", json.loads(message.body))
        except ValueError:
            told = None
        read = self._read(told)
        if is_successful(read):
            return read.unwrap()
        self._error_log.say(READING, "unreadable", read.failure().problem)
        return None

    def _failed(self, error: AwsError) -> None:
        """The queue could not be read: say so, and wait a while, longer each time."""
        problem = f"{error.code}: {error.message}"
        self._error_log.say(RECEIVING, error.kind, problem)
        self._hearer.events_failed(problem)
        self._failures += 1
        self._ended.wait(delay(PAUSE, self._failures, jitter(RECEIVING, self._failures)))

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self.turn()
            except Exception:
                log.exception("Unexpected error while receiving events; it continues")
                self._ended.wait(PAUSE.base)
