"""``iam-policy``: print the least permissions that the scheduler, or its containers, need.

Law: reads the configuration, makes no calls, prints. The core makes the statements
(`core/ecs/permissions.py`, `core/batch/permissions.py`).
"""

from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from returns.methods import unwrap_or_failure

from aws_executors.cli.configuration import UNUSABLE, CommandError, asked, required
from aws_executors.cli.show import answer, apart, dumped, grid, remark
from aws_executors.core.aws import s3_permissions
from aws_executors.core.aws.event_rules import EVENT_READS, receiving
from aws_executors.core.aws.iam import (
    NO_ACCOUNT,
    PLACEHOLDER_GROUP,
    PLACEHOLDER_ROLES,
    Also,
    Statement,
    Where,
    doctors,
    policy,
)
from aws_executors.core.requests.compose import BuildFault, built
from aws_executors.core.requests.launch import Launch, Task
from aws_executors.core.services import BATCH, ECS, SERVICES, AnyService
from aws_executors.core.warm.step import may_be_warm
from aws_executors.doctor.checks.warm import CELL_READS
from aws_executors.shell.airflow.configuration.configured import Configured

EVERY_JOB = (
    "TerminateJob is allowed for every job of the account and Region: IAM can tell jobs apart by tags only. "
    "To limit it, "
)
BY_KWARGS = 'give all jobs a tag: [batch] submit_job_kwargs = {"tags": {"airflow": "etl"}}'
BY_BUILDER = (
    'let your request builder give all jobs a tag, with the step batch.with_tags(airflow="etl"), and add to '
    'this statement: "Condition": {"StringEquals": {"aws:ResourceTag/airflow": "etl"}}'
)
FILLED_BY: Mapping[str, str] = {
    NO_ACCOUNT: "--account",
    **dict.fromkeys(PLACEHOLDER_ROLES, "--role"),
    PLACEHOLDER_GROUP: "--log-group",
}
"""For each placeholder of a policy, the option that gives its value."""
ONLY_OF: Mapping[str, str] = {
    "cluster": ECS.settings.section,
    "role": ECS.settings.section,
    "queue": BATCH.settings.section,
}
"""The options that apply to one service alone, and the section of that service."""
OF_SCHEDULER = (*ONLY_OF, "definition", "log_group", "tags", "doctor")
"""The options that have no effect on the policy of the containers' role."""
BY_KEY = (
    "If the queue of events is encrypted with a KMS key of yours, allow kms:Decrypt with that key as well. "
    "Keys of SQS itself (SSE-SQS), as in the set-up of `aws-executors events`, need no permission."
)
ANY_TASK = Task(dag_id="any", task_id="any")
SOME_TOKEN = "any"  # noqa: S105 - a name, not a secret


def run(options: Namespace) -> int:
    """Print the policy; 2 if the configuration cannot be used."""
    try:
        wanted = asked(options)
        sections = {section: required(section, wanted.team) for section in wanted.sections}
        found = [one for section, own in sections.items() for one in needed(SERVICES[section], own, options)]
    except CommandError as unusable:
        remark(str(unusable))
        return UNUSABLE
    say_idle(options, wanted.sections)
    document = policy(found)
    answer(as_table(found) if options.output == "table" else dumped(document, options.output))
    for word, option in FILLED_BY.items():
        if word in str(document):
            remark(f"Replace {word} before you use this policy, or pass {option}.")
    if any("batch:TerminateJob" in one.actions and not one.condition for one in found):
        built_by = any(own.settings.request_builder for name, own in sections.items() if name == "batch")
        remark(EVERY_JOB + (BY_BUILDER if built_by else BY_KWARGS))
    if any("sqs:ReceiveMessage" in one.actions for one in found):
        remark(BY_KEY)
    return 0


def say_idle(options: Namespace, sections: Sequence[str]) -> None:
    """Say which options of the command line have no effect on the output for these sections."""
    given = [name for name in OF_SCHEDULER if vars(options).get(name)]
    for name in given:
        flag = f"--{name.replace('_', '-')}"
        if vars(options).get("containers"):
            remark(f"{flag} has no effect with --containers; leave one of the two out.")
        elif (only := ONLY_OF.get(name, sections[0])) not in sections:
            remark(f"{flag} has no effect on [{sections[0]}]; use --section {only}, or leave it out.")


def also(options: Namespace) -> Also:
    """The resources that the command line names in addition to the settings."""
    return Also(
        queues=tuple(options.queue or ()),
        clusters=tuple(options.cluster or ()),
        definitions=tuple(options.definition or ()),
        roles=tuple(options.role or ()),
        log_groups=tuple(options.log_group or ()),
        tags=options.tags,
    )


def needed(service: AnyService, own: Configured[Any, Any], options: Namespace) -> Iterator[Statement]:
    """The permissions of one executor, for the request that its builder makes for an ordinary task."""
    settings = own.settings
    where = Where(region=settings.region, account=options.account or NO_ACCOUNT)
    warm = may_be_warm(own.build, settings)
    if options.containers:
        yield from s3_permissions.container_workloads(settings, where)
        yield from s3_permissions.container_cells(settings, where) if warm else ()
        return
    request = ordinary(service, own)
    besides = replace(also(options), own_tags=service.own_tags(settings, request))
    yield from service.statements(request, where, besides)
    yield from s3_permissions.scheduler_workloads(settings, where)
    yield from s3_permissions.scheduler_cells(settings, where) if warm else ()
    yield from receiving(settings)
    if options.doctor:
        reads = (
            *service.doctor_reads,
            *(EVENT_READS if settings.events_queue else ()),
            *(CELL_READS if warm else ()),
        )
        yield from doctors(settings.region, reads)


def ordinary(service: AnyService, own: Configured[Any, Any]) -> object:
    """The request that a section's builder makes for an ordinary task; raises `CommandError`."""
    launch = Launch(task=ANY_TASK, command=("airflow", "version"), settings=own.settings, token=SOME_TOKEN)
    with apart():
        made = built(own.build, launch, service.request, service.seal)
    match unwrap_or_failure(made):
        case BuildFault() as fault:
            raise CommandError(f"The request builder fails for an ordinary task: {fault}")
        case request:
            return request


def as_table(statements: Sequence[Statement]) -> str:
    """One line for each action and resource."""
    rows = [
        (action, resource, dumped_in_line(statement))
        for statement in statements
        for action in statement.actions
        for resource in statement.resources
    ]
    return grid(("action", "resource", "condition"), rows)


def dumped_in_line(statement: Statement) -> str:
    """A condition on one line, as in ``ArnEquals ecs:cluster arn:...``."""
    return "; ".join(
        f"{test} {key} {value}" for test, pairs in statement.condition.items() for key, value in pairs.items()
    )
