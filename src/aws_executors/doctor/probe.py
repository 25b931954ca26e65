"""Gather evidence for `doctor` from Airflow's configuration, its API and AWS; reads only.

Law: judges nothing; that is the job of `doctor/checks/findings.py`. What cannot be found out is `Unasked`,
with the reason; nothing is raised. Every call made here is allowed by the policy of ``iam-policy --doctor``.
"""

import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, TypeVar

from botocore import xform_name
from botocore.loaders import create_loader
from returns.methods import unwrap_or_failure
from returns.result import Result

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.aws.iam import Statement
from aws_executors.core.aws.response import AnswerRecord, read_record
from aws_executors.core.redact.values import mask
from aws_executors.core.settings.base import Settings
from aws_executors.core.settings.types import http_url
from aws_executors.doctor.checks.fargate_quota import ServiceQuota
from aws_executors.doctor.checks.findings import Airflow, Identity, Unasked
from aws_executors.doctor.checks.image import ImageEvidence
from aws_executors.doctor.checks.network import Network, SecurityGroup, Subnet
from aws_executors.doctor.checks.routes import Endpoint, RouteTable, Ways
from aws_executors.doctor.evidence.batch import ComputeEnvironment, JobDefinition, Queue
from aws_executors.doctor.evidence.ecs import Cluster, TaskDefinition
from aws_executors.doctor.registry import image_seen
from aws_executors.shell.airflow import features
from aws_executors.shell.airflow.configuration.connection import from_airflow
from aws_executors.shell.aws.call import call_aws, gone
from aws_executors.shell.aws.client.clients import client_of, config
from aws_executors.shell.aws.client.credentials import Access, ConnectionReader, access

if TYPE_CHECKING:
    from airflow.configuration import AirflowConfigParser

R = TypeVar("R", bound=AnswerRecord)

NEEDED: Mapping[str, tuple[str, ...]] = {
    "batch": ("submit_job", "describe_jobs", "list_jobs", "terminate_job"),
    "ecs": ("run_task", "describe_tasks", "list_tasks", "stop_task"),
}
API_TIMEOUT = 5.0
PAGES = 50


def airflow_side(conf: "AirflowConfigParser", executor: str, ours: bool, service: str) -> Airflow:
    """Read Airflow's configuration, and check whether its execution API answers from here."""
    written = _written(conf)
    url = written("core", "execution_api_server_url")
    base = written("api", "base_url")
    address = url or (f"{base.rstrip('/')}/execution/" if base else "")
    known, needed = features.airflow_version(), features.needed_airflow().specifier
    return Airflow(
        version=known,
        needed=str(needed),
        supported=needed.contains(known, prereleases=True),
        weaker=tuple(features.weaker()),
        executor=executor,
        ours=ours,
        api_url=mask(address),
        api=api_status(address) if address else None,
        jwt=bool(written("api_auth", "jwt_secret") or written("api_auth", "jwt_private_key_path")),
        queued_timeout=conf.getfloat("scheduler", "task_queued_timeout"),
        remote_logging=conf.getboolean("logging", "remote_logging"),
        parallelism=conf.getint("core", "parallelism"),
        missing=tuple(name for name in NEEDED[service] if name not in methods(service)),
    )


def _written(conf: "AirflowConfigParser") -> Callable[[str, str], str]:
    """Read values that a user has set. (Without a secret, Airflow generates one, which does not count.)"""

    def value(section: str, option: str) -> str:
        found = conf.get(section, option, fallback="")
        return "" if not found or found == conf.get_default_value(section, option) else found

    return value


@cache
def methods(service: str) -> frozenset[str]:
    """The methods that the installed boto3 has for a service, whether or not AWS's configuration is sound."""
    model = create_loader().load_service_model(service, "service-2")
    return frozenset(map(xform_name, model["operations"]))


def api_status(url: str) -> int | Unasked | None:
    """The HTTP status of the execution API's health check, or why there is none.

    >>> api_status("http://airflow:hunter2@airflow.example.com/execution/").why
    'the address contains a user name or password, which AWS never reads from a URL'
    """
    page = f"{url.rstrip('/')}/health"
    try:
        http_url(url)  # first: a later error would quote a password that is in the URL
    except ValueError as problem:
        return Unasked(f"the address {problem}")
    try:
        with urllib.request.urlopen(page, timeout=API_TIMEOUT) as answer:  # noqa: S310 - the user's own URL
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code
    except (OSError, ValueError, HTTPException) as problem:  # HTTPException: the answer is not HTTP
        return Unasked(str(getattr(problem, "reason", problem)))


class Probe:
    """Asks AWS about one section of airflow.cfg; makes no call that changes anything."""

    def __init__(self, settings: Settings, *, read_connection: ConnectionReader = from_airflow) -> None:
        self._settings = settings
        self._made: dict[str, object] = {}
        self._way = access(settings.conn_id, settings.region, config(settings), read_connection)

    def __repr__(self) -> str:
        return f"<Probe of {self._settings.region}>"

    def ask(self, service: str, operation: str, **params: object) -> Result[Mapping[str, Any], AwsError]:
        """Make one call, with boto3's names."""
        return self._way.bind(lambda way: call_aws(lambda: self._call(way, service, operation, params)))

    def _call(
        self, way: Access, service: str, operation: str, params: Mapping[str, object]
    ) -> Mapping[str, Any]:
        client = self._made.get(service)
        if client is None:
            name, _, region = service.partition(" ")
            client = self._made[service] = client_of(way, name, self._settings, region)
        answer: Mapping[str, Any] = getattr(client, operation)(**params)
        return answer

    def identity(self) -> Identity | AwsError:
        """The identity of the caller, and how far this machine's clock is off."""
        before = time.time()
        match unwrap_or_failure(self.ask("sts", "get_caller_identity")):
            case AwsError() as error:
                return error
            case answer:
                headers = answer["ResponseMetadata"].get("HTTPHeaders", {})
                ahead = _ahead(headers.get("date", ""), (before + time.time()) / 2)
                return Identity(arn=answer["Arn"], account=answer["Account"], ahead=ahead)

    def some(
        self, model: type[R], member: str, service: str, operation: str, **params: object
    ) -> tuple[R, ...] | Unasked | None:
        """The records of one response; empty if AWS says that there is no such thing."""
        match unwrap_or_failure(self.ask(service, operation, **params)):
            case AwsError() as error if gone(error) or absent(error):
                return ()
            case AwsError() as error:
                return Unasked(str(error))
            case answer:
                found = answer.get(member, ())
                return _records(model, found if isinstance(found, list) else [found])

    def clusters(self, name: str) -> tuple[Cluster, ...] | Unasked | None:
        """The cluster of this name or ARN."""
        return self.some(Cluster, "clusters", "ecs", "describe_clusters", clusters=[name])

    def task_definitions(self, name: str) -> tuple[TaskDefinition, ...] | Unasked | None:
        """The task definition that AWS would use for this name."""
        return self.some(
            TaskDefinition, "taskDefinition", "ecs", "describe_task_definition", taskDefinition=name
        )

    def queues(self, name: str) -> tuple[Queue, ...] | Unasked | None:
        """The job queue of this name or ARN."""
        return self.some(Queue, "jobQueues", "batch", "describe_job_queues", jobQueues=[name])

    def environments(self, names: Sequence[str]) -> tuple[ComputeEnvironment, ...] | Unasked | None:
        """These compute environments."""
        return self.some(
            ComputeEnvironment,
            "computeEnvironments",
            "batch",
            "describe_compute_environments",
            computeEnvironments=list(names),
        )

    def job_definitions(self, name: str) -> tuple[JobDefinition, ...] | Unasked | None:
        """The revision of this job definition that is named, else all active ones, or all if none is active.

        SubmitJob accepts an ARN without a revision; DescribeJobDefinitions needs the name instead.
        """
        member, operation = "jobDefinitions", "describe_job_definitions"
        tail = name.rpartition("/")[2]
        if ":" in tail:
            return self.some(JobDefinition, member, "batch", operation, jobDefinitions=[name])
        active = self._pages(
            JobDefinition, member, "batch", operation, jobDefinitionName=tail, status="ACTIVE"
        )
        if active != ():
            return active
        return self.some(JobDefinition, member, "batch", operation, jobDefinitionName=tail)

    def _pages(
        self, model: type[R], member: str, service: str, operation: str, **params: object
    ) -> tuple[R, ...] | Unasked | None:
        """The records of all pages of a response."""
        found: tuple[R, ...] = ()
        for _ in range(PAGES):
            match unwrap_or_failure(self.ask(service, operation, **params)):
                case AwsError() as error:
                    return Unasked(str(error))
                case answer:
                    page = _records(model, answer.get(member, ()))
                    if not isinstance(page, tuple):
                        return page
                    found += page
                    if not answer.get("nextToken"):
                        return found
                    params["nextToken"] = answer["nextToken"]
        return found

    def log_groups(self, prefix: str, region: str = "") -> tuple[str, ...] | Unasked | None:
        """The log groups whose names have this prefix, in this Region or in the section's own."""
        service = f"logs {region}".strip()
        match unwrap_or_failure(self.ask(service, "describe_log_groups", logGroupNamePrefix=prefix)):
            case AwsError() as error:
                return Unasked(str(error))
            case answer:
                return tuple(str(group["logGroupName"]) for group in answer.get("logGroups", ()))

    def network(
        self,
        place: str,
        subnets: Sequence[str],
        groups: Sequence[str],
        *,
        public: bool | None,
        remedy: str,
    ) -> Network:
        """What EC2 returns for these subnets and groups; by filters, so that a missing one is no error."""
        seen = self._of_ec2(Subnet, "Subnets", "subnet-id", subnets)
        vpcs = sorted({one.vpc for one in seen}) if isinstance(seen, tuple) else []
        return Network(
            place=place,
            subnets=subnets,
            groups=groups,
            seen_subnets=seen,
            seen_groups=self._of_ec2(SecurityGroup, "SecurityGroups", "group-id", groups),
            ways=Ways(
                tables=self._of_ec2(RouteTable, "RouteTables", "vpc-id", vpcs),
                endpoints=self._of_ec2(Endpoint, "VpcEndpoints", "vpc-id", vpcs),
            ),
            public=public,
            remedy=remedy,
        )

    def image(self, name: str, architecture: str) -> ImageEvidence:
        """What Amazon ECR returns for an image."""
        return image_seen(self.ask, name, self._settings.region, architecture)

    def quota(self, code: str) -> float | Unasked | None:
        """One of the account's quotas for Fargate."""
        asked = self.ask("service-quotas", "get_service_quota", ServiceCode="fargate", QuotaCode=code)
        match unwrap_or_failure(asked):
            case AwsError() as error:
                return Unasked(str(error))
            case answer:
                read = _records(ServiceQuota, [answer.get("Quota")])
                return read[0].value if isinstance(read, tuple) else read

    def _of_ec2(
        self, model: type[R], member: str, key: str, wanted: Sequence[str]
    ) -> tuple[R, ...] | Unasked | None:
        if not wanted:
            return None
        filters = [{"Name": key, "Values": list(wanted)}]
        return self.some(model, member, "ec2", f"describe_{xform_name(member)}", Filters=filters)

    def denied(self, arn: str, statements: Sequence[Statement]) -> tuple[str, ...] | Unasked | None:
        """The actions that IAM's simulation denies to this identity, on the resources of these statements."""
        principal = simulated(arn)
        if principal is None:
            return Unasked(f"{arn} is not a role or user that can be simulated")
        refused: list[str] = []
        for statement in statements:
            answer = self.ask(
                "iam",
                "simulate_principal_policy",
                PolicySourceArn=principal,
                ActionNames=list(statement.actions),
                ResourceArns=[one.replace("*", "any") for one in statement.resources if one != "*"] or ["*"],
                ContextEntries=context(statement),
            )
            match unwrap_or_failure(answer):
                case AwsError() as error:
                    return Unasked(str(error))
                case found:
                    refused += [
                        str(one["EvalActionName"])
                        for one in found["EvaluationResults"]
                        if one["EvalDecision"] != "allowed"
                    ]
        return tuple(dict.fromkeys(refused))


def absent(error: AwsError) -> bool:
    """Whether ECS says that there is no such task definition."""
    return error.kind is Kind.PERMANENT and "unable to describe task definition" in error.message.lower()


def simulated(arn: str) -> str | None:
    """The ARN for which IAM simulates a caller's permissions: the role of a session, or the user itself.

    >>> simulated("arn:aws:sts::123456789012:assumed-role/scheduler/i-0abc")
    'arn:aws:iam::123456789012:role/scheduler'
    >>> simulated("arn:aws:iam::123456789012:root") is None
    True
    """
    head, _, tail = arn.partition(":assumed-role/")
    if tail:
        return f"{head.replace(':sts:', ':iam:')}:role/{tail.rpartition('/')[0] or tail}"
    return arn if ":user/" in arn else None


def context(statement: Statement) -> list[dict[str, object]]:
    """The statement's condition keys, with values that meet the conditions, as the simulation takes them."""
    return [
        {
            "ContextKeyName": key,
            "ContextKeyValues": value if isinstance(value, list) else [value],
            "ContextKeyType": "string",
        }
        for pairs in statement.condition.values()
        for key, value in pairs.items()
    ]


def _records(model: type[R], found: Sequence[object]) -> tuple[R, ...] | Unasked | None:
    records: list[R] = []
    for one in found:
        match unwrap_or_failure(read_record(model, one)):
            case str() as problem:
                return Unasked(f"the response cannot be read: {problem}")
            case record:
                records.append(record)
    return tuple(records)


def _ahead(date: str, now: float) -> float | Unasked | None:
    """Seconds by which our clock is ahead of a response's Date header, which is truncated to a whole
    second."""
    try:
        theirs = parsedate_to_datetime(date).astimezone(UTC)
    except (TypeError, ValueError):
        return Unasked("AWS's answer has no date")
    return (datetime.fromtimestamp(now, UTC) - theirs).total_seconds() - 0.5
