"""Announce a change of an ECS task: in the world's record of changes, and to EventBridge.

Law: the only place where a task's event is made. Its detail is the task as DescribeTasks shows it, with times
as text, without tags and without health. Source: "Amazon ECS task state change events".
"""

from __future__ import annotations

from aws_executors.local.world.events.bus import iso, send_event
from aws_executors.local.world.state import World, changed
from aws_executors.local.world.values import Json

KIND = ("aws.ecs", "ECS Task State Change")
NOT_SENT = ("tags", "healthStatus")


def announce_task(world: World, view: Json, now: float) -> None:
    """Record a task's new description, and send it as an event."""
    changed(world, now, *KIND, view)
    send_event(world, now, *KIND, view["taskArn"], lambda: _detail(view, now))


def _detail(view: Json, now: float) -> Json:
    sent = {key: value for key, value in view.items() if key not in NOT_SENT}
    times = {key: iso(value) for key, value in sent.items() if key.endswith("At")}
    containers = [
        {key: value for key, value in one.items() if key not in NOT_SENT} for one in view["containers"]
    ]
    return {**sent, **times, "containers": containers, "updatedAt": iso(now)}
