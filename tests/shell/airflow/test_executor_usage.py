"""What an executor records of containers that have ended: with the embedded AWS, in Airflow's event log."""

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from airflow.executors.base_executor import BaseExecutor

from aws_executors.core.cost.record import USED, UsageRecord, read_entry
from aws_executors.core.settings.errors import SettingsError
from aws_executors.executors import AwsBatchExecutor
from aws_executors.local import LocalAws
from aws_executors.shell.airflow.usage import recorder
from support.airflow_executors import Begin, beginning, kept_logs, turn_until
from support.airflow_rows import Given, queue_up, task_instance
from support.sites import batch_site, ecs_site

pytestmark = pytest.mark.usefixtures("airflow_db")

LOG = {"awslogs-group": "/airflow", "awslogs-stream-prefix": "tasks", "awslogs-create-group": "true"}
COMMON = {"region": "us-east-1", "poll_interval": "0.1", "database_interval": "0.2"}
ECS = {
    "cluster": "etl",
    "container_name": "main",
    "task_definition": "airflow",
    "subnets": "subnet-1",
    "request_builder": "containers.build_ecs",
}
BATCH = {
    "job_name": "airflow",
    "job_queue": "q",
    "job_definition": "d",
    "request_builder": "containers.build_batch",
}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalAws]:
    with LocalAws(max_processes=4) as cloud:
        ecs_site(cloud, logConfiguration={"logDriver": "awslogs", "options": LOG})
        batch_site(cloud, "q")
        for name, value in cloud.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(recorder, "LATE", (0.1, 0.5, 1.0, 4.0, 10.0))
        yield cloud


@pytest.fixture
def begin(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Begin]:
    """Starts an executor with these options besides the usual ones."""
    with beginning(monkeypatch, COMMON | {"endpoint_url": aws.url}, ECS, BATCH) as begin:
        yield begin


def run(aws: LocalAws, executor: BaseExecutor, queue: str, state: str = "success") -> Given:
    """One task on this queue, until its executor has freed its slot.

    The row says how it went once the container has ended: one that has not begun by then would be stopped.
    """
    given, before = task_instance(queue=queue), len(ended(aws))
    queue_up(executor, given)
    executor.heartbeat()
    given.becomes("running")
    turn_until(executor, lambda: len(ended(aws)) > before)
    given.becomes(state)
    turn_until(executor, lambda: given.key not in executor.running)
    return given


def ended(aws: LocalAws) -> Sequence[object]:
    """The containers that have ended."""
    tasks = [task for task in aws.tasks() if task["lastStatus"] == "STOPPED"]
    return tasks + [job for job in aws.jobs() if job["status"] in ("SUCCEEDED", "FAILED")]


def events(executor: BaseExecutor) -> Mapping[str, str]:
    return {str(log.event): str(log.extra) for log in kept_logs(executor)}


def made(aws: LocalAws, action: str) -> int:
    """How many calls of this action have been made."""
    return int(aws.calls().get(action, {"calls": 0})["calls"])


def record(executor: BaseExecutor) -> UsageRecord:
    turn_until(executor, lambda: USED in events(executor))
    found = read_entry(events(executor)[USED])
    assert found is not None
    return found


def test_off_by_default_nothing_is_asked_said_or_changed(aws: LocalAws, begin: Begin) -> None:
    executor = begin(launcher="aws_executors")
    run(aws, executor, "used-300")
    for _ in range(30):
        executor.heartbeat()
        time.sleep(0.01)
    assert USED not in events(executor)
    assert made(aws, "ecs.RunTask") == 1
    assert made(aws, "logs.GetLogEvents") == 0
    assert made(aws, "ecs.DescribeTaskDefinition") == 0


def test_what_aws_tells_is_recorded_without_a_call(aws: LocalAws, begin: Begin) -> None:
    executor = begin(usage="True", launcher="airflow")
    run(aws, executor, "used-300")
    found = record(executor)
    assert (found.vcpu, found.memory, found.sold_as) == (0.25, 512, "linux_x86")
    assert (found.section, found.region, found.queue) == ("ecs_fargate", "us-east-1", "used-300")
    assert found.billed == 60
    assert found.dollars == pytest.approx(0.25 * 0.04048 / 60 + 0.5 * 0.004445 / 60, abs=1e-8)
    assert found.peak is None
    assert events(executor)[USED].startswith("had 512 MiB, 0.25 vCPU, ")
    assert made(aws, "logs.GetLogEvents") == 0


def test_what_the_launcher_measured_is_read_from_the_log(aws: LocalAws, begin: Begin) -> None:
    executor = begin(usage="True", launcher="aws_executors")
    for _ in range(2):
        run(aws, executor, "used-300")
        found = record(executor)
        assert (found.peak, found.cpu) == (300, 0.5)
        assert events(executor)[USED].startswith("used 300 MiB of 512 MiB, ")
    turn_until(executor, lambda: made(aws, "logs.GetLogEvents") == 2)
    assert made(aws, "ecs.DescribeTaskDefinition") == 1


def test_a_task_that_failed_has_a_record_too(
    aws: LocalAws, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "LATE", (0.1, 0.5))  # it is looked for as often as that, and is not there
    executor = begin(usage="True", launcher="aws_executors")
    run(aws, executor, "exit-3", state="running")
    found = record(executor)
    assert found.peak is None
    assert found.dollars
    assert "container failed" in events(executor)


def test_on_batch(aws: LocalAws, begin: Begin) -> None:
    executor = begin(AwsBatchExecutor, usage="True", launcher="aws_executors")
    run(aws, executor, "used-300")
    found = record(executor)
    assert (found.section, found.vcpu, found.memory, found.peak) == ("batch", 0.25, 512, 300)
    assert found.pulling is None
    assert found.dollars
    assert made(aws, "logs.GetLogEvents") == 1


def test_beside_a_stored_workload(aws: LocalAws, begin: Begin) -> None:
    aws.client("s3").create_bucket(Bucket="airflow")
    executor = begin(usage="True", workload_transport="s3", workload_store="s3://airflow/w")
    given = task_instance(queue="used-300")
    queue_up(executor, given)
    key = f"w/{given.token}-1.usage"
    aws.client("s3").put_object(Bucket="airflow", Key=key, Body=json.dumps({"memory": 222}).encode())
    executor.heartbeat()
    given.becomes("running")
    turn_until(executor, lambda: ended(aws))
    given.becomes("success")
    assert record(executor).peak == 222
    assert made(aws, "logs.GetLogEvents") == 0
    turn_until(executor, lambda: key not in aws.objects("airflow"))


def test_own_prices(aws: LocalAws, begin: Begin, tmp_path: object) -> None:
    path = f"{tmp_path}/prices.json"
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"regions": {"us-east-1": {"linux_x86": {"vcpu_hour": 60, "gb_hour": 0}}}}, file)
    executor = begin(usage="True", prices_file=path)
    run(aws, executor, "exit-0")
    assert record(executor).dollars == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "cannot be read: No such file or directory"),
        ("{}", "is no price table: regions is missing"),
    ],
)
def test_a_price_table_that_cannot_be_used_is_a_fault_of_the_section(
    begin: Begin, tmp_path: object, text: str | None, words: str
) -> None:
    path = f"{tmp_path}/p.json"
    if text is not None:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    with pytest.raises(SettingsError) as caught:
        begin(usage="True", prices_file=path)
    assert "prices_file = " in str(caught.value)
    assert words in str(caught.value)


def test_prices_come_from_a_regular_file_alone(begin: Begin, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (os.devnull, tmp_path, tmp_path / "pipe"):  # the pipe last: reading it waits for a writer
        with pytest.raises(SettingsError, match="is not a regular file; name a JSON file with prices"):
            begin(usage="True", prices_file=str(path))
