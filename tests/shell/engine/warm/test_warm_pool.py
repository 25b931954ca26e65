"""What the pool of warm containers does, step by step: each call about a cell is answered by the test.

Law: table, jobs and their machine are production's; a container's own job is moved by hand.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TypeVar, cast

import pytest
from returns.result import Failure, Result, Success

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.cost.measured import read_measured
from aws_executors.core.lifecycle import effects, events
from aws_executors.core.lifecycle.allocation import Allocation
from aws_executors.core.lifecycle.job import Job, Stage
from aws_executors.core.lifecycle.machine import advance, begin
from aws_executors.core.lifecycle.observation import Cause, Observation, Phase
from aws_executors.core.lifecycle.policy import Policy
from aws_executors.core.lifecycle.poll_interval import PollInterval
from aws_executors.core.lifecycle.verdict import Row
from aws_executors.core.warm.cell import Cell
from aws_executors.core.warm.shape import WarmShape
from aws_executors.core.warm.step import WarmLimits
from aws_executors.shell.engine.agenda import Agenda
from aws_executors.shell.engine.calls.error_log import ErrorLog
from aws_executors.shell.engine.context import EngineContext
from aws_executors.shell.engine.job_table import JobTable, Record
from aws_executors.shell.engine.messages import WarmRequest, WorkItem
from aws_executors.shell.engine.warm.cell_calls import CellCalls
from aws_executors.shell.engine.warm.foreign_cells import UNCLAIMED
from aws_executors.shell.engine.warm.pool import WarmPool
from aws_executors.shell.engine.warm.tally import WarmTally
from aws_executors.shell.engine.warm.turns import STORE_SILENCE
from aws_executors.shell.transport.cells import HeldCell
from support.worlds import Unmeasured

T = TypeVar("T")
DENIED = AwsError(kind=Kind.PERMANENT, code="AccessDenied", message="no")
SILENT = AwsError(kind=Kind.AMBIGUOUS, code="ReadTimeoutError", message="no answer")
GIVEN = Allocation(vcpu=1.0, memory=2048)
SHAPE = WarmShape(name="f00d", kwargs="{}", limits=WarmLimits(), group="dag etl")
Call = tuple[str, Callable[[Result[object, AwsError]], None], object]


@dataclass
class Calls:
    """Keeps the calls until they are answered."""

    asked: list[Call] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    def list(self, then: Callable[[object], None]) -> None:
        self.asked.append(("list", then, None))

    def unfinished(self, groups: Collection[str], then: Callable[[object], None]) -> None:
        self.asked.append(("unfinished", then, groups))

    def read(self, name: str, then: Callable[[object], None]) -> None:
        self.asked.append(("read", then, name))

    def write(self, name: str, held: HeldCell, cell: Cell, then: Callable[[object], None]) -> None:
        self.asked.append(("write", then, cell))

    def offer(
        self,
        name: str,
        held: HeldCell,
        token: str,
        workload: Callable[[], str],
        then: Callable[[object], None],
        priority: int,
    ) -> None:
        self.asked.append(("offer", then, held.cell.offer(token, workload())))

    def remove(self, name: str) -> None:
        self.removed.append(name)


@dataclass
class World:
    """One pool, and what it makes of jobs."""

    now: float = 100.0
    calls: Calls = field(default_factory=Calls)
    happened: list[tuple[str, events.Event[str]]] = field(default_factory=list)
    told: list[effects.LogEvent] = field(default_factory=list)
    accounts: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    doubtful: bool = False
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.table: JobTable[str, str] = JobTable(PollInterval())
        self.agenda = Agenda()
        self.pool: WarmPool[str, str] = WarmPool(
            self,
            EngineContext(self.table, lambda: self.now, self.agenda, ErrorLog(lambda: self.now)),
            cast("CellCalls", self.calls),
            WarmTally(Unmeasured()),
            lambda: f"c{next(self.numbers)}",
        )

    # --- The dispatcher's part ---

    def happen(self, record: Record[str, str], event: events.Event[str]) -> None:
        self.happened.append((record.job.token, event))
        moved, asked = advance(record.job, event, Policy())
        self.table.move(moved, self.now)
        record.job = moved
        for effect in asked:
            if isinstance(effect, effects.Stop) and moved.pooled:
                self.pool.stop_container(record, effect)
        self.pool.happened(record)

    def add(self, work_item: WorkItem[str, str]) -> Record[str, str] | None:
        return self.table.add(work_item, begin(work_item.job)[0], self.now)

    def stop(self, record: Record[str, str], effect: effects.Stop) -> None:
        self.stopped.append(effect.container)

    def hold(self, record: Record[str, str], submission: effects.Submit[str]) -> None:
        self.held.append(record.job.token)

    def log_event(self, record: Record[str, str], line: effects.LogEvent) -> None:
        self.told.append(line)

    def account(self, work_item: WorkItem[str, str], seen: Observation, served: tuple[str, ...]) -> None:
        self.accounts.append((work_item.key, seen.id, served))

    # --- The test's part ---

    def wants(self, token: str, *, has_row: bool = True) -> Record[str, str]:
        """A job waits for a container."""
        job: Job[str] = Job(token=token, has_row=has_row)
        request: WarmRequest[str] = WarmRequest(
            shape=SHAPE, container=lambda one: one, workload=lambda: "{}", cold=lambda _: Success("cold")
        )
        record = self.table.add(WorkItem(job=job, key=token), job, self.now)
        record.in_doubt = self.doubtful
        prepared = events.Prepared(self.now, cast("str", request))
        self.happen(record, prepared)
        self.pool.want(record, effects.Submit(cast("str", request)), request)
        self.run_due()
        return record

    def run_due(self, seconds: float = 0.0) -> None:
        self.now += seconds
        self.agenda.run_due(self.now)
        self.pool.run_due(self.now)

    def answers(self, kind: str, result: Result[T, AwsError]) -> None:
        """The oldest call of this kind is answered."""
        call = next(one for one in self.calls.asked if one[0] == kind)
        self.calls.asked.remove(call)
        self.now += 0.1
        call[1](cast("Result[object, AwsError]", result))
        self.run_due()

    def asked(self, kind: str) -> list[object]:
        return [what for one, _, what in self.calls.asked if one == kind]

    def lists(self, cells: Mapping[str, Cell]) -> None:
        """Time passes, and the cells are listed."""
        if not self.asked("list"):
            self.run_due(1.5)
        self.answers("list", Success({name: tag(cell) for name, cell in cells.items()}))

    def shows(self, name: str, cell: Cell) -> None:
        """A list has a changed cell, which is read then."""
        self.lists({name: cell})
        self.answers("read", Success(HeldCell(tag(cell), cell)))

    def own(self, token: str) -> Record[str, str]:
        record = self.table.get(token)
        assert record is not None
        return record

    def accepts(self, token: str) -> None:
        """AWS has started a container."""
        self.happen(self.own(token), events.Prepared(self.now, "request"))
        self.happen(self.own(token), events.Accepted(self.now, f"arn:{token}"))

    def leaves(self, token: str) -> None:
        """A container has ended by itself, with exit code 0."""
        ended = Observation(id=f"arn:{token}", phase=Phase.SUCCEEDED, exit_code=0, started=True, final=True)
        self.happen(self.own(token), events.Observed(self.now, ended))

    def ends(self, token: str, cause: Cause = Cause.RECLAIMED, *, started: bool = False) -> None:
        """A container has ended."""
        ended = Observation(
            id=f"arn:{token}",
            phase=Phase.FAILED,
            cause=cause,
            final=True,
            started=started,
            given=lambda: GIVEN,
        )
        self.happen(self.own(token), events.Observed(self.now, ended))

    def of(self, token: str) -> list[events.Event[str]]:
        return [event for one, event in self.happened if one == token][1:]


def tag(cell: Cell) -> str:
    return str(cell.body())


IDLE = Cell(container="arn:c1")
NAME = "f00d/c1-1"


@pytest.fixture
def world() -> World:
    return World()


def up(world: World, cell: Cell = IDLE) -> None:
    """The first container is up, and says this."""
    world.accepts("c1")
    world.shows(NAME, cell)


def offered(world: World) -> Cell:
    """The oldest offer lands."""
    (cell, *_) = world.asked("offer")
    assert isinstance(cell, Cell)
    world.answers("offer", Success(HeldCell(tag(cell), cell)))
    return cell


def test_a_job_has_a_turn_once_its_container_has_taken_its_workload(world: World) -> None:
    job = world.wants("a")
    assert job.job.stage is Stage.SUBMITTING
    up(world)
    cell = offered(world)
    assert world.of("a") == []
    world.shows(NAME, cell.take())
    accepted, running = world.of("a")
    assert isinstance(accepted, events.Accepted)
    assert isinstance(running, events.Observed)
    assert (accepted.container, running.observation.phase) == ("arn:c1#2", Phase.RUNNING)
    world.shows(NAME, cell.take().end(0))
    ended = world.of("a")[-1]
    assert isinstance(ended, events.Observed)
    assert ended.observation.phase is Phase.SUCCEEDED


def test_what_was_taken_back_is_not_offered(world: World) -> None:
    job = world.wants("a")
    world.happen(job, events.Revoked(world.now))
    assert isinstance(world.of("a")[-1], events.Refused)
    up(world)
    assert world.asked("offer") == []


def test_what_was_taken_back_does_not_lie_in_a_cell_until_a_container_begins_it(world: World) -> None:
    """Airflow may have queued the task again already, and would let the old workload in."""
    job = world.wants("a")
    up(world)
    cell = offered(world)
    world.happen(job, events.Revoked(world.now))
    assert world.asked("write") == [cell.withdraw()]


def test_what_is_taken_back_while_it_is_offered_is_taken_out_as_soon_as_it_lies_there(world: World) -> None:
    job = world.wants("a")
    up(world)
    world.happen(job, events.Revoked(world.now))
    assert world.asked("write") == []
    cell = offered(world)
    assert world.asked("write") == [cell.withdraw()]
    withdrawn = cell.withdraw()
    world.answers("write", Success(HeldCell(tag(withdrawn), withdrawn)))
    assert isinstance(world.of("a")[-1], events.Refused)


def test_what_may_be_another_scheduler_s_is_not_offered(world: World) -> None:
    world.doubtful = True
    world.wants("a")
    assert world.held == ["a"]
    assert world.table.get("c1") is None


def test_a_container_that_was_refused_fails_the_job_that_it_was_for(world: World) -> None:
    world.wants("a")
    own = world.own("c1")
    world.pool.said(own, effects.Report(success=False, info="AccessDenied: not allowed"))
    world.happen(own, events.NotPrepared(world.now, "AccessDenied: not allowed"))
    world.answers("read", Success(None))
    assert world.of("a")[-1] == events.NotPrepared(world.now, "AccessDenied: not allowed")


def test_a_container_that_has_ended_before_it_was_up_was_an_attempt_of_that_job(world: World) -> None:
    world.wants("a")
    world.wants("b")
    world.accepts("c1")
    world.ends("c1", Cause.NEVER_STARTED)
    world.answers("read", Success(None))
    accepted, ended = world.of("a")
    assert isinstance(accepted, events.Accepted)
    assert isinstance(ended, events.Observed)
    assert (accepted.container, ended.observation.cause) == ("arn:c1", Cause.NEVER_STARTED)
    assert world.of("b") == []


def test_a_lost_offer_is_taken_back_by_a_write_before_its_job_goes_elsewhere(world: World) -> None:
    world.wants("a")
    up(world)
    world.answers("offer", Failure(SILENT))
    assert world.asked("write") == [IDLE.withdraw()]
    assert world.asked("offer") == []
    withdrawn = IDLE.withdraw()
    world.answers("write", Success(HeldCell(tag(withdrawn), withdrawn)))
    assert world.asked("offer") == [withdrawn.offer("a", "{}")]


def test_an_offer_that_finds_the_cell_changed_may_have_landed_all_the_same(world: World) -> None:
    world.wants("a")
    up(world)
    world.answers("offer", Success(None))
    assert world.asked("offer") == []
    taken = IDLE.offer("a", "{}").take()
    world.answers("read", Success(HeldCell(tag(taken), taken)))
    assert isinstance(world.of("a")[0], events.Accepted)


def test_what_ran_there_before_under_the_same_token_is_of_an_earlier_turn(world: World) -> None:
    before = IDLE.offer("a", "{}").take().end(0)
    world.wants("a")
    up(world, before)
    offered(world)
    assert world.of("a") == []


def run(world: World, token: str) -> tuple[Record[str, str], Cell]:
    job = world.wants(token)
    up(world)
    taken = offered(world).take()
    world.shows(NAME, taken)
    return job, taken


def test_a_turn_is_followed_that_was_found_where_an_offer_was_on_its_way(world: World) -> None:
    """Another scheduler has offered there first, and its job is adopted in this very moment."""
    world.wants("a")
    up(world)
    adopted: Job[str] = Job(token="b", stage=Stage.LOOKING_UP, container="arn:c1#2")
    record = world.table.add(WorkItem(job=adopted, key="b"), adopted, world.now)
    seen = Observation(id="arn:c1#2", name=NAME, phase=Phase.RUNNING)
    world.pool.follow(record, "arn:c1#2", seen)
    world.happen(record, events.Found(world.now, seen))
    taken = IDLE.offer("b", "{}").take()
    world.answers("offer", Success(None))
    world.answers("read", Success(HeldCell(tag(taken), taken)))
    world.shows(NAME, taken.end(0))
    ended = [event for token, event in world.happened if token == "b"][-1]
    assert isinstance(ended, events.Observed)
    assert ended.observation.phase is Phase.SUCCEEDED


def test_a_container_is_stopped_for_the_job_that_runs_there(world: World) -> None:
    job, taken = run(world, "a")
    world.pool.stop(job, "arn:c1#2")
    world.answers("read", Success(HeldCell(tag(taken), taken)))
    assert isinstance(world.of("c1")[-1], events.Revoked)
    world.answers("read", Success(HeldCell(tag(taken), taken)))
    assert world.stopped == ["arn:c1"]


def test_it_is_not_stopped_for_one_that_has_ended_meanwhile(world: World) -> None:
    job, taken = run(world, "a")
    world.pool.stop(job, "arn:c1#2")
    after = taken.end(0).offer("another scheduler's", "{}").take()
    world.answers("read", Success(HeldCell(tag(after), after)))
    assert not any(isinstance(event, events.Revoked) for event in world.of("c1"))


def test_what_was_taken_is_lost_with_its_container(world: World) -> None:
    _, taken = run(world, "a")
    world.ends("c1")
    world.answers("read", Success(HeldCell(tag(taken), taken)))
    ended = world.of("a")[-1]
    assert isinstance(ended, events.Observed)
    assert (ended.observation.id, ended.observation.cause) == ("arn:c1#2", Cause.RECLAIMED)
    world.run_due(61.0)
    assert world.calls.removed == [NAME]


def test_the_cell_of_another_container_at_the_same_address_is_left_alone(world: World) -> None:
    """A submission whose answer was lost has started one, and its repetition another, which ends at once."""
    world.wants("a")
    first = Cell(container="arn:the first")
    up(world, first)
    taken = offered(world).take()
    world.shows(NAME, taken)
    world.ends("c1", Cause.EXITED)
    world.answers("read", Success(HeldCell(tag(taken), taken)))
    world.run_due(61.0)
    assert world.calls.removed == []


def silence(world: World) -> None:
    """The store lists, and answers no question about a cell that has ended, however often asked."""
    for _ in range(80):
        world.run_due(1.0)
        if world.asked("list"):
            world.answers("list", Success({}))
        if not world.asked("read"):
            break
        world.answers("read", Failure(SILENT))
    assert world.asked("read") == []


def test_what_nobody_has_seen_taken_has_not_gone_well_because_its_container_has(world: World) -> None:
    job = world.wants("a")
    up(world)
    world.answers("offer", Failure(SILENT))
    world.leaves("c1")  # as it does if it could not reach its cell, or has closed it before
    silence(world)
    assert job.job.stage is Stage.AWAITING_ROW
    row = Row(state="queued", token="a", try_number=1)
    world.happen(job, events.RowRead(world.now, row))
    assert (job.job.stage, job.job.attempt) == (Stage.PREPARING, 2)


def test_what_was_taken_has_gone_well_if_its_container_says_so_and_not_its_cell(world: World) -> None:
    _, taken = run(world, "a")
    world.leaves("c1")
    world.answers("read", Success(HeldCell(tag(taken), taken)))
    ended = world.of("a")[-1]
    assert isinstance(ended, events.Observed)
    assert ended.observation.phase is Phase.SUCCEEDED


def test_a_cell_that_cannot_be_read_may_say_that_what_was_taken_has_failed(world: World) -> None:
    """Its container has then left well, for all that it owed is told."""
    run(world, "a")
    world.leaves("c1")
    silence(world)
    ended = world.of("a")[-1]
    assert isinstance(ended, events.Observed)
    assert (ended.observation.phase, ended.observation.cause) == (Phase.FAILED, Cause.UNCLEAR)


def test_a_container_that_has_left_well_has_run_nothing_that_was_never_offered_to_it(world: World) -> None:
    job = world.wants("a")
    world.accepts("c1")
    world.leaves("c1")
    world.answers("read", Success(None))
    again = Observation(id="arn:c1", phase=Phase.SUCCEEDED, exit_code=0, started=True)
    if (owner := world.table.owner("arn:c1")) is not None:  # told once more, before the row is read
        world.happen(owner, events.Observed(world.now, again))
    row = Row(state="queued", token="a", try_number=1)
    world.happen(job, events.RowRead(world.now, row))
    assert (job.job.stage, job.job.attempt) == (Stage.PREPARING, 2)
    assert world.accounts == [("a", "arn:c1", ("",))]


def test_a_callback_has_not_begun_in_a_container_that_spot_takes_before_it_is_up(world: World) -> None:
    job = world.wants("a", has_row=False)
    world.accepts("c1")
    world.ends("c1", Cause.RECLAIMED, started=True)
    world.answers("read", Success(None))
    assert (job.job.stage, job.job.attempt) == (Stage.PREPARING, 2)


def untaken(world: World, container: str, cell: Cell, others: Mapping[str, Cell]) -> dict[str, Cell]:
    """A container that is up does not take what is offered, and nobody offers it anything any more; all cells
    then, where there are `others`."""
    name = f"f00d/{container}-1"
    world.accepts(container)
    world.lists(others)
    world.lists({**others, name: cell})
    world.answers("read", Success(HeldCell(tag(cell), cell)))
    lies = offered(world)
    world.run_due(6.0)
    (closed,) = world.asked("write")
    assert closed == lies.close()
    assert isinstance(closed, Cell)
    world.answers("write", Success(HeldCell(tag(closed), closed)))
    assert isinstance(world.of(container)[-1], events.Revoked)
    return {**others, name: closed}


def test_a_container_that_takes_nothing_is_closed_for_every_scheduler_before_it_is_stopped(
    world: World,
) -> None:
    world.wants("a")
    untaken(world, "c1", IDLE, {})
    assert world.of("a") == []
    assert world.table.get("c2") is not None  # started for it instead


def test_one_that_comes_up_although_it_is_being_stopped_is_closed_for_every_scheduler(world: World) -> None:
    """Another one would take it over in a few seconds, and the stop may come later than that."""
    job = world.wants("a")
    world.accepts("c1")
    world.happen(job, events.Revoked(world.now))
    world.run_due()
    world.answers("read", Success(None))
    assert isinstance(world.of("c1")[-1], events.Revoked)
    world.lists({})
    world.shows(NAME, IDLE)
    assert world.asked("write") == [IDLE.close()]


@pytest.mark.parametrize("cell", [IDLE, IDLE.offer("another scheduler's", "{}").take()])
def test_one_that_nobody_here_waits_for_is_let_alone_if_it_is_up(world: World, cell: Cell) -> None:
    """AWS's last word of it may be old, and another scheduler have taken it over."""
    job = world.wants("a")
    world.accepts("c1")
    world.happen(job, events.Revoked(world.now))
    world.run_due()
    world.answers("read", Failure(SILENT))
    world.run_due(1.0)
    world.answers("read", Success(HeldCell(tag(cell), cell)))
    assert not any(isinstance(event, events.Revoked) for event in world.of("c1"))


def accepted_late(world: World) -> None:
    """The submission of a container is answered when nobody has waited for it for long."""
    job = world.wants("a")
    world.happen(world.own("c1"), events.Prepared(world.now, "request"))
    world.happen(job, events.Revoked(world.now))
    world.run_due()
    world.answers("read", Success(None))
    world.run_due(40.0)
    world.happen(world.own("c1"), events.Accepted(world.now, "arn:c1"))
    assert world.stopped == []


def test_one_that_another_scheduler_uses_by_now_is_not_stopped(world: World) -> None:
    accepted_late(world)
    world.answers("read", Failure(SILENT))
    world.run_due(1.0)
    taken = IDLE.offer("another scheduler's", "{}").take()
    world.answers("read", Success(HeldCell(tag(taken), taken)))
    world.happen(world.own("c1"), events.Due(world.now + Policy().linger))  # it is asked again
    world.answers("read", Success(HeldCell(tag(taken), taken)))
    assert world.stopped == []


def test_one_that_is_not_up_is_stopped(world: World) -> None:
    accepted_late(world)
    world.answers("read", Success(None))
    assert world.stopped == ["arn:c1"]


def test_one_that_is_idle_is_closed_and_then_stopped(world: World) -> None:
    accepted_late(world)
    world.answers("read", Success(HeldCell(tag(IDLE), IDLE)))
    world.answers("write", Failure(SILENT))
    world.run_due(1.0)
    world.answers("read", Success(HeldCell(tag(IDLE), IDLE)))
    world.answers("write", Success(None))  # another scheduler was there before, and takes its offer back
    idle = IDLE.offer("another scheduler's", "{}").withdraw()
    world.answers("read", Success(HeldCell(tag(idle), idle)))
    assert world.stopped == []
    world.answers("write", Success(HeldCell(tag(idle.close()), idle.close())))
    assert world.stopped == ["arn:c1"]


def test_nothing_is_offered_to_one_that_is_being_stopped_whatever_its_cell_says(world: World) -> None:
    job, taken = run(world, "a")
    for _ in range(2):  # the first stop has no effect yet
        world.pool.stop(job, "arn:c1#2")
        world.answers("read", Success(HeldCell(tag(taken), taken)))
    world.pool.stop(job, "arn:c1#2")
    idle = taken.end(0)
    world.answers("read", Success(HeldCell(tag(idle), idle)))
    world.wants("b")
    assert world.asked("offer") == []


def test_a_job_whose_workload_no_container_takes_gets_one_of_its_own(world: World) -> None:
    world.wants("a")
    cells = untaken(world, "c1", IDLE, {})
    untaken(world, "c2", Cell(container="arn:c2"), cells)
    assert isinstance(world.of("a")[-1], events.NotPlaced)
    assert world.table.get("c3") is None


def test_a_workload_has_what_its_cell_says_and_the_sizes_of_its_container(world: World) -> None:
    _, taken = run(world, "a")
    shown = Observation(id="arn:c1", phase=Phase.RUNNING, status="RUNNING", given=lambda: GIVEN)
    world.happen(world.own("c1"), events.Observed(world.now, shown))
    world.shows(NAME, taken.end(0, used='{"memory":9,"seconds":8.0}'))
    ended = world.of("a")[-1]
    assert isinstance(ended, events.Observed)
    assert (ended.observation.used, ended.observation.allocation) == ('{"memory":9,"seconds":8.0}', GIVEN)
    assert world.accounts == []


def test_the_end_of_a_container_is_told_with_what_its_workloads_have_used(world: World) -> None:
    _, taken = run(world, "a")
    again = taken.end(0, used='{"seconds":8.0}').offer("b", "{}").take()
    world.shows(NAME, taken.end(0, used='{"seconds":8.0}'))
    world.wants("b")
    offered(world)
    world.shows(NAME, again)
    world.run_due(20.0)
    world.ends("c1")
    world.answers("read", Success(HeldCell(tag(again), again)))
    lost = world.of("b")[-1]
    assert isinstance(lost, events.Observed)
    assert lost.observation.allocation == GIVEN
    (account,) = world.accounts
    assert account == ("a", "arn:c1", ('{"seconds":8.0}', lost.observation.used))
    measured = read_measured(lost.observation.used)
    assert measured is not None
    assert measured.seconds is not None
    assert 20 <= measured.seconds < 22


def test_a_container_that_was_an_attempt_of_its_job_is_not_told_twice(world: World) -> None:
    world.wants("a")
    world.accepts("c1")
    world.ends("c1", Cause.NEVER_STARTED)
    world.answers("read", Success(None))
    ended = world.of("a")[-1]
    assert isinstance(ended, events.Observed)
    assert ended.observation.allocation == GIVEN
    assert world.accounts == []


def test_what_its_container_has_written_last_counts(world: World) -> None:
    _, taken = run(world, "a")
    world.ends("c1")
    last = taken.end(7, close=True)
    world.answers("read", Success(HeldCell(tag(last), last)))
    ended = world.of("a")[-1]
    assert isinstance(ended, events.Observed)
    assert ended.observation.exit_code == 7


def test_where_the_store_refuses_jobs_get_containers_of_their_own_until_it_answers(world: World) -> None:
    world.wants("a")
    world.answers("list", Failure(DENIED))
    assert isinstance(world.of("a")[-1], events.NotPlaced)
    world.run_due(STORE_SILENCE)
    world.wants("b")
    assert isinstance(world.of("b")[-1], events.NotPlaced)
    world.answers("list", Success({}))
    world.wants("c")
    assert world.of("c") == []


def test_where_cells_are_listed_and_cannot_be_read_jobs_get_containers_of_their_own(world: World) -> None:
    job = world.wants("a")
    world.accepts("c1")
    for _ in range(20):
        world.run_due(1.0)
        if world.asked("list"):
            world.answers("list", Success({NAME: tag(IDLE)}))
        if world.asked("read"):
            world.answers("read", Failure(SILENT))
    assert isinstance(world.of("a")[-1], events.NotPlaced)
    assert job.job.stage is Stage.PREPARING
    world.shows(NAME, IDLE)
    world.wants("b")
    assert len(world.asked("offer")) == 1  # it can be read again


def test_an_idle_container_that_its_scheduler_does_not_use_is_taken_over(world: World) -> None:
    foreign = Cell(container="arn:f")
    world.wants("a")
    for _ in range(5):
        world.lists({"f00d/f-1": foreign, "other/g-1": foreign})
        if world.asked("read"):
            break
    assert world.asked("read") == ["f00d/f-1"]
    assert world.now - 100.0 >= UNCLAIMED
    world.answers("read", Success(HeldCell(tag(foreign), foreign)))
    assert world.asked("offer") == []  # before its end would be noticed
    seen = Observation(id="arn:f", phase=Phase.RUNNING)
    world.happen(world.own("f"), events.Found(world.now, seen))
    world.run_due()
    assert world.asked("offer") == [foreign.offer("a", "{}")]


def test_nobody_s_containers_are_closed_at_once(world: World) -> None:
    _, taken = run(world, "a")
    idle = taken.end(0)
    world.shows(NAME, idle)
    world.run_due(0.0)
    assert len(world.asked("unfinished")) == 1
    world.answers("unfinished", Success(set[str]()))
    assert world.asked("write") == [idle.close()]


@pytest.mark.parametrize("answer", [Failure(SILENT), Success(None)])
def test_a_container_that_could_not_be_closed_is_closed_the_next_time(
    world: World, answer: Result[HeldCell | None, AwsError]
) -> None:
    _, taken = run(world, "a")
    idle = taken.end(0)
    world.shows(NAME, idle)
    world.run_due(0.0)
    world.answers("unfinished", Success(set[str]()))
    world.answers("write", answer)
    if world.asked("read"):
        world.answers("read", Success(HeldCell(tag(idle), idle)))
    world.run_due(6.0)
    world.answers("list", Success({NAME: tag(idle)}))
    world.run_due(6.0)
    world.answers("unfinished", Success(set[str]()))
    assert world.asked("write") == [idle.close()]
