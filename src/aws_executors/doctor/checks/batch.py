"""Check a set-up on AWS Batch.

Law: pure. The checks are about the request that the user's builder makes, not about the options alone.
Source: AWS Batch User Guide, "Jobs stuck in a RUNNABLE status".
"""

from collections.abc import Callable, Iterator, Mapping
from math import ceil

from aws_executors.core.batch.request import overrides_of
from aws_executors.doctor.checks.fargate_quota import Allowance, of_allowance
from aws_executors.doctor.checks.findings import (
    Finding,
    advice,
    could_not_ask,
    error,
    of_variables,
    warning,
)
from aws_executors.doctor.checks.image import of_image
from aws_executors.doctor.checks.image import variables as set_by_image
from aws_executors.doctor.checks.log_group import of_log_group
from aws_executors.doctor.checks.network import of_network
from aws_executors.doctor.checks.volumes import of_files, of_volumes
from aws_executors.doctor.evidence.batch import FARGATE, ContainerProperties, Evidence, quota_code
from aws_executors.doctor.evidence.definitions import of_essential, of_platforms


def _queue(seen: Evidence) -> Iterator[Finding]:
    yield from could_not_ask("the job queue (batch:DescribeJobQueues)", seen.queues)
    name, queue = seen.request.job_queue, seen.queue
    if seen.queues == ():
        yield error(
            "queue-missing",
            f"There is no job queue {name!r} in {seen.settings.region}",
            "SubmitJob is refused for every task.",
            "[batch] job_queue = one that exists: aws batch describe-job-queues",
        )
    if queue and queue.state != "ENABLED":
        yield error(
            "queue-disabled",
            f"The job queue {name!r} is {queue.state}",
            "SubmitJob is refused, or jobs wait forever.",
            f"aws batch update-job-queue --job-queue {name} --state ENABLED",
        )
    if queue and queue.status != "VALID":
        yield error(
            "queue-invalid",
            f"The job queue {name!r} is {queue.status}: {queue.status_reason}",
            "Jobs in it do not start.",
            "Fix what the reason names, or [batch] job_queue = another one",
        )
    if queue and queue.scheduling_policy_arn and not seen.request.share_identifier:
        yield error(
            "share-identifier",
            f"The job queue {name!r} has fair-share scheduling, but requests have no share identifier",
            "SubmitJob is refused: a fair-share queue needs a shareIdentifier.",
            '[batch] submit_job_kwargs = {"shareIdentifier": "airflow"}, or the step with_share_identifier',
        )
    if queue and not queue.scheduling_policy_arn and seen.request.share_identifier:
        yield error(
            "share-identifier",
            f"Requests have a share identifier, but the job queue {name!r} has no fair-share scheduling",
            "SubmitJob is refused: only a queue with a scheduling policy takes a shareIdentifier.",
            "remove shareIdentifier from [batch] submit_job_kwargs and the steps, or use another job_queue",
        )


def _environments(seen: Evidence) -> Iterator[Finding]:
    yield from could_not_ask(
        "the compute environments (batch:DescribeComputeEnvironments)", seen.environments
    )
    found = seen.environments if isinstance(seen.environments, tuple) else ()
    for one in found:
        name = one.compute_environment_name
        matters = error if not seen.usable else warning
        if one.state != "ENABLED":
            yield matters(
                "environment-disabled",
                f"The compute environment {name!r} is {one.state}",
                "Jobs stay RUNNABLE: nothing starts in it.",
                f"aws batch update-compute-environment --compute-environment {name} --state ENABLED",
            )
        if one.status != "VALID":
            yield matters(
                "environment-invalid",
                f"The compute environment {name!r} is {one.status}: {one.status_reason}",
                "Jobs stay RUNNABLE: nothing starts in it.",
                "Fix what the reason names (often a role or a launch template), then update the environment",
            )
    for network in seen.networks:
        yield from of_network(network)


def _room(seen: Evidence) -> Iterator[Finding]:
    definition = seen.definition
    sizes = [
        (one.compute_resources.maxv_cpus, one.compute_environment_name)
        for one in seen.usable
        if one.compute_resources
    ]
    if not definition or not sizes or len(sizes) < len(seen.usable):
        return
    wanted, (most, name) = definition.vcpus, max(sizes)
    if wanted > most:
        yield error(
            "too-large",
            f"The {definition.place} needs {wanted:g} vCPUs, but the queue's environments have {most}",
            "Jobs stay RUNNABLE forever.",
            f"aws batch update-compute-environment --compute-environment {name} "
            f"--compute-resources maxvCpus={ceil(wanted)}",
        )


def _definition(seen: Evidence) -> Iterator[Finding]:
    yield from could_not_ask("the job definition (batch:DescribeJobDefinitions)", seen.definitions)
    name, definition = seen.request.job_definition, seen.definition
    if seen.definitions == ():
        yield error(
            "definition-missing",
            f"There is no job definition {name!r} in {seen.settings.region}",
            "SubmitJob is refused for every task.",
            "[batch] job_definition = one that exists: aws batch describe-job-definitions",
        )
    if definition and definition.status != "ACTIVE":
        yield error(
            "definition-inactive",
            f"The {definition.place} is {definition.status}",
            "SubmitJob is refused.",
            f"[batch] job_definition = {definition.job_definition_name}, once it has an active revision",
        )
    yield from _kind(seen)


OVERRIDES: Mapping[str, str] = {
    "containerOverrides": "containerProperties",
    "ecsPropertiesOverride": "ecsProperties",
    "eksPropertiesOverride": "eksProperties",
    "nodeOverrides": "nodeProperties",
}
"""For each override of a request, the member of the definition that it overrides."""
BY_NAME = frozenset({"containerProperties", "ecsProperties"})
"""The two members of a definition between which `container_name` decides."""
KINDS: Mapping[str, str] = {
    "nodeProperties": "[batch] job_definition = one of type container, or nodeOverrides in submit_job_kwargs",
    "eksProperties": '[batch] submit_job_kwargs = {"eksPropertiesOverride": {"podProperties": {}}}',
    "containerProperties": "[batch] submit_job_kwargs without these overrides, or another job_definition",
    "ecsProperties": "[batch] submit_job_kwargs without these overrides, or another job_definition",
}


def _kind(seen: Evidence) -> Iterator[Finding]:
    """Whether the overrides match the kind of definition; `_container` reports what `container_name`
    causes."""
    definition = seen.definition
    if not definition:
        return
    used = [name for name, given in overrides_of(seen.request).items() if given]
    by_name = {definition.kind, *(OVERRIDES[one] for one in used)} <= BY_NAME
    if used and OVERRIDES[used[0]] != definition.kind and not by_name:
        several = definition.kind == "nodeProperties"
        yield error(
            "definition-type" if several else "definition-kind",
            f"The {definition.place} has {definition.kind}, and requests have {used[0]}",
            "A task is one container: there is no place for its command."
            if several
            else "SubmitJob is refused: its overrides are of the wrong kind.",
            KINDS[definition.kind],
        )


def _platform(seen: Evidence) -> Iterator[Finding]:
    definition = seen.definition
    yield from _orchestration(seen)
    if definition:
        platforms = [one.runtime_platform for one in (*definition.parts, *definition.containers)]
        yield from of_platforms(platforms, definition.place)
    kinds = {one.compute_resources.platform for one in seen.usable if one.compute_resources}
    wanted = definition.platform_capabilities if definition else ()
    if definition and kinds and wanted and kinds.isdisjoint(wanted):
        yield error(
            "platform",
            f"The {definition.place} is for {' or '.join(wanted)}, the queue's environments are "
            f"{' and '.join(sorted(kinds))}",
            "SubmitJob is refused, or jobs stay RUNNABLE forever.",
            f"{definition.place}: platformCapabilities = {min(kinds)}, or [batch] job_queue = another",
        )


def _orchestration(seen: Evidence) -> Iterator[Finding]:
    """Definitions for Kubernetes need environments on EKS, and multi-node jobs do not run on Fargate."""
    definition = seen.definition
    if not definition or not seen.usable:
        return
    eks = {one.eks_configuration is not None for one in seen.usable}
    if (definition.kind == "eksProperties") not in eks and definition.kind != "nodeProperties":
        where = "EKS" if True in eks else "ECS"
        yield error(
            "platform",
            f"The {definition.place} has {definition.kind}, the queue's environments are on {where}",
            "SubmitJob is refused, or jobs stay RUNNABLE forever.",
            f"[batch] job_queue = one whose environments are on {'ECS' if where == 'EKS' else 'EKS'}",
        )
    kinds = {one.compute_resources.type for one in seen.usable if one.compute_resources}
    if definition.kind == "nodeProperties" and kinds and kinds <= {*FARGATE}:
        yield error(
            "platform",
            f"The {definition.place} has several nodes, the queue's environments are FARGATE",
            "SubmitJob is refused: jobs of several nodes run on EC2 only.",
            "[batch] job_queue = one whose environments are on EC2",
        )


def _container(seen: Evidence) -> Iterator[Finding]:
    definition, name = seen.definition, seen.settings.container_name
    if not definition or not definition.containers:
        return
    names = [one.name for one in definition.containers]
    if name and definition.container_properties:
        yield error(
            "container-name",
            f"[batch] container_name = {name}, but the {definition.place} has one container, without name",
            "SubmitJob is refused: its overrides are of the wrong kind.",
            "remove container_name from [batch]",
        )
    elif not definition.container_properties and name not in names and any(names):
        written = f"[batch] container_name = {name}" if name else "[batch] container_name is not set"
        yield error(
            "container-name",
            f"{written}, and the {definition.place} has the containers {', '.join(names)}",
            "No container would get the command.",
            f"[batch] container_name = {names[0]}",
        )
    else:
        container = seen.container or definition.containers[0]
        others = [one.name for one in definition.containers if one.essential and one is not container]
        yield from of_essential(
            container.name, essential=container.essential, others=others, place=definition.place
        )
        variables = set_by_image(seen.image) | {one.name: one.value for one in container.environment}
        yield from of_image(seen.image, definition.place, definition.architecture, ())
        over = seen.request.container_overrides.environment
        yield from of_variables(
            variables | {one.name: one.value for one in over}, definition.place, seen.airflow
        )


def _logs(seen: Evidence) -> Iterator[Finding]:
    """Whether the log groups exist that the definition names; Batch creates its own group."""
    definition, logs = seen.definition, seen.container.log_configuration if seen.container else None
    if definition and logs and logs.log_driver == "awslogs":
        yield from of_log_group(logs.options, definition.place, seen.settings.region, seen.log_groups)


def _volumes(seen: Evidence) -> Iterator[Finding]:
    definition = seen.definition
    if not definition:
        return
    if seen.container:
        yield from of_files(seen.container, definition.place, seen.image)
    for part in definition.parts:
        member = "jobRoleArn" if isinstance(part, ContainerProperties) else "taskRoleArn"
        yield from of_volumes(
            part.volumes,
            part.role,
            definition.place,
            member,
            fargate="FARGATE" in definition.platform_capabilities,
        )


def _limits(seen: Evidence) -> Iterator[Finding]:
    definition = seen.definition
    if not definition:
        return
    retry, timeout = definition.retry_strategy, definition.timeout
    if (
        retry
        and retry.attempts > 1
        and not retry.evaluate_on_exit
        and not seen.request.retry_strategy.attempts
    ):
        yield warning(
            "batch-retries",
            f"The {definition.place} lets Batch retry up to {retry.attempts} attempts, after any failure",
            "It runs the same command again, which Airflow's API rejects once the task has started.",
            f"{definition.place}: retryStrategy attempts = 1, and retries= at the task",
        )
    if timeout and timeout.attempt_duration_seconds:
        yield advice(
            "batch-timeout",
            f"The {definition.place} terminates each job after {timeout.attempt_duration_seconds} s",
            "A task that takes longer fails, whatever its execution_timeout says.",
            f"{definition.place}: remove timeout, and write execution_timeout= at the task",
        )


def _quota(seen: Evidence) -> Iterator[Finding]:
    code = quota_code(seen.environments if isinstance(seen.environments, tuple) else ())
    if seen.definition and code:
        allowance = Allowance(
            code=code, vcpus=seen.definition.vcpus, at_once=seen.airflow.parallelism, quota=seen.quota
        )
        yield from of_allowance(allowance, seen.settings.region)


CHECKS: tuple[Callable[[Evidence], Iterator[Finding]], ...] = (
    _queue,
    _environments,
    _room,
    _definition,
    _platform,
    _container,
    _logs,
    _volumes,
    _limits,
    _quota,
)


def findings(seen: Evidence) -> Iterator[Finding]:
    """Everything that is wrong with a set-up on Batch."""
    for check in CHECKS:
        yield from check(seen)
