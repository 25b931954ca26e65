"""A minimal working set-up as a CloudFormation template, from settings.

Law: pure; the same names that airflow.cfg has, and the policy of `iam.py`. What the settings do not say
(image, VPC, address of Airflow's API) is a parameter of the stack. Nothing runs, and nothing costs, before
the first task. Source: CloudFormation's resource reference of ECS, Batch, IAM, EC2 and Logs.
"""

from collections.abc import Iterable, Mapping
from typing import TypeAlias, cast

from aws_executors.core import store_permissions
from aws_executors.core.batch import permissions as batch_permissions
from aws_executors.core.batch.request import SubmitJob
from aws_executors.core.batch.settings import BatchSettings
from aws_executors.core.checks import API_VARIABLE
from aws_executors.core.ecs import permissions as ecs_permissions
from aws_executors.core.ecs.request import RunTask
from aws_executors.core.ecs.settings import EcsSettings
from aws_executors.core.iam import Also, Statement, Where, policy
from aws_executors.core.settings import Settings

Template: TypeAlias = dict[str, object]

ACCOUNT = "${AWS::AccountId}"
ROLES: Mapping[str, str] = {"EXECUTION": "ExecutionRole", "TASK": "TaskRole"}
"""Placeholders in the policy, and the resources that they stand for."""
GROUP = "/airflow/tasks"
EXECUTION_POLICY = "arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"


def of_ecs(settings: EcsSettings, request: RunTask) -> Template:
    """Cluster, task definition, roles, log group and policy; a security group, if the settings name none.

    >>> settings = EcsSettings(region="us-east-1", cluster="etl", container_name="main",
    ...                        task_definition="airflow:7", subnets=("subnet-1",))
    >>> from aws_executors.core.ecs.build import from_options
    >>> sorted(of_ecs(settings, from_options(settings))["Resources"])[:3]
    ['Cluster', 'ExecutionRole', 'LogGroup']
    """
    where = Where(region=settings.region, account=ACCOUNT)
    statements = ecs_permissions.statements(
        request, where, Also(roles=tuple(map(where.role, ROLES)), log_groups=(GROUP,))
    )
    own_group = bool(settings.subnets and not settings.security_groups)
    providers = [one.capacity_provider for one in request.capacity_provider_strategy]
    cluster: Template = {"ClusterName": _tail(request.cluster or "default")}
    cluster |= {"CapacityProviders": providers} if providers else {}
    resources: Template = {
        "Cluster": _resource("AWS::ECS::Cluster", cluster),
        "TaskDefinition": _resource("AWS::ECS::TaskDefinition", _task_definition(settings, request)),
    }
    return _template(
        f"What AwsEcsFargateExecutor needs in {settings.region}",
        resources | _common(settings, statements) | (_group() if own_group else {}),
        {"VpcId": VPC} if own_group else {},
        {"SecurityGroup": _output("write it as security_groups", "SecurityGroup")} if own_group else {},
    )


def of_batch(settings: BatchSettings, request: SubmitJob) -> Template:
    """Compute environment on Fargate, job queue, job definition, roles, log group, security group, policy.

    >>> settings = BatchSettings(region="us-east-1", job_name="airflow", job_queue="q", job_definition="d")
    >>> from aws_executors.core.batch.build import from_options
    >>> of_batch(settings, from_options(settings))["Resources"]["JobQueue"]["Properties"]["JobQueueName"]
    'q'
    """
    where = Where(region=settings.region, account=ACCOUNT)
    resources: Template = {
        "ComputeEnvironment": _resource(
            "AWS::Batch::ComputeEnvironment",
            {
                "Type": "MANAGED",
                "State": "ENABLED",
                "ReplaceComputeEnvironment": False,
                "ComputeResources": {
                    "Type": "FARGATE",
                    "MaxvCpus": {"Ref": "MaxvCpus"},
                    "Subnets": {"Ref": "Subnets"},
                    "SecurityGroupIds": [{"Ref": "SecurityGroup"}],
                },
            },
        ),
        "JobQueue": _resource(
            "AWS::Batch::JobQueue",
            {
                "JobQueueName": _tail(request.job_queue),
                "Priority": 1,
                "ComputeEnvironmentOrder": [
                    {"Order": 1, "ComputeEnvironment": {"Ref": "ComputeEnvironment"}}
                ],
            },
        ),
        "JobDefinition": _resource("AWS::Batch::JobDefinition", _job_definition(settings, request)),
    }
    more: Template = {
        "MaxvCpus": {"Type": "Number", "Default": 64, "Description": "vCPUs of all tasks that run at once"},
        "Subnets": {
            "Type": "List<AWS::EC2::Subnet::Id>",
            "Description": "Where containers run; they must reach Airflow's API, ECR and CloudWatch Logs",
        },
        "VpcId": VPC,
    }
    statements = batch_permissions.statements(request, where, Also(log_groups=(GROUP,)))
    return _template(
        f"What AwsBatchExecutor needs in {settings.region}",
        resources | _common(settings, statements) | _group(),
        more,
        {},
    )


VPC: Template = {"Type": "AWS::EC2::VPC::Id", "Description": "The VPC of the subnets"}
PARAMETERS: Template = {
    "Image": {"Type": "String", "Description": "The image with Airflow and your DAGs"},
    "ExecutionApiUrl": {
        "Type": "String",
        "Description": "Airflow's API server as seen from a container, with /execution/ at its end",
    },
    "Vcpus": {"Type": "String", "Default": "1", "Description": "vCPUs of a task that does not say otherwise"},
    "Memory": {
        "Type": "String",
        "Default": "2048",
        "Description": "MiB of a task that does not say otherwise",
    },
}


def _task_definition(settings: EcsSettings, request: RunTask) -> Template:
    on_fargate = request.platform_version is not None or request.launch_type == "FARGATE"
    return {
        "Family": _tail(request.task_definition),
        "RequiresCompatibilities": ["FARGATE" if on_fargate else "EC2"],
        "NetworkMode": "awsvpc" if settings.subnets else "bridge",
        "Cpu": {"Fn::Sub": "${Vcpus} vCPU"},
        "Memory": {"Ref": "Memory"},
        "ExecutionRoleArn": {"Fn::GetAtt": ["ExecutionRole", "Arn"]},
        "TaskRoleArn": {"Fn::GetAtt": ["TaskRole", "Arn"]},
        "ContainerDefinitions": [{"Name": settings.container_name, "Essential": True} | _container()],
    }


def _container() -> Template:
    return {
        "Image": {"Ref": "Image"},
        "Environment": [{"Name": API_VARIABLE, "Value": {"Ref": "ExecutionApiUrl"}}],
        "LogConfiguration": {
            "LogDriver": "awslogs",
            "Options": {
                "awslogs-group": {"Ref": "LogGroup"},
                "awslogs-region": {"Ref": "AWS::Region"},
                "awslogs-stream-prefix": "airflow",
            },
        },
    }


def _job_definition(settings: BatchSettings, request: SubmitJob) -> Template:
    container = _container() | {
        "ResourceRequirements": [
            {"Type": "VCPU", "Value": {"Ref": "Vcpus"}},
            {"Type": "MEMORY", "Value": {"Ref": "Memory"}},
        ],
    }
    roles: Template = {"ExecutionRoleArn": {"Fn::GetAtt": ["ExecutionRole", "Arn"]}}
    name = {"JobDefinitionName": _tail(request.job_definition), "Type": "container"}
    head: Template = {**name, "PlatformCapabilities": ["FARGATE"]}
    if not settings.container_name:
        roles["JobRoleArn"] = {"Fn::GetAtt": ["TaskRole", "Arn"]}
        return head | {"ContainerProperties": container | roles}
    roles["TaskRoleArn"] = {"Fn::GetAtt": ["TaskRole", "Arn"]}
    containers = [{"Name": settings.container_name, "Essential": True} | container]
    return head | {"EcsProperties": {"TaskProperties": [roles | {"Containers": containers}]}}


def _common(settings: Settings, statements: Iterable[Statement]) -> Template:
    """Roles, log group, and the policy to be attached to the scheduler's role."""
    where = Where(region=settings.region, account=ACCOUNT)
    needed = (*statements, *store_permissions.keeping(settings, where))
    return {
        "LogGroup": _resource("AWS::Logs::LogGroup", {"LogGroupName": GROUP, "RetentionInDays": 30})
        | {"DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete"},
        "ExecutionRole": _resource(
            "AWS::IAM::Role",
            {"AssumeRolePolicyDocument": TRUST, "ManagedPolicyArns": [{"Fn::Sub": EXECUTION_POLICY}]},
        ),
        "TaskRole": _resource(
            "AWS::IAM::Role", {"AssumeRolePolicyDocument": TRUST} | _reading(settings, where)
        ),
        "SchedulerPolicy": _resource(
            "AWS::IAM::ManagedPolicy", {"PolicyDocument": _substituted(policy(needed))}
        ),
    }


def _reading(settings: Settings, where: Where) -> Template:
    """What the containers' role has, where workloads are stored for them."""
    statements = tuple(store_permissions.reading(settings, where))
    own = {"PolicyName": "ReadWorkloads", "PolicyDocument": _substituted(policy(statements))}
    return {"Policies": [own]} if statements else {}


TRUST: Template = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "ecs-tasks.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


def _group() -> Template:
    """Containers call, and nobody calls them."""
    everywhere = {"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}
    properties: Template = {
        "GroupDescription": "Task containers of Airflow",
        "VpcId": {"Ref": "VpcId"},
        "SecurityGroupEgress": [everywhere],
    }
    return {"SecurityGroup": _resource("AWS::EC2::SecurityGroup", properties)}


def _resource(kind: str, properties: Template) -> Template:
    return {"Type": kind, "Properties": properties}


def _output(words: str, resource: str) -> Template:
    return {"Description": words, "Value": {"Ref": resource}}


def _template(words: str, resources: Template, parameters: Template, outputs: Template) -> Template:
    attach = _output("attach it to the role of the scheduler", "SchedulerPolicy")
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": words,
        "Parameters": PARAMETERS | parameters,
        "Resources": resources,
        "Outputs": {"SchedulerPolicy": attach} | outputs,
    }


def _substituted(value: object) -> object:
    """The same document, the account's number and the stack's own roles put in by CloudFormation."""
    if isinstance(value, Mapping):
        members = cast("Mapping[str, object]", value)
        return {name: _substituted(part) for name, part in members.items()}
    if isinstance(value, list):
        return [_substituted(part) for part in cast("list[object]", value)]
    if not isinstance(value, str) or ACCOUNT not in value:
        return value
    role = ROLES.get(value.rpartition(":role/")[2])
    return {"Fn::GetAtt": [role, "Arn"]} if role else {"Fn::Sub": value}


def _tail(name_or_arn: str) -> str:
    """A name as a new resource gets it: of an ARN the last part, without a revision."""
    return name_or_arn.rpartition("/")[2].partition(":")[0]
