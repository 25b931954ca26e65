"""A minimal working set-up as a CloudFormation template.

Law: pure; writes what `model.py` says is made, resource by resource. Source: CloudFormation's resource
reference of ECS, Batch, IAM, EC2 and Logs.
"""

from collections.abc import Mapping
from typing import TypeAlias

from aws_executors.core.checks import API_VARIABLE
from aws_executors.core.iam import policy
from aws_executors.core.setup.model import (
    ACCOUNT,
    API_URL,
    EXECUTION,
    EXECUTION_POLICY,
    GROUP,
    IMAGE,
    MAX_VCPUS,
    MEMORY,
    RETENTION,
    SUBNETS,
    TASK,
    VCPUS,
    VPC,
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

Template: TypeAlias = dict[str, object]

ROLES: Mapping[str, str] = {EXECUTION: "ExecutionRole", TASK: "TaskRole"}
TYPES: Mapping[Kind, str] = {
    Kind.TEXT: "String",
    Kind.NUMBER: "Number",
    Kind.SUBNETS: "List<AWS::EC2::Subnet::Id>",
    Kind.VPC: "AWS::EC2::VPC::Id",
}


def template(setup: Setup) -> Template:
    """The template of a set-up.

    >>> from aws_executors.core.batch.build import from_options
    >>> from aws_executors.core.batch.settings import BatchSettings
    >>> from aws_executors.core.setup.model import of_batch
    >>> settings = BatchSettings(region="us-east-1", job_name="airflow", job_queue="q", job_definition="d")
    >>> made = template(of_batch(settings, from_options(settings)))
    >>> made["Resources"]["JobQueue"]["Properties"]["JobQueueName"]
    'q'
    """
    resources: Template = {}
    for one in setup.made:
        resources |= _made(one)
    attach = _output("attach it to the role of the scheduler", "SchedulerPolicy")
    told = {"SecurityGroup": _output("write it as security_groups", "SecurityGroup")}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": setup.about,
        "Parameters": {one.name: _parameter(one) for one in setup.parameters},
        "Resources": resources | _common(setup) | (_group() if setup.own_group else {}),
        "Outputs": {"SchedulerPolicy": attach} | (told if setup.told_group else {}),
    }


def _made(one: Made) -> Template:
    match one:
        case Cluster(name=name, providers=providers):
            cluster: Template = {"ClusterName": name}
            cluster |= {"CapacityProviders": list(providers)} if providers else {}
            return {"Cluster": _resource("AWS::ECS::Cluster", cluster)}
        case TaskDefinition():
            return {"TaskDefinition": _resource("AWS::ECS::TaskDefinition", _task_definition(one))}
        case Queue():
            return _queue(one)
        case JobDefinition():
            return {"JobDefinition": _resource("AWS::Batch::JobDefinition", _job_definition(one))}


def _parameter(one: Parameter) -> Template:
    said: Template = {"Type": TYPES[one.kind], "Description": one.about}
    default: object = int(one.default) if one.kind is Kind.NUMBER else one.default
    return said | ({"Default": default} if one.default else {})


def _task_definition(one: TaskDefinition) -> Template:
    return {
        "Family": one.family,
        "RequiresCompatibilities": ["FARGATE" if one.fargate else "EC2"],
        "NetworkMode": "awsvpc" if one.awsvpc else "bridge",
        "Cpu": {"Fn::Sub": f"${{{VCPUS.name}}} vCPU"},
        "Memory": _ref(MEMORY.name),
        "ExecutionRoleArn": _arn("ExecutionRole"),
        "TaskRoleArn": _arn("TaskRole"),
        "ContainerDefinitions": [{"Name": one.container, "Essential": True} | _container()],
    }


def _container() -> Template:
    return {
        "Image": _ref(IMAGE.name),
        "Environment": [{"Name": API_VARIABLE, "Value": _ref(API_URL.name)}],
        "LogConfiguration": {
            "LogDriver": "awslogs",
            "Options": {
                "awslogs-group": _ref("LogGroup"),
                "awslogs-region": _ref("AWS::Region"),
                "awslogs-stream-prefix": "airflow",
            },
        },
    }


def _queue(one: Queue) -> Template:
    environment: Template = {
        "Type": "MANAGED",
        "State": "ENABLED",
        "ReplaceComputeEnvironment": False,
        "ComputeResources": {
            "Type": "FARGATE",
            "MaxvCpus": _ref(MAX_VCPUS.name),
            "Subnets": _ref(SUBNETS.name),
            "SecurityGroupIds": [_ref("SecurityGroup")],
        },
    }
    queue: Template = {
        "JobQueueName": one.name,
        "Priority": 1,
        "ComputeEnvironmentOrder": [{"Order": 1, "ComputeEnvironment": _ref("ComputeEnvironment")}],
    }
    return {
        "ComputeEnvironment": _resource("AWS::Batch::ComputeEnvironment", environment),
        "JobQueue": _resource("AWS::Batch::JobQueue", queue),
    }


def _job_definition(one: JobDefinition) -> Template:
    container = _container() | {
        "ResourceRequirements": [
            {"Type": "VCPU", "Value": _ref(VCPUS.name)},
            {"Type": "MEMORY", "Value": _ref(MEMORY.name)},
        ],
    }
    roles: Template = {"ExecutionRoleArn": _arn("ExecutionRole")}
    name = {"JobDefinitionName": one.name, "Type": "container"}
    head: Template = {**name, "PlatformCapabilities": ["FARGATE"]}
    if not one.container:
        roles["JobRoleArn"] = _arn("TaskRole")
        return head | {"ContainerProperties": container | roles}
    roles["TaskRoleArn"] = _arn("TaskRole")
    containers = [{"Name": one.container, "Essential": True} | container]
    return head | {"EcsProperties": {"TaskProperties": [roles | {"Containers": containers}]}}


def _common(setup: Setup) -> Template:
    """Roles, log group, and the policy to be attached to the scheduler's role."""
    trust = filled(setup.trust(), _put)
    managed = {"Fn::Sub": f"arn:${{AWS::Partition}}:iam::aws:policy/{EXECUTION_POLICY}"}
    return {
        "LogGroup": _resource("AWS::Logs::LogGroup", {"LogGroupName": GROUP, "RetentionInDays": RETENTION})
        | {"DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete"},
        "ExecutionRole": _resource(
            "AWS::IAM::Role", {"AssumeRolePolicyDocument": trust, "ManagedPolicyArns": [managed]}
        ),
        "TaskRole": _resource("AWS::IAM::Role", {"AssumeRolePolicyDocument": trust} | _reading(setup)),
        "SchedulerPolicy": _resource(
            "AWS::IAM::ManagedPolicy", {"PolicyDocument": filled(setup.policy(), _put)}
        ),
    }


def _reading(setup: Setup) -> Template:
    """What the containers' role has, where workloads are stored for them."""
    own = {"PolicyName": "ReadWorkloads", "PolicyDocument": filled(policy(setup.reading), _put)}
    return {"Policies": [own]} if setup.reading else {}


def _put(text: str) -> object:
    role = role_of(text)
    if role:
        return _arn(ROLES[role])
    # What else looks like a variable means itself. Source: "Fn::Sub", CloudFormation User Guide.
    return {"Fn::Sub": "${AWS::AccountId}".join(part.replace("${", "${!") for part in text.split(ACCOUNT))}


def _group() -> Template:
    """Containers call, and nobody calls them."""
    everywhere = {"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}
    properties: Template = {
        "GroupDescription": "Task containers of Airflow",
        "VpcId": _ref(VPC.name),
        "SecurityGroupEgress": [everywhere],
    }
    return {"SecurityGroup": _resource("AWS::EC2::SecurityGroup", properties)}


def _resource(kind: str, properties: Template) -> Template:
    return {"Type": kind, "Properties": properties}


def _output(words: str, resource: str) -> Template:
    return {"Description": words, "Value": _ref(resource)}


def _ref(name: str) -> Template:
    return {"Ref": name}


def _arn(resource: str) -> Template:
    return {"Fn::GetAtt": [resource, "Arn"]}
