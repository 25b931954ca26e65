"""The dispatcher in virtual time: what waits in a queue, what may pass, what becomes needless meanwhile."""

from __future__ import annotations

import random
import weakref
from functools import partial
from itertools import pairwise

import pytest
from returns.result import Failure, Result, Success

from aws_executors.core.aws.errors import AwsError
from aws_executors.core.aws.token_bucket import Quota
from aws_executors.core.lifecycle.effects import ReleaseSlot, Report
from aws_executors.core.lifecycle.events import (
    Refused,
    Revoked,
)
from aws_executors.core.lifecycle.job import Job, Purpose, Stage
from aws_executors.core.lifecycle.verdict import Row
from aws_executors.shell.engine.arrivals import GROUP
from aws_executors.shell.engine.messages import InboxItem, WorkItem
from shell.engine.clerk import Clerk
from support.worlds import Cloud, Order


class Workload:
    """What requests are built from."""

    def __call__(self, attempt: int) -> Result[Order, str | AwsError]:
        return Success(Order("t", attempt))


def test_a_workload_is_kept_until_its_task_runs_and_no_longer() -> None:
    clerk = Clerk(Cloud())
    workload = Workload()
    there = weakref.ref(workload)
    clerk.take(WorkItem(job=Job(token="t"), key="t", build=workload))
    del workload
    clerk.run(until=3.0)
    assert there() is not None  # its container may yet be lost before it has begun
    clerk.status = "running"
    clerk.run(until=6.0)
    assert there() is None


def test_a_burst_goes_out_as_fast_as_the_quota_allows_and_no_faster() -> None:
    clerk = Clerk(Cloud())
    clerk.hand_over(*(f"t{number}" for number in range(300)))
    clerk.run(until=10.0)
    assert 205 <= len(clerk.submitted) <= 210  # 18 at once, then 19 a second
    for start in range(10):
        within = sum(start < at <= start + 1 for at, _ in clerk.submitted)
        assert within <= 40 if start == 0 else within <= 20


def test_the_most_urgent_goes_first_even_if_it_comes_last() -> None:
    clerk = Clerk(Cloud())
    clerk.hand_over(*(f"t{number}" for number in range(100)))
    clerk.run(until=1.0)
    clerk.hand_over("urgent", priority=5)
    sent = len(clerk.submitted)
    clerk.run(until=1.2)
    assert "urgent" in [token for _, token in clerk.submitted[sent : sent + 2]]


def test_what_is_taken_back_at_the_gate_is_never_sent() -> None:
    clerk = Clerk(Cloud())
    clerk.hand_over(*(f"t{number}" for number in range(30)))
    clerk.run(until=0.05)
    waiting = {f"t{number}" for number in range(30)} - {token for _, token in clerk.submitted}
    assert waiting
    for token in waiting:
        clerk.dispatcher.withdraw(token, Revoked(clerk.now))
    clerk.run(until=5.0)
    assert not waiting & {token for _, token in clerk.submitted}
    assert not waiting & {job.token for job in clerk.dispatcher.table.jobs()}


def test_a_stop_does_not_wait_behind_a_burst_of_submissions() -> None:
    clerk = Clerk(Cloud())
    clerk.hand_over("first")
    clerk.run(until=1.0)
    clerk.hand_over(*(f"t{number}" for number in range(1000)), priority=9)
    clerk.run(until=1.5)
    clerk.dispatcher.withdraw("first", Revoked(clerk.now))
    clerk.run(until=1.55)
    assert [container for _, container in clerk.stopped] == ["c1"]


def test_looks_go_on_during_a_burst_in_full_batches() -> None:
    clerk = Clerk(Cloud())
    clerk.hand_over(*(f"t{number}" for number in range(200)))
    clerk.run(until=20.0)
    assert len(clerk.dispatcher.table) == 200
    late = [count for at, count in clerk.looks if at > 12]
    assert sum(late) >= 200 * 7
    assert len(late) <= 8 * 2 * 4


def test_throttles_slow_it_down_and_nothing_is_lost() -> None:
    clerk = Clerk(Cloud())
    clerk.throttling = 20
    clerk.hand_over(*(f"t{number}" for number in range(60)))
    clerk.run(until=30.0)
    assert len(clerk.cloud.containers) == 60
    assert len(clerk.submitted) == 60 + 20  # each refused one was sent again, once
    assert sum(at <= 1 for at, _ in clerk.submitted) <= 20 + 20


def test_c31_ten_thousand_containers_are_looked_at_within_the_share_of_the_account() -> None:
    clerk = Clerk(Cloud())
    clerk.hand_over(*(f"t{number}" for number in range(2000)))
    clerk.run(until=130.0, tick=0.1)
    assert len(clerk.cloud.containers) == 2000
    last_minute = [at for at, _ in clerk.looks if 70 < at <= 130]
    assert len(last_minute) <= 60 * ON_FARGATE_READS.rate + ON_FARGATE_READS.burst


ON_FARGATE_READS = Quota(rate=20, burst=100)


# --- Looks that fail ---------------------------------------------------------------------------------------


def test_an_end_that_no_row_tells_is_known_soon_although_calls_fail() -> None:
    """One call in ten is answered with a 500, which says nothing of its hundred containers."""
    dice = random.Random(5)
    clerk = Clerk(Cloud(), slowest=30.0)
    clerk.status = "running"
    clerk.fails = lambda: dice.random() < 0.1
    clerk.hand_over(*(f"t{number}" for number in range(300)))
    ends: dict[str, float] = {}
    late: dict[str, float] = {}
    while len(late) < 300:
        clerk.run(until=clerk.now + 0.05, tick=0.05)
        for id_ in [id_ for id_ in clerk.cloud.live() if id_ not in ends]:
            clerk.cloud.run(id_)
            ends[id_] = clerk.now + dice.uniform(2.0, 10.0)
        for id_ in [id_ for id_ in clerk.cloud.live() if ends[id_] <= clerk.now]:
            clerk.cloud.finish(id_, 1)
        told = [one.token for one in clerk.dispatcher.airflow_updates() if isinstance(one.effect, Report)]
        late = {token: clerk.now - ends[clerk.cloud.of(token)[0]] for token in told} | late
    assert clerk.failed > 2
    assert sorted(late.values())[round(0.99 * len(late))] <= 5.0


def test_a_container_whose_record_can_not_be_read_is_looked_at_again_soon_too() -> None:
    """Of several clusters one may not answer: its containers are unreadable in the answer of the others."""
    clerk = Clerk(Cloud(), slowest=30.0)
    clerk.status = "running"
    clerk.hand_over("t")
    clerk.run(until=3.0)
    (container,) = clerk.cloud.containers
    clerk.cloud.run(container)
    clerk.run(until=90.0, tick=0.1)
    clerk.cloud.garble(container)
    before = len(clerk.looks)
    clerk.run(until=150.0, tick=0.1)
    times = [at for at, _ in clerk.looks[before:]]
    pauses = [later - at for at, later in pairwise(times)]
    assert pauses == pytest.approx([1.0, 2.0, 4.0, 8.0, 16.0][: len(pauses)], abs=0.2)
    assert len(pauses) >= 4


# --- Many that come at once --------------------------------------------------------------------------------


def deliver(clerk: Clerk, count: int) -> list[str]:
    """As many as that in one message; the tokens of those that have been made so far."""
    made: list[str] = []

    def make(number: int) -> WorkItem[str, Order]:
        if number == 3:
            raise ValueError("a workload that cannot be read")
        made.append(f"t{number}")
        return WorkItem(
            job=Job(token=f"t{number}"), key=f"t{number}", build=lambda attempt: Success(Order("t", attempt))
        )

    clerk.dispatcher.arrivals.hand_over(map(make, range(count)))
    return made


def test_c28_a_thousand_at_once_are_taken_in_a_few_at_a_time() -> None:
    """The heartbeat that has sent them is not over yet, and wants the interpreter."""
    clerk = Clerk(Cloud())
    made = deliver(clerk, 1000)
    clerk.dispatcher.run_due()
    assert made == []
    turns = [0]
    while len(made) < 999:
        due = clerk.dispatcher.next_time()
        clerk.now = max(clerk.now, due)
        clerk.dispatcher.run_due()
        clerk.dispatcher.run_due()  # what else happens in between lets no more of them in
        turns.append(len(made))
    assert max(later - before for before, later in pairwise(turns)) == GROUP
    assert made == [f"t{number}" for number in range(1000) if number != 3]
    assert clerk.now < 0.5


def test_what_airflow_says_of_one_that_it_has_just_handed_over_is_not_overheard() -> None:
    clerk = Clerk(Cloud())
    deliver(clerk, 100)
    clerk.messages.append(partial(clerk.dispatcher.withdraw, "t99", Revoked(clerk.now)))
    clerk.run(until=5.0)
    assert "t98" in {token for _, token in clerk.submitted}
    assert "t99" not in {token for _, token in clerk.submitted}


def test_what_has_not_been_taken_in_when_the_end_comes_is_left() -> None:
    clerk = Clerk(Cloud())
    made = deliver(clerk, 100)
    clerk.dispatcher.close(stop=False)
    clerk.run(until=1.0)
    assert made == []
    assert clerk.dispatcher.settled


# --- Answers that come twice, and time that nobody has noticed ----------------------------------------------


def test_an_answer_that_comes_twice_counts_once() -> None:
    """A doubled refusal would otherwise end the submission that came after it."""
    clerk = Clerk(Cloud())
    clerk.throttling = 1
    clerk.hand_over("t")
    doubled: InboxItem | None = None
    while doubled is None:
        assert clerk.now < 5.0
        clerk.run(until=clerk.now + 0.01)
        refused = (one for one in clerk.messages if isinstance(getattr(one, "args", (None,))[-1], Refused))
        doubled = next(refused, None)
    clerk.run(until=5.0)
    (job,) = clerk.dispatcher.table.jobs()
    assert job.stage is Stage.WATCHING
    failures = len(clerk.submitted)
    doubled()
    clerk.run(until=10.0)
    assert next(clerk.dispatcher.table.jobs()).stage is Stage.WATCHING
    assert len(clerk.submitted) == failures == 2


def test_what_was_in_hand_before_a_stall_is_submitted_only_if_its_row_still_waits_for_it() -> None:
    clerk = Clerk(Cloud())
    clerk.throttling = 100
    clerk.hand_over("mine", "another")
    clerk.run(until=1.0)
    before = len(clerk.submitted)
    clerk.tokens["another"] = "given to another scheduler"
    clerk.now += 60.0
    clerk.throttling = 0
    clerk.dispatcher.was_stalled()
    clerk.run(until=clerk.now + 10.0)
    assert [token for _, token in clerk.submitted[before:]] == ["mine"]
    assert [job.token for job in clerk.dispatcher.table.jobs()] == ["mine"]


@pytest.mark.parametrize("ends", ["queued again", "given back", "taken back"])
def test_a_waiting_task_that_another_scheduler_has_adopted_is_not_submitted_after_a_stall(ends: str) -> None:
    """It keeps its token then, and waits as before."""
    clerk = Clerk(Cloud())
    clerk.throttling = 100
    clerk.hand_over("mine", "another")
    clerk.run(until=1.0)
    before = len(clerk.submitted)
    clerk.adopted_by["another"] = 2
    clerk.now += 60.0
    clerk.throttling = 0
    clerk.dispatcher.was_stalled()
    clerk.run(until=clerk.now + 10.0)
    assert [token for _, token in clerk.submitted[before:]] == ["mine"]
    list(clerk.dispatcher.airflow_updates())
    if ends == "given back":  # to this one, whatever has become of the other
        del clerk.adopted_by["another"]
    elif ends == "taken back":
        clerk.dispatcher.withdraw("another", Revoked(clerk.now))
    else:
        clerk.tokens["another"] = "of its next queueing"
    clerk.run(until=clerk.now + 10.0)
    again = ["another"] if ends == "given back" else []
    assert [token for _, token in clerk.submitted[before:]] == ["mine", *again]
    assert [job.token for job in clerk.dispatcher.table.jobs()] == ["mine", *again]
    freed = [one.token for one in clerk.dispatcher.airflow_updates() if one.effect == ReleaseSlot()]
    assert freed == (["another"] if ends == "queued again" else [])


def test_a_row_whose_reading_began_before_a_second_stall_is_read_anew() -> None:
    """It may tell that the task has moved on; what waits for it must come to its end all the same."""
    clerk = Clerk(Cloud())
    clerk.throttling = 100
    clerk.hand_over("mine", "another")
    clerk.run(until=1.0)
    before = len(clerk.submitted)
    clerk.throttling = 0
    clerk.now += 60.0
    clerk.dispatcher.was_stalled()
    clerk.silent = True
    clerk.run(until=clerk.now + 10.0)  # both are held, and their rows are asked for
    asked = clerk.now
    clerk.now += 60.0
    clerk.dispatcher.was_stalled()
    clerk.silent = False
    moved_on = Row(state="scheduled", token=None, try_number=1)
    clerk.tokens["another"] = "given to another scheduler"
    assert asked < clerk.now
    clerk.rows_read(Success({"mine": Row(state="queued", token="mine", try_number=1), "another": moved_on}))
    clerk.run(until=clerk.now + 10.0)
    assert [token for _, token in clerk.submitted[before:]] == ["mine"]
    assert [job.token for job in clerk.dispatcher.table.jobs()] == ["mine"]


def test_what_is_handed_over_right_after_a_stall_may_have_been_queued_before_it() -> None:
    clerk = Clerk(Cloud())
    clerk.now = 60.0
    clerk.dispatcher.was_stalled()
    clerk.tokens["old"] = "given to another scheduler"
    clerk.hand_over("old")
    clerk.run(until=64.0)
    assert clerk.submitted == []
    clerk.now = 66.0
    clerk.silent = True  # no row can be read: none is needed any more
    clerk.hand_over("new")
    clerk.run(until=67.0)
    assert [token for _, token in clerk.submitted] == ["new"]


# --- Rows --------------------------------------------------------------------------------------------------


def known(number: int) -> Clerk:
    """So many tasks have run for a while, and their jobs know it."""
    clerk = Clerk(Cloud(), slowest=15.0)
    tokens = [f"t{one}" for one in range(number)]
    for token in tokens:
        clerk.cloud.submit(Order(token, 1))
        clerk.take(WorkItem(job=Job(token=token, purpose=Purpose.ADOPT), key=token))
    clerk.status = "running"
    clerk.run(until=200.0, tick=0.05)
    clerk.reads.clear()
    return clerk


def test_rows_that_do_not_change_are_looked_up_together_and_the_rarer_the_more_they_are() -> None:
    """Where one part of them is read at a time, the last one's change is known no sooner."""
    few, many = known(20), known(1_500)
    for clerk in (few, many):
        clerk.run(until=206.1, tick=0.05)
    assert [len(tokens) for _, tokens in few.reads] == [20] * 6
    assert [len(tokens) for _, tokens in many.reads] == [1_500] * 3
    assert [round(later - at) for (at, _), (later, _) in pairwise(many.reads)] == [2, 2]


def test_what_is_new_is_read_every_time_beside_many_that_do_not_change() -> None:
    clerk = known(3_000)
    clerk.cloud.submit(Order("fenced", 1))
    clerk.take(WorkItem(job=Job(token="fenced", purpose=Purpose.RELEASE), key="fenced"))
    clerk.run(until=206.1, tick=0.05)
    assert [len(tokens - {"fenced"}) for _, tokens in clerk.reads].count(3_000) == 2
    assert sum("fenced" in tokens for _, tokens in clerk.reads) >= 5


def test_a_fence_that_waits_for_a_locked_row_is_asked_for_once_however_often_the_row_is_read() -> None:
    clerk = Clerk(Cloud())
    clerk.status, clerk.locked = "running", True
    clerk.cloud.submit(Order("t", 1))
    clerk.take(WorkItem(job=Job(token="t", purpose=Purpose.RELEASE), key="t"))
    clerk.run(until=60.0, tick=0.05)
    assert len(clerk.reads) > 50
    assert [token for _, token in clerk.fences] == ["t"]
    assert clerk.stopped == []
    clerk.locked = False
    clerk.waiting.pop()(Failure("lock timeout"))
    clerk.run(until=62.0, tick=0.05)
    assert len(clerk.fences) > 1
    clerk.status = "restarting"
    clerk.run(until=64.0, tick=0.05)
    assert [container for _, container in clerk.stopped] == ["c1"]


def test_after_a_failure_of_the_database_nothing_that_was_known_is_read_anew() -> None:
    clerk = known(1_500)
    clerk.down = True
    clerk.run(until=204.0, tick=0.05)
    assert {len(tokens) for _, tokens in clerk.reads} == {1_500}
    clerk.reads.clear()
    clerk.down, clerk.status = False, "success"
    clerk.run(until=205.5, tick=0.05)
    assert [len(tokens) for _, tokens in clerk.reads] == [1_500]
    freed = [one.token for one in clerk.dispatcher.airflow_updates() if isinstance(one.effect, Report)]
    assert len(freed) == 1_500


# --- Workloads that lie in a store -------------------------------------------------------------------------


class Shelf:
    """What of a job is stored; the dispatcher only asks whether anything is."""

    renew_every: float | None = 300.0

    def renew(self, attempt: int) -> Result[None, AwsError]:
        raise AssertionError("this clerk renews by himself")

    def discard(self) -> Result[None, AwsError]:
        raise AssertionError("this clerk discards by himself")


def stored(clerk: Clerk, token: str) -> None:
    """Hand a job over whose workload is stored, with tokens that are valid for ten minutes."""
    clerk.every = 300.0
    job: Job[Order] = Job(token=token)
    clerk.take(WorkItem(job=job, key=token, build=lambda n: Success(Order(token, n)), stored=Shelf()))


def test_a_container_that_waits_for_an_hour_finds_a_token_that_is_valid() -> None:
    clerk = Clerk(Cloud())
    stored(clerk, "t")
    clerk.run(until=3600.0, tick=5.0)
    minted = [0.0, *(at for at, _ in clerk.renewed)]
    assert max(later - earlier for earlier, later in pairwise([*minted, 3600.0])) <= 305.0
    assert len(clerk.renewed) <= 12
    clerk.cloud.run("c1")
    clerk.run(until=7200.0, tick=5.0)
    assert len(clerk.renewed) == len(minted) - 1  # it runs: it has read what it needs
    clerk.cloud.finish("c1")
    clerk.status = "success"
    clerk.run(until=7210.0, tick=5.0)
    assert [token for _, token in clerk.discarded] == ["t"]


def test_so_does_one_that_is_submitted_after_an_hour_without_capacity() -> None:
    clerk = Clerk(Cloud())
    clerk.full = True
    stored(clerk, "t")
    clerk.run(until=3600.0, tick=5.0)
    clerk.full = False
    clerk.run(until=3700.0, tick=5.0)
    (submitted,) = [at for at, _ in clerk.submitted[-1:]]
    assert clerk.cloud.live() == ["c1"]
    assert submitted - max(at for at, _ in clerk.renewed if at <= submitted) <= 365.0


def test_a_renewal_that_fails_is_made_again_in_time() -> None:
    clerk = Clerk(Cloud())
    clerk.unrenewed = 3
    stored(clerk, "t")
    clerk.run(until=600.0, tick=1.0)
    assert [round(at) for at, _ in clerk.renewed] == [300, 375, 450, 525]


@pytest.mark.parametrize(("failures", "expected"), [(0, 1), (3, 4), (8, 9), (100, 9)])
def test_a_removal_that_fails_is_made_again_later_and_later_and_not_for_ever(
    failures: int, expected: int
) -> None:
    clerk = Clerk(Cloud())
    stored(clerk, "t")
    clerk.run(until=10.0, tick=1.0)
    clerk.unremoved = failures
    clerk.cloud.finish("c1")
    clerk.status = "success"
    clerk.run(until=400.0, tick=1.0)
    times = [at for at, _ in clerk.discarded]
    assert len(times) == expected
    assert max(times) - min(times) < 240.0
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert all(longer >= shorter * 0.9 for shorter, longer in pairwise(pauses[1:6]))


def test_what_is_begun_anew_meanwhile_is_not_taken_away() -> None:
    clerk = Clerk(Cloud())
    stored(clerk, "t")
    clerk.run(until=10.0, tick=1.0)
    clerk.unremoved = 100
    clerk.cloud.finish("c1")
    clerk.status = "success"
    clerk.run(until=20.0, tick=1.0)
    tried = len(clerk.discarded)
    clerk.status = "queued"
    stored(clerk, "t")
    clerk.run(until=120.0, tick=1.0)
    assert len(clerk.discarded) == tried


def test_a_job_that_is_taken_over_is_renewed_at_once_and_then_as_often_as_it_says() -> None:
    clerk = Clerk(Cloud())
    clerk.every = 50.0
    container = clerk.cloud.submit(Order("t", 1)).unwrap()
    job: Job[Order] = Job(token="t", purpose=Purpose.ADOPT, renew_every=300.0)
    clerk.take(WorkItem(job=job, key="t", stored=Shelf()))
    clerk.run(until=220.0, tick=1.0)
    assert [round(at) for at, _ in clerk.renewed] == [2, 52, 102, 152, 202]
    clerk.cloud.run(container)
    clerk.run(until=400.0, tick=1.0)
    assert len(clerk.renewed) == 5


def test_one_for_which_nothing_is_stored_is_asked_for_once() -> None:
    clerk = Clerk(Cloud())
    clerk.cloud.submit(Order("t", 1))
    job: Job[Order] = Job(token="t", purpose=Purpose.ADOPT, renew_every=300.0)
    clerk.take(WorkItem(job=job, key="t", stored=Shelf()))
    clerk.run(until=2000.0, tick=5.0)
    assert len(clerk.renewed) == 1


def test_nothing_is_renewed_or_discarded_where_nothing_is_stored() -> None:
    clerk = Clerk(Cloud())
    clerk.hand_over("t")
    clerk.run(until=1200.0, tick=5.0)
    clerk.cloud.finish("c1")
    clerk.status = "success"
    clerk.run(until=1220.0, tick=5.0)
    assert (clerk.renewed, clerk.discarded) == ([], [])
