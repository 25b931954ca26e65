"""Which executors Airflow has, and that it should look anew."""

from typing import Any

from airflow.executors import executor_loader

from aws_executors.shell.ui import executor_lookup


def forget_executors() -> None:
    """Let Airflow, and us, read ``[core] executor`` again, as a process that has just begun.

    Source: the tables of ``airflow/executors/executor_loader.py``.
    """
    executor_lookup._executors.clear()
    for name in vars(executor_loader):
        known: Any = getattr(executor_loader, name)
        if name.startswith("_") and name.endswith(("executors", "executors_per_team", "_executor_names")):
            known.clear()
