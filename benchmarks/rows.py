"""Airflow's side: a metadata database, task instances in it, and the workloads that the scheduler queues.

Law: real rows in a real SQLite file, written in bulk; nothing of Airflow is replaced. The database is made
once per run and copied for each measurement.
"""

import shutil
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow.executors.workloads import ExecuteTask
    from airflow.models.taskinstancekey import TaskInstanceKey

DAG, BUNDLE, PER_RUN = "etl_daily", "dags-folder", 50
TOKEN = "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9." + "A" * 300 + "." + "B" * 86


def environment(home: Path) -> dict[str, str]:
    """The variables that make a directory an Airflow home."""
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__API_AUTH__JWT_SECRET": "a secret of these benchmarks, long enough for HS512, so 64 bytes",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW_CONN_AWS_DEFAULT": "aws://",
    }


def make_database() -> None:
    """Make this Airflow home's database, in which readers do not wait for writers, as on a server."""
    from airflow.settings import engine
    from airflow.utils.db import initdb

    initdb()
    assert engine is not None
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")


def copy_database(source: Path, home: Path) -> Path:
    """Copy a database into an Airflow home; returns the copy's path."""
    home.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(source / "airflow.db", home / "airflow.db"))


@dataclass(frozen=True, slots=True)
class Row:
    """One task instance, with what is needed to make its workload later."""

    id: uuid.UUID
    token: str
    task_id: str
    run_id: str
    dag_id: str = DAG
    queue: str = "default"

    def key(self) -> "TaskInstanceKey":
        """Airflow's key."""
        from airflow.models.taskinstancekey import TaskInstanceKey

        return TaskInstanceKey(self.dag_id, self.task_id, self.run_id, 1, -1)


def planned(count: int) -> list[Row]:
    """So many task instances, `PER_RUN` to a DAG run."""
    return [
        Row(uuid.uuid4(), str(uuid.uuid4()), f"transform_{n % PER_RUN:03d}", f"scheduled__{n // PER_RUN:04d}")
        for n in range(count)
    ]


def insert_rows(rows: Sequence[Row], state: str | None = "queued") -> None:
    """Write the rows, in this state, with their DAGs and DAG runs."""
    from airflow.models.dag import DagModel
    from airflow.models.dagbundle import DagBundleModel
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState
    from airflow.utils.types import DagRunTriggeredByType, DagRunType
    from sqlalchemy import insert

    now = datetime.now(UTC)
    new_dag: Callable[..., DagModel] = DagModel
    with create_session(scoped=False) as session:
        session.merge(DagBundleModel(name=BUNDLE))
        session.flush()
        for dag_id in dict.fromkeys(row.dag_id for row in rows):
            session.merge(
                new_dag(dag_id=dag_id, bundle_name=BUNDLE, fileloc="dag.py", relative_fileloc="dag.py")
            )
        session.flush()
        for dag_id, run_id in dict.fromkeys((row.dag_id, row.run_id) for row in rows):
            session.add(
                DagRun(
                    dag_id=dag_id,
                    run_id=run_id,
                    run_type=DagRunType.MANUAL,
                    state=DagRunState.RUNNING,
                    run_after=now,
                    triggered_by=DagRunTriggeredByType.TEST,
                )
            )
        session.flush()
        values = [
            {
                "id": row.id,
                "dag_id": row.dag_id,
                "task_id": row.task_id,
                "run_id": row.run_id,
                "map_index": -1,
                "try_number": 1,
                "max_tries": 0,
                "pool": "default_pool",
                "pool_slots": 1,
                "queue": row.queue,
                "priority_weight": 1,
                "state": state,
                "external_executor_id": row.token,
                "queued_dttm": now,
            }
            for row in rows
        ]
        session.execute(insert(TaskInstance), values)


def workload(row: Row, token: str = TOKEN) -> "ExecuteTask":
    """The workload that the scheduler makes for a task instance when it queues it: typically 1.3 KB."""
    from airflow.executors.workloads import ExecuteTask
    from airflow.executors.workloads.base import BundleInfo
    from airflow.executors.workloads.task import TaskInstanceDTO

    ti = TaskInstanceDTO(
        id=row.id,
        dag_version_id=row.id,
        task_id=row.task_id,
        dag_id=row.dag_id,
        run_id=row.run_id,
        try_number=1,
        map_index=-1,
        pool_slots=1,
        queue=row.queue,
        priority_weight=1,
        executor_config={},
        external_executor_id=row.token,
    )
    return ExecuteTask(
        ti=ti,
        dag_rel_path=Path("etl/daily.py"),
        token=token,
        log_path=f"dag_id={row.dag_id}/run_id={row.run_id}/task_id={row.task_id}/attempt=1.log",
        bundle_info=BundleInfo(name=BUNDLE),
        type="ExecuteTask",
        sentry_integration="",
    )


if __name__ == "__main__":
    make_database()
