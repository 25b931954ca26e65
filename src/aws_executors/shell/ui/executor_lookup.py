"""Find the executor that runs a task instance, and the token of its container.

Law: for the API server, which creates executors but never starts them. A few small queries, in a session of
their own. For a task of one of Airflow's or a provider's executors the result is None, and nothing is
imported.
"""

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.executors.executor_loader import ExecutorLoader
from airflow.models import Log
from airflow.utils.session import create_session
from sqlalchemy import select
from sqlalchemy.sql.functions import func

from aws_executors.core.lifecycle.policy import FAILED
from aws_executors.core.redact.outgoing import MOST
from aws_executors.shell.airflow import compat
from aws_executors.shell.airflow.executor import AwsExecutor
from aws_executors.shell.airflow.features import UnsupportedError
from aws_executors.shell.ui.links import Trace

if TYPE_CHECKING:
    from airflow.models.taskinstancekey import TaskInstanceKey
    from airflow.sdk.types import TaskInstanceKey as SdkKey
    from sqlalchemy.orm import Session

NOT_OURS = ("airflow.executors.", "airflow.providers.")
"""Packages whose executors cannot be ours. (A user's subclass of our executors may be anywhere else.)"""

_executors: dict[tuple[str, str | None], "AwsExecutor[Any, Any] | None"] = {}
_lock = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorLookup:
    """One queueing of a task instance: its executor, its token, and its container's trace in the database."""

    executor: "AwsExecutor[Any, Any]"
    token: str
    trace: Trace


def queueing_of(key: "TaskInstanceKey | SdkKey") -> ExecutorLookup | None:
    """The last queueing of this try; None if the try was never queued, or if its executor is not one of ours
    or not configured any more.

    Raises what SQLAlchemy and Airflow raise.
    """
    row = _row(key)
    if row is None:
        return None
    executor_name, token, trace = row
    try:
        executor = executor_of(executor_name, key.dag_id)
    except UnsupportedError:
        return None
    return (
        None if executor is None or not token else ExecutorLookup(executor=executor, token=token, trace=trace)
    )


def _row(key: "TaskInstanceKey | SdkKey") -> tuple[str | None, str | None, Trace] | None:
    with create_session(scoped=False) as session:
        for model in compat.tables_of_tries():
            query = select(
                model.executor, model.external_executor_id, model.hostname, model.start_date, model.end_date
            ).where(*_is(model, key))
            found = session.execute(query, execution_options=compat.ALL_TRIES).first()
            if found is not None:
                executor, token, host, began, ended = found
                return (
                    executor,
                    token,
                    Trace(host=host or "", words=_words(session, key), began=began, ended=ended),
                )
    return None


def _words(session: "Session", key: "TaskInstanceKey | SdkKey") -> str:
    """This try's failure message, which names the container; empty if there is none."""
    words = func.substr(Log.extra, 1, MOST)
    query = select(words).where(*_is(Log, key), Log.event.in_(FAILED)).order_by(Log.id.desc()).limit(1)
    return session.scalar(query) or ""


def _is(model: Any, key: "TaskInstanceKey | SdkKey") -> tuple[Any, ...]:
    return tuple(
        getattr(model, name) == getattr(key, name)
        for name in ("dag_id", "task_id", "run_id", "map_index", "try_number")
    )


def executor_of(name: str | None, dag_id: str) -> "AwsExecutor[Any, Any] | None":
    """The executor of a task of this DAG that names `name`, created once per process and never started; None
    if it is not one of ours."""
    called = name or "", compat.teams_of((dag_id,)).get(dag_id)
    with _lock:
        if called not in _executors:
            _executors[called] = _made(*called)
        return _executors[called]


def _made(name: str, team: str | None) -> "AwsExecutor[Any, Any] | None":
    called = compat.chosen_executor(name, team)
    if called.module_path.startswith(NOT_OURS):
        return None
    executor = ExecutorLoader.load_executor(called)
    return executor if isinstance(executor, AwsExecutor) else None
