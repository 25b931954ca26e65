"""What Airflow hands over, turned into what a builder may know.

Law: the only place that knows the shape of Airflow's workloads. A workload's token is a secret: it is in the
command, and nowhere else.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

from airflow.executors.workloads import ExecuteTask
from returns.result import Result

from aws_executors.core.compose import built
from aws_executors.core.launch import Launch, Task
from aws_executors.core.settings import Settings
from aws_executors.shell.configure import Configured

if TYPE_CHECKING:
    from airflow.api_fastapi.auth.tokens import JWTGenerator
    from airflow.executors.workloads import ExecuteCallback
    from airflow.executors.workloads.types import WorkloadKey

    Workload: TypeAlias = ExecuteTask | ExecuteCallback

S = TypeVar("S", bound=Settings)
R = TypeVar("R")

RUN = ("python", "-m", "airflow.sdk.execution_time.execute_workload", "--json-string")

URGENT = 2**20
"""Callbacks finish work that has begun, so they go before tasks, as in Airflow's own queue."""


def command(workload: "Workload") -> tuple[str, ...]:
    """What the container runs; works in every image that has Airflow in the same version.

    Source: ``airflow/sdk/execution_time/execute_workload.py``.
    """
    return (*RUN, workload.model_dump_json())


def fresh(workload: "Workload", generator: "JWTGenerator") -> "Workload":
    """The same workload with a new token, valid from now on for as long as a task may wait in the queue."""
    subject = workload.ti.id if isinstance(workload, ExecuteTask) else workload.callback.id
    return workload.model_copy(update={"token": workload.generate_token(str(subject), generator)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One workload, task or callback, as far as an executor must tell them apart.

    `token` is what Airflow has assigned to this queueing, None where it assigns nothing (callbacks, and some
    ways of configuring several executors). `has_row` says whether a task instance's row stands behind it.
    """

    workload: "Workload" = field(repr=False)
    key: "WorkloadKey"
    task: Task
    token: str | None
    has_row: bool
    priority: int
    queue: str = "default"
    executor_config: object = field(default_factory=dict)


def parcel_of(workload: "Workload") -> Parcel:
    """The workload as a parcel."""
    if isinstance(workload, ExecuteTask):
        ti = workload.ti
        return Parcel(
            workload=workload,
            key=ti.key,
            task=Task(
                dag_id=ti.dag_id,
                task_id=ti.task_id,
                run_id=ti.run_id,
                try_number=ti.try_number,
                map_index=ti.map_index,
            ),
            token=ti.external_executor_id,
            has_row=True,
            priority=ti.priority_weight,
            queue=ti.queue,
            executor_config={} if ti.executor_config is None else ti.executor_config,
        )
    # executor_callbacks/<dag id>/<run id>/<callback id>: the only place where a callback names its DAG
    _, dag_id, run_id, *_ = [*(workload.log_path or "").split("/"), "", "", ""]
    task = Task(dag_id=dag_id, task_id="callback", run_id=run_id)
    return Parcel(workload=workload, key=workload.key, task=task, token=None, has_row=False, priority=URGENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe(Generic[S, R]):
    """Builds the request of each attempt for one parcel; the first with Airflow's token, later ones with a
    fresh one, because a workload's token dies with the time that a task may wait in the queue.

    `seal` is the last step, after whatever builder a person has named: the container can be found again.
    """

    configured: Configured[S, R]
    request_type: type[R]
    seal: Callable[[Launch[S], R], R]
    parcel: Parcel
    token: str
    generator: "JWTGenerator"

    def __call__(self, attempt: int) -> Result[R, str]:
        """The request of this attempt, or in words why there can be none."""
        parcel = self.parcel
        workload = parcel.workload if attempt == 1 else fresh(parcel.workload, self.generator)
        launch = Launch(
            task=parcel.task,
            command=command(workload),
            queue=parcel.queue,
            executor_config=parcel.executor_config,
            settings=self.configured.settings,
            token=self.token,
            attempt=attempt,
        )
        return built(self.configured.build, launch, self.request_type, self.seal).alt(str)
