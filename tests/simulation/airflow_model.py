"""A model of the parts of Airflow's database and API server on which an executor's promises depend.

Law: every method is one transaction, in which no time passes, and names the Airflow code that it models. Rows
are changed in place. Paths are relative to the package `airflow`; `TI` is models/taskinstance.py, `API`
api_fastapi/execution_api/routes/task_instances.py, `SJR` jobs/scheduler_job_runner.py.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow.models.callback import CallbackKey
from airflow.models.taskinstancekey import TaskInstanceKey

from aws_executors.core.lifecycle.verdict import Row
from aws_executors.shell.engine.messages import RowQuery
from simulation.plan import Times

if TYPE_CHECKING:
    from airflow.executors.workloads.types import WorkloadKey

FINAL = ("success", "failed")
LIVE = ("queued", "running", "restarting")


@dataclass(slots=True)
class Instance:
    """One row of task_instance; `segment` counts how often this try was deferred or rescheduled."""

    task: str
    id: uuid.UUID
    retries: int
    max_tries: int
    queue: str = "default"
    state: str | None = None
    try_number: int = 0
    external_executor_id: str | None = None
    queued_by: int | None = None
    queued_at: float = 0.0
    ready_at: float = 0.0
    next_method: bool = False
    host: str = ""
    heartbeat: float = 0.0
    segment: int = 0
    stuck: int = 0

    @property
    def key(self) -> TaskInstanceKey:
        """Airflow's key, with the current try."""
        return TaskInstanceKey("dag", self.task, "run", self.try_number, -1)


@dataclass(slots=True)
class Callback:
    """One row of callback."""

    id: str
    state: str = "pending"
    queued_by: int | None = None

    @property
    def key(self) -> CallbackKey:
        """Airflow's key."""
        return CallbackKey(self.id)


@dataclass(slots=True)
class Job:
    """One row of job: a scheduler."""

    id: int
    heartbeat: float
    state: str = "running"


@dataclass(frozen=True, slots=True)
class Answer:
    """The API server's answer: an HTTP status."""

    status: int


@dataclass(slots=True)
class Metadata:
    """All rows, and the transactions upon them."""

    times: Times
    seed: int
    tell: Callable[[str, str], None]
    instances: dict[str, Instance] = field(default_factory=dict)
    callbacks: dict[str, Callback] = field(default_factory=dict)
    callback_tokens: dict[str, str] = field(default_factory=dict)  # token: callback
    api_down_until: float = 0.0
    jobs: dict[int, Job] = field(default_factory=dict)
    giving_back: Callable[[Instance], None] = field(init=False)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    # --- The scheduler's transactions ----------------------------------------------------------------------

    def new_id(self, kind: str) -> uuid.UUID:
        """A fresh UUID."""
        return uuid.uuid5(uuid.NAMESPACE_OID, f"{self.seed}/{kind}/{next(self._numbers)}")

    def add(self, task: str, retries: int) -> None:
        """Add a task to the DAG run."""
        self.instances[task] = Instance(task, self.new_id("ti"), retries, retries)

    def add_callback(self) -> None:
        """Add a callback, as when a deadline was missed."""
        one = Callback(str(self.new_id("callback")))
        self.callbacks[one.id] = one

    def queue_callbacks(self, job: int, most: int) -> Iterator[Callback]:
        """SJR, _enqueue_executor_callbacks."""
        waiting = [one for one in self.callbacks.values() if one.state == "pending"]
        for one in waiting[: max(0, most)]:
            one.state, one.queued_by = "queued", job
            self.tell("airflow", f"callback {one.id[:4]} queued by scheduler {job}")
            yield one

    def schedule(self, now: float) -> None:
        """Schedule what may run; a new try begins, except after a reschedule. `DagRun.schedule_tis`."""
        for one in self.instances.values():
            if one.state is None or (one.state == "up_for_retry" and one.ready_at <= now):
                one.state, one.try_number, one.segment = "scheduled", one.try_number + 1, 0
            elif one.state == "up_for_reschedule" and one.ready_at <= now:
                one.state, one.segment = "scheduled", one.segment + 1

    def queue(self, job: int, most: int, *, assigned: bool, now: float) -> Iterator[Instance]:
        """Queue up to `most` scheduled task instances, each with a fresh token or the row's own. SJR:1030."""
        waiting = [one for one in self.instances.values() if one.state == "scheduled"]
        for one in waiting[: max(0, most)]:
            one.state, one.queued_by, one.queued_at = "queued", job, now
            if assigned:
                one.external_executor_id = str(self.new_id("token"))
            self.tell("airflow", f"{one.task} try {one.try_number} queued as {short(one)} by scheduler {job}")
            yield one

    def fail(self, one: Instance, now: float) -> None:
        """TI.handle_failure: a retry, or the end. An instance that ran gets a new id, others keep theirs."""
        eligible = one.state == "restarting" or (one.retries > 0 and one.try_number <= one.max_tries)
        if eligible and one.state == "running":
            one.id = self.new_id("ti")
        one.state = "up_for_retry" if eligible else "failed"
        one.ready_at, one.next_method = now + self.times.retry_delay, False
        self.tell("airflow", f"{one.task} try {one.try_number} is {one.state}")

    def restart(self, one: Instance) -> None:
        """Let a cleared task instance go on, as its container has ended. SJR, process_executor_events."""
        one.max_tries, one.state = one.try_number + one.retries, None
        self.tell("airflow", f"{one.task} try {one.try_number} has ended after it was cleared")

    def queue_anew(self, one: Instance) -> None:
        """SJR, _reschedule_stuck_task."""
        one.state, one.queued_by, one.stuck = "scheduled", None, one.stuck + 1
        self.tell("airflow", f"{one.task} try {one.try_number} was stuck in the queue: scheduled again")

    def reset(self, one: Instance) -> None:
        """Let an instance that no executor adopts begin its next try. SJR, adopt_or_reset_orphaned_tasks."""
        one.id, one.state, one.queued_by = self.new_id("ti"), None, None
        one.external_executor_id, one.next_method = None, False
        self.tell("airflow", f"{one.task} try {one.try_number} was reset: nobody adopts it")

    def orphans(self, job: int, now: float) -> list[Instance]:
        """The live task instances of dead schedulers; silent schedulers are marked as dead first."""
        for other in self.jobs.values():
            if other.id != job and other.state == "running" and other.heartbeat < now - self.times.health:
                other.state = "failed"
                self.tell("airflow", f"scheduler {other.id} is taken for dead")
        return [
            one
            for one in self.instances.values()
            if one.state in LIVE and one.queued_by is not None and self.jobs[one.queued_by].state != "running"
        ]

    def without_heartbeat(self, job: int, now: float) -> list[Instance]:
        """SJR, _find_task_instances_without_heartbeats."""
        limit = now - self.times.heartbeat_timeout
        mine = [one for one in self.instances.values() if one.queued_by == job]
        return [one for one in mine if one.state in ("running", "restarting") and one.heartbeat < limit]

    def stuck(self, job: int, now: float) -> list[Instance]:
        """SJR, _get_tis_stuck_in_queued."""
        limit = now - self.times.queued
        mine = [one for one in self.instances.values() if one.queued_by == job]
        return [one for one in mine if one.state == "queued" and one.queued_at < limit]

    # --- The API server's ----------------------------------------------------------------------------------

    def by_id(self, ti: str) -> Instance | None:
        """The row of this id."""
        return next((one for one in self.instances.values() if str(one.id) == ti), None)

    def run(self, ti: str, host: str, expires: float, now: float) -> Answer:
        """API, ti_run: only a queued task instance can be started, with a token that is still valid."""
        if now < self.api_down_until:
            return Answer(503)
        if now > expires + self.times.leeway:
            return Answer(403)
        one = self.by_id(ti)
        if one is None:
            return Answer(404)
        if one.state not in ("queued", "restarting"):
            return Answer(409)
        one.state, one.host, one.heartbeat = "running", host, now
        return Answer(200)

    def beat(self, ti: str, host: str, now: float) -> Answer:
        """API, ti_heartbeat."""
        if now < self.api_down_until:
            return Answer(503)
        one = self.by_id(ti)
        if one is None:
            return Answer(404)
        if one.state != "running" or one.host != host:
            return Answer(409)
        one.heartbeat = now
        return Answer(200)

    def put(self, ti: str, state: str, now: float, ready: float = 0.0) -> Answer:
        """API, ti_update_state; `ready` is when a deferred or rescheduled task instance may go on."""
        if now < self.api_down_until:
            return Answer(503)
        one = self.by_id(ti)
        if one is None:
            return Answer(404)
        if one.state != "running":
            return Answer(200 if one.state == state else 409)
        if state == "failed" and one.retries > 0 and one.try_number <= one.max_tries:
            state, one.id = "up_for_retry", self.new_id("ti")
        one.state, one.next_method = state, state == "deferred"
        one.ready_at = ready if state in ("deferred", "up_for_reschedule") else now + self.times.retry_delay
        return Answer(200)

    def trigger(self, ti: str) -> None:
        """Fire the trigger: the same try goes on. models/trigger.py, Trigger.submit_event."""
        one = self.by_id(ti)
        if one is not None and one.state == "deferred":
            one.state, one.segment = "scheduled", one.segment + 1

    # --- A person's ----------------------------------------------------------------------------------------

    def clear(self, one: Instance) -> None:
        """TI, clear_task_instances."""
        one.id = self.new_id("ti")
        if one.state == "running":
            one.state = "restarting"
        else:
            one.max_tries, one.state = one.try_number + one.retries, None
            one.external_executor_id, one.next_method = None, False

    def mark(self, one: Instance, state: str) -> None:
        """Mark it success or failed, as a person does."""
        one.state, one.next_method = state, False

    def delete(self, one: Instance) -> None:
        """Delete the DAG run."""
        del self.instances[one.task]

    # --- Ours (shell/airflow/database.py) --------------------------------------------------------------

    def read(self, asked: Mapping[str, RowQuery[WorkloadKey]]) -> dict[str, Row | None]:
        """`AirflowDatabase.read`."""
        rows = {token: self._row(one.key) for token, one in asked.items()}
        return {token: row for token, row in rows.items() if row is None or row != asked[token].known}

    def _row(self, key: object) -> Row | None:
        one = self.instances.get(key.task_id) if isinstance(key, TaskInstanceKey) else None
        if one is None:
            return None
        return Row(
            state=one.state,
            token=one.external_executor_id,
            try_number=one.try_number,
            id=one.id,
            queued_by=one.queued_by,
        )

    def fence(self, key: object, token: str) -> None:
        """`AirflowDatabase.fence`."""
        one = self._ours(key, token)
        if one is not None and one.state == "running":
            one.id, one.state = self.new_id("ti"), "restarting"
            self.tell("airflow", f"{one.task} try {one.try_number} is cut off from its container")

    def requeue(self, key: object, token: str) -> None:
        """`AirflowDatabase.requeue`."""
        one = self._ours(key, token)
        if one is None:
            return
        if one.state in LIVE:
            self.giving_back(one)
        if one.state == "queued":
            one.state = "scheduled"
        elif one.state in ("running", "restarting"):
            one.id, one.state, one.next_method = self.new_id("ti"), None, False
        else:
            return
        one.queued_by, one.external_executor_id = None, None
        self.tell("airflow", f"{one.task} try {one.try_number} is given back: {one.state}")

    def _ours(self, key: object, token: str) -> Instance | None:
        if not isinstance(key, TaskInstanceKey):
            return None
        one = self.instances.get(key.task_id)
        if one is None or one.try_number != key.try_number or one.external_executor_id not in (token, None):
            return None
        return one


def short(one: Instance) -> str:
    """The beginning of a task instance's token, for the story."""
    return (one.external_executor_id or "none")[:4]
