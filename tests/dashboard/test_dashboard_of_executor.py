"""An executor at work tells the fleet page by itself, from its start to its end."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from aws_executors.core.lifecycle.display_state import DisplayState
from aws_executors.dashboard import store
from aws_executors.dashboard.snapshot import JobRecord, Snapshot
from aws_executors.dashboard.store import snapshots
from aws_executors.executors import AwsEcsFargateExecutor
from aws_executors.local import LocalAws
from aws_executors.shell.airflow import started
from support.airflow_rows import Given, task_instance
from support.sites import ecs_site

pytestmark = pytest.mark.usefixtures("airflow_db")

PATIENCE = 60.0


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[float], LocalAws]]:
    """Settings for an embedded AWS whose containers run until they are stopped."""
    with LocalAws(max_processes=4) as aws:
        ecs_site(aws, stopTimeout=2)

        def configure(every: float) -> LocalAws:
            options = {
                "region": "us-east-1",
                "cluster": "etl",
                "container_name": "main",
                "task_definition": "airflow",
                "subnets": "subnet-1",
                "endpoint_url": aws.url,
                "request_builder": "containers.build_ecs",
                "fleet_interval": str(every),
            }
            for name, value in aws.environment.items():
                monkeypatch.setenv(name, value)
            for name, value in options.items():
                monkeypatch.setenv(f"AIRFLOW__ECS_FARGATE__{name.upper()}", value)
            return aws

        yield configure
    store._delete([key for key, _ in store.stored_rows()])


def until(done: Callable[[], bool], patience: float = PATIENCE) -> None:
    deadline = time.monotonic() + patience
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def told_of(given: Given) -> list[tuple[Snapshot, JobRecord]]:
    return [
        (one, job)
        for one in snapshots()
        for job in one.jobs
        if (job.key.task, job.key.run) == (given.key.task_id, given.key.run_id)
    ]


def publishers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "aws-executors-fleet"]


def test_what_it_runs_is_told_and_taken_away_at_its_end(configured: Callable[[float], LocalAws]) -> None:
    aws = configured(0.1)
    executor = AwsEcsFargateExecutor(parallelism=8)
    executor.start()
    try:
        given = task_instance(queue="long")
        executor._process_workloads([given.workload()])
        given.becomes("running")
        until(lambda: any(job.state is DisplayState.RUNNING for _, job in told_of(given)))
        ((snapshot, job),) = told_of(given)
        assert (snapshot.executor, snapshot.region) == ("AwsEcsFargateExecutor", "us-east-1")
        assert (job.queue, job.key.try_number) == ("long", 1)
        assert job.container == aws.tasks()[0]["taskArn"]
        until(lambda: any(flow.action == "RunTask" for one in snapshots() for flow in one.calls))
    finally:
        executor.end()
    until(lambda: snapshots() == () and publishers() == [])


def test_its_row_is_gone_before_airflow_closes_the_database(
    configured: Callable[[float], LocalAws], monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(keys: list[str]) -> None:
        time.sleep(0.5)
        delete(keys)

    delete = store._delete
    configured(0.1)
    monkeypatch.setattr(started, "END_WITHIN", PATIENCE)
    executor = AwsEcsFargateExecutor(parallelism=8)
    executor.start()
    until(lambda: snapshots() != ())
    monkeypatch.setattr(store, "_delete", slowly)
    executor.end()
    assert (snapshots(), publishers()) == ((), [])


def test_switched_off_nothing_is_told(configured: Callable[[float], LocalAws]) -> None:
    configured(0)
    executor = AwsEcsFargateExecutor(parallelism=8)
    executor.start()
    try:
        assert publishers() == []
    finally:
        executor.end()
    assert snapshots() == ()
