"""Run schedules: one, or many, and shorten one that fails.

Law: values in, values out; the same schedule always comes to the same verdict.
"""

from __future__ import annotations

import logging
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from simulation.deployment import Simulation
from simulation.plan import Schedule, plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The result of one schedule."""

    schedule: Schedule
    faults: tuple[str, ...]
    open: Mapping[str, int]
    story: tuple[tuple[float, str, str], ...]
    steps: int
    calls: int
    seconds: float


DEEP = 20_000
"""The limit on stack frames: calls that wait are nested, however many there are (`Timeline.wait`)."""


def run(schedule: Schedule) -> Verdict:
    """Run one schedule."""
    sys.setrecursionlimit(max(DEEP, sys.getrecursionlimit()))
    simulation = Simulation(schedule)
    simulation.run()
    return Verdict(
        schedule=schedule,
        faults=tuple(simulation.judge.faults),
        open=dict(simulation.judge.open),
        story=tuple(simulation.line.story),
        steps=simulation.line.steps,
        calls=sum(simulation.cloud.calls.values()),
        seconds=simulation.line.now,
    )


def shrunk(schedule: Schedule) -> Schedule:
    """A failing schedule without the faults that its failure does not need."""
    for fault in schedule.faults:
        smaller = replace(schedule, faults=tuple(one for one in schedule.faults if one != fault))
        if run(smaller).faults:
            schedule = smaller
    return schedule


def told(verdict: Verdict) -> str:
    """The description of a failure, with the command that repeats it."""
    schedule = verdict.schedule
    lines = [f"{at:8.2f}  {who:14} {what}" for at, who, what in verdict.story]
    head = (
        f"seed {schedule.seed}: {schedule.theme}, on {schedule.service}, adopt {schedule.adopt}, "
        f"assigned {schedule.assigned}, {schedule.tasks} tasks in {schedule.parallelism} slots, "
        f"{schedule.schedulers} schedulers"
    )
    planned = [f"  planned: {fault}" for fault in schedule.faults]
    wrong = [f"WRONG: {fault}" for fault in verdict.faults]
    events = "--events" if schedule.events else "--no-events"
    warm = " --warm" if schedule.warm else ""
    again = (
        f"again: PYTHONPATH=src:tests python -m simulation --seed {schedule.seed} --count 1 {events}{warm}"
    )
    return "\n".join([head, *planned, *lines, *wrong, again])


@dataclass(slots=True)
class Sum:
    """The sum of many schedules' results."""

    schedules: int = 0
    steps: int = 0
    calls: int = 0
    virtual: float = 0.0
    open: Counter[str] = field(default_factory=Counter)
    failed: list[int] = field(default_factory=list)

    def __str__(self) -> str:
        windows = "; ".join(f"{count} x {name}" for name, count in sorted(self.open.items())) or "none"
        return (
            f"{self.schedules} schedules, {self.steps} steps, {self.calls} calls to AWS, "
            f"{self.virtual / 3600:.1f} virtual hours; open windows met: {windows}; "
            f"failed seeds: {self.failed}"
        )

    def __add__(self, other: Sum) -> Sum:
        return Sum(
            self.schedules + other.schedules,
            self.steps + other.steps,
            self.calls + other.calls,
            self.virtual + other.virtual,
            self.open + other.open,
            [*self.failed, *other.failed],
        )

    def add(self, verdict: Verdict) -> None:
        """Add one schedule's result."""
        self.schedules += 1
        self.steps += verdict.steps
        self.calls += verdict.calls
        self.virtual += verdict.seconds
        self.open.update(verdict.open)
        if verdict.faults:
            self.failed.append(verdict.schedule.seed)


def many(seeds: range, *, warm: bool = False) -> Sum:
    """Run these seeds, one after the other."""
    logging.disable(logging.WARNING)  # faults on purpose are logged in many lines
    total = Sum()
    for seed in seeds:
        total.add(run(plan(seed, warm=warm)))
    return total
