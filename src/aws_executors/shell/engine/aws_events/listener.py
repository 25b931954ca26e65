"""The threads that take events from their queue to the engine: one, and more while there are many messages.

Law: a message is acknowledged after the engine has taken it in: if the process dies before, the message comes
again. Only `end` ends the first thread.
"""

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from returns.pipeline import is_successful
from returns.result import Result

from aws_executors.core.aws.backoff import Backoff, delay, jitter
from aws_executors.core.aws.errors import AwsError
from aws_executors.shell.airflow.loggers import logger
from aws_executors.shell.aws.client.clients import LISTENERS
from aws_executors.shell.aws.event_queue import AT_ONCE, Message
from aws_executors.shell.engine.aws_events.intake import EventIntake
from aws_executors.shell.engine.calls.error_log import ErrorLog

log = logger(__name__)

ENGINE_WITHIN = 10.0
"""Seconds within which the engine must take events in; otherwise they are not acknowledged."""

BRIEF = 1.0
"""Seconds: an empty answer that comes sooner means that the endpoint does not long-poll."""

RECEIVING, ACKNOWLEDGING = "Receiving events", "Acknowledging events"

RECEIVE_BACKOFF = Backoff(base=1.0, cap=60.0)
"""The pause after receive calls that have failed."""


class MessageSource(Protocol):
    """The queue that messages are received from; `EventQueue` is one."""

    def receive(self) -> Result[tuple[Message, ...], AwsError]:
        """Wait for messages."""
        ...

    def delete(self, messages: Sequence[Message]) -> Result[None, AwsError]:
        """Acknowledge messages."""
        ...

    def give_back(self, messages: Mapping[Message, int]) -> Result[None, AwsError]:
        """Let messages be received again, each after its number of seconds."""
        ...


class EventListener:
    """Receives messages, one group after the other, from `start` to `end`."""

    def __init__(self, source: MessageSource, intake: EventIntake) -> None:
        self._source = source
        self._intake = intake
        self._ended = threading.Event()
        self._failures = 0
        self._error_log = ErrorLog(time.monotonic, log)
        self._helpers = threading.Semaphore(LISTENERS - 1)

    def start(self) -> None:
        """Start the first thread."""
        self._begin(self._listen)

    def end(self) -> None:
        """Receive nothing more; returns at once. What is received but not acknowledged comes again."""
        self._ended.set()

    def receive(self) -> bool:
        """Receive a group of messages, have it taken in and acknowledge it; returns whether more may wait."""
        began = time.monotonic()
        received = self._source.receive()
        if not is_successful(received):
            self._failed(received.failure(), began)
            return False
        self._failures = 0
        self._error_log.works(RECEIVING)
        messages = received.unwrap()
        if self._ended.is_set():
            self._acknowledge([], dict.fromkeys(messages, 0))  # other schedulers receive them at once
            return False
        seen = self._intake.read(messages)
        answer: queue.Queue[frozenset[str]] = queue.Queue(1)
        self._intake.hand_over(seen, answer.put)
        if more := len(messages) == AT_ONCE:
            self._call_for_help()
        try:
            not_ours = answer.get(timeout=ENGINE_WITHIN)
        except queue.Empty:
            return more  # not acknowledged, they are received again
        self._acknowledge(*self._intake.triage(seen, not_ours))
        if not messages and time.monotonic() - began < BRIEF:
            self._ended.wait(BRIEF)  # this endpoint does not long-poll
        return more

    def _acknowledge(self, done: Sequence[Message], back: Mapping[Message, int]) -> None:
        """Delete or give back messages; if a call fails, its messages come again, which does no harm."""
        if done and not is_successful(deleted := self._source.delete(done)):
            self._say(ACKNOWLEDGING, deleted.failure())
        if back and not is_successful(given := self._source.give_back(back)):
            self._say(ACKNOWLEDGING, given.failure())

    def _failed(self, error: AwsError, began: float) -> None:
        """Report that the queue could not be read, and wait, longer after each failure in a row."""
        self._intake.failed(self._say(RECEIVING, error), began)
        self._failures += 1
        self._ended.wait(delay(RECEIVE_BACKOFF, self._failures, jitter(RECEIVING, self._failures)))

    def _say(self, topic: str, error: AwsError) -> str:
        self._error_log.say(topic, error.kind, error.with_remedy)
        return str(error)

    def _call_for_help(self) -> None:
        """Start another thread, which receives until a call returns fewer than `AT_ONCE` messages."""
        if self._helpers.acquire(blocking=False):
            try:
                self._begin(self._help)
            except RuntimeError:  # no more threads can be had
                self._helpers.release()

    def _begin(self, work: Callable[[], None]) -> None:
        threading.Thread(target=work, name="aws-executors-events", daemon=True).start()

    def _listen(self) -> None:
        while not self._ended.is_set():
            self._receive_safely()

    def _help(self) -> None:
        try:
            while self._receive_safely() and not self._ended.is_set():
                pass
        finally:
            self._helpers.release()

    def _receive_safely(self) -> bool:
        try:
            return self.receive()
        except Exception:
            log.exception("Unexpected error while receiving events; receiving continues")
            self._ended.wait(RECEIVE_BACKOFF.base)
            return False
