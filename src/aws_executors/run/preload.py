"""What Airflow's supervisor and task runner import on their way to user code: all of it, once, in the parent.

Law: names Airflow's modules only, never a user's: no DAG file, no plugin. A module that this Airflow does not
have is left to whoever needs it. The garbage collector rests meanwhile: what is imported stays, and looking
through it again and again, or through all of it after a fork, takes longer than the start may last.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module

MODULES = (
    "airflow.sdk.execution_time.supervisor",
    "airflow.sdk.execution_time.task_runner",
    "airflow.executors.workloads",
    # What these two import when they begin.
    "airflow.executors.base_executor",
    "airflow.dag_processing.bundles.local",
    "airflow.dag_processing.dagbag",
    "airflow.plugins_manager",
    "airflow.sdk.definitions.connection",
    "airflow.sdk._shared.logging.factory",
    "airflow.sdk._shared.logging.remote",
    "airflow.serialization.serialized_objects",
    "airflow.utils.cli",
    "aws_executors.run.ends",
    "jinja2.ext",
    "setproctitle",
)


def preload() -> None:
    """Import them."""
    for module in MODULES:
        with suppress(ModuleNotFoundError):
            import_module(module)


@contextmanager
def without_collecting() -> Iterator[None]:
    """The garbage collector rests in this block, and leaves alone for ever what was made in it."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
