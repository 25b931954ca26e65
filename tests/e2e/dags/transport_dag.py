"""DAGs whose workloads are too large, too late, not allowed to be stored, or in the same container.

Law: Airflow's SDK only, as in anybody's DAG.
"""

from datetime import timedelta
from pathlib import Path

from airflow.sdk import dag, task
from airflow.sdk.definitions.callback import SyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

ECS = "AwsEcsFargateExecutor"
BATCH = "AwsBatchExecutor"
SLOW = "slow"  # a queue whose tokens are valid for a few seconds
WARM = "warm"  # a queue whose tasks share containers
RECEIVED = Path(__file__).with_name("received")
KB_20 = 20 * 1024
ON_ECS = {"environment": [{"name": "MANIFEST", "value": "x" * 7_800}]}  # with a workload, more than 8192
TOO_MUCH = {"cpu": "4096", "memory": "30720"}  # more than it needs
ON_BATCH = {"environment": [{"name": "MANIFEST", "value": "x" * 30_000}]}  # with a workload, more than 30 KiB


def received(manifest: str = "", **kwargs: object) -> None:
    """A callback with 20 KB of arguments, all of which are part of its workload."""
    RECEIVED.write_text(str(len(manifest)))


@task
def nothing() -> None:
    """Is done at once."""


@dag(dag_id="waiting", schedule=None, catchup=False)
def waiting() -> None:
    nothing.override(task_id="waits", executor=BATCH, queue=SLOW)()


@dag(
    dag_id="large",
    schedule=None,
    catchup=False,
    deadline=DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=timedelta(seconds=1),
        callback=SyncCallback(received, kwargs={"manifest": "x" * KB_20}, executor=ECS),
    ),
)
def large() -> None:
    nothing.override(task_id="small", executor=ECS)()
    nothing.override(task_id="on_ecs", executor=ECS, executor_config=ON_ECS | {"overrides": TOO_MUCH})()
    nothing.override(task_id="on_batch", executor=BATCH, executor_config=ON_BATCH)()


@dag(dag_id="denied", schedule=None, catchup=False)
def denied() -> None:
    again = {"retries": 9, "retry_delay": timedelta(seconds=3)}
    nothing.override(task_id="inline", executor=ECS)()
    nothing.override(task_id="stored", executor=ECS, executor_config=ON_ECS, **again)()


@dag(dag_id="chained", schedule=None, catchup=False)
def chained() -> None:
    for executor, name in ((ECS, "ecs"), (BATCH, "batch")):
        first, second, third = (
            nothing.override(task_id=f"{name}_{number}", executor=executor, queue=WARM)() for number in "123"
        )
        first >> second >> third


waiting()
large()
denied()
chained()
