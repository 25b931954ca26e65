"""Steps that say what a task's containers get, and under which names it runs.

Law: a step is a value that takes a launch and a request and gives a request; each lays options over the
request, which merge as ``executor_config`` does: variables, tags and containers by name.
"""

from collections.abc import Mapping

from aws_executors.core.ecs.options import EcsOptions
from aws_executors.core.ecs.steps.option_step import Over, Step
from aws_executors.core.ecs.structures import (
    ContainerOverride,
    EnvironmentFile,
    EphemeralStorage,
    Overrides,
    ResourceRequirement,
    Tag,
    VolumeConfiguration,
)
from aws_executors.core.requests.compose import call_text
from aws_executors.core.requests.maker import maker
from aws_executors.core.requests.wire import KeyValuePair

NONE: Mapping[str, str] = {}


def _named(verb: str, texts: Mapping[str, str], named: Mapping[str, str]) -> str:
    return call_text(verb, *((dict(texts),) if texts else ()), **named)


@maker
def with_environment(variables: Mapping[str, str] = NONE, /, **named: str) -> Step:
    """Set environment variables of the Airflow container, by name; others stay.

    A mapping is for names that Python does not take as keywords. Secrets belong in the task definition's
    ``secrets``: whoever may describe tasks can read what is set here.

    >>> with_environment({"my.name": "x"}, STAGE="test")
    with_environment({'my.name': 'x'}, STAGE='test')
    """
    both = {**variables, **named}
    pairs = tuple(KeyValuePair(name=name, value=value) for name, value in both.items())
    return Over(_named("with_environment", variables, named), EcsOptions(environment=pairs))


@maker
def with_environment_files(*arns: str) -> Step:
    """Read more environment variables from S3 objects, by ARN, besides those read already.

    >>> with_environment_files("arn:aws:s3:::bucket/stage.env")
    with_environment_files('arn:aws:s3:::bucket/stage.env')
    """
    files = tuple(EnvironmentFile(value=arn) for arn in arns)
    return Over(call_text("with_environment_files", *arns), EcsOptions(environment_files=files))


@maker
def with_tags(tags: Mapping[str, str] = NONE, /, **named: str) -> Step:
    """Tag the task, by key; other tags stay. A mapping is for keys that Python does not take as keywords.

    >>> with_tags({"cost:center": "7"}, team="etl")
    with_tags({'cost:center': '7'}, team='etl')
    """
    pairs = tuple(Tag(key=key, value=value) for key, value in {**tags, **named}.items())
    return Over(_named("with_tags", tags, named), EcsOptions(tags=pairs))


@maker
def with_container(override: ContainerOverride) -> Step:
    """Override another container of the task definition, such as a sidecar, by its name.

    >>> with_container(ContainerOverride(name="proxy", cpu=64)).options.overrides.container_overrides[0].cpu
    64
    """
    overrides = Overrides(container_overrides=(override,))
    return Over(call_text("with_container", override), EcsOptions(overrides=overrides))


@maker
def with_task_definition(task_definition: str) -> Step:
    """Run another task definition: family, family:revision or ARN; it must have the same container name.

    >>> with_task_definition("airflow-gpu:3")
    with_task_definition('airflow-gpu:3')
    """
    return Over(
        call_text("with_task_definition", task_definition), EcsOptions(task_definition=task_definition)
    )


@maker
def with_cluster(cluster: str) -> Step:
    """Run in another cluster, by name or ARN.

    The executor follows the task by its ARN. But a container that a crashed scheduler had just asked for is
    looked up only in the cluster that the option names.
    """
    return Over(call_text("with_cluster", cluster), EcsOptions(cluster=cluster))


@maker
def with_task_role(arn: str) -> Step:
    """Run the task's own code with this IAM role, by ARN.

    >>> with_task_role("arn:aws:iam::123456789012:role/etl")
    with_task_role('arn:aws:iam::123456789012:role/etl')
    """
    return Over(call_text("with_task_role", arn), EcsOptions(overrides=Overrides(task_role_arn=arn)))


@maker
def with_execution_role(arn: str) -> Step:
    """Let ECS pull images and secrets and write logs with this IAM role, by ARN."""
    return Over(
        call_text("with_execution_role", arn), EcsOptions(overrides=Overrides(execution_role_arn=arn))
    )


@maker
def with_ephemeral_storage(gib: int) -> Step:
    """Give a Fargate task a disk of its own of 21 to 200 GiB.

    >>> with_ephemeral_storage(100)
    with_ephemeral_storage(100)
    """
    overrides = Overrides(ephemeral_storage=EphemeralStorage(size_in_gi_b=gib))
    return Over(call_text("with_ephemeral_storage", gib), EcsOptions(overrides=overrides))


@maker
def with_volume(volume: VolumeConfiguration) -> Step:
    """Configure an EBS volume that the task definition marks as configured at launch, by its name."""
    return Over(call_text("with_volume", volume), EcsOptions(volume_configurations=(volume,)))


@maker
def with_gpu(count: int) -> Step:
    """Reserve this many GPUs for the Airflow container; for instances that have them, not for Fargate.

    >>> with_gpu(1)
    with_gpu(1)
    """
    if count < 1:
        raise ValueError(f"with_gpu({count}): count must be 1 or more; leave the step out for none")
    requirement = ResourceRequirement(type="GPU", value=str(count))
    return Over(call_text("with_gpu", count), EcsOptions(resource_requirements=(requirement,)))


@maker
def with_execute_command(enabled: bool = True) -> Step:
    """Allow ``aws ecs execute-command`` into the task's containers, which needs a task role.

    >>> with_execute_command()
    with_execute_command(True)
    """
    return Over(call_text("with_execute_command", enabled), EcsOptions(enable_execute_command=enabled))


@maker
def with_propagated_tags() -> Step:
    """Copy the task definition's tags to the task."""
    return Over("with_propagated_tags()", EcsOptions(propagate_tags="TASK_DEFINITION"))


@maker
def with_managed_tags(enabled: bool = True) -> Step:
    """Let ECS add its own tags (cluster name) to the task."""
    return Over(call_text("with_managed_tags", enabled), EcsOptions(enable_ecs_managed_tags=enabled))


@maker
def with_group(group: str) -> Step:
    """Put the task into this task group, which placement rules can name.

    >>> with_group("nightly")
    with_group('nightly')
    """
    return Over(call_text("with_group", group), EcsOptions(group=group))
