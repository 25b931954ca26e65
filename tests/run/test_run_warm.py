"""The loop of a warm container against the embedded S3: its words in the cell, and why it ends.

Law: time is virtual and a workload is a function; the store, its faults and the executor's writes are real.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from aws_executors.core.lifecycle.launcher_exit_codes import Exit
from aws_executors.core.warm.cell import Cell, Served, Word
from aws_executors.core.warm.log_marks import Mark
from aws_executors.local import LocalAws
from aws_executors.run.warm.cell_store import ABSENT, Failed, OwnCell, Won
from aws_executors.run.warm.fork import Ended
from aws_executors.run.warm.serving import ServingContainer, ServingLimits
from run.warm_world import BUCKET, KEY, OWN_ID, URL, CellAt, cloud

LIFE = "one life"


def limited(idle: float = 120, tasks: int = 100, age: float = 4 * 3600) -> ServingLimits:
    return ServingLimits(idle, tasks, age)


@dataclass
class World:
    """A container in virtual time. `meanwhile` are what happens during its waits, one after the other."""

    aws: LocalAws
    cell: CellAt
    store: OwnCell
    limits: ServingLimits = field(default_factory=lambda: limited(idle=20))
    clock: float = 1000.0
    said: list[str] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    meanwhile: list[Callable[[], object]] = field(default_factory=list)
    during: Callable[[str], Ended] = lambda workload: Ended(0)

    def pause(self, seconds: float) -> str:
        assert len(self.pauses) < 5000, "it never ends"
        self.pauses.append(seconds)
        self.clock += seconds
        told = self.meanwhile.pop(0)() if seconds and self.meanwhile else None
        return told if isinstance(told, str) else ""

    def run(self, workload: str) -> Ended:
        self.ran.append(workload)
        return self.during(workload)

    def serve(self) -> int:
        container = ServingContainer(
            store=self.store,
            container=OWN_ID,
            life=LIFE,
            limits=self.limits,
            run=self.run,
            now=lambda: self.clock,
            pause=self.pause,
            say=self.said.append,
            mark=lambda mark: self.marks.append(str(mark)),
            born=self.clock,
        )
        return container.serve()

    def offer(self, token: str = "a") -> None:
        self.cell.offer(token)

    @property
    def why(self) -> str:
        return self.said[-1].removeprefix("ends: ")

    def faults(self, *calls: Callable[[], object]) -> Callable[[], object]:
        """Something that happens during a wait: these, in turn."""

        def happen() -> None:
            for call in calls:
                call()

        return happen


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with cloud() as up, pytest.MonkeyPatch.context() as around:
        for name, value in up.environment.items():
            around.setenv(name, value)
        yield up


@pytest.fixture(scope="module")
def store(aws: LocalAws) -> OwnCell:
    return OwnCell(URL, "us-east-1")


@pytest.fixture(scope="module")
def cell(aws: LocalAws) -> CellAt:
    return CellAt(aws.client("s3"))


@pytest.fixture
def world(aws: LocalAws, store: OwnCell, cell: CellAt) -> World:
    aws.faults.clear()
    cell.s3.delete_object(Bucket=BUCKET, Key=KEY)
    return World(aws, cell, store)


# --- Without faults -----------------------------------------------------------------------------------------


def test_it_waits_takes_runs_and_closes_after_so_long_a_wait(world: World) -> None:
    seen: list[Cell] = []

    def during(workload: str) -> Ended:
        seen.append(world.cell.now)
        world.clock += 30
        return Ended(0)

    world.during = during
    world.meanwhile = [lambda: None, world.offer, lambda: world.offer("b")]
    assert world.serve() == Exit.RAN
    (first, second) = seen
    assert (first.word, first.token, first.workload) == (Word.TAKEN, "a", "")
    assert (second.token, second.served) == ("b", (Served("a", 0),))
    last = world.cell.now
    assert (last.word, last.container, last.sequence) == (Word.CLOSED, OWN_ID, 7)
    assert last.served == (Served("a", 0), Served("b", 0))
    assert world.ran == ['{"code": ""}'] * 2
    marks = (Mark("a"), Mark("a", exit_code=0), Mark("b"), Mark("b", exit_code=0))
    assert world.marks == list(map(str, marks))
    assert world.why == "no workload came for 20 seconds"
    assert world.said == [f"takes workloads, at most 100, as {OWN_ID}", f"ends: {world.why}"]


def test_it_looks_twice_a_second_for_a_minute_and_then_once(world: World) -> None:
    world.limits = limited()
    assert world.serve() == Exit.RAN
    waits = [one for one in world.pauses if one]
    assert waits == [0.5] * 120 + [1.0] * 60


def test_it_takes_no_more_than_so_many(world: World) -> None:
    world.limits = limited(tasks=2)
    world.meanwhile = [world.offer, lambda: world.offer("b")]
    assert world.serve() == Exit.RAN
    assert len(world.ran) == 2
    assert (world.cell.now.word, world.why) == (Word.CLOSED, "it has taken 2 workloads")


def test_its_age_never_ends_it_in_the_middle_of_a_workload(world: World) -> None:
    def during(workload: str) -> Ended:
        world.clock += 3600
        return Ended(0)

    world.during, world.limits, world.meanwhile = during, limited(age=600), [world.offer]
    assert world.serve() == Exit.RAN
    assert (world.cell.now.served, world.why) == ((Served("a", 0),), "it is 3600 seconds old")


def test_an_idle_container_ends_at_its_age_too(world: World) -> None:
    world.limits = limited(idle=100, age=50)
    assert world.serve() == Exit.RAN
    assert (world.cell.now.word, world.why) == (Word.CLOSED, "it is 50 seconds old")


def test_after_a_bad_end_it_takes_nothing_more(world: World) -> None:
    world.during, world.meanwhile = lambda workload: Ended(1, "because"), [world.offer]
    assert world.serve() == Exit.RAN
    assert (world.cell.now.word, world.cell.now.served, world.why) == (
        Word.CLOSED,
        (Served("a", 1),),
        "because",
    )


def test_an_offer_that_beats_the_idle_limit_is_taken(world: World) -> None:
    world.meanwhile = [*[lambda: None] * 39, world.offer]
    assert world.serve() == Exit.RAN
    assert len(world.ran) == 1


def test_the_executor_closes_it(world: World) -> None:
    world.meanwhile = [lambda: world.cell.write(Cell.close)]
    assert world.serve() == Exit.RAN
    assert world.why == "an executor has closed its cell"


def test_an_offer_that_is_taken_back_is_not_run(world: World) -> None:
    world.meanwhile = [world.faults(world.offer, lambda: world.cell.write(Cell.withdraw))]
    assert world.serve() == Exit.RAN
    assert (world.ran, world.cell.now.sequence, world.cell.now.served) == ([], 3, ())


@pytest.mark.parametrize("when", ["idle", "running"])
def test_its_cell_is_deleted(world: World, when: str) -> None:
    def delete(*_: str) -> Ended:
        world.cell.s3.delete_object(Bucket=BUCKET, Key=KEY)
        return Ended(7)

    world.during = delete
    world.meanwhile = [world.offer] if when == "running" else [lambda: delete()]
    assert world.serve() == (7 if when == "running" else Exit.RAN)
    assert world.why == "its cell was deleted"


@pytest.mark.parametrize(
    "there", [b"[]", Cell(container="other", life=LIFE).body(), Cell(container=OWN_ID, life="other").body()]
)
def test_an_address_that_is_in_use_is_left_alone(world: World, there: bytes) -> None:
    world.cell.s3.put_object(Bucket=BUCKET, Key=KEY, Body=there)
    assert world.serve() == Exit.CANNOT_START
    assert "no retries" in world.why
    assert world.aws.objects(BUCKET)[KEY] == there


@pytest.mark.parametrize(
    "there", [b"[]", Cell(sequence=1, container=OWN_ID, life="other").body(), Cell(container=OWN_ID).body()]
)
def test_what_is_written_over_its_cell_by_somebody_else_ends_it(world: World, there: bytes) -> None:
    world.meanwhile = [lambda: world.cell.s3.put_object(Bucket=BUCKET, Key=KEY, Body=there)]
    assert world.serve() == Exit.CANNOT_START
    assert world.aws.objects(BUCKET)[KEY] == there


# --- It is told to stop -------------------------------------------------------------------------------------


def test_told_to_stop_while_it_waits_it_ends_at_once(world: World) -> None:
    world.meanwhile = [lambda: "SIGTERM"]
    assert world.serve() == Exit.RAN
    assert (world.cell.now.word, world.why) == (Word.CLOSED, "SIGTERM: the platform stops this container")
    assert sum(world.pauses) == 0.5


def test_told_to_stop_before_its_cell_is_there_it_makes_none(world: World) -> None:
    class Told(World):
        def pause(self, seconds: float) -> str:
            return "SIGTERM"

    told = Told(world.aws, world.cell, world.store)
    assert told.serve() == Exit.INFRASTRUCTURE
    assert told.why == "SIGTERM: the platform stops this container"
    assert world.aws.objects(BUCKET) == {}


def test_told_to_stop_with_an_offer_it_leaves_that_to_another_one(world: World) -> None:
    def told() -> str:
        world.offer()
        return "SIGTERM"

    world.meanwhile = [told]
    assert world.serve() == Exit.RAN
    assert (world.cell.now.word, world.cell.now.served, world.ran) == (Word.CLOSED, (), [])


def test_told_to_stop_after_the_take_it_says_that_nothing_ran(world: World) -> None:
    class Told(World):
        def pause(self, seconds: float) -> str:
            there = KEY in self.aws.objects(BUCKET)
            taken = there and self.cell.now.word is Word.TAKEN
            return "SIGTERM" if taken else World.pause(self, seconds)

    told = Told(world.aws, world.cell, world.store, meanwhile=[world.offer])
    assert told.serve() == Exit.RAN
    assert told.cell.now.served == (Served("a", Exit.INFRASTRUCTURE),)
    assert (told.cell.now.word, told.ran, told.marks) == (Word.CLOSED, [], [])
    assert told.why == "SIGTERM before the workload began"


def test_told_to_stop_while_it_runs_it_takes_nothing_more(world: World) -> None:
    world.during, world.meanwhile = lambda workload: Ended(0, "", "SIGTERM"), [world.offer]
    assert world.serve() == Exit.RAN
    assert (world.cell.now.word, world.cell.now.served) == (Word.CLOSED, (Served("a", 0),))
    assert world.why == "SIGTERM: the platform stops this container"


# --- S3 -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["lose_answer", "fail_after", "fail_before", "throttle"])
@pytest.mark.parametrize("write", ["create", "take", "end", "close"])
def test_each_write_without_an_answer_happens_once(world: World, write: str, fault: str) -> None:
    def plan() -> None:
        getattr(world.aws.faults, fault)("s3.PutObject", 2)

    def during(workload: str) -> Ended:
        if write == "end":
            plan()
        return Ended(0)

    if write == "create":
        plan()
    world.during = during
    offers = [world.faults(world.offer, plan if write == "take" else lambda: None)]
    world.meanwhile = [*[lambda: None] * (3 if write == "create" else 0), *offers]
    if write == "close":
        world.meanwhile += [lambda: None] * 10 + [plan]
    assert world.serve() == Exit.RAN
    cell = world.cell.now
    assert (cell.word, cell.sequence, cell.served) == (Word.CLOSED, 4, (Served("a", 0),))
    assert len(world.ran) == 1
    assert len([line for line in world.said if "tried again" in line]) == 1
    assert world.why == "no workload came for 20 seconds"


def test_a_lost_take_that_was_overtaken_by_the_executor_is_not_run(world: World) -> None:
    def overtaken() -> None:
        world.offer()
        world.aws.faults.fail_before("s3.PutObject")  # the take
        world.meanwhile.insert(0, lambda: world.cell.write(Cell.withdraw))

    world.meanwhile = [overtaken]
    assert world.serve() == Exit.RAN
    assert (world.ran, world.cell.now.served, world.cell.now.sequence) == ([], (), 3)


def test_a_lost_end_is_known_by_what_the_executor_has_written_over_it(world: World) -> None:
    def during(workload: str) -> Ended:
        if len(world.ran) == 1:
            world.aws.faults.lose_answer("s3.PutObject")
            world.meanwhile = [lambda: world.offer("b")]  # over the end, which has landed
        return Ended(0)

    world.during, world.meanwhile = during, [world.offer]
    assert world.serve() == Exit.RAN
    assert world.cell.now.served == (Served("a", 0), Served("b", 0))


def test_a_second_life_at_the_same_address_is_none(world: World) -> None:
    """A retried job has its first attempt's id, and its own first write may be the one that fails."""
    world.cell.s3.put_object(Bucket=BUCKET, Key=KEY, Body=Cell(container=OWN_ID, life="first").body())
    world.aws.faults.fail_before("s3.PutObject")
    assert world.serve() == Exit.CANNOT_START
    assert "no retries" in world.why


@pytest.mark.parametrize(
    ("code", "status", "exit_", "words"),
    [
        ("AccessDenied", 403, Exit.CANNOT_START, "allow s3:GetObject and s3:PutObject on arn:aws:s3:::air"),
        ("SlowDown", 503, Exit.INFRASTRUCTURE, "SlowDown"),
    ],
)
def test_without_a_cell_its_exit_code_says_why(
    world: World, code: str, status: int, exit_: Exit, words: str
) -> None:
    world.aws.faults.refuse("s3.PutObject", code, "no", status, 1000)
    assert world.serve() == exit_
    assert words in world.why
    assert 60 <= world.clock - 1000 <= 62


def test_something_else_in_the_place_of_its_cell_does_not_change_how_a_workload_ended(world: World) -> None:
    def during(workload: str) -> Ended:
        world.cell.s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"[]")
        return Ended(0)

    world.during, world.meanwhile = during, [world.offer]
    assert world.serve() == Exit.RAN


def test_a_lost_creation_is_known_by_the_first_offer(world: World) -> None:
    world.aws.faults.lose_answer("s3.PutObject")
    world.meanwhile = [world.offer]
    assert world.serve() == Exit.RAN
    assert world.cell.now.served == (Served("a", 0),)


def test_a_denied_store_ends_it_after_a_minute(world: World) -> None:
    world.limits = limited()
    world.meanwhile = [lambda: world.aws.faults.deny_bucket(BUCKET)]
    assert world.serve() == Exit.RAN
    assert world.why.startswith("its cell could not be reached for 60 seconds: ")
    assert "AccessDenied" in world.why
    assert 60 <= world.clock - 1000 <= 62
    assert len(world.said) == 3


def test_with_a_denied_store_it_ends_soon_after_its_idle_time(world: World) -> None:
    """Nobody may be there any more to stop it."""
    world.meanwhile = [*[lambda: None] * 36, lambda: world.aws.faults.deny_bucket(BUCKET)]
    assert world.serve() == Exit.RAN
    assert "could not be reached" in world.why
    assert 20 <= world.clock - 1000 <= 30


def test_if_only_readings_are_denied_the_last_word_is_written(world: World) -> None:
    refuse = world.aws.faults.refuse
    world.meanwhile = [lambda: refuse("s3.GetObject", "AccessDenied", "Access Denied", 403, 1000)]
    assert world.serve() == Exit.RAN
    world.aws.faults.clear()
    assert world.cell.now.word is Word.CLOSED


def test_a_denied_store_that_comes_back_is_no_reason_to_end(world: World) -> None:
    back = [*[lambda: None] * 8, world.aws.faults.clear, lambda: None, world.offer]
    world.meanwhile = [lambda: world.aws.faults.deny_bucket(BUCKET), *back]
    assert world.serve() == Exit.RAN
    assert (len(world.ran), world.why) == (1, "no workload came for 20 seconds")


@pytest.mark.parametrize(("code", "stopped"), [(0, ""), (1, ""), (0, "SIGTERM")])
def test_an_end_that_can_not_be_told_in_the_cell_is_told_by_its_exit_code(
    world: World, code: int, stopped: str
) -> None:
    def during(workload: str) -> Ended:
        world.aws.faults.deny_bucket(BUCKET)
        return Ended(code, "", stopped)

    world.during, world.meanwhile = during, [world.offer]
    assert world.serve() == code
    assert world.clock - 1000 < (8 if stopped else 65)
    world.aws.faults.clear()
    assert world.cell.now.word is Word.TAKEN


def test_a_take_without_any_answer_ends_it_as_one_that_never_ran(world: World) -> None:
    world.meanwhile = [world.faults(world.offer, lambda: world.aws.faults.fail_after("s3.PutObject", 1000))]
    refuse = world.aws.faults.refuse
    world.meanwhile.append(lambda: refuse("s3.GetObject", "SlowDown", "Slow down", 503, 1000))
    assert world.serve() == Exit.INFRASTRUCTURE
    assert world.ran == []


def test_with_a_key_of_kms_it_writes_with_it(world: World) -> None:
    store = OwnCell(URL, "us-east-1", kms_key="alias/k")
    assert isinstance(first := store.put(Cell(container="x"), ABSENT), Won)
    assert isinstance(store.put(Cell(container="x").close(), first.etag), Won)
    world.aws.faults.deny_key("alias/k")
    assert isinstance(store.get(), Failed)


def test_where_another_policy_denies_the_container_s_role_is_not_blamed(world: World) -> None:
    denied = "not authorized to perform: s3:PutObject with an explicit deny in a VPC endpoint policy"
    world.aws.faults.refuse("s3.PutObject", "AccessDenied", denied, 403)
    refused = OwnCell(URL, "us-east-1", "123456789012").put(Cell(container="x"), ABSENT)
    assert isinstance(refused, Failed)
    assert refused.problem.endswith(denied)


def test_a_bucket_of_another_account_is_not_written(world: World) -> None:
    refused = OwnCell(URL, "us-east-1", "210987654321").put(Cell(container="x"), ABSENT)
    assert isinstance(refused, Failed)
    assert "the bucket is not account 210987654321's: fix workload_store_owner" in refused.problem
    assert isinstance(OwnCell(URL, "us-east-1", "123456789012").put(Cell(container="x"), ABSENT), Won)
