"""What one author, or one container, can do to others: nothing.

Law: attacks that did harm once, each against a whole executor; one healthy task runs beside them.
"""

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from airflow.models import Log
from airflow.models.taskinstancekey import TaskInstanceKey
from airflow.utils.session import create_session
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from aws_executors.core.lifecycle.effects import LogEvent, Report
from aws_executors.core.redact.outgoing import MOST
from aws_executors.executors import AwsEcsFargateExecutor
from aws_executors.local import LocalAws
from aws_executors.shell.engine.messages import AirflowUpdate
from e2e.postgres import postgres
from shell.airflow import hostile_builders
from shell.airflow.test_executor import hand_over, states
from support.airflow_executors import turn_until
from support.airflow_rows import Given, task_instance
from support.sites import ecs_site

pytestmark = pytest.mark.usefixtures("airflow_db")

SECRET = "hunter2-is-long"
TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")


@pytest.fixture
def aws() -> Iterator[LocalAws]:
    with LocalAws(max_processes=4, keep_requests=True) as cloud:
        ecs_site(cloud, entryPoint=["echo"])
        yield cloud


@pytest.fixture
def executor(monkeypatch: pytest.MonkeyPatch, aws: LocalAws) -> Iterator[AwsEcsFargateExecutor]:
    section = {
        "region": "us-east-1",
        "cluster": "etl",
        "container_name": "main",
        "task_definition": "airflow",
        "subnets": "subnet-1",
        "endpoint_url": aws.url,
        "request_builder": "shell.airflow.hostile_builders.build",
        "poll_interval": "0.1",
        "database_interval": "0.2",
    }
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)
    for name, value in section.items():
        monkeypatch.setenv(f"AIRFLOW__ECS_FARGATE__{name.upper()}", value)
    made = AwsEcsFargateExecutor(parallelism=32)
    made.start()
    yield made
    made.end()


def cyclic() -> object:
    config: dict[str, object] = {"environment": {"DB_PASSWORD": SECRET}}
    config["tags"] = config
    return config


CONFIGURATIONS = {
    "exits": {"environment": {"DB_PASSWORD": SECRET}},
    "interrupts": {"environment": [{"value": SECRET, "name": "DB_PWD"}]},
    "groups": {"environment": {"DATABASE_URL": SECRET}},
    "reads": {},
    "quotes": {},
    "shouts": {"environment": {"SIGNING_KEY": SECRET}},
    "cycle": cyclic(),
    "many": {f"key{number}": SECRET for number in range(100_000)},
    "long": {"\\" * 64_000: 1},
    "odd": {"\x00\ud800\x1b[31m\nforged": 1},
}


def test_each_fails_alone_in_a_bounded_line_without_secrets(
    executor: AwsEcsFargateExecutor,
    aws: LocalAws,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG, "aws_executors")  # botocore shows every request at DEBUG
    hostile_builders.SEEN.clear()
    bad = [task_instance(name, executor_config=config) for name, config in CONFIGURATIONS.items()]
    good = task_instance("good")
    hand_over(executor, *bad, good)
    good.becomes("running")
    turn_until(executor, lambda: not executor.running, patience=60)
    assert states(executor) == {good.key: "success"} | {one.key: "failed" for one in bad}
    reports = {one.key.task_id: str(executor.event_buffer[one.key][1]) for one in (good, *bad)}
    told = [*reports.values(), *map(str, saved(good, *bad))]
    assert all(len(one.encode()) <= MOST and len(one.splitlines()) <= 1 for one in told)
    assert "'key0' is not known" in reports["many"]
    assert "more like these" in reports["many"]
    assert "SystemExit" in reports["exits"]
    # The tokens that were really sent, to builders and to AWS; none of them is the scheduler's first one.
    tokens = {token for one in (*hostile_builders.SEEN, *sent(aws)) for token in TOKEN.findall(one)}
    assert len(tokens) >= len(hostile_builders.SEEN) > 5
    out, err = capfd.readouterr()
    everything = "\n".join([*told, caplog.text, out, err, repr(executor)])
    for token in tokens:
        assert token not in everything
        assert token.split(".")[2] not in everything
    assert SECRET not in everything
    assert "\nforged" not in everything


def sent(aws: LocalAws) -> list[str]:
    return [json.dumps(request.body.decode()) for request in aws.requests()]


def saved(*givens: Given) -> list[str | None]:
    """What Airflow's event log would have of these: the scheduler saves it in its loop."""
    runs = {given.key.run_id for given in givens}
    with create_session(scoped=False) as session:
        return [row.extra for row in session.scalars(select(Log)) if row.run_id in runs]


def test_every_database_takes_what_leaves(executor: AwsEcsFargateExecutor, tmp_path: Path) -> None:
    """As the scheduler saves it: one bulk for all tasks, which one NUL would lose for all."""
    key, started = TaskInstanceKey("dag", "task", "run", 1, -1), executor._started
    assert started is not None
    for text in ("a\x00b", "\ud800", "x" * 100_000, "\x1b[31m\u202e😀"):
        executor._current_tokens.enter(key, "token")
        executor._tell_airflow(started, AirflowUpdate("token", key, LogEvent("container failed", text)))
        executor._log_event(key, LogEvent("container log", text))
        executor._tell_airflow(started, AirflowUpdate("token", key, Report(False, text)))
        info = str(executor.event_buffer[key][1])
        assert len(info.encode()) <= MOST
        assert "\x00" not in info
    rows = list(executor._task_event_logs)
    assert len(rows) == 8
    with postgres(tmp_path) as url:
        engine = create_engine(url)
        Log.__table__.create(engine)
        with Session(engine) as session:
            session.bulk_save_objects(rows, preserve_order=False)
            session.commit()
            kept = session.scalars(select(Log.extra)).all()
        engine.dispose()
    assert len(kept) == 8
    assert {"ab", "\ufffd"} <= set(kept)
