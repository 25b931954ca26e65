"""The effect and the victim of each fault.

Law: one table from the name of a fault to a function; the victim is chosen by the fault's own number among
those that exist when the fault happens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from aws_executors.local.world import World, verbs
from simulation.airflow_model import Instance, Metadata
from simulation.judge import FORGOTTEN
from simulation.plan import Fault
from simulation.timeline import chosen

if TYPE_CHECKING:
    from simulation.deployment import Simulation
    from simulation.scheduler_model import Scheduler

Strike: TypeAlias = "Callable[[Simulation, Fault], None]"


def _on_call(plan_it: Callable[[Simulation, str, Fault], None]) -> Strike:
    def strike(sim: Simulation, fault: Fault) -> None:
        plan_it(sim, fault.what.rpartition(" ")[2], fault)

    return strike


def _times(fault: Fault) -> int:
    return 1 + int(fault.amount * 3)


def _to_a_scheduler(strike_it: Callable[[Simulation, Scheduler, Fault], None]) -> Strike:
    def strike(sim: Simulation, fault: Fault) -> None:
        scheduler = sim.a_scheduler(fault)
        if scheduler is not None:
            strike_it(sim, scheduler, fault)

    return strike


def _crash(sim: Simulation, scheduler: Scheduler, fault: Fault) -> None:
    scheduler.process.die()
    sim.revive(scheduler)


def _crash_at_a_call(sim: Simulation, scheduler: Scheduler, fault: Fault) -> None:
    scheduler.process.dies_at_call = scheduler.process.calls + 1 + int(fault.amount * 6)
    sim.revive(scheduler)


def _crash_after_queueing(sim: Simulation, scheduler: Scheduler, fault: Fault) -> None:
    scheduler.dies_after_queueing = True
    sim.revive(scheduler)


def _terminate(sim: Simulation, scheduler: Scheduler, fault: Fault) -> None:
    scheduler.process.after(0.0, scheduler.terminate)
    sim.revive(scheduler)


def _stall(sim: Simulation, scheduler: Scheduler, fault: Fault) -> None:
    until = sim.line.now + 5.0 + 60.0 * fault.amount
    scheduler.process.stalled_until = max(until, scheduler.process.stalled_until)


def _stall_the_loop(sim: Simulation, scheduler: Scheduler, fault: Fault) -> None:
    scheduler.paused_until = max(sim.line.now + 5.0 + 30.0 * fault.amount, scheduler.paused_until)


def _lock_rows(sim: Simulation, scheduler: Scheduler, fault: Fault) -> None:
    scheduler.locked_until = sim.line.now + 6.0 * fault.amount


def _double(sim: Simulation, scheduler: Scheduler, fault: Fault) -> None:
    scheduler.process.doubles_until = sim.line.now + 30.0 * fault.amount


def _slow(sim: Simulation, scheduler: Scheduler, fault: Fault) -> None:
    scheduler.process.slow_until = sim.line.now + 15.0 * fault.amount


def _no_database(sim: Simulation, scheduler: Scheduler, fault: Fault) -> None:
    scheduler.process.database_down_until = sim.line.now + 15.0 * fault.amount


def _slow_database(sim: Simulation, scheduler: Scheduler, fault: Fault) -> None:
    scheduler.process.database_slow_until = sim.line.now + 15.0 * fault.amount


def _no_capacity(sim: Simulation, fault: Fault) -> None:
    verbs.take_capacity(sim.cloud.world, sim.line.now, "Capacity is unavailable at this time.", None)
    sim.line.after(20.0 * fault.amount, lambda: _capacity_back(sim))


def _capacity_back(sim: Simulation) -> None:
    verbs.give_capacity(sim.cloud.world, sim.line.now)
    sim.cloud.settle()


def _to_a_task(verb: Callable[[World, float, str], None]) -> Strike:
    def strike(sim: Simulation, fault: Fault) -> None:
        task = sim.a_task(fault)
        if task is not None:
            for one in sim.cloud.running():
                one.dying = one.dying or one.ref.task == task
            sim.judge.struck[sim.started_for(task)] += 1
            sim.line.tell("FAULT", f"... meets task {task[:4]}")
            verb(sim.cloud.world, sim.line.now, task)

    return strike


def _kill_process(sim: Simulation, fault: Fault) -> None:
    container = chosen(sim.cloud.running(), fault.pick)
    if container is not None:
        sim.cloud.exit(container, 137)


def _freeze(sim: Simulation, fault: Fault) -> None:
    container = chosen(sim.cloud.running(), fault.pick)
    if container is not None:
        sim.line.tell(container.name, "stands still")
        container.frozen_until = sim.line.now + 20.0 + 60.0 * fault.amount


def _api_down(sim: Simulation, fault: Fault) -> None:
    sim.metadata.api_down_until = sim.line.now + 20.0 * fault.amount


def _forget(sim: Simulation, fault: Fault) -> None:
    task = sim.a_task(fault)
    if task is None:
        return
    job = sim.cloud.world.ecs.tasks[task].job
    sim.judge.tainted[sim.cloud.token_of(task)] = FORGOTTEN
    sim.cloud.forgotten |= {task, job or task}
    verbs.forget(sim.cloud.world, sim.line.now, job or task)


def _stale(sim: Simulation, fault: Fault) -> None:
    sim.cloud.stale_until = sim.line.now + 15.0
    sim.cloud.stale_by = 10.0 * fault.amount


def _no_events(sim: Simulation, fault: Fault) -> None:
    """Disable the rule, or let the queue deny EventBridge: for a while, or for good."""
    seconds = 40.0 * fault.amount if fault.amount < 0.8 else 1e6
    sim.cloud.events.down_until = sim.line.now + seconds


def _late_events(sim: Simulation, fault: Fault) -> None:
    sim.cloud.events.late_until = sim.line.now + 30.0 * fault.amount


def _person(does: str, change: Callable[[Metadata, Instance], None]) -> Strike:
    def strike(sim: Simulation, fault: Fault) -> None:
        row = sim.a_row(fault)
        if row is not None:
            sim.line.tell("a person", f"{does} {row.task} try {row.try_number}, which is {row.state}")
            change(sim.metadata, row)

    return strike


STRIKES: Mapping[str, Strike] = {
    "lose": _on_call(lambda sim, a, f: verbs.lose_answer(sim.cloud.world, 0.0, a, _times(f))),
    "fail after": _on_call(lambda sim, a, f: verbs.fail_calls(sim.cloud.world, 0.0, a, True, _times(f))),
    "fail before": _on_call(lambda sim, a, f: verbs.fail_calls(sim.cloud.world, 0.0, a, False, _times(f))),
    "throttle": _on_call(lambda sim, a, f: verbs.throttle(sim.cloud.world, 0.0, a, _times(f))),
    "hang": _on_call(lambda sim, a, f: verbs.hang(sim.cloud.world, 0.0, a, 8.0 * f.amount, _times(f))),
    "crash": _to_a_scheduler(_crash),
    "crash at a call": _to_a_scheduler(_crash_at_a_call),
    "crash after queueing": _to_a_scheduler(_crash_after_queueing),
    "terminate": _to_a_scheduler(_terminate),
    "stall": _to_a_scheduler(_stall),
    "stall the loop": _to_a_scheduler(_stall_the_loop),
    "expire credentials": lambda sim, f: verbs.expire_credentials(
        sim.cloud.world, sim.line.now, 20.0 * f.amount
    ),
    "no capacity": _no_capacity,
    "reclaim": _to_a_task(verbs.reclaim_spot),
    "lose host": _to_a_task(verbs.lose_host),
    "kill process": _kill_process,
    "freeze process": _freeze,
    "api down": _api_down,
    "forget": _forget,
    "database down": _to_a_scheduler(_no_database),
    "slow database": _to_a_scheduler(_slow_database),
    "lock rows": _to_a_scheduler(_lock_rows),
    "double messages": _to_a_scheduler(_double),
    "slow messages": _to_a_scheduler(_slow),
    "stale answers": _stale,
    "no events": _no_events,
    "late events": _late_events,
    "clear": _person("clears", Metadata.clear),
    "mark failed": _person("marks failed", lambda rows, row: rows.mark(row, "failed")),
    "mark success": _person("marks success", lambda rows, row: rows.mark(row, "success")),
    "delete": _person("deletes", Metadata.delete),
}
