"""The event bus: from a change of the world to messages in queues.

Law: the only place where an event is made and where it goes to its targets. An event that the target refuses
is dropped, as by EventBridge without a dead-letter queue; with delivery faults an event is lost, doubled or
late, determined by the seed. Source: "Amazon EventBridge event structure".
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

from aws_executors.local.world.events.inputs import target_input
from aws_executors.local.world.events.patterns import fits_pattern
from aws_executors.local.world.events.state import EventRule, Underway
from aws_executors.local.world.sqs.messages import put_message
from aws_executors.local.world.sqs.policy import lets_events_in
from aws_executors.local.world.sqs.queues import queue_of_arn
from aws_executors.local.world.state import World, count, draw, schedule, uuid
from aws_executors.local.world.values import Json

ARRIVES = "event.arrives"
CERTAIN = (0.0, 1.0)


@lru_cache(maxsize=1024)  # a task's times are in each of its events
def iso(at: float, timespec: str = "milliseconds") -> str:
    """Epoch seconds in the format of events.

    >>> iso(1579802254.402), iso(1579802254.402, "seconds")
    ('2020-01-23T17:57:34.402Z', '2020-01-23T17:57:34Z')
    """
    return datetime.fromtimestamp(at, UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


def send_event(
    world: World, now: float, source: str, kind: str, resource: str, detail: Callable[[], Json]
) -> None:
    """Send an event to the targets of all matching enabled rules; without rules, `detail` is not called."""
    rules = [rule for rule in world.events.rules.values() if rule.enabled and rule.targets]
    if not rules:
        return
    event: Json = {
        "version": "0",
        "id": uuid(world),
        "detail-type": kind,
        "source": source,
        "account": world.account,
        "time": iso(now, "seconds"),
        "region": world.region,
        "resources": [resource],
        "detail": detail(),
    }
    for rule in rules:
        if fits_pattern(rule.pattern, event):
            for target in rule.targets.values():
                _send_to(world, now, rule, target, event)


def _send_to(world: World, now: float, rule: EventRule, target: Json, event: Json) -> None:
    """Send an event to one target: not at all, once or twice, and now or later."""
    faults = world.faults.delivery
    subject = f"{event['id']}/{rule.view['Name']}/{target['Id']}"
    if draw(world, subject, "lose", CERTAIN) < faults.lost:
        return
    text = target_input(target, rule.view, event).encode(errors="replace").decode()
    message = Underway(rule.view["Arn"], target["Arn"], text)
    copies = 2 if draw(world, subject, "double", CERTAIN) < faults.doubled else 1
    for copy in range(copies):
        delay = draw(world, subject, f"late {copy}", (faults.late, faults.late + faults.spread))
        if delay:
            number = str(count(world))
            world.events.underway[number] = message
            schedule(world, now + delay, ARRIVES, number)
        else:
            _put(world, now, message)


def arrive(world: World, number: str, now: float) -> None:
    """Put a message that was underway into its queue."""
    _put(world, now, world.events.underway.pop(number))


def _put(world: World, now: float, message: Underway) -> None:
    queue = queue_of_arn(world, message.target)
    if queue is None or queue.name in world.faults.delivery.denied:
        return
    if lets_events_in(queue.attributes.get("Policy", "{}"), message.target, message.rule, world.account):
        put_message(world, queue, message.body, now)
