"""Simulate Airflow's database for verify: one task instance for each case, in memory.

Law: to the engine this looks like Airflow's database. A row is queued with its token. It is running once AWS
has shown its container running, because no task in the container reports that to Airflow. It has its result
once the engine has reported one. A second scheduler finds the rows that the first has left.
"""

import time
from collections.abc import Collection, Mapping
from dataclasses import replace
from threading import Lock

from aws_executors.core.lifecycle.verdict import Row
from aws_executors.shell.engine.messages import RowQuery
from aws_executors.verify.proof.model import CaseTrace

GIVEN_BACK = "given back"


class PlayedRows:
    """The rows, by the case's name; each change of a row is written into its trace."""

    def __init__(self, traces: Mapping[str, CaseTrace]) -> None:
        self._lock = Lock()
        self._traces = traces
        self._rows: dict[str, Row] = {}

    def queue(self, case: str) -> None:
        """Queue the task instance, as the scheduler does."""
        self._set(case, Row(state="queued", token=self._traces[case].token, try_number=1))

    def begun(self, case: str) -> None:
        """Set the task instance to running, as AWS has shown its container running."""
        with self._lock:
            row = self._rows.get(case)
        if row is not None and row.state == "queued":
            self._set(case, replace(row, state="running"))

    def ended(self, case: str, *, success: bool) -> None:
        """Set the result that the engine has reported."""
        self._set(case, replace(self._rows[case], state="success" if success else "failed"))

    def read(self, asked: Mapping[str, RowQuery[str]]) -> Mapping[str, Row | None]:
        """The rows of these jobs, by token, without those that have not changed since they were read."""
        with self._lock:
            rows = {token: self._rows.get(one.key) for token, one in asked.items()}
        return {token: row for token, row in rows.items() if row is None or row != asked[token].known}

    def fence(self, key: str, token: str) -> None:
        """Set a running task instance to restarting."""
        with self._lock:
            row = self._rows[key]
        if row.state == "running":
            self._set(key, replace(row, state="restarting"))

    def requeue(self, key: str, token: str) -> None:
        """Let the scheduler have the task instance again."""
        self._set(key, Row(state="scheduled", token=None, try_number=1), GIVEN_BACK)

    def unfinished(self, groups: Collection[str]) -> Collection[str]:
        """All of these groups: there is no schedule here that could rule one out."""
        return groups

    def _set(self, case: str, row: Row, said: str = "") -> None:
        with self._lock:
            self._rows[case] = row
            self._traces[case].rows.append((time.time(), said or str(row.state)))
