"""Isolate the differences between Airflow versions.

Law: the only module that may depend on the version of Airflow. It is written for Airflow 3.3; Airflow 3.4
merges all queues into one (``executor_queues``) and renames the flags, which is to be handled here.
"""

from typing import TYPE_CHECKING

from airflow.executors.base_executor import BaseExecutor
from airflow.executors.executor_loader import ExecutorLoader
from airflow.models.callback import CallbackKey
from airflow.models.taskinstancekey import TaskInstanceKey

if TYPE_CHECKING:
    from airflow.executors.workloads.types import WorkloadKey


def assigns_every_token() -> bool:
    """Whether Airflow writes a new `external_executor_id` whenever it queues a task.

    It does if all configured executors ask for it. If only some do, a task that names its executor by class
    keeps what its last queueing has left: after a deferral, the token of a container that has ended. Source:
    ``airflow/jobs/scheduler_job_runner.py``, `_executable_task_instances_to_queued`.
    """
    classes = (ExecutorLoader.import_executor_cls(name)[0] for name in ExecutorLoader.get_executor_names())
    return all(getattr(one, "pre_assigns_external_executor_id", False) for one in classes)


def take_from_queue(executor: BaseExecutor, key: "WorkloadKey") -> None:
    """Remove a workload from its queue; does nothing if it is in none."""
    if isinstance(key, TaskInstanceKey):
        executor.queued_tasks.pop(key, None)
    elif isinstance(key, CallbackKey):
        executor.queued_callbacks.pop(key, None)
    else:
        executor.queued_connection_tests.pop(key, None)


def waits_in_queue(executor: BaseExecutor, key: "WorkloadKey") -> bool:
    """Whether a workload with this key is in one of the executor's queues."""
    return key in executor.queued_tasks or key in executor.queued_callbacks
