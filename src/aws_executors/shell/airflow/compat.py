"""What differs between Airflow's versions.

Law: the only file that may depend on which Airflow this is. Airflow 3.3 is what it is written for; 3.4 puts
all queues into one (``executor_queues``) and renames the flags, and this is where that will be met.
"""

from typing import TYPE_CHECKING

from airflow.executors.base_executor import BaseExecutor
from airflow.models.callback import CallbackKey
from airflow.models.taskinstancekey import TaskInstanceKey

if TYPE_CHECKING:
    from airflow.executors.workloads.types import WorkloadKey


def take_from_queue(executor: BaseExecutor, key: "WorkloadKey") -> None:
    """Take a workload off the queue it is in; nothing happens if it is in none."""
    if isinstance(key, TaskInstanceKey):
        executor.queued_tasks.pop(key, None)
    elif isinstance(key, CallbackKey):
        executor.queued_callbacks.pop(key, None)
    else:
        executor.queued_connection_tests.pop(key, None)


def waits_in_queue(executor: BaseExecutor, key: "WorkloadKey") -> bool:
    """Whether a workload with this key waits in one of the executor's queues."""
    return key in executor.queued_tasks or key in executor.queued_callbacks
