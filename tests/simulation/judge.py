"""What must never be, and what must be in the end.

Law: looks on and changes nothing. It knows the truth (which process runs what) that no executor can know, and
holds every report against it. What is honestly open is counted, each under its name, and never called right.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from simulation.airflow_model import FINAL, Instance, Metadata
from simulation.cloud import Cloud, Container
from simulation.executors_model import ATTEMPTS
from simulation.scheduler_model import Scheduler
from simulation.timeline import Timeline

CALLS_A_SECOND = 12.0
"""Calls to AWS per virtual second and scheduler, at most: a handful of tasks, each looked at once in a while."""


@dataclass(slots=True)
class Judge:
    """Everything that was found wrong (`faults`) and what is honestly open (`open`)."""

    line: Timeline
    metadata: Metadata
    cloud: Cloud
    schedulers: list[Scheduler]
    faults: list[str] = field(default_factory=list)
    open: Counter[str] = field(default_factory=Counter)
    tainted: dict[str, str] = field(default_factory=dict)  # token: which open window it is in
    struck: Counter[str] = field(default_factory=Counter)  # token: containers that infrastructure ended
    _known: int = 0
    _told: set[object] = field(default_factory=set)

    def wrong(self, what: str, once: object = None) -> None:
        """Something is wrong; `once` names it, so that it is said only once."""
        if once is not None and once in self._told:
            return
        self._told.add(once)
        self.line.tell("JUDGE", what)
        self.faults.append(what)

    # --- After every step ----------------------------------------------------------------------------------

    def watch(self) -> None:
        """No try runs twice at once, and no queueing has two containers."""
        at_once: dict[tuple[str, int], Container] = {}
        for one in self.cloud.running():
            if one.user_code:
                key = one.workload.task, one.workload.try_number
                other = at_once.setdefault(key, one)
                if other is not one:
                    self.wrong(f"{key[0]} try {key[1]} runs twice at once", (other.ref, one.ref))
        world = self.cloud.world
        known = len(world.ecs.tasks) + len(world.batch.jobs)
        if known != self._known:
            self._known = known
            self._two_for_one()

    def _two_for_one(self) -> None:
        live = [(token, name) for token, name in self.cloud.live_names() if name not in self.cloud.forgotten]
        for token, count in Counter(token for token, _ in live).items():
            if count > 1:
                names = tuple(sorted(name for other, name in live if other == token))
                if token in self.tainted:
                    self._open(self.tainted[token], names)
                else:
                    self.wrong(f"{count} live containers for the queueing {token[:4]}: {names}", names)

    def _open(self, window: str, once: object) -> None:
        if once not in self._told:
            self._told.add(once)
            self.open[window] += 1

    # --- When a report is about to fail a task -------------------------------------------------------------

    def about_to_fail(self, one: Instance, state: str, words: str) -> None:
        """An event of the executor is about to fail this one."""
        token = one.external_executor_id or ""
        match one.state:
            case "running":
                mine = [other for other in self.cloud.running() if other.workload.ti == str(one.id)]
                healthy = [other for other in mine if other.user_code and not other.dying]
                if healthy:
                    self._unless_open(token, f"{one.task} runs healthily and is failed: {words}")
            case "queued":
                self._queued(one, token, words)
            case "scheduled":
                self.wrong(f"{one.task} waits for its next segment and is failed by {state}: {words}")
            case _:
                return

    def _queued(self, one: Instance, token: str, words: str) -> None:
        mine = [other for other in self.cloud.containers.values() if other.token == token]
        if any(other == token for other, name in self.cloud.live_names() if name not in self.cloud.forgotten):
            self._unless_open(token, f"{one.task} waits for a container that lives, and is failed: {words}")
            return
        by_itself = any(other.refused or (other.code is not None and not other.dying) for other in mine)
        if not by_itself and self.struck[token] < ATTEMPTS:
            self._unless_open(token, f"{one.task} has never run, and pays for it with a try: {words}")

    def _unless_open(self, token: str, what: str) -> None:
        if token in self.tainted:
            self.open[self.tainted[token]] += 1
        else:
            self.wrong(what)

    # --- At the end ----------------------------------------------------------------------------------------

    @property
    def settled(self) -> bool:
        """Whether nothing is left to happen."""
        return not list(self._left())

    def at_the_end(self, seconds: float) -> None:
        """Whatever is left is wrong, and so is having asked too often."""
        for what in self._left():
            self.wrong(f"in the end {what}")
        calls = sum(self.cloud.calls.values())
        most = CALLS_A_SECOND * seconds * self.cloud.schedule.schedulers
        if calls > most:
            self.wrong(f"{calls} calls to AWS in {seconds:.0f} s")

    def _left(self) -> list[str]:
        rows = [
            f"{one.task} try {one.try_number} is {one.state}"
            for one in self.metadata.instances.values()
            if one.state not in FINAL
        ]
        live = [f"{one.name} runs" for one in self.cloud.running() if one.ref.task not in self.cloud.forgotten]
        waiting = [
            f"task {name[:8]} of {token[:4]} lives"
            for token, name in self.cloud.live_names()
            if name not in self.cloud.forgotten
        ]
        slots = [
            f"{other.process.name} holds {sorted(map(str, other.executor.running))}, "
            f"{other.executor.occupied} in its ledger, and {other.executor.engine!r}"
            for other in self.schedulers
            if other.process.alive
            and (other.executor.running or other.executor.occupied or not other.executor.idle)
        ]
        return [*rows, *live, *waiting, *slots]
