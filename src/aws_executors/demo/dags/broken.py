"""A DAG whose task can not be started, to see where that is told, and to mend it.

Law: one mistake, in `executor_config`. It fails before anything is asked of AWS, and its Event log says why.
"""

from airflow.sdk import dag, task


@dag(dag_id="broken", schedule=None, catchup=False)
def broken() -> None:
    """One task that asks for memory, misspelled."""

    @task(executor="AwsEcsFargateExecutor", executor_config={"memry": 512})
    def wants_memory() -> str:
        return "got it"

    wants_memory()


broken()
