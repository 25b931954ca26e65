"""The faults that a test or a user can cause, as methods.

Law: names, defaults and docstrings; the work is done in `world.verbs`. The control URL has the same verbs
with the same arguments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace

from aws_executors.local.cloud import Cloud
from aws_executors.local.world import NONE, Delays, delays_named
from aws_executors.local.world import verbs as world
from aws_executors.local.world.faults import NO_CAPACITY


class Faults:
    """Faults on demand; `action` is `RunTask`, `ecs.RunTask` or `*`, `target` a task or job."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def latency(self, seconds: float, jitter: float = 0.0) -> None:
        """Answer every call this many seconds later, and up to `jitter` seconds more."""
        self._cloud.do(world.set_latency, seconds, jitter)

    def limits(self, on: bool = True) -> None:
        """Switch AWS's real token buckets on or off."""
        self._cloud.do(world.set_limits, on)

    def throttle(self, action: str, times: int = 1) -> None:
        """Throttle the next calls: ThrottlingException, or Batch's TooManyRequestsException (429)."""
        self._cloud.do(world.throttle, action, times)

    def refuse(self, action: str, code: str, message: str = "", status: int = 400, times: int = 1) -> None:
        """Reject the next calls with this error; they are not carried out."""
        self._cloud.do(world.refuse_calls, action, code, message, status, times)

    def fail_before(self, action: str, times: int = 1) -> None:
        """Answer the next calls with a 500; they are not carried out."""
        self._cloud.do(world.fail_calls, action, False, times)

    def fail_after(self, action: str, times: int = 1) -> None:
        """Carry out the next calls, and answer them with a 500."""
        self._cloud.do(world.fail_calls, action, True, times)

    def lose_answer(self, action: str, times: int = 1) -> None:
        """Carry out the next calls, and close the connection without an answer."""
        self._cloud.do(world.lose_answer, action, times)

    def hang(self, action: str, seconds: float, times: int = 1) -> None:
        """Carry out the next calls, and answer them this many seconds later."""
        self._cloud.do(world.hang, action, seconds, times)

    def land_late(self, action: str, seconds: float, times: int = 1) -> None:
        """Close the connection of the next calls, and carry them out this many seconds later."""
        self._cloud.do(world.land_late, action, seconds, times)

    def expire_credentials(self, seconds: float) -> None:
        """Answer every call with ExpiredTokenException for this many seconds."""
        self._cloud.do(world.expire_credentials, seconds)

    def no_capacity(self, reason: str = NO_CAPACITY, times: int | None = None) -> None:
        """Place nothing: RunTask returns `failures`, for `times` calls or until `capacity_back`."""
        self._cloud.do(world.take_capacity, reason, times)

    def capacity_back(self) -> None:
        """Place tasks and jobs again."""
        self._cloud.do(world.give_capacity)

    def missing_image(self, image: str) -> None:
        """Fail every task with this image: CannotPullContainerError."""
        self._cloud.do(world.miss_image, image)

    def reclaim_spot(self, target: str) -> None:
        """Reclaim Spot: a task gets SpotInterruption, a job "Host EC2 (instance i-...) terminated."."""
        self._cloud.do(world.reclaim_spot, target)

    def lose_host(self, target: str) -> None:
        """End a task or job without an exit code."""
        self._cloud.do(world.lose_host, target)

    def forget(self, target: str) -> None:
        """From now on, report a task as MISSING, and leave out a job."""
        self._cloud.do(world.forget, target)

    def deny_bucket(self, bucket: str) -> None:
        """Deny every access to a bucket's objects: AccessDenied (403)."""
        self._cloud.do(world.deny_bucket, bucket)

    def deny_key(self, key: str) -> None:
        """Deny every use of a KMS key for stored objects: AccessDenied (403)."""
        self._cloud.do(world.deny_key, key)

    def lose_events(self, share: float) -> None:
        """Lose this share of the events that are sent to queues; 0 to 1, here and below drawn by the seed."""
        self._cloud.do(world.set_lost_events, share)

    def double_events(self, share: float) -> None:
        """Deliver this share of the events twice."""
        self._cloud.do(world.set_doubled_events, share)

    def delay_events(self, seconds: float) -> None:
        """Deliver every event this many seconds later."""
        self._cloud.do(world.set_late_events, seconds)

    def reorder_events(self, seconds: float) -> None:
        """Deliver every event up to this many seconds later, so that they overtake each other."""
        self._cloud.do(world.set_spread_events, seconds)

    def disable_rule(self, rule: str) -> None:
        """Disable a rule of EventBridge, as somebody might; EnableRule undoes it, `clear` does not."""
        self._cloud.do(world.turn_off_rule, rule)

    def deny_events(self, queue: str) -> None:
        """Deliver no event to a queue, as if its policy or its KMS key forbade it."""
        self._cloud.do(world.deny_events, queue)

    def deny_queue(self, queue: str) -> None:
        """Deny every call on a queue: AccessDenied (403)."""
        self._cloud.do(world.deny_queue, queue)

    def delays(self, preset: str | Delays = "none", **ranges: Sequence[float]) -> None:
        """Set the delays: a preset (none, fast, fargate), and ranges in seconds for single steps."""
        self._cloud.do(world.set_delays, with_ranges(delays_named(preset), ranges))

    def clear(self) -> None:
        """Remove every planned fault."""
        self._cloud.do(world.clear)


def with_ranges(delays: Delays, ranges: Mapping[str, Sequence[float]]) -> Delays:
    """The delays with these ranges, `[low, high]` in seconds; ValueError names a step that does not exist."""
    unknown = ranges.keys() - {one.name for one in fields(NONE)}
    if unknown:
        raise ValueError(f"no such delay: {', '.join(sorted(unknown))}")
    given = {name: (float(low), float(high)) for name, (low, high) in ranges.items()}
    return replace(delays, **given)
