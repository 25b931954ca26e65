"""The demo's DAG, with one task for each kind of work that an executor must handle.

Law: uses only Airflow's SDK and the standard provider, like any DAG; the image needs nothing of this package.
"""

import os
from collections.abc import Mapping
from datetime import timedelta

from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import BaseOperator, Context, dag, get_current_context, task

ECS = "AwsEcsFargateExecutor"
BATCH = "AwsBatchExecutor"
GREETING = "written in executor_config"


class Pause(BaseOperator):
    """Leaves its container while it waits, and continues in another container: two containers, one try."""

    def execute(self, context: Context) -> None:
        self.defer(trigger=TimeDeltaTrigger(timedelta(seconds=1)), method_name="resume")

    def resume(self, context: Context, event: Mapping[str, object] | None = None) -> None:
        self.log.info("resumed")


@task(executor=ECS)
def plain() -> str:
    return "a container on ECS/Fargate"


@task(executor=BATCH)
def mapped(number: int) -> int:
    return number * number


@task(executor=BATCH, executor_config={"environment": [{"name": "GREETING", "value": GREETING}]})
def configured() -> str:
    if os.environ.get("GREETING") != GREETING:
        raise ValueError("the environment of executor_config did not arrive in the container")
    return GREETING


@task(executor=BATCH, retries=1, retry_delay=timedelta(seconds=1))
def retrying() -> int:
    try_number = int(get_current_context()["ti"].try_number)
    if try_number == 1:
        raise RuntimeError("the first try fails, as planned")
    return try_number


@task(executor=ECS, executor_config={"taskDefinition": "airflow-with-sidecar"})
def sidecar() -> str:
    return "beside another container"


@dag(dag_id="demo", schedule=None, catchup=False)
def demo() -> None:
    """Tasks on Batch and on ECS/Fargate, in one DAG."""
    # The slowest tasks start first.
    Pause(task_id="deferrable", executor=ECS, priority_weight=3)
    retrying.override(priority_weight=2)()
    plain()
    configured()
    sidecar()
    mapped.expand(number=[2, 3])


demo()
