"""Which rule each structure of a SubmitJob request merges by.

Law: one line per field, one named rule of `core/requests/merge.py` per line; `base` first, `over` on top.
The fields of the job itself are merged by `BatchOptions` (`options.py`), with the same rules.
"""

from dataclasses import replace

from aws_executors.core.batch.eks import (
    EksContainerEnvironmentVariable,
    EksContainerOverride,
    EksContainerResourceRequirements,
    EksMetadata,
    EksPodPropertiesOverride,
    EksPropertiesOverride,
)
from aws_executors.core.batch.overrides import (
    ContainerOverrides,
    EcsPropertiesOverride,
    ResourceRequirement,
    TaskContainerOverrides,
    TaskPropertiesOverride,
)
from aws_executors.core.batch.request import (
    ConsumableResourceProperties,
    ConsumableResourceRequirement,
    NodeOverrides,
    NodePropertyOverride,
)
from aws_executors.core.requests.merge import by_name, overridden
from aws_executors.core.requests.wire import KeyValuePair

Pairs = tuple[tuple[str, str], ...]


def _named(item: KeyValuePair | TaskContainerOverrides | EksContainerEnvironmentVariable) -> str:
    return item.name


def _resource(requirement: ResourceRequirement) -> str:
    return requirement.type


def _pod_container(container: EksContainerOverride) -> str:
    return container.name or ""


def _nodes(override: NodePropertyOverride) -> str:
    return override.target_nodes


def _consumable(requirement: ConsumableResourceRequirement) -> str:
    return requirement.consumable_resource


def _key(pair: tuple[str, str]) -> str:
    return pair[0]


def merge_texts(base: Pairs, over: Pairs) -> Pairs:
    """Maps of text (tags, parameters, labels, quantities), by key.

    >>> merge_texts((("a", "1"), ("b", "2")), (("b", "3"),))
    (('a', '1'), ('b', '3'))
    """
    return by_name(base, over, _key)


def merge_container(base: ContainerOverrides, over: ContainerOverrides) -> ContainerOverrides:
    """One container's overrides on top of another's: variables by name, resources by type.

    >>> one = ContainerOverrides(environment=(KeyValuePair(name="A", value="1"),), instance_type="m5.large")
    >>> merge_container(one, ContainerOverrides(environment=(KeyValuePair(name="A", value="2"),)))
    ContainerOverrides(environment=(KeyValuePair(name='A', value='2'),), instance_type='m5.large', ...
    """
    return replace(
        base,
        command=overridden(base.command, over.command),
        environment=by_name(base.environment, over.environment, _named),
        instance_type=overridden(base.instance_type, over.instance_type),
        resource_requirements=by_name(base.resource_requirements, over.resource_requirements, _resource),
    )


def _merge_task_container(
    base: TaskContainerOverrides, over: TaskContainerOverrides
) -> TaskContainerOverrides:
    return replace(
        base,
        command=overridden(base.command, over.command),
        environment=by_name(base.environment, over.environment, _named),
        resource_requirements=by_name(base.resource_requirements, over.resource_requirements, _resource),
    )


def task_containers(override: EcsPropertiesOverride) -> tuple[TaskContainerOverrides, ...]:
    """The overridden containers of the one task that Batch allows."""
    return tuple(container for task in override.task_properties for container in task.containers)


def merge_ecs(base: EcsPropertiesOverride, over: EcsPropertiesOverride) -> EcsPropertiesOverride:
    """Overrides of an ECS-properties job, containers by name."""
    containers = by_name(task_containers(base), task_containers(over), _named, _merge_task_container)
    merged = EcsPropertiesOverride(task_properties=(TaskPropertiesOverride(containers=containers),))
    return merged if task_containers(over) else base


def _merge_pod_container(base: EksContainerOverride, over: EksContainerOverride) -> EksContainerOverride:
    return replace(
        base,
        image=overridden(base.image, over.image),
        command=overridden(base.command, over.command),
        args=overridden(base.args, over.args),
        env=by_name(base.env, over.env, _named),
        resources=EksContainerResourceRequirements(
            limits=merge_texts(base.resources.limits, over.resources.limits),
            requests=merge_texts(base.resources.requests, over.resources.requests),
        ),
    )


def merge_eks(base: EksPropertiesOverride, over: EksPropertiesOverride) -> EksPropertiesOverride:
    """Overrides of an EKS-properties job, containers by name (those without one are one).

    A container of which nothing is said, not even its name, is one only where there is no other.
    """
    below, above = base.pod_properties, over.pod_properties
    containers = by_name(below.containers, above.containers, _pod_container, _merge_pod_container)
    if len(containers) > 1:
        containers = tuple(container for container in containers if container != EksContainerOverride())
    inits = by_name(below.init_containers, above.init_containers, _pod_container, _merge_pod_container)
    return EksPropertiesOverride(
        pod_properties=EksPodPropertiesOverride(
            containers=containers,
            init_containers=inits,
            metadata=EksMetadata(
                labels=merge_texts(below.metadata.labels, above.metadata.labels),
                annotations=merge_texts(below.metadata.annotations, above.metadata.annotations),
                namespace=overridden(below.metadata.namespace, above.metadata.namespace),
            ),
        )
    )


def merge_consumables(
    base: ConsumableResourceProperties, over: ConsumableResourceProperties
) -> ConsumableResourceProperties:
    """Consumable resources, by name or ARN."""
    listed = by_name(base.consumable_resource_list, over.consumable_resource_list, _consumable)
    return ConsumableResourceProperties(consumable_resource_list=listed)


def _merge_node(base: NodePropertyOverride, over: NodePropertyOverride) -> NodePropertyOverride:
    return replace(
        base,
        container_overrides=merge_container(base.container_overrides, over.container_overrides),
        ecs_properties_override=merge_ecs(base.ecs_properties_override, over.ecs_properties_override),
        eks_properties_override=merge_eks(base.eks_properties_override, over.eks_properties_override),
        instance_types=overridden(base.instance_types, over.instance_types),
        consumable_resource_properties_override=merge_consumables(
            base.consumable_resource_properties_override, over.consumable_resource_properties_override
        ),
    )


def merge_nodes(base: NodeOverrides, over: NodeOverrides) -> NodeOverrides:
    """Overrides of a multi-node job, ranges of nodes by their text."""
    ranges = by_name(base.node_property_overrides, over.node_property_overrides, _nodes, _merge_node)
    return NodeOverrides(num_nodes=overridden(base.num_nodes, over.num_nodes), node_property_overrides=ranges)
