"""What the scheduler must be allowed for ECS: from settings and the request that they make to IAM statements.

Law: pure; one statement per pattern of call in `shell/aws/ecs.py`; `tests/core/test_permissions.py` compares
the actions with the calls that the embedded AWS has seen. Source: Service Authorization Reference, "Actions,
resources, and condition keys for Amazon Elastic Container Service".
"""

from collections.abc import Iterator, Sequence

from aws_executors.core.aws.iam import (
    NOTHING_ELSE,
    PLACEHOLDER_ROLES,
    Also,
    Condition,
    Statement,
    Where,
    in_region,
    logs,
    versions,
)
from aws_executors.core.ecs.request import RunTask
from aws_executors.core.ecs.settings import EcsSettings

DOCTOR_READS = (
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcEndpoints",
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
    "ecs:DescribeClusters",
    "logs:DescribeLogGroups",
    "servicequotas:GetServiceQuota",
)


def statements(request: RunTask, where: Where, also: Also = NOTHING_ELSE) -> Iterator[Statement]:
    """What requests like this one need, and what tasks and builders may ask for in addition.

    The roles of the task definition must be given: starting a task passes them on. With none given, and none
    in the request, the policy has placeholders, which AWS refuses until they are replaced.

    >>> where = Where(region="us-east-1", account="123456789012")
    >>> found = list(statements(RunTask(task_definition="airflow:7", cluster="etl"), where))
    >>> [action for statement in found for action in statement.actions]
    ['ecs:RunTask', 'ecs:DescribeTasks', ..., 'iam:PassRole']
    >>> found[0].resources
    ('arn:aws:ecs:us-east-1:123456789012:task-definition/airflow:7',)
    """
    every = tuple(dict.fromkeys((request.cluster or "default", *also.clusters), ""))
    inside = _in(where, every)
    tasks = tuple(f"{where.named('ecs', 'cluster', one).replace(':cluster/', ':task/')}/*" for one in every)
    yield Statement(
        sid="RunTasks",
        actions=("ecs:RunTask",),
        resources=_definitions(where, (request.task_definition, *also.definitions)),
        condition=inside,
    )
    yield Statement(sid="FollowTasks", actions=("ecs:DescribeTasks", "ecs:StopTask"), resources=tasks)
    yield Statement(sid="FindTasks", actions=("ecs:ListTasks",), resources=("*",), condition=inside)
    yield Statement(
        sid="FindLogs",
        actions=("ecs:DescribeTaskDefinition",),
        resources=("*",),
        condition=in_region(where.region),
    )
    yield logs(where, also.log_groups)
    if also.tags or _tagged(request):
        created: Condition = {"StringEquals": {"ecs:CreateAction": "RunTask"}}
        yield Statement(sid="TagTasks", actions=("ecs:TagResource",), resources=tasks, condition=created)
    yield Statement(
        sid="PassRoles",
        actions=("iam:PassRole",),
        resources=_roles(request, where, also.roles),
        condition={"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
    )


def own_tags(settings: EcsSettings, request: RunTask) -> tuple[tuple[str, str], ...]:
    """No tags are needed: a policy is narrowed to tasks by their cluster."""
    del settings, request
    return ()


def _in(where: Where, clusters: Sequence[str]) -> Condition:
    arns = [where.named("ecs", "cluster", one) for one in clusters]
    return {"ArnEquals": {"ecs:cluster": arns[0] if len(arns) == 1 else arns}}


def _definitions(where: Where, names: Sequence[str]) -> tuple[str, ...]:
    """IAM always sees a task definition with its revision, so a family alone would match nothing."""
    named = [where.named("ecs", "task-definition", name) for name in dict.fromkeys(names, "")]
    return tuple(versions(one)[-1] for one in named)


def _tagged(request: RunTask) -> bool:
    return bool(request.tags or request.enable_ecs_managed_tags or request.propagate_tags)


def _roles(request: RunTask, where: Where, given: Sequence[str]) -> tuple[str, ...]:
    over = (request.overrides.execution_role_arn, request.overrides.task_role_arn)
    named = [role if role.startswith("arn:") else where.role(role) for role in (*given, *filter(None, over))]
    return tuple(dict.fromkeys(named, "")) or tuple(map(where.role, PLACEHOLDER_ROLES))
