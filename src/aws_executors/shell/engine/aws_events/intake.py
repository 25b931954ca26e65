"""What becomes of EventBridge's messages: read, handed to the engine, then acknowledged or given back.

Law: an event is read by the functions that read descriptions. A message that is not for this scheduler is
given back to the others, a few times; an unreadable one is acknowledged, and logged once.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from returns.pipeline import is_successful
from returns.result import Failure

from aws_executors.core.aws.event_rules import GIVEN_BACK
from aws_executors.core.aws.response import Reader
from aws_executors.core.lifecycle.metrics import EVENTS, EventFate, name_of
from aws_executors.core.lifecycle.observation import Observation, Unreadable
from aws_executors.shell.airflow.loggers import logger
from aws_executors.shell.airflow.metrics import Sink
from aws_executors.shell.aws.event_queue import Message
from aws_executors.shell.engine.calls.error_log import ErrorLog

log = logger(__name__)

READING = "Reading an event"


class EventConsumer(Protocol):
    """What takes events in; `Engine` is one."""

    def tell(self, seen: Sequence[Observation], then: Callable[[frozenset[str]], None]) -> None:
        """Take events in; `then` gets the containers that are not this scheduler's."""
        ...

    def events_failed(self, problem: str, began: float) -> None:
        """The queue could not be read, by a call that began at `began`."""
        ...


class EventIntake:
    """Hands the events in messages to the engine, and decides what becomes of each message."""

    def __init__(self, read: Reader, consumer: EventConsumer, sink: Sink) -> None:
        self._read = read
        self._consumer = consumer
        self._sink = sink
        self._error_log = ErrorLog(time.monotonic, log)

    def read(self, messages: Sequence[Message]) -> dict[Message, Observation | None]:
        """The event in each message; None if it cannot be read."""
        return {message: self._read_one(message) for message in messages}

    def hand_over(
        self, seen: Mapping[Message, Observation | None], then: Callable[[frozenset[str]], None]
    ) -> None:
        """Hand the events to the engine; `then` gets the containers that are not this scheduler's."""
        self._consumer.tell([one for one in seen.values() if one is not None], then)

    def failed(self, problem: str, began: float) -> None:
        """The queue could not be read, by a call that began at `began`."""
        self._consumer.events_failed(problem, began)

    def triage(
        self, seen: Mapping[Message, Observation | None], not_ours: frozenset[str]
    ) -> tuple[list[Message], dict[Message, int]]:
        """Which messages to acknowledge, and which to give back, after how many seconds each."""
        done: list[Message] = []
        back: dict[Message, int] = {}
        for message, one in seen.items():
            fate = EventFate.TAKEN if one is not None else EventFate.UNREADABLE
            if one is not None and one.id in not_ours:
                again = message.receive_count <= len(GIVEN_BACK)
                fate = EventFate.GIVEN_BACK if again else EventFate.NOBODYS
            self._sink.count(name_of(EVENTS, fate))
            if fate is EventFate.GIVEN_BACK:
                back[message] = GIVEN_BACK[message.receive_count - 1]
            else:
                done.append(message)
        return done, back

    def _read_one(self, message: Message) -> Observation | None:
        try:
            read = self._read(_event_in(message.body))
        except Exception as error:  # noqa: BLE001 - whatever one message is, the others are read
            read = Failure(Unreadable(id="", problem=f"{type(error).__name__}: {error}"))
        if is_successful(read):
            self._error_log.works(READING)
            return read.unwrap()
        self._error_log.say(READING, "unreadable", read.failure().problem)
        return None


def _event_in(body: str) -> object:
    """The event in a message: the whole body or, if the rule sends to the queue by way of SNS, what SNS has
    wrapped in a message of its own. Source: "Amazon SNS raw message delivery", Developer Guide.

    >>> _event_in('{"Type": "Notification", "TopicArn": "arn:aws:sns:1", "Message": "[7]"}')
    [7]
    """
    found: object = json.loads(body)
    match found:
        case {"Type": "Notification", "TopicArn": str(), "Message": str(message)}:
            return json.loads(message)
        case _:
            return found
