"""The threads that take events from their queue to the engine: one, and more while there are many messages.

Law: a message is acknowledged after the engine has taken it in, so that one that a dying process has received
comes again. Nothing ends the first thread but `end`.
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
from aws_executors.shell.aws.event_queue import AT_ONCE, Message
from aws_executors.shell.engine.error_log import ErrorLog
from aws_executors.shell.engine.event_intake import EventIntake

log = logger(__name__)

ENGINE_WITHIN = 10.0
"""Seconds in which the engine takes events in; after that they are not acknowledged."""

RECEIVING = "Receiving events"

MOST = 8
"""Threads at once: each takes ten messages in two calls."""

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


class EventListener:
    """Receives messages, one group after the other, from `start` to `end`."""

    def __init__(self, mailbox: Mailbox, intake: EventIntake) -> None:
        self._mailbox = mailbox
        self._intake = intake
        self._ended = threading.Event()
        self._failures = 0
        self._error_log = ErrorLog(time.monotonic, log)
        self._helpers = threading.Semaphore(MOST - 1)

    def start(self) -> None:
        """Start the first thread."""
        self._begin(self._listen)

    def end(self) -> None:
        """Receive nothing more; returns at once. What is received but not acknowledged comes again."""
        self._ended.set()

    def turn(self) -> bool:
        """Receive one group of messages, have them taken in, and acknowledge them; whether more may wait."""
        received = self._mailbox.receive()
        if not is_successful(received):
            self._failed(received.failure())
            return False
        self._failures = 0
        self._error_log.works(RECEIVING)
        seen = self._intake.understood(received.unwrap())
        more = len(seen) == AT_ONCE
        if more:
            self._call_for_help()
        answer: queue.SimpleQueue[frozenset[str]] = queue.SimpleQueue()
        self._intake.hand_over(seen, answer.put)
        try:
            strangers = answer.get(timeout=ENGINE_WITHIN)
        except queue.Empty:
            return more  # they are received again
        # Where one of these fails, the messages come again, and mean what they meant.
        done, back = self._intake.sorted_out(seen, strangers)
        if done:
            self._mailbox.delete(done)
        if back:
            self._mailbox.give_back(back)
        return more

    def _failed(self, error: AwsError) -> None:
        """Say that the queue could not be read, and wait a while, longer each time."""
        problem = f"{error.code}: {error.message}"
        self._error_log.say(RECEIVING, error.kind, problem)
        self._intake.failed(problem)
        self._failures += 1
        self._ended.wait(delay(PAUSE, self._failures, jitter(RECEIVING, self._failures)))

    def _call_for_help(self) -> None:
        """Another thread receives, too, until it finds less than it can take."""
        if self._helpers.acquire(blocking=False):
            self._begin(self._help)

    def _begin(self, work: Callable[[], None]) -> None:
        threading.Thread(target=work, name="aws-executors-events", daemon=True).start()

    def _listen(self) -> None:
        while not self._ended.is_set():
            self._safe_turn()

    def _help(self) -> None:
        try:
            while self._safe_turn() and not self._ended.is_set():
                pass
        finally:
            self._helpers.release()

    def _safe_turn(self) -> bool:
        try:
            return self.turn()
        except Exception:
            log.exception("Unexpected error while receiving events; it continues")
            self._ended.wait(PAUSE.base)
            return False
