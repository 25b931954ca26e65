"""The table of jobs: who is woken, looked at and read, and what is left of a job that has closed."""

import sys
import threading
from dataclasses import replace

import pytest

from aws_executors.core.lifecycle.job import Job, Purpose, Stage
from aws_executors.core.lifecycle.observation import Observation, Phase
from aws_executors.core.lifecycle.poll_interval import PollInterval
from aws_executors.shell.engine import job_table
from aws_executors.shell.engine.job_table import JobTable
from aws_executors.shell.engine.messages import WorkItem

PACE = PollInterval(quickest=1.0, slowest=10.0)


@pytest.fixture
def table() -> JobTable[str, str]:
    return JobTable(PACE)


def add(table: JobTable[str, str], token: str) -> Job[str]:
    """A new job in the table."""
    job: Job[str] = Job(token=token)
    table.add(WorkItem(job=job, key=token), job)
    return job


def watch(table: JobTable[str, str], token: str, container: str, now: float) -> Job[str]:
    """A job whose container was accepted just now."""
    job = replace(add(table, token), stage=Stage.WATCHING, container=container, since=now)
    table.move(job, now)
    return job


def tokens(table: JobTable[str, str], most: int) -> str:
    """The jobs whose rows come next, of one letter each."""
    return "".join(table.to_read(most))


def owner(table: JobTable[str, str], container: str) -> Job[str] | None:
    """The job of a container."""
    record = table.owner(container)
    return None if record is None else record.job


def test_a_container_is_looked_at_by_pace_and_once_at_a_time(table: JobTable[str, str]) -> None:
    watch(table, "t", "c", 100.0)
    assert table.to_poll(100.9, 100) == ()
    assert table.to_poll(101.0, 100) == ("c",)
    assert table.to_poll(105.0, 100) == ()  # the look is under way
    table.polled("c", 105.0)
    assert table.next_poll == 106.0
    assert table.to_poll(106.0, 100) == ("c",)


def test_turns_in_warm_containers_do_not_make_looks_at_containers_rarer(table: JobTable[str, str]) -> None:
    """Nobody polls a turn: its cell tells."""

    def next_look(now: float) -> float:
        table.polled("c", now)
        record = table.owner("c")
        assert record is not None
        assert record.poll_at is not None
        return record.poll_at - now

    job = watch(table, "t", "c", 0.0)
    table.move(replace(job, ran=True), 0.0)
    alone = next_look(10.0)
    turns = [watch(table, f"t{number}", f"w#{number}", 0.0) for number in range(1_000)]
    assert next_look(10.0) == alone
    others = [watch(table, f"o{number}", f"o{number}", 0.0) for number in range(1_000)]
    many = next_look(10.0)
    assert many > alone
    for turn in turns:  # over, or found in a container of its own
        table.move(replace(turn, container=f"c{turn.token}"), 10.0)
        table.move(replace(turn, container=f"c{turn.token}", stage=Stage.CLOSED), 10.0)
    assert next_look(10.0) == many
    for other in others:
        table.move(replace(other, stage=Stage.CLOSED), 10.0)
    assert next_look(10.0) == alone


def test_a_look_that_told_nothing_is_made_again_soon_and_then_ever_later(table: JobTable[str, str]) -> None:
    """At an age of a look every 10 seconds; the next one that tells something begins anew."""
    watch(table, "t", "c", 0.0)
    now = 1000.0
    assert table.to_poll(now, 100) == ("c",)
    for pause in (1.0, 2.0, 4.0, 8.0, 10.0, 10.0):
        table.not_polled("c", now)
        assert table.next_poll == now + pause
        now += pause
        assert table.to_poll(now, 100) == ("c",)
    table.polled("c", now)
    assert table.to_poll(now + 10.0, 100) == ("c",)
    table.not_polled("c", now + 10.0)
    assert table.next_poll == now + 11.0


def test_a_call_is_filled_up_with_those_due_soon_but_none_is_made_for_them(table: JobTable[str, str]) -> None:
    watch(table, "a", "c1", 100.0)
    watch(table, "b", "c2", 100.4)
    watch(table, "d", "c3", 100.6)
    assert table.to_poll(100.99, 100) == ()
    assert table.to_poll(101.0, 100) == ("c1", "c2")
    assert table.to_poll(101.0, 100) == ()
    assert table.to_poll(101.6, 100) == ("c3",)


def test_those_that_are_polled_rarely_come_to_share_calls(table: JobTable[str, str]) -> None:
    """Each is polled every ten seconds, a second after the other: two calls are one from then on."""
    runs = Observation(id="c", phase=Phase.RUNNING)
    for token, container, at in (("a", "c1", 1000.0), ("b", "c2", 1001.0), ("d", "c3", 1002.0)):
        job = replace(watch(table, token, container, 0.0), seen=replace(runs, id=container))
        table.move(job, 0.0)
        assert container in table.to_poll(at, 1)
        table.polled(container, at)
    assert table.next_poll == 1010.0
    assert table.to_poll(1009.9, 100) == ()
    assert table.to_poll(1010.0, 100) == ("c1", "c2")  # within an eighth of the pause
    for container in ("c1", "c2"):
        table.polled(container, 1010.0)
    assert table.to_poll(1012.0, 100) == ("c3",)
    assert table.to_poll(1020.0, 100) == ("c1", "c2")


def test_c31_a_call_has_no_more_than_was_asked_for(table: JobTable[str, str]) -> None:
    for number in range(250):
        watch(table, f"t{number}", f"c{number}", 100.0)
    sizes = [len(table.to_poll(101.0, 100)) for _ in range(4)]
    assert sizes == [100, 100, 50, 0]


def test_c22_a_container_found_again_is_looked_at_again(table: JobTable[str, str]) -> None:
    """While it is looked for by token nobody looks at it by id; when it is found, the looks go on."""
    job = watch(table, "t", "c", 100.0)
    assert table.to_poll(101.0, 100) == ("c",)
    looking = replace(job, stage=Stage.LOOKING_UP, due=101.0)
    table.move(looking, 101.0)
    table.polled("c", 101.0)
    assert table.to_poll(1000.0, 100) == ()
    table.move(replace(looking, stage=Stage.WATCHING, due=None), 102.0)
    assert table.to_poll(103.0, 100) == ("c",)
    table.polled("c", 103.0)
    assert table.to_poll(104.0, 100) == ("c",)
    assert table.to_poll(104.0, 100) == ()


def test_a_look_that_comes_back_late_does_not_double_the_looks(table: JobTable[str, str]) -> None:
    job = watch(table, "t", "c", 100.0)
    assert table.to_poll(101.0, 100) == ("c",)
    table.move(replace(job, stage=Stage.LOOKING_UP), 101.0)
    table.move(job, 101.5)  # followed again, while the look is under way
    table.polled("c", 101.6)
    looks = [table.to_poll(now / 10, 100) for now in range(1020, 1050)]
    assert [ids for ids in looks if ids] == [("c",)]


def test_a_new_container_takes_the_place_of_the_old(table: JobTable[str, str]) -> None:
    job = watch(table, "t", "c1", 100.0)
    table.move(replace(job, container="", stage=Stage.PREPARING), 101.0)
    assert owner(table, "c1") is None
    second = replace(job, container="c2")
    table.move(second, 102.0)
    assert (owner(table, "c1"), owner(table, "c2")) == (None, second)
    assert table.to_poll(103.0, 100) == ("c2",)


def test_a_closed_job_leaves_nothing_behind(table: JobTable[str, str]) -> None:
    for number in range(1000):
        job = watch(table, f"t{number}", f"c{number}", 0.0)
        table.move(replace(job, stage=Stage.STOPPING, due=5.0), 1.0)
        table.move(replace(job, stage=Stage.CLOSED), 2.0)
    assert len(table) == 0
    assert table.get("t1") is None
    assert owner(table, "c1") is None
    assert list(table.jobs()) == []
    assert table.to_poll(1e6, 100) == ()
    assert table.to_read(1) == {}
    assert table.next_poll == float("inf")
    left = [
        name
        for name, value in vars(table).items()
        if name not in ("_pace", "_events", "changes", "next_poll", "events_come", "_turns")
        and len(value) > 0
    ]
    assert (left, table._turns) == ([], 0)


def test_of_very_many_former_containers_the_last_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    table: JobTable[str, str] = JobTable(PACE, events=True)  # their last events come later
    monkeypatch.setattr(job_table, "FORMER", 2)
    for number in range(4):
        job = watch(table, f"t{number}", f"c{number}", 0.0)
        assert not table.belonged(f"c{number}")
        table.move(replace(job, stage=Stage.CLOSED), 2.0)
    assert [table.belonged(f"c{number}") for number in range(4)] == [False, False, True, True]


def test_rows_are_read_in_turn(table: JobTable[str, str]) -> None:
    for token in "abcde":
        add(table, token)
    assert [tokens(table, 2) for _ in range(3)] == ["ab", "cd", "ea"]
    assert tokens(table, 100) == "bcdea"
    assert tokens(table, 0) == ""


def test_closed_jobs_cost_no_turn(table: JobTable[str, str]) -> None:
    jobs = [add(table, token) for token in "abcdef"]
    for job in jobs[:4]:
        table.move(replace(job, stage=Stage.CLOSED), 1.0)
    assert tokens(table, 2) == "ef"


@pytest.mark.parametrize(
    ("purpose", "stage", "read"),
    [
        (Purpose.RUN, Stage.PREPARING, True),
        (Purpose.RUN, Stage.BACKING_OFF, True),
        (Purpose.RUN, Stage.WATCHING, True),
        (Purpose.RUN, Stage.AWAITING_ROW, True),
        (Purpose.RUN, Stage.STOPPING, False),  # its slot is free: the row has spoken
        (Purpose.ADOPT, Stage.LOOKING_UP, True),
        (Purpose.ADOPT, Stage.STOPPING, False),
        (Purpose.RELEASE, Stage.LOOKING_UP, True),
        (Purpose.RELEASE, Stage.STOPPING, True),  # its slot is not free yet
        (Purpose.CANCEL, Stage.LOOKING_UP, False),
        (Purpose.CANCEL, Stage.STOPPING, False),
    ],
)
def test_rows_are_read_as_long_as_they_can_free_a_slot(
    table: JobTable[str, str], purpose: Purpose, stage: Stage, read: bool
) -> None:
    table.move(replace(add(table, "t"), purpose=purpose, stage=stage, container="c"), 0.0)
    assert tokens(table, 10) == ("t" if read else "")


def test_a_callback_has_no_row_to_read(table: JobTable[str, str]) -> None:
    job: Job[str] = Job(token="t", has_row=False)
    table.add(WorkItem(job=job, key="t"), job)
    assert tokens(table, 10) == ""


def test_live_containers_are_those_without_an_outcome(table: JobTable[str, str]) -> None:
    add(table, "a")
    watch(table, "b", "c1", 0.0)
    ended = watch(table, "d", "c2", 0.0)
    seen = Observation(id="c2", phase=Phase.FAILED)
    table.move(replace(ended, stage=Stage.AWAITING_ROW, seen=seen), 0.0)
    assert table.live() == {"c1": table.owner("c1")}


def test_repr_is_one_line_that_counts(table: JobTable[str, str]) -> None:
    assert repr(table) == "<0 jobs: none>"
    watch(table, "a", "c1", 0.0)
    add(table, "b")
    add(table, "d")
    assert repr(table) == "<3 jobs: 2 preparing, 1 watching>"


def test_another_thread_may_look_while_the_table_changes(table: JobTable[str, str]) -> None:
    """SIGUSR2 asks from the scheduler's main thread, and what it raises there ends the scheduler."""
    go_on = True
    errors: list[BaseException] = []

    def ask() -> None:
        try:
            while go_on:
                assert repr(table).endswith(">")
                assert all(job.token for job in table.jobs())
        except BaseException as error:
            errors.append(error)
            raise

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    thread = threading.Thread(target=ask)
    thread.start()
    try:
        for turn in range(30):
            jobs = [add(table, f"{turn}-{number}") for number in range(50)]
            for job in jobs:
                table.move(replace(job, stage=Stage.CLOSED), 0.0)
    finally:
        go_on = False
        thread.join(60)
        sys.setswitchinterval(before)
    assert errors == []
