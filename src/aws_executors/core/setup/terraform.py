"""A minimal working set-up as a Terraform configuration.

Law: pure; writes what `model.py` says is made, resource by resource. Source: the documentation of
hashicorp/aws, version 6; `tests/cli/test_cli_terraform.py` holds each argument to that provider's schema.
"""

from collections.abc import Mapping

from aws_executors.core.checks import API_VARIABLE
from aws_executors.core.iam import partition, policy
from aws_executors.core.setup.hcl import Block, Configuration, Encoded, Expression, Mixed, itself
from aws_executors.core.setup.model import (
    ACCOUNT,
    EXECUTION,
    EXECUTION_POLICY,
    GROUP,
    RETENTION,
    TASK,
    Cluster,
    JobDefinition,
    Kind,
    Made,
    Parameter,
    Queue,
    Setup,
    TaskDefinition,
    filled,
    role_of,
)

NAMES: Mapping[str, str] = {
    "Image": "image",
    "ExecutionApiUrl": "execution_api_url",
    "Vcpus": "vcpus",
    "Memory": "memory",
    "MaxvCpus": "max_vcpus",
    "Subnets": "subnets",
    "VpcId": "vpc_id",
}
NUMBERS = ("Vcpus", "Memory", "MaxvCpus")
ROLES: Mapping[str, Expression] = {
    EXECUTION: Expression("aws_iam_role.execution.arn"),
    TASK: Expression("aws_iam_role.task.arn"),
}
EXECUTION_ROLE, TASK_ROLE = ROLES[EXECUTION], ROLES[TASK]
UNITS = Expression("tostring(var.vcpus * 1024)")
"""ECS gives sizes back in CPU units, so that any other spelling would look like a change for ever."""


def configuration(setup: Setup) -> Configuration:
    """The configuration of a set-up.

    >>> from aws_executors.core.batch.build import from_options
    >>> from aws_executors.core.batch.settings import BatchSettings
    >>> from aws_executors.core.setup.model import of_batch
    >>> settings = BatchSettings(region="us-east-1", job_name="airflow", job_queue="q", job_definition="d")
    >>> made = configuration(of_batch(settings, from_options(settings)))
    >>> [one.labels for one in made if one.kind == "resource"][1]
    ('aws_batch_job_queue', 'airflow')
    """
    return (
        Block(kind="terraform", blocks=(Block(kind="required_providers", arguments=PROVIDERS),)),
        Block(kind="provider", labels=("aws",), arguments={"region": setup.region}),
        *map(_variable, setup.parameters),
        Block(kind="data", labels=("aws_caller_identity", "current")),
        *(block for one in setup.made for block in _made(one, setup.region)),
        *_common(setup),
        *((_group(),) if setup.own_group else ()),
        _output("scheduler_policy", "attach it to the role of the scheduler", "aws_iam_policy.scheduler.arn"),
        *(
            (_output("security_groups", "write it as security_groups", "aws_security_group.tasks.id"),)
            if setup.told_group
            else ()
        ),
    )


PROVIDERS: Mapping[str, object] = {"aws": {"source": "hashicorp/aws", "version": "~> 6.0"}}


def _variable(one: Parameter) -> Block:
    kind = "number" if one.name in NUMBERS else "list(string)" if one.kind is Kind.SUBNETS else "string"
    said: dict[str, object] = {"description": one.about, "type": Expression(kind)}
    default = int(one.default) if one.default else None
    return Block(
        kind="variable",
        labels=(NAMES[one.name],),
        arguments=said | ({} if default is None else {"default": default}),
    )


def _made(one: Made, region: str) -> Configuration:
    match one:
        case Cluster():
            return _cluster(one)
        case TaskDefinition():
            return (_resource("aws_ecs_task_definition", "airflow", _task_definition(one, region)),)
        case Queue():
            return _queue(one)
        case JobDefinition():
            return (_resource("aws_batch_job_definition", "airflow", _job_definition(one, region)),)


def _cluster(one: Cluster) -> Configuration:
    cluster = _resource("aws_ecs_cluster", "airflow", {"name": one.name})
    providers = _resource(
        "aws_ecs_cluster_capacity_providers",
        "airflow",
        {
            "cluster_name": Expression("aws_ecs_cluster.airflow.name"),
            "capacity_providers": list(one.providers),
        },
    )
    return (cluster, providers) if one.providers else (cluster,)


def _task_definition(one: TaskDefinition, region: str) -> dict[str, object]:
    container = {"name": one.container, "essential": True} | _container(region)
    return {
        "family": one.family,
        "requires_compatibilities": ["FARGATE" if one.fargate else "EC2"],
        "network_mode": "awsvpc" if one.awsvpc else "bridge",
        "cpu": UNITS,
        "memory": Expression("tostring(var.memory)"),
        "execution_role_arn": EXECUTION_ROLE,
        "task_role_arn": TASK_ROLE,
        "container_definitions": Encoded([container]),
    }


def _container(region: str) -> dict[str, object]:
    """A container in the words of AWS's own API, which these arguments take as JSON."""
    return {
        "image": Expression("var.image"),
        "environment": [{"name": API_VARIABLE, "value": Expression("var.execution_api_url")}],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": Expression("aws_cloudwatch_log_group.tasks.name"),
                "awslogs-region": region,
                "awslogs-stream-prefix": "airflow",
            },
        },
    }


def _queue(one: Queue) -> Configuration:
    environment = Block(
        kind="resource",
        labels=("aws_batch_compute_environment", "airflow"),
        arguments={"type": "MANAGED"},
        blocks=(
            Block(
                kind="compute_resources",
                arguments={
                    "type": "FARGATE",
                    "max_vcpus": Expression("var.max_vcpus"),
                    "subnets": Expression("var.subnets"),
                    "security_group_ids": [Expression("aws_security_group.tasks.id")],
                },
            ),
        ),
    )
    below = {"order": 1, "compute_environment": Expression("aws_batch_compute_environment.airflow.arn")}
    queue = Block(
        kind="resource",
        labels=("aws_batch_job_queue", "airflow"),
        arguments={"name": one.name, "state": "ENABLED", "priority": 1},
        blocks=(Block(kind="compute_environment_order", arguments=below),),
    )
    return environment, queue


def _job_definition(one: JobDefinition, region: str) -> dict[str, object]:
    container = _container(region) | {
        "resourceRequirements": [
            {"type": "VCPU", "value": Expression("tostring(var.vcpus)")},
            {"type": "MEMORY", "value": Expression("tostring(var.memory)")},
        ],
    }
    head: dict[str, object] = {
        "name": one.name,
        "type": "container",
        "platform_capabilities": ["FARGATE"],
    }
    if not one.container:
        roles = {"executionRoleArn": EXECUTION_ROLE, "jobRoleArn": TASK_ROLE}
        return head | {"container_properties": Encoded(container | roles)}
    containers = [{"name": one.container, "essential": True} | container]
    task = {"executionRoleArn": EXECUTION_ROLE, "taskRoleArn": TASK_ROLE, "containers": containers}
    return head | {"ecs_properties": Encoded({"taskProperties": [task]})}


def _common(setup: Setup) -> Configuration:
    """Roles, log group, and the policy to be attached to the scheduler's role."""
    trust = Encoded(filled(setup.trust(), _put))
    managed = f"arn:{partition(setup.region)}:iam::aws:policy/{EXECUTION_POLICY}"
    return (
        _resource("aws_cloudwatch_log_group", "tasks", {"name": GROUP, "retention_in_days": RETENTION}),
        _resource("aws_iam_role", "execution", {"assume_role_policy": trust}),
        _resource(
            "aws_iam_role_policy_attachment",
            "execution",
            {"role": Expression("aws_iam_role.execution.name"), "policy_arn": managed},
        ),
        _resource("aws_iam_role", "task", {"assume_role_policy": trust}),
        *_reading(setup),
        _resource("aws_iam_policy", "scheduler", {"policy": Encoded(filled(setup.policy(), _put))}),
    )


def _reading(setup: Setup) -> Configuration:
    """What the containers' role has, where workloads are stored for them."""
    own = {
        "name": "ReadWorkloads",
        "role": Expression("aws_iam_role.task.id"),
        "policy": Encoded(filled(policy(setup.reading), _put)),
    }
    return (_resource("aws_iam_role_policy", "read_workloads", own),) if setup.reading else ()


def _put(text: str) -> object:
    role = role_of(text)
    return (
        ROLES[role]
        if role
        else Mixed("${data.aws_caller_identity.current.account_id}".join(map(itself, text.split(ACCOUNT))))
    )


def _group() -> Block:
    """Containers call, and nobody calls them."""
    everywhere = {"from_port": 0, "to_port": 0, "protocol": "-1", "cidr_blocks": ["0.0.0.0/0"]}
    return Block(
        kind="resource",
        labels=("aws_security_group", "tasks"),
        arguments={"description": "Task containers of Airflow", "vpc_id": Expression("var.vpc_id")},
        blocks=(Block(kind="egress", arguments=everywhere),),
    )


def _resource(kind: str, name: str, arguments: Mapping[str, object]) -> Block:
    return Block(kind="resource", labels=(kind, name), arguments=arguments)


def _output(name: str, words: str, value: str) -> Block:
    return Block(kind="output", labels=(name,), arguments={"description": words, "value": Expression(value)})
