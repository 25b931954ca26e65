"""The faults that a test can cause in the world.

Law: each verb is a function `(world, now, ...)`. It plans a fault that a part of the world will encounter, or
does to a task what a failure of AWS might do.
"""

from __future__ import annotations

from aws_executors.local.world import room
from aws_executors.local.world.batch.jobs import find
from aws_executors.local.world.delays import Delays
from aws_executors.local.world.ecs import task_end
from aws_executors.local.world.ecs.state import EcsTask
from aws_executors.local.world.events.rules import disable_rule
from aws_executors.local.world.faults import FaultPlan, Planned, plan_fault
from aws_executors.local.world.loop import ACTIONS, BROKEN, THROTTLED
from aws_executors.local.world.state import World, hex_id

SPOT = ("SpotInterruption", "Your Spot Task was interrupted.")


def set_latency(world: World, now: float, seconds: float, jitter: float) -> None:
    """Delay every answer by this much."""
    if seconds < 0 or jitter < 0:
        raise ValueError(f"latency: seconds and jitter must not be negative, got {seconds} and {jitter}")
    world.faults.latency, world.faults.jitter = seconds, jitter


def set_limits(world: World, now: float, on: bool) -> None:
    """Switch AWS's token buckets on or off; they start full."""
    world.limits.on = on
    world.limits.levels.clear()


def throttle(world: World, now: float, action: str, times: int) -> None:
    """Throttle the next calls, with the error of the action's service."""
    service = action.partition(".")[0] if "." in action else _service_of(action)
    code, message, status = THROTTLED[service]
    plan_fault(world.faults, action, Planned(code, message, status), times)


def _service_of(action: str) -> str:
    """The first service that has this action; ECS for `*`."""
    return next((name.partition(".")[0] for name in ACTIONS if name.partition(".")[2] == action), "ecs")


def refuse_calls(
    world: World, now: float, action: str, code: str, message: str, status: int, times: int
) -> None:
    """Answer the next calls with an error, without carrying them out."""
    if not 400 <= status < 600:
        raise ValueError(f"refuse: expected a status from 400 to 599, got {status}")
    plan_fault(world.faults, action, Planned(code, message, status), times)


def fail_calls(world: World, now: float, action: str, carried_out: bool, times: int) -> None:
    """Answer the next calls with a 500, before or after they are carried out."""
    plan_fault(world.faults, action, Planned(*BROKEN, carried_out=carried_out), times)


def lose_answer(world: World, now: float, action: str, times: int) -> None:
    """Carry out the next calls, and never answer them."""
    plan_fault(world.faults, action, Planned(carried_out=True, delivered=False), times)


def hang(world: World, now: float, action: str, seconds: float, times: int) -> None:
    """Carry out the next calls, and answer them this much later."""
    plan_fault(world.faults, action, Planned(carried_out=True, hang=_seconds("hang", seconds)), times)


def land_late(world: World, now: float, action: str, seconds: float, times: int) -> None:
    """Never answer the next calls, and carry them out this much later."""
    plan_fault(world.faults, action, Planned(late=_seconds("land_late", seconds), delivered=False), times)


def expire_credentials(world: World, now: float, seconds: float) -> None:
    """Answer every call with ExpiredTokenException for this long."""
    world.faults.expired_until = now + seconds


def take_capacity(world: World, now: float, reason: str, times: int | None) -> None:
    """Let RunTask return this placement failure, and jobs stay RUNNABLE."""
    world.faults.no_capacity, world.faults.no_capacity_calls = reason, times


def give_capacity(world: World, now: float) -> None:
    """Place tasks and jobs again."""
    world.faults.no_capacity, world.faults.no_capacity_calls = None, None
    room.admit(world, now)


def miss_image(world: World, now: float, image: str) -> None:
    """Let tasks with this image fail to pull it."""
    world.faults.missing_images.add(image)


def reclaim_spot(world: World, now: float, one: str) -> None:
    """Stop a task as Fargate Spot does; terminate a job's instance as EC2 Spot does."""
    task = _task(world, one)
    if task.job:
        _lose(world, now, task)
    else:
        task_end.begin_stop(world, task, now, *SPOT)


def lose_host(world: World, now: float, one: str) -> None:
    """Lose the task's host: the task ends without an exit code."""
    _lose(world, now, _task(world, one))


def _lose(world: World, now: float, task: EcsTask) -> None:
    instance = f"i-{hex_id(world)[:17]}"
    task_end.lose(world, task, now, "TerminationNotice", f"Host EC2 (instance {instance}) terminated.")


def forget(world: World, now: float, one: str) -> None:
    """Make the task MISSING, or leave out the job, from now on; its processes continue."""
    job = find(world, one)
    if job is not None:
        job.forgotten = True
    else:
        _task(world, one).forgotten = True


def set_delays(world: World, now: float, delays: Delays) -> None:
    """Let steps that are scheduled from now on take this long."""
    world.delays = delays.scaled(world.time_factor)


def deny_bucket(world: World, now: float, bucket: str) -> None:
    """Refuse every access to the bucket's objects."""
    world.s3.denied.add(bucket)


def deny_key(world: World, now: float, key: str) -> None:
    """Refuse every use of this KMS key."""
    world.s3.denied_keys.add(key)


def set_lost_events(world: World, now: float, share: float) -> None:
    """Lose this share of the events from now on."""
    world.faults.delivery.lost = _share("lose_events", share)


def set_doubled_events(world: World, now: float, share: float) -> None:
    """Deliver this share of the events twice from now on."""
    world.faults.delivery.doubled = _share("double_events", share)


def _share(verb: str, share: float) -> float:
    if not 0 <= share <= 1:
        raise ValueError(f"{verb}: expected a share from 0 to 1, got {share}")
    return share


def set_late_events(world: World, now: float, seconds: float) -> None:
    """Deliver every event this much later from now on."""
    world.faults.delivery.late = _seconds("delay_events", seconds)


def set_spread_events(world: World, now: float, seconds: float) -> None:
    """Deliver every event up to this much later from now on, drawn for each event separately."""
    world.faults.delivery.spread = _seconds("reorder_events", seconds)


def _seconds(verb: str, seconds: float) -> float:
    if seconds < 0:
        raise ValueError(f"{verb}: seconds must not be negative, got {seconds}")
    return seconds


def deny_events(world: World, now: float, queue: str) -> None:
    """Deliver no event to the queue."""
    world.faults.delivery.denied.add(queue)


def deny_queue(world: World, now: float, queue: str) -> None:
    """Refuse every call on the queue."""
    world.sqs.denied.add(queue)


def turn_off_rule(world: World, now: float, rule: str) -> None:
    """Disable the rule as DisableRule does; KeyError if there is no such rule."""
    if rule not in world.events.rules:
        raise KeyError(f"no rule is called {rule}")
    disable_rule(world, {"Name": rule}, now)


def clear(world: World, now: float) -> None:
    """Remove all faults; the counts are kept."""
    world.faults = FaultPlan(tallies=world.faults.tallies)
    world.limits.on = False
    world.s3.denied.clear()
    world.s3.denied_keys.clear()
    world.sqs.denied.clear()
    room.admit(world, now)


def _task(world: World, one: str) -> EcsTask:
    """The task with that ARN or id, or a job's current task; KeyError if there is none."""
    job = find(world, one)
    name = one if job is None else job.task or ""
    task = world.ecs.tasks.get(name.rpartition("/")[2])
    if task is None:
        raise KeyError(f"no task, and no job that runs, is called {one}")
    return task
