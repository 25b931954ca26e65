"""The evidence about a set-up on ECS, for the checks in `checks/ecs.py`.

Law: pure; the members of AWS's responses that are checked, and all evidence together as `Evidence`. Source:
API_Cluster and API_TaskDefinition of the Amazon ECS API Reference.
"""

from dataclasses import dataclass

from aws_executors.core.aws.response import AnswerRecord
from aws_executors.core.ecs.capacity_providers import names_fargate
from aws_executors.core.ecs.request import RunTask
from aws_executors.core.ecs.settings import EcsSettings
from aws_executors.core.logs.firelens import group_of
from aws_executors.doctor.checks.fargate_quota import ON_DEMAND, SPOT
from aws_executors.doctor.checks.findings import Airflow, Unasked
from aws_executors.doctor.checks.image import ImageEvidence
from aws_executors.doctor.checks.network import Network
from aws_executors.doctor.checks.volumes import Files, Volume
from aws_executors.doctor.evidence.definitions import LogConfiguration, RuntimePlatform, Variable


class DefaultProvider(AnswerRecord):
    """One capacity provider of a cluster's default strategy."""

    capacity_provider: str
    weight: int = 0
    base: int = 0


class Cluster(AnswerRecord):
    """One cluster."""

    cluster_name: str
    status: str
    capacity_providers: tuple[str, ...] = ()
    default_capacity_provider_strategy: tuple[DefaultProvider, ...] = ()
    registered_container_instances_count: int = 0


class RestartPolicy(AnswerRecord):
    """Whether ECS runs a container's command again when it exits."""

    enabled: bool = False


class ContainerDefinition(Files):
    """One container of a task definition."""

    name: str
    image: str
    essential: bool = True
    entry_point: tuple[str, ...] = ()
    environment: tuple[Variable, ...] = ()
    log_configuration: LogConfiguration | None = None
    restart_policy: RestartPolicy | None = None


class TaskDefinition(AnswerRecord):
    """One task definition."""

    family: str
    revision: int
    status: str
    compatibilities: tuple[str, ...] = ()
    network_mode: str = "bridge"
    cpu: str = ""
    runtime_platform: RuntimePlatform | None = None
    execution_role_arn: str = ""
    task_role_arn: str = ""
    container_definitions: tuple[ContainerDefinition, ...] = ()
    volumes: tuple[Volume, ...] = ()

    @property
    def place(self) -> str:
        """The name of the definition in messages."""
        return f"task definition {self.family}:{self.revision}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was found out; an empty tuple means that AWS has no such thing."""

    airflow: Airflow
    settings: EcsSettings
    request: RunTask
    clusters: tuple[Cluster, ...] | Unasked | None
    definitions: tuple[TaskDefinition, ...] | Unasked | None
    log_groups: tuple[str, ...] | Unasked | None
    network: Network
    quota: float | Unasked | None = None
    image: ImageEvidence = None

    @property
    def cluster(self) -> Cluster | None:
        """The cluster, if it exists."""
        return self.clusters[0] if isinstance(self.clusters, tuple) and self.clusters else None

    @property
    def definition(self) -> TaskDefinition | None:
        """The task definition, if it exists."""
        return self.definitions[0] if isinstance(self.definitions, tuple) and self.definitions else None

    @property
    def container(self) -> ContainerDefinition | None:
        """The Airflow container, if the definition has it."""
        name = self.settings.container_name
        found = self.definition.container_definitions if self.definition else ()
        return next((one for one in found if one.name == name), None)

    @property
    def log_groups_named(self) -> tuple[str, ...]:
        """The log group of the Airflow container, if it is known and in the section's own Region."""
        logs = self.container.log_configuration if self.container else None
        return group_of(logs.log_driver, logs.options, self.settings.region) if logs else ()

    @property
    def fargate(self) -> bool:
        """Whether tasks will run on Fargate, according to the request alone."""
        strategy = self.request.capacity_provider_strategy
        return names_fargate(strategy) if strategy else self.request.launch_type == "FARGATE"

    @property
    def architecture(self) -> str:
        """The CPU architecture of tasks; if none is set, X86_64 on Fargate, and unknown elsewhere."""
        said = self.definition.runtime_platform if self.definition else None
        return (said.cpu_architecture if said else "") or ("X86_64" if self.fargate else "")

    @property
    def quota_code(self) -> str:
        """The account's quota that applies to tasks."""
        return quota_code(self.request)


def quota_code(request: RunTask) -> str:
    """The quota for Spot if tasks run on Spot alone, otherwise the one for On-Demand."""
    names = {one.capacity_provider for one in request.capacity_provider_strategy}
    return SPOT if names == {"FARGATE_SPOT"} else ON_DEMAND
