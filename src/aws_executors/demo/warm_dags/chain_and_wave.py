"""A chain of short tasks, then two waves of them: once cold, and once in warm containers.

Law: the two DAGs differ in one line of `executor_config`.
"""

import time

from airflow.sdk import chain, dag, task

ECS = "AwsEcsFargateExecutor"
SECONDS = 0.5


def chain_and_wave(*, warm: bool) -> None:
    """Three tasks one after the other, then four at once, twice."""

    @task(executor=ECS, executor_config={"warm": warm})
    def link() -> None:
        time.sleep(SECONDS)

    @task(executor=ECS, executor_config={"warm": warm})
    def wave(number: int) -> None:
        time.sleep(SECONDS)

    links = [link.override(task_id=f"link_{number}")() for number in range(3)]
    waves = [wave.override(task_id=f"wave_{number}").expand(number=[*range(4)]) for number in range(2)]
    chain(*links, *waves)


@dag(dag_id="cold", schedule=None, catchup=False)
def cold_dag() -> None:
    chain_and_wave(warm=False)


@dag(dag_id="warm", schedule=None, catchup=False)
def warm_dag() -> None:
    chain_and_wave(warm=True)


cold_dag()
warm_dag()
