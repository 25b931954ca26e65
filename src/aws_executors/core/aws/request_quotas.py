"""The request rates that AWS documents for an account, by action.

Law: one table per service; every number has its source. A bucket's rate begins at the documented one; for
starts and stops `core/aws/token_bucket.py` finds out what the account is really granted. Reads take no more
than a set share of the documented rate, whatever is granted: the account has other users, too, and a poll is
not as urgent as a start.

Sources: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html ("Cluster resource
modify" and "Cluster resource read" actions; RunTask on Fargate) and the service quotas of AWS Batch
(SubmitJob, DescribeJobs). For Batch's other actions AWS documents no number; the same number is assumed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from math import inf

from aws_executors.core.aws.token_bucket import Quota


class Action(StrEnum):
    """The kinds of calls to ECS or Batch that rates and metrics distinguish."""

    SUBMIT = "submit"
    DESCRIBE = "describe"
    LOOK_UP = "look up"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class RateShare:
    """Which of the account's buckets an action takes tokens from, and that bucket's quota.

    The bucket's rate never rises above `most`. `bound` is what this executor takes at most, whatever the
    account is granted.
    """

    bucket: str
    quota: Quota
    most: float = inf
    bound: Quota | None = None


Allotments = Mapping[Action, RateShare]
OperationNames = Mapping[Action, str]
"""The names of these actions in a service's API."""

ECS_OPERATIONS: OperationNames = {
    Action.SUBMIT: "RunTask",
    Action.DESCRIBE: "DescribeTasks",
    Action.LOOK_UP: "ListTasks",
    Action.STOP: "StopTask",
}
BATCH_OPERATIONS: OperationNames = {
    Action.SUBMIT: "SubmitJob",
    Action.DESCRIBE: "DescribeJobs",
    Action.LOOK_UP: "ListJobs",
    Action.STOP: "TerminateJob",
}

FARGATE_RUN = RateShare(bucket="ecs RunTask on Fargate", quota=Quota(rate=20, burst=20))
ECS_MODIFY = RateShare(bucket="ecs cluster resource modify", quota=Quota(rate=40, burst=100))
ECS_READ = RateShare(bucket="ecs cluster resource read", quota=Quota(rate=20, burst=100))

ON_FARGATE: Allotments = {
    Action.SUBMIT: FARGATE_RUN,
    Action.DESCRIBE: ECS_READ,
    Action.LOOK_UP: ECS_READ,
    Action.STOP: ECS_MODIFY,
}
ON_INSTANCES: Allotments = {**ON_FARGATE, Action.SUBMIT: ECS_MODIFY}
BATCH: Allotments = {
    Action.SUBMIT: RateShare(bucket="batch SubmitJob", quota=Quota(rate=50, burst=50)),
    Action.DESCRIBE: RateShare(bucket="batch DescribeJobs", quota=Quota(rate=50, burst=50)),
    Action.LOOK_UP: RateShare(bucket="batch ListJobs", quota=Quota(rate=50, burst=50)),
    Action.STOP: RateShare(bucket="batch TerminateJob", quota=Quota(rate=50, burst=50)),
}
READS = frozenset({Action.DESCRIBE, Action.LOOK_UP})


def allotments(documented: Allotments, *, submit_rate: float | None, read_share: float) -> Allotments:
    """The documented allotments, with a bound on submissions, and reads cut down to their share.

    `submit_rate` (calls a second) bounds submissions, and their burst in proportion; if it is above the
    documented rate, the account's bucket begins at it. `read_share`, in (0, 1], is the share for reads.

    >>> mine = allotments(ON_FARGATE, submit_rate=5, read_share=0.5)
    >>> mine[Action.SUBMIT].quota, mine[Action.SUBMIT].bound
    (Quota(rate=20, burst=20), Quota(rate=5.0, burst=5.0))
    >>> mine[Action.DESCRIBE].quota, mine[Action.DESCRIBE].most
    (Quota(rate=10.0, burst=50.0), 10.0)
    """
    return {action: _own(action, documented, submit_rate, read_share) for action in documented}


def _own(action: Action, documented: Allotments, submit_rate: float | None, read_share: float) -> RateShare:
    mine, submissions = documented[action], documented[Action.SUBMIT]
    if action in READS:
        quota = _times(mine.quota, read_share)
        return replace(mine, quota=quota, most=quota.rate)
    if submit_rate is None or mine.bucket != submissions.bucket:
        return mine
    bound = _times(submissions.quota, submit_rate / submissions.quota.rate)
    begins = bound if bound.rate > mine.quota.rate else mine.quota
    return replace(mine, quota=begins, bound=bound if action is Action.SUBMIT else None)


def _times(quota: Quota, share: float) -> Quota:
    return Quota(rate=quota.rate * share, burst=max(1.0, quota.burst * share))
