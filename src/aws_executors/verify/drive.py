"""Run the containers of all cases at once, with two engines.

Law: a run takes as long as its slowest container. Nothing is judged here, and nothing is cleaned up: whatever
happens here, `clean_up.py` does that.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from aws_executors.core.lifecycle.effects import LogEvent, ReleaseSlot, Report
from aws_executors.core.lifecycle.job import Job, Purpose
from aws_executors.core.lifecycle.observation import Phase
from aws_executors.shell.airflow.started import engine_config
from aws_executors.shell.engine.calls.rate_limiter import account
from aws_executors.shell.engine.messages import WorkItem
from aws_executors.shell.engine.thread import Engine
from aws_executors.verify.event_receiver import EventReceiver, NoSink
from aws_executors.verify.interceptor import Interceptor, Ledger, look_up_seen
from aws_executors.verify.plan import (
    Build,
    StoredCase,
    VerifySetup,
    build_of,
    build_stored,
    request_name,
    stored_case,
)
from aws_executors.verify.proof.model import CaseTrace, not_checked
from aws_executors.verify.proof.programs import (
    LOST_ANSWER,
    MEMORY,
    NEEDS_MEMORY,
    ORPHANS,
    RELEASE,
    STOP,
    STORED,
    WARM,
)
from aws_executors.verify.rows import PlayedRows
from aws_executors.verify.watch import Watch

LOOK_EVERY = 0.1
"""Seconds between two rounds of the driver, each of which does what is due."""
FIND_EVERY = 0.5
FOUND_WITHIN = 60.0
"""Seconds within which AWS must list a lost scheduler's containers by their tokens."""
LISTENS_WITHIN = 15.0
"""Seconds within which the container to be stopped should log that it listens; then it is stopped anyway."""
WORKERS = 8


@dataclass(slots=True)
class Interruption:
    """Whether the user wants the run to end early.

    Only a flag: a signal's handler sets it, and would wait for ever for a lock, such as an Event's, that the
    interrupted thread holds.
    """

    heard: bool = False


@dataclass(kw_only=True)
class Drive:
    """One run of at most `seconds`; `interruption` ends it early."""

    setup: VerifySetup
    traces: Mapping[str, CaseTrace]
    interruption: Interruption
    say: Callable[[str], None]
    seconds: float
    out_of_time: bool = False
    stored: StoredCase | None = None
    _adopting: set[str] = field(default_factory=set)
    _find_at: float = 0.0

    def __post_init__(self) -> None:
        setup = self.setup
        self.rows = PlayedRows(self.traces)
        self.ledger = Ledger(self.traces, self.rows)
        self.watch = Watch(setup, self.traces)
        self.lost_scheduler = Interceptor(setup.calls(), self.ledger, request_name, dying=True)
        calls = Interceptor(setup.calls(), self.ledger, request_name, [self.traces[LOST_ANSWER.name].token])
        self.first, self.second = self._engine(self.lost_scheduler), self._engine(calls)
        self.events = EventReceiver(setup, self.second, self.ledger)
        self.engines: list[Engine[str, Any]] = []
        store = setup.store()
        if store is not None:
            self.stored = stored_case(store, self.traces[STORED.name].token)
        self.cell = setup.cell(self.traces)

    def _engine(self, calls: Interceptor[Any]) -> Engine[str, Any]:
        """An engine, configured as by the executor, except that no case gets a second container."""
        settings = self.setup.settings
        config = engine_config(settings, idempotent=calls.idempotent, scheduler=None)
        config = replace(config, policy=replace(config.policy, attempts=1), workers=WORKERS)
        budget = account(settings.region, settings.endpoint_url, settings.conn_id)
        return Engine(calls, self.rows, config, budget.share(calls.allotments), NoSink())

    # --- The course ----------------------------------------------------------------------------------------

    def run(self) -> None:
        """Start all containers, and work until the last one has ended, or the time is up."""
        for engine in (self.first, self.second):
            engine.start()
            self.engines.append(engine)
        self.events.start()
        for trace in self.traces.values():
            if trace.case is not MEMORY:  # its size is not known yet
                told = self.cell.arguments if self.cell and trace.case is WARM else ()
                self._queue(self.first if trace.case in ORPHANS else self.second, trace, *told)
        until = time.monotonic() + self.seconds
        while not self.interruption.heard and not all(map(self._over, self.traces.values())):
            if time.monotonic() > until:
                self.out_of_time = True
                return
            self._run_due()
            time.sleep(LOOK_EVERY)

    def _run_due(self) -> None:
        """Do what is due: process the engines' updates, lose a scheduler, take back a task, and so on."""
        for update in [one for engine in self.engines for one in engine.airflow_updates()]:
            match update.effect:
                case Report() | ReleaseSlot() | LogEvent() as effect:
                    self.traces[update.key].said.append((time.time(), effect))
                case _:
                    pass  # what the container used is on the bill
            if isinstance(update.effect, Report):
                self.rows.ended(update.key, success=update.effect.success)
        self.watch.run_due()
        self._lose_the_first()
        self._use_up_memory()
        self._take_back()
        if self.cell is not None:
            self.cell.run_due()
        self.say(", ".join(self._standing()))

    def _standing(self) -> Iterator[str]:
        yield f"{sum(map(self._over, self.traces.values()))} of {len(self.traces)} are done"
        for trace in self.traces.values():
            if not self._over(trace):
                yield f"{trace.case.name}: {trace.record.status if trace.record else 'waits'}"

    def _over(self, trace: CaseTrace) -> bool:
        """Whether nothing more is to be seen of a case."""
        if self.cell is not None and trace.case is WARM and trace.ids and not self.cell.over:
            return trace.record is not None and trace.record.over and trace.record.started is None
        return trace.note is not None or (trace.done and self.watch.log_is_read(trace))

    def _queue(self, engine: Engine[str, Any], trace: CaseTrace, *arguments: str) -> None:
        """Queue the task instance, and give its job to an engine."""
        self.rows.queue(trace.case.name)
        stored = self.stored if trace.case is STORED else None
        plain = build_of(self.setup, trace, arguments)
        build = plain if stored is None else build_stored(self.setup, trace, stored)
        self._hand_over(engine, trace, Job(token=trace.token), build, stored)

    def _hand_over(
        self,
        engine: Engine[str, Any],
        trace: CaseTrace,
        job: Job[Any],
        build: Build | None = None,
        stored: StoredCase | None = None,
    ) -> None:
        trace.handed_over = trace.handed_over or time.time()
        item: WorkItem[str, Any] = WorkItem(
            job=job,
            key=trace.case.name,
            build=build,
            stored=stored,
            builder=self.setup.configured.builder,
        )
        engine.hand_over(iter([item]))

    # --- One thing each ------------------------------------------------------------------------------------

    def _lose_the_first(self) -> None:
        """Let the first scheduler die after AWS has accepted its containers, but before it has the answers;
        the second scheduler adopts them as soon as AWS lists them by their tokens."""
        orphans = [self.traces[case.name] for case in ORPHANS]
        if self.first in self.engines:
            if not all(trace.submissions or trace.said for trace in orphans):
                return
            self.lost_scheduler.cut()
            self.first.end(stop=False, timeout=1.0)
            self.engines.remove(self.first)
        if time.monotonic() < self._find_at:
            return
        self._find_at = time.monotonic() + FIND_EVERY
        for trace in orphans:
            if trace.ids and trace.token not in self._adopting:
                self._adopt_if_listed(trace)

    def _adopt_if_listed(self, trace: CaseTrace) -> None:
        found = look_up_seen(self.watch.service.find(trace.token, ()))
        trace.listed.append(found)
        if found.id or found.at > trace.submissions[0].answered + FOUND_WITHIN:
            self._adopting.add(trace.token)
            purpose = Purpose.RELEASE if trace.case is RELEASE else Purpose.ADOPT
            self._hand_over(self.second, trace, Job(token=trace.token, purpose=purpose))

    def _use_up_memory(self) -> None:
        """Start the container that is to be killed, once another's description has shown its memory limit."""
        trace = self.traces[MEMORY.name]
        record = next((one.record for one in self.traces.values() if one.record is not None), None)
        if trace.handed_over is not None or trace.note is not None:
            return
        limit = None if record is None else record.allocation.limit
        if limit is not None:
            self._queue(self.second, trace, str(int(limit * NEEDS_MEMORY)))
        elif record is not None:
            trace.note = not_checked("The container has no memory limit of its own, so nothing was tried")
        elif all(self._over(one) for one in self.traces.values() if one is not trace):
            trace.note = not_checked("AWS described no other container, so its memory is not known")

    def _take_back(self) -> None:
        """Take a running task back, once its program listens for SIGTERM."""
        trace = self.traces[STOP.name]
        running = next((at for at, one in trace.seen if one.phase is Phase.RUNNING), None)
        if trace.taken_back or running is None:
            return
        if trace.printed("listens") is not None or time.time() > running + LISTENS_WITHIN:
            trace.taken_back = True
            self.second.revoke(trace.token)
