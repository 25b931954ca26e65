"""What RunTask and ListTasks answered.

Law: a placement failure comes inside a success answer (HTTP 200) and means that nothing was started; the
reasons are here. An answer that cannot be read is AMBIGUOUS, never a refusal: something may have started.
"""

from returns.result import Failure, Result, Success

from aws_executors.core.aws.errors import AwsError, Kind, by_message, unreadable_answer
from aws_executors.core.aws.response import AnswerRecord, Page, joined, read_record

# What to do about each reason of RunTask's `failures`; the first prefix that matches counts. All are a lack
# of capacity that may pass, so that is also the default. Source: "API failure reasons", Amazon ECS Developer
# Guide.
FAILURES: tuple[tuple[str, str], ...] = (
    ("RESOURCE:ENI", "Add container instances, or use types with more network interfaces."),
    ("RESOURCE:GPU", "Add container instances with free GPUs."),
    (
        "RESOURCE:PORTS",
        "Remove the definition's `portMappings`: their host port is in use on every container instance.",
    ),
    ("RESOURCE:FARGATE", "Add `subnets` in more Availability Zones, or use FARGATE beside FARGATE_SPOT."),
    ("RESOURCE:", "Add container instances, or ask for less cpu and memory."),
    ("AGENT", "The ECS agent of a container instance is disconnected: see ecs-agent.log there."),
    ("ATTRIBUTE", "Add container instances with the attribute that the task definition needs."),
    ("LOCATION", "Add container instances in the Availability Zones of `subnets`."),
    ("MemberOf placement constraint", "Add container instances that meet the constraint, or change it."),
    (
        "distinctInstance placement constraint",
        "Each container instance has a task of the group: add instances, or remove the constraint.",
    ),
    ("NO ACTIVE INSTANCES", "Check the Auto Scaling group behind the capacity provider."),
    ("EMPTY CAPACITY PROVIDER", "Check the Auto Scaling group behind the capacity provider."),
    (
        "Capacity is unavailable",
        "Add `subnets` in more Availability Zones, or use FARGATE beside FARGATE_SPOT.",
    ),
)


class _Started(AnswerRecord):
    task_arn: str


class EcsFailure(AnswerRecord):
    """One of the failures that an answer lists. Source: API_Failure of the Amazon ECS API Reference."""

    arn: str | None = None
    reason: str | None = None
    detail: str | None = None


class _RunTask(AnswerRecord):
    tasks: tuple[_Started, ...] | None = None
    failures: tuple[EcsFailure, ...] | None = None


class _ListTasks(AnswerRecord):
    task_arns: tuple[str, ...]
    next_token: str | None = None


def started(answer: object) -> Result[str, AwsError]:
    """The ARN of the task that RunTask started, or why it started none.

    A placement failure is CAPACITY unless its words say otherwise (throttling in disguise). An answer that
    has neither a task nor a failure, or cannot be read, is AMBIGUOUS. Source: "RunTask", Amazon ECS API
    Reference.

    >>> started({"tasks": [{"taskArn": "arn:1"}], "failures": []})
    <Success: arn:1>
    >>> started({"failures": [{"reason": "RESOURCE:CPU"}, {"reason": "AGENT"}]}).failure()
    AwsError(kind=<Kind.CAPACITY: 'no capacity'>, code='RESOURCE:CPU', message='RESOURCE:CPU; AGENT', ...)
    """
    return read_record(_RunTask, answer).alt(unreadable_answer).bind(_outcome)


def listed_ids(answer: object) -> Result[Page, AwsError]:
    """The task ARNs of one ListTasks page, and the token of the next page.

    A page that cannot be read is a failure as a whole: what was started must not be overlooked.

    >>> listed_ids({"taskArns": ["arn:1"], "nextToken": "n"}).unwrap()
    Page(ids=('arn:1',), next_token='n')
    """
    return read_record(_ListTasks, answer).alt(unreadable_answer).map(_page)


def _outcome(answer: _RunTask) -> Result[str, AwsError]:
    if answer.tasks:
        return Success(answer.tasks[0].task_arn)
    if answer.failures:
        return Failure(_refusal(answer.failures))
    return Failure(unreadable_answer("neither a task nor a failure"))


def _refusal(failures: tuple[EcsFailure, ...]) -> AwsError:
    """The first failure, and the words of the others: RunTask lists one for each instance that it tried."""
    first, *others = failures
    words = (first.reason or "").removeprefix("TaskFailedToStart:").strip()
    remedy = next((remedy for prefix, remedy in FAILURES if words.startswith(prefix)), None)
    rule = by_message(joined(first.reason, first.detail)) if remedy is None else None
    more = (text for one in others for text in (one.reason, one.detail))
    told = joined(first.reason, first.detail, first.arn, *more)
    return AwsError(
        kind=Kind.CAPACITY if rule is None else rule.kind,
        code=words if words.isupper() else "RunTaskFailure",
        message=told or "ECS did not place the task, and gives no reason",
        remedy=remedy or ("" if rule is None else rule.remedy),
    )


def _page(answer: _ListTasks) -> Page:
    return Page(ids=answer.task_arns, next_token=answer.next_token or "")
