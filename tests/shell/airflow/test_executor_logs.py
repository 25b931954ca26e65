"""What people see of a container's log by Airflow's own ways: the UI's log view, and the task's Event log."""

import json
from collections.abc import Iterator

import pytest
from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
from airflow.models import Log
from airflow.models.taskinstancekey import TaskInstanceKey
from airflow.utils.session import create_session
from sqlalchemy import func, select

from aws_executors.core.lifecycle.effects import LogEvent
from aws_executors.executors import AwsEcsFargateExecutor
from aws_executors.local import LocalAws
from support.airflow_executors import turn_until
from support.airflow_rows import Given, queue_up, task_instance
from support.sites import ecs_site

pytestmark = [pytest.mark.usefixtures("airflow_db"), pytest.mark.waits]

LOG = {"awslogs-group": "/airflow", "awslogs-stream-prefix": "tasks", "awslogs-create-group": "true"}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalAws]:
    with LocalAws(max_processes=4) as cloud:
        ecs_site(cloud, logConfiguration={"logDriver": "awslogs", "options": LOG})
        for name, value in cloud.environment.items():
            monkeypatch.setenv(name, value)
        options = {
            "region": "us-east-1",
            "cluster": "etl",
            "container_name": "main",
            "task_definition": "airflow",
            "subnets": "subnet-1",
            "endpoint_url": cloud.url,
            "request_builder": "containers.build_ecs",
            "poll_interval": "0.1",
            "database_interval": "0.2",
        }
        for name, value in options.items():
            monkeypatch.setenv(f"AIRFLOW__ECS_FARGATE__{name.upper()}", value)
        yield cloud


@pytest.fixture
def executor(aws: LocalAws) -> Iterator[AwsEcsFargateExecutor]:
    made = AwsEcsFargateExecutor(parallelism=8)
    made.start()
    yield made
    made.end()


def hand_over(executor: AwsEcsFargateExecutor, given: Given) -> None:
    queue_up(executor, given)
    executor.heartbeat()


def test_the_api_server_s_own_executor_shows_the_log(executor: AwsEcsFargateExecutor, aws: LocalAws) -> None:
    given = task_instance(queue="print-hello")
    hand_over(executor, given)
    given.becomes("running")
    viewer = AwsEcsFargateExecutor()  # as the API server makes one: never started
    shown: list[str] = []

    def is_shown() -> bool:
        messages, lines = viewer.get_task_log(given.row(), 1)
        assert messages
        shown[:] = [json.loads(line)["event"] for line in lines]
        return bool(shown)

    turn_until(executor, is_shown)
    assert shown == ["hello"]
    assert not any(call.startswith("s3.") for call in aws.calls())  # no container takes several workloads


def test_another_try_s_log_is_not_looked_for(aws: LocalAws) -> None:
    given, calls = task_instance(state="running"), aws.calls()
    messages, lines = AwsEcsFargateExecutor().get_task_log(given.row(), 7)
    assert (messages, lines) == (
        ["The container of try 7 is no longer known here: see the link to AWS's log, or remote logging."],
        [],
    )
    assert aws.calls() == calls


def test_a_failed_container_s_last_lines_come_after_the_reason(executor: AwsEcsFargateExecutor) -> None:
    given = task_instance(queue="fail-goodbye")
    hand_over(executor, given)
    told: list[tuple[str, str]] = []

    def is_told() -> bool:
        told[:] = [(str(log.event), str(log.extra)) for log in executor._kept_logs]
        return ("container log", "goodbye") in told

    turn_until(executor, is_told)
    assert given.key not in executor.running
    events = list(dict(told))
    assert events.index("container failed") < events.index("container log")
    assert dict(told)["container failed"].startswith("The container exited with an error")


def test_the_lines_of_thousands_of_tasks_in_one_heartbeat_are_all_saved(
    executor: AwsEcsFargateExecutor,
) -> None:
    """The scheduler's bulk save fails for all of them if one is let go before."""
    for loop in range(2):
        executor.sync()
        for index in range(2_500):
            key = TaskInstanceKey("many_lines", "task", f"run-{loop}", 1, index)
            executor._log_event(key, LogEvent("container failed", "exit code 1"))
        with create_session(scoped=False) as session:
            SchedulerJobRunner._process_task_event_logs(executor._task_event_logs, session)
    executor.sync()
    with create_session(scoped=False) as session:
        saved = session.scalar(select(func.count()).where(Log.dag_id == "many_lines"))
    assert saved == 5_000
    assert len(executor._kept_logs) == 1_000
