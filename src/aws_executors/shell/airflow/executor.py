"""Airflow's executor interface, implemented by the engine.

Law: glue and nothing else. What the scheduler calls runs in its only thread: nothing waits, no task's data
can harm another task, and nothing is raised, with two exceptions: `start` ends the scheduler by an error with
all faults of the settings, and `queue_workload` passes on errors of the database.

Source: ``airflow/executors/base_executor.py``, ``airflow/jobs/scheduler_job_runner.py``.
"""

import uuid
from collections import deque
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from airflow.executors.base_executor import PARALLELISM, BaseExecutor
from airflow.executors.workloads import ExecuteTask
from airflow.models.taskinstancekey import TaskInstanceKey
from airflow.utils.state import State
from returns.methods import unwrap_or_failure
from returns.result import Result

from aws_executors.core.aws.service import Service
from aws_executors.core.cost.record import WARM_CONTAINER
from aws_executors.core.lifecycle.effects import LogEvent, Report
from aws_executors.core.lifecycle.policy import CONTAINER_FAILED
from aws_executors.core.redact.outgoing import one_line
from aws_executors.core.settings.base import Settings
from aws_executors.core.settings.errors import SettingsError, SettingsFaults
from aws_executors.shell.airflow import compat, features
from aws_executors.shell.airflow.compat import ExecuteCallback
from aws_executors.shell.airflow.configuration.configured import Configured, configure
from aws_executors.shell.airflow.configuration.connection import from_airflow
from aws_executors.shell.airflow.current_tokens import CurrentTokens
from aws_executors.shell.airflow.database import assign, complete
from aws_executors.shell.airflow.loggers import logger
from aws_executors.shell.airflow.started import StartedParts, sharing_of, start_parts
from aws_executors.shell.aws.client.clients import Clients
from aws_executors.shell.engine.messages import AirflowUpdate, ContainerEnded
from aws_executors.shell.engine.thread import Engine
from aws_executors.shell.services import Backend
from aws_executors.shell.ui.links import Links
from aws_executors.shell.ui.live_logs import LiveLogs
from aws_executors.shell.ui.lookups import LazyLookups, Lookups, RegionLookups
from aws_executors.shell.ui.warm_lookups import WarmLookups

if TYPE_CHECKING:
    from airflow.executors.workloads import ExecutorWorkload
    from airflow.executors.workloads.types import WorkloadKey, WorkloadState
    from airflow.models import Log
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy.orm import Session

    from aws_executors.shell.airflow.workloads import Workload

S = TypeVar("S", bound=Settings)
R = TypeVar("R")

log = logger(__name__)

KEPT = 1_000
"""How many rows of the event log are kept here even if the scheduler has saved them."""

RETIRED_HOOKS = (
    *("_submit_job_kwargs", "_submit_job", "_load_submit_kwargs"),
    *("_run_task_kwargs", "_run_task", "_load_run_kwargs", "get_container"),
)
"""Methods that subclasses of older packages' executors override to change a request; never called here."""


class AwsExecutor(compat.Abilities, BaseExecutor, Generic[S, R]):
    """Runs every workload in a container of one AWS service.

    Creating one costs nothing and makes no call (Airflow's API server creates one, too, and never starts it):
    `start` reads the settings and starts the threads.
    """

    supports_multi_team = features.TEAMS
    pre_assigns_external_executor_id: ClassVar[bool] = True

    backend: Backend[S, R]
    """The service that the containers run on."""

    def __init__(self, parallelism: int = PARALLELISM, team_name: str | None = None) -> None:
        super().__init__(parallelism=parallelism, team_name=team_name)
        self._current_tokens: CurrentTokens[WorkloadKey] = CurrentTokens()
        # The tokens that this executor, not Airflow, has assigned to queued tasks.
        self._assigned: dict[WorkloadKey, str] = {}
        self._started: StartedParts[S, R] | None = None
        # The scheduler's bulk save fails for log rows that nothing else references. These are all rows that
        # it has not saved, and some that it has.
        self._kept_logs: deque[Log] = deque()
        self.late_log_events: deque[tuple[WorkloadKey, LogEvent]] = deque()
        """Last lines of failed containers, and usage records: both arrive after the end is reported."""
        lookups = LazyLookups(self._region_lookups)
        self.live_logs = LiveLogs(lookups)
        self.links = Links(lookups)

    def configure(self) -> Result[Configured[S, R], SettingsFaults]:
        """The settings of the executor's section and its builder, or all that is wrong with them."""
        return configure(self.backend.spec, self.conf, self.team_name)

    def service(self, settings: S) -> Service[R]:
        """The calls to AWS, by these settings."""
        return self.backend.calls(self.clients(settings), settings)

    def new_token(self) -> str:
        """A token for a queueing to which Airflow has assigned none."""
        return str(uuid.uuid4())

    @cached_property
    def _airflow_assigns(self) -> bool:
        return compat.assigns_every_token()

    def clients(self, settings: Settings) -> Clients:
        """boto3 clients for these settings; a connection is looked up for the executor's team."""
        return Clients(settings, read=partial(from_airflow, team=self.team_name))

    # --- Starting and ending -------------------------------------------------------------------------------

    def start(self) -> None:
        """Read the settings and start the engine; raises one error with all faults of the settings."""
        refuse_retired_hooks(type(self))
        features.refuse_team(self.team_name)
        match unwrap_or_failure(self.configure()):
            case SettingsFaults() as faults:
                raise SettingsError(faults)
            case configured:
                self._start(configured)

    def _start(self, configured: Configured[S, R]) -> None:
        self._started = start_parts(self, configured)
        self.log.info("%s started in %s, with %s", self, configured.settings.region, configured.builder)
        if weaker := "; ".join(features.weaker()):
            self.log.warning(
                "With Airflow %s: %s; see 'Versions of Airflow' in the documentation",
                features.airflow_version(),
                weaker,
            )

    @property
    def _engine(self) -> "Engine[WorkloadKey, R] | None":
        return None if self._started is None else self._started.engine

    def end(self) -> None:
        """Submit nothing more; leave the containers to the next scheduler, or stop them."""
        if self._started is not None:
            self._started.end()

    def terminate(self) -> None:
        """Do nothing: Airflow ends an executor by `end`."""

    # --- Work comes in -------------------------------------------------------------------------------------

    def queue_workload(self, workload: "ExecutorWorkload", session: "Session") -> None:
        """Queue a workload; unless Airflow assigns tokens, a task gets one, here and in its row. A workload
        of an unknown kind is declined in the log, so that the scheduler goes on."""
        if isinstance(workload, ExecuteTask) and not self._airflow_assigns:
            # The scheduler handles an error of the database here like one of its own statements.
            token = self._assigned[workload.ti.key] = self.new_token()
            assign(session, compat.row_id(workload.ti.id), token)
        try:
            super().queue_workload(workload, session)
        except (AttributeError, NotImplementedError, ValueError):  # AttributeError: 3.4 asks it for its type
            log.exception("%s does not support %s workloads", type(self).__name__, type(workload).__name__)

    def _process_workloads(self, workload_items: "Sequence[ExecutorWorkload]") -> None:
        # `map` is lazy: the engine's thread makes the work items, so this thread gets no garbage to collect.
        started, queues = self._started, compat.queues(self)
        workloads: list[Workload] = []
        tokens: list[str] = []
        for workload in workload_items:
            key = compat.workload_key(workload)
            compat.take_from(queues, key)
            if started is None:
                self.fail(key, f"{type(self).__name__} has not been started")
            elif isinstance(workload, ExecuteTask | ExecuteCallback):
                tokens.append(self._enter(workload, key))
                workloads.append(workload)
            else:
                self.fail(
                    key,
                    one_line(f"{type(self).__name__} does not support {type(workload).__name__} workloads"),
                )
        if started is not None and workloads:
            started.engine.hand_over(map(started.work_items.queued, workloads, tokens))

    def _enter(self, workload: "Workload", key: "WorkloadKey") -> str:
        """Give the workload its slot and its token, which for a task is the token in its row."""
        token = self._assigned.pop(key, None) or compat.given_token(workload) or self.new_token()
        self._occupy(key, token)
        return token

    def _occupy(self, key: "WorkloadKey", token: str) -> None:
        before = self._current_tokens.enter(key, token)
        if before is not None and self._started is not None:
            self._started.engine.supersede(before)
        self.running.add(key)

    # --- News goes out -------------------------------------------------------------------------------------

    def sync(self) -> None:
        """Pass the engine's updates on to Airflow; drains a queue and never waits."""
        if self._started is None:
            return
        while len(self._kept_logs) > max(KEPT, len(self._task_event_logs)):
            self._kept_logs.popleft()
        for update in self._started.engine.airflow_updates():
            try:
                self._tell_airflow(self._started, update)
            except Exception:
                # An exception that escapes `sync` ends the scheduler, and with it all other tasks' executor.
                log.exception("Could not report %r to Airflow", update)
        while self.late_log_events:
            key, late = self.late_log_events.popleft()
            try:
                self._log_event(key, late, str)  # already redacted, by the thread that made it
            except Exception:
                log.exception("Could not add %r of %s to the event log", late.event, key)

    def get_event_buffer(
        self, dag_ids: Sequence[str] | None = None
    ) -> "dict[WorkloadKey, tuple[str | None, object]]":
        """The events that the scheduler has not fetched yet, under keys that it can look up."""
        events = super().get_event_buffer(dag_ids)
        return {compat.event_key(key): event for key, event in events.items()}

    def _tell_airflow(self, started: "StartedParts[S, R]", update: "AirflowUpdate[WorkloadKey]") -> None:
        key, effect = update.key, update.effect
        if isinstance(effect, ContainerEnded):
            if started.usage is not None and isinstance(key, TaskInstanceKey):
                shared = effect.served is not None
                of_nobody = TaskInstanceKey(key.dag_id, WARM_CONTAINER, key.run_id, 1, -1)
                started.usage.ask(of_nobody if shared else key, update.token, effect)
            return
        if not self._current_tokens.is_current(update.token, key):
            return  # taken back or superseded: its task is, or will be, in another container
        if isinstance(effect, LogEvent):
            self._log_event(key, effect)
            if effect.event == CONTAINER_FAILED and started.log_tail is not None:
                started.log_tail.ask(update.token, key)
            return
        if not (isinstance(effect, Report) and effect.confirm):  # a report to be confirmed may be repeated
            self._current_tokens.strike(key)
        if isinstance(effect, Report) and not compat.waits_in_queue(self, key):
            state = compat.end_state(key, effect.success)
            super().change_state(key, state, one_line(effect.info))  # our override would stop the container
        else:
            self.running.discard(key)

    def _log_event(
        self, key: "WorkloadKey", line: LogEvent, cleaned: Callable[[str], str] = one_line
    ) -> None:
        if not isinstance(key, TaskInstanceKey):
            return  # the event log is about task instances
        self.log_task_event(event=line.event, extra=cleaned(line.text), ti_key=key)
        self._kept_logs.append(self._task_event_logs[-1])

    # --- Airflow changes its mind --------------------------------------------------------------------------

    def change_state(
        self, key: "WorkloadKey", state: "WorkloadState", info: object = None, remove_running: bool = True
    ) -> None:
        """Record a state, and stop the container if the state ends its workload: while the workload is still
        ours, such a state comes from Airflow itself (a task without a heartbeat, or stuck in the queue)."""
        if remove_running and state in State.finished:
            self._revoke(self._current_tokens.strike(key))
        super().change_state(key, state, info, remove_running)

    def revoke_task(self, *, ti: "TaskInstance") -> None:
        """Stop what runs for a task instance and forget it, without an event or an exception."""
        try:
            key = ti.key
            waiting = compat.take_from(compat.queues(self), key)
            unused = self._assigned.pop(key, None) or compat.given_token(waiting)
            self.running.discard(key)
            token = self._current_tokens.strike(key)
            if token is not None:
                self._revoke(token)
            elif (other := ti.external_executor_id) and other != unused and (started := self._started):
                # The container is another scheduler's: not in our table, but found by its token.
                started.engine.hand_over(iter([started.work_items.revoked(ti, other)]))
        except Exception:
            # Airflow's contract: "It should not raise any error."
            log.exception("Could not revoke %s", ti)

    def _revoke(self, token: str | None) -> None:
        if token is not None and self._started is not None:
            self._started.engine.revoke(token)

    def try_adopt_task_instances(self, tis: "Sequence[TaskInstance]") -> "Sequence[TaskInstance]":
        """Take over the task instances of a dead scheduler; their containers are looked up afterwards.

        Airflow holds the rows locked meanwhile, so nothing here may wait for AWS. With
        ``adopt_task_instances`` off they are taken over as well, but their containers are stopped before they
        are given back to the scheduler, so that no try runs twice at once.
        """
        rejected: list[TaskInstance] = []
        try:
            complete(tis)
        except Exception:
            log.exception("Could not load the rows of the task instances to adopt")
        for ti in tis:
            try:
                if not self._adopt(ti):
                    rejected.append(ti)
            except Exception:
                # An exception that escapes here keeps the scheduler from starting.
                log.exception("Could not adopt %s", ti)
                rejected.append(ti)
        return rejected

    def _adopt(self, ti: "TaskInstance") -> bool:
        token, key, started = ti.external_executor_id, ti.key, self._started
        if started is None or not token:
            return False
        if not (self._current_tokens.is_current(token, key) and key in self.running):
            # Otherwise it is adopted already: Airflow repeats this call after an error of the database.
            work_item = started.work_items.orphan(ti, token)
            self._occupy(key, token)
            started.engine.hand_over(iter([work_item]))
        return True

    # --- For people ----------------------------------------------------------------------------------------

    def get_task_log(self, ti: "TaskInstance", try_number: int) -> tuple[list[str], list[str]]:
        """What a running container has written; called in the API server, and never raises."""
        token = ti.external_executor_id
        if not token or try_number != ti.try_number:
            gone = f"The container of try {try_number} is no longer known here"
            return [f"{gone}: see the link to AWS's log, or remote logging."], []
        try:
            live_logs = self._live_logs_of(ti)
        except Exception:
            log.exception("Could not find the executor of %s", ti)
            return ["The executor of this task could not be found; the API server's log says why."], []
        return ([], []) if live_logs is None else live_logs.read(token)

    def _live_logs_of(self, ti: "TaskInstance") -> LiveLogs | None:
        """The logs of the executor of the task's team; None if that executor is not one of ours.

        Airflow asks an executor without a team about the tasks of all teams. Source:
        ``airflow/utils/log/file_task_handler.py``, `_get_executor_get_task_log`.
        """
        if not compat.teams_of((ti.dag_id,)):
            return self.live_logs
        from aws_executors.shell.ui.executor_lookup import executor_of

        own = executor_of(ti.executor, ti.dag_id)
        return None if own is None else own.live_logs

    def _region_lookups(self) -> Result[RegionLookups, str]:
        return self.configure().alt(str).map(self._lookups_by)

    def _lookups_by(self, configured: Configured[S, R]) -> RegionLookups:
        settings = configured.settings
        lookups: Lookups = self.backend.calls(self.clients(settings), settings)
        _, cells = sharing_of(self, configured)
        return RegionLookups(
            lookups=lookups if cells is None else WarmLookups(lookups, cells), region=settings.region
        )

    def debug_dump(self) -> None:
        """Log what the executor knows, on SIGUSR2; no secrets.

        Workloads are named by their keys only: Airflow's own dump prints them whole, with any secret in an
        ``executor_config`` or in a callback's arguments.
        """
        queued = [key for queue in compat.queues(self) for key in queue]
        for name, keys in (("queued", queued), ("running", self.running), ("events", self.event_buffer)):
            named = one_line(", ".join(map(str, keys)) or "none")
            self.log.info("%s (%d): %s", name, len(keys), named)
        engine = self._engine
        if engine is None:
            return
        self.log.info("%r", engine)
        for job in engine.jobs():
            container = one_line(job.container or "none")
            self.log.info("%s %s, attempt %d, container %s", job.token, job.stage, job.attempt, container)


def refuse_retired_hooks(executor: type) -> None:
    """Raise TypeError for a subclass that still overrides a method that only older packages call."""
    for hook in RETIRED_HOOKS:
        if hasattr(executor, hook):
            raise TypeError(
                f"{executor.__name__}.{hook} is no longer called: requests are changed by functions. "
                f"Write `build = compose(build, when(queue_is(...), ...))` in a module and name it in the "
                f"option request_builder."
            )
