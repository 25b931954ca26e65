"""What warm containers are counted as: warm and cold starts, idle seconds, and what was saved, about."""

from collections import Counter

import pytest

from aws_executors.core.lifecycle.job import Job
from aws_executors.core.lifecycle.metrics import ContainerState
from aws_executors.core.lifecycle.poll_interval import PollInterval
from aws_executors.core.warm.cell import Cell
from aws_executors.shell.engine.job_table import JobTable
from aws_executors.shell.engine.messages import WorkItem
from aws_executors.shell.engine.warm.container import WarmContainer
from aws_executors.shell.engine.warm.tally import WarmTally
from aws_executors.shell.transport.cells import HeldCell

IDLE = HeldCell("1", Cell(container="arn:1"))


class Board:
    """Keeps what it is sent."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.gauges: dict[str, float] = {}

    def count(self, name: str, by: int = 1) -> None:
        self.counts[name.removeprefix("aws_executors.")] += by

    def gauge(self, name: str, value: float) -> None:
        self.gauges[name.removeprefix("aws_executors.warm_containers.")] = value

    def time(self, name: str, seconds: float) -> None:
        raise AssertionError("nothing here is a timer")


def container(**more: object) -> WarmContainer[str, str]:
    told = {"token": "c", "name": "f00d/c-1", "shape": "f00d", "since": 0.0, "for_job": "first"} | more
    return WarmContainer(**told)  # type: ignore[arg-type]  # by name, in a test


def test_the_first_workload_is_a_cold_start_and_every_other_one_a_warm_one() -> None:
    board = Board()
    tally = WarmTally(board)
    tally.changed(container(), 40.0)  # it has come up within 40 seconds
    tally.taken(container(), 41.0)
    assert board.counts == {"cold_starts": 1}
    tally.taken(container(served_before=1), 0.75)
    tally.taken(container(served_before=2), 0.75)
    assert board.counts == {"cold_starts": 1, "warm_starts": 2, "seconds_saved": 78}


def test_what_is_saved_is_less_what_was_waited_and_never_less_than_nothing() -> None:
    board = Board()
    tally = WarmTally(board)
    tally.taken(container(served_before=1), 1.0)  # nobody knows yet how long one takes to come up
    for up in (10.0, 30.0):
        tally.changed(container(), up)
    tally.taken(container(served_before=1), 5.0)
    tally.taken(container(served_before=1), 100.0)
    assert (board.counts["warm_starts"], board.counts["seconds_saved"]) == (3, 15)


def test_one_that_another_scheduler_has_started_says_nothing_of_how_long_that_took() -> None:
    board = Board()
    tally = WarmTally(board)
    tally.changed(container(for_job=""), 0.0)
    tally.taken(container(served_before=3), 0.5)
    assert board.counts == {"warm_starts": 1}


def test_idle_seconds_are_added_up_without_loss() -> None:
    board = Board()
    tally = WarmTally(board)
    for _ in range(10):
        tally.changed(container(held=IDLE), 0.75)
    tally.changed(container(held=HeldCell("2", IDLE.cell.offer("t", "{}"))), 60.0)
    assert board.counts == {"idle_seconds": 7}


@pytest.mark.parametrize(
    ("more", "state"),
    [
        ({}, ContainerState.STARTING),
        ({"held": IDLE}, ContainerState.IDLE),
        ({"held": IDLE, "job": "t"}, ContainerState.BUSY),
        ({"held": HeldCell("2", IDLE.cell.offer("t", "{}").take())}, ContainerState.BUSY),
        ({"held": IDLE, "closing": True}, ContainerState.CLOSING),
        ({"held": HeldCell("2", IDLE.cell.close())}, ContainerState.CLOSING),
    ],
)
def test_containers_by_state(more: dict[str, object], state: ContainerState) -> None:
    board = Board()
    table: JobTable[str, str] = JobTable(PollInterval(quickest=1.0, slowest=1.0))
    job: Job[str] = Job(token="c", pooled=True)
    record = table.add(WorkItem(job=job, key="t"), job, 0.0)
    WarmTally(board).census([container(record=record, **more), container(record=None)])
    expected = Counter({state: 1}) + Counter({ContainerState.CLOSING: 1})
    assert board.gauges == {one.value: expected[one] for one in ContainerState}
