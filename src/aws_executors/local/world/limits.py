"""AWS's request rates: token buckets with the published numbers.

Law: a table from actions to buckets, and `admits`. Off by default, because a test of one rule should not run
into another. Source: "Request throttling for the Amazon ECS API" (RunTask, cluster resource modify and read),
"AWS Fargate service quotas" (launches), "AWS Batch service quotas" (SubmitJob, DescribeJobs); the number for
Logs is unverified.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from aws_executors.local.world.values import Call


class Rate(NamedTuple):
    """A bucket of `burst` tokens, refilled at `refill` tokens a second."""

    burst: float
    refill: float


RATES = {
    "fargate-run-task": Rate(20, 20),
    "fargate-launch-on-demand": Rate(100, 20),
    "fargate-launch-spot": Rate(100, 20),
    "cluster-modify": Rate(100, 40),
    "cluster-read": Rate(100, 20),
    "submit-job": Rate(50, 50),
    "describe-jobs": Rate(50, 50),
    "get-log-events": Rate(25, 25),
}
BUCKETS = {
    "ecs.StopTask": "cluster-modify",
    "ecs.DescribeTasks": "cluster-read",
    "ecs.ListTasks": "cluster-read",
    "ecs.DescribeClusters": "cluster-read",
    "batch.SubmitJob": "submit-job",
    "batch.DescribeJobs": "describe-jobs",
    "logs.GetLogEvents": "get-log-events",
}


@dataclass(slots=True)
class Limits:
    """The levels of the buckets: the tokens left at a time, and that time."""

    on: bool = False
    levels: dict[str, tuple[float, float]] = field(default_factory=dict)


def admits(limits: Limits, call: Call, now: float) -> bool:
    """Take the tokens that the call needs; False, and none taken, if a bucket has too few."""
    if not limits.on:
        return True
    needs = _needs(call)
    levels = {bucket: _level(limits, bucket, now) for bucket in needs}
    if any(levels[bucket] < tokens for bucket, tokens in needs.items()):
        return False
    for bucket, tokens in needs.items():
        limits.levels[bucket] = (levels[bucket] - tokens, now)
    return True


def _level(limits: Limits, bucket: str, now: float) -> float:
    rate = RATES[bucket]
    tokens, since = limits.levels.get(bucket, (rate.burst, now))
    return min(rate.burst, tokens + max(0.0, now - since) * rate.refill)


def _needs(call: Call) -> dict[str, float]:
    if call.name != "ecs.RunTask":
        bucket = BUCKETS.get(call.name)
        return {bucket: 1} if bucket else {}
    providers = [item["capacityProvider"] for item in call.params.get("capacityProviderStrategy", [])]
    if call.params.get("launchType") != "FARGATE" and not any(p.startswith("FARGATE") for p in providers):
        return {"cluster-modify": 1}
    kind = "spot" if "FARGATE_SPOT" in providers else "on-demand"
    return {"fargate-run-task": 1, f"fargate-launch-{kind}": call.params.get("count", 1)}
