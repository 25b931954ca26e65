"""The DAG of executors side by side: each task leaves its container and comes back in another one.

Law: Airflow's SDK and the standard provider only, as in anybody's DAG. A file beside this one says what tasks
there are and by which name each calls its executor; user code that begins writes its task into another one.
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import BaseOperator, Context, PokeReturnValue, dag, get_current_context, task

EXECUTORS: Mapping[str, str] = json.loads(Path(__file__).with_name("mixed.json").read_text())
BEGUN = Path(__file__).with_name("mixed.begun")


def begins(task_id: str) -> int:
    """How often user code of this task has begun, with this time."""
    with BEGUN.open("ab", buffering=0) as begun:
        begun.write(f"{task_id}\n".encode())
    return BEGUN.read_text().splitlines().count(task_id)


class Leaving(BaseOperator):
    """Leaves its container by a deferral."""

    def execute(self, context: Context) -> None:
        begins(self.task_id)
        self.defer(trigger=TimeDeltaTrigger(timedelta(seconds=1)), method_name="resume")

    def resume(self, context: Context, event: Mapping[str, object] | None = None) -> None:
        begins(self.task_id)


@task.sensor(poke_interval=1, timeout=600, mode="reschedule")
def looking_again() -> PokeReturnValue:
    """Leaves its container by a reschedule, and is done when it looks for the second time."""
    return PokeReturnValue(is_done=begins(get_current_context()["ti"].task_id) > 1)


@dag(dag_id="mixed", schedule=None, catchup=False)
def mixed() -> None:
    """Every task by an executor of its own."""
    for task_id, executor in EXECUTORS.items():
        if task_id.startswith("deferred"):
            Leaving(task_id=task_id, executor=executor)
        else:
            looking_again.override(task_id=task_id, executor=executor)()


mixed()
