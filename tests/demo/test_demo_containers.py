"""Containers are read from what the embedded AWS itself answers."""

import json
import signal
import subprocess
import sys

import pytest

from aws_executors.core.warm.cell import Cell
from aws_executors.demo.api import TaskTry
from aws_executors.demo.cloud import SIDECAR, Names, create
from aws_executors.demo.containers import Turn, read_containers, turns_in, whom
from aws_executors.local import LocalAws

NAMES = Names()


def command(task_id: str, try_number: int, script: str, map_index: int = -1) -> list[str]:
    """A shell script that carries a workload as its argument, as `execute_workload` does."""
    ti = {"task_id": task_id, "try_number": try_number, "map_index": map_index, "dag_id": "demo"}
    return ["sh", "-c", script, "--json-string", json.dumps({"token": "secret", "ti": ti})]


@pytest.fixture
def aws() -> LocalAws:
    return LocalAws()


def test_reads_both_services(aws: LocalAws) -> None:
    with aws:
        create(aws.environment, NAMES)
        aws.client("ecs").run_task(
            cluster=NAMES.cluster,
            taskDefinition=NAMES.with_sidecar,
            launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": {"subnets": [NAMES.subnet]}},
            overrides={
                "containerOverrides": [{"name": NAMES.container, "command": command("a", 2, "sleep 0.5")}]
            },
        )
        aws.client("batch").submit_job(
            jobName="airflow",
            jobQueue=NAMES.job_queue,
            jobDefinition=NAMES.job_definition,
            containerOverrides={"command": command("b", 1, "exit 3", map_index=7)},
        )
        assert aws.wait_idle(60)
        found = read_containers(aws.tasks(), aws.jobs())
    assert [(c.service, c.task.label, c.task.try_number) for c in found] == [
        ("ECS", "a", 2),
        ("Batch", "b[7]", 1),
    ]
    assert [(c.status, c.exit_codes, c.ended, c.well) for c in found] == [
        ("STOPPED", (0, 0), True, True),
        ("FAILED", (3,), True, False),
    ]
    assert all(0.0 <= c.seconds(now=0.0) < 10.0 for c in found)


def workload(task_id: str, try_number: int) -> str:
    return json.dumps({"token": "secret", "ti": {"task_id": task_id, "try_number": try_number}})


def test_what_a_container_of_several_ran_is_read_from_what_was_written_into_its_cell() -> None:
    first = Cell(container="arn:aws:ecs:us-east-1:123456789012:task/etl/0f1e")
    offered = first.offer("t1", workload("a", 1))
    withdrawn = first.offer("t2", workload("b", 1)).withdraw()  # refused by S3: the other offer had landed
    ended = offered.take().end(0)
    again = ended.offer("t3", workload("a", 2))
    closed = again.take().end(3, close=True)
    bodies = [first, offered, withdrawn, offered.take(), ended, again, again.take(), closed]
    other = Cell(container="arn:2").offer("t4", workload("c", 1))
    found = turns_in([*(("x", one.body()) for one in bodies), ("y", other.body())])
    assert found == (
        Turn(container="0f1e", task=TaskTry(task_id="a", try_number=1), exit_code=0),
        Turn(container="0f1e", task=TaskTry(task_id="a", try_number=2), exit_code=3),
    )


@pytest.mark.parametrize("wrong", [[], ["sleep", "1"], ["{"], ['{"ti": {}}']])
def test_a_command_without_a_workload_is_refused(wrong: list[str]) -> None:
    with pytest.raises(ValueError, match=r"workload|ti|JSON"):
        whom(wrong)


def test_the_sidecar_ends_well_even_if_it_is_stopped_before_it_waits() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])  # which the process begins with
    try:
        sidecar = subprocess.Popen([sys.executable, *SIDECAR[1:]])
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    try:
        sidecar.terminate()
        assert sidecar.wait(60) == 0
    finally:
        sidecar.kill()
        sidecar.wait()
