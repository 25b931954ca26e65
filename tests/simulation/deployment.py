"""A simulated deployment: Airflow, its schedulers, the cloud and its containers, under one schedule.

Law: assembles the parts and lets time pass; faults are in `strikes.py`, the invariants in `judge.py`.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import partial

from aws_executors.local.world import verbs
from simulation.airflow_model import Instance, Metadata
from simulation.cloud import POOLED, Cloud
from simulation.containers_model import Processes
from simulation.executors_model import executor_of
from simulation.judge import Judge
from simulation.plan import BUSY, Fault, Schedule
from simulation.process import Process
from simulation.scheduler_model import Scheduler
from simulation.strikes import STRIKES
from simulation.timeline import Timeline, between, chosen, draw
from simulation.warm_model import WarmHost

PATIENT = 4000.0
"""Virtual seconds after the last fault within which everything must have come to its end."""


class Complaints(logging.Handler):
    """Keeps log records with an exception, because production must handle all that happens here."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.kept: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info is not None or "nobody foresaw" in record.getMessage():
            self.kept.append(self.format(record))


@dataclass
class Simulation:
    """All parts of one run."""

    schedule: Schedule
    line: Timeline = field(default_factory=Timeline)
    schedulers: list[Scheduler] = field(default_factory=list)
    metadata: Metadata = field(init=False)
    cloud: Cloud = field(init=False)
    judge: Judge = field(init=False)

    def __post_init__(self) -> None:
        seed, times = self.schedule.seed, self.schedule.times
        self.metadata = Metadata(times, seed, self.line.tell)
        self.cloud = Cloud(self.schedule, self.line)
        self.cloud.inside = Processes(self.schedule, self.line, self.metadata, self.cloud)
        self.cloud.host_of = partial(WarmHost, self.cloud, self.line)
        self.judge = Judge(self.line, self.metadata, self.cloud, self.schedulers)
        self.metadata.giving_back = self.judge.given_back
        self.cloud.putting = self.judge.stored
        self.line.watch = self.judge.watch

    def run(self) -> None:
        """Run the schedule to its end."""
        error_log = Complaints()
        logging.getLogger().addHandler(error_log)
        try:
            self._begin()
            self._until_settled()
        finally:
            logging.getLogger().removeHandler(error_log)
        for complaint in error_log.kept:
            self.judge.wrong(complaint)

    def _begin(self) -> None:
        seed = self.schedule.seed
        for number in range(self.schedule.tasks):
            name, retries = f"task{number}", int(draw(seed, number, "retries") * 3)
            at = between(0.0, BUSY * 0.8, seed, number, "arrives")
            self.line.at(at, partial(self.metadata.add, name, retries))
        for number in range(self.schedule.callbacks):
            self.line.at(between(0.0, BUSY, seed, number, "missed"), self.metadata.add_callback)
        for _ in range(self.schedule.schedulers):
            self.start_scheduler()
        for fault in self.schedule.faults:
            self.line.at(fault.at, partial(self._strike, fault))

    def _until_settled(self) -> None:
        self.line.wait(self.schedule.quiet)
        verbs.clear(self.cloud.world, self.line.now)
        self.cloud.settle()
        until = self.line.now + PATIENT
        while self.line.now < until and not self.judge.settled:
            self.line.wait(10.0)
        self.judge.at_the_end(self.line.now)

    def start_scheduler(self) -> None:
        """Start a scheduler, with an executor of its own."""
        process = Process(len(self.schedulers) + 1, self.schedule.seed, self.line)
        executor = executor_of(self.schedule.parallelism, process, self.cloud, self.metadata)
        self.schedulers.append(
            Scheduler(process, self.metadata, executor, self.schedule.assigned, self.judge)
        )

    def _strike(self, fault: Fault) -> None:
        self.line.tell("FAULT", f"{fault.what} (pick {fault.pick:.2f}, amount {fault.amount:.2f})")
        kind = max((name for name in STRIKES if f"{fault.what} ".startswith(f"{name} ")), key=len)
        STRIKES[kind](self, fault)
        self.cloud.settle()

    # --- Whom a fault meets --------------------------------------------------------------------------------

    def a_scheduler(self, fault: Fault) -> Scheduler | None:
        """A scheduler that lives, chosen by the fault; None if there is none."""
        return chosen([one for one in self.schedulers if one.process.alive], fault.pick)

    def a_row(self, fault: Fault) -> Instance | None:
        """A task instance, chosen by the fault."""
        return chosen(list(self.metadata.instances.values()), fault.pick)

    def a_task(self, fault: Fault) -> str | None:
        """The id of an ECS task (or the task of a job) whose end has not begun."""
        known = (task.id for task in self.cloud.live_tasks() if task.id not in self.cloud.forgotten)
        return chosen(list(known), fault.pick)

    def started_for(self, task: str) -> str:
        """The token of the job that a warm container runs, or for which a task or container was started."""
        token = self.cloud.token_of(task)
        for one in self.schedulers if token.startswith(POOLED) else ():
            engine = one.executor.engine
            token = token if engine is None else engine.started_for(token)
        return token

    def revive(self, scheduler: Scheduler) -> None:
        """Restart a scheduler that has gone, after a while."""
        self.line.after(self.schedule.times.restart, lambda: self._restart(scheduler))

    def _restart(self, scheduler: Scheduler) -> None:
        if not scheduler.process.alive:
            self.start_scheduler()
        else:
            self.revive(scheduler)
