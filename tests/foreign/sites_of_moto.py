"""What our commands make in moto's account: a set-up of the printed template, and the settings that name it.

Law: the template is the printed one; what moto wants and AWS does not is added here, each with its reason.
"""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from aws_executors.cli.__main__ import main
from foreign.moto_world import ACCOUNT, REGION, Moto

API = f"http://{socket.gethostname()}:1/execution/"
IMAGE = "registry.example.com/airflow:1"
ECS = {
    "region": REGION,
    "cluster": "etl",
    "container_name": "main",
    "task_definition": "airflow",
    "adopt_task_instances": "True",
}
BATCH = {
    "region": REGION,
    "job_name": "airflow",
    "job_queue": "night",
    "job_definition": "airflow",
    "adopt_task_instances": "True",
}
EXECUTORS = {"ecs_fargate": "AwsEcsFargateExecutor", "batch": "AwsBatchExecutor"}
QUICK = {"poll_interval": "0.1", "database_interval": "0.2"}


def configure(monkeypatch: pytest.MonkeyPatch, section: str, options: dict[str, str]) -> None:
    """Airflow's configuration, in this process's environment."""
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", f"aws_executors.executors.{EXECUTORS[section]}")
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", API)
    for name, value in options.items():
        monkeypatch.setenv(f"AIRFLOW__{section.upper()}__{name.upper()}", value)


def printed(capsys: pytest.CaptureFixture[str], section: str) -> Any:
    """The template that our command prints."""
    capsys.readouterr()
    assert main(["cloudformation", "--section", section, "--output", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def for_moto(template: Any) -> Any:
    """The same template with what moto cannot do without."""
    resources = template["Resources"]
    if "ComputeEnvironment" in resources:
        # AWS takes its service-linked role where there is none, and one attempt.
        resources["ComputeEnvironment"]["Properties"]["ServiceRole"] = {
            "Fn::GetAtt": ["ExecutionRole", "Arn"]
        }
        resources["JobDefinition"]["Properties"]["RetryStrategy"] = {"Attempts": 1}
    if "TaskDefinition" in resources:
        # On Fargate a container needs no limit beside the task's.
        (container,) = resources["TaskDefinition"]["Properties"]["ContainerDefinitions"]
        container["Memory"] = 512
    return template


def network(moto: Moto) -> tuple[str, str]:
    """The VPC that every account has, and two of its subnets, with a way out by a NAT gateway."""
    ec2 = moto.client("ec2")
    (vpc,) = ec2.describe_vpcs()["Vpcs"]
    subnets = sorted(one["SubnetId"] for one in ec2.describe_subnets()["Subnets"])[:2]
    gateway = ec2.create_nat_gateway(SubnetId=subnets[0], ConnectivityType="private")["NatGateway"]
    (main, *_) = ec2.describe_route_tables()["RouteTables"]
    ec2.create_route(
        RouteTableId=main["RouteTableId"],
        DestinationCidrBlock="0.0.0.0/0",
        NatGatewayId=gateway["NatGatewayId"],
    )
    return vpc["VpcId"], ",".join(subnets)


def create(moto: Moto, template: Any, vpc: str, subnets: str, name: str = "airflow") -> dict[str, str]:
    """Create a stack; the physical name of each resource."""
    given = {
        "Image": IMAGE,
        "ExecutionApiUrl": API,
        "VpcId": vpc,
        "Subnets": subnets,
    }
    client = moto.client("cloudformation")
    client.create_stack(
        StackName=name,
        TemplateBody=json.dumps(template),
        Parameters=[
            {"ParameterKey": name, "ParameterValue": value}
            for name, value in given.items()
            if name in template["Parameters"]
        ],
        Capabilities=["CAPABILITY_IAM"],
    )
    (stack,) = client.describe_stacks(StackName=name)["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    made = client.describe_stack_resources(StackName=name)["StackResources"]
    return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in made}


def site(
    moto: Moto, section: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> dict[str, str]:
    """A stack of the template for a section, and Airflow's configuration as the template's outputs say."""
    vpc, subnets = network(moto)
    options = {**ECS, "subnets": subnets} if section == "ecs_fargate" else dict(BATCH)
    configure(monkeypatch, section, options)
    template = for_moto(printed(capsys, section))
    made = create(moto, template, vpc, subnets)
    if section == "ecs_fargate":
        configure(monkeypatch, section, {"security_groups": made["SecurityGroup"]})
        whole(moto, template, made)
    return made


def whole(moto: Moto, template: Any, made: dict[str, str]) -> None:
    """Register the template's task definition once more, with what moto's CloudFormation leaves out of it."""
    ecs = moto.client("ecs")
    said = template["Resources"]["TaskDefinition"]["Properties"]
    found = ecs.describe_task_definition(taskDefinition=made["TaskDefinition"])["taskDefinition"]
    assert "requiresCompatibilities" not in found, "moto can do it now: drop this function"
    roles = {name: f"arn:aws:iam::{ACCOUNT}:role/{made[name]}" for name in ("ExecutionRole", "TaskRole")}
    (container,) = said["ContainerDefinitions"]
    ecs.register_task_definition(
        family=said["Family"],
        requiresCompatibilities=said["RequiresCompatibilities"],
        networkMode=said["NetworkMode"],
        cpu="1024",
        memory="2048",
        executionRoleArn=roles["ExecutionRole"],
        taskRoleArn=roles["TaskRole"],
        containerDefinitions=[
            {
                "name": container["Name"],
                "image": IMAGE,
                "essential": True,
                "memory": container["Memory"],
                "environment": [{"name": container["Environment"][0]["Name"], "value": API}],
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {
                        "awslogs-group": made["LogGroup"],
                        "awslogs-region": REGION,
                        "awslogs-stream-prefix": "airflow",
                    },
                },
            }
        ],
    )
