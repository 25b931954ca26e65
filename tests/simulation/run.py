"""One schedule, run from its first task to the last of its containers.

Law: the same schedule always runs the same way. A table says what each fault does, and to whom.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from aws_executors.local.world import verbs

from simulation.airflow_model import Instance, Metadata
from simulation.cloud import Cloud
from simulation.containers_model import Processes
from simulation.executors_model import executor_of
from simulation.judge import Judge
from simulation.plan import BUSY, Fault, Schedule, plan
from simulation.process import Process
from simulation.scheduler_model import Scheduler
from simulation.timeline import Timeline, between, draw

T = TypeVar("T")

PATIENT = 1500.0
"""Virtual seconds after the last fault within which everything must have come to its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of one schedule."""

    schedule: Schedule
    faults: tuple[str, ...]
    open: Mapping[str, int]
    story: tuple[tuple[float, str, str], ...]
    steps: int
    calls: int
    seconds: float


class Complaints(logging.Handler):
    """Keeps what is logged with an exception: the code must foresee whatever happens here."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.kept: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info is not None or "nobody foresaw" in record.getMessage():
            self.kept.append(self.format(record))


@dataclass
class Simulation:
    """Everything that is there in one run."""

    schedule: Schedule
    line: Timeline = field(default_factory=Timeline)
    schedulers: list[Scheduler] = field(default_factory=list)

    def __post_init__(self) -> None:
        seed, times = self.schedule.seed, self.schedule.times
        self.metadata = Metadata(times, seed, self.line.tell)
        self.cloud = Cloud(
            self.schedule, self.line, lambda one: self.inside.begin(one), lambda one, s: self.inside.signal(one, s)
        )
        self.inside = Processes(seed, self.line, self.metadata, self.cloud)
        self.judge = Judge(self.line, self.metadata, self.cloud, self.schedulers)
        self.line.watch = self.judge.watch

    def run(self) -> Verdict:
        """Run it to its end."""
        complaints = Complaints()
        logging.getLogger().addHandler(complaints)
        try:
            self._begin()
            self._until_settled()
        finally:
            logging.getLogger().removeHandler(complaints)
        for complaint in complaints.kept:
            self.judge.wrong(complaint)
        return Verdict(
            schedule=self.schedule,
            faults=tuple(self.judge.faults),
            open=dict(self.judge.open),
            story=tuple(self.line.story),
            steps=self.line.steps,
            calls=sum(self.cloud.calls.values()),
            seconds=self.line.now,
        )

    def _begin(self) -> None:
        seed = self.schedule.seed
        for number in range(self.schedule.tasks):
            name, retries = f"task{number}", int(draw(seed, number, "retries") * 3)
            at = between(0.0, BUSY * 0.8, seed, number, "arrives")
            self.line.at(at, lambda name=name, retries=retries: self.metadata.add(name, retries))
        for _ in range(self.schedule.schedulers):
            self.start_scheduler()
        for fault in self.schedule.faults:
            self.line.at(fault.at, lambda fault=fault: self._strike(fault))

    def _until_settled(self) -> None:
        self.line.wait(self.schedule.quiet)
        verbs.clear(self.cloud.world, self.line.now)
        self.cloud.settle()
        until = self.line.now + PATIENT
        while self.line.now < until and not self.judge.settled:
            self.line.wait(10.0)
        self.judge.at_the_end(self.line.now)

    def start_scheduler(self) -> None:
        """A scheduler starts, with an executor of its own."""
        process = Process(len(self.schedulers) + 1, self.schedule.seed, self.line)
        executor = executor_of(self.schedule.parallelism, process, self.cloud, self.metadata)
        self.schedulers.append(
            Scheduler(process, self.metadata, executor, self.schedule.assigned, self.judge.about_to_fail)
        )

    def _strike(self, fault: Fault) -> None:
        self.line.tell("FAULT", f"{fault.what} (pick {fault.pick:.2f}, amount {fault.amount:.2f})")
        for name, strike in STRIKES.items():
            if fault.what == name or fault.what.startswith(f"{name} "):
                strike(self, fault)
        self.cloud.settle()

    # --- Whom a fault meets --------------------------------------------------------------------------------

    def a_scheduler(self, fault: Fault) -> Scheduler | None:
        """One that lives."""
        return chosen([one for one in self.schedulers if one.process.alive], fault.pick)

    def a_row(self, fault: Fault) -> Instance | None:
        """A task instance."""
        return chosen(list(self.metadata.instances.values()), fault.pick)

    def a_task(self, fault: Fault) -> str | None:
        """The id of an ECS task (or the task of a job) whose end has not begun."""
        known = (task.id for task in self.cloud.live_tasks() if task.id not in self.cloud.forgotten)
        return chosen(list(known), fault.pick)

    def revive(self, scheduler: Scheduler) -> None:
        """Something restarts a scheduler that has gone."""
        self.line.after(self.schedule.times.restart, lambda: self._restart(scheduler))

    def _restart(self, scheduler: Scheduler) -> None:
        if not scheduler.process.alive:
            self.start_scheduler()
        else:
            self.revive(scheduler)


def chosen(among: Sequence[T], pick: float) -> T | None:
    """The one that a number in [0, 1) picks; None where there is none."""
    return among[int(pick * len(among))] if among else None


# --- What a fault does -------------------------------------------------------------------------------------


def _on_call(plan_it: Callable[[Simulation, str, Fault], None]) -> Callable[[Simulation, Fault], None]:
    def strike(sim: Simulation, fault: Fault) -> None:
        plan_it(sim, fault.what.rpartition(" ")[2], fault)

    return strike


def _times(fault: Fault) -> int:
    return 1 + int(fault.amount * 3)


def _crash(sim: Simulation, fault: Fault) -> None:
    scheduler = sim.a_scheduler(fault)
    if scheduler is not None:
        scheduler.process.die()
        sim.revive(scheduler)


def _crash_at_call(sim: Simulation, fault: Fault) -> None:
    scheduler = sim.a_scheduler(fault)
    if scheduler is not None:
        scheduler.process.dies_at_call = scheduler.process.calls + 1 + int(fault.amount * 6)
        sim.revive(scheduler)


def _crash_after_queueing(sim: Simulation, fault: Fault) -> None:
    scheduler = sim.a_scheduler(fault)
    if scheduler is not None:
        scheduler.dies_after_queueing = True
        sim.revive(scheduler)


def _terminate(sim: Simulation, fault: Fault) -> None:
    scheduler = sim.a_scheduler(fault)
    if scheduler is not None:
        scheduler.process.after(0.0, scheduler.terminate)
        sim.revive(scheduler)


def _stall(sim: Simulation, fault: Fault) -> None:
    scheduler = sim.a_scheduler(fault)
    if scheduler is not None:
        scheduler.process.stalled_until = sim.line.now + 5.0 + 30.0 * fault.amount


def _stall_the_loop(sim: Simulation, fault: Fault) -> None:
    scheduler = sim.a_scheduler(fault)
    if scheduler is not None:
        scheduler.paused_until = sim.line.now + 5.0 + 30.0 * fault.amount


def _for_a_while(name: str) -> Callable[[Simulation, Fault], None]:
    def strike(sim: Simulation, fault: Fault) -> None:
        scheduler = sim.a_scheduler(fault)
        if scheduler is not None:
            setattr(scheduler.process, name, sim.line.now + 15.0 * fault.amount)

    return strike


def _lock_rows(sim: Simulation, fault: Fault) -> None:
    scheduler = sim.a_scheduler(fault)
    if scheduler is not None:
        scheduler.locked_until = sim.line.now + 6.0 * fault.amount


def _no_capacity(sim: Simulation, fault: Fault) -> None:
    verbs.take_capacity(sim.cloud.world, sim.line.now, "Capacity is unavailable at this time.", None)
    sim.line.after(20.0 * fault.amount, lambda: _capacity_back(sim))


def _capacity_back(sim: Simulation) -> None:
    verbs.give_capacity(sim.cloud.world, sim.line.now)
    sim.cloud.settle()


def _to_a_task(verb: Callable[..., None]) -> Callable[[Simulation, Fault], None]:
    def strike(sim: Simulation, fault: Fault) -> None:
        task = sim.a_task(fault)
        if task is not None:
            for one in sim.cloud.running():
                one.dying = one.dying or one.ref.task == task
            sim.judge.struck[sim.cloud.token_of(task)] += 1
            sim.line.tell("FAULT", f"... meets task {task[:4]}")
            verb(sim.cloud.world, sim.line.now, task)

    return strike


def _kill_process(sim: Simulation, fault: Fault) -> None:
    container = chosen(sim.cloud.running(), fault.pick)
    if container is not None:
        sim.cloud.exit(container, 137)


def _forget(sim: Simulation, fault: Fault) -> None:
    task = sim.a_task(fault)
    if task is None:
        return
    job = sim.cloud.world.ecs.tasks[task].job
    sim.judge.tainted[sim.cloud.token_of(task)] = "a container that AWS does not show any more"
    sim.cloud.forgotten |= {task, job or task}
    verbs.forget(sim.cloud.world, sim.line.now, job or task)


def _stale(sim: Simulation, fault: Fault) -> None:
    sim.cloud.stale_until = sim.line.now + 15.0
    sim.cloud.stale_by = 10.0 * fault.amount


def _clear(sim: Simulation, fault: Fault) -> None:
    row = sim.a_row(fault)
    if row is not None:
        sim.line.tell("a person", f"clears {row.task}, which is {row.state}")
        sim.metadata.clear(row)


def _mark(state: str) -> Callable[[Simulation, Fault], None]:
    def strike(sim: Simulation, fault: Fault) -> None:
        row = sim.a_row(fault)
        if row is not None:
            sim.line.tell("a person", f"marks {row.task} {state}, which is {row.state}")
            sim.metadata.mark(row, state)

    return strike


def _delete(sim: Simulation, fault: Fault) -> None:
    row = sim.a_row(fault)
    if row is not None:
        sim.line.tell("a person", f"deletes {row.task}, which is {row.state}")
        sim.metadata.delete(row)


STRIKES: Mapping[str, Callable[[Simulation, Fault], None]] = {
    "lose": _on_call(lambda sim, a, f: verbs.lose_answer(sim.cloud.world, 0.0, a, _times(f))),
    "fail after": _on_call(lambda sim, a, f: verbs.fail(sim.cloud.world, 0.0, a, True, _times(f))),
    "fail before": _on_call(lambda sim, a, f: verbs.fail(sim.cloud.world, 0.0, a, False, _times(f))),
    "throttle": _on_call(lambda sim, a, f: verbs.throttle(sim.cloud.world, 0.0, a, _times(f))),
    "hang": _on_call(lambda sim, a, f: verbs.hang(sim.cloud.world, 0.0, a, 8.0 * f.amount, _times(f))),
    "crash": lambda sim, fault: _crash(sim, fault) if fault.what == "crash" else None,
    "crash at a call": _crash_at_call,
    "crash after queueing": _crash_after_queueing,
    "terminate": _terminate,
    "stall": lambda sim, fault: _stall(sim, fault) if fault.what == "stall" else None,
    "stall the loop": _stall_the_loop,
    "expire credentials": lambda sim, f: verbs.expire_credentials(
        sim.cloud.world, sim.line.now, 20.0 * f.amount
    ),
    "no capacity": _no_capacity,
    "reclaim": _to_a_task(verbs.reclaim_spot),
    "lose host": _to_a_task(verbs.lose_host),
    "kill process": _kill_process,
    "forget": _forget,
    "database down": _for_a_while("database_down_until"),
    "lock rows": _lock_rows,
    "double letters": _for_a_while("doubles_until"),
    "slow letters": _for_a_while("slow_until"),
    "stale answers": _stale,
    "clear": _clear,
    "mark failed": _mark("failed"),
    "mark success": _mark("success"),
    "delete": _delete,
}


# --- Asking for it -----------------------------------------------------------------------------------------


def run(schedule: Schedule) -> Verdict:
    """Run one schedule."""
    return Simulation(schedule).run()


def shrunk(schedule: Schedule) -> Schedule:
    """A failing schedule without those faults that its failure does not need."""
    for fault in schedule.faults:
        smaller = replace(schedule, faults=tuple(one for one in schedule.faults if one != fault))
        if run(smaller).faults:
            schedule = smaller
    return schedule


def told(verdict: Verdict) -> str:
    """A failure as a person reads it, with the command that repeats it."""
    schedule = verdict.schedule
    lines = [f"{at:8.2f}  {who:14} {what}" for at, who, what in verdict.story]
    return "\n".join(
        [
            f"seed {schedule.seed}: {schedule.service}, adopt {schedule.adopt}, assigned {schedule.assigned}, "
            f"{schedule.tasks} tasks in {schedule.parallelism} slots, {schedule.schedulers} schedulers",
            *(f"  planned: {fault}" for fault in schedule.faults),
            *lines,
            *(f"WRONG: {fault}" for fault in verdict.faults),
            f"again: python -m simulation --seed {schedule.seed} --count 1 --verbose",
        ]
    )


@dataclass(slots=True)
class Sum:
    """What many schedules came to."""

    schedules: int = 0
    steps: int = 0
    calls: int = 0
    virtual: float = 0.0
    open: Counter[str] = field(default_factory=Counter)
    failed: list[int] = field(default_factory=list)

    def add(self, verdict: Verdict) -> None:
        """Count one in."""
        self.schedules += 1
        self.steps += verdict.steps
        self.calls += verdict.calls
        self.virtual += verdict.seconds
        self.open.update(verdict.open)
        if verdict.faults:
            self.failed.append(verdict.schedule.seed)


def many(first: int, count: int) -> Sum:
    """Run so many seeds, one after the other."""
    total = Sum()
    for seed in range(first, first + count):
        total.add(run(plan(seed)))
    return total
