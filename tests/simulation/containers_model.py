"""What runs inside a container: Airflow's supervisor and the task below it.

Law: a process knows its workload and talks to the API server alone; it neither knows the executor nor AWS.
Its exit codes are those that were measured: 0 for whatever the supervisor could finish (success, failure,
deferral, reschedule, terminated by the server), 1 where it was not let in, 128 + n for signal n.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulation.airflow_model import Metadata
from simulation.cloud import Cloud, Container
from simulation.timeline import Timeline, between, draw

OUTCOMES = (
    *("success",) * 7,
    *("failed",) * 2,
    *("deferred",) * 2,
    *("up_for_reschedule",) * 2,
    "crashed",
    "mute",
)
"""How a segment ends, each as often as it stands here; a mute one ends well, and its last word is lost."""

MOST_SEGMENTS = 2
HANGS = 0.08
"""The share of processes that have said their last word and do not end."""


@dataclass(frozen=True, slots=True)
class Processes:
    """Starts processes and lets them live."""

    seed: int
    line: Timeline
    metadata: Metadata
    cloud: Cloud

    def begin(self, one: Container) -> None:
        """Imports first; then the task asks to be let in."""
        self.line.tell(one.name, f"starts for {one.workload.task} try {one.workload.try_number}")
        self.line.after(between(0.3, 2.0, self.seed, one.ref, "boot"), lambda: self._enter(one))

    def signal(self, one: Container, signal: str) -> None:
        """SIGTERM ends what has not been let in; user code goes on until SIGKILL."""
        if not one.alive:
            return
        one.dying = True
        self.line.tell(one.name, f"gets SIG{signal}")
        if signal == "KILL":
            self.cloud.exit(one, 137)
        elif not one.user_code:
            self.cloud.exit(one, 143)

    def _enter(self, one: Container) -> None:
        if not one.alive:
            return
        workload = one.workload
        answer = self.metadata.run(workload.ti, str(one.ref), workload.expires, self.line.now)
        self.line.tell(one.name, f"asks to run {workload.task} try {workload.try_number}: {answer.status}")
        if answer.status != 200:
            one.refused = answer.status
            self.line.after(0.3, lambda: self.cloud.exit(one, 1))
            return
        one.ran = one.user_code = True
        lasts = between(0.5, 12.0, self.seed, one.ref, "lasts")
        self.line.after(lasts, lambda: self._finish(one))
        self._beat(one)

    def _beat(self, one: Container) -> None:
        if not (one.alive and one.user_code):
            return
        if self.metadata.beat(one.workload.ti, str(one.ref), self.line.now).status != 200:
            self.line.tell(one.name, "is told by the API server to end")
            one.told_to_end = one.dying = True
            self.line.after(between(0.1, 1.0, self.seed, one.ref, "end"), lambda: self.cloud.exit(one, 0))
            return
        self.line.after(self.metadata.times.heartbeat, lambda: self._beat(one))

    def outcome(self, one: Container) -> str:
        """How the present segment of this try ends, by the task's script."""
        row = self.metadata.instances.get(one.workload.task)
        segment = 0 if row is None else row.segment
        number = draw(self.seed, one.workload.task, one.workload.try_number, segment, "outcome")
        outcome = OUTCOMES[int(number * len(OUTCOMES))]
        waits = outcome in ("deferred", "up_for_reschedule")
        return "success" if waits and segment >= MOST_SEGMENTS else outcome

    def _finish(self, one: Container) -> None:
        if not (one.alive and one.user_code) or one.told_to_end:
            return
        outcome = self.outcome(one)
        one.user_code = False
        if outcome == "crashed":
            self.cloud.exit(one, 137)
            return
        if outcome != "mute":
            self._say(one, outcome)
        else:
            self.line.tell(one.name, "ends, and its last word is lost")
        hangs = draw(self.seed, one.ref, "hangs") < HANGS
        tail = 500.0 if hangs else between(0.0, 4.0, self.seed, one.ref, "tail")
        self.line.after(tail, lambda: self.cloud.exit(one, 0))

    def _say(self, one: Container, outcome: str) -> None:
        resumes = self.line.now + between(0.5, 6.0, self.seed, one.ref, "resumes")
        answer = self.metadata.put(one.workload.ti, outcome, self.line.now, resumes)
        self.line.tell(one.name, f"says {outcome}: {answer.status}")
        if outcome == "deferred" and answer.status == 200:
            self.line.at(resumes, lambda: self.metadata.trigger(one.workload.ti))
