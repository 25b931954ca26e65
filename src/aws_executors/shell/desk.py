"""The engine's desk: every letter is read, every job moved, and what jobs ask for is handed on.

Law: decides when, `core.advance` decides what. It has no thread, no clock and no queue of its own, waits for
nothing, and belongs to whoever calls it: the engine's thread in production, a simulator in virtual time.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Generic, TypeVar, assert_never

from returns.methods import unwrap_or_failure

from aws_executors.core.advance import advance, begin
from aws_executors.core.errors import AwsError, Kind
from aws_executors.core.job import (
    Accepted,
    CutOff,
    Due,
    Effect,
    Event,
    Find,
    Found,
    Free,
    GiveBack,
    Job,
    NotLookedUp,
    NotStored,
    Policy,
    Prepare,
    Prepared,
    ReadRow,
    Refused,
    Renew,
    Renewed,
    Report,
    RowRead,
    Seen,
    Stage,
    Stop,
    StopAnswered,
    Submit,
    Tell,
)
from aws_executors.core.life.watching import runs_on
from aws_executors.core.pace import Pace
from aws_executors.core.quota import Action
from aws_executors.core.state import Answer
from aws_executors.shell.again import Again
from aws_executors.shell.allowance import UNLIMITED, Allowance
from aws_executors.shell.complaints import Complaints
from aws_executors.shell.doubts import Doubts
from aws_executors.shell.gate import UNBOUNDED, Gate
from aws_executors.shell.hands import Hands
from aws_executors.shell.leaving import Leaving
from aws_executors.shell.mail import (
    AllCutOff,
    Closing,
    Delivery,
    Described,
    Discarded,
    GivenBack,
    Handover,
    Happened,
    IsCutOff,
    K,
    Letter,
    Outcome,
    RowsRead,
    RowsUnread,
    Stopped,
)
from aws_executors.shell.metrics import NO_METER, Meter
from aws_executors.shell.questions import Questions
from aws_executors.shell.rows import RowQueue
from aws_executors.shell.speech import logger
from aws_executors.shell.table import Table

R = TypeVar("R")

log = logger(__name__)

OVER = frozenset({Stage.ENDING, Stage.CONFIRMING})
CHUNK = 100  # ids in one describe call, of either service
NEVER_SENT = AwsError(
    kind=Kind.UNREACHABLE, code="NotSubmitted", message="taken back before AWS would have allowed it"
)
SLICE, PAUSE = 16, 0.005
"""Of many jobs that come at once so many are taken in, a millisecond's work, and so many seconds later the
next: the scheduler's thread wants the interpreter, too, and is still in the heartbeat that has sent them."""
REMOVALS = 8  # times that a stored workload is tried to be removed again, over about two minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class Gears:
    """How the engine is set: the policy of a job's life, the pace of looks, rows every so many seconds."""

    policy: Policy
    pace: Pace
    rows_every: float = 1.0
    workers: int = 16


class Desk(Generic[K, R]):
    """All jobs of one executor, and what is to be done about them."""

    def __init__(
        self,
        hands: Hands[K, R],
        gears: Gears,
        clock: Callable[[], float],
        allowance: Allowance = UNLIMITED,
        meter: Meter = NO_METER,
    ) -> None:
        self._hands = hands
        self._meter = meter
        self._allowance = allowance
        self._gates: dict[Action, Gate[tuple[str, Submit[R] | Find | Stop]]] = {
            action: Gate(action, allowance) for action in (Action.STOP, Action.FIND, Action.SUBMIT)
        }
        self._gears = gears
        self._clock = clock
        self._table: Table[K, R] = Table(gears.pace)
        self._rows = RowQueue(gears.rows_every)
        self._questions = Questions()
        self._doubts: Doubts[Submit[R]] = Doubts()
        self._outbox: deque[Outcome[K]] = deque()
        self._complaints = Complaints(clock, log)
        self._arriving: deque[Iterator[Handover[K, R]]] = deque()
        self._arrival = 0.0
        self._returns: list[tuple[float, str, K]] = []
        self._removals: Again[str, Handover[K, R]] = Again(most=REMOVALS)
        self._leaving: Leaving[K, R] = Leaving(hands)
        self._closing: Closing | None = None

    def __repr__(self) -> str:
        return repr(self._table)

    @property
    def closing(self) -> bool:
        """Whether nothing is to be started any more."""
        return self._closing is not None

    @property
    def settled(self) -> bool:
        """Whether, when closing, every stop is answered, and every submission that would need one."""
        if self._closing is None:
            return False
        return not self._closing.stop or (self._leaving.settled and not self._hands.submissions_under_way)

    def outcomes(self) -> Iterator[Outcome[K]]:
        """Take what there is to be told to Airflow, oldest first; another thread may call this."""
        while self._outbox:
            yield self._outbox.popleft()

    def jobs(self) -> Iterator[Job[R]]:
        """A snapshot of the jobs, for a person to look at."""
        return self._table.jobs()

    def entries(self) -> Iterator[tuple[Handover[K, R], Job[R], float]]:
        """The same with what came with each job, and since when (by the clock here) it stands as it does."""
        return self._table.entries()

    @property
    def changes(self) -> int:
        """How often a job has changed: while this stays the same, so do `entries`."""
        return self._table.changes

    def next_time(self) -> float | None:
        """When `turn` has something to do next; None if it waits for letters only."""
        look = self._table.next_look()
        times = [
            self._table.next_wake(),
            None if look is None else max(look, self._allowance.ready_at(Action.LOOK)),
            self._rows.due() if self._table else None,
            *(time for time, _, _ in self._returns[:1]),
            self._removals.next_time(),
            self._arrival if self._arriving else None,
            *(gate.next_time() for action, gate in self._gates.items() if self._room(action)),
        ]
        return min((time for time in times if time is not None), default=None)

    def turn(self) -> None:
        """Do what is due by now."""
        now = self._clock()
        if self._arriving and now >= self._arrival:
            self._arrive(SLICE)
        for token in self._table.woken(now):
            self._happen(token, Due(now))
        for action, gate in self._gates.items():
            for token, effect in gate.passing(now, self._room(action)):
                self._pass(token, effect, now)
        if self._closing is None:
            self._look(now)
        if asked := self._rows.take(self._table, now):
            self._hands.read_rows(asked)
        self._retry_returns(now)
        self._leaving.turn(now)
        for handover in self._removals.due(now):
            self._hands.discard(handover)
        self._meter.census(self._table.jobs, now)

    def slept(self) -> None:
        """So much time has passed without a turn that all jobs may have been given to another scheduler."""
        self._doubts.woke([job.token for job in self._table.jobs() if job.has_row], self._clock())

    def take(self, letter: Letter[K, R]) -> None:
        """Read one letter."""
        match letter:
            case Handover():
                self._arrive()
                self._add(letter)
            case Delivery(handovers=handovers):
                self._arriving.append(handovers)
                self._arrival = self._clock() + PAUSE
            case Happened(token=token, event=event, question=question):
                if not question:
                    self._arrive()  # Airflow may say this of one that it has handed over just now
                if not question or self._questions.answered(token, question):
                    self._happen(token, event)
            case Described():
                self._described(letter)
            case RowsRead():
                self._rows_read(letter)
            case RowsUnread():
                self._rows_unread(letter)
            case IsCutOff(problem=problem):
                self._cut_off(problem)
            case AllCutOff(ids=ids, problem=problem):
                self._cut_off(problem)
                self._leaving.cut_off(ids, self._clock())
            case GivenBack():
                self._given_back(letter)
            case Discarded():
                self._discarded(letter)
            case Closing():
                self._close(letter)
            case Stopped(ids=ids):
                self._leaving.stopped(ids)
            case never:
                assert_never(never)

    def _arrive(self, most: int = sys.maxsize) -> None:
        """Take in up to so many of the jobs that have been delivered."""
        for _ in range(most):
            if not self._arriving:
                return
            try:
                self._add(next(self._arriving[0]))
            except StopIteration:
                self._arriving.popleft()
            except Exception:
                # A workload that cannot be read: the others of its delivery must not pay for it.
                log.exception("The engine could not take a job in")
        self._arrival = self._clock() + PAUSE

    def _add(self, handover: Handover[K, R]) -> None:
        token = handover.job.token
        old = self._table.job(token)
        if self._closing is not None or (old is not None and old.stage not in OVER):
            return
        if old is not None:
            # Airflow offers again what it has, as it thinks, not heard the end of: begin anew.
            self._table.move(replace(old, stage=Stage.CLOSED), self._clock())
            self._forget(token)
        job, effects = begin(handover.job)
        self._removals.forget(token)
        self._table.add(handover)
        if job.has_row:
            self._doubts.arrived(token, self._clock())
        self._meter.begin(job, self._clock())
        self._moved(job, effects)

    def _happen(self, token: str, event: Event[R]) -> None:
        job = self._table.job(token)
        if job is None:
            return
        try:
            self._complain(job, event)
            moved, effects = advance(job, event, self._gears.policy)
            if moved is job and not effects:
                return
            self._moved(moved, effects)
            if moved.container not in ("", job.container) and token in self._table:
                self._stop_while_closing({moved.container: token})
        except Exception:
            # A defect of ours: the other jobs, whose news may come in the same letter, must not pay for it.
            log.exception("The engine could not take in %s of %s", type(event).__name__, token)

    def _moved(self, job: Job[R], effects: tuple[Effect[R], ...]) -> None:
        handover = self._table.handover(job.token)
        now = self._clock()
        self._table.move(job, now)
        self._meter.moved(job, effects, now)
        for effect in effects:
            self._carry_out(handover, effect)
        if job.stage is not Stage.CLOSED:
            if job.ran and job.assigned:
                self._table.forget_workload(job.token)  # what has begun under this token is not started again
            return
        self._forget(job.token)
        if handover.stored is not None:
            self._hands.discard(handover)
        if job.container:
            self._complaints.forget(f"Container {job.container}")

    def _forget(self, token: str) -> None:
        self._questions.forget(token)
        self._doubts.forget(token)

    def _ask(self, token: str, effect: Effect[R]) -> int:
        return self._questions.ask(token, type(effect).__name__)

    def _carry_out(self, handover: Handover[K, R], effect: Effect[R]) -> None:
        token = handover.job.token
        match effect:
            case Prepare() | Submit() if self._closing is not None:
                return  # nothing is started any more
            case Prepare(attempt=attempt):
                self._hands.prepare(handover, attempt, self._ask(token, effect))
            case Renew(attempt=attempt):
                self._hands.renew(handover, attempt, self._ask(token, effect))
            case Submit():
                self._gates[Action.SUBMIT].wait((token, effect), handover.priority)
            case Find():
                self._gates[Action.FIND].wait((token, effect), handover.priority)
            case Stop():
                self._gates[Action.STOP].wait((token, effect), handover.priority)
            case ReadRow():
                self._rows.want(token)
            case CutOff():
                self._hands.cut_off(token, handover.key)
            case GiveBack():
                self._hands.give_back(token, handover.key)
            case Report() | Free() | Tell():
                self._outbox.append(Outcome(token, handover.key, effect))
            case never:
                assert_never(never)

    def _room(self, action: Action) -> int:
        """How many calls of an action may begin by now; the next answer makes room for another submission."""
        return self._hands.room if action is Action.SUBMIT else UNBOUNDED

    def _pass(self, token: str, effect: Submit[R] | Find | Stop, now: float) -> None:
        """AWS allows this call now: hand it on, unless it has become needless while it waited."""
        job = self._table.job(token)
        if job is None:
            return
        handover = self._table.handover(token)
        match effect:
            case Submit() if job.unwanted:
                self._happen(token, Refused(now, NEVER_SENT))
            case Submit() if self._doubts.holds(token, effect):
                self._rows.want(token)
            case Submit(request=request):
                self._hands.submit(handover, request, self._ask(token, effect))
            case Find(exclude=exclude):
                self._hands.find(handover, exclude, self._ask(token, effect))
            case Stop(container=container, reason=reason):
                self._hands.stop_one(handover, container, reason, self._ask(token, effect))
            case never:
                assert_never(never)

    # --- Looking at containers -----------------------------------------------------------------------------

    def _look(self, now: float) -> None:
        while self._table.looks_due(now) and self._allowance.take(Action.LOOK, 1, now):
            if ids := self._table.to_look_at(now, CHUNK):
                self._hands.describe(ids)

    def _described(self, letter: Described) -> None:
        match unwrap_or_failure(letter.result):
            case AwsError() as error:
                self._complaints.say("Looking at containers", error.kind, f"{error.code}: {error.message}")
                for container in letter.ids:
                    self._table.not_looked_at(container, letter.at)
            case answer:
                self._complaints.works("Looking at containers")
                self._observed(letter, answer)

    def _observed(self, letter: Described, answer: Answer) -> None:
        unread = {odd.id for odd in answer.unreadable}
        for odd in answer.unreadable:
            self._complaints.say(f"Container {odd.id}", "unreadable", odd.problem)
        for observation in answer.observations:
            job = self._table.owner(observation.id)
            if job is not None and not runs_on(job, observation):
                self._happen(job.token, Seen(letter.at, observation))
        for container in letter.ids:
            plan = self._table.not_looked_at if container in unread else self._table.looked_at
            plan(container, letter.at)

    # --- Reading rows --------------------------------------------------------------------------------------

    def _rows_read(self, letter: RowsRead) -> None:
        self._rows.read()
        self._complaints.works("Airflow's database")
        for token, row in letter.rows.items():
            self._happen(token, RowRead(letter.at, row))
            self._table.heard(token, row, letter.at)
            held = self._doubts.read(token, letter.at)
            if held is not None and self._closing is None:
                self._gates[Action.SUBMIT].wait((token, held), self._table.handover(token).priority)
            elif self._doubts.waits(token):
                self._rows.want(token)  # what was read before the gap is not believed

    def _rows_unread(self, letter: RowsUnread) -> None:
        self._rows.unread(letter.tokens, letter.at)
        self._complaints.say("Airflow's database", "rows", letter.problem)

    def _cut_off(self, problem: str) -> None:
        if problem:
            self._complaints.say("Cutting containers off", "problem", problem)
        else:
            self._complaints.works("Cutting containers off")

    def _given_back(self, letter: GivenBack[K]) -> None:
        if letter.problem:
            self._complaints.say("Giving task instances back", "problem", letter.problem)
            self._returns.append((letter.at + self._gears.rows_every, letter.token, letter.key))
        else:
            self._complaints.works("Giving task instances back")

    def _retry_returns(self, now: float) -> None:
        due = [entry for entry in self._returns if entry[0] <= now]
        self._returns = [entry for entry in self._returns if entry[0] > now]
        for _, token, key in due:
            self._hands.give_back(token, key)

    def _discarded(self, letter: Discarded[K, R]) -> None:
        token, error = letter.handover.job.token, letter.error
        if error is None:
            self._complaints.works("Removing stored workloads")
            self._removals.forget(token)
            return
        words = f"{error.code}: {error.message} {error.remedy}".rstrip()
        self._complaints.say("Removing stored workloads", error.kind, words)
        if token in self._table:
            return  # begun anew meanwhile, under the same name
        if not self._removals.failed(token, letter.handover, letter.at):
            log.warning("The stored workload of %s is left to the bucket's lifecycle rule", token)

    # --- Ending --------------------------------------------------------------------------------------------

    def _close(self, letter: Closing) -> None:
        self._closing = letter
        self._hands.drop_submissions()
        self._arriving.clear()
        self._gates[Action.SUBMIT].clear()
        self._stop_while_closing(self._table.live())

    def _stop_while_closing(self, containers: Mapping[str, str]) -> None:
        if self._closing is None or not self._closing.stop:
            return
        keys = {
            container: (token, self._table.handover(token).key) for container, token in containers.items()
        }
        self._leaving.leave(keys, self._clock())

    # --- Saying what is wrong, once ------------------------------------------------------------------------

    def _complain(self, job: Job[R], event: Event[R]) -> None:
        match event:
            case Seen() | RowRead():
                return  # most of what happens, and no word of a call's fate
            case Refused(error=AwsError(kind=Kind.THROTTLED)) if not job.failures:
                return  # once is how the account's limit is felt for: no trouble unless it is throttled again
            case Refused(error=error):
                self._complaints.say("Submitting", error.kind, f"{error.code}: {error.message}")
            case NotLookedUp(error=error):
                self._complaints.say("Looking up containers", error.kind, f"{error.code}: {error.message}")
            case StopAnswered(error=AwsError() as error):
                self._complaints.say("Stopping containers", error.kind, f"{error.code}: {error.message}")
            case NotStored(error=error) | Renewed(error=AwsError() as error):
                self._complaints.say("Storing workloads", error.kind, f"{error.code}: {error.message}")
            case Renewed():
                self._complaints.works("Storing workloads")
            case Prepared(renew_every=float()):
                self._complaints.works("Storing workloads")
            case Accepted():
                self._complaints.works("Submitting")
            case Found():
                self._complaints.works("Looking up containers")
            case StopAnswered():
                self._complaints.works("Stopping containers")
            case _:
                return
