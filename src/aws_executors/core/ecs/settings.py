"""The options of `[ecs_fargate]`.

Law: one field per option, as in airflow.cfg, and the rules between them; what the fields mean for a request
is decided in `builder.py`. A default that contradicts an option that is set does not apply.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field

from aws_executors.core.ecs.capacity_providers import Strategy, names_fargate
from aws_executors.core.ecs.options import SETTABLE
from aws_executors.core.ecs.request import BY_PROVIDER, PROVIDED, LaunchType
from aws_executors.core.settings.base import Settings
from aws_executors.core.settings.errors import Fault, Place, shown
from aws_executors.core.settings.options import as_text
from aws_executors.core.settings.section import NOTHING, WrittenOptions
from aws_executors.core.settings.types import (
    SPELLINGS,
    ContainerName,
    Definition,
    Enabled,
    KwargsSource,
    NameOrArn,
    PlatformVersion,
    SecurityGroups,
    Subnets,
    upper,
)
from aws_executors.core.validation import Violation


class EcsSettings(Settings, frozen=True):
    """All options of `[ecs_fargate]`.

    `launch_type` is None with a capacity provider strategy, and `platform_version` is None if the tasks do
    not run on Fargate: what is None is not sent.

    >>> fargate = EcsSettings(region="us-east-1", cluster="etl", container_name="airflow",
    ...                       task_definition="airflow:7", subnets=("subnet-1",))
    >>> fargate.launch_type, fargate.platform_version, fargate.assign_public_ip
    ('FARGATE', 'LATEST', None)
    >>> EcsSettings(region="us-east-1", cluster="etl", container_name="airflow",
    ...             task_definition="airflow:7", launch_type="EC2").platform_version
    """

    section: ClassVar[str] = "ecs_fargate"
    service: ClassVar[str] = "ecs"
    about: ClassVar[str] = (
        "AwsEcsFargateExecutor runs every task in an Amazon ECS task, on Fargate or instances."
    )
    kwargs_option: ClassVar[str] = "run_task_kwargs"
    settable: ClassVar[tuple[str, ...]] = SETTABLE
    members: ClassVar[Mapping[str, str]] = {"task_definition": "taskDefinition"}

    cluster: Annotated[
        NameOrArn,
        Field(
            description="The ECS cluster, by name or ARN, also with a custom request.", examples=["airflow"]
        ),
    ]
    container_name: Annotated[
        ContainerName,
        Field(
            description="The Airflow container's name in the task definition, also with a custom request: it "
            "gets the command, and its exit code counts.",
            examples=["airflow"],
        ),
    ]
    task_definition: Annotated[
        Definition,
        Field(
            description="The task definition, by family, family:revision or ARN. Required unless "
            "run_task_kwargs sets taskDefinition.",
            examples=["airflow-task:3"],
        ),
    ]
    launch_type: Annotated[
        LaunchType | None,
        BeforeValidator(upper),
        Field(description="FARGATE, EC2 or EXTERNAL.", examples=["EC2"]),
    ] = "FARGATE"
    capacity_provider_strategy: Annotated[
        Strategy,
        Field(
            description="Capacity providers instead of a launch type: comma-separated name:weight:base, or "
            "AWS's JSON list.",
            examples=["FARGATE_SPOT:4,FARGATE:1:2"],
        ),
    ] = ()
    platform_version: Annotated[
        PlatformVersion | None,
        BeforeValidator(upper),
        Field(description="The Fargate platform version; not for other launch types.", examples=["1.4.0"]),
    ] = "LATEST"
    assign_public_ip: Annotated[
        Enabled,
        Field(
            description="Whether tasks get a public IP address: True or False, ENABLED or DISABLED. When "
            "empty, AWS's default (no).",
            examples=[True],
        ),
    ] = None
    security_groups: Annotated[
        SecurityGroups,
        Field(
            description="Security groups of the tasks, comma-separated (at most 5). When empty, the VPC's "
            "default.",
            examples=[("sg-AAA", "sg-BBB")],
        ),
    ] = ()
    subnets: Annotated[
        Subnets,
        Field(
            description="Subnets for the tasks, comma-separated (at most 16). Required on Fargate, unless "
            "run_task_kwargs sets networkConfiguration.",
            examples=[("subnet-XXXXXXXX", "subnet-YYYYYYYY")],
        ),
    ] = ()
    run_task_kwargs: Annotated[
        KwargsSource,
        Field(
            description="More arguments for boto3's run_task, which override the other options: the dotted "
            "path of a dict, a JSON object, or the dotted path of a function that builds the request.",
            examples=['{"enableExecuteCommand": true}'],
        ),
    ] = "aws_executors.conf.ECS_FARGATE_RUN_TASK_KWARGS"

    @classmethod
    def completed(cls, own: dict[str, object]) -> dict[str, object]:
        """The options, with the defaults of launch type and platform version if these fit the options."""
        launch_type = None if own.get("capacity_provider_strategy") else "FARGATE"
        platform_version = "LATEST" if platform(own) == "FARGATE" else None
        return {"launch_type": launch_type, "platform_version": platform_version} | own

    @classmethod
    def contradictions(cls, own: WrittenOptions, place: Place) -> Iterator[Fault]:
        """The faults of options that do not go together."""
        yield from super().contradictions(own, place)
        runs_on = platform(own)
        if own.get("launch_type") is not None and "capacity_provider_strategy" in own:
            yield _superfluous(
                "launch_type", "excludes capacity_provider_strategy: AWS accepts one of them", own, place
            )
        if own.get("platform_version") is not None and runs_on in NOT_FARGATE:
            yield _superfluous("platform_version", f"is for Fargate alone, not for {runs_on}", own, place)
        if _public(own) and runs_on in NOT_FARGATE:
            yield _superfluous("assign_public_ip", f"is for Fargate alone, not for {runs_on}", own, place)
        if "subnets" in own and runs_on == "EXTERNAL":
            yield _superfluous("subnets", "do not apply to EXTERNAL, which has no awsvpc network", own, place)

    @classmethod
    def _fault(cls, found: Violation, own: WrittenOptions, place: Place) -> Fault:
        provider = PROVIDED.get(as_text(upper(own.get("launch_type", ""))))
        if found.path[0] == "launch_type" and provider:
            remedy = place.set("capacity_provider_strategy", provider)
            return Fault("launch_type", BY_PROVIDER, remedy, shown(own["launch_type"]))
        return super()._fault(found, own, place)

    @classmethod
    def gaps(cls, own: WrittenOptions, kwargs: WrittenOptions, place: Place) -> Iterator[Fault]:
        """The faults of options that the kwargs leave open, and of a cluster that the kwargs contradict."""
        cluster = kwargs.get("cluster")
        if isinstance(cluster, str) and "cluster" in own and _tail(cluster) != _tail(own["cluster"]):
            problem = (
                f"is not {cluster!r}, the cluster in run_task_kwargs; the executor searches one cluster only"
            )
            yield Fault("cluster", problem, place.set("cluster", cluster), shown(own["cluster"]))
        if "subnets" in own:
            return
        if platform(own, kwargs) == "FARGATE" and "networkConfiguration" not in kwargs:
            problem = "is missing: a task on Fargate needs at least one subnet"
            yield Fault("subnets", problem, place.set("subnets", "subnet-XXXXXXXX"))
        elif "security_groups" in own:
            yield _superfluous("security_groups", "have no effect without subnets", own, place)


NOT_FARGATE = frozenset({"EC2", "EXTERNAL"})


def platform(own: WrittenOptions, kwargs: WrittenOptions = NOTHING) -> str:
    """What the tasks will run on: FARGATE, EC2, EXTERNAL; empty if the cluster decides.

    `kwargs` is laid over the options, as it is over the request. Total: a launch type that is none of the
    three is returned as it is, and refused elsewhere.

    >>> platform({}), platform({"launch_type": "ec2"}), platform({"capacity_provider_strategy": "my-asg:1"})
    ('FARGATE', 'EC2', 'EC2')
    >>> platform({}, {"launchType": "EC2"}), platform({}, {"launchType": None})
    ('EC2', '')
    """
    if kwargs.get("launchType") is not None:
        return as_text(upper(kwargs["launchType"]))
    strategy = kwargs.get("capacityProviderStrategy") or own.get("capacity_provider_strategy")
    if strategy:
        return "FARGATE" if names_fargate(strategy) else "EC2"
    if "launchType" in kwargs:
        return ""
    return as_text(upper(own.get("launch_type", "FARGATE")))


def _tail(name_or_arn: object) -> str:
    return as_text(name_or_arn).rpartition("/")[2]


def _public(own: WrittenOptions) -> bool:
    return SPELLINGS.get(as_text(own.get("assign_public_ip")).lower()) == "ENABLED"


def _superfluous(option: str, problem: str, own: WrittenOptions, place: Place) -> Fault:
    return Fault(option, problem, place.unset(option), shown(own[option]))
