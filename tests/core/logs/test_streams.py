"""Where a container's log is: definitions and jobs as AWS shows them."""

from typing import Any

import pytest

from aws_executors.core.logs.streams import Stream, batch_stream, definition_of, ecs_stream, main_node

AWSLOGS = {"awslogs-group": "/airflow", "awslogs-stream-prefix": "tasks", "awslogs-region": "eu-west-1"}


def defined(driver: str = "awslogs", **options: str) -> dict[str, Any]:
    """A DescribeTaskDefinition answer with a sidecar and the Airflow container."""
    configured = {"logDriver": driver, "options": options}
    return {
        "taskDefinition": {
            "containerDefinitions": [{"name": "proxy"}, {"name": "main", "logConfiguration": configured}]
        }
    }


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (defined(**AWSLOGS), Stream(group="/airflow", name="tasks/main/0f1e", region="eu-west-1")),
        (
            defined(**{"awslogs-group": "/airflow"}),
            "awslogs-stream-prefix is not set, so nobody knows the stream's name",
        ),
        (
            defined("splunk", token="x"),
            "its container has the log driver 'splunk', and only what awslogs writes can be read here",
        ),
        (
            {"taskDefinition": {"containerDefinitions": [{"name": "main"}]}},
            "its container has no log driver, and only what awslogs writes can be read here",
        ),
        (
            {"taskDefinition": {"containerDefinitions": [{"name": "other"}]}},
            "the task definition has no container 'main'",
        ),
        ({}, "taskDefinition is missing"),
    ],
)
def test_where_an_ecs_task_logs_to(answer: object, expected: object) -> None:
    found = ecs_stream(answer, container="main", task="0f1e")
    assert found.value_or(None) == expected or found.failure() == expected


def job(**fields: Any) -> dict[str, Any]:
    """A DescribeJobs answer with one job."""
    return {"jobs": [{"jobId": "4c75", **fields}]}


@pytest.mark.parametrize(
    ("answer", "container", "expected"),
    [
        (
            job(container={"logStreamName": "airflow/default/0f1e"}),
            "",
            Stream(group="/aws/batch/job", name="airflow/default/0f1e"),
        ),
        (
            job(
                container={
                    "logStreamName": "tasks/default/0f1e",
                    "logConfiguration": {"logDriver": "awslogs", "options": AWSLOGS},
                }
            ),
            "",
            Stream(group="/airflow", name="tasks/default/0f1e", region="eu-west-1"),
        ),
        (
            job(
                ecsProperties={
                    "taskProperties": [
                        {
                            "containers": [
                                {"name": "proxy", "essential": False, "logStreamName": "proxy/1"},
                                {"name": "main", "logStreamName": "main/1"},
                            ]
                        }
                    ]
                }
            ),
            "main",
            Stream(group="/aws/batch/job", name="main/1"),
        ),
        (job(container={}), "", "it has no log stream yet"),
        (job(), "", "it has no log stream yet"),
        (job(status="RUNNING"), "", "it has no log stream yet"),
        (job(status="FAILED", container={}), "", "it ended before it had a log"),
        (job(arrayProperties={"size": 3}), "", "it is an array of 3 jobs, and each has a log of its own"),
        (
            job(
                status="RUNNING",
                eksProperties={"podProperties": {"podName": "aws-batch.1", "metadata": {"namespace": "etl"}}},
            ),
            "",
            (
                "it runs on Kubernetes, and Batch keeps no log of it: see the cluster's own logging, or, "
                "while the pod is there, kubectl logs aws-batch.1 --namespace etl"
            ),
        ),
        (
            job(
                status="FAILED",
                eksProperties={"podProperties": {"containers": [{"name": "airflow", "exitCode": 1}]}},
                eksAttempts=[{"podName": "aws-batch.1"}, {"podName": "aws-batch.2", "podNamespace": "etl"}],
            ),
            "airflow",
            (
                "it runs on Kubernetes, and Batch keeps no log of it: see the cluster's own logging, or, "
                "while the pod is there, kubectl logs aws-batch.2 --namespace etl"
            ),
        ),
        (
            job(container={"logStreamName": "x", "logConfiguration": {"logDriver": "fluentd"}}),
            "",
            "its container has the log driver 'fluentd', and only what awslogs writes can be read here",
        ),
        ({"jobs": []}, "", "AWS does not show it"),
        ({"jobs": 7}, "", "jobs must be a list, not int"),
    ],
)
def test_where_a_batch_job_logs_to(answer: object, container: str, expected: object) -> None:
    found = batch_stream(answer, container=container)
    assert found.value_or(None) == expected or found.failure() == expected


@pytest.mark.parametrize(
    ("answer", "node"),
    [
        (job(nodeProperties={"numNodes": 2, "mainNode": 0}), "4c75#0"),
        (job(nodeProperties={"numNodes": 2, "mainNode": 1}), "4c75#1"),
        (job(nodeProperties={"numNodes": 2}), "4c75#0"),
        ({"jobs": [{"jobId": "4c75#1", "nodeProperties": {"mainNode": 0}}]}, ""),  # a node's own job
        (job(container={}), ""),
        ({"jobs": []}, ""),
        ({"jobs": 7}, ""),
    ],
)
def test_which_job_has_the_log_of_a_multi_node_job(answer: object, node: str) -> None:
    assert main_node(answer) == node


def test_which_definition_a_task_has() -> None:
    assert definition_of({"tasks": [{"taskDefinitionArn": "airflow:3"}]}).unwrap() == "airflow:3"
    assert (
        definition_of({"tasks": [], "failures": [{"reason": "MISSING"}]}).failure() == "AWS does not show it"
    )
