"""The evidence about a set-up on AWS Batch, for the checks in `checks/batch.py`.

Law: pure; the members of AWS's responses that are checked, and all evidence together as `Evidence`. Source:
API_JobQueueDetail, API_ComputeEnvironmentDetail and API_JobDefinition of the AWS Batch API Reference.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field

from aws_executors.core.aws.response import AnswerRecord
from aws_executors.core.batch.request import SubmitJob
from aws_executors.core.batch.settings import BatchSettings
from aws_executors.core.logs.firelens import group_of
from aws_executors.doctor.checks.fargate_quota import ON_DEMAND, SPOT
from aws_executors.doctor.checks.findings import Airflow, Unasked
from aws_executors.doctor.checks.image import ImageEvidence
from aws_executors.doctor.checks.network import Network
from aws_executors.doctor.checks.volumes import Files, Volume
from aws_executors.doctor.evidence.definitions import LogConfiguration, RuntimePlatform, Variable

FARGATE = ("FARGATE", "FARGATE_SPOT")


class Order(AnswerRecord):
    """A compute environment in the order of a queue."""

    compute_environment: str


class Queue(AnswerRecord):
    """One job queue."""

    job_queue_name: str
    state: str
    status: str
    status_reason: str = ""
    scheduling_policy_arn: str = ""
    compute_environment_order: tuple[Order, ...] = ()


class Kubernetes(AnswerRecord):
    """The cluster of an environment on EKS."""

    eks_cluster_arn: str = ""


class LaunchNetwork(AnswerRecord):
    """Where ECS Managed Instances are started."""

    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()


class LaunchTemplate(AnswerRecord):
    """How ECS Managed Instances are started."""

    network_configuration: LaunchNetwork = LaunchNetwork()


class ManagedInstances(AnswerRecord):
    """What an environment on ECS Managed Instances has in place of subnets of its own."""

    instance_launch_template: LaunchTemplate = LaunchTemplate()


class _Resources(AnswerRecord):
    """The resources that a managed compute environment may use."""

    type: str
    maxv_cpus: int = Field(default=0, validation_alias="maxvCpus")
    subnets: tuple[str, ...] = ()
    security_group_ids: tuple[str, ...] = ()
    managed_instances_provider: ManagedInstances | None = None

    @property
    def platform(self) -> str:
        """The platform capability that job definitions need in this environment."""
        on_managed = {"ECS_MANAGED_INSTANCES": "MANAGED_INSTANCES"}
        return "FARGATE" if self.type in FARGATE else on_managed.get(self.type, "EC2")

    @property
    def network(self) -> LaunchNetwork:
        """The environment's subnets and security groups."""
        if self.managed_instances_provider is not None:
            return self.managed_instances_provider.instance_launch_template.network_configuration
        return LaunchNetwork(subnets=self.subnets, security_groups=self.security_group_ids)


class ComputeEnvironment(AnswerRecord):
    """One compute environment."""

    compute_environment_name: str
    compute_environment_arn: str
    state: str
    status: str
    status_reason: str = ""
    compute_resources: _Resources | None = None
    eks_configuration: Kubernetes | None = None


class Need(AnswerRecord):
    """The amount of one resource that a container needs."""

    type: str
    value: str


class OnFargate(AnswerRecord):
    """Whether a job on Fargate gets a public address."""

    assign_public_ip: str = "DISABLED"


class ContainerProperties(Files):
    """One container of a job definition."""

    name: str = ""
    image: str = ""
    essential: bool = True
    environment: tuple[Variable, ...] = ()
    resource_requirements: tuple[Need, ...] = ()
    vcpus: float = 0
    """The vCPUs in the older form, which counts only if `resourceRequirements` name none."""
    log_configuration: LogConfiguration | None = None
    network_configuration: OnFargate | None = None
    runtime_platform: RuntimePlatform | None = None
    volumes: tuple[Volume, ...] = ()
    role: str = Field(default="", validation_alias="jobRoleArn")

    @property
    def vcpus_wanted(self) -> float:
        """The vCPUs of the container; 0 if they are not known."""
        said = [quantity(need.value) for need in self.resource_requirements if need.type == "VCPU"]
        return said[0] if said else self.vcpus


class _Quantities(AnswerRecord):
    """The resources of a pod's container, by Kubernetes' names."""

    limits: dict[str, str] = Field(default_factory=dict)
    requests: dict[str, str] = Field(default_factory=dict)


DEFAULT = "Default"
"""Batch's name for a pod's container without a name. Source: API_EksContainer, AWS Batch API Reference."""


class PodContainer(AnswerRecord):
    """One container of a pod."""

    name: str = ""
    image: str = ""
    env: tuple[Variable, ...] = ()
    resources: _Quantities = _Quantities()

    def as_container(self) -> ContainerProperties:
        """The same container in ECS's terms."""
        cpu = self.resources.requests.get("cpu") or self.resources.limits.get("cpu") or "0"
        need = Need(type="VCPU", value=cpu)
        return ContainerProperties(
            name=self.name or DEFAULT, image=self.image, environment=self.env, resource_requirements=(need,)
        )


class Pod(AnswerRecord):
    """The part of a pod that a job definition describes."""

    containers: tuple[PodContainer, ...] = ()


class EksProperties(AnswerRecord):
    """A job definition for Kubernetes."""

    pod_properties: Pod = Pod()


class EcsTaskProperties(AnswerRecord):
    """The part of an ECS task that a job definition describes."""

    containers: tuple[ContainerProperties, ...] = ()
    network_configuration: OnFargate | None = None
    runtime_platform: RuntimePlatform | None = None
    volumes: tuple[Volume, ...] = ()
    role: str = Field(default="", validation_alias="taskRoleArn")


class EcsProperties(AnswerRecord):
    """A job definition with several containers."""

    task_properties: tuple[EcsTaskProperties, ...] = ()


class NodeRange(AnswerRecord):
    """A range of a multi-node job's nodes, and what they run."""

    target_nodes: str = ""
    container: ContainerProperties | None = None
    ecs_properties: EcsProperties | None = None
    eks_properties: EksProperties | None = None

    @property
    def containers(self) -> tuple[ContainerProperties, ...]:
        """The containers of one node in this range."""
        return (self.container,) if self.container else inside(self.ecs_properties, self.eks_properties)

    def nodes(self, of_all: int) -> int:
        """How many of `of_all` nodes are in this range: ``0:3`` are four, ``1:`` all but the first."""
        first, colon, last = self.target_nodes.partition(":")
        begin = int(first) if first.isdecimal() else 0
        end = int(last) if last.isdecimal() else (of_all - 1 if colon else begin)
        return max(0, end - begin + 1)


class NodeProperties(AnswerRecord):
    """A multi-node job definition."""

    num_nodes: int = 1
    node_range_properties: tuple[NodeRange, ...] = ()


class Retry(AnswerRecord):
    """Batch's retries."""

    attempts: int = 1
    evaluate_on_exit: tuple[object, ...] = ()


class Timeout(AnswerRecord):
    """Batch's timeout."""

    attempt_duration_seconds: int | None = None


class JobDefinition(AnswerRecord):
    """One job definition."""

    job_definition_name: str
    revision: int
    status: str
    type: str
    platform_capabilities: tuple[str, ...] = ()
    container_properties: ContainerProperties | None = None
    ecs_properties: EcsProperties | None = None
    eks_properties: EksProperties | None = None
    node_properties: NodeProperties | None = None
    retry_strategy: Retry | None = None
    timeout: Timeout | None = None

    @property
    def place(self) -> str:
        """The name of the definition in messages."""
        return f"job definition {self.job_definition_name}:{self.revision}"

    @property
    def parts(self) -> tuple[ContainerProperties | EcsTaskProperties, ...]:
        """The definition's tasks on ECS, or its only container."""
        tasks = self.ecs_properties.task_properties if self.ecs_properties else ()
        return (*tasks, self.container_properties) if self.container_properties else tasks

    @property
    def public(self) -> bool:
        """Whether a job on Fargate gets a public address."""
        found = [one.network_configuration for one in self.parts]
        return any(one.assign_public_ip == "ENABLED" for one in found if one)

    @property
    def architecture(self) -> str:
        """The CPU architecture; if none is set, X86_64 on Fargate, and unknown elsewhere."""
        said = [one.runtime_platform.cpu_architecture for one in self.parts if one.runtime_platform]
        return next(iter(said), "") or ("X86_64" if "FARGATE" in self.platform_capabilities else "")

    @property
    def kind(self) -> str:
        """The member that says what the definition runs; the overrides of a request must be of the same
        kind."""
        if self.node_properties or self.type == "multinode":
            return "nodeProperties"
        if self.eks_properties:
            return "eksProperties"
        return "ecsProperties" if self.ecs_properties else "containerProperties"

    @property
    def containers(self) -> tuple[ContainerProperties, ...]:
        """The definition's containers.

        The only container of `containerProperties` has no name. For a multi-node job, these are the
        containers of the first range, which runs Airflow.
        """
        if self.node_properties:
            return next((one.containers for one in self.node_properties.node_range_properties), ())
        if self.container_properties:
            return (self.container_properties,)
        return inside(self.ecs_properties, self.eks_properties)

    @property
    def vcpus(self) -> float:
        """The vCPUs of one job, on all of its nodes."""
        if not self.node_properties:
            return sum(one.vcpus_wanted for one in self.containers)
        return sum(
            one.nodes(self.node_properties.num_nodes) * container.vcpus_wanted
            for one in self.node_properties.node_range_properties
            for container in one.containers
        )


def inside(tasks: EcsProperties | None, pod: EksProperties | None) -> tuple[ContainerProperties, ...]:
    """The containers of a task on ECS or a pod on Kubernetes."""
    if pod:
        return tuple(one.as_container() for one in pod.pod_properties.containers)
    return tuple(one for task in (tasks.task_properties if tasks else ()) for one in task.containers)


def quantity(text: str) -> float:
    """A number of vCPUs in Batch's or Kubernetes' notation; 0 if the text is not a number.

    >>> quantity("0.25"), quantity("500m"), quantity("many")
    (0.25, 0.5, 0.0)
    """
    number, milli = text.strip().removesuffix("m"), text.strip().endswith("m")
    try:
        return float(number) / (1000 if milli else 1)
    except ValueError:
        return 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was found out; an empty tuple means that AWS has no such thing. `environments` are the queue's."""

    airflow: Airflow
    settings: BatchSettings
    request: SubmitJob
    queues: tuple[Queue, ...] | Unasked | None
    environments: tuple[ComputeEnvironment, ...] | Unasked | None
    definitions: tuple[JobDefinition, ...] | Unasked | None
    networks: tuple[Network, ...] = ()
    quota: float | Unasked | None = None
    image: ImageEvidence = None
    log_groups: tuple[str, ...] | Unasked | None = None

    @property
    def queue(self) -> Queue | None:
        """The queue, if it exists."""
        return self.queues[0] if isinstance(self.queues, tuple) and self.queues else None

    @property
    def container(self) -> ContainerProperties | None:
        """The Airflow container, or the first one if no container has that name."""
        found = self.definition.containers if self.definition else ()
        own = [one for one in found if one.name == self.settings.container_name]
        return next(iter(own or found), None)

    @property
    def log_groups_named(self) -> tuple[str, ...]:
        """The log groups that the containers name, in the section's own Region; empty for Batch's own
        group."""
        found = [one.log_configuration for one in (self.definition.containers if self.definition else ())]
        groups = [group_of(one.log_driver, one.options, self.settings.region) for one in found if one]
        return tuple(dict.fromkeys((group for own in groups for group in own), ""))

    @property
    def usable(self) -> tuple[ComputeEnvironment, ...]:
        """The environments in which jobs can start."""
        found = self.environments if isinstance(self.environments, tuple) else ()
        return tuple(one for one in found if one.state == "ENABLED" and one.status == "VALID")

    @property
    def definition(self) -> JobDefinition | None:
        """The job definition, if it exists: its newest active revision, or else its newest one."""
        found = self.definitions if isinstance(self.definitions, tuple) else ()
        return max(found, key=_newest, default=None)


def _newest(definition: JobDefinition) -> tuple[bool, int]:
    return definition.status == "ACTIVE", definition.revision


def quota_code(environments: Sequence[ComputeEnvironment]) -> str:
    """The account's Fargate quota that applies to jobs; empty if an environment is on EC2."""
    kinds = {one.compute_resources.type for one in environments if one.compute_resources}
    if not kinds or not kinds <= set(FARGATE):
        return ""
    return SPOT if kinds == {"FARGATE_SPOT"} else ON_DEMAND
