"""Isolate the differences between Airflow versions in the container.

Law: the only module of `run` that may depend on the version of Airflow; `shell/airflow/compat.py` is its
counterpart in the scheduler. It tests for features, never for version numbers. All other code is written for
Airflow 3.3; this module compensates for what older versions lack, and for what 3.4 does differently.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from aws_executors.run.first_process import readable

if TYPE_CHECKING:
    import httpx
    from airflow.executors.workloads import ExecuteCallback, ExecuteTask

OF_A_FILE = "unusual_prefix_"
"""The prefix of the names that Airflow gives to the modules of DAG files. Source:
`get_unique_dag_module_name` of ``airflow/utils/file.py``."""
CONFLICT = 409  # the API server's answer for a task that may not start
UNPROCESSABLE = 422  # the API server's answer to a call whose members it does not know
# The ends of the API paths to which a task reports that it begins, and to which it reports its state.
BEGINNING, STATE = "/run", "/state"


def image_airflow() -> str:
    """This Airflow's version, for messages.

    >>> image_airflow().startswith("3.")
    True
    """
    return version("apache-airflow-core")


def http_library() -> Any:
    """The library that Airflow's client of its API server is made with: httpx, from 3.4 on httpx2."""
    client: Any = import_module("airflow.sdk.api.client")
    return getattr(client, "httpx2", None) or client.httpx


def already_running() -> tuple[type[BaseException], ...]:
    """The errors that mean that another container runs the task; none before 3.2 (see `is_held`)."""
    from airflow.sdk import exceptions

    kind: type[BaseException] | None = getattr(exceptions, "TaskAlreadyRunningError", None)
    return () if kind is None else (kind,)


def is_held(answer: "httpx.Response") -> bool:
    """Whether this answer to "I start" says that another container runs the task (3.4 by a `reason`, too).

    >>> import httpx
    >>> is_held(httpx.Response(409, json={"detail": {"previous_state": "running"}}))
    True
    >>> is_held(httpx.Response(409, json={"detail": {"previous_state": "success"}}))
    False
    >>> is_held(httpx.Response(409, json={"detail": {"previous_state": "restarting",
    ...                                              "reason": "running_elsewhere"}}))
    True
    >>> is_held(httpx.Response(409)), is_held(httpx.Response(200))
    (False, False)
    """
    if answer.status_code != CONFLICT:
        return False
    try:
        detail = answer.json()["detail"]
        return bool(detail["previous_state"] == "running" or detail["reason"] == "running_elsewhere")
    except (ValueError, KeyError, TypeError):
        return False


def kinds() -> tuple[type, ...]:
    """The kinds of workloads that can run in a container: tasks and, from 3.2 on, callbacks."""
    from airflow.executors import workloads

    callback: type | None = getattr(workloads, "ExecuteCallback", None)
    return (workloads.ExecuteTask,) if callback is None else (workloads.ExecuteTask, callback)


def asks_first(workload: "ExecuteTask | ExecuteCallback") -> bool:
    """Whether this workload asks the API server if it may begin: a task always, a callback from 3.4 on."""
    from airflow.executors.workloads import ExecuteTask
    from airflow.sdk.api.client import Client

    return isinstance(workload, ExecuteTask) or hasattr(Client, "callbacks")


def run_workload(workload: "ExecuteTask | ExecuteCallback") -> int:
    """Run a workload as this Airflow's own launcher does; returns the exit code of the supervised process.

    Source: ``airflow/sdk/execution_time/execute_workload.py``; from 3.3 on the executors have `run_workload`.
    """
    from airflow.executors.base_executor import BaseExecutor
    from airflow.executors.workloads import ExecuteTask
    from airflow.sdk.log import configure_logging

    configure_logging(output=sys.stdout.buffer, json_output=True)
    if sys.platform == "linux":
        _hear_the_end()
    if hasattr(BaseExecutor, "run_workload"):
        _tell_the_task()
        return BaseExecutor.run_workload(workload, subprocess_logs_to_stdout=True)
    return _supervised(workload) if isinstance(workload, ExecuteTask) else _called_back(workload)


def _tell_the_task() -> None:
    """Let a stop signal reach the task, or end a workload without a task, if Airflow would wait instead.

    From 3.4 on, Airflow's supervisor only logs the signal, and waits for the task. But the platform kills the
    container soon after, and `on_kill` should be called before. The task's end is still reported to Airflow.

    Source: `_warm_shutdown_signals` of ``airflow/sdk/execution_time/coordinator.py``.
    """
    from airflow.sdk.execution_time import coordinator, supervisor

    kept_on: Any = coordinator
    if hasattr(kept_on, "_warm_shutdown_signals"):
        kept_on._warm_shutdown_signals = nullcontext
        _forward_signals(supervisor)


def _forward_signals(supervisor: Any) -> None:
    """Have the supervisor forward SIGTERM and SIGINT to its task, so that the task's `on_kill` is called.

    Only Airflow 3.3 does so itself. Source: `ActivitySubprocess.wait` of
    ``airflow/sdk/execution_time/supervisor.py``.
    """
    kind = supervisor.ActivitySubprocess
    wait = kind.wait

    def wait_and_forward(self: Any) -> int:
        with _forwarded_to(self.pid):
            return int(wait(self))

    kind.wait = wait_and_forward


@contextmanager
def _forwarded_to(pid: int) -> Iterator[None]:
    def forward(number: int, frame: FrameType | None) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, number)

    before = {number: signal.signal(number, forward) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _hear_the_end() -> None:
    """Have Airflow's supervisor notice at once that its task's process has ended.

    A task's process closes its last socket a moment before it ends. The supervisor then checks whether the
    process has ended; if not, as for most tasks on one CPU or beside busy processes, it checks again only
    after `[workers] min_heartbeat_interval` (5 s). So once no socket is left, the supervisor is made to wait
    for the process. A supervisor without these attributes is left unchanged.

    Source: `_monitor_subprocess` of ``airflow/sdk/execution_time/supervisor.py``.
    """
    from airflow.sdk.execution_time.supervisor import WatchedSubprocess

    kind: Any = WatchedSubprocess
    serve = getattr(kind, "_service_subprocess", None)
    if serve is None:
        return

    def serve_or_wait(self: Any, max_wait_time: float, *rest: object, **named: object) -> object:
        waited = not getattr(self, "_open_sockets", True) and _waited_for_end(self.pid, max_wait_time)
        return serve(self, 0.0 if waited else max_wait_time, *rest, **named)

    kind._service_subprocess = serve_or_wait


def _waited_for_end(child: int, seconds: float) -> bool:
    """Wait up to `seconds` for a child to end; returns False if the system cannot wait for this process."""
    try:
        end = os.pidfd_open(child)
    except OSError:  # an old kernel, or the child has been reaped
        return False
    try:
        readable(end, seconds)
    finally:
        os.close(end)
    return True


@dataclass(slots=True)
class Heard:
    """What the API server has answered: whether the workload has `begun`, the HTTP status by which it was
    `turned_away` (else 0), and whether the last report of the task's state was `not_understood`."""

    begun: bool = False
    turned_away: int = 0
    not_understood: bool = False


@contextmanager
def answers() -> Iterator[Heard]:
    """Record the API server's answers in this block.

    An API server that is older than this image does not understand every report of a state: 3.1 does not know
    3.2's report of a deferral, 3.2 not 3.3's of a retry. Source: ``airflow/sdk/api/client.py``, which reads
    each answer by the method that is wrapped here.
    """
    from airflow.sdk.api.client import ServerResponseError

    kind: Any = ServerResponseError
    heard = Heard()
    read = kind.from_response

    def from_response(answer: "httpx.Response") -> object:
        path = answer.request.url.path
        if path.endswith(STATE):
            heard.not_understood = answer.status_code == UNPROCESSABLE
        elif path.endswith(BEGINNING):
            heard.begun |= answer.is_success
            heard.turned_away = 0 if answer.is_success else answer.status_code
        return read(answer)

    kind.from_response = from_response
    try:
        yield heard
    finally:
        kind.from_response = read


# --- Before 3.3 --------------------------------------------------------------------------------------------


def _supervised(workload: Any) -> int:
    from airflow.configuration import conf
    from airflow.sdk.execution_time import supervisor

    base = conf.get("api", "base_url", fallback="/")
    if base.startswith("/"):
        base = f"http://localhost:8080{base}"
    sentry = getattr(workload, "sentry_integration", None)
    _forward_signals(supervisor)
    left: int = supervisor.supervise(
        ti=workload.ti,
        dag_rel_path=workload.dag_rel_path,
        bundle_info=workload.bundle_info,
        token=workload.token,
        server=conf.get("core", "execution_api_server_url", fallback=f"{base.rstrip('/')}/execution/"),
        log_path=workload.log_path,
        subprocess_logs_to_stdout=True,
        **({} if sentry is None else {"sentry_integration": sentry}),
    )
    return left


def _called_back(workload: Any) -> int:
    """Call a callback in this process, with its DAG bundle's folder on the path.

    A callback that is defined in the DAG's own file can be called, too; Airflow's own executors can do that
    from 3.3 on. Source: `_execute_callback` of ``airflow/executors/local_executor.py`` in 3.2.
    """
    import structlog

    manager: Any = import_module("airflow.dag_processing.bundles.manager")
    callbacks: Any = import_module("airflow.executors.workloads.callback")
    wanted = workload.bundle_info
    bundle = manager.DagBundlesManager().get_bundle(name=wanted.name, version=wanted.version)
    bundle.initialize()
    sys.path.append(str(bundle.path))
    module = str(workload.callback.data.get("path", "")).rpartition(".")[0]
    if module.startswith(OF_A_FILE):
        _load(module, Path(bundle.path) / workload.dag_rel_path)
    log = structlog.get_logger(logger_name="callback")
    succeeded, problem = callbacks.execute_callback_workload(workload.callback, log)
    if not succeeded:
        log.error("The callback has failed", problem=problem)
    return int(not succeeded)


def _load(name: str, file: Path) -> None:
    """Import a file as a module of this name."""
    spec = spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        return  # the later import of `name` raises ModuleNotFoundError
    sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])
