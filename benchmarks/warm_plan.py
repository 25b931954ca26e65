"""The patterns at full size, cold and warm, in virtual time: how many containers `placements` starts.

Law: the decision is production's own (`core/warm/plan.py`); all around it is a model of Fargate and of our
engine, with the delays that were measured. ``python -m benchmarks.warm_plan`` takes seconds.
"""

import argparse
import heapq
import itertools
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aws_executors.core.warm.plan import Idle, Plan, Starting, Waiting, placements
from aws_executors.local.world import FARGATE
from benchmarks.measure import quantile
from benchmarks.patterns import PATTERNS, Pattern, pattern

IDLE = 120.0
MINIMUM = 60.0
TAKE = (0.5, 1.1)
"""Seconds from a waiting job to user code if a container is idle: measured by `benchmarks.launcher --warm`,
including up to half a second until the container reads its cell."""
SEEN = (0.3, 1.3)
"""Seconds from a task's end until its container is seen to be idle: cells are listed every second."""
FORECAST = 5.0
ASKED = (0.05, 0.3)
"""Seconds until the database has answered whether a container that has just become idle is needed."""
ROW = (0.3, 1.3)
"""Seconds from a task's end until the scheduler knows: its loop, and a read of the rows each second."""
SOON = 5.0


@dataclass(slots=True)
class Box:
    """One container."""

    name: str
    dag: str
    since: float
    free: bool = True
    pulled: float | None = None
    job: int | None = None
    idle: bool = False
    up: bool = False
    freed: float | None = None
    served: int = 0
    closing: bool = False


@dataclass
class Model:
    """One course of events."""

    work: Pattern
    warm: bool
    seed: int
    now: float = 0.0
    clock: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = field(default_factory=list)
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    boxes: dict[str, Box] = field(default_factory=dict)
    waiting: dict[int, float] = field(default_factory=dict)
    ready: list[int] = field(default_factory=list)
    queued: dict[int, float] = field(default_factory=dict)
    start: dict[int, float] = field(default_factory=dict)
    warm_starts: int = 0
    launched: int = 0
    billed: float = 0.0

    def __post_init__(self) -> None:
        self.draw = random.Random(self.seed)  # noqa: S311 - no secret
        self.left: dict[str, int] = {}
        self.need = [len(one.after) for one in self.work.tasks]
        self.then: dict[int, list[int]] = {}
        self.running: set[int] = set()
        for number, one in enumerate(self.work.tasks):
            for before in one.after:
                self.then.setdefault(before, []).append(number)
            self.at(one.at, self.appear, number)
        if self.warm:
            self.at(0.0, self.forecast)

    def at(self, when: float, what: Callable[..., None], *arguments: Any) -> None:
        heapq.heappush(self.clock, (when, next(self.numbers), what, arguments))

    def later(self, span: tuple[float, float], what: Callable[..., None], *arguments: Any) -> None:
        self.at(self.now + self.draw.uniform(*span), what, *arguments)

    def run(self) -> None:
        while self.clock and (len(self.start) < len(self.work.tasks) or self.boxes):
            self.now, _, what, arguments = heapq.heappop(self.clock)
            what(*arguments)

    # --- The scheduler ---

    def appear(self, number: int) -> None:
        dag = self.work.tasks[number].dag
        self.left[dag] = self.left.get(dag, 0) + 1
        if not self.need[number]:
            self.enqueue(number)

    def enqueue(self, number: int) -> None:
        self.ready.append(number)
        self.fill()

    def fill(self) -> None:
        while self.ready and len(self.running) < self.work.slots:
            number = self.ready.pop(0)
            self.running.add(number)
            self.queued[number] = self.waiting[number] = self.now
        self.plan()

    def known(self, number: int) -> None:
        """The scheduler learns that a task has ended."""
        self.running.discard(number)
        for one in self.then.get(number, ()):
            self.need[one] -= 1
            if not self.need[one]:
                self.at(self.now + self.work.tasks[one].pause, self.enqueue, one)
        self.fill()

    # --- The pool ---

    def plan(self) -> None:
        if not self.warm:
            for number in [*self.waiting]:
                del self.waiting[number]
                self.launch(self.work.tasks[number].dag, number)
            return
        for dag in {self.work.tasks[number].dag for number in self.waiting} | {
            b.dag for b in self.boxes.values()
        }:
            made = self.placed(dag)
            for job, name in made.offers:
                self.offer(self.boxes[name], int(job))
            for _ in made.starts:
                self.launch(dag, None)
            for name in made.stops:
                del self.boxes[name]

    def placed(self, dag: str) -> Plan:
        own = [box for box in self.boxes.values() if box.dag == dag and not box.closing]
        return placements(
            [
                Waiting(token=str(number), priority=1, since=since)
                for number, since in self.waiting.items()
                if self.work.tasks[number].dag == dag
            ],
            [Idle(token=box.name, since=box.since) for box in own if box.idle],
            [Starting(token=box.name, since=box.since, unbilled=box.free) for box in own if not box.up],
            soon=sum(box.freed is not None and self.now - box.freed < SOON for box in own),
        )

    def offer(self, box: Box, number: int) -> None:
        del self.waiting[number]
        box.idle, box.job = False, number
        self.later(TAKE, self.begin, box, number)

    def begin(self, box: Box, number: int) -> None:
        self.start[number] = self.now
        if box.served:
            self.warm_starts += 1
        box.served += 1
        self.at(self.now + self.work.tasks[number].seconds, self.ended, box, number)

    def ended(self, box: Box, number: int) -> None:
        one = self.work.tasks[number]
        self.left[one.dag] -= 1
        self.later(ROW, self.known, number)
        if not self.warm:
            self.stop(box)
            return
        self.at(self.now + 0.3, self.freed, box)
        self.later(SEEN, self.seen_idle, box)

    def freed(self, box: Box) -> None:
        if not box.idle:
            box.freed = self.now

    def seen_idle(self, box: Box) -> None:
        box.job, box.freed, box.idle, box.since = None, None, True, self.now
        self.at(self.now + IDLE, self.bored, box, box.since)
        self.plan()
        self.later(ASKED, self.foresee)

    def bored(self, box: Box, since: float) -> None:
        if box.idle and box.since == since:
            self.stop(box)

    def forecast(self) -> None:
        self.foresee()
        self.at(self.now + FORECAST, self.forecast)

    def foresee(self) -> None:
        for box in [*self.boxes.values()]:
            if box.idle and not self.left.get(box.dag) and not box.closing:
                box.idle, box.closing = False, True
                self.later((0.0, 1.0), self.stop, box)

    # --- Fargate ---

    def launch(self, dag: str, number: int | None) -> None:
        self.launched += 1
        box = Box(f"c{self.launched}", dag, self.now, job=number)
        self.boxes[box.name] = box
        self.later(FARGATE.provision, self.provisioned, box)

    def provisioned(self, box: Box) -> None:
        if box.name in self.boxes:
            box.free, box.pulled = False, self.now
            self.at(
                self.now + self.draw.uniform(*FARGATE.pull) + self.draw.uniform(*FARGATE.start),
                self.rise,
                box,
            )

    def rise(self, box: Box) -> None:
        if box.job is not None:
            self.later((1.3, 1.4), self.begin, box, box.job)
            return
        self.later((2.3, 3.3), self.is_up, box)

    def is_up(self, box: Box) -> None:
        box.up = True
        self.seen_idle(box)

    def stop(self, box: Box) -> None:
        if self.boxes.pop(box.name, None) and box.pulled is not None:
            self.billed += max(MINIMUM, self.now - box.pulled)


def line(name: str, runs: list[Model], cold: float) -> str:
    """The line with the figures of several runs of one pattern."""
    count, tasks = len(runs), len(runs[0].work.tasks)
    waits = [one.start[number] - one.queued[number] for one in runs for number in one.start]
    cost = sum(one.billed for one in runs) / count
    return (
        f"{name:8} {'warm' if runs[0].warm else 'cold'} {tasks:5} tasks "
        f"{sum(one.launched for one in runs) / count:6.0f} containers "
        f"{sum(one.warm_starts for one in runs) / count / tasks:4.0%} warm  start p50 "
        f"{quantile(waits, 0.5):5.1f} s p95 {quantile(waits, 0.95):5.1f} s  "
        f"end {sum(one.now for one in runs) / count / 60:5.1f} min {cost:7.0f} s billed"
        f"{f', {cost / cold:.2f} of cold' if cold else ''}"
    )


def main() -> int:
    """Print the figures of all patterns."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.warm_plan", description=__doc__)
    parser.add_argument("--only", default=",".join(PATTERNS))
    options = parser.parse_args()
    for name in options.only.split(","):
        cold = 0.0
        for warm in (False, True):
            runs = [Model(pattern(name), warm, seed) for seed in (1, 2, 3)]
            for one in runs:
                one.run()
            sys.stdout.write(f"{line(name, runs, cold)}\n")
            cold = sum(one.billed for one in runs) / len(runs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
