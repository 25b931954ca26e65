"""A model of Airflow's scheduler: the loop that calls the executor, and reads its events.

Law: a transcript of those parts of `airflow/jobs/scheduler_job_runner.py` that an executor can notice. It
makes no decision of ours, and only notifies the judge.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from airflow.executors.workloads import ExecuteCallback, ExecuteTask
from airflow.executors.workloads.base import BundleInfo
from airflow.executors.workloads.callback import CallbackDTO, CallbackFetchMethod
from airflow.executors.workloads.task import TaskInstanceDTO
from airflow.models.callback import CallbackKey
from airflow.models.taskinstancekey import TaskInstanceKey

from simulation.airflow_model import FINAL, Callback, Instance, Job, Metadata
from simulation.executors_model import AnyExecutor
from simulation.process import Died, Process
from simulation.timeline import draw

if TYPE_CHECKING:
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy import Update
    from sqlalchemy.orm import Session


class Onlooker(Protocol):
    """Is notified of what is about to happen to a task instance."""

    def about_to_fail(self, one: Instance, state: str, words: str) -> None:
        """An event of the executor is about to fail the task instance."""
        ...

    def adopted(self, one: Instance, known: bool) -> None:
        """The executor has adopted the task instance; `known` is the result of the executor's `has_task`."""
        ...

    def timed_out(self, one: Instance, what: str) -> None:
        """One of Airflow's own timeouts applies to the task instance."""
        ...

    def dropped(self, one: Instance) -> None:
        """Airflow has dropped an event of the executor."""
        ...

    def taken(self, token: str) -> None:
        """Airflow has taken this queueing back, and has informed the executor."""
        ...

    def called_back(self, one: Callback, state: str) -> None:
        """An event of the executor ends a callback."""
        ...


@dataclass(frozen=True, slots=True)
class Queueing:
    """The transaction in which a row is set to queued, to which an executor may add."""

    row: Instance

    def execute(self, statement: Update) -> None:
        """Give the row its token."""
        values = statement.compile().params
        assert values["id_1"] == self.row.id
        self.row.external_executor_id = values["external_executor_id"]


NO_SESSION = cast("Session", None)
STUCK_RETRIES = 2


@dataclass(slots=True)
class Scheduler:
    """One scheduler with its executor, from its start to its death."""

    process: Process
    metadata: Metadata
    executor: AnyExecutor
    assigned: bool
    judge: Onlooker
    paused_until: float = 0.0
    dies_after_queueing: bool = False
    locked_until: float = 0.0
    _next: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        now = self.process.line.now
        self.metadata.jobs[self.number] = Job(self.number, now)
        times = self.metadata.times
        self._next = {
            "adoption": now,
            "stuck": now + times.stuck_check,
            "purge": now + times.purge_check,
        }
        self.process.line.tell(self.process.name, "starts")
        self.process.after(0.0, self.loop)

    @property
    def number(self) -> int:
        """The id of its row in the table job."""
        return self.process.number

    def loop(self) -> None:
        """One turn of the scheduler's loop; the next one follows."""
        process, times = self.process, self.metadata.times
        now = process.line.now
        if now < self.paused_until:
            process.after(self.paused_until - now, self.loop)
            return
        job = self.metadata.jobs[self.number]
        job.heartbeat, job.state = now, "running"
        self._queue()
        self.executor.heartbeat()
        self._events()
        self._timers(now)
        process.after(times.loop * (0.5 + draw(process.seed, self.number, now)), self.loop)

    def terminate(self) -> None:
        """End as at SIGTERM."""
        self.process.line.tell(self.process.name, "is asked to end")
        self.executor.end()
        self.metadata.jobs[self.number].state = "success"
        self.process.alive = False
        self.process.line.tell(self.process.name, "has ended")

    def _queue(self) -> None:
        now = self.process.line.now
        self.metadata.schedule(now)
        for callback in self.metadata.queue_callbacks(self.number, self.executor.slots_available):
            self.executor.queue_workload(self._callback(callback), NO_SESSION)
        room = self.executor.slots_available
        for one in self.metadata.queue(self.number, room, assigned=self.assigned, now=now):
            self.executor.queue_workload(self._workload(one), cast("Session", Queueing(one)))
            if self.dies_after_queueing:
                self.process.die()
        if not self.process.alive:
            raise Died

    def _callback(self, one: Callback) -> ExecuteCallback:
        callback = CallbackDTO.model_construct(
            id=one.id, fetch_method=CallbackFetchMethod.IMPORT_PATH, data={}
        )
        return ExecuteCallback.model_construct(
            callback=callback,
            dag_rel_path=Path("dag.py"),
            token=self.executor.jwt_generator.generate({"sub": one.id}, 0.0),
            log_path=f"executor_callbacks/dag/run/{one.id}",
            bundle_info=BundleInfo(name="dags"),
            type="ExecuteCallback",
        )

    def _workload(self, one: Instance) -> ExecuteTask:
        token = self.executor.jwt_generator.generate({"sub": str(one.id)}, 0.0)
        dto = TaskInstanceDTO.model_construct(
            id=one.id,
            task_id=one.task,
            dag_id="dag",
            run_id="run",
            try_number=one.try_number,
            map_index=-1,
            dag_version_id=one.id,
            pool_slots=1,
            queue="default",
            priority_weight=1,
            executor_config=None,
            external_executor_id=one.external_executor_id,
        )
        return ExecuteTask.model_construct(
            ti=dto,
            dag_rel_path=Path("dag.py"),
            token=token,
            log_path="dag/run/task",
            bundle_info=BundleInfo(name="dags"),
            type="ExecuteTask",
            sentry_integration="",
        )

    # --- What the executor says ----------------------------------------------------------------------------

    def _events(self) -> None:
        """SJR, process_executor_events."""
        for key, (state, info) in self.executor.get_event_buffer().items():
            if isinstance(key, CallbackKey):
                self._callback_event(self.metadata.callbacks[str(key)], str(state))
            if not isinstance(key, TaskInstanceKey):
                continue
            one = self.metadata.instances.get(key.task_id)
            if one is None:
                continue
            if self.process.line.now < self.locked_until:
                self.process.line.tell(self.process.name, f"drops {state} of {one.task}: its row is locked")
                self.judge.dropped(one)
                continue
            self._event(one, key, str(state), info)

    def _callback_event(self, one: Callback, state: str) -> None:
        self.process.line.tell(self.process.name, f"reports {state} of callback {one.id[:4]}")
        if state in FINAL:
            self.judge.called_back(one, state)
            one.state = state

    def _event(self, one: Instance, key: TaskInstanceKey, state: str, info: object) -> None:
        if state in ("queued", "running"):
            one.external_executor_id = None if info is None else str(info)
            return
        waits = one.try_number == key.try_number and one.state in (
            "scheduled",
            "queued",
            "running",
            "restarting",
        )
        requeued = (
            one.queued_by != self.number
            or self.executor.has_task(cast("TaskInstance", one))
            or (one.state == "scheduled" and state == "success" and one.next_method)
        )
        words = f"reports {state} of {one.task} try {key.try_number}, which is {one.state}: {info}"
        self.process.line.tell(self.process.name, words)
        if not waits or requeued:
            return
        if one.state == "restarting" and state == "success":
            self.metadata.restart(one)
            return
        self.judge.about_to_fail(one, state, str(info))
        self.metadata.fail(one, self.process.line.now)

    # --- Timers --------------------------------------------------------------------------------------------

    def _timers(self, now: float) -> None:
        times = self.metadata.times
        every = (
            ("adoption", times.adoption, self._adopt),
            ("stuck", times.stuck_check, self._unstick),
            ("purge", times.purge_check, self._purge),
        )
        for name, seconds, run in every:
            if self._next[name] <= now:
                self._next[name] = now + seconds
                run(now)

    def _adopt(self, now: float) -> None:
        """SJR, adopt_or_reset_orphaned_tasks."""
        orphans = self.metadata.orphans(self.number, now)
        if not orphans:
            return
        rejected = self.executor.try_adopt_task_instances(cast("list[TaskInstance]", orphans))
        for one in orphans:
            if any(other is one for other in rejected):
                self.metadata.reset(one)
            else:
                one.queued_by = self.number
                self.process.line.tell(self.process.name, f"adopts {one.task} try {one.try_number}")
                self.judge.adopted(one, self.executor.has_task(cast("TaskInstance", one)))

    def _unstick(self, now: float) -> None:
        """SJR, _handle_tasks_stuck_in_queued."""
        for one in self.metadata.stuck(self.number, now):
            self.judge.timed_out(one, "stuck in the queue")
            self.executor.revoke_task(ti=cast("TaskInstance", one))
            self.judge.taken(one.external_executor_id or "")
            if one.stuck < STUCK_RETRIES:
                self.metadata.queue_anew(one)
            else:
                self.process.line.tell(self.process.name, f"fails {one.task}: stuck too often")
                one.state = "failed"
                self.executor.fail(one.key)

    def _purge(self, now: float) -> None:
        """SJR, _purge_task_instances_without_heartbeats."""
        for one in self.metadata.without_heartbeat(self.number, now):
            key = one.key
            self.judge.timed_out(one, "without a heartbeat")
            self.process.line.tell(self.process.name, f"purges {one.task}: no heartbeat")
            self.metadata.fail(one, now)
            self.executor.fail(key)
            self.judge.taken(one.external_executor_id or "")
