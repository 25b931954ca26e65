"""What AWS documents that an account may do, by action.

Law: one table per service; every number has its source. A raised quota is a setting. Looking takes no more
than a set share of what an account may read, because the account has other users, too.

Sources: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html ("Cluster resource
modify" and "Cluster resource read" actions; RunTask on Fargate) and the service quotas of AWS Batch
(SubmitJob, DescribeJobs). For Batch's other actions AWS documents no number; the same is assumed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from aws_executors.core.rate import Quota


class Action(StrEnum):
    """What the engine asks of a service, as far as it is counted."""

    SUBMIT = "submit"
    LOOK = "look"
    FIND = "find"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Allotment:
    """Which of the account's buckets an action takes from, and what that bucket holds."""

    bucket: str
    quota: Quota


Allotments = Mapping[Action, Allotment]
Names = Mapping[Action, str]
"""What a service's API calls these actions."""

ECS_NAMES: Names = {
    Action.SUBMIT: "RunTask",
    Action.LOOK: "DescribeTasks",
    Action.FIND: "ListTasks",
    Action.STOP: "StopTask",
}
BATCH_NAMES: Names = {
    Action.SUBMIT: "SubmitJob",
    Action.LOOK: "DescribeJobs",
    Action.FIND: "ListJobs",
    Action.STOP: "TerminateJob",
}

FARGATE_RUN = Allotment(bucket="ecs RunTask on Fargate", quota=Quota(rate=20, burst=20))
ECS_MODIFY = Allotment(bucket="ecs cluster resource modify", quota=Quota(rate=40, burst=100))
ECS_READ = Allotment(bucket="ecs cluster resource read", quota=Quota(rate=20, burst=100))

ON_FARGATE: Allotments = {
    Action.SUBMIT: FARGATE_RUN,
    Action.LOOK: ECS_READ,
    Action.FIND: ECS_READ,
    Action.STOP: ECS_MODIFY,
}
ON_INSTANCES: Allotments = {**ON_FARGATE, Action.SUBMIT: ECS_MODIFY}
BATCH: Allotments = {
    Action.SUBMIT: Allotment(bucket="batch SubmitJob", quota=Quota(rate=50, burst=50)),
    Action.LOOK: Allotment(bucket="batch DescribeJobs", quota=Quota(rate=50, burst=50)),
    Action.FIND: Allotment(bucket="batch ListJobs", quota=Quota(rate=50, burst=50)),
    Action.STOP: Allotment(bucket="batch TerminateJob", quota=Quota(rate=50, burst=50)),
}
READS = frozenset({Action.LOOK, Action.FIND})


def allotments(documented: Allotments, *, submit_rate: float | None, read_share: float) -> Allotments:
    """The documented allotments, with a raised rate for submissions and a share of those for reading.

    `submit_rate` is in calls a second and moves the burst in proportion; `read_share` is in (0, 1].

    >>> mine = allotments(ON_FARGATE, submit_rate=100, read_share=0.5)
    >>> mine[Action.SUBMIT].quota, mine[Action.LOOK].quota
    (Quota(rate=100, burst=100.0), Quota(rate=10.0, burst=50.0))
    """
    return {
        action: replace(allotment, quota=_own(action, allotment.quota, submit_rate, read_share))
        for action, allotment in documented.items()
    }


def _own(action: Action, quota: Quota, submit_rate: float | None, read_share: float) -> Quota:
    if action in READS:
        return Quota(rate=quota.rate * read_share, burst=max(1.0, quota.burst * read_share))
    if action is Action.SUBMIT and submit_rate is not None:
        return Quota(rate=submit_rate, burst=max(1.0, quota.burst * submit_rate / quota.rate))
    return quota
