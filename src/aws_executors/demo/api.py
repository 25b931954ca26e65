"""A client for the part of Airflow's public REST API that the demo needs.

Law: uses only the standard library; every response is read into a value here, and no dict of the API is
passed on.
"""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

TIMEOUT = 90.0  # seconds for one call: on a busy machine, the first call of a kind has taken more than 30


class Answered(BaseModel):
    """The members of a response that are read; other members are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class TaskTry(Answered):
    """One try of one task instance, as a response or a workload names it."""

    task_id: str
    map_index: int = -1
    try_number: int
    dag_id: str = ""

    @property
    def label(self) -> str:
        """`task` or `task[index]`."""
        return f"{self.task_id}[{self.map_index}]" if self.map_index >= 0 else self.task_id


class TaskInstance(TaskTry):
    """One task instance, as the API shows it."""

    state: str | None
    executor: str | None


class TaskInstances(Answered):
    task_instances: tuple[TaskInstance, ...]


class DagRun(Answered):
    dag_id: str
    dag_run_id: str
    state: str

    @property
    def ended(self) -> bool:
        return self.state in ("success", "failed")


class ImportFault(Answered):
    filename: str
    stack_trace: str


class ImportFaults(Answered):
    faults: tuple[ImportFault, ...] = Field(validation_alias="import_errors")


class EventLogRow(Answered):
    """One row of the event log, as the API shows it."""

    event_log_id: int
    task_id: str | None
    extra: str | None


class EventLogs(Answered):
    event_logs: tuple[EventLogRow, ...]

    @property
    def once(self) -> tuple[EventLogRow, ...]:
        """The rows without repetitions: Airflow 3.4 lists a row once for each try of its task instance."""
        return tuple({row.event_log_id: row for row in self.event_logs}.values())


class Token(Answered):
    access_token: str


@dataclass(frozen=True, slots=True)
class Api:
    """The API of one Airflow; `token` is empty before `logged_in`."""

    url: str
    token: str = ""

    def call(
        self, method: Literal["GET", "POST"], path: str, body: Mapping[str, object] | None = None
    ) -> bytes:
        """The response to one call; raises urllib's errors."""
        request = urllib.request.Request(  # noqa: S310 - the address is ours, on loopback
            f"{self.url}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"},
        )
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
            request, timeout=TIMEOUT
        ) as answer:
            content: bytes = answer.read()
        return content

    def answers(self) -> Literal[True] | None:
        """Whether the API server is up: True, or None to ask again."""
        try:
            self.call("GET", "/api/v2/version")
        except OSError:
            return None
        return True

    def logged_in(self) -> "Api":
        """The same API with a token; works where every user is an administrator."""
        return Api(self.url, Token.model_validate_json(self.call("GET", "/auth/token")).access_token)

    def has_dag(self, dag_id: str) -> Literal[True] | None:
        """Whether Airflow knows a DAG: True, or None to ask again."""
        try:
            self.call("GET", f"/api/v2/dags/{dag_id}")
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise
        return True

    def import_faults(self) -> tuple[ImportFault, ...]:
        """DAG files that could not be read."""
        return ImportFaults.model_validate_json(self.call("GET", "/api/v2/importErrors")).faults

    def trigger(self, dag_id: str) -> DagRun:
        """Start a run of a DAG now."""
        return DagRun.model_validate_json(
            self.call("POST", f"/api/v2/dags/{dag_id}/dagRuns", {"logical_date": None})
        )

    def dag_run(self, run: DagRun) -> DagRun:
        """The current state of a run."""
        path = f"/api/v2/dags/{run.dag_id}/dagRuns/{path_quoted(run.dag_run_id)}"
        return DagRun.model_validate_json(self.call("GET", path))

    def task_instances(self, run: DagRun) -> tuple[TaskInstance, ...]:
        """The current state of every task instance of a run."""
        path = f"/api/v2/dags/{run.dag_id}/dagRuns/{path_quoted(run.dag_run_id)}/taskInstances?limit=1000"
        return TaskInstances.model_validate_json(self.call("GET", path)).task_instances

    def event_logs(self, run: DagRun, event: str) -> tuple[EventLogRow, ...]:
        """A run's rows for one event in the event log."""
        query = urllib.parse.urlencode(
            {"dag_id": run.dag_id, "run_id": run.dag_run_id, "event": event, "limit": 1000}
        )
        return EventLogs.model_validate_json(self.call("GET", f"/api/v2/eventLogs?{query}")).once


def path_quoted(run_id: str) -> str:
    """A run id as part of a path, with its colons and its plus sign escaped.

    >>> path_quoted("manual__2026-01-01T00:00:00+00:00")
    'manual__2026-01-01T00%3A00%3A00%2B00%3A00'
    """
    return urllib.parse.quote(run_id, safe="")
