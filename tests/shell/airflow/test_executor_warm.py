"""An executor with warm containers, on the embedded AWS: real cells, real containers, and a real database."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from airflow.executors.base_executor import BaseExecutor

from aws_executors.core.cost.record import USED, WARM_CONTAINER, UsageRecord, read_entry
from aws_executors.core.lifecycle.job import Job
from aws_executors.core.lifecycle.metrics import ContainerState
from aws_executors.core.warm.cell import Cell, read
from aws_executors.core.warm.turn import is_turn
from aws_executors.dashboard.snapshot import ContainerCount, ContainerRecord
from aws_executors.dashboard.store import snapshots
from aws_executors.executors import AwsBatchExecutor, AwsEcsFargateExecutor
from aws_executors.local import LocalAws
from aws_executors.shell.airflow.executor import AwsExecutor
from support.airflow_executors import Begin, beginning, kept_logs, turn_until
from support.airflow_rows import Given, queue_up, task_instance
from support.sites import batch_site, ecs_site

pytestmark = [pytest.mark.usefixtures("airflow_db"), pytest.mark.waits]

ROOT = Path(__file__).parents[3]
LOG = {"awslogs-group": "/airflow", "awslogs-stream-prefix": "tasks", "awslogs-create-group": "true"}
COMMON = {
    "region": "us-east-1",
    "poll_interval": "0.2",
    "database_interval": "0.2",
    "workload_store": "s3://airflow/w",
}
ECS = {
    "cluster": "etl",
    "container_name": "main",
    "task_definition": "airflow",
    "subnets": "subnet-1",
    "request_builder": "containers.warm_ecs",
}
BATCH = {
    "job_name": "airflow",
    "job_queue": "q",
    "job_definition": "d",
    "request_builder": "containers.warm_batch",
}
KINDS = pytest.mark.parametrize("kind", [AwsEcsFargateExecutor, AwsBatchExecutor])


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalAws]:
    path = os.pathsep.join(str(ROOT / name) for name in ("src", "tests"))
    with LocalAws(max_processes=4, container_env={"PYTHONPATH": path}) as cloud:
        ecs_site(cloud, logConfiguration={"logDriver": "awslogs", "options": LOG})
        batch_site(cloud, "q")
        for name, value in cloud.environment.items():
            monkeypatch.setenv(name, value)
        cloud.client("s3").create_bucket(Bucket="airflow")
        yield cloud


@pytest.fixture
def begin(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Begin]:
    """Starts an executor with these options besides the usual ones.

    A task that is never queued is left to run: without any, containers would be closed between two tasks.
    """
    task_instance(state="scheduled")
    with beginning(monkeypatch, COMMON | {"endpoint_url": aws.url}, ECS, BATCH) as begin:
        yield begin


def queue(executor: BaseExecutor, name: str) -> Given:
    given = task_instance(queue=name)
    queue_up(executor, given)
    executor.heartbeat()
    return given


def said(executor: BaseExecutor) -> list[tuple[str, str]]:
    return [(str(log.event), str(log.extra)) for log in kept_logs(executor)]


def over(executor: BaseExecutor, given: Given) -> bool:
    return given.key not in executor.running


def started(aws: LocalAws) -> int:
    calls = aws.calls()
    return sum(int(calls.get(one, {"calls": 0})["calls"]) for one in ("ecs.RunTask", "batch.SubmitJob"))


def job_of(executor: BaseExecutor, given: Given) -> Job[object] | None:
    """What the executor knows of a task; with some Airflows the token is the executor's own."""
    engine = getattr(executor, "_engine")  # noqa: B009
    return next((job for item, job, _ in engine.entries() if item.key == given.key and not job.pooled), None)


def runs(executor: BaseExecutor, given: Given) -> bool:
    """Whether the executor knows that a container which takes others, too, has taken this workload."""
    job = job_of(executor, given)
    return job is not None and is_turn(job.container)


def run(executor: BaseExecutor, name: str) -> Given:
    """A task from the queue to its end."""
    given = queue(executor, name)
    given.becomes("running")  # before its container ends: Airflow's supervisor would say so
    turn_until(executor, lambda: runs(executor, given) or over(executor, given))
    given.becomes("success")
    turn_until(executor, lambda: over(executor, given))
    return given


@KINDS
def test_one_container_takes_one_workload_after_another(
    kind: type[BaseExecutor], aws: LocalAws, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = Board()
    monkeypatch.setattr("aws_executors.shell.airflow.started.AirflowMetrics", lambda tags: board)
    executor = begin(kind, fleet_interval="0.1")
    for _ in range(4):
        run(executor, "ok-0.2")
    assert started(aws) == 1
    assert (board.counts["cold_starts"], board.counts["warm_starts"]) == (1, 3)
    assert board.counts["submissions"] == 1
    assert len(board.times["time_to_run"]) == 4
    at_rest = [ContainerCount(state=ContainerState.IDLE, count=1, served=4)]
    turn_until(executor, lambda: containers_shown() == at_rest)
    (container,) = containers_listed()
    assert (container.state, container.served, container.key) == (ContainerState.IDLE, 4, None)
    assert "#" not in container.container


@KINDS
def test_each_workload_pays_for_its_seconds_and_nobody_for_the_rest(
    kind: type[BaseExecutor], begin: Begin
) -> None:
    builder = "containers.pair_batch" if kind is AwsBatchExecutor else "containers.pair_ecs"
    executor = begin(kind, usage="True", request_builder=builder)
    ran = [run(executor, "ok-0.3"), run(executor, "ok-0.6")]
    turn_until(executor, lambda: len(used(executor)) == 3)
    whole = [used(executor)[given.key.run_id] for given in ran]
    assert [record.queue for record in whole] == ["ok-0.3", "ok-0.6"]
    for record, seconds in zip(whole, (0.3, 0.6), strict=True):
        assert (record.vcpu, record.memory, record.idle) == (0.25, 512, None)
        assert record.running is not None
        assert seconds <= record.running < 30
        assert record.peak is not None
        assert record.dollars == pytest.approx(record.running * RATE, abs=0.06 * RATE)  # rounded
    rest = used(executor)[WARM_CONTAINER]
    assert (rest.peak, rest.running) == (None, None)
    assert rest.idle is not None
    if kind is AwsEcsFargateExecutor:
        assert rest.waiting is not None
    assert sum(one.dollars or 0.0 for one in (*whole, rest)) == pytest.approx(60 * RATE, rel=0.01)


def test_without_usage_nothing_of_it_is_in_a_cell_or_a_request(aws: LocalAws, begin: Begin) -> None:
    executor = begin()
    run(executor, "ok-0.1")

    def cell() -> Cell:
        (body,) = [body for key, body in aws.objects("airflow").items() if "/cells/" in key]
        return read(body)

    turn_until(executor, lambda: cell().served)  # the row has said first how the task went
    assert [one.used for one in cell().served] == [""]
    (task,) = aws.tasks()
    assert "--usage" not in str(task["overrides"])
    assert used(executor) == {}


RATE = (0.25 * 0.04048 + 0.5 * 0.004445) / 3600
"""Dollars a second."""


def used(executor: BaseExecutor) -> dict[str, UsageRecord]:
    """The records in the event log, by the runs of their tasks; what no task pays for, by its own name."""
    found: dict[str, UsageRecord] = {}
    for log in kept_logs(executor):
        record = read_entry(str(log.extra)) if log.event == USED else None
        if record is not None:
            found[WARM_CONTAINER if log.task_id == WARM_CONTAINER else str(log.run_id)] = record
    return found


class Board:
    """Keeps the metrics that it is sent."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.times: dict[str, list[float]] = {}

    def count(self, name: str, by: int = 1) -> None:
        self.counts[name.removeprefix("aws_executors.")] += by

    def gauge(self, name: str, value: float) -> None:
        """Not looked at here."""

    def time(self, name: str, seconds: float) -> None:
        self.times.setdefault(name.removeprefix("aws_executors."), []).append(seconds)


def containers_shown() -> list[ContainerCount]:
    return [count for one in snapshots() for count in one.container_counts]


def containers_listed() -> list[ContainerRecord]:
    return [container for one in snapshots() for container in one.containers]


@KINDS
def test_the_api_server_shows_the_lines_of_one_task_alone(
    kind: type[BaseExecutor], aws: LocalAws, begin: Begin
) -> None:
    executor, viewer = begin(kind), kind()  # as the API server makes one: never started
    assert isinstance(viewer, AwsExecutor)
    run(executor, "ok-0.1")
    given, shown = queue(executor, "ok-30"), [[""], [""]]
    turn_until(executor, lambda: runs(executor, given))
    given.becomes("running")

    def is_shown() -> bool:
        shown[:] = viewer.get_task_log(given.row(), 1)
        return bool(shown[1])

    turn_until(executor, is_shown)
    assert [json.loads(line)["event"] for line in shown[1]] == ["plays ok 30"]
    assert shown[0][0].startswith("CloudWatch Logs: log group /a")
    job = job_of(executor, given)
    assert job is not None
    links = (viewer.links.container(job.token), viewer.links.log(job.token))
    assert all(link.startswith("https://us-east-1.console.aws.amazon.com/") for link in links)
    assert "%23" not in links[0]
    writes = aws.calls()["s3.PutObject"]["calls"]
    viewer.links.container("nobody")
    assert aws.calls()["s3.PutObject"]["calls"] == writes


def test_the_last_words_of_a_failed_task_are_its_own(begin: Begin) -> None:
    executor = begin()
    run(executor, "ok-0.1")
    given = queue(executor, "exit-3")
    turn_until(executor, lambda: any(event == "container log" for event, _ in said(executor)))
    assert over(executor, given)
    told = dict(said(executor))
    assert told["container log"] == "plays exit 3"
    assert told["container failed"].startswith("The container exited with an error (arn:aws:ecs:")
    assert "#" not in told["container failed"]
