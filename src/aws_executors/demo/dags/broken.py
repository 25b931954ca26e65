"""A DAG whose task cannot be started, to show where the reason is reported, and to be fixed.

Law: one mistake, in `executor_config`. The task fails before any call to AWS, and its Event log says why.
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
