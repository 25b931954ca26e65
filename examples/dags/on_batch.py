"""What single tasks ask of AWS Batch, in ``executor_config``: three ways to write the same and more.

`BatchConfig` checks what is written while the DAG is parsed, and gives a plain dict. The image then needs
aws-executors too; with the dict itself it does not.
"""

from airflow.sdk import DAG, task

from aws_executors import BatchConfig
from aws_executors.batch import JobTimeout, RetryStrategy

with DAG(dag_id="on_batch", schedule=None) as dag:

    @task(executor="AwsBatchExecutor", executor_config={"vcpus": 1, "memory": 2048})
    def in_short() -> None:
        """Keys of the Airflow container's override."""

    @task(
        executor="AwsBatchExecutor",
        executor_config={
            "containerOverrides": {
                "resourceRequirements": [
                    {"type": "VCPU", "value": "1"},
                    {"type": "MEMORY", "value": "2048"},
                ]
            },
            "retryStrategy": {"attempts": 2},
            "timeout": {"attemptDurationSeconds": 3600},
        },
    )
    def as_a_request() -> None:
        """Keys of SubmitJob."""

    @task(
        executor="AwsBatchExecutor",
        executor_config=BatchConfig(
            vcpus=1,
            memory=2048,
            retry_strategy=RetryStrategy(attempts=2),
            timeout=JobTimeout(attempt_duration_seconds=3600),
        ),
    )
    def typed() -> None:
        """The same, with completion in an editor."""

    in_short() >> as_a_request() >> typed()
