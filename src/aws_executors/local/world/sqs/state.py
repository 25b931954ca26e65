"""The state of SQS: queues and their messages.

Law: plain data, and what follows from it alone. A message is visible from `visible_at` on, and until then in
flight, so no step has to be scheduled to make it visible.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class QueuedMessage:
    """One message; times are epoch seconds, `handle` is its newest receipt handle ("" if never received),
    `source` the ARN of the queue that it was moved from."""

    id: str
    body: str
    sent: float
    visible_at: float
    receives: int = 0
    handle: str = ""
    received: float = 0.0
    first_received: float = 0.0
    source: str = ""


@dataclass(slots=True)
class MessageQueue:
    """One queue; `due` is a heap of `visible_at`, order and message id, which may have outdated entries."""

    name: str
    attributes: dict[str, str]
    created: float
    modified: float
    messages: dict[str, QueuedMessage] = field(default_factory=dict)
    due: list[tuple[float, int, str]] = field(default_factory=list)
    purged: float | None = None

    def seconds(self, attribute: str) -> int:
        """An attribute that is a number of seconds."""
        return int(self.attributes[attribute])

    def expired(self, message: QueuedMessage, now: float) -> bool:
        """Whether a message is older than the queue's retention period."""
        return message.sent + self.seconds("MessageRetentionPeriod") <= now


@dataclass(slots=True)
class SqsState:
    """The queues by name; `stirred` is set when receivers that wait for a message have to look again.

    `endpoint` is the beginning of the queues' URLs, `deleted` says when a queue was deleted, and `denied`
    are the names of queues to which access is denied.
    """

    endpoint: str = "https://sqs.us-east-1.amazonaws.com"
    queues: dict[str, MessageQueue] = field(default_factory=dict)
    deleted: dict[str, float] = field(default_factory=dict)
    denied: set[str] = field(default_factory=set)
    stirred: bool = False
