"""The EventBridge rule for tasks: those that this deployment has started in its clusters.

Law: pure. All statuses pass: the first event of a task, while its image is still being pulled, shows that
events come, and the last one has the exit code. Source: "Amazon ECS task state change events", Developer
Guide.
"""

from aws_executors.core.aws.event_rules import Document, EventSelection, envelope
from aws_executors.core.aws.iam import NOTHING_ELSE, Also, Where
from aws_executors.core.ecs.answers.describe import EVENT_TYPES
from aws_executors.core.ecs.request import RunTask, launch_platform
from aws_executors.core.ecs.settings import EcsSettings

SOURCE = "aws.ecs"


def pattern(settings: EcsSettings, request: RunTask, where: Where, also: Also = NOTHING_ELSE) -> Document:
    """Which events are about this deployment's tasks.

    >>> settings = EcsSettings(region="us-east-1", cluster="etl", container_name="main",
    ...                        task_definition="airflow:7", subnets=("subnet-1",))
    >>> request = RunTask(task_definition="airflow:7", cluster="etl")
    >>> pattern(settings, request, Where(region="x", account="1"))["detail"]
    {'clusterArn': ['arn:aws:ecs:x:1:cluster/etl'], 'startedBy': [{'prefix': 'airflow/'}]}
    """
    clusters = dict.fromkeys((request.cluster or "default", *also.clusters), "")
    return {
        "source": [SOURCE],
        "detail-type": [*EVENT_TYPES],
        "detail": {
            "clusterArn": [where.named("ecs", "cluster", one) for one in clusters],
            "startedBy": [{"prefix": f"{settings.deployment}/"}],
        },
    }


def sample(settings: EcsSettings, request: RunTask, where: Where, status: str) -> Document:
    """An event of one of this deployment's tasks."""
    cluster = where.named("ecs", "cluster", request.cluster or "default")
    task = f"{cluster.replace(':cluster/', ':task/')}/b99d40b3c3a64b8e8f2ad2f5d6d5ee1f"
    ended = status == "STOPPED"
    end: Document = {"stopCode": "EssentialContainerExited"} if ended else {}
    definition = where.named("ecs", "task-definition", request.task_definition)
    detail: Document = {
        "taskArn": task,
        "clusterArn": cluster,
        "taskDefinitionArn": definition,
        "group": f"family:{definition.rpartition('/')[2].partition(':')[0]}",
        "startedBy": f"{settings.deployment}/0b6e",
        "launchType": launch_platform(request.launch_type, request.capacity_provider_strategy) or "EC2",
        "lastStatus": status,
        "desiredStatus": "STOPPED" if ended else "RUNNING",
        "containers": [
            {"name": settings.container_name, "lastStatus": status} | ({"exitCode": 0} if ended else {})
        ],
        "version": 1,
    }
    return envelope(SOURCE, EVENT_TYPES[0], where, task, detail | end)


RULE = EventSelection(
    owner=lambda settings: settings.deployment,
    pattern=pattern,
    sample=sample,
    statuses=(("PROVISIONING", "PENDING"), ("RUNNING",), ("STOPPED",)),
)
