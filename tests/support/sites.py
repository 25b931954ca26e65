"""Create what an account has before our executors start: a cluster, a queue, and the definitions for them."""

from typing import Any, Literal

from aws_executors.local import LocalAws

MAIN = {"name": "main", "image": "airflow"}


def ecs_site(aws: LocalAws, *clusters: str, family: str = "airflow", **container: Any) -> None:
    """Create clusters (``etl`` if none is named), and a Fargate definition with one container, ``main``."""
    ecs = aws.client("ecs")
    for cluster in clusters or ("etl",):
        ecs.create_cluster(clusterName=cluster)
    ecs.register_task_definition(
        family=family,
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        containerDefinitions=[{**MAIN, **container}],
    )


def batch_queues(aws: LocalAws, *queues: str, on: Literal["FARGATE", "EC2"] = "FARGATE") -> None:
    """Create queues on one compute environment."""
    batch = aws.client("batch")
    batch.create_compute_environment(
        computeEnvironmentName=on.lower(),
        type="MANAGED",
        state="ENABLED",
        computeResources={
            "type": on,
            "maxvCpus": 16,
            "subnets": ["subnet-1"],
            "securityGroupIds": ["sg-1"],
        },
    )
    for queue in queues:
        batch.create_job_queue(
            jobQueueName=queue,
            priority=1,
            computeEnvironmentOrder=[{"order": 1, "computeEnvironment": on.lower()}],
        )


def batch_site(aws: LocalAws, *queues: str, definition: str = "d") -> None:
    """Create queues on Fargate, and a job definition for them."""
    batch_queues(aws, *queues)
    aws.client("batch").register_job_definition(
        jobDefinitionName=definition,
        type="container",
        platformCapabilities=["FARGATE"],
        containerProperties={
            "image": "airflow",
            "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
            "resourceRequirements": [{"type": "VCPU", "value": "0.25"}, {"type": "MEMORY", "value": "512"}],
        },
    )
