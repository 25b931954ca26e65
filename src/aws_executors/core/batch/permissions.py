"""What the scheduler must be allowed for Batch: from the request that the settings make to IAM statements.

Law: pure; one statement per pattern of call in `shell/aws/batch.py`; `tests/core/test_permissions.py`
compares the actions with the calls that the embedded AWS has seen. Source: Service Authorization Reference,
"Actions, resources, and condition keys for AWS Batch".
"""

from collections.abc import Iterator, Sequence

from aws_executors.core.aws.iam import NOTHING_ELSE, Also, Statement, Where, in_region, logs, tagged, versions
from aws_executors.core.batch.request import SubmitJob
from aws_executors.core.batch.settings import BatchSettings
from aws_executors.core.logs.streams import BATCH_GROUP

DOCTOR_READS = (
    "batch:DescribeComputeEnvironments",
    "batch:DescribeJobDefinitions",
    "batch:DescribeJobQueues",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcEndpoints",
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
    "logs:DescribeLogGroups",
    "servicequotas:GetServiceQuota",
)


def statements(request: SubmitJob, where: Where, also: Also = NOTHING_ELSE) -> Iterator[Statement]:
    """What requests like this one need, and what tasks and builders may ask for in addition.

    No role is passed on: a job's roles were passed when its definition was registered. TerminateJobs, which
    ends many jobs at once, is allowed by ``batch:TerminateJob`` (API_TerminateJobs).

    >>> where = Where(region="us-east-1", account="123456789012")
    >>> request = SubmitJob(job_name="airflow", job_queue="q", job_definition="d:3")
    >>> for statement in statements(request, where):
    ...     print(*statement.actions, *statement.resources)
    batch:SubmitJob arn:...:job-queue/q arn:...:job-definition/d:3
    batch:TerminateJob arn:aws:batch:us-east-1:123456789012:job/*
    batch:DescribeJobs batch:ListJobs *
    logs:GetLogEvents arn:aws:logs:us-east-1:123456789012:log-group:/aws/batch/job:log-stream:*
    """
    jobs = (where.arn("batch", "job/*"),)
    yield Statement(
        sid="SubmitJobs",
        actions=("batch:SubmitJob",),
        resources=(
            *(
                where.named("batch", "job-queue", one)
                for one in dict.fromkeys((request.job_queue, *also.queues), "")
            ),
            *_definitions(where, (request.job_definition, *also.definitions)),
        ),
    )
    # IAM can select jobs by their ids, which are not known beforehand, or by their tags.
    own = tagged(also.own_tags)
    yield Statement(sid="EndJobs", actions=("batch:TerminateJob",), resources=jobs, condition=own)
    yield Statement(
        sid="FollowJobs",
        actions=("batch:DescribeJobs", "batch:ListJobs"),
        resources=("*",),
        condition=in_region(where.region),
    )
    yield logs(where, also.log_groups or (BATCH_GROUP,))
    if also.tags or request.tags or request.propagate_tags:
        yield Statement(sid="TagJobs", actions=("batch:TagResource",), resources=jobs)


def own_tags(settings: BatchSettings, request: SubmitJob) -> tuple[tuple[str, str], ...]:
    """The tags that every job of these settings has: those of the options, if no request builder is set.

    >>> options = {"region": "us-east-1", "job_name": "a", "job_queue": "q", "job_definition": "d"}
    >>> settings = BatchSettings(**options, submit_job_kwargs='{"tags": {"team": "etl"}}')
    >>> request = SubmitJob(job_name="a", job_queue="q", job_definition="d", tags={"team": "etl"})
    >>> own_tags(settings, request)
    (('team', 'etl'),)
    """
    said = settings.submit_job_kwargs.startswith("{") and not settings.request_builder
    return request.tags if said else ()


def _definitions(where: Where, names: Sequence[str]) -> tuple[str, ...]:
    named = (where.named("batch", "job-definition", name) for name in dict.fromkeys(names, ""))
    return tuple(version for one in named for version in versions(one))
