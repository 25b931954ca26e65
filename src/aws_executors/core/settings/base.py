"""The options that the sections of all services share.

Law: one field per option; its description, example and default stand nowhere else (see `options.py`). How a
section is read is in `section.py`.
"""

import re
from collections.abc import Iterator
from math import isfinite
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator

from aws_executors.core.requests.allowed_options import ALL, canonical
from aws_executors.core.settings.errors import Fault, Place, shown
from aws_executors.core.settings.options import Option, as_text, option_rows
from aws_executors.core.settings.section import SectionModel, WrittenOptions
from aws_executors.core.settings.types import (
    AccountId,
    ConnectionId,
    DeploymentName,
    DottedPath,
    KmsKey,
    QueueUrl,
    Region,
    StoreAddress,
    Url,
    split_names,
)

POLL_INTERVAL_LIMIT = 60
"""The largest `poll_interval`, in seconds."""


class Settings(SectionModel, frozen=True):
    """The options that `[batch]` and `[ecs_fargate]` share."""

    region: Annotated[
        Region,
        Field(description="The AWS Region, also with a custom request.", examples=["us-east-1"]),
    ]
    conn_id: Annotated[
        ConnectionId,
        Field(
            description="An Airflow connection with AWS credentials. When empty, boto3's own credential "
            "chain is used.",
            examples=["aws_default"],
        ),
    ] = ""
    endpoint_url: Annotated[
        Url,
        Field(
            description="The address of the Batch or ECS API, if not the public one (a VPC endpoint, for "
            "example). For other services use AWS's own settings, such as AWS_ENDPOINT_URL_LOGS.",
            examples=["http://127.0.0.1:4566"],
        ),
    ] = ""
    request_builder: Annotated[
        DottedPath,
        Field(
            description="Dotted path of a function that builds the whole request for each launch; it "
            "excludes submit_job_kwargs and run_task_kwargs.",
            examples=["my_module.build"],
        ),
    ] = ""
    executor_config_allowed: Annotated[
        tuple[str, ...],
        BeforeValidator(split_names),
        Field(
            description="What a task's executor_config may set: all, none, or comma-separated names, as "
            "authors write them (memory) or with their path (overrides.taskRoleArn).",
            examples=[("memory", "environment", "tags")],
        ),
    ] = (ALL,)
    adopt_task_instances: Annotated[
        bool,
        Field(
            description="When a scheduler stops: True leaves its containers running for the next scheduler "
            "to adopt, False stops them.",
            examples=[True],
        ),
    ] = False
    deployment: Annotated[
        DeploymentName,
        Field(
            description="A name for this Airflow, which distinguishes its containers from those of others in "
            "the same account.",
            examples=["airflow-staging"],
        ),
    ] = "airflow"
    max_attempts: Annotated[
        int,
        Field(
            ge=1,
            le=10,
            description="How many containers may be started for one try of a task (1 to 10), if the "
            "infrastructure fails before the task's code has run.",
            examples=[5],
        ),
    ] = 3
    workers: Annotated[
        int,
        Field(ge=1, le=64, description="The number of threads that call AWS (1 to 64).", examples=[48]),
    ] = 32
    poll_interval: Annotated[
        float,
        Field(
            ge=0.1,
            le=POLL_INTERVAL_LIMIT,
            description="Seconds between two polls of a container that was just accepted or is about to end "
            "(0.1 to 60).",
            examples=[2.5],
        ),
    ] = 1.0
    poll_interval_max: Annotated[
        float,
        Field(
            ge=0.1,
            le=300,
            description="Seconds between two polls of a container that has waited or run for long (up to "
            "300).",
            examples=[60.0],
        ),
    ] = 30.0
    database_interval: Annotated[
        float,
        Field(
            ge=0.1,
            le=60,
            description="Seconds between two reads of running task instances from Airflow's database (0.1 to "
            "60); at least a millisecond for each of them.",
            examples=[5.0],
        ),
    ] = 0.5
    fleet_interval: Annotated[
        float,
        Field(
            ge=0,
            le=3600,
            description="Seconds between two updates of the page *AWS executors* in Airflow's UI by the "
            "scheduler (0 to 3600); 0 disables them.",
            examples=[30.0],
        ),
    ] = 10.0
    events_queue: Annotated[
        QueueUrl,
        Field(
            description="The URL of an SQS queue to which EventBridge sends what happens to containers; they "
            "are then polled rarely. {hostname} stands for the scheduler's host. When empty, containers are "
            "polled.",
            examples=["https://sqs.us-east-1.amazonaws.com/123456789012/airflow-events"],
        ),
    ] = ""
    call_timeout: Annotated[
        float,
        Field(
            ge=1,
            le=120,
            description="Timeout for one call to AWS, in seconds (1 to 120).",
            examples=[30.0],
        ),
    ] = 20.0

    submit_rate: Annotated[
        float | None,
        Field(
            ge=0.1,
            le=1000,
            description="The maximum number of containers started per second (0.1 to 1000). When empty, the "
            "account's limit is found at run time, starting from what AWS documents: RunTask 20 on "
            "Fargate and 40 on EC2, SubmitJob 50.",
            examples=[100.0],
        ),
    ] = None
    read_share: Annotated[
        float,
        Field(
            ge=0.01,
            le=1,
            description="The share of AWS's documented read rate that polling containers may use "
            "(0.01 to 1).",
            examples=[0.8],
        ),
    ] = 0.5

    workload_transport: Annotated[
        Literal["inline", "s3", "auto"],
        Field(
            description="How a workload gets into its container: inline (on the command line), s3 (an "
            "object in workload_store; the image needs this package), or auto (inline if it fits, "
            "otherwise s3).",
            examples=["s3"],
        ),
    ] = "inline"
    workload_store: Annotated[
        StoreAddress,
        Field(
            description="Where workloads are stored: s3://bucket/prefix. Required with "
            "workload_transport = s3.",
            examples=["s3://my-bucket/workloads"],
        ),
    ] = ""
    workload_store_owner: Annotated[
        AccountId,
        Field(
            description="The account (12 digits) that must own the bucket of workload_store; a bucket of "
            "another account is not used. Not checked when empty.",
            examples=["123456789012"],
        ),
    ] = ""
    workload_kms_key: Annotated[
        KmsKey,
        Field(
            description="The KMS key that encrypts stored workloads (SSE-KMS): its id, its ARN or "
            "alias/name. When empty, S3's own keys (SSE-S3) are used.",
            examples=["alias/airflow"],
        ),
    ] = ""
    token_lifetime: Annotated[
        float | None,
        Field(
            ge=1,
            le=604_800,
            description="Seconds for which a workload's token is valid (1 to 604800). When empty, Airflow's "
            "[scheduler] task_queued_timeout. With S3, it is renewed at half of it while a container waits.",
            examples=[3600.0],
        ),
    ] = None
    launcher: Annotated[
        Literal["auto", "airflow", "aws_executors"],
        Field(
            description="What runs an inline workload: airflow (works in every image) or aws_executors (for "
            "images with this package: it exits sooner, with more telling exit codes). auto is airflow, but "
            "with Airflow 3.1, whose own launcher writes the workload's token into the log, aws_executors.",
            examples=["aws_executors"],
        ),
    ] = "auto"
    usage: Annotated[
        bool,
        Field(
            description="Whether to record what each container was given, for how long, and about what it "
            "cost. With this package in the image (launcher = aws_executors, or a stored workload) also what "
            "it used, which takes one more call to AWS for each container.",
            examples=[True],
        ),
    ] = False
    prices_file: Annotated[
        str,
        Field(
            description="A JSON file with your own prices, which take the place of the bundled ones. Used "
            "with usage = True.",
            examples=["/opt/airflow/prices.json"],
        ),
    ] = ""

    warm_idle: Annotated[
        float,
        Field(
            ge=0,
            le=3600,
            description="Seconds for which a container that has ended its workload waits for the next one "
            "(0 to 3600); 0 gives every workload a container of its own. Needs workload_store.",
            examples=[120.0],
        ),
    ] = 0.0
    warm_tasks: Annotated[
        int,
        Field(
            ge=1,
            le=1000,
            description="How many workloads one container takes (1 to 1000), with warm_idle.",
            examples=[20],
        ),
    ] = 100
    warm_age: Annotated[
        float,
        Field(
            ge=60,
            le=604_800,
            description="Seconds after which a container takes no more workloads (60 to 604800), with "
            "warm_idle.",
            examples=[3600.0],
        ),
    ] = 14_400.0
    warm_scope: Annotated[
        Literal["dag", "queue", "team"],
        Field(
            description="Whose tasks may share a container, with warm_idle: those of one dag, of one queue, "
            "or of the whole team (of this section).",
            examples=["queue"],
        ),
    ] = "dag"

    @field_validator("executor_config_allowed")
    @classmethod
    def _of_known_names(cls, listed: tuple[str, ...]) -> tuple[str, ...]:
        return canonical(listed, cls.settable)

    @classmethod
    def contradictions(cls, own: WrittenOptions, place: Place) -> Iterator[Fault]:
        """The faults of options that do not go together; `own` may hold texts as well as read values."""
        poll = own.get("poll_interval", 1)
        low, high = as_number(poll), as_number(own.get("poll_interval_max", 30.0))
        if (
            low is not None and high is not None and high < low <= POLL_INTERVAL_LIMIT
        ):  # above the limit, poll_interval has a fault of its own
            problem = f"is below poll_interval = {low:g}"
            yield Fault("poll_interval_max", problem, place.set("poll_interval_max", poll), f"{high:g}")
        yield from _transport_faults(own, place)
        yield from _warm_faults(own, place)
        yield from _events_faults(own, place)
        yield from _arn_faults(own, place)

    @classmethod
    def options(cls) -> tuple[Option, ...]:
        """The options in the order for a reader: mandatory ones, the service's own, then the shared ones.

        >>> from aws_executors.core.batch.settings import BatchSettings
        >>> [option.name for option in BatchSettings.options()][:3]
        ['region', 'job_name', 'job_queue']
        """
        shared = [row for row in option_rows(cls) if row.name in Settings.model_fields and not row.mandatory]
        own = [row for row in option_rows(cls) if row not in shared]
        return (*(row for row in own if row.mandatory), *(row for row in own if not row.mandatory), *shared)


def _transport_faults(own: WrittenOptions, place: Place) -> Iterator[Fault]:
    transport = own.get("workload_transport", "inline")
    if transport == "s3" and "workload_store" not in own:
        problem = "is missing; workload_transport = s3 needs it"
        yield Fault("workload_store", problem, place.set("workload_store", "s3://my-bucket/workloads"))
    # A builder's step may let tasks share containers, which needs the store.
    shared = as_number(own.get("warm_idle", 0)) or "request_builder" in own
    for name in ("workload_store", "workload_store_owner", "workload_kms_key"):
        if transport == "inline" and name in own and not shared:
            problem = "has no effect with workload_transport = inline"
            remedy = f"{place.set('workload_transport', 's3')} (or auto), or {place.unset(name)}"
            yield Fault(name, problem, remedy, shown(own[name]))
    for name in ("workload_store_owner", "workload_kms_key"):
        if transport == "auto" and name in own and "workload_store" not in own:
            problem = "has no effect without workload_store"
            remedy = f"{place.set('workload_store', 's3://my-bucket/workloads')}"
            yield Fault(name, problem, remedy, shown(own[name]))


def _warm_faults(own: WrittenOptions, place: Place) -> Iterator[Fault]:
    if as_number(own.get("warm_idle", 0)) and "workload_store" not in own:
        problem = "needs workload_store, by which the containers get their workloads"
        yield Fault("warm_idle", problem, place.set("workload_store", "s3://my-bucket/workloads"))


def _events_faults(own: WrittenOptions, place: Place) -> Iterator[Fault]:
    """The queue must be in the Region of the containers, like EventBridge's rule."""
    queue, region = _text(own, "events_queue"), _text(own, "region")
    host = queue.partition("://")[2].partition("/")[0]
    named = [label for label in host.split(".") if re.fullmatch(r"[a-z]+(-[a-z]+)+-\d+", label)]
    if region and named and region not in named:
        problem = f"is a queue in {named[0]}, but region = {region}"
        remedy = place.set("events_queue", queue.replace(named[0], region, 1))
        yield Fault("events_queue", problem, f"name a queue of that Region, as in: {remedy}", shown(queue))


def _arn_faults(own: WrittenOptions, place: Place) -> Iterator[Fault]:
    """An ARN must name a resource of the option's own kind, in the section's Region."""
    region = _text(own, "region")
    for name in ("cluster", "task_definition", "job_queue", "job_definition"):
        arn, _, rest = _text(own, name).partition(":")
        parts = [*rest.split(":"), "", "", "", "", ""]  # partition, service, Region, account, kind/name
        home, named = parts[2], parts[4]
        kind, wanted = named.partition("/")[0], name.replace("_", "-")
        if arn != "arn" or not named:
            continue
        if kind != wanted:
            remedy = f"give {name} a {name.replace('_', ' ')}, by its name or ARN"
            yield Fault(name, f"is the ARN of a {kind}, not of a {wanted}", remedy, shown(own[name]))
        elif region and home != region:
            remedy = f"name one of that Region, or {place.set('region', home)}"
            yield Fault(name, f"is in {home}, but region = {region}", remedy, shown(own[name]))


def _text(own: WrittenOptions, name: str) -> str:
    value = own.get(name)
    return value if isinstance(value, str) else ""


def as_number(value: object) -> float | None:
    """The number that a text stands for, or None.

    >>> as_number("2.5"), as_number(3), as_number(True), as_number("many"), as_number("nan")
    (2.5, 3.0, 1.0, None, None)
    """
    try:
        number = float(value if isinstance(value, bool) else as_text(value))
    except ValueError:
        return None
    return number if isfinite(number) else None
