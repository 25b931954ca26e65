"""Put messages into a queue, and take them out for a while.

Law: the only place where a message enters a queue or is given to a receiver. A message that was received as
often as the redrive policy allows goes to the dead-letter queue instead of to the next receiver. Source:
"Amazon SQS visibility timeout", "Using dead-letter queues in Amazon SQS", API_ReceiveMessage.
"""

from __future__ import annotations

import heapq
import re
from base64 import b64encode
from hashlib import md5

from aws_executors.local.world.sqs.attributes import redrive_of
from aws_executors.local.world.sqs.batches import each_entry
from aws_executors.local.world.sqs.queues import dead_letters, queue_arn, queue_at
from aws_executors.local.world.sqs.refusals import NOT_HERE, hold_within
from aws_executors.local.world.sqs.state import MessageQueue, QueuedMessage
from aws_executors.local.world.state import World, count, uuid
from aws_executors.local.world.values import Json, ServiceError

FORBIDDEN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""The characters that make a message invalid. Source: API_SendMessage."""
ATTRIBUTES = ("MessageAttributes", "MessageSystemAttributes", "MessageGroupId", "MessageDeduplicationId")
SENDER = "AIDALOCAL"


def send_message(world: World, params: Json, now: float) -> Json:
    """SendMessage."""
    queue = queue_at(world, params, "SendMessage")
    return _send(world, queue, params, now)


def send_message_batch(world: World, params: Json, now: float) -> Json:
    """SendMessageBatch."""
    queue = queue_at(world, params, "SendMessageBatch")
    return each_entry(params, lambda entry: _send(world, queue, entry, now))


def _send(world: World, queue: MessageQueue, entry: Json, now: float) -> Json:
    body = entry["MessageBody"]
    if any(name in entry for name in ATTRIBUTES):
        raise ServiceError("UnsupportedOperation", NOT_HERE)
    if body == "":
        raise ServiceError("MissingParameterException", "The request must contain the parameter MessageBody.")
    if FORBIDDEN.search(body):
        raise ServiceError("InvalidMessageContents", "Invalid characters found.")
    most = queue.seconds("MaximumMessageSize")
    if len(body.encode()) > most:
        raise ServiceError(
            "InvalidParameterValueException",
            f"One or more parameters are invalid. Reason: Message must be shorter than {most} bytes.",
        )
    delay = hold_within(entry.get("DelaySeconds", queue.seconds("DelaySeconds")), "DelaySeconds", 0, 900)
    message = put_message(world, queue, body, now, delay)
    return {"MD5OfMessageBody": _digest(body), "MessageId": message.id}


def put_message(
    world: World, queue: MessageQueue, body: str, now: float, delay: float = 0.0
) -> QueuedMessage:
    """Put a new message into a queue, visible after `delay` seconds."""
    message = QueuedMessage(uuid(world), body, now, now + delay)
    queue.messages[message.id] = message
    make_visible(world, queue, message, now + delay)
    return message


def make_visible(world: World, queue: MessageQueue, message: QueuedMessage, at: float) -> None:
    """Make a message visible from `at` on, and let waiting receivers look again."""
    message.visible_at = at
    heapq.heappush(queue.due, (at, count(world), message.id))
    world.sqs.stirred = True


def receive_message(world: World, params: Json, now: float) -> Json:
    """ReceiveMessage: what is there now; see `wait_for` for long polls."""
    queue = queue_at(world, params, "ReceiveMessage")
    most = hold_within(params.get("MaxNumberOfMessages", 1), "MaxNumberOfMessages", 1, 10)
    hold_within(params.get("WaitTimeSeconds", 0), "WaitTimeSeconds", 0, 20)
    seconds = params.get("VisibilityTimeout", queue.seconds("VisibilityTimeout"))
    hold_within(seconds, "VisibilityTimeout", 0, 43200)
    taken = _take(world, queue, most, now)
    for message in taken:
        message.receives += 1
        message.received = now
        message.first_received = message.first_received or now
        message.handle = b64encode(f"{queue.name}/{message.id}/{message.receives}".encode()).decode()
        make_visible(world, queue, message, now + seconds)
    wanted = {*params.get("AttributeNames", ()), *params.get("MessageSystemAttributeNames", ())}
    return {"Messages": [_shown(message, wanted) for message in taken]} if taken else {}


def _take(world: World, queue: MessageQueue, most: int, now: float) -> list[QueuedMessage]:
    """Take up to `most` visible messages, those first that have been visible longest."""
    taken: list[QueuedMessage] = []
    while len(taken) < most and _next_visible(queue, now) <= now:
        message = queue.messages[heapq.heappop(queue.due)[2]]
        message.visible_at = float("inf")  # outdates all other entries of this message in the heap
        if not _redriven(world, queue, message, now):
            taken.append(message)
    return taken


def _next_visible(queue: MessageQueue, now: float) -> float:
    """When the next message is visible; forgets outdated entries and messages that are too old."""
    while queue.due:
        at, _, message_id = queue.due[0]
        message = queue.messages.get(message_id)
        if message is not None and message.visible_at == at and not queue.expired(message, now):
            return at
        heapq.heappop(queue.due)
        if message is not None and queue.expired(message, now):
            del queue.messages[message_id]
    return float("inf")


def _redriven(world: World, queue: MessageQueue, message: QueuedMessage, now: float) -> bool:
    """Move a message to the dead-letter queue if it was received too often; it keeps its age."""
    policy = queue.attributes.get("RedrivePolicy")
    target = None if policy is None else dead_letters(world, policy)
    if policy is None or target is None or message.receives < redrive_of(policy)[1]:
        return False
    del queue.messages[message.id]
    message.source, message.handle = queue_arn(world, queue.name), ""
    target.messages[message.id] = message
    make_visible(world, target, message, now)
    return True


def wait_for(world: World, params: Json, since: float, now: float) -> float:
    """Seconds after which a receiver that found nothing looks again, unless the world stirs before.

    0 means that the receiver's long poll, which began at `since`, is over.
    """
    queue = queue_at(world, params, "ReceiveMessage")
    seconds: int = params.get("WaitTimeSeconds", queue.seconds("ReceiveMessageWaitTimeSeconds"))
    return max(0.0, min(since + seconds, _next_visible(queue, now)) - now)


def _shown(message: QueuedMessage, wanted: set[str]) -> Json:
    every = {
        "SenderId": SENDER,
        "SentTimestamp": str(int(message.sent * 1000)),
        "ApproximateReceiveCount": str(message.receives),
        "ApproximateFirstReceiveTimestamp": str(int(message.first_received * 1000)),
        **({"DeadLetterQueueSourceArn": message.source} if message.source else {}),
    }
    chosen = {name: value for name, value in every.items() if name in wanted or "All" in wanted}
    return {
        "MessageId": message.id,
        "ReceiptHandle": message.handle,
        "MD5OfBody": _digest(message.body),
        "Body": message.body,
        **({"Attributes": chosen} if chosen else {}),
    }


def _digest(body: str) -> str:
    return md5(body.encode(), usedforsecurity=False).hexdigest()
