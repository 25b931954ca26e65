"""Generate a minimal working set-up as a Terraform configuration.

Law: pure; `templates/terraform.yaml` writes the resources of `model.py`. Source: the documentation of
hashicorp/aws, version 6; `tests/deploy/test_terraform.py` checks each argument against that provider's
schema.
"""

from collections.abc import Mapping
from typing import cast

from aws_executors.core.aws.iam import partition
from aws_executors.deploy.events import EventsSetup
from aws_executors.deploy.hcl import Configuration, itself
from aws_executors.deploy.model import (
    ACCOUNT,
    EXECUTION,
    TASK,
    Setup,
    role_of,
)
from aws_executors.deploy.rendering import rendered, rendered_events

NAMES: Mapping[str, str] = {
    "Image": "image",
    "ExecutionApiUrl": "execution_api_url",
    "Vcpus": "vcpus",
    "Memory": "memory",
    "MaxvCpus": "max_vcpus",
    "Subnets": "subnets",
    "VpcId": "vpc_id",
}
ROLES: Mapping[str, str] = {EXECUTION: "${aws_iam_role.execution.arn}", TASK: "${aws_iam_role.task.arn}"}


def configuration(setup: Setup) -> Configuration:
    """The configuration of a set-up.

    >>> from aws_executors.core.batch.builder import from_options
    >>> from aws_executors.core.batch.settings import BatchSettings
    >>> from aws_executors.deploy.model import of_batch
    >>> settings = BatchSettings(region="us-east-1", job_name="airflow", job_queue="q", job_definition="d")
    >>> made = configuration(of_batch(settings, from_options(settings)))
    >>> made["resource"]["aws_batch_job_queue"]["airflow"]["name"]
    'q'
    """
    return cast(
        "Configuration",
        rendered("terraform.yaml", setup, _put, names=NAMES, partition=partition(setup.region)),
    )


def events_configuration(setup: EventsSetup) -> Configuration:
    """The configuration of the delivery of events."""
    labels = {queue.number: f"events{queue.number if queue.number > 1 else ''}" for queue in setup.queues}
    return cast("Configuration", rendered_events("events_terraform.yaml", setup, _put, labels=labels))


def _put(text: str) -> str:
    return ROLES.get(role_of(text)) or "${data.aws_caller_identity.current.account_id}".join(
        map(itself, text.split(ACCOUNT))
    )
