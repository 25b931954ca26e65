"""ECS clusters and their capacity providers.

Law: one function per action, and the look-up that other actions need. Source: botocore's `ecs` model.
"""

from __future__ import annotations

from aws_executors.local.world.ecs.state import EcsCluster
from aws_executors.local.world.state import World, arn
from aws_executors.local.world.values import Json, ServiceError


def create_cluster(world: World, params: Json, now: float) -> Json:
    """CreateCluster: returns the existing cluster if the name is already used."""
    name = params.get("clusterName", "default")
    if name not in world.ecs.clusters:
        view: Json = {
            "clusterArn": arn(world, "ecs", f"cluster/{name}"),
            "clusterName": name,
            "status": "ACTIVE",
            "registeredContainerInstancesCount": 0,
            "activeServicesCount": 0,
            "statistics": [],
            "settings": params.get("settings", [{"name": "containerInsights", "value": "disabled"}]),
            "capacityProviders": params.get("capacityProviders", []),
            "defaultCapacityProviderStrategy": params.get("defaultCapacityProviderStrategy", []),
        }
        world.ecs.clusters[name] = EcsCluster(name, view, params.get("tags", []))
    return {"cluster": _cluster_shape(world, world.ecs.clusters[name], tags=True)}


def describe_clusters(world: World, params: Json, now: float) -> Json:
    """DescribeClusters: an unknown cluster is a failure with reason MISSING."""
    tags = "TAGS" in params.get("include", [])
    clusters, failures = [], []
    for asked in params.get("clusters", ["default"]):
        known = world.ecs.clusters.get(asked.rpartition("/")[2])
        if known:
            clusters.append(_cluster_shape(world, known, tags))
        else:
            name = asked if asked.startswith("arn:") else arn(world, "ecs", f"cluster/{asked}")
            failures.append({"arn": name, "reason": "MISSING"})
    return {"clusters": clusters, "failures": failures}


def put_cluster_capacity_providers(world: World, params: Json, now: float) -> Json:
    """PutClusterCapacityProviders."""
    known = cluster(world, params)
    chosen = {item["capacityProvider"] for item in params["defaultCapacityProviderStrategy"]}
    unknown = chosen - set(params["capacityProviders"])
    if unknown:
        raise ServiceError(
            "InvalidParameterException",
            "The default capacity provider strategy cannot contain a capacity provider that is not "
            "associated with the cluster.",
        )
    known.view = {
        **known.view,
        "capacityProviders": params["capacityProviders"],
        "defaultCapacityProviderStrategy": params["defaultCapacityProviderStrategy"],
    }
    return {"cluster": _cluster_shape(world, known, tags=True)}


def cluster(world: World, params: Json) -> EcsCluster:
    """The cluster named in a request (`default` if none is), or ClusterNotFoundException."""
    asked = params.get("cluster", "default")
    known = world.ecs.clusters.get(asked.rpartition("/")[2])
    if known is None or (asked.startswith("arn:") and asked != known.view["clusterArn"]):
        raise ServiceError("ClusterNotFoundException", "Cluster not found.")
    return known


def _cluster_shape(world: World, known: EcsCluster, tags: bool) -> Json:
    statuses = [
        task.view["lastStatus"]
        for task in world.ecs.tasks.values()
        if task.cluster == known.name and not task.forgotten
    ]
    return {
        **known.view,
        "runningTasksCount": statuses.count("RUNNING"),
        "pendingTasksCount": sum(status in ("PROVISIONING", "PENDING", "ACTIVATING") for status in statuses),
        "tags": known.tags if tags else [],
    }
