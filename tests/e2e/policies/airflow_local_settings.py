"""Airflow's cluster policies for its own examples: who runs them, and that nobody but us starts them.

Law: Airflow reads this file by its name, in the components that have its folder on their path. The examples
themselves stay as they are.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from airflow.sdk.definitions.timetables.assets import AssetTriggeredTimetable
from airflow.sdk.definitions.timetables.simple import NullTimetable

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from airflow.sdk import DAG

TURN = Path(os.environ["EXECUTOR_IN_TURN"])
"""A file with the executor's name, which is another one in each turn; empty where the DAGs say."""


def dag_policy(dag: "DAG") -> None:
    """No run by the clock; what assets start, they do."""
    if dag.timetable.can_be_scheduled and not isinstance(dag.timetable, AssetTriggeredTimetable):
        dag.timetable = NullTimetable()


def task_instance_mutation_hook(task_instance: "TaskInstance", dag_run: "DagRun | None" = None) -> None:
    """Each task instance goes to the executor whose turn it is."""
    task_instance.executor = TURN.read_text() or task_instance.executor
