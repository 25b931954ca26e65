"""When the recorder of usage reads what containers measured, when it gives up, and what it counts."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from aws_executors.core.cost.measured import Measured
from aws_executors.core.cost.prices import bundled_prices
from aws_executors.core.cost.record import USED, UsageRecord, read_entry
from aws_executors.core.lifecycle.allocation import Allocation
from aws_executors.core.lifecycle.effects import LogEvent
from aws_executors.core.lifecycle.observation import Observation, Phase
from aws_executors.shell.airflow.usage.recorder import IN_VAIN, UsageRecorder
from aws_executors.shell.engine.messages import ContainerEnded
from shell.airflow.test_metrics import Board

GIVEN = Allocation(
    vcpu=1.0,
    memory=2048,
    fargate=True,
    created=0.0,
    pull_started=17.0,
    pull_stopped=20.0,
    started=22.0,
    stopped=80.0,
)


class Measurements:
    """What containers measured, by id, and how often each was read."""

    def __init__(self, **found: Measured) -> None:
        self.found = found
        self.reads: list[str] = []

    def stored(self, submission: str) -> Measured | None:
        return self.found.get(submission)

    def logged(self, seen: Observation) -> Measured | None:
        self.reads.append(seen.id)
        if seen.id == "raises":
            raise RuntimeError("a defect of ours")
        return self.found.get(seen.id)


def ended(id_: str, reason: str = "") -> ContainerEnded:
    seen = Observation(id=id_, phase=Phase.FAILED, reason=reason, given=lambda: GIVEN)
    return ContainerEnded(seen, 1, "etl")


class Recorder(UsageRecorder[str]):
    """One that keeps what it tells."""

    def __init__(self, board: Board, measurements: Measurements | None) -> None:
        self.told: list[tuple[str, LogEvent]] = []
        told, late = self.told.append, (0.0, 0.02)
        super().__init__(bundled_prices(), "ecs_fargate", "us-east-1", board, told, measurements, late=late)


def until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def records(made: Recorder, count: int) -> dict[str, UsageRecord]:
    until(lambda: len(made.told) >= count)
    assert {event.event for _, event in made.told} == {USED}
    entries = {key: read_entry(event.text) for key, event in made.told}
    made.told.clear()
    return {key: record for key, record in entries.items() if record is not None}


def test_an_entry_is_fit_for_the_event_log_before_the_scheduler_takes_it() -> None:
    made = Recorder(Board(), None)
    made.ask("one", "0b6e", replace(ended("arn:1"), queue="password=hunter2\x00"))
    until(lambda: len(made.told) == 1)
    ((_, event),) = made.told
    assert "hunter2" not in event.text
    assert "\x00" not in event.text


def test_no_thread_before_a_container_has_ended() -> None:
    before = set(threading.enumerate())
    made = Recorder(Board(), Measurements())
    assert made.told == []
    assert set(threading.enumerate()) <= before


def test_a_measurement_is_read_again_once_and_the_record_made_without() -> None:
    measurements = Measurements(one=Measured(memory=100))
    made = Recorder(Board(), measurements)
    for id_ in ("one", "none"):
        made.ask(id_, "t", ended(id_))
    found = records(made, 2)
    assert (found["one"].peak, found["none"].peak) == (100, None)
    assert sorted(measurements.reads) == ["none", "none", "one"]


def test_what_cannot_be_read_harms_no_other() -> None:
    made = Recorder(Board(), Measurements(one=Measured(memory=100)))
    for id_ in ("raises", "one"):
        made.ask(id_, "t", ended(id_))
    assert records(made, 1)["one"].peak == 100


def test_after_many_in_vain_no_log_is_read_for_a_while() -> None:
    measurements = Measurements(late=Measured(memory=100), **{"stored-1": Measured(memory=200)})
    made = Recorder(Board(), measurements)
    for number in range(IN_VAIN):
        made.ask(f"c{number}", "t", ended(f"c{number}"))
    records(made, IN_VAIN)
    reads = len(measurements.reads)
    made.ask("late", "t", ended("late"))
    made.ask("kept", "stored", ended("kept"))
    found = records(made, 2)
    assert (found["late"].peak, found["kept"].peak) == (None, 200)
    assert len(measurements.reads) == reads


def test_a_turn_and_the_rest_of_its_container_need_no_reading() -> None:
    board, measurements = Board(), Measurements()
    made = Recorder(board, measurements)
    turn = Observation(
        id="c#2", phase=Phase.SUCCEEDED, given=lambda: GIVEN, used='{"memory":300,"kills":1,"seconds":8.5}'
    )
    made.ask("turn", "t", ContainerEnded(turn, 1, "etl"))
    made.ask("rest", "c", replace(ended("c"), served=('{"seconds":8.5}', "", '{"seconds":20}')))
    found = records(made, 2)
    rate = (0.04048 + 2 * 0.004445) / 3600
    expected = [(8.5, None, None, round(8.5 * rate, 8)), (None, 29.5, 17.0, round((63 - 28.5) * rate, 8))]
    turn_, rest = found["turn"], found["rest"]
    assert [(one.running, one.idle, one.waiting, one.dollars) for one in (turn_, rest)] == expected
    assert (turn_.peak, turn_.killed, turn_.billed, rest.billed) == (300, True, 8.5, 34.5)
    assert measurements.reads == []
    until(lambda: "time_to_pull" in board.times)
    assert (board.counts["ended"], board.counts["out_of_memory"]) == (1, 1)
    assert board.counts["cost"] == pytest.approx((63 - 20) * 1e6 * rate, abs=2)
    assert board.times == {"time_to_start": [17.0], "time_to_pull": [3.0]}


def test_a_turn_whose_container_nobody_has_described_has_no_price() -> None:
    made = Recorder(Board(), None)
    turn = Observation(id="c#2", phase=Phase.SUCCEEDED, used='{"memory":300,"seconds":8.5}')
    made.ask("turn", "t", ContainerEnded(turn, 1, "etl"))
    record = records(made, 1)["turn"]
    assert (record.peak, record.running, record.dollars) == (300, 8.5, None)


def test_without_measurements_records_are_made_all_the_same_and_counted() -> None:
    board = Board()
    made = Recorder(board, None)
    made.ask("one", "t", ended("one", "OutOfMemoryError: Container killed due to memory usage"))
    assert records(made, 1)["one"].killed
    until(lambda: "time_to_pull" in board.times)
    assert board.counts == {
        "ended": 1,
        "cost": round(1e6 * 63 / 3600 * (0.04048 + 2 * 0.004445)),
        "out_of_memory": 1,
    }
    assert board.times == {"time_to_start": [17.0], "time_to_pull": [3.0]}
