"""Generate a minimal working set-up as a CloudFormation template.

Law: pure; `templates/cloudformation.yaml` writes the resources of `model.py`. Source: CloudFormation's
resource reference of ECS, Batch, IAM, EC2 and Logs.
"""

from collections.abc import Mapping
from typing import TypeAlias, cast

from aws_executors.deploy.events import EventsSetup
from aws_executors.deploy.model import (
    ACCOUNT,
    EXECUTION,
    TASK,
    ParameterKind,
    Setup,
    role_of,
)
from aws_executors.deploy.rendering import rendered, rendered_events

Template: TypeAlias = dict[str, object]

ROLES: Mapping[str, str] = {EXECUTION: "ExecutionRole", TASK: "TaskRole"}
TYPES: Mapping[ParameterKind, str] = {
    ParameterKind.TEXT: "String",
    ParameterKind.NUMBER: "Number",
    ParameterKind.SUBNETS: "List<AWS::EC2::Subnet::Id>",
    ParameterKind.VPC: "AWS::EC2::VPC::Id",
}


def template(setup: Setup) -> Template:
    """The template of a set-up.

    >>> from aws_executors.core.batch.builder import from_options
    >>> from aws_executors.core.batch.settings import BatchSettings
    >>> from aws_executors.deploy.model import of_batch
    >>> settings = BatchSettings(region="us-east-1", job_name="airflow", job_queue="q", job_definition="d")
    >>> made = template(of_batch(settings, from_options(settings)))
    >>> made["Resources"]["JobQueue"]["Properties"]["JobQueueName"]
    'q'
    """
    return cast("Template", rendered("cloudformation.yaml", setup, _put, types=TYPES))


def events_template(setup: EventsSetup) -> Template:
    """The template of the delivery of events."""
    labels = {queue.number: f"Queue{queue.number if queue.number > 1 else ''}" for queue in setup.queues}
    rules = {one.section: "".join(map(str.title, one.section.split("_"))) for one in setup.rules}
    return cast(
        "Template",
        rendered_events("events_cloudformation.yaml", setup, _put, labels=labels, rule_labels=rules),
    )


def _put(text: str) -> object:
    role = role_of(text)
    if role:
        return {"Fn::GetAtt": [ROLES[role], "Arn"]}
    # Anything else that looks like a variable is literal text. Source: "Fn::Sub", CloudFormation User Guide.
    return {"Fn::Sub": "${AWS::AccountId}".join(part.replace("${", "${!") for part in text.split(ACCOUNT))}
