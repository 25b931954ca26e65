"""What holds for every job, whatever happens to it: by arbitrary news, and in a world that is honest.

The first half feeds events of a small alphabet in any order: late, doubled, about other containers, in stages
that wait for something else. The second half plays a job against a small cloud in which each effect is
answered once, in any order, with any loss; containers live and die as they like; and old news comes again.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple, TypeAlias, TypeVar

from hypothesis import given, note

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.lifecycle.effects import (
    Effect,
    LogEvent,
    LookUp,
    Prepare,
    ReadRow,
    ReleaseSlot,
    Renew,
    Report,
    Stop,
    Submit,
)
from aws_executors.core.lifecycle.events import (
    Accepted,
    Due,
    Event,
    Found,
    NotLookedUp,
    NotPrepared,
    NotStored,
    Observed,
    Prepared,
    Refused,
    Renewed,
    Revoked,
    RowRead,
    StopAnswered,
    Superseded,
)
from aws_executors.core.lifecycle.job import Job, Purpose, Stage
from aws_executors.core.lifecycle.machine import advance, begin
from aws_executors.core.lifecycle.observation import Cause, Observation, Phase
from aws_executors.core.lifecycle.policy import Policy
from aws_executors.core.lifecycle.transitions.row_read import same_row_changes_nothing
from aws_executors.core.lifecycle.verdict import Row
from support.samples import examples
from support.tape import Recipe, Tape, either, few, mapped, of, read, tapes

T = TypeVar("T")
Heard: TypeAlias = "Callable[[float], Event[str]]"

# --- Any news, in any order --------------------------------------------------------------------------------


def every(kind: Callable[..., T], /, **members: Iterable[object]) -> list[T]:
    """All of the few there are: any is one draw, where a draw for each member would cost most of the test."""
    values = itertools.product(*members.values())
    return [kind(**dict(zip(members, value, strict=True))) for value in values]


def heard(kind: Callable[..., Event[str]], /, *members: Iterable[object]) -> list[Heard]:
    """All news of a kind, as soon as it is told when they come."""
    return [partial(_at, kind, values) for values in itertools.product(*members)]


def _at(kind: Callable[..., Event[str]], values: tuple[object, ...], at: float) -> Event[str]:
    return kind(at, *values)


IDS = ["c1", "c2", "c3"]
ERRORS = every(AwsError, kind=Kind, code=["Code"], message=["a", "b"], resource_ids=[(), ("c1",), ("c2",)])
OBSERVATIONS = every(
    Observation,
    id=IDS,
    phase=Phase,
    cause=[None, *Cause],
    reason=["", "why"],
    started=[False, True],
    version=[None, 1, 2],
)
STATES = ["queued", "running", "restarting", "success", "deferred", "scheduled", None]
KNOWN = every(Row, state=STATES, token=["t", "t", "u", None], try_number=[1, 1, 1, 2])
ROWS = [*[None] * len(KNOWN), *KNOWN]
REQUESTS = ["r1", "r2", "r3"]
NEWS = [
    heard(Prepared, REQUESTS),
    heard(Prepared, REQUESTS, [300.0]),
    heard(NotPrepared, ["why"]),
    heard(NotStored, ERRORS),
    heard(Renewed, [*[None] * len(ERRORS), *ERRORS], [None, 300.0]),
    heard(Accepted, IDS),
    heard(Refused, ERRORS),
    heard(Found, [*[None] * len(OBSERVATIONS), *OBSERVATIONS]),
    heard(NotLookedUp, ERRORS),
    heard(Observed, OBSERVATIONS),
    heard(RowRead, ROWS),
    heard(StopAnswered, [*[None] * len(ERRORS), *ERRORS]),
    heard(Revoked),
    heard(Superseded),
    heard(Due),
]


def news(tape: Tape) -> Event[str]:
    """Each kind as often as any other; what is due may be due long after."""
    some, tenths = tape.pick(NEWS), tape.number(20_001)
    at = 1e6 if some is NEWS[-1] and tenths % 2 else tenths / 10
    return tape.pick(some)(at)


# What often comes together, so that random lives get beyond their first stage.
NEVER = Observation(id="c1", phase=Phase.FAILED, cause=Cause.NEVER_STARTED)
STORIES: list[list[Event[str]]] = [
    [Prepared(1.0, "r1"), Accepted(2.0, "c1")],
    [Prepared(1.0, "r2"), Accepted(2.0, "c2"), Observed(3.0, Observation(id="c2", phase=Phase.RUNNING))],
    [Observed(4.0, NEVER), RowRead(5.0, Row(state="queued", token="t", try_number=1))],
    [Observed(4.0, replace(NEVER, id="c2")), RowRead(5.0, Row(state="queued", token="t", try_number=1))],
    [Refused(2.0, AwsError(kind=Kind.AMBIGUOUS, code="Code", message="a")), Due(1e6)],
    [Found(3.0, None), Due(1e6), Found(4.0, None), Due(1e6), Found(5.0, None)],
    [
        Prepared(1.0, "r1", 300.0),
        Due(1e6),
        Renewed(2.0, AwsError(kind=Kind.THROTTLED, code="Code", message="a")),
    ],
    [Revoked(6.0), Renewed(7.0, AwsError(kind=Kind.PERMANENT, code="Code", message="a"))],
    [Superseded(6.0), Renewed(7.0, AwsError(kind=Kind.PERMANENT, code="Code", message="a"))],
]
PARTS = either(few(news, 1, 2), mapped(tuple, of(*STORIES)))
POLICIES = every(Policy, idempotent=[False, True], attempts=[1, 2, 3], lookups=[1, 2, 3], grace=[100.0])
BORN_WITH = [purpose for purpose in Purpose if purpose is not Purpose.LEAVE]  # which is only ever come to
BORN = every(Job, token=["t"], purpose=BORN_WITH, renew_every=[None, 300.0])
JOBS: Recipe[Job[str]] = either(of(*BORN), of(Job(token="t", has_row=False)))

Turn: TypeAlias = "tuple[Job[str], Event[str], Job[str], tuple[Effect[str], ...]]"


@dataclass(frozen=True)
class Life:
    """A job as it was born, its first effects, and every turn of its life: before, event, after, effects."""

    job: Job[str]
    first: tuple[Effect[str], ...]
    turns: list[Turn]
    policy: Policy


def live_through(job: Job[str], policy: Policy, events: list[Event[str]]) -> Life:
    """The life of a job that hears these events."""
    before, first = begin(job)
    turns: list[Turn] = []
    for event in events:
        after, effects = advance(before, event, policy)
        turns.append((before, event, after, effects))
        before = after
    return Life(job, first, turns, policy)


Law: TypeAlias = "Callable[[Life], None]"
LAWS: list[Law] = []


def law(holds: Law) -> Law:
    """One of those that each life is judged by: a life costs more to draw than to judge."""
    LAWS.append(holds)
    return holds


@law
def a_closed_job_stays_closed_and_asks_for_nothing(life: Life) -> None:
    for before, _, after, effects in life.turns:
        if before.stage is Stage.CLOSED:
            assert after == before
            assert effects == ()


@law
def a_slot_is_freed_once_when_the_job_closes_unless_it_is_the_jobs_no_more(life: Life) -> None:
    """Report and Free each free the slot: never two of them in a life, but for what is said while a report is
    confirmed; exactly one in the life of a job that closes; none once it was made to cancel, revoked (Airflow
    forgot it then) or superseded (a newer job has the slot then)."""
    freed, lost = 0, life.job.purpose is Purpose.CANCEL
    for before, event, after, effects in life.turns:
        again = before.stage is Stage.CONFIRMING
        now = 0 if again else sum(isinstance(effect, Report | ReleaseSlot) for effect in effects)
        lost |= isinstance(event, Revoked | Superseded) or before.purpose is Purpose.CANCEL
        assert not (now and lost)
        freed += now
        assert freed <= 1
        if before.stage is not Stage.CLOSED and after.stage is Stage.CLOSED and not lost:
            assert freed == 1


@law
def a_job_that_nobody_waits_for_only_looks_and_stops(life: Life) -> None:
    """Taken back, superseded, or left by its row: it says nothing more, starts nothing, and no container of
    it gets another token to begin with."""
    for before, event, after, effects in life.turns:
        if before.withdrawn or isinstance(event, Revoked | Superseded):
            assert all(isinstance(effect, LookUp | Stop) for effect in effects)
            assert after.withdrawn or after.stage is Stage.CLOSED


@law
def what_is_to_be_given_back_says_nothing_before_it_is(life: Life) -> None:
    """And starts nothing, and is given no other token."""
    for before, _, after, effects in life.turns:
        if before.purpose is Purpose.RELEASE:
            assert not any(
                isinstance(effect, LogEvent | Prepare | Submit | Renew | Report) for effect in effects
            )
            assert after.container_wanted is False


@law
def what_waits_says_so_once_for_each_change(life: Life) -> None:
    for before, _, after, effects in life.turns:
        if any(isinstance(effect, LogEvent) for effect in effects) and after.stage is before.stage:
            assert after.told != before.told


@law
def a_container_that_is_known_to_live_is_stopped_before_a_cancelled_job_closes(life: Life) -> None:
    stopped: set[str] = set()
    for before, event, after, effects in life.turns:
        stopped |= {effect.container for effect in effects if isinstance(effect, Stop)}
        if before.stage is not Stage.CLOSED and after.stage is Stage.CLOSED:
            ended = [after.seen is not None and after.seen.ended]
            ended += [isinstance(event, Found) and event.observation is not None and event.observation.ended]
            if after.purpose is Purpose.CANCEL and after.container:
                assert after.container in stopped or any(ended)


@law
def what_is_known_to_live_for_a_cancelled_job_is_being_ended(life: Life) -> None:
    for _, _, after, _ in life.turns:
        if after.withdrawn and after.container:
            assert after.stage in (Stage.STOPPING, Stage.CLOSED)


@law
def attempts_count_up_from_one_to_the_cap(life: Life) -> None:
    asked = [*life.first, *(effect for turn in life.turns for effect in turn[3])]
    # A workload that could not be stored is prepared again, for the same attempt: nothing was submitted.
    attempts = [n for n, _ in itertools.groupby(e.attempt for e in asked if isinstance(e, Prepare))]
    assert attempts == list(range(1, len(attempts) + 1))
    assert len(attempts) <= life.policy.attempts


@law
def what_is_submitted_is_the_request_of_the_last_preparation_to_the_byte(life: Life) -> None:
    request = None
    for before, event, after, effects in life.turns:
        if isinstance(event, Prepared) and before.stage is Stage.PREPARING:
            request = event.request
        if after.stage is Stage.PREPARING:
            assert after.request is None
        assert all(effect.request == request for effect in effects if isinstance(effect, Submit))


@law
def nothing_is_submitted_while_a_container_is_known(life: Life) -> None:
    for _, _, after, effects in life.turns:
        if any(isinstance(effect, Submit | Prepare) for effect in effects):
            assert after.container == ""


@law
def a_row_that_says_the_same_again_changes_nothing_where_once_is_enough(life: Life) -> None:
    """So that a database need not tell what it has told; what a verdict waits for is told all the same."""
    for _, event, after, _ in life.turns:
        if isinstance(event, RowRead) and same_row_changes_nothing(after, event.at):
            for later in (0.0, 1.0, 1e6):
                assert advance(after, RowRead(event.at + later, event.row), life.policy) == (after, ())


@law
def no_event_asks_for_more_than_three_things(life: Life) -> None:
    for _, _, _, effects in life.turns:
        assert len(effects) <= 3


@law
def a_workload_is_renewed_only_while_its_container_has_not_begun(life: Life) -> None:
    for _, event, after, effects in life.turns:
        for effect in effects:
            if isinstance(effect, Renew):
                assert isinstance(event, Due)
                assert effect.attempt == after.attempt
                assert not after.ran
                assert after.seen is None or after.seen.phase is not Phase.RUNNING
                assert after.renew_at > event.at


@law
def a_task_is_failed_only_when_its_container_is_over(life: Life) -> None:
    """However long its token is valid: nothing that could still start is left behind a failed task."""
    for _, _, after, effects in life.turns:
        if any(isinstance(effect, Report) and not effect.success for effect in effects):
            assert after.container == "" or (after.seen is not None and after.seen.ended)
            assert not after.ambiguous


def of_the_past(event: Event[str], job: Job[str]) -> bool:
    """Whether this is a doubled acceptance of an earlier container, and so no answer to anything."""
    return isinstance(event, Accepted) and event.container in job.past


ANSWERS = {
    Stage.PREPARING: (Prepare, (Prepared, NotPrepared, NotStored)),
    Stage.SUBMITTING: (Submit, (Accepted, Refused)),
    Stage.LOOKING_UP: (LookUp, (Found, NotLookedUp)),
    Stage.STOPPING: (Stop, (StopAnswered,)),
}


@law
def every_stage_can_be_left(life: Life) -> None:
    """A job that is not closed waits for an answer that was asked for, for a time, or is looked at regularly:
    its container (WATCHING, ENDING, JUDGING) or its row."""
    for before, event, after, effects in life.turns:
        match after.stage:
            case Stage.BACKING_OFF:
                assert after.due is not None
            case Stage.WATCHING:
                assert after.container or after.has_row
            case Stage.AWAITING_ROW:
                assert after.has_row
                assert after.seen is not None
            case Stage.CONFIRMING:
                assert after.has_row
                assert after.due is not None
                assert after.report is not None
            case Stage.PREPARING | Stage.SUBMITTING | Stage.LOOKING_UP | Stage.STOPPING:
                asking, answers = ANSWERS[after.stage]
                asked = any(isinstance(effect, asking) for effect in effects)
                answered = isinstance(event, answers) and not of_the_past(event, before)
                still = before.stage is after.stage and not answered
                assert asked or still or after.due is not None
            case Stage.CLOSED:
                assert before.stage is Stage.CLOSED or not any(
                    isinstance(effect, Prepare | Submit | LookUp | Stop | ReadRow) for effect in effects
                )


def heard_of(tape: Tape) -> tuple[Job[str], Policy, list[Event[str]]]:
    """What a life comes of."""
    job, policy, parts = JOBS(tape), tape.pick(POLICIES), few(PARTS, most=20)(tape)
    return job, policy, [event for part in parts for event in part]


@examples(200)
@given(read(heard_of, 80))
def test_every_life_keeps_every_law(drawn: tuple[Job[str], Policy, list[Event[str]]]) -> None:
    life = live_through(*drawn)
    for holds in LAWS:
        holds(life)


# --- In an honest world ------------------------------------------------------------------------------------


@dataclass
class Cloud:
    """AWS, as far as one job can see it: nothing is lost but answers, and nothing lives but what it shows."""

    idempotent: bool
    containers: dict[str, Observation] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
    by_request: dict[str, str] = field(default_factory=dict)

    def start(self, request: str) -> str:
        """Carry a submission out."""
        if self.idempotent and request in self.by_request:
            return self.by_request[request]
        id_ = f"c{len(self.containers) + 1}"
        self.containers[id_] = Observation(id=id_, phase=Phase.PENDING)
        return self.by_request.setdefault(request, id_) if self.idempotent else id_

    def live(self) -> list[str]:
        """Those that have not ended."""
        return [id_ for id_, seen in self.containers.items() if not seen.ended]

    def look(self, id_: str) -> Observation:
        """What a describe call shows."""
        return Observation(id=id_, phase=Phase.ABSENT) if id_ in self.forgotten else self.containers[id_]

    def find(self, exclude: tuple[str, ...]) -> Observation | None:
        """A live one, or the newest."""
        shown = [self.look(id_) for id_ in self.containers if id_ not in (*exclude, *self.forgotten)]
        return next((seen for seen in shown if not seen.ended), shown[-1] if shown else None)


OUTCOMES = ["done", "done", "done", "done", "lost", "not done", "refused", "denied"]
REFUSALS = {
    "lost": Kind.AMBIGUOUS,
    "not done": Kind.AMBIGUOUS,
    "refused": Kind.THROTTLED,
    "denied": Kind.PERMANENT,
}
ENDS = [
    Observation(id="", phase=Phase.FAILED, cause=Cause.NEVER_STARTED),
    Observation(id="", phase=Phase.FAILED, cause=Cause.EXITED, exit_code=1, started=True),
    Observation(id="", phase=Phase.SUCCEEDED, exit_code=0, started=True),
]
KINDS = {"answer": 8, "due": 3, "look": 2, **dict.fromkeys(["run", "end", "forget", "row", "again"], 1)}


class Move(NamedTuple):
    """What happens next, after so many seconds; and how a call goes, if that is it."""

    kind: str
    seconds: float
    outcome: str


# Weighted by how often it stands here.
MOVES = [
    Move(*move)
    for kind, weight in [*((kind, 5 * weight) for kind, weight in KINDS.items()), ("revoke", 1)]
    for move in itertools.product([kind] * weight, [0.0, 1.0, 60.0], OUTCOMES)
]
TAPES = tapes(112)


@dataclass
class Play:
    """One job and one cloud."""

    job: Job[str]
    policy: Policy
    cloud: Cloud
    tape: Tape
    now: float = 0.0
    pending: list[Effect[str]] = field(default_factory=list)
    news: list[Event[str]] = field(default_factory=list)
    requests: int = 0

    def happen(self, event: Event[str]) -> None:
        """Tell the job."""
        self.news.append(event)
        self.job, effects = advance(self.job, event, self.policy)
        self.pending += [
            effect for effect in effects if isinstance(effect, Prepare | Submit | LookUp | Stop | ReadRow)
        ]

    def answer(self, outcome: str) -> None:
        """Carry out one of the pending effects, and tell the job how it went; or not quite."""
        effect = self.pending.pop(self.tape.number(len(self.pending)))
        match effect:
            case Prepare():
                self.requests += 1
                self.happen(Prepared(self.now, f"request {self.requests}"))
            case Submit(request=request):
                id_ = self.cloud.start(request) if outcome in ("done", "lost") else ""
                if outcome == "done":
                    self.happen(Accepted(self.now, id_))
                else:
                    self.happen(Refused(self.now, refusal(outcome)))
            case LookUp(exclude=exclude):
                if outcome == "done":
                    self.happen(Found(self.now, self.cloud.find(exclude)))
                else:
                    self.happen(NotLookedUp(self.now, refusal(outcome)))
            case Stop(container=id_):
                if outcome in ("done", "lost") and not self.cloud.containers[id_].ended:
                    self.cloud.containers[id_] = replace(ENDS[1], id=id_, cause=Cause.WITHDRAWN)
                self.happen(StopAnswered(self.now, None if outcome == "done" else refusal(outcome)))
            case ReadRow():
                self.happen(RowRead(self.now, self.tape.pick(ROWS)))
            case _:
                raise AssertionError(effect)

    def moves(self) -> Iterator[None]:
        """The job begins, and one move comes after the other."""
        note(f"{self.job}, {self.policy}, {self.cloud}")
        self.job, first = begin(self.job)
        self.pending += first
        for _ in range(16 + self.tape.number(25)):
            self.move(self.tape.pick(MOVES))
            yield

    def move(self, move: Move) -> None:
        """Let something happen, if it can."""
        note(f"{self.job.stage.name}: {move}")
        self.now += move.seconds
        live = self.cloud.live()
        match move.kind:
            case "answer" if self.pending:
                self.answer(move.outcome)
            case "run" if live:
                self.cloud.containers[live[0]] = Observation(id=live[0], phase=Phase.RUNNING, started=True)
            case "end" if live:
                self.cloud.containers[live[0]] = replace(self.tape.pick(ENDS), id=live[0])
            case "forget":
                self.cloud.forgotten |= set(self.cloud.containers) - set(live)
            case "look" if self.job.container:
                self.happen(Observed(self.now, self.cloud.look(self.job.container)))
            case "row":
                self.happen(RowRead(self.now, self.tape.pick(ROWS)))
            case "due" if self.job.due is not None:
                self.now = max(self.now, self.job.due)
                self.happen(Due(self.now))
            case "revoke":
                self.happen(Revoked(self.now))
            case "again":
                old = [event for event in self.news if not isinstance(event, Refused | Found | NotLookedUp)]
                if old:
                    self.happen(self.tape.pick(old))
            case _:
                return


def refusal(outcome: str) -> AwsError:
    """A call that did not go well."""
    return AwsError(kind=REFUSALS[outcome], code="Code", message=outcome)


def is_over(play: Play) -> bool:
    """Whether its job is closed, and nothing of it is still to be submitted."""
    return play.job.stage is Stage.CLOSED and not any(isinstance(e, Submit) for e in play.pending)


@examples(300)
@given(TAPES)
def test_no_two_containers_live_and_none_outlives_its_job(tape: Tape) -> None:
    """C10, C13, C15: whatever is lost, in whatever order, and however late old news comes again."""
    policy = tape.pick(POLICIES)
    fresh: Job[str] = Job(token="t", has_row=tape.pick([False, True]))
    play = Play(fresh, policy, Cloud(policy.idempotent), tape)
    for _ in play.moves():
        assert len(play.cloud.live()) <= 1
        if is_over(play):
            assert play.cloud.live() == []
            break


@examples(200)
@given(TAPES)
def test_c27_a_task_is_given_back_only_when_nothing_runs_for_it(tape: Tape) -> None:
    policy = tape.pick(POLICIES)
    orphan: Job[str] = Job(token="t", purpose=Purpose.RELEASE)
    play = Play(orphan, policy, Cloud(policy.idempotent), tape)
    if tape.pick([False, True]):
        play.cloud.start("of another scheduler")
    for _ in play.moves():
        assert not any(isinstance(effect, Submit | Prepare) for effect in play.pending)
        if play.job.stage is Stage.CLOSED:
            assert play.cloud.live() == []
            break
