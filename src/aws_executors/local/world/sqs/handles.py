"""The actions by receipt handle: delete a message, or change when it is visible again.

Law: one function per action. Only the newest handle of a message deletes it; an older one is accepted and
does nothing, as on AWS. Source: API_DeleteMessage, API_ChangeMessageVisibility.
"""

from __future__ import annotations

from base64 import b64decode

from aws_executors.local.world.sqs.batches import each_entry
from aws_executors.local.world.sqs.messages import make_visible
from aws_executors.local.world.sqs.queues import queue_at
from aws_executors.local.world.sqs.refusals import hold_within, reject_value
from aws_executors.local.world.sqs.state import MessageQueue, QueuedMessage
from aws_executors.local.world.state import World
from aws_executors.local.world.values import Json, ServiceError

LONGEST = 43200
"""The most seconds, from the receipt, for which a message can be hidden from other receivers."""


def delete_message(world: World, params: Json, now: float) -> Json:
    """DeleteMessage: succeeds even if the message is gone or was received again since."""
    queue = queue_at(world, params, "DeleteMessage")
    return _delete(queue, params)


def delete_message_batch(world: World, params: Json, now: float) -> Json:
    """DeleteMessageBatch."""
    queue = queue_at(world, params, "DeleteMessage")
    return each_entry(params, lambda entry: _delete(queue, entry))


def _delete(queue: MessageQueue, entry: Json) -> Json:
    held = _held(queue, entry)
    if held is not None:
        del queue.messages[held.id]
    return {}


def change_message_visibility(world: World, params: Json, now: float) -> Json:
    """ChangeMessageVisibility: hides the message for so many seconds from now on; 0 gives it back."""
    queue = queue_at(world, params, "ChangeMessageVisibility")
    return _change(world, queue, params, now)


def change_message_visibility_batch(world: World, params: Json, now: float) -> Json:
    """ChangeMessageVisibilityBatch."""
    queue = queue_at(world, params, "ChangeMessageVisibility")
    return each_entry(params, lambda entry: _change(world, queue, entry, now))


def _change(world: World, queue: MessageQueue, entry: Json, now: float) -> Json:
    seconds = hold_within(entry.get("VisibilityTimeout", 0), "VisibilityTimeout", 0, LONGEST)
    held = _held(queue, entry)
    if held is None or held.visible_at <= now:
        reject_value(
            entry["ReceiptHandle"],
            "ReceiptHandle",
            "Message does not exist or is not available for visibility timeout change.",
        )
    if now + seconds > held.received + LONGEST:
        reject_value(
            seconds,
            "VisibilityTimeout",
            f"Total VisibilityTimeout for the message is beyond the limit [{LONGEST} seconds]",
        )
    make_visible(world, queue, held, now + seconds)
    return {}


def _held(queue: MessageQueue, entry: Json) -> QueuedMessage | None:
    """The message whose newest handle this is, or None; ReceiptHandleIsInvalid if it was never a handle."""
    handle = entry["ReceiptHandle"]
    message = queue.messages.get(_message_id(queue, handle))
    return message if message is not None and message.handle == handle else None


def _message_id(queue: MessageQueue, handle: str) -> str:
    try:
        name, message_id, receives = b64decode(handle, validate=True).decode().split("/")
    except ValueError:
        name, message_id, receives = "", "", ""
    if name != queue.name or not receives.isdecimal():
        raise ServiceError(
            "ReceiptHandleIsInvalid", f'The input receipt handle "{handle}" is not a valid receipt handle.'
        )
    return message_id
