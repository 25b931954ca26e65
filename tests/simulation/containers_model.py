"""A model of what runs inside a container: Airflow's supervisor and its task.

Law: a process knows its workload and calls only the API server; it knows neither the executor nor AWS. Its
exit codes are those that were measured: 0 for all that the supervisor could finish (success, failure,
deferral, reschedule, terminated by the server), 1 if the API server did not let the task begin or could not
be reached, 128 + n for signal n. The exit code of our own launcher says why the task could not begin.
"""

from __future__ import annotations

from dataclasses import dataclass

from aws_executors.core.lifecycle.launcher_exit_codes import Exit, exit_for_status
from simulation.airflow_model import Metadata
from simulation.cloud import Cloud, Container
from simulation.plan import Schedule
from simulation.timeline import Timeline, between, draw

OUTCOMES = (
    *("success",) * 7,
    *("failed",) * 2,
    *("deferred",) * 2,
    *("up_for_reschedule",) * 2,
    "crashed",
    "mute",
)
"""How a segment ends, each as often as it stands here; a mute one succeeds, and its report is lost."""

OF_SENSORS = ("success", "deferred", "up_for_reschedule", "up_for_reschedule", "up_for_reschedule")

MOST_SEGMENTS = 2
HANGS = 0.08
"""The share of processes that do not end after they have reported their result."""

KILLED_AT_LAST = 0.15
"""The share of processes that report a result and then end by a signal: a memory leak, an impatient init."""

MINDS_A_SIGNAL = 0.4
"""The share of user code that fails at SIGTERM; the rest goes on until it is killed."""

PATIENCE = 3
"""How many calls without an answer a process makes to the API server before it gives up."""


@dataclass(frozen=True, slots=True)
class Processes:
    """Starts processes, and carries out their lives."""

    schedule: Schedule
    line: Timeline
    metadata: Metadata
    cloud: Cloud

    @property
    def seed(self) -> int:
        """The schedule's seed."""
        return self.schedule.seed

    def begin(self, one: Container) -> None:
        """Let the process import its modules, then ask the API server to begin the task."""
        self.line.tell(one.name, f"starts for {one.workload.task} try {one.workload.try_number}")
        self.line.after(between(0.3, 2.0, self.seed, one.ref, "boot"), lambda: self._enter(one))

    def signal(self, one: Container, signal: str) -> None:
        """SIGTERM ends a process whose task has not begun; user code fails, or goes on until SIGKILL."""
        if not one.alive:
            return
        one.dying, one.asked_to_end = True, self.line.now
        self.line.tell(one.name, f"gets SIG{signal}")
        if signal == "KILL":
            self.cloud.exit(one, 137)
        elif not one.user_code:
            self.cloud.exit(one, 143 if one.host is None else Exit.INFRASTRUCTURE)
        elif not one.workload.callback and draw(self.seed, one.ref, "minds") < MINDS_A_SIGNAL:
            self.line.after(between(0.1, 1.5, self.seed, one.ref, "minds"), lambda: self._fail(one))

    def _enter(self, one: Container) -> None:
        if not one.alive:
            return
        if one.workload.key and (code := self.cloud.fetch(one)) is not None:
            self.line.tell(one.name, f"does not get its workload: {code!r}")
            self.cloud.exit(one, code)
            return
        workload = one.workload
        if workload.callback:
            self._call_back(one)
            return
        answer = self.metadata.run(workload.ti, str(one.ref), workload.expires, self.line.now)
        self.line.tell(one.name, f"asks to run {workload.task} try {workload.try_number}: {answer.status}")
        if answer.status == 503 and self._patient(one):
            self.line.after(1.0, lambda: self._enter(one))
            return
        if answer.status != 200:
            one.refused = answer.status
            self.line.after(0.3, lambda: self.cloud.exit(one, self._turned_away(one)))
            return
        one.ran = one.user_code = True
        one.let_in = self.line.now
        lasts = between(0.5, 12.0, self.seed, one.ref, "lasts")
        self.line.after(lasts, lambda: self._finish(one))
        self._beat(one)

    def _turned_away(self, one: Container) -> int:
        """The exit code of a process whose task was not let in, which depends on its launcher."""
        if one.workload.launcher == "airflow":
            return 1
        row = self.metadata.by_id(one.workload.ti)
        held = one.refused == 409 and row is not None and row.state == "running"
        return Exit.HELD if held else exit_for_status(one.refused)

    def _patient(self, one: Container) -> bool:
        """Whether a process calls the API server once more."""
        one.unheard += 1
        return one.unheard < PATIENCE

    def _call_back(self, one: Container) -> None:
        """Run a callback: it does not ask the API server, and only its exit code says how it went."""
        self.line.tell(one.name, f"calls {one.workload.task[:4]} back")
        one.ran = one.user_code = True
        failed = draw(self.seed, one.workload.task, "callback") < 0.3
        lasts = between(0.5, 15.0, self.seed, one.ref, "lasts")
        self.line.after(lasts, lambda: self.cloud.exit(one, 1 if failed else 0))

    def _beat(self, one: Container) -> None:
        if not (one.alive and one.user_code):
            return
        if self.line.now < one.frozen_until:
            self.line.at(one.frozen_until, lambda: self._beat(one))
            return
        status = self.metadata.beat(one.workload.ti, str(one.ref), self.line.now).status
        if status == 503:
            if self._patient(one):
                self.line.after(self.metadata.times.heartbeat, lambda: self._beat(one))
                return
            self.line.tell(one.name, "gives up on the API server")
            one.dying = True
            self.cloud.exit(one, 1)
            return
        one.unheard = 0
        if status != 200:
            self.line.tell(one.name, "is told by the API server to end")
            one.told_to_end = one.dying = True
            self.line.after(between(0.1, 1.0, self.seed, one.ref, "end"), lambda: self.cloud.exit(one, 0))
            return
        self.line.after(self.metadata.times.heartbeat, lambda: self._beat(one))

    def outcome(self, one: Container) -> str:
        """How the current segment of this try ends, drawn from the schedule."""
        row = self.metadata.instances.get(one.workload.task)
        segment = 0 if row is None else row.segment
        number = draw(self.seed, one.workload.task, one.workload.try_number, segment, "outcome")
        outcomes = OF_SENSORS if self.schedule.sensors else OUTCOMES
        outcome = outcomes[int(number * len(outcomes))]
        waits = outcome in ("deferred", "up_for_reschedule")
        return "success" if waits and segment >= MOST_SEGMENTS else outcome

    def _finish(self, one: Container) -> None:
        if not (one.alive and one.user_code) or one.told_to_end:
            return
        if self.line.now < one.frozen_until:
            self.line.at(one.frozen_until + 0.5, lambda: self._finish(one))
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
        self._leave(one)

    def _fail(self, one: Container) -> None:
        """Let user code that was asked to end report its failure."""
        if one.user_code and not one.told_to_end and self.line.now >= one.frozen_until:
            row = self.metadata.by_id(one.workload.ti)
            runs = row is not None and row.state == "running"
            one.user_code = False
            self._say(one, "failed")
            one.last_breath = runs and one.heard == "failed"
            self._leave(one)

    def _leave(self, one: Container) -> None:
        hangs = draw(self.seed, one.ref, "hangs") < HANGS
        tail = 500.0 if hangs else between(0.0, 4.0, self.seed, one.ref, "tail")
        killed = draw(self.seed, one.ref, "killed") < KILLED_AT_LAST
        self.line.after(tail, lambda: self.cloud.exit(one, 137 if killed else 0))

    def _say(self, one: Container, outcome: str) -> None:
        resumes = self.line.now + between(0.5, 6.0, self.seed, one.ref, "resumes")
        answer = self.metadata.put(one.workload.ti, outcome, self.line.now, resumes)
        self.line.tell(one.name, f"says {outcome}: {answer.status}")
        if answer.status == 503 and one.alive and self._patient(one):
            self.line.after(1.0, lambda: self._say(one, outcome))
        if outcome == "deferred" and answer.status == 200:
            self.line.at(resumes, lambda: self.metadata.trigger(one.workload.ti))
        one.heard = outcome if answer.status == 200 else ""
