"""What ``executor_config`` may say for a task on Batch, and how it goes onto the request.

Law: two groups of keys. `ContainerKeys` are the Airflow container's override (the dialect of
airflow-aws-executors), wherever that container is in the request; `JobMembers` are the members of SubmitJob
that may be set (the dialect of apache-airflow-providers-amazon). Sizes go to ``resourceRequirements``, the
form that Fargate takes.
"""

from collections.abc import Iterator, Mapping

from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass

from aws_executors.core.batch.container import (
    command_of,
    giving_way,
    lay,
    task_containers,
    with_own_name,
    with_own_name_on_nodes,
    without_bare,
)
from aws_executors.core.batch.overrides import (
    ContainerOverrides,
    Mebibytes,
    ResourceRequirement,
    Resources,
    ResourceType,
    TaskContainerOverrides,
    Variables,
    Vcpus,
    as_amount,
)
from aws_executors.core.batch.request import (
    NO_ARRAYS,
    JobMembers,
    SubmitJob,
)
from aws_executors.core.errors import RequestError
from aws_executors.core.requests.allowed_options import Use, set_fields, within
from aws_executors.core.requests.executor_config import WHERE, read_config
from aws_executors.core.requests.kinds import of_kind
from aws_executors.core.requests.merge import merge
from aws_executors.core.requests.spelling import spell
from aws_executors.core.requests.wire import WRITTEN, Flag, Text, fields_of, masked_repr, structure

WORKLOAD = "the Airflow container's command is the workload"
KEPT: Mapping[str, str] = {
    "command": WORKLOAD,
    "jobName": "the executor finds its jobs by their names; see the option job_name",
    "arrayProperties": NO_ARRAYS,
}
"""The keys that a task may not set, each with the reason."""

ELSEWHERE: Mapping[str, str] = {
    "image": "SubmitJob cannot replace it; register a job definition that has it, and set jobDefinition",
    "secrets": "SubmitJob cannot add them; register a job definition that has them, and set jobDefinition",
    "overrides": "it is ECS's; Batch has containerOverrides",
    "queue": "it is the task's own argument; write queue= at the task, or jobQueue for Batch's",
    **dict.fromkeys(
        ("cluster", "launchType", "capacityProviderStrategy", "platformVersion", "networkConfiguration"),
        "it is ECS's; on Batch the queue's compute environment says where jobs run: set jobQueue",
    ),
}
"""Names that are no keys of ``executor_config`` but can be set elsewhere, each with the place."""

_NO_KEYS: Mapping[str, str] = {**KEPT, **ELSEWHERE}


@dataclass(frozen=True, kw_only=True, config=WRITTEN)
class ContainerKeys:
    """Members of the Airflow container's overrides that are keys of their own, and the two sizes by name."""

    __slots__ = ()

    vcpus: Vcpus | None = None
    memory: Mebibytes | None = None
    environment: Variables = ()
    resource_requirements: Resources = ()
    instance_type: Text | None = None


@structure
class BatchOptions(JobMembers, ContainerKeys):
    """All that ``executor_config`` may say for Batch; what is absent leaves the request as it is."""

    warm: Flag | None = None

    def __repr__(self) -> str:
        return masked_repr(self)

    def __post_init__(self) -> None:
        listed = {requirement.type for requirement in self.resource_requirements}
        for key, value, kind in (("vcpus", self.vcpus, "VCPU"), ("memory", self.memory, "MEMORY")):
            if value is not None and kind in listed:
                raise ValueError(
                    f"{key} and {kind} of resourceRequirements set the same value twice: keep one of them"
                )


BATCH_OPTIONS: TypeAdapter[BatchOptions] = TypeAdapter(BatchOptions)


def read_options(executor_config: object) -> BatchOptions:
    """Read ``executor_config``, with AWS's or Python's names, for a task on Batch.

    Raises `RequestError` that names each wrong key, what stood there, and what is allowed.

    >>> read_options({"vcpus": 1, "memory": 512}).memory
    '512'
    """
    return read_config(BATCH_OPTIONS, executor_config, _NO_KEYS)


_SIZES: Mapping[str, str] = {"VCPU": "vcpus", "MEMORY": "memory"}
_OWN = tuple(name for name in fields_of(ContainerOverrides) if name in fields_of(ContainerKeys))
SETTABLE = (
    *(spell(name) for name in fields_of(BatchOptions)),
    *(f"containerOverrides.{spell(name)}" for name in ("command", *_OWN)),
)
"""The names that the option `executor_config_allowed` may list."""


def uses(options: BatchOptions, container_name: str) -> Iterator[Use]:
    """Everything that a task's options set. A member of the Airflow container has the name of its own key,
    even if it is set in overrides; members of pods, nodes and other containers go by the whole override.

    >>> config = {"containerOverrides": {"memory": 512}, "vcpus": 1, "jobQueue": "q"}
    >>> [use[0] for use in uses(read_options(config), "")]
    ['vcpus', 'jobQueue', 'memory']
    """
    for name in set_fields(options, NOTHING):
        if name in _SIZES.values():
            yield _size(name)
        elif name in _OWN:
            yield from _of_container(name, options.resource_requirements)
        elif name not in ("container_overrides", "ecs_properties_override"):
            yield (spell(name),)
    for name in set_fields(options.container_overrides, NOTHING.container_overrides):
        yield from _of_container(name, options.container_overrides.resource_requirements)
    whole = "ecsPropertiesOverride"
    for container in task_containers(options.ecs_properties_override):
        own = container.name == container_name
        for name in set_fields(container, TaskContainerOverrides(name=container.name)):
            found = _of_container(name, container.resource_requirements) if own else ((),)
            yield from ((*use, whole) for use in found)


def _of_container(name: str, resources: tuple[ResourceRequirement, ...]) -> Iterator[Use]:
    if name != "resource_requirements":
        yield within(f"containerOverrides.{spell(name)}", spell(name) if name in _OWN else "")
    for one in resources if name == "resource_requirements" else ():
        yield _size(_SIZES.get(one.type, ""))


def _size(name: str) -> Use:
    listed = within("containerOverrides.resourceRequirements", "resourceRequirements")
    return (name, *listed) if name else listed


NOTHING = BatchOptions()
"""The options of a task that sets none, as most tasks do."""


def with_options(
    request: SubmitJob, options: BatchOptions, container_name: str = "", where: str = WHERE
) -> SubmitJob:
    """The request with a task's options on top; `container_name` is the option of that name.

    Raises `RequestError`, which begins with `where`, if the options set the Airflow container's command.

    >>> job = SubmitJob(job_name="a", job_queue="q", job_definition="d")
    >>> with_options(job, read_options({"memory": 512})).container_overrides.resource_requirements
    (ResourceRequirement(type='MEMORY', value='512'),)
    """
    of_kind(SubmitJob, request)
    if options == NOTHING:
        return request
    if options.eks_properties_override != NOTHING.eks_properties_override or (
        options.node_overrides != NOTHING.node_overrides
    ):
        request = giving_way(request, container_name)
    nodes = (request.node_overrides, options.node_overrides)
    first = next((each.target_nodes for one in nodes for each in one.node_property_overrides), "")
    below, above = (with_own_name_on_nodes(one, container_name, first) for one in nodes)
    pod, over_pod = (with_own_name(one.eks_properties_override, container_name) for one in (request, options))
    changed = merge(
        request,
        options,
        container_overrides=request.container_overrides,
        node_overrides=merge(below, above),
        eks_properties_override=without_bare(merge(pod, over_pod)),
    )
    wish = wished(options)
    if wish != ContainerOverrides():
        changed = lay(changed, wish, container_name)
    if command_of(changed, container_name) != command_of(request, container_name):
        raise RequestError(f"{where}: the command cannot be set: {WORKLOAD}")
    return changed


def wished(options: BatchOptions) -> ContainerOverrides:
    """What the options want of the Airflow container, in either dialect; single keys go on top.

    >>> wished(read_options({"vcpus": 0.25, "containerOverrides": {"instanceType": "m5.large"}}))
    ContainerOverrides(environment=(), instance_type='m5.large', resource_requirements=(ResourceRequi...
    """
    sizes = requirements(vcpus=options.vcpus, memory=options.memory)
    wish = merge(options.container_overrides, options)
    return merge(wish, ContainerOverrides(resource_requirements=sizes)) if sizes else wish


def requirements(
    *, vcpus: float | str | None = None, memory: int | str | None = None, gpu: int | str | None = None
) -> tuple[ResourceRequirement, ...]:
    """Sizes as Batch's resource requirements: vCPUs, MiB, GPUs; what is None is left out.

    >>> requirements(vcpus=0.25, memory=512)
    (ResourceRequirement(type='VCPU', value='0.25'), ResourceRequirement(type='MEMORY', value='512'))
    """
    wanted: tuple[tuple[ResourceType, object], ...] = (("VCPU", vcpus), ("MEMORY", memory), ("GPU", gpu))
    return tuple(
        ResourceRequirement(type=kind, value=f"{as_amount(value)}")
        for kind, value in wanted
        if value is not None
    )
