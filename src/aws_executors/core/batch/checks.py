"""What `doctor` knows to be wrong with a set-up on Batch.

Law: pure; a check reads `Seen` and yields findings. What is checked is the request that the person's builder
makes, not the options alone. Source: AWS Batch User Guide, "Jobs stuck in a RUNNABLE status".
"""

from collections.abc import Callable, Iterator

from aws_executors.core.allowance import Allowance, of_allowance
from aws_executors.core.batch.seen import FARGATE, JobDefinition, Seen, quota_code
from aws_executors.core.checks import (
    Finding,
    advice,
    error,
    of_variables,
    unknown,
    warning,
)
from aws_executors.core.image import of_image
from aws_executors.core.image import variables as set_by_image
from aws_executors.core.network import of_network


def _queue(seen: Seen) -> Iterator[Finding]:
    yield from unknown("the job queue (batch:DescribeJobQueues)", seen.queues)
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
            "SubmitJob is refused, or jobs wait for ever.",
            f"aws batch update-job-queue --job-queue {name} --state ENABLED",
        )
    if queue and queue.status != "VALID":
        yield error(
            "queue-invalid",
            f"The job queue {name!r} is {queue.status}: {queue.status_reason}",
            "Jobs in it do not start.",
            "Mend what the reason names, or [batch] job_queue = another one",
        )
    if queue and queue.scheduling_policy_arn and not seen.request.share_identifier:
        yield error(
            "share-identifier",
            f"The job queue {name!r} shares fairly, and requests name no share",
            "SubmitJob is refused: a fair-share queue needs a shareIdentifier.",
            '[batch] submit_job_kwargs = {"shareIdentifier": "airflow"}, or the step with_share_identifier',
        )


def _environments(seen: Seen) -> Iterator[Finding]:
    yield from unknown("the compute environments (batch:DescribeComputeEnvironments)", seen.environments)
    found = seen.environments if isinstance(seen.environments, tuple) else ()
    for one in found:
        name = one.compute_environment_name
        matters = error if not seen.usable else warning
        if one.state != "ENABLED":
            yield matters(
                "environment-disabled",
                f"The compute environment {name!r} is {one.state}",
                "Jobs stay RUNNABLE: nothing is started in it.",
                f"aws batch update-compute-environment --compute-environment {name} --state ENABLED",
            )
        if one.status != "VALID":
            yield matters(
                "environment-invalid",
                f"The compute environment {name!r} is {one.status}: {one.status_reason}",
                "Jobs stay RUNNABLE: nothing is started in it.",
                "Mend what the reason names (often a role or a launch template), then update the environment",
            )
    for network in seen.networks:
        yield from of_network(network)


def _room(seen: Seen) -> Iterator[Finding]:
    definition = seen.definition
    sizes = [one.compute_resources.maxv_cpus for one in seen.usable if one.compute_resources]
    if not definition or not sizes or len(sizes) < len(seen.usable):
        return
    wanted = _vcpus(definition)
    if wanted > max(sizes):
        yield error(
            "too-large",
            f"The {definition.place} wants {wanted:g} vCPUs, and the queue's environments have {max(sizes)}",
            "Jobs stay RUNNABLE for ever.",
            "aws batch update-compute-environment --compute-resources maxvCpus=256",
        )


def _vcpus(definition: JobDefinition) -> float:
    return sum(
        float(need.value)
        for container in definition.containers
        for need in container.resource_requirements
        if need.type == "VCPU"
    )


def _definition(seen: Seen) -> Iterator[Finding]:
    yield from unknown("the job definition (batch:DescribeJobDefinitions)", seen.definitions)
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
    if definition and definition.type != "container":
        yield error(
            "definition-type",
            f"The {definition.place} is of type {definition.type}",
            "A task is one container: the command has nowhere to go.",
            "[batch] job_definition = one of type container",
        )


def _platform(seen: Seen) -> Iterator[Finding]:
    definition = seen.definition
    kinds = {"FARGATE" if r.type in FARGATE else "EC2" for one in seen.usable if (r := one.compute_resources)}
    wanted = definition.platform_capabilities if definition else ()
    if definition and kinds and wanted and kinds.isdisjoint(wanted):
        yield error(
            "platform",
            f"The {definition.place} is for {' or '.join(wanted)}, the queue's environments are "
            f"{' and '.join(sorted(kinds))}",
            "SubmitJob is refused, or jobs stay RUNNABLE for ever.",
            f"{definition.place}: platformCapabilities = {min(kinds)}, or [batch] job_queue = another",
        )


def _container(seen: Seen) -> Iterator[Finding]:
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
    elif definition.ecs_properties and name not in names:
        written = f"[batch] container_name = {name}" if name else "[batch] container_name is not set"
        yield error(
            "container-name",
            f"{written}, and the {definition.place} has the containers {', '.join(names)}",
            "The command would go to no container.",
            f"[batch] container_name = {names[0]}",
        )
    else:
        container = next((one for one in definition.containers if one.name == name), definition.containers[0])
        variables = set_by_image(seen.image) | {one.name: one.value for one in container.environment}
        yield from of_image(seen.image, definition.place, definition.architecture, ())
        over = seen.request.container_overrides.environment
        yield from of_variables(
            variables | {one.name: one.value for one in over}, definition.place, seen.airflow
        )


def _limits(seen: Seen) -> Iterator[Finding]:
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
            f"The {definition.place} lets Batch try {retry.attempts} times, after any end",
            "It runs the same command again; Airflow's API turns that away once the task has begun.",
            f"{definition.place}: retryStrategy attempts = 1, and retries= at the task",
        )
    if timeout and timeout.attempt_duration_seconds:
        yield advice(
            "batch-timeout",
            f"The {definition.place} ends each job after {timeout.attempt_duration_seconds} s",
            "A task that takes longer fails, whatever its execution_timeout says.",
            f"{definition.place}: remove timeout, and write execution_timeout= at the task",
        )


def _quota(seen: Seen) -> Iterator[Finding]:
    code = quota_code(seen.environments if isinstance(seen.environments, tuple) else ())
    if seen.definition and code:
        allowance = Allowance(
            code=code, vcpus=_vcpus(seen.definition), at_once=seen.airflow.parallelism, quota=seen.quota
        )
        yield from of_allowance(allowance, seen.settings.region)


CHECKS: tuple[Callable[[Seen], Iterator[Finding]], ...] = (
    _queue,
    _environments,
    _room,
    _definition,
    _platform,
    _container,
    _limits,
    _quota,
)


def findings(seen: Seen) -> Iterator[Finding]:
    """Everything that is wrong with a set-up on Batch."""
    for check in CHECKS:
        yield from check(seen)
