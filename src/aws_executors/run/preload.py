"""Import once, in the parent, all that Airflow's supervisor and task runner need before user code.

Law: only Airflow's modules, never user code: no DAG file, no plugin. A module that this version of Airflow
does not have is skipped. The garbage collector is off during the imports, because imported objects stay:
scanning them again and again, or all of them after the fork, would slow down the start.
"""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module

MODULES = (
    "airflow.sdk.execution_time.supervisor",
    "airflow.sdk.execution_time.task_runner",
    "airflow.executors.workloads",
    # What the supervisor and the task runner import when they start.
    "airflow.executors.base_executor",
    "airflow.dag_processing.bundles.local",
    "airflow.dag_processing.dagbag",
    "airflow.plugins_manager",
    "airflow.sdk.definitions.connection",
    "airflow.sdk._shared.logging.factory",
    "airflow.sdk._shared.logging.remote",
    "airflow.serialization.serialized_objects",
    "airflow.utils.cli",
    "aws_executors.run.exit_codes",
    "jinja2.ext",
    "setproctitle",
)


FOR_MANY = (
    "airflow.providers.standard.decorators.bash",
    "airflow.providers.standard.decorators.python",
    "airflow.providers.standard.operators.bash",
    "airflow.providers.standard.operators.python",
    "airflow.sdk",
)
"""What most DAG files import (0.2 CPU seconds); preloaded only in containers that run several workloads."""


def preload() -> None:
    """Import all of `MODULES`."""
    for module in MODULES:
        with suppress(ModuleNotFoundError):
            import_module(module)


def preload_for_many() -> None:
    """Import `MODULES` and `FOR_MANY` for several workloads, and make the folder of Airflow's logs.

    Otherwise the first workload would make that folder, which would count as files that it left behind.
    """
    preload()
    for module in FOR_MANY:
        with suppress(ImportError):  # the provider is not installed, or incomplete
            import_module(module)
    _read_certificates()
    from airflow.configuration import conf

    with suppress(OSError):  # the root may be read-only, and the logs may go elsewhere
        os.makedirs(conf.get("logging", "base_log_folder"), exist_ok=True)


def _read_certificates() -> None:
    """Let Airflow's API client read the certificates once, for all forks: this takes 0.1 CPU seconds."""
    with suppress(Exception):  # another Airflow may have another client: then each workload reads them
        from airflow.sdk.api.client import Client

        Client(base_url="http://localhost/", token="").close()


@contextmanager
def without_collecting() -> Iterator[None]:
    """Switch the garbage collector off in this block; objects that exist at its end are never scanned."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
