"""Metrics from the engine in a small world, and what arrives at a StatsD receiver of our own."""

import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count, islice
from typing import Any

import pytest
from returns.result import Success

from aws_executors.core.aws.errors import Kind
from aws_executors.core.lifecycle.effects import Report
from aws_executors.core.lifecycle.job import Job, Stage
from aws_executors.core.lifecycle.policy import Policy
from aws_executors.core.lifecycle.poll_interval import PollInterval
from aws_executors.shell.airflow.metrics import AirflowMetrics
from aws_executors.shell.engine.dispatcher import EngineConfig
from aws_executors.shell.engine.messages import WorkItem
from aws_executors.shell.engine.thread import Engine
from support.worlds import Cloud, Order, Rows, engine_in


def a_job(**fields: Any) -> Job[str]:
    made: Job[str] = Job(**{"token": "t", **fields})
    return made


class Board:
    """Keeps what it is sent."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.gauges: dict[str, float] = {}
        self.times: dict[str, list[float]] = {}

    def count(self, name: str, by: int = 1) -> None:
        self.counts[name.removeprefix("aws_executors.")] += by

    def gauge(self, name: str, value: float) -> None:
        self.gauges[name.removeprefix("aws_executors.")] = value

    def time(self, name: str, seconds: float) -> None:
        self.times.setdefault(name.removeprefix("aws_executors."), []).append(seconds)


def until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def place() -> Iterator[tuple[Cloud, Rows, Board, Engine[str, Order]]]:
    cloud, rows, board = Cloud(), Rows(), Board()
    config = EngineConfig(
        policy=Policy(confirm=0.05),
        pace=PollInterval(quickest=0.02, slowest=0.02),
        rows_every=0.02,
        workers=4,
    )
    engine = engine_in(cloud, rows, config, sink=board)
    engine.start()
    yield cloud, rows, board, engine
    engine.end(stop=False, timeout=2)


def hand_over(engine: Engine[str, Order], token: str) -> None:
    job: Job[Order] = Job(token=token)
    build = lambda attempt: Success(Order(token, attempt))  # noqa: E731
    engine.hand_over(iter([WorkItem(job=job, key=token, build=build)]))


def test_a_task_from_its_queue_to_its_end(place: tuple[Cloud, Rows, Board, Engine[str, Order]]) -> None:
    cloud, rows, board, engine = place
    rows.put("t0", "queued")
    hand_over(engine, "t0")
    until(lambda: "c1" in cloud.containers)
    time.sleep(0.1)
    assert "time_to_run" not in board.times
    cloud.run("c1")
    rows.put("t0", "running")
    until(lambda: "time_to_run" in board.times)
    assert 0.1 <= board.times["time_to_run"][0] < 60
    cloud.finish("c1", 3)
    until(lambda: board.counts["failures.exited"] == 1)
    rows.put("t0", "failed")
    until(lambda: not list(engine.jobs()))
    assert board.counts == {"submissions": 1, "failures.exited": 1}
    assert len(board.times["time_to_run"]) == 1
    assert len(board.times["calls.submit"]) == 1
    assert len(board.times["calls.describe"]) == cloud.calls["describe"]


def test_refusals_and_throttles(place: tuple[Cloud, Rows, Board, Engine[str, Order]]) -> None:
    cloud, rows, board, engine = place
    rows.put("t0", "queued")
    cloud.refuse("submit", Kind.THROTTLED)
    hand_over(engine, "t0")
    until(lambda: board.counts["submissions"] == 1)
    cloud.refuse("submit", Kind.PERMANENT)
    rows.put("t1", "queued")
    hand_over(engine, "t1")
    until(lambda: board.counts["failures.not_submitted"] == 1)
    assert board.counts == {
        "submissions": 1,
        "refusals.throttled": 1,
        "throttles.submit": 1,
        "refusals.permanent": 1,
        "failures.not_submitted": 1,
    }


def test_a_failure_is_counted_once_however_often_it_is_reported(
    place: tuple[Cloud, Rows, Board, Engine[str, Order]],
) -> None:
    cloud, rows, board, engine = place
    rows.put("t0", "queued")
    hand_over(engine, "t0")
    until(lambda: "c1" in cloud.containers)
    rows.put("t0", "running")
    cloud.run("c1")
    cloud.finish("c1", 3)
    until(lambda: sum(isinstance(one.effect, Report) for one in engine.airflow_updates()) == 1)
    until(
        lambda: any(isinstance(one.effect, Report) for one in engine.airflow_updates())
    )  # it is not confirmed
    assert board.counts["failures.exited"] == 1


def test_jobs_are_counted_now_and_then(place: tuple[Cloud, Rows, Board, Engine[str, Order]]) -> None:
    _, _, board, _ = place
    until(lambda: len(board.gauges) == len(Stage) - 1)
    assert not any(board.gauges.values())
    board.gauges.clear()
    time.sleep(0.1)
    assert board.gauges == {}  # many turns, and not one more count


SENDS = """
from aws_executors.executors import AwsBatchExecutor
from aws_executors.shell.airflow.metrics import AirflowMetrics

AwsBatchExecutor()  # as it is made, Airflow reads where metrics go
sink = AirflowMetrics({"executor": "AwsBatchExecutor"})
sink.count("aws_executors.submissions")
sink.gauge("aws_executors.jobs.watching", 7)
sink.time("aws_executors.calls.submit", 0.25)
"""


def test_what_statsd_receives() -> None:
    """From a process that has just begun, for Airflow reads once where metrics go."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        told = {"ON": "True", "HOST": "127.0.0.1", "PORT": str(receiver.getsockname()[1])}
        environment = {f"AIRFLOW__METRICS__STATSD_{name}": value for name, value in told.items()}
        subprocess.run([sys.executable, "-c", SENDS], env={**os.environ, **environment}, check=True)
        received = (receiver.recv(1000).decode() for _ in count())
        ours = list(islice((one for one in received if ".aws_executors." in one), 3))
    assert ours == [
        "airflow.aws_executors.submissions:1|c",
        "airflow.aws_executors.jobs.watching:7|g",
        "airflow.aws_executors.calls.submit:250.000000|ms",
    ]


def _fails(name: str, **_: object) -> None:
    raise OSError("no way")


def test_what_can_not_be_sent_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    sink = AirflowMetrics({})
    with caplog.at_level("ERROR"):
        for _ in range(3):
            sink.gauge("aws_executors.jobs.watching", "seven")  # type: ignore[arg-type]
            sink._send(_fails, "aws_executors.submissions")
    assert caplog.text.count("Metrics cannot be sent (logged once)") == 1
