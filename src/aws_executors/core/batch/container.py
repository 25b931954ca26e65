"""The Airflow container's place in a SubmitJob request, and how overrides are merged into it.

Law: what is wanted of the Airflow container is one `ContainerOverrides`, and this table says where that goes
for each kind of job definition; no other module asks of which kind a job is.

| the request has, or the option says        | the Airflow container is                    | command in |
|--------------------------------------------|---------------------------------------------|------------|
| nodeOverrides                              | in the first nodePropertyOverride, as below | as below   |
| eksPropertiesOverride                      | the pod's of that name or, of no name       | `args`     |
| ecsPropertiesOverride or a container_name  | the task's of the name `container_name`     | `command`  |
| none of these                              | the only one                                | `command`  |

On EKS the command goes to `args`, which are what Docker calls the command: the image's entrypoint stays.
"""

from collections.abc import Mapping
from dataclasses import replace

from aws_executors.core.batch.eks import (
    EksContainerEnvironmentVariable,
    EksContainerOverride,
    EksContainerResourceRequirements,
    EksPodPropertiesOverride,
    EksPropertiesOverride,
    only_named,
)
from aws_executors.core.batch.overrides import (
    ContainerOverrides,
    EcsPropertiesOverride,
    ResourceRequirement,
    TaskContainerOverrides,
    TaskPropertiesOverride,
)
from aws_executors.core.batch.request import (
    NOTHING_OVER_NODES,
    NOTHING_OVER_TASKS,
    NOTHING_OVER_THE_CONTAINER,
    NOTHING_OVER_THE_POD,
    NodeOverrides,
    NodePropertyOverride,
    SubmitJob,
)
from aws_executors.core.errors import RequestError
from aws_executors.core.requests.merge import merge, with_members

KUBERNETES = {"VCPU": "cpu", "MEMORY": "memory", "GPU": "nvidia.com/gpu"}
"""Batch's resources by Kubernetes' names. Source: API_EksContainerResourceRequirements."""


def lay(request: SubmitJob, wish: ContainerOverrides, container_name: str = "") -> SubmitJob:
    """The request with `wish` merged into the overrides of the Airflow container.

    `container_name` is the option of that name. Raises `RequestError` if it is unclear which container is
    Airflow's, or if a job of that kind cannot have what is wished.

    >>> job = SubmitJob(job_name="a", job_queue="q", job_definition="d")
    >>> lay(job, ContainerOverrides(command=("run",)), "airflow").ecs_properties_override.task_properties
    (TaskPropertiesOverride(containers=(TaskContainerOverrides(name='airflow', ...),)),)
    """
    return with_members(request, laid_members(request, wish, container_name))


def laid_members(
    request: SubmitJob, wish: ContainerOverrides, container_name: str = ""
) -> Mapping[str, object]:
    """The members of the request that `lay` changes."""
    nodes = request.node_overrides
    if nodes == NOTHING_OVER_NODES:
        return _laid(request, wish, container_name)
    if not nodes.node_property_overrides:
        raise RequestError(
            "nodeOverrides names no nodes for Airflow's command; add nodePropertyOverrides, the first one "
            "with the targetNodes that are to run it"
        )
    first, *others = nodes.node_property_overrides
    ranges = (with_members(first, _laid(first, wish, container_name)), *others)
    return {"node_overrides": replace(nodes, node_property_overrides=ranges)}


def task_containers(override: EcsPropertiesOverride) -> tuple[TaskContainerOverrides, ...]:
    """The overridden containers of the one task that Batch allows."""
    return tuple(container for task in override.task_properties for container in task.containers)


def command_of(request: SubmitJob, container_name: str = "") -> tuple[str, ...]:
    """The command that the Airflow container has in this request; empty if it has none.

    >>> job = SubmitJob(job_name="a", job_queue="q", job_definition="d")
    >>> command_of(lay(job, ContainerOverrides(command=("run",))))
    ('run',)
    """
    ranges = request.node_overrides.node_property_overrides
    holder = ranges[0] if ranges else request
    found = [holder.container_overrides.command]
    found += [
        container.command
        for container in task_containers(holder.ecs_properties_override)
        if container.name == container_name
    ]
    found += [
        container.args
        for container in holder.eks_properties_override.pod_properties.containers
        if not container_name or container.name in (container_name, None)
    ]
    return next(filter(None, found), ())


def _laid(
    holder: SubmitJob | NodePropertyOverride, wish: ContainerOverrides, name: str
) -> Mapping[str, object]:
    pod, tasks = holder.eks_properties_override, holder.ecs_properties_override
    if pod != NOTHING_OVER_THE_POD:
        own = with_own_name(pod, name)
        return {"eks_properties_override": merge(own, _in_pod(wish, name or _only_one(own)))}
    several = name and holder.container_overrides == NOTHING_OVER_THE_CONTAINER
    if several or tasks != NOTHING_OVER_TASKS:
        task = _in_task(wish, _required_name(name, "ecsPropertiesOverride"))
        return {"ecs_properties_override": merge(tasks, task)}
    return {"container_overrides": merge(holder.container_overrides, wish)}


def giving_way(request: SubmitJob, container_name: str) -> SubmitJob:
    """The request without the override that only names the Airflow container.

    The option ``container_name`` adds it for a job of several ECS containers; other kinds cannot have it.

    >>> containers = (TaskContainerOverrides(name="airflow"),)
    >>> named = EcsPropertiesOverride(task_properties=(TaskPropertiesOverride(containers=containers),))
    >>> job = SubmitJob(job_name="a", job_queue="q", job_definition="d", ecs_properties_override=named)
    >>> giving_way(job, "airflow").ecs_properties_override
    EcsPropertiesOverride(task_properties=())
    """
    bare = (TaskContainerOverrides(name=container_name),) if container_name else ()
    if not bare or task_containers(request.ecs_properties_override) != bare:
        return request
    return replace(request, ecs_properties_override=NOTHING_OVER_TASKS)


def with_own_name(pod: EksPropertiesOverride, name: str) -> EksPropertiesOverride:
    """The pod's override in which a container without a name gets the name of the Airflow container.

    Raises `RequestError` if another container already has that name: it is unclear which one is Airflow's.

    >>> pod = EksPodPropertiesOverride(containers=(EksContainerOverride(image="mine"),))
    >>> with_own_name(EksPropertiesOverride(pod_properties=pod), "main").pod_properties.containers[0].name
    'main'
    """
    containers = pod.pod_properties.containers
    if not name or all(container.name for container in containers):
        return pod
    if any(container.name == name for container in containers):
        raise RequestError(
            f"eksPropertiesOverride has {name!r}, Airflow's container, and one without a name; name that one"
        )
    named = tuple(replace(one, name=one.name or name) for one in containers)
    return replace(pod, pod_properties=replace(pod.pod_properties, containers=named))


def without_bare(pod: EksPropertiesOverride) -> EksPropertiesOverride:
    """The pod's override with `only_named` of its containers."""
    containers = pod.pod_properties.containers
    left = only_named(containers)
    if left is containers:
        return pod
    return replace(pod, pod_properties=replace(pod.pod_properties, containers=left))


def with_own_name_on_nodes(nodes: NodeOverrides, name: str, first: str) -> NodeOverrides:
    """`with_own_name` for the range of nodes `first`, which runs Airflow's container; others stay as is."""
    ranges = tuple(
        replace(one, eks_properties_override=with_own_name(one.eks_properties_override, name))
        if one.target_nodes == first
        else one
        for one in nodes.node_property_overrides
    )
    return replace(nodes, node_property_overrides=ranges)


def _only_one(pod: EksPropertiesOverride) -> str:
    """The name of the pod's only container, or empty; used if no option says which one is Airflow's."""
    containers = pod.pod_properties.containers
    return (
        _required_name("", "eksPropertiesOverride")
        if len(containers) > 1
        else "".join(c.name or "" for c in containers)
    )


def _required_name(name: str, kind: str) -> str:
    if not name:
        raise RequestError(
            f"{kind} is for jobs of several containers, and nothing says which is Airflow's; set the option "
            "container_name of [batch]"
        )
    return name


def _in_task(wish: ContainerOverrides, name: str) -> EcsPropertiesOverride:
    _without_instance_type(wish)
    container = TaskContainerOverrides(
        name=name,
        command=wish.command,
        environment=wish.environment,
        resource_requirements=wish.resource_requirements,
    )
    return EcsPropertiesOverride(task_properties=(TaskPropertiesOverride(containers=(container,)),))


def _in_pod(wish: ContainerOverrides, name: str) -> EksPropertiesOverride:
    _without_instance_type(wish)
    sizes = tuple(map(_quantity, wish.resource_requirements))
    container = EksContainerOverride(
        name=name or None,
        args=wish.command,
        env=tuple(EksContainerEnvironmentVariable(name=v.name, value=v.value) for v in wish.environment),
        resources=EksContainerResourceRequirements(limits=sizes, requests=sizes),
    )
    return EksPropertiesOverride(pod_properties=EksPodPropertiesOverride(containers=(container,)))


def _quantity(requirement: ResourceRequirement) -> tuple[str, str]:
    unit = "Mi" if requirement.type == "MEMORY" else ""
    return KUBERNETES[requirement.type], f"{requirement.value}{unit}"


def _without_instance_type(wish: ContainerOverrides) -> None:
    if wish.instance_type is not None:
        raise RequestError("instanceType is for multi-node jobs of one container each; leave it out here")
