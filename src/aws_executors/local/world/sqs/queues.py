"""SQS queues: create, find, describe, change, empty and delete them.

Law: one function per action, and the look-up that every other action needs. Source: botocore's `sqs` model,
Amazon SQS API Reference; the messages are SQS's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from aws_executors.local.world.pages import page
from aws_executors.local.world.sqs.attributes import COUNTS, READABLE, redrive_of, with_attributes
from aws_executors.local.world.sqs.refusals import NOT_HERE, reject_value
from aws_executors.local.world.sqs.state import MessageQueue
from aws_executors.local.world.state import World, arn
from aws_executors.local.world.values import Json, ServiceError

NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
PAUSE = 60.0
"""Seconds that must pass from a queue's deletion to a new one of that name, and between two purges."""


def create_queue(world: World, params: Json, now: float) -> Json:
    """CreateQueue: returns an existing queue, if all given attributes are the same."""
    name, given = params["QueueName"], params.get("Attributes", {})
    if name.endswith(".fifo") or given.get("FifoQueue") == "true":
        raise ServiceError("UnsupportedOperation", NOT_HERE)
    if not NAME.fullmatch(name):
        raise ServiceError(
            "InvalidParameterValueException",
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
        )
    there = world.sqs.queues.get(name)
    wanted = with_attributes({} if there is None else there.attributes, given)
    if there is None:
        _create(world, name, wanted, now)
        return {"QueueUrl": queue_url(world, name)}
    for one in given:
        if wanted.get(one) != there.attributes.get(one):
            raise ServiceError(
                "QueueNameExists",
                f"A queue already exists with the same name and a different value for attribute {one}",
            )
    return {"QueueUrl": queue_url(world, name)}


def _create(world: World, name: str, attributes: dict[str, str], now: float) -> None:
    if now < world.sqs.deleted.get(name, -PAUSE) + PAUSE:
        raise ServiceError(
            "QueueDeletedRecently",
            "You must wait 60 seconds after deleting a queue before you can create another with the same "
            "name.",
        )
    _check_redrive(world, name, attributes)
    world.sqs.queues[name] = MessageQueue(name, attributes, now, now)


def _check_redrive(world: World, name: str, given: Mapping[str, str]) -> None:
    """Reject a redrive policy whose dead-letter queue does not exist, or is the queue itself."""
    policy = given.get("RedrivePolicy", "")
    target = dead_letters(world, policy) if policy else None
    if policy and (target is None or target.name == name):
        reason = (
            "Dead letter target does not exist." if target is None else "Dead letter target is its source."
        )
        reject_value(policy, "RedrivePolicy", reason)


def dead_letters(world: World, redrive_policy: str) -> MessageQueue | None:
    """The queue that a redrive policy names, or None."""
    target, _ = redrive_of(redrive_policy)
    return queue_of_arn(world, target)


def queue_url(world: World, name: str) -> str:
    """The URL of a queue."""
    return f"{world.sqs.endpoint}/{world.account}/{name}"


def queue_arn(world: World, name: str) -> str:
    """The ARN of a queue."""
    return arn(world, "sqs", name)


def queue_of_arn(world: World, wanted: str) -> MessageQueue | None:
    """The queue with that ARN, or None."""
    found = world.sqs.queues.get(wanted.rpartition(":")[2])
    return found if found is not None and queue_arn(world, found.name) == wanted else None


def queue_at(world: World, params: Json, action: str) -> MessageQueue:
    """The queue at a URL, of which only the path counts; raises QueueDoesNotExist or AccessDenied."""
    before, _, name = params["QueueUrl"].rpartition("/")
    if name in world.sqs.denied:
        who, resource = f"arn:aws:iam::{world.account}:user/local", queue_arn(world, name)
        raise ServiceError(
            "AccessDeniedException",
            f"User: {who} is not authorized to perform: sqs:{action.lower()} on resource: {resource} because "
            f"no identity-based policy allows the sqs:{action.lower()} action",
            403,
        )
    found = world.sqs.queues.get(name)
    if found is None or before.rpartition("/")[2] not in ("", world.account):
        raise ServiceError("QueueDoesNotExist", "The specified queue does not exist.")
    return found


def get_queue_url(world: World, params: Json, now: float) -> Json:
    """GetQueueUrl."""
    owner = params.get("QueueOwnerAWSAccountId", world.account)
    name = queue_at(world, {"QueueUrl": f"{owner}/{params['QueueName']}"}, "GetQueueUrl").name
    return {"QueueUrl": queue_url(world, name)}


def list_queues(world: World, params: Json, now: float) -> Json:
    """ListQueues, by prefix; pages only if `MaxResults` is given."""
    prefix = params.get("QueueNamePrefix", "")
    names = [name for name in sorted(world.sqs.queues) if name.startswith(prefix)]
    size = params.get("MaxResults", 1000)
    if not 1 <= size <= 1000:
        reject_value(size, "MaxResults", "MaxResults must be an integer between 1 and 1000.")
    numbered = list(enumerate(names, start=1))
    token = params.get("NextToken")
    found, more = page(numbered, lambda pair: pair[0], token, size, "InvalidParameterValueException")
    urls = {"QueueUrls": [queue_url(world, name) for _, name in found]} if found else {}
    return {**urls, **({"NextToken": more} if more and "MaxResults" in params else {})}


def get_queue_attributes(world: World, params: Json, now: float) -> Json:
    """GetQueueAttributes: the requested attributes that the queue has, as text."""
    queue = queue_at(world, params, "GetQueueAttributes")
    asked = params.get("AttributeNames", [])
    for name in asked:
        if name not in READABLE:
            raise ServiceError("InvalidAttributeName", f"Unknown Attribute {name}.")
    every = {
        **queue.attributes,
        **_counts(queue, now),
        "QueueArn": queue_arn(world, queue.name),
        "CreatedTimestamp": str(int(queue.created)),
        "LastModifiedTimestamp": str(int(queue.modified)),
    }
    chosen = {name: value for name, value in every.items() if name in asked or "All" in asked}
    return {"Attributes": chosen} if chosen else {}


def _counts(queue: MessageQueue, now: float) -> dict[str, str]:
    visible, flying, delayed = 0, 0, 0
    for message in queue.messages.values():
        if queue.expired(message, now):
            continue
        hidden = message.visible_at > now
        flying += hidden and message.handle != ""
        delayed += hidden and message.handle == ""
        visible += not hidden
    return dict(zip(COUNTS, map(str, (visible, flying, delayed)), strict=True))


def set_queue_attributes(world: World, params: Json, now: float) -> Json:
    """SetQueueAttributes: takes effect at once; on AWS within 60 seconds."""
    queue = queue_at(world, params, "SetQueueAttributes")
    wanted = with_attributes(queue.attributes, params["Attributes"])
    _check_redrive(world, queue.name, params["Attributes"])
    queue.attributes, queue.modified = wanted, now
    return {}


def delete_queue(world: World, params: Json, now: float) -> Json:
    """DeleteQueue, with all its messages; waiting receivers get the error that there is no such queue."""
    name = queue_at(world, params, "DeleteQueue").name
    del world.sqs.queues[name]
    world.sqs.deleted[name] = now
    world.sqs.stirred = True
    return {}


def purge_queue(world: World, params: Json, now: float) -> Json:
    """PurgeQueue: takes effect at once; on AWS within 60 seconds."""
    queue = queue_at(world, params, "PurgeQueue")
    if queue.purged is not None and now < queue.purged + PAUSE:
        raise ServiceError(
            "PurgeQueueInProgress",
            f"Only one PurgeQueue operation on {queue.name} is allowed every 60 seconds.",
            403,
        )
    queue.messages.clear()
    queue.due.clear()
    queue.purged = now
    return {}
