"""The DAG of a team, which is called as its folder is: tasks that run until a file appears beside it.

Law: Airflow's SDK only, as in anybody's DAG. A file beside this one says which executor each task names.
"""

import json
import time
from pathlib import Path

from airflow.sdk import dag, task

TEAM = Path(__file__).parent
EXECUTORS: dict[str, str | None] = json.loads((TEAM / "team.json").read_text())


@task
def waits() -> None:
    print(f"written by {TEAM.name}", flush=True)
    while not (TEAM / "over").exists():
        time.sleep(0.1)


@dag(dag_id=TEAM.name, schedule=None, catchup=False)
def team() -> None:
    """One task for each of the team's executors."""
    for task_id, executor in EXECUTORS.items():
        waits.override(task_id=task_id, executor=executor)()


team()
