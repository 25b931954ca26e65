"""Examine one section of airflow.cfg: gather the evidence and yield the findings.

Law: decides only the order of the questions, and which answer leads to which next question. `probe.py` asks
them, and the checks judge the answers.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from aws_executors.core.aws.event_rules import receiving
from aws_executors.core.aws.iam import Also, Statement, Where
from aws_executors.core.aws.s3_permissions import scheduler_cells, scheduler_workloads
from aws_executors.core.batch import permissions as batch_permissions
from aws_executors.core.batch.request import SubmitJob
from aws_executors.core.batch.settings import BatchSettings
from aws_executors.core.ecs import permissions as ecs_permissions
from aws_executors.core.ecs.request import RunTask
from aws_executors.core.ecs.settings import EcsSettings
from aws_executors.core.services import SERVICES
from aws_executors.core.settings.base import Settings
from aws_executors.doctor.checks import batch as batch_checks
from aws_executors.doctor.checks import ecs as ecs_checks
from aws_executors.doctor.checks.events import of_event_way
from aws_executors.doctor.checks.findings import (
    Airflow,
    Finding,
    Identity,
    Unasked,
    of_access,
    of_adoption,
    of_simulation,
)
from aws_executors.doctor.checks.network import Network
from aws_executors.doctor.checks.warm import WarmEvidence, of_cells
from aws_executors.doctor.event_probe import event_way
from aws_executors.doctor.evidence import batch as batch_evidence
from aws_executors.doctor.evidence import ecs as ecs_evidence
from aws_executors.doctor.evidence.definitions import LogConfiguration
from aws_executors.doctor.probe import Probe

Say = Callable[[str], None]
Cells = Callable[[], WarmEvidence]


def examine(
    settings: Settings, request: object, airflow: Airflow, probe: Probe, say: Say, cells: Cells | None = None
) -> Iterator[Finding]:
    """What is wrong with a section whose settings are valid; `request` was made by its builder.

    `cells` examines the store of the cells; it is given if there may be warm containers.
    """
    yield from of_adoption(settings.section, settings.adopt_task_instances)
    say("asking AWS who we are")
    identity = probe.identity()
    yield from of_access(identity, settings.section, settings.region, settings.conn_id)
    if not isinstance(identity, Identity):
        return
    where = Where(region=settings.region, account=identity.account)
    if settings.events_queue:
        say("asking SQS and EventBridge for the queue of events and its rules")
        rule = SERVICES[settings.section].event_rule
        yield from of_event_way(event_way(rule, settings, request, where, probe))
    store: tuple[Statement, ...] = ()
    if cells is not None:
        say("asking S3 for the cells of warm containers")
        yield from of_cells(cells())
        store = (*scheduler_workloads(settings, where), *scheduler_cells(settings, where))
    if isinstance(settings, EcsSettings) and isinstance(request, RunTask):
        found = seen_on_ecs(settings, request, airflow, probe, say)
        yield from ecs_checks.findings(found)
        definition = found.definition
        roles = (definition.execution_role_arn, definition.task_role_arn) if definition else ()
        also = Also(roles=tuple(filter(None, roles)), log_groups=found.log_groups_named)
        needed = ecs_permissions.statements(request, where, also)
        unknown = {"PassRoles": not also.roles, "ReadLogs": not also.log_groups}
        asked = (*(one for one in needed if not unknown.get(one.sid)), *store, *receiving(settings))
        yield from of_simulation(_denied(probe, identity, asked, say), settings.section)
    elif isinstance(settings, BatchSettings) and isinstance(request, SubmitJob):
        seen = seen_on_batch(settings, request, airflow, probe, say)
        yield from batch_checks.findings(seen)
        needed = batch_permissions.statements(request, where, Also(log_groups=seen.log_groups_named))
        asked = (*needed, *store, *receiving(settings))
        yield from of_simulation(_denied(probe, identity, asked, say), settings.section)


def _denied(
    probe: Probe, identity: Identity, statements: tuple[Statement, ...], say: Say
) -> tuple[str, ...] | Unasked | None:
    say("asking IAM what this identity may do")
    return probe.denied(identity.arn, statements)


def seen_on_ecs(
    settings: EcsSettings, request: RunTask, airflow: Airflow, probe: Probe, say: Say
) -> ecs_evidence.Evidence:
    """Gather the evidence from ECS, CloudWatch Logs and EC2."""
    say("asking ECS for the cluster and the task definition")
    definitions = probe.task_definitions(request.task_definition)
    clusters = probe.clusters(request.cluster or "default")
    say("asking for log groups, subnets and security groups")
    found = ecs_evidence.Evidence(
        airflow=airflow,
        settings=settings,
        request=request,
        clusters=clusters,
        definitions=definitions,
        log_groups=_log_groups(definitions, settings.container_name, probe),
        network=_network(request, probe),
    )
    return replace(
        found,
        quota=probe.quota(found.quota_code) if found.fargate else None,
        image=probe.image(found.container.image, found.architecture) if found.container else None,
    )


def _log_groups(
    definitions: tuple[ecs_evidence.TaskDefinition, ...] | Unasked | None, name: str, probe: Probe
) -> tuple[str, ...] | Unasked | None:
    found = definitions if isinstance(definitions, tuple) else ()
    own = [one for each in found for one in each.container_definitions if one.name == name]
    return _log_group(own[0].log_configuration, probe) if own else None


def _log_group(logs: LogConfiguration | None, probe: Probe) -> tuple[str, ...] | Unasked | None:
    """The log groups with the name and in the Region that a container's log options give."""
    options = logs.options if logs else {}
    group = options.get("awslogs-group", "")
    return probe.log_groups(group, options.get("awslogs-region", "")) if group else None


def _network(request: RunTask, probe: Probe) -> Network:
    wanted = request.network_configuration
    inside = wanted.awsvpc_configuration if wanted else None
    place = "[ecs_fargate]"
    if inside is None:
        return probe.network(place, (), (), public=False, remedy="")
    # Only on Fargate can a task get a public address of its own; elsewhere it needs a NAT gateway.
    return probe.network(
        place,
        inside.subnets,
        inside.security_groups,
        public=inside.assign_public_ip == "ENABLED",
        remedy=f"{place} assign_public_ip = True",
    )


def seen_on_batch(
    settings: BatchSettings, request: SubmitJob, airflow: Airflow, probe: Probe, say: Say
) -> batch_evidence.Evidence:
    """Gather the evidence from Batch and EC2."""
    say("asking Batch for the queue, its environments and the job definition")
    queues = probe.queues(request.job_queue)
    names = [
        one.compute_environment
        for queue in (queues if isinstance(queues, tuple) else ())
        for one in queue.compute_environment_order
    ]
    environments = probe.environments(names) if names else None
    say("asking for subnets and security groups")
    known = environments if isinstance(environments, tuple) else ()
    code = batch_evidence.quota_code(known)
    found = batch_evidence.Evidence(
        airflow=airflow,
        settings=settings,
        request=request,
        queues=queues,
        environments=environments,
        definitions=probe.job_definitions(request.job_definition),
        quota=probe.quota(code) if code else None,
    )
    say("asking for the image")
    definition, container = found.definition, found.container
    return replace(
        found,
        networks=tuple(_networks(found, known, probe)),
        image=probe.image(container.image, definition.architecture) if definition and container else None,
        log_groups=_log_group(container.log_configuration, probe) if container else None,
    )


def _networks(
    found: batch_evidence.Evidence, known: tuple[batch_evidence.ComputeEnvironment, ...], probe: Probe
) -> Iterator[Network]:
    definition = found.definition
    for one in known:
        own, place = one.compute_resources, f"compute environment {one.compute_environment_name}"
        if own and own.type in batch_evidence.FARGATE:
            where = definition.place if definition else "the job definition"
            yield probe.network(
                place,
                own.network.subnets,
                own.network.security_groups,
                public=bool(definition and definition.public),
                remedy=f"{where}: networkConfiguration assignPublicIp = ENABLED",
            )
        elif own:
            remedy = f"{place} subnets = some with MapPublicIpOnLaunch"
            inside = own.network
            yield probe.network(place, inside.subnets, inside.security_groups, public=None, remedy=remedy)
