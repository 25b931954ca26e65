"""An AWS that others wrote: what our template makes there, what doctor says of it, what the executors do.

Law: moto's server as it is, over HTTP. What it cannot do is asserted where it matters, so that the test
tells when it can: then the detour around it goes.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from airflow.executors.base_executor import BaseExecutor
from airflow.utils.session import create_session
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from aws_executors.cli.__main__ import main
from aws_executors.executors import AwsBatchExecutor, AwsEcsFargateExecutor
from foreign.moto_world import Moto
from foreign.sites_of_moto import BATCH, ECS, QUICK, configure, create, for_moto, network, printed, site
from support.airflow_rows import Given, task_instance

pytestmark = pytest.mark.usefixtures("airflow_db")

PATIENCE = 60.0
SECTIONS = ("ecs_fargate", "batch")
Section = pytest.mark.parametrize("section", SECTIONS)


# --- The template ------------------------------------------------------------------------------------------


@Section
def test_the_template_makes_what_the_settings_name(
    section: str, moto: Moto, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = site(moto, section, monkeypatch, capsys)
    role = moto.client("iam").get_role(RoleName=made["TaskRole"])["Role"]
    (trusted,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
    groups = moto.client("logs").describe_log_groups()["logGroups"]
    group = {"ecs_fargate": "/airflow/ecs/etl", "batch": "/airflow/batch/night"}[section]
    assert [one["logGroupName"] for one in groups] == [group]
    if section == "batch":
        (queue,) = moto.client("batch").describe_job_queues(jobQueues=["night"])["jobQueues"]
        assert (queue["state"], queue["status"]) == ("ENABLED", "VALID")
    else:
        (cluster,) = moto.client("ecs").describe_clusters(clusters=["etl"])["clusters"]
        assert cluster["status"] == "ACTIVE"


def test_the_stacks_of_both_executors_stand_side_by_side(
    moto: Moto, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    vpc, subnets = network(moto)
    for section, options in (("ecs_fargate", {**ECS, "subnets": subnets}), ("batch", BATCH)):
        configure(monkeypatch, section, options)
        create(moto, for_moto(printed(capsys, section)), vpc, subnets, f"airflow-{section}")
    groups = moto.client("logs").describe_log_groups()["logGroups"]
    assert {one["logGroupName"] for one in groups} == {"/airflow/ecs/etl", "/airflow/batch/night"}


def test_moto_can_not_make_a_compute_environment_without_a_service_role(
    moto: Moto, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """AWS takes its service-linked role there."""
    configure(monkeypatch, "batch", BATCH)
    with pytest.raises((ClientError, ResponseParserError)):
        create(moto, printed(capsys, "batch"), *network(moto))


# --- doctor ------------------------------------------------------------------------------------------------


def findings(capsys: pytest.CaptureFixture[str], section: str) -> dict[str, list[str]]:
    """What doctor finds, by how bad it is."""
    capsys.readouterr()
    code = main(["doctor", "--section", section, "--output", "json"])
    found: dict[str, list[str]] = {}
    for one in json.loads(capsys.readouterr().out):
        found.setdefault(one["severity"], []).append(one["check"])
    assert code == int("error" in found)
    return {severity: sorted(checks) for severity, checks in found.items()}


# Nobody answers at the address of Airflow's API; moto knows no Fargate quota and simulates no policies.
SOUND = {
    "warning": ["api-reach"],
    "advice": ["remote-logging"],
    "unknown": ["could-not-ask", "could-not-ask"],
}


@Section
def test_doctor_approves_of_what_the_template_made(
    section: str, moto: Moto, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    site(moto, section, monkeypatch, capsys)
    assert findings(capsys, section) == SOUND


def no_log_group(moto: Moto) -> None:
    logs = moto.client("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        logs.delete_log_group(logGroupName=group["logGroupName"])


def queue_off(moto: Moto) -> None:
    moto.client("batch").update_job_queue(jobQueue="night", state="DISABLED")


def no_cluster(moto: Moto) -> None:
    moto.client("ecs").delete_cluster(cluster="etl")


def no_way_out(moto: Moto) -> None:
    ec2 = moto.client("ec2")
    (table, *_) = ec2.describe_route_tables()["RouteTables"]
    ec2.delete_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0")


@pytest.mark.parametrize(
    ("section", "plant", "check"),
    [
        ("ecs_fargate", no_log_group, "log-group"),
        ("ecs_fargate", no_cluster, "cluster-inactive"),
        ("ecs_fargate", no_way_out, "no-way-out"),
        ("batch", queue_off, "queue-disabled"),
    ],
)
def test_doctor_finds_what_is_planted(
    section: str,
    plant: Callable[[Moto], None],
    check: str,
    moto: Moto,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    site(moto, section, monkeypatch, capsys)
    plant(moto)
    assert check in findings(capsys, section)["error"]


# --- The executors -----------------------------------------------------------------------------------------


@contextmanager
def started(executor: BaseExecutor) -> Iterator[BaseExecutor]:
    executor.start()
    try:
        yield executor
    finally:
        executor.end()


def queue(executor: BaseExecutor, *givens: Given) -> None:
    """What the scheduler does when it queues."""
    with create_session(scoped=False) as session:
        for given in givens:
            executor.queue_workload(given.workload(), session)


def until(executor: BaseExecutor, done: Callable[[], bool]) -> None:
    """Heartbeat after heartbeat, until something is so."""
    deadline = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < deadline, f"{executor!r} {executor.event_buffer}"
        executor.heartbeat()
        time.sleep(0.05)


def test_batch_from_queueing_to_the_end(
    moto: Moto, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """moto runs nothing: a job has SUCCEEDED in the moment in which it is submitted."""
    site(moto, "batch", monkeypatch, capsys)
    configure(monkeypatch, "batch", QUICK)
    with started(AwsBatchExecutor(parallelism=4)) as executor:
        told, untold = task_instance(executor_config={"vcpus": 1, "memory": 2048}), task_instance()
        told.becomes("running")
        queue(executor, told, untold)
        until(executor, lambda: len(executor.event_buffer) == 2)
        states = {key: str(state) for key, (state, _) in executor.event_buffer.items()}
        assert executor.slots_occupied == 0
    # The job of the second one has ended well, and the task has told nobody anything.
    assert states == {told.key: "success", untold.key: "failed"}
    found = moto.client("batch").list_jobs(jobQueue="night", jobStatus="SUCCEEDED")["jobSummaryList"]
    assert {one["jobName"] for one in found} == {f"airflow-{one.token}-1" for one in (told, untold)}


def test_ecs_from_queueing_to_the_end(
    moto: Moto, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """moto runs nothing: a task's state moves on when somebody asks for it, and its containers have none."""
    site(moto, "ecs_fargate", monkeypatch, capsys)
    configure(monkeypatch, "ecs_fargate", QUICK)
    moto.moves("ecs::task", progression="manual", times=2)
    with started(AwsEcsFargateExecutor(parallelism=4)) as executor:
        given = task_instance(executor_config={"cpu": 256})
        queue(executor, given)
        ecs = moto.client("ecs")
        until(executor, lambda: bool(ecs.list_tasks(cluster="etl")["taskArns"]))
        given.becomes("success")
        until(executor, lambda: bool(executor.event_buffer))
        states = {key: str(state) for key, (state, _) in executor.event_buffer.items()}
        assert executor.slots_occupied == 0
    assert states == {given.key: "success"}
    (arn,) = ecs.list_tasks(cluster="etl", startedBy=f"airflow/{given.token}")["taskArns"]
    (task,) = ecs.describe_tasks(cluster="etl", tasks=[arn])["tasks"]
    (override,) = task["overrides"]["containerOverrides"]
    assert override["command"][:2] == ["python", "-m"]


def test_ecs_stops_what_nobody_waits_for(
    moto: Moto, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    site(moto, "ecs_fargate", monkeypatch, capsys)
    configure(monkeypatch, "ecs_fargate", QUICK)
    moto.moves("ecs::task", progression="manual", times=10**6)  # or it ends by itself after a few looks
    ecs = moto.client("ecs")
    with started(AwsEcsFargateExecutor(parallelism=4)) as executor:
        given = task_instance()
        queue(executor, given)
        until(executor, lambda: bool(ecs.list_tasks(cluster="etl")["taskArns"]))
        executor.revoke_task(ti=given.row())
        until(executor, lambda: bool(ecs.list_tasks(cluster="etl", desiredStatus="STOPPED")["taskArns"]))
    stopped = ecs.list_tasks(cluster="etl", desiredStatus="STOPPED")["taskArns"]
    (task,) = ecs.describe_tasks(cluster="etl", tasks=stopped)["tasks"]
    assert task["stoppedReason"] == "aws_executors: revoked by Airflow"
