"""The SQS queue that EventBridge puts events into.

Law: three calls, each returning the needed part of its answer; messages are read elsewhere. A message that is
not deleted comes again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from returns.result import Failure, Result, Success

from aws_executors.core.aws.errors import AwsError, classify
from aws_executors.shell.aws.client.clients import LONG_POLL, Clients

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import BatchResultErrorEntryTypeDef, MessageTypeDef

AT_ONCE = 10
"""How many messages one call takes at most. Source: ReceiveMessage, DeleteMessageBatch."""

HIDDEN = 30
"""Seconds for which SQS does not deliver a received message again."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message; `receipt` is the handle of this receipt, which is the `receive_count`-th."""

    body: str = field(repr=False)  # may hold a command line with a token in it
    receipt: str
    receive_count: int = 1


class EventQueue:
    """One queue, by its URL; every method waits for AWS, and none raises."""

    def __init__(self, clients: Clients, url: str) -> None:
        self._clients = clients
        self._url = url

    def __repr__(self) -> str:
        return f"<EventQueue {self._url}>"

    def receive(self) -> Result[tuple[Message, ...], AwsError]:
        """Wait up to `LONG_POLL` seconds for messages; returns at most ten, perhaps none."""
        answer = self._clients.sqs(
            lambda sqs: sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=AT_ONCE,
                WaitTimeSeconds=LONG_POLL,
                VisibilityTimeout=HIDDEN,
                MessageSystemAttributeNames=["ApproximateReceiveCount"],
            )
        )
        return answer.map(lambda told: tuple(map(_message, told.get("Messages", ()))))

    def delete(self, messages: Sequence[Message]) -> Result[None, AwsError]:
        """Acknowledge up to ten messages, once they are taken in; returns the first refusal, if any."""
        answer = self._clients.sqs(
            lambda sqs: sqs.delete_message_batch(
                QueueUrl=self._url,
                Entries=[{"Id": str(at), "ReceiptHandle": one.receipt} for at, one in enumerate(messages)],
            )
        )
        return answer.bind(lambda told: _refused(told.get("Failed", ())))

    def give_back(self, messages: Mapping[Message, int]) -> Result[None, AwsError]:
        """Let other receivers have up to ten messages, each after its number of seconds; returns the first
        refusal, if any."""
        answer = self._clients.sqs(
            lambda sqs: sqs.change_message_visibility_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(at), "ReceiptHandle": one.receipt, "VisibilityTimeout": seconds}
                    for at, (one, seconds) in enumerate(messages.items())
                ],
            )
        )
        return answer.bind(lambda told: _refused(told.get("Failed", ())))


def _refused(failed: "Sequence[BatchResultErrorEntryTypeDef]") -> Result[None, AwsError]:
    """The first failure of a single message that a successful answer reports."""
    for one in failed:
        return Failure(classify(one["Code"], one.get("Message", "")))
    return Success(None)


def _message(told: "MessageTypeDef") -> Message:
    times = told.get("Attributes", {}).get("ApproximateReceiveCount", "1")
    return Message(told.get("Body", ""), told.get("ReceiptHandle", ""), int(times) if times.isdigit() else 1)
