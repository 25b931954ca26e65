"""The judge: checks what must never happen, and what must have happened in the end.

Law: observes and changes nothing. It knows which process runs what, which no executor can know, and compares
every report with that truth. Known open windows are counted, each under its name, and never called right.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from math import inf

from aws_executors.core.lifecycle.effects import OURS, SHUT_DOWN
from aws_executors.core.lifecycle.launcher_exit_codes import Exit
from aws_executors.local.world import Ref
from simulation.airflow_model import FINAL, LIVE, Callback, Instance, Metadata
from simulation.cloud import Cloud, Container
from simulation.plan import CALM, DEATHS, DELAYS, NEWS, NO_OUTAGE, OPEN_ROADS, POLICY, STALLS
from simulation.scheduler_model import Scheduler
from simulation.timeline import Timeline

CALLS_A_SECOND = 12.0
"""The most calls to AWS per virtual second and scheduler."""

NOTICED = 25.0
"""Virtual seconds within which a process's end must have been reported, if nothing hinders the executor."""

EVENT_LOST = 8.0
"""Virtual seconds more if the event of the end may be lost: the poll in its place may be a twentieth late,
and then the row is read."""

HIDDEN = 30.0
"""Virtual seconds for which a fault that hides jobs from ListJobs may have consequences."""

UNWANTED = 60.0
"""Virtual seconds within which a container for which no row waits must be asked to stop."""

UNWANTED_WITHOUT_OUTAGE = 35.0
"""The same as `UNWANTED` if nothing fails for long; to both, the time of one read of rows is added."""

READS = 3

UNWANTED_WAITING = 25.0
"""The same if the container has not begun: it is not given time to end by itself."""

UNWANTED_CODE = 15.0
"""Virtual seconds within which user code for which no row waits must end, even if its scheduler is gone: a
few heartbeats, as the API server answers its supervisor that it must end."""

LOOKING = 15.0
"""Virtual seconds that the look-up of an adopted task's container takes, before the task is given back."""

TAKEN_FOR_DEAD = "a submission by a scheduler that was taken for dead"

FORGOTTEN = "a container that AWS does not show any more"

IDLE_LATE, IDLE_UNHEARD = 10.0, 25.0
"""Virtual seconds that a warm container may idle beyond its limit, and more if its store may not answer."""

JUST_BEGUN = 3.0
"""Virtual seconds for which a row may not yet show that its task has begun."""

TAKEN = 8.0
"""Virtual seconds within which a container must be asked to stop after Airflow has taken its task back; the
cell of a warm container is read first, by a call of its own."""

TOO_OLD = 403
"""The API server's answer to a container whose token has expired."""

UNDER_WAY = 5.0
"""The most virtual seconds for which a call may have been under way."""


@dataclass(slots=True)
class Judge:
    """Everything that was found wrong (`faults`), and the known open windows that were met (`open`)."""

    line: Timeline
    metadata: Metadata
    cloud: Cloud
    schedulers: list[Scheduler]
    faults: list[str] = field(default_factory=list)
    open: Counter[str] = field(default_factory=Counter)
    tainted: dict[str, str] = field(default_factory=dict)  # token: the open window it is in
    struck: Counter[str] = field(default_factory=Counter)  # token: containers that infrastructure ended
    _known: int = 0
    _next: float = 0.0
    unheard: Counter[str] = field(default_factory=Counter)  # token: events that Airflow has dropped
    called: Counter[str] = field(default_factory=Counter)  # callback: containers that have begun it
    _requeued: set[str] = field(default_factory=set)
    _since: dict[str, float] = field(default_factory=dict)
    _code_since: dict[Ref, float] = field(default_factory=dict)
    _told: set[object] = field(default_factory=set)
    _taken: dict[str, float] = field(default_factory=dict)  # token: when Airflow took this queueing back
    _unneeded: dict[str, float] = field(default_factory=dict)  # token: since when no row waits for it

    def wrong(self, what: str, once: object = None) -> None:
        """Note a fault; `once` identifies it, so that it is noted only once."""
        if once is not None and once in self._told:
            return
        self._told.add(once)
        self.line.tell("JUDGE", what)
        self.faults.append(what)

    # --- After every step ----------------------------------------------------------------------------------

    def watch(self) -> None:
        """After each step: no try runs twice at once, no queueing has two containers; and further checks."""
        cloud = self.cloud
        at_once: dict[tuple[str, int], Container] = {}
        for one in cloud.living.values():
            if one.user_code:
                if one.workload.callback:
                    self._called_back_again(one)
                    continue
                key = one.workload.task, one.workload.try_number
                other = at_once.setdefault(key, one)
                if other is not one:
                    self.wrong(f"{key[0]} try {key[1]} runs twice at once", (other.ref, one.ref))
            if one.last_breath:
                self._last_breath(one)
            if one.refused == TOO_OLD and one.workload.key:
                self._too_old(one)
        known = len(cloud.world.ecs.tasks) + len(cloud.world.batch.jobs)
        if known != self._known:
            self._known = known
            self._two_for_one()
        if self.line.now >= self._next:
            self._next = self.line.now + 5.0
            self._unwanted()
            self._idle()

    def _idle(self) -> None:
        """A container that gets no workload ends in time, even if its scheduler is gone."""
        late = IDLE_LATE if self.cloud.schedule.theme in OPEN_ROADS else IDLE_LATE + IDLE_UNHEARD
        for one in self.cloud.idle_hosts():
            if one.idle_for > one.idle_limit + late:
                self.wrong(f"warm {one.token} is idle for {one.idle_for:.0f} s", (one.token, "idle"))

    def _too_old(self, one: Container) -> None:
        """However long a container has waited, it finds a token in the store that is still valid."""
        row = self.metadata.by_id(one.workload.ti)
        waits = row is not None and row.state == "queued" and row.external_executor_id == one.token
        prompt = self.cloud.schedule.theme in NO_OUTAGE and self._undisturbed
        late = self.line.late(self.line.now - self.metadata.times.token_lifetime)
        if waits and prompt and late < self.metadata.times.token_lifetime / 4:
            self.wrong(f"{one.name} is turned away, for its stored token is too old", (one.ref, "too old"))

    def _last_breath(self, one: Container) -> None:
        """A container that our executors stop fails no task: its row is fenced first."""
        words = self.cloud.stopped_for(one)
        late = one.let_in > self._taken.get(one.token, inf)  # its offer was under way when it was taken back
        if words.startswith(OURS) and one.asked_to_end - one.let_in < (TAKEN if late else JUST_BEGUN):
            self._open("a task that began while its container was being stopped", one.ref)
        elif words == SHUT_DOWN and not self._database_is_well:
            self._open("a container stopped at the end, while the database did not answer", one.ref)
        elif words.startswith(OURS):
            self.wrong(f"{one.name} fails {one.workload.task}, for it was stopped: {words}", one.ref)

    @property
    def _database_is_well(self) -> bool:
        return self._kinds.isdisjoint(("database down", "slow database"))

    def _two_for_one(self) -> None:
        live = [(token, name) for token, name in self.cloud.live_names() if name not in self.cloud.forgotten]
        for token, count in Counter(token for token, _ in live).items():
            if count > 1:
                names = tuple(sorted(name for other, name in live if other == token))
                if token in self.tainted:
                    self._open(self.tainted[token], names)
                elif (
                    self.line.now < self.cloud.stale_until + HIDDEN and self.cloud.schedule.service == "batch"
                ):
                    self.tainted[token] = "a second job, because ListJobs did not show the first in time"
                    self._open(self.tainted[token], names)
                else:
                    self.wrong(f"{count} live containers for the queueing {token[:4]}: {names}", names)

    def _unwanted(self) -> None:
        """A container for which no row waits is stopped within a set time, if its scheduler lives."""
        rows = list(self.metadata.instances.values())
        self._unwanted_code(rows)
        waiting = {one.external_executor_id for one in rows if one.state in LIVE}
        live = {name: token for token, name in self.cloud.live_names()}
        for token in set(live.values()) - waiting:
            self._unneeded.setdefault(token, self.line.now)
        waited = waiting | set(self.metadata.callback_tokens)
        unwanted = {name for name, token in live.items() if token not in waited}
        if None in waiting:
            return  # several executors configured: a token is on its way to its row
        self._since = {name: self._since.get(name, self.line.now) for name in unwanted}
        for name, since in self._since.items():
            refused = self.cloud.kept.get(name, 0.0)
            too_long = self.line.now - max(since, refused) - self._patience(name)
            if too_long > 0 and too_long > self.line.late(since) and name not in self.cloud.forgotten:
                what = f"nobody waits for {name[:8]} of {live[name][:4]}, and it has not been stopped"
                if self._undisturbed:
                    self.wrong(what, (name, "unwanted"))
                else:
                    self._open("a container left by a dead or stalled scheduler", name)

    def _unwanted_code(self, rows: list[Instance]) -> None:
        """User code for which no row waits ends by itself: that needs no scheduler, only the API server."""
        wanted = {(str(one.id), one.host) for one in rows if one.state == "running"}
        running = [one for one in self.cloud.running() if one.user_code and not one.workload.callback]
        idle = [one for one in running if (one.workload.ti, str(one.ref)) not in wanted]
        held = self.line.now < self.metadata.api_down_until
        free = [one.ref for one in idle if not held and self.line.now > one.frozen_until]
        self._code_since = {ref: self._code_since.get(ref, self.line.now) for ref in free}
        for ref, since in self._code_since.items():
            if self.line.now - since > UNWANTED_CODE:
                self.wrong(f"user code runs on in {ref.task[:4]}, and nobody waits for it", (ref, "code"))

    def _patience(self, name: str) -> float:
        """For how long the container of this name may be unwanted."""
        schedule = self.cloud.schedule
        late = schedule.times.row_interval
        if schedule.theme not in NO_OUTAGE:
            return UNWANTED + late
        job = self.cloud.world.batch.jobs.get(name)
        begun = any(one.task == (name if job is None else job.task) for one in self.cloud.containers)
        usual = UNWANTED_WITHOUT_OUTAGE if begun else UNWANTED_WAITING
        return usual + late

    @property
    def _kinds(self) -> set[str]:
        """The kinds of faults in this schedule."""
        return {fault.what for fault in self.cloud.schedule.faults}

    @property
    def _undisturbed(self) -> bool:
        return self._kinds.isdisjoint((*DEATHS, *STALLS, *NEWS))

    def _open(self, window: str, once: object) -> None:
        if once not in self._told:
            self._told.add(once)
            self.open[window] += 1

    # --- Callbacks -----------------------------------------------------------------------------------------

    def _called_back_again(self, one: Container) -> None:
        if one.ref not in self._told:
            self._told.add(one.ref)
            self.called[one.workload.task] += 1
            if self.called[one.workload.task] > 1:
                self._unless_open(one.token, f"callback {one.workload.task[:4]} is begun a second time")

    def called_back(self, one: Callback, state: str) -> None:
        """An event of the executor ends a callback: the exit of its containers must agree."""
        mine = [other for other in self.cloud.containers.values() if other.workload.task == one.id]
        codes = {other.code for other in mine if not other.alive}
        tokens = [token for token, name in self.metadata.callback_tokens.items() if name == one.id]
        if state == "success" and 0 not in codes:
            self.wrong(f"callback {one.id[:4]} is reported a success, and ended with {codes}")
        ended = any(other.ran or (other.code is not None and not other.dying) for other in mine)
        # A workload that a cell shows as taken may have begun: a killed container's cell can show that later.
        taken = any(host.has in tokens for host in self.cloud.hosts.values())
        by_itself = ended or taken or any(self.struck[token] for token in tokens)
        if state == "failed" and not by_itself:
            self._unless_open(tokens[-1], f"callback {one.id[:4]} has never begun, and is reported a failure")
        told = {each.code if each.host is None else each.host.tells_of(each.token) for each in mine}
        if state == "failed" and 0 in told:
            self._unless_open(tokens[-1], f"callback {one.id[:4]} went well, and is reported a failure")

    # --- When something is about to happen to a task -------------------------------------------------------

    def taken(self, token: str) -> None:
        """Airflow has taken this queueing back: its containers must be stopped at once, not when a later
        check finds them."""
        self._taken.setdefault(token, self.line.now)
        if self.cloud.schedule.theme not in OPEN_ROADS:
            return
        mine = [name for other, name in self.cloud.live_names() if other == token]
        calls = 2 if self.cloud.schedule.warm else 1
        self.line.after(calls * TAKEN, lambda: self._stopped_by_now(token, mine))

    def _stopped_by_now(self, token: str, names: list[str]) -> None:
        live = {name for _, name in self.cloud.live_names()}
        for name in live.intersection(names):
            self.wrong(f"{name[:8]} of {token[:4]} was taken back, and is not stopped", (name, "taken"))

    def stored(self, token: str) -> None:
        """A workload is being stored, or gets a fresh token: a row must still wait for it."""
        live = {one.external_executor_id for one in self.metadata.instances.values() if one.state in LIVE}
        if token in live or token in self.metadata.callback_tokens:
            self._unneeded.pop(token, None)
        since = self._taken.get(token, self._unneeded.get(token, self.line.now))
        known = UNDER_WAY + (0.0 if token in self._taken else READS * self.metadata.times.row_interval)
        if self._undisturbed and self.line.now - since > known + self.line.late(since):
            self.wrong(
                f"nobody waits for {token[:4]}, and its workload gets a fresh token", (token, "stored")
            )

    def adopted(self, one: Instance, known: bool) -> None:
        """Count an adopted task instance."""
        if not known:
            self.wrong(f"{one.task} is adopted and has no slot")

    def timed_out(self, one: Instance, what: str) -> None:
        """If nothing hindered the executor, it must have reported the end before Airflow's timeout came."""
        schedule = self.cloud.schedule
        mine = [other for other in self.cloud.containers.values() if other.workload.task == one.task]
        noticed = NOTICED + (EVENT_LOST if schedule.events else 0.0)
        hangs = any(other.alive or self.line.now - other.ended < noticed for other in mine)
        token = one.external_executor_id or ""
        struck = self.struck[token] + self.unheard[token] > 1  # each of these costs a start, or some time
        prompt = schedule.theme in CALM or (
            schedule.theme == "locked rows" and schedule.times.row_interval < 3
        )
        if prompt and schedule.delays is DELAYS and not hangs and not struck:
            self.wrong(f"{one.task}, {what}, was left to Airflow's timeout")

    def dropped(self, one: Instance) -> None:
        """Count an event that Airflow has dropped."""
        self.unheard[one.external_executor_id or ""] += 1

    def given_back(self, one: Instance) -> None:
        """The scheduler is about to queue this task instance again: nothing may run for it."""
        token = one.external_executor_id or ""
        names = [name for other, name in self.cloud.live_names() if other == token]
        if any(other.process.caught or self._still_submitted(other) for other in self.schedulers):
            # The look-up may have come before the container of a scheduler taken for dead was listed.
            self.tainted.setdefault(token, TAKEN_FOR_DEAD)
            self._requeued.add(one.task)  # by the same id, an old container may be let in before the new one
        if [name for name in names if name not in self.cloud.forgotten]:
            self._unless_open(token, f"{one.task} is given back while its container lives")

    def _still_submitted(self, other: Scheduler) -> bool:
        """Whether only this scheduler's loop was stalled until a moment ago, while its engine went on."""
        return other.paused_until > 0 and self.line.now - other.paused_until < LOOKING

    def about_to_fail(self, one: Instance, state: str, words: str) -> None:
        """An event of the executor is about to fail this task instance, which must be justified."""
        token = one.external_executor_id or self.cloud.token_in(words)
        if one.task in self._requeued:
            self.tainted.setdefault(token, TAKEN_FOR_DEAD)
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
        known = self.cloud.containers.values()  # its token may not have reached its row
        mine = [
            other
            for other in known
            if token == other.token or (not token and one.task == other.workload.task)
        ]
        if any(other == token for other, name in self.cloud.live_names() if name not in self.cloud.forgotten):
            self._unless_open(token, f"{one.task} waits for a container that lives, and is failed: {words}")
            return
        said = [Exit.REFUSED, Exit.INFRASTRUCTURE] if self.cloud.schedule.launcher != "airflow" else []
        by_itself = any(
            other.code not in said and (other.refused or (other.code is not None and not other.dying))
            for other in mine
        )
        lost = sum(other.code in said for other in mine)
        # A container that was killed while it took the workload has run nothing; its write may land later.
        had = [host for host in self.cloud.hosts.values() if host.has == token and not host.alive]
        lost += sum(all(other.host is not host for other in mine) for host in had)
        if not by_itself and self.struck[token] + lost < POLICY.attempts:
            self._unless_open(token, f"{one.task} has never run, and pays for it with a try: {words}")

    def _unless_open(self, token: str, what: str) -> None:
        containers = self.cloud.containers.values()
        if any(one.token == token and one.ref.task in self.cloud.forgotten for one in containers):
            self.tainted.setdefault(token, FORGOTTEN)
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
        """Anything that is left is wrong, and so are too many calls."""
        for what in self._left():
            self.wrong(f"in the end {what}")
        calls = sum(self.cloud.calls.values())
        most = CALLS_A_SECOND * seconds * self.cloud.schedule.schedulers
        if calls > most:
            self.wrong(f"{calls} calls to AWS in {seconds:.0f} s")

    def _lives(self, number: int) -> bool:
        """Whether a scheduler lives: Airflow queues the callbacks of a dead one for no other."""
        return any(other.number == number and other.process.alive for other in self.schedulers)

    def _left(self) -> list[str]:
        rows = [
            f"{one.task} try {one.try_number} is {one.state}"
            for one in self.metadata.instances.values()
            if one.state not in FINAL
        ]
        rows += [
            f"callback {one.id[:4]} is {one.state}"
            for one in self.metadata.callbacks.values()
            if one.state not in FINAL and (one.queued_by is None or self._lives(one.queued_by))
        ]
        live = [
            f"{one.name} runs" for one in self.cloud.running() if one.ref.task not in self.cloud.forgotten
        ]
        live += [f"{one.token} is warm" for one in self.cloud.hosts.values() if one.alive]
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
        # An object that a dead scheduler has stored for a callback, or for a row that was reset, is left to
        # the bucket's lifecycle rule.
        objects = [] if self._kinds & set(DEATHS) else [f"{key} is stored" for key in self.cloud.objects()]
        return [*rows, *live, *waiting, *slots, *objects]
