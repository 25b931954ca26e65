"""Task instances in Airflow's database, made and changed as by Airflow's own components.

Law: verbs on real rows; nothing of Airflow is replaced. Import it inside tests only, after `conftest.py` has
set Airflow's home.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from airflow.executors.base_executor import BaseExecutor
from airflow.executors.workloads import BundleInfo, ExecuteTask
from airflow.executors.workloads import TaskInstance as TaskInstanceDTO
from airflow.models.dag import DagModel
from airflow.models.dagbundle import DagBundleModel
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.models.taskinstancekey import TaskInstanceKey
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from airflow.utils.types import DagRunTriggeredByType, DagRunType
from sqlalchemy import insert, select, update

from aws_executors.shell.airflow.compat import row_id
from support.airflow_features import PRE_ASSIGNS, has

BUNDLE = "tests"
NEW_DAG: Callable[..., DagModel] = DagModel  # its __init__ has no types


@dataclass(kw_only=True)
class Given:
    """One task instance, and the workload that the scheduler would queue for it.

    `id` has the type of the row's column.
    """

    key: TaskInstanceKey
    id: uuid.UUID
    token: str
    executor_config: object = field(default_factory=dict)
    queue: str = "default"
    priority: int = 1

    def workload(self, token: str | None = "assigned") -> ExecuteTask:
        """The workload that the scheduler queues; with `token` None, Airflow assigns no token to it."""
        dto = TaskInstanceDTO.model_construct(
            id=uuid.UUID(str(self.id)),
            task_id=self.key.task_id,
            dag_id=self.key.dag_id,
            run_id=self.key.run_id,
            try_number=self.key.try_number,
            map_index=self.key.map_index,
            dag_version_id=uuid.uuid4(),
            pool_slots=1,
            queue=self.queue,
            priority_weight=self.priority,
            executor_config=cast("dict[str, object]", self.executor_config),
            external_executor_id=self.token if token == "assigned" else token,
        )
        return ExecuteTask.model_construct(
            ti=dto,
            dag_rel_path=Path("dag.py"),
            token="eyJhbGciOiJIUzUxMiJ9.eyJzdWIiOiJ0ZXN0In0.c2lnbmF0dXJl",
            log_path="dag/run/task",
            bundle_info=BundleInfo(name=BUNDLE),
            type="ExecuteTask",
            sentry_integration="",
        )

    def becomes(self, state: str | None, **columns: object) -> None:
        """Change the row, as some other component would."""
        with create_session(scoped=False) as session:
            session.execute(
                update(TaskInstance)
                .where(TaskInstance.task_id == self.key.task_id, TaskInstance.run_id == self.key.run_id)
                .values(state=state, **columns)
            )

    def row(self) -> TaskInstance:
        """The row as it is now."""
        with create_session(scoped=False) as session:
            query = select(TaskInstance).where(
                TaskInstance.task_id == self.key.task_id, TaskInstance.run_id == self.key.run_id
            )
            found = session.scalars(query).one()
            assert found.key.dag_id  # load what a detached row must have
            session.expunge_all()
            return found

    def deleted(self) -> None:
        """Delete the DAG run, as a person would."""
        with create_session(scoped=False) as session:
            for ti in session.scalars(select(TaskInstance).where(TaskInstance.run_id == self.key.run_id)):
                session.delete(ti)


def queue_up(executor: BaseExecutor, *givens: Given, token: str | None = "assigned") -> None:
    """Queue as the scheduler does; if Airflow assigns no tokens, each instance gets the executor's token."""
    with create_session(scoped=False) as session:
        for given in givens:
            executor.queue_workload(given.workload(token), session)
            if token == "assigned" and not has(PRE_ASSIGNS):
                query = select(TaskInstance.external_executor_id).where(TaskInstance.id == given.id)
                given.token = str(session.scalar(query))


def task_instance(
    name: str = "task",
    *,
    state: str = "queued",
    executor_config: object = None,
    queue: str = "default",
    priority: int = 1,
) -> Given:
    """A task instance in a DAG run of its own."""
    run_id, token, ti_id = f"run-{uuid.uuid4()}", str(uuid.uuid4()), row_id(uuid.uuid4())
    now = datetime.now(UTC)
    with create_session(scoped=False) as session:
        if session.get(DagBundleModel, BUNDLE) is None:
            session.add(DagBundleModel(name=BUNDLE))
            session.flush()
        if session.get(DagModel, "dag") is None:
            session.add(
                NEW_DAG(dag_id="dag", bundle_name=BUNDLE, fileloc="dag.py", relative_fileloc="dag.py")
            )
            session.flush()
        session.add(
            DagRun(
                dag_id="dag",
                run_id=run_id,
                run_type=DagRunType.MANUAL,
                state=DagRunState.RUNNING,
                run_after=now,
                triggered_by=DagRunTriggeredByType.TEST,
            )
        )
        session.flush()
        session.execute(
            insert(TaskInstance).values(
                id=ti_id,
                dag_id="dag",
                task_id=name,
                run_id=run_id,
                map_index=-1,
                try_number=1,
                max_tries=0,
                pool="default_pool",
                pool_slots=1,
                queue=queue,
                priority_weight=priority,
                state=state,
                external_executor_id=token,
                queued_dttm=now,
            )
        )
    return Given(
        key=TaskInstanceKey("dag", name, run_id, 1, -1),
        id=ti_id,
        token=token,
        executor_config=executor_config or {},
        queue=queue,
        priority=priority,
    )
