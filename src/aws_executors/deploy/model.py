"""The resources of a minimal working set-up, derived from the settings.

Law: resources have the names in airflow.cfg, and the scheduler's policy comes from the core. What
the settings do not contain (image, VPC, address of Airflow's API) is a parameter. Nothing runs, and nothing
costs money, before the first task.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias, cast

from aws_executors.core.aws import s3_permissions
from aws_executors.core.aws.event_rules import Document, receiving
from aws_executors.core.aws.iam import Also, Statement, Where, policy
from aws_executors.core.batch import permissions as batch_permissions
from aws_executors.core.batch.request import SubmitJob
from aws_executors.core.batch.settings import BatchSettings
from aws_executors.core.ecs import permissions as ecs_permissions
from aws_executors.core.ecs.request import RunTask
from aws_executors.core.ecs.settings import EcsSettings
from aws_executors.core.settings.base import Settings

GROUPS = "/airflow"
"""The prefix of the names of set-ups' log groups, of which an account cannot have two with the same name."""
RETENTION = 30
ACCOUNT = "${ACCOUNT}"
"""The placeholder for the account's number, which only the tool that creates the set-up knows."""
EXECUTION, TASK = "EXECUTION", "TASK"
"""The placeholders for the two roles of the set-up."""
EXECUTION_POLICY = "service-role/AmazonECSTaskExecutionRolePolicy"


def trust(where: Where) -> Document:
    """The trust policy of the containers' roles: for ECS (which Batch uses too), and only for tasks of this
    account and Region.

    Source: "Amazon ECS task IAM role", Amazon ECS Developer Guide, on the confused deputy problem.
    """
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": where.account},
                    "ArnLike": {"aws:SourceArn": where.arn("ecs", "*")},
                },
            }
        ],
    }


class ParameterKind(StrEnum):
    """The type of a parameter."""

    TEXT = "text"
    NUMBER = "number"
    SUBNETS = "subnets"
    VPC = "vpc"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A value that the user of the template supplies; `default` is empty if there is none."""

    name: str
    kind: ParameterKind
    about: str
    default: str = ""


IMAGE = Parameter(name="Image", kind=ParameterKind.TEXT, about="The image with Airflow and your DAGs")
API_URL = Parameter(
    name="ExecutionApiUrl",
    kind=ParameterKind.TEXT,
    about="Airflow's API server as seen from a container, with /execution/ at its end",
)
VCPUS = Parameter(
    name="Vcpus", kind=ParameterKind.TEXT, default="1", about="vCPUs of a task that does not say otherwise"
)
MEMORY = Parameter(
    name="Memory", kind=ParameterKind.TEXT, default="2048", about="MiB of a task that does not say otherwise"
)
MAX_VCPUS = Parameter(
    name="MaxvCpus", kind=ParameterKind.NUMBER, default="64", about="vCPUs of all tasks that run at once"
)
SUBNETS = Parameter(
    name="Subnets",
    kind=ParameterKind.SUBNETS,
    about="Where containers run; they must reach Airflow's API, ECR and CloudWatch Logs",
)
VPC = Parameter(name="VpcId", kind=ParameterKind.VPC, about="The VPC of the subnets")
ALWAYS = (IMAGE, API_URL, VCPUS, MEMORY)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterResource:
    """An ECS cluster, with the capacity providers that the settings name."""

    name: str
    providers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDefinitionResource:
    """A task definition with one container."""

    family: str
    container: str
    fargate: bool
    awsvpc: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueResource:
    """A job queue, with a compute environment on Fargate."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDefinitionResource:
    """A job definition for Fargate; its container has a name if the settings give one."""

    name: str
    container: str


Made: TypeAlias = ClusterResource | TaskDefinitionResource | QueueResource | JobDefinitionResource


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """One executor's set-up.

    `statements` are the scheduler's policy; `reading` is what the containers' role needs if workloads are
    stored in S3, or if there are warm containers. Besides the resources in `made` there are always two roles,
    a log group and the scheduler's policy. `own_group` says whether a security group is created, `told_group`
    whether airflow.cfg must then name it. `log_group` is named after the cluster or the queue, whose name,
    like a log group's, is unique in an account and Region.
    """

    about: str
    region: str
    made: tuple[Made, ...]
    log_group: str
    parameters: tuple[Parameter, ...]
    statements: tuple[Statement, ...]
    reading: tuple[Statement, ...]
    own_group: bool
    told_group: bool = False

    def trust(self) -> Document:
        """The trust policy of the containers' roles, with a placeholder for the account."""
        return trust(Where(region=self.region, account=ACCOUNT))

    def policy(self) -> Document:
        """The scheduler's policy, with placeholders for the account and the roles."""
        return policy(self.statements)


def of_ecs(settings: EcsSettings, request: RunTask, warm: bool = False) -> Setup:
    """Cluster, task definition, roles, log group and policy; and a security group, if the settings name none.

    >>> settings = EcsSettings(region="us-east-1", cluster="etl", container_name="main",
    ...                        task_definition="airflow:7", subnets=("subnet-1",))
    >>> from aws_executors.core.ecs.builder import from_options
    >>> of_ecs(settings, from_options(settings)).made[1]
    TaskDefinitionResource(family='airflow', container='main', fargate=True, awsvpc=True)
    """
    where = Where(region=settings.region, account=ACCOUNT)
    cluster = _tail(request.cluster or "default")
    log_group = f"{GROUPS}/ecs/{cluster}"
    also = Also(roles=(where.role(EXECUTION), where.role(TASK)), log_groups=(log_group,))
    own_group = bool(settings.subnets and not settings.security_groups)
    return Setup(
        about=f"What AwsEcsFargateExecutor needs in {settings.region}",
        region=settings.region,
        made=(
            ClusterResource(
                name=cluster,
                providers=tuple(one.capacity_provider for one in request.capacity_provider_strategy),
            ),
            TaskDefinitionResource(
                family=_tail(request.task_definition),
                container=settings.container_name,
                fargate=request.platform_version is not None or request.launch_type == "FARGATE",
                awsvpc=bool(settings.subnets),
            ),
        ),
        log_group=log_group,
        parameters=(*ALWAYS, *((VPC,) if own_group else ())),
        statements=(
            *ecs_permissions.statements(request, where, also),
            *_keeping(settings, where, warm=warm),
            *receiving(settings),
        ),
        reading=tuple(_reading(settings, where, warm=warm)),
        own_group=own_group,
        told_group=own_group,
    )


def of_batch(settings: BatchSettings, request: SubmitJob, warm: bool = False) -> Setup:
    """Compute environment on Fargate, job queue, job definition, roles, log group, security group, policy.

    >>> settings = BatchSettings(region="us-east-1", job_name="airflow", job_queue="q", job_definition="d:3")
    >>> from aws_executors.core.batch.builder import from_options
    >>> of_batch(settings, from_options(settings)).made
    (QueueResource(name='q'), JobDefinitionResource(name='d', container=''))
    """
    where = Where(region=settings.region, account=ACCOUNT)
    queue = _tail(request.job_queue)
    log_group = f"{GROUPS}/batch/{queue}"
    return Setup(
        about=f"What AwsBatchExecutor needs in {settings.region}",
        region=settings.region,
        made=(
            QueueResource(name=queue),
            JobDefinitionResource(name=_tail(request.job_definition), container=settings.container_name),
        ),
        log_group=log_group,
        parameters=(*ALWAYS, MAX_VCPUS, SUBNETS, VPC),
        statements=(
            *batch_permissions.statements(
                request,
                where,
                Also(log_groups=(log_group,), own_tags=batch_permissions.own_tags(settings, request)),
            ),
            *_keeping(settings, where, warm=warm),
            *receiving(settings),
        ),
        reading=tuple(_reading(settings, where, warm=warm)),
        own_group=True,
    )


def _keeping(settings: Settings, where: Where, *, warm: bool) -> Iterator[Statement]:
    yield from s3_permissions.scheduler_workloads(settings, where)
    yield from s3_permissions.scheduler_cells(settings, where) if warm else ()


def _reading(settings: Settings, where: Where, *, warm: bool) -> Iterator[Statement]:
    yield from s3_permissions.container_workloads(settings, where)
    yield from s3_permissions.container_cells(settings, where) if warm else ()


def role_of(text: str) -> str:
    """Which of the two roles an ARN in the policy stands for; empty if it stands for neither.

    >>> role_of("arn:aws:iam::${ACCOUNT}:role/TASK"), role_of("arn:aws:logs:x:${ACCOUNT}:log-group:g")
    ('TASK', '')
    """
    name = text.rpartition(":role/")[2]
    return name if name in (EXECUTION, TASK) and name != text else ""


def filled(value: object, put: Callable[[str], object]) -> object:
    """The document with each text that contains `ACCOUNT` replaced by what `put` makes of it.

    >>> filled({"Resource": ["*", "arn:aws:batch:x:${ACCOUNT}:job/*"]}, len)
    {'Resource': ['*', 32]}
    """
    if isinstance(value, Mapping):
        members = cast("Mapping[str, object]", value)
        return {name: filled(part, put) for name, part in members.items()}
    if isinstance(value, list):
        return [filled(part, put) for part in cast("list[object]", value)]
    return put(value) if isinstance(value, str) and ACCOUNT in value else value


def _tail(name_or_arn: str) -> str:
    """The name of a new resource: the last part of an ARN, without a revision."""
    return name_or_arn.rpartition("/")[2].partition(":")[0]
