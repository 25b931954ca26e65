"""Workloads in S3 as a real executor has them: real rows, real tokens, an embedded AWS."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator

import pytest
from airflow.executors.base_executor import BaseExecutor

from aws_executors.executors import AwsEcsFargateExecutor
from aws_executors.local import LocalAws
from support.airflow_executors import turn_until
from support.airflow_features import SCOPE
from support.airflow_rows import Given, queue_up, task_instance
from support.sites import ecs_site

pytestmark = [pytest.mark.usefixtures("airflow_db"), pytest.mark.waits]

BUCKET = "airflow"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalAws]:
    with LocalAws(max_processes=4, keep_requests=True) as cloud:
        ecs_site(cloud, stopTimeout=2)
        cloud.client("s3").create_bucket(Bucket=BUCKET)
        for name, value in cloud.environment.items():
            monkeypatch.setenv(name, value)
        yield cloud


Start = Callable[..., AwsEcsFargateExecutor]


@pytest.fixture
def start(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts an executor with these options besides what every one needs."""
    started: list[AwsEcsFargateExecutor] = []
    needed = {
        "region": "us-east-1",
        "cluster": "etl",
        "container_name": "main",
        "task_definition": "airflow",
        "subnets": "subnet-1",
        "workload_transport": "s3",
        "workload_store": f"s3://{BUCKET}/w",
        "poll_interval": 0.1,
        "database_interval": 0.2,
    }

    def begin(**options: object) -> AwsEcsFargateExecutor:
        for name, value in {**needed, **options}.items():
            monkeypatch.setenv(f"AIRFLOW__ECS_FARGATE__{name.upper()}", str(value))
        executor = AwsEcsFargateExecutor(parallelism=8)
        executor.start()
        started.append(executor)
        return executor

    yield begin
    for executor in started:
        executor.end()


def hand_over(executor: BaseExecutor, given: Given) -> None:
    queue_up(executor, given)
    executor.heartbeat()


def stored(aws: LocalAws) -> dict[str, dict[str, object]]:
    """Every stored workload by its key."""
    return {key: json.loads(body)["workload"] for key, body in aws.objects(BUCKET).items()}


def claims(workload: dict[str, object]) -> dict[str, object]:
    """What the workload's token says."""
    payload = str(workload["token"]).split(".")[1]
    found: dict[str, object] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found


def commands(aws: LocalAws) -> list[list[str]]:
    return [one["command"] for task in aws.tasks() for one in task["overrides"]["containerOverrides"]]


def test_a_workload_is_stored_under_its_submission_and_gone_when_its_job_is(
    start: Start, aws: LocalAws
) -> None:
    aws.faults.delays("none", provision=[60, 60])
    executor, given = start(), task_instance()
    hand_over(executor, given)
    turn_until(executor, lambda: bool(aws.tasks()))
    (key,) = stored(aws)
    assert key == f"w/{given.token}-1"
    assert claims(stored(aws)[key])["sub"] == str(given.id)
    assert claims(stored(aws)[key]).get("scope") == SCOPE
    assert commands(aws) == [
        ["python", "-m", "aws_executors.run", "--region", "us-east-1", "--s3", f"s3://{BUCKET}/{key}"]
    ]
    executor.revoke_task(ti=given.row())
    turn_until(executor, lambda: not aws.objects(BUCKET))


def test_c14_a_container_that_waits_three_lifetimes_finds_a_valid_token_at_any_time(
    start: Start, aws: LocalAws
) -> None:
    """Half an hour with tokens of ten minutes, a hundred times as fast. A token lives two seconds longer than
    until its renewal: the machine may stand still for as long."""
    aws.faults.delays("none", provision=[60, 60])
    executor, given = start(token_lifetime=6), task_instance()
    hand_over(executor, given)
    turn_until(executor, lambda: bool(aws.tasks()))
    until, tokens = time.time() + 18.0, set()
    while time.time() < until:
        (workload,) = stored(aws).values()
        assert float(str(claims(workload)["exp"])) > time.time()
        tokens.add(workload["token"])
        executor.heartbeat()
        time.sleep(0.05)
    assert 4 <= len(tokens) <= 7  # one in three seconds, and not more
    assert len(aws.tasks()) == 1
    executor.revoke_task(ti=given.row())
    turn_until(executor, lambda: not aws.objects(BUCKET))


def test_a_denied_bucket_fails_the_one_task_and_says_what_to_allow(start: Start, aws: LocalAws) -> None:
    executor, given = start(), task_instance()
    aws.faults.deny_bucket(BUCKET)
    hand_over(executor, given)
    turn_until(executor, lambda: given.key in executor.event_buffer)
    state, info = executor.event_buffer[given.key]
    assert state == "failed"
    assert "Allow s3:PutObject (and s3:GetObject) on arn:aws:s3:::airflow/w/*" in str(info)
    assert (given.key in executor.running, aws.tasks()) == (False, [])
    # Nothing is lost: once it is mended, the next try goes its way.
    aws.faults.clear()
    again = task_instance()
    hand_over(executor, again)
    turn_until(executor, lambda: bool(aws.tasks()))


def test_a_bucket_that_is_away_for_a_while_is_waited_for(start: Start, aws: LocalAws) -> None:
    aws.faults.delays("none", provision=[60, 60])
    executor, given = start(), task_instance()
    aws.faults.refuse("PutObject", "SlowDown", "Please reduce your request rate.", 503, 2)
    aws.faults.lose_answer("PutObject")
    hand_over(executor, given)
    turn_until(executor, lambda: bool(aws.tasks()))
    assert executor.event_buffer == {}
    assert list(stored(aws)) == [f"w/{given.token}-1"]


LARGE = {"environment": [{"name": "MANIFEST", "value": "x" * 7_500}]}


@pytest.mark.parametrize(("transport", "runs"), [("auto", True), ("s3", True), ("inline", False)])
def test_a_request_that_is_too_large_with_its_workload(
    start: Start, aws: LocalAws, transport: str, runs: bool
) -> None:
    aws.faults.delays("none", provision=[60, 60])
    options = {"workload_store": ""} if transport == "inline" else {}
    executor = start(workload_transport=transport, **options)
    given = task_instance(executor_config=LARGE)
    hand_over(executor, given)
    turn_until(executor, lambda: bool(aws.tasks() or executor.event_buffer))
    assert (len(stored(aws)), len(aws.tasks())) == (int(runs), int(runs))
    if not runs:
        info = str(executor.event_buffer[given.key][1])
        assert "ECS allows 8192 (largest: main environment MANIFEST 75" in info
        assert "set workload_transport = s3" in info


def test_what_a_dead_scheduler_has_stored_is_removed_with_its_container(start: Start, aws: LocalAws) -> None:
    aws.faults.delays("none", provision=[60, 60])
    first, given = start(adopt_task_instances=True), task_instance()
    hand_over(first, given)
    turn_until(first, lambda: bool(aws.tasks()))
    first.end()
    second = start(adopt_task_instances=True)
    assert second.try_adopt_task_instances([given.row()]) == []
    assert list(stored(aws)) == [f"w/{given.token}-1"]
    second.revoke_task(ti=given.row())
    turn_until(second, lambda: not aws.objects(BUCKET))


def test_who_takes_a_task_over_goes_on_renewing_what_its_container_waits_for(
    start: Start, aws: LocalAws
) -> None:
    aws.faults.delays("none", provision=[60, 60])
    first, given = start(adopt_task_instances=True, token_lifetime=6), task_instance()
    hand_over(first, given)
    turn_until(first, lambda: bool(aws.tasks()))
    first.end()
    (before,) = stored(aws).values()
    second = start(adopt_task_instances=True, token_lifetime=600)
    assert second.try_adopt_task_instances([given.row()]) == []
    turn_until(second, lambda: stored(aws)[f"w/{given.token}-1"]["token"] != before["token"])
    until, tokens = time.time() + 12.0, set()
    while time.time() < until:
        (workload,) = stored(aws).values()
        assert float(str(claims(workload)["exp"])) > time.time()
        assert {**workload, "token": ""} == {**before, "token": ""}
        tokens.add(workload["token"])
        second.heartbeat()
        time.sleep(0.05)
    assert 4 <= len(tokens) <= 7  # one in three seconds: as long-lived as the first scheduler made them
    assert {claims({"token": token})["sub"] for token in tokens} == {str(given.id)}
    assert {claims({"token": token}).get("scope") for token in tokens} == {SCOPE}
    assert len(aws.tasks()) == 1
    second.revoke_task(ti=given.row())
    turn_until(second, lambda: not aws.objects(BUCKET))


def test_a_first_scheduler_that_was_only_stalled_puts_no_old_token_over_a_new_one(
    start: Start, aws: LocalAws
) -> None:
    """Both believe the task to be theirs, and both renew: the first is refused, at every time."""
    aws.faults.delays("none", provision=[60, 60])
    first, given = start(adopt_task_instances=True, token_lifetime=2), task_instance()
    hand_over(first, given)
    turn_until(first, lambda: bool(aws.tasks()))
    second = start(adopt_task_instances=True, token_lifetime=2)
    second.try_adopt_task_instances([given.row()])
    until, numbers, ends = time.time() + 5.0, [], []
    while time.time() < until:
        (body,) = (json.loads(body) for body in aws.objects(BUCKET).values())
        numbers.append(int(body["sequence"]))
        ends.append(float(str(claims(body["workload"])["exp"])))
        first.heartbeat()
        second.heartbeat()
        time.sleep(0.02)
    assert (numbers, ends) == (sorted(numbers), sorted(ends))
    assert len(set(numbers)) >= 4
    refused = [one for one in aws.calls().items() if one[0] == "s3.PutObject"]
    assert refused[0][1]["refused"] >= 2
    assert first.event_buffer == {}
    second.revoke_task(ti=given.row())
    turn_until(second, lambda: not aws.objects(BUCKET))


@pytest.mark.parametrize(("transport", "reads"), [("auto", 3), ("s3", 0)])
def test_a_task_that_went_inline_is_looked_for_in_the_store_once_at_most(
    start: Start, aws: LocalAws, transport: str, reads: int
) -> None:
    """By ``auto`` nobody knows which way it went; where all goes by S3, what already runs has read it."""
    aws.faults.delays("none", provision=[60, 60])
    first, given = start(adopt_task_instances=True, workload_transport=transport), task_instance()
    hand_over(first, given)
    turn_until(first, lambda: bool(aws.tasks()))
    first.end()
    if transport == "s3":
        given.becomes("running")
    second = start(adopt_task_instances=True, workload_transport=transport)
    second.try_adopt_task_instances([given.row()])
    until = time.time() + 2.0
    while time.time() < until:
        second.heartbeat()
        time.sleep(0.02)
    assert aws.calls().get("s3.GetObject", {"calls": 0})["calls"] == reads
    assert list(second._task_event_logs) == []


def test_no_request_and_no_event_has_the_token(start: Start, aws: LocalAws) -> None:
    executor, given = start(), task_instance()
    hand_over(executor, given)
    turn_until(executor, lambda: bool(aws.tasks()))
    executor.revoke_task(ti=given.row())
    turn_until(executor, lambda: not aws.objects(BUCKET))
    puts = [request for request in aws.requests() if request.method == "PUT"]
    others = [request for request in aws.requests() if request.method != "PUT"]
    assert any(b"eyJ" in put.body for put in puts)
    assert others
    assert not [one for one in others if "eyJ" in f"{one.path} {one.headers} {one.body!r}"]
    assert not [change for change in aws.changes() if "eyJ" in repr(change)]
