"""What single tasks ask of ECS, in ``executor_config``: three ways to write the same and more.

`EcsConfig` checks what is written while the DAG is parsed, and gives a plain dict. The image then needs
aws-executors too; with the dict itself it does not.
"""

from airflow.sdk import DAG, task

from aws_executors import EcsConfig
from aws_executors.ecs import CapacityProvider, Overrides

with DAG(dag_id="on_fargate", schedule=None) as dag:

    @task(executor="AwsEcsFargateExecutor", executor_config={"cpu": 256, "memory": 512})
    def in_short() -> None:
        """Keys of the Airflow container's override; the task definition must be as large, or larger."""

    @task(
        executor="AwsEcsFargateExecutor",
        executor_config={
            "overrides": {
                "cpu": "1024",
                "memory": "4096",
                "containerOverrides": [
                    {"name": "airflow", "environment": [{"name": "STAGE", "value": "test"}]}
                ],
            },
            "capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}],
        },
    )
    def as_a_request() -> None:
        """Keys of RunTask: the whole task grows, and runs on Spot, if the cluster has that provider."""

    @task(
        executor="AwsEcsFargateExecutor",
        executor_config=EcsConfig(
            environment={"STAGE": "test"},
            overrides=Overrides(cpu="1024", memory="4096"),
            capacity_provider_strategy=[CapacityProvider(capacity_provider="FARGATE_SPOT", weight=1)],
        ),
    )
    def typed() -> None:
        """The same, with completion in an editor."""

    in_short() >> as_a_request() >> typed()
