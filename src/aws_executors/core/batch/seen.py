"""What was found out about a set-up on Batch, for the checks beside (`checks.py`).

Law: pure; AWS's answers as far as they are judged, and all of them together as `Seen`. Source:
API_JobQueueDetail, API_ComputeEnvironmentDetail and API_JobDefinition of the AWS Batch API Reference.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field

from aws_executors.core.allowance import ON_DEMAND, SPOT
from aws_executors.core.batch.request import SubmitJob
from aws_executors.core.batch.settings import BatchSettings
from aws_executors.core.checks import Airflow, Unasked
from aws_executors.core.image import Seen as SeenImage
from aws_executors.core.network import Network
from aws_executors.core.reading import Read

FARGATE = ("FARGATE", "FARGATE_SPOT")


class Order(Read):
    """A compute environment's place in a queue."""

    compute_environment: str


class Queue(Read):
    """One job queue."""

    job_queue_name: str
    state: str
    status: str
    status_reason: str = ""
    scheduling_policy_arn: str = ""
    compute_environment_order: tuple[Order, ...] = ()


class Resources(Read):
    """What a managed compute environment may use."""

    type: str
    maxv_cpus: int = Field(default=0, validation_alias="maxvCpus")
    subnets: tuple[str, ...] = ()
    security_group_ids: tuple[str, ...] = ()


class Environment(Read):
    """One compute environment."""

    compute_environment_name: str
    compute_environment_arn: str
    state: str
    status: str
    status_reason: str = ""
    compute_resources: Resources | None = None


class Variable(Read):
    """One environment variable."""

    name: str
    value: str = ""


class Need(Read):
    """How much of something a container needs."""

    type: str
    value: str


class OnFargate(Read):
    """Whether a job on Fargate gets a public address."""

    assign_public_ip: str = "DISABLED"


class RuntimePlatform(Read):
    """For which machine a definition is."""

    cpu_architecture: str = ""


class Container(Read):
    """One container of a job definition."""

    name: str = ""
    image: str = ""
    environment: tuple[Variable, ...] = ()
    resource_requirements: tuple[Need, ...] = ()
    network_configuration: OnFargate | None = None
    runtime_platform: RuntimePlatform | None = None


class Task(Read):
    """What of an ECS task a job definition says."""

    containers: tuple[Container, ...] = ()
    network_configuration: OnFargate | None = None
    runtime_platform: RuntimePlatform | None = None


class EcsProperties(Read):
    """A job definition of several containers."""

    task_properties: tuple[Task, ...] = ()


class Retry(Read):
    """Batch's own retries."""

    attempts: int = 1
    evaluate_on_exit: tuple[object, ...] = ()


class Timeout(Read):
    """Batch's own time limit."""

    attempt_duration_seconds: int | None = None


class JobDefinition(Read):
    """One job definition."""

    job_definition_name: str
    revision: int
    status: str
    type: str
    platform_capabilities: tuple[str, ...] = ()
    container_properties: Container | None = None
    ecs_properties: EcsProperties | None = None
    retry_strategy: Retry | None = None
    timeout: Timeout | None = None

    @property
    def place(self) -> str:
        """How to name it to a person."""
        return f"job definition {self.job_definition_name}:{self.revision}"

    @property
    def _parts(self) -> tuple[Container | Task, ...]:
        tasks = self.ecs_properties.task_properties if self.ecs_properties else ()
        return (*tasks, self.container_properties) if self.container_properties else tasks

    @property
    def public(self) -> bool:
        """Whether a job on Fargate gets a public address."""
        found = [one.network_configuration for one in self._parts]
        return any(one.assign_public_ip == "ENABLED" for one in found if one)

    @property
    def architecture(self) -> str:
        """For which machines it is; X86_64 on Fargate where nothing is said, elsewhere nobody knows."""
        said = [one.runtime_platform.cpu_architecture for one in self._parts if one.runtime_platform]
        return next(iter(said), "") or ("X86_64" if "FARGATE" in self.platform_capabilities else "")

    @property
    def containers(self) -> tuple[Container, ...]:
        """Its containers, the only one of `containerProperties` without a name."""
        if self.container_properties:
            return (self.container_properties,)
        tasks = self.ecs_properties.task_properties if self.ecs_properties else ()
        return tuple(container for task in tasks for container in task.containers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was found out; an empty tuple is what AWS does not have. Environments are those of the queue."""

    airflow: Airflow
    settings: BatchSettings
    request: SubmitJob
    queues: tuple[Queue, ...] | Unasked | None
    environments: tuple[Environment, ...] | Unasked | None
    definitions: tuple[JobDefinition, ...] | Unasked | None
    networks: tuple[Network, ...] = ()
    quota: float | Unasked | None = None
    image: SeenImage = None

    @property
    def queue(self) -> Queue | None:
        """The queue, where there is one."""
        return self.queues[0] if isinstance(self.queues, tuple) and self.queues else None

    @property
    def usable(self) -> tuple[Environment, ...]:
        """The environments in which jobs can start."""
        found = self.environments if isinstance(self.environments, tuple) else ()
        return tuple(one for one in found if one.state == "ENABLED" and one.status == "VALID")

    @property
    def definition(self) -> JobDefinition | None:
        """The job definition, where there is one: the newest that is active, if there is such a one."""
        found = self.definitions if isinstance(self.definitions, tuple) else ()
        return max(found, key=_newest, default=None)


def _newest(definition: JobDefinition) -> tuple[bool, int]:
    return definition.status == "ACTIVE", definition.revision


def quota_code(environments: Sequence[Environment]) -> str:
    """Which of the account's Fargate quotas jobs count to; none, where some environment is on EC2."""
    kinds = {one.compute_resources.type for one in environments if one.compute_resources}
    if not kinds or not kinds <= set(FARGATE):
        return ""
    return SPOT if kinds == {"FARGATE_SPOT"} else ON_DEMAND
