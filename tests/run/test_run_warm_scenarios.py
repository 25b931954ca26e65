"""Warm containers that ECS and Batch start, an executor's part played by hand: whole stories, with what AWS
and S3 may do in between.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError

from aws_executors.core.warm.cell import Cell, Served, Word
from aws_executors.core.warm.log_marks import lines_of
from aws_executors.local import LocalAws
from run.warm_world import BUCKET, DEADLINE, SOURCES, CellAt

pytestmark = pytest.mark.waits

GROUP = "/airflow"
LOG = {"awslogs-group": GROUP, "awslogs-stream-prefix": "t", "awslogs-region": "us-east-1"}
LATE = 1.5  # seconds
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}


@dataclass
class Site:
    """An AWS with one cluster and one job queue; a container is started as an executor would."""

    aws: LocalAws
    place: Path

    def __post_init__(self) -> None:
        self.s3, self.ecs, self.batch = map(self.aws.client, ("s3", "ecs", "batch"))
        self.logs = self.aws.client("logs")
        self.logs.create_log_group(logGroupName=GROUP)
        self.s3.create_bucket(Bucket=BUCKET)
        container = {
            "name": "main",
            "image": "i",
            "logConfiguration": {"logDriver": "awslogs", "options": LOG},
        }
        sizes = {
            "cpu": "256",
            "memory": "512",
            "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
        }
        self.ecs.create_cluster(clusterName="c")
        self.ecs.register_task_definition(family="f", containerDefinitions=[container], **sizes)
        compute = {"type": "FARGATE", "maxvCpus": 4, "subnets": ["s"], "securityGroupIds": ["g"]}
        self.batch.create_compute_environment(
            computeEnvironmentName="e", type="MANAGED", computeResources=compute
        )
        order = [{"order": 1, "computeEnvironment": "e"}]
        self.batch.create_job_queue(jobQueueName="q", priority=1, computeEnvironmentOrder=order)
        needs = [{"type": "VCPU", "value": "0.25"}, {"type": "MEMORY", "value": "512"}]
        properties = {
            "image": "i",
            "executionRoleArn": "arn:aws:iam::123456789012:role/r",
            "resourceRequirements": needs,
            "logConfiguration": container["logConfiguration"],
        }
        self.batch.register_job_definition(
            jobDefinitionName="d",
            type="container",
            platformCapabilities=["FARGATE"],
            containerProperties=properties,
        )

    def start(self, name: str, *, service: str = "ecs", idle: float = 60, tasks: int = 100) -> Started:
        """One container, waiting at a cell of its own."""
        key = f"w/cells/{name}"
        command = ["python", "-m", "run.warm_world", f"s3://{BUCKET}/{key}", *map(str, (idle, tasks, 600))]
        if service == "batch":
            job = self.batch.submit_job(
                jobName=name, jobQueue="q", jobDefinition="d", containerOverrides={"command": command}
            )
            return Started(self, job["jobId"], CellAt(self.s3, key))
        run = self.ecs.run_task(
            cluster="c",
            taskDefinition="f",
            launchType="FARGATE",
            networkConfiguration=NETWORK,
            overrides={"containerOverrides": [{"name": "main", "command": command}]},
        )
        return Started(self, run["tasks"][0]["taskArn"], CellAt(self.s3, key))

    def late(self, seconds: float, write: Callable[[], object]) -> None:
        """Write something whose answer is lost, and which lands so many seconds later."""
        self.aws.faults.land_late("s3.PutObject", seconds)
        with suppress(ConnectionClosedError):
            write()
            raise AssertionError("it had an answer")


@dataclass
class Started:
    """A container that was started; `id` is what AWS calls it."""

    site: Site
    id: str
    cell: CellAt

    @property
    def is_job(self) -> bool:
        return not self.id.startswith("arn:")

    def view(self) -> Any:
        if self.is_job:
            return self.site.batch.describe_jobs(jobs=[self.id])["jobs"][0]
        return self.site.ecs.describe_tasks(cluster="c", tasks=[self.id])["tasks"][0]

    def serves(self, token: str, code: str = "") -> int | None:
        """Have it run a workload to its end; the exit code."""
        self.cell.until_word(Word.IDLE)
        self.cell.offer(token, code)
        return self.cell.until(lambda cell: cell.exit_code_of(token) is not None).exit_code_of(token)

    def stop(self) -> None:
        if self.is_job:
            self.site.batch.terminate_job(jobId=self.id, reason="stop")
        else:
            self.site.ecs.stop_task(cluster="c", task=self.id)

    def ended(self) -> int:
        """The exit code of the container, once AWS says that it has stopped."""
        until = time.monotonic() + DEADLINE
        while (view := self.view()).get("lastStatus", view.get("status")) not in (
            "STOPPED",
            "SUCCEEDED",
            "FAILED",
        ):
            assert time.monotonic() < until, view
            time.sleep(0.05)
        return int(view["container"]["exitCode"] if self.is_job else view["containers"][0]["exitCode"])

    def log(self) -> list[str]:
        """All lines of its log stream."""
        name = f"t/main/{self.id.rpartition('/')[2]}"
        stream = self.view()["container"]["logStreamName"] if self.is_job else name
        events = self.site.logs.get_log_events(logGroupName=GROUP, logStreamName=stream)
        return [event["message"] for event in events["events"]]

    def kill(self) -> None:
        """As the kernel would, or the host."""
        (pid,) = (pid for name, pid in self.site.aws.processes().items())
        os.kill(pid, signal.SIGKILL)


@pytest.fixture
def site(warm_python: Path, tmp_path: Path) -> Iterator[Site]:
    path = os.pathsep.join([str(warm_python.parent), os.environ["PATH"]])
    with LocalAws(path=path, container_env={"PYTHONPATH": SOURCES}) as aws:
        yield Site(aws, tmp_path)


@pytest.mark.parametrize("service", ["ecs", "batch"])
def test_one_container_takes_ten_workloads_one_after_the_other(site: Site, service: str) -> None:
    container = site.start("a", service=service, tasks=10)
    tokens = [f"job-{number}" for number in range(10)]
    for token in tokens:
        assert container.serves(token, f"print('this is {token}')") == 0
    assert container.ended() == 0
    cell = container.cell.now
    assert (cell.word, cell.container) == (Word.CLOSED, container.id)
    assert cell.served == tuple(Served(token, 0) for token in tokens)
    log = container.log()
    assert [list(lines_of(token, log)) for token in tokens] == [[f"this is {token}"] for token in tokens]
    assert log[-1] == "aws_executors.run: ends: it has taken 10 workloads"
    assert list(site.aws.billed().values()) == [60]


@pytest.mark.parametrize("service", ["ecs", "batch"])
def test_one_that_aws_stops_leaves_what_is_offered_to_another_one(site: Site, service: str) -> None:
    first = site.start("a", service=service)
    assert first.serves("one") == 0
    first.stop()
    assert first.ended() == 0
    assert first.cell.now.word is Word.CLOSED
    second = site.start("b", service=service)
    assert second.serves("two") == 0


def test_without_work_it_ends_by_itself(site: Site) -> None:
    container = site.start("a", idle=4)
    assert container.serves("one") == 0
    assert container.ended() == 0
    words, _, seconds = container.log()[-1].removesuffix(" seconds").rpartition(" ")
    assert words == "aws_executors.run: ends: no workload came for"
    assert int(seconds) >= 4


def test_a_container_that_is_killed_leaves_its_workload_taken_and_another_one_runs_it(site: Site) -> None:
    proof = site.place / "proof"
    count = f"print(open({str(proof)!r}, 'a').write('ran '))"
    first = site.start("a")
    assert first.serves("one", count) == 0
    first.cell.offer("two", f"{count}; import time; time.sleep(60)")
    first.cell.until_word(Word.TAKEN)
    until = time.monotonic() + DEADLINE
    while not proof.exists() or proof.read_text().count("ran") < 2:
        assert time.monotonic() < until
        time.sleep(0.02)
    first.kill()
    assert first.ended() == 137
    assert (first.cell.now.word, first.cell.now.exit_code_of("two")) == (Word.TAKEN, None)
    second = site.start("b")
    assert second.serves("two", count) == 0
    assert proof.read_text() == "ran ran ran "


def test_one_that_is_killed_while_it_waits_takes_nothing_more(site: Site) -> None:
    first = site.start("a")
    first.cell.until_word(Word.IDLE)
    first.kill()
    assert first.ended() == 137
    first.cell.offer("one")
    second = site.start("b")
    assert second.serves("one") == 0
    assert first.cell.now.word is Word.OFFERED


def test_an_offer_that_lands_late_is_run_once(site: Site) -> None:
    container = site.start("a", tasks=1)
    container.cell.until_word(Word.IDLE)
    site.late(1.0, lambda: container.cell.offer("one"))
    assert container.ended() == 0
    assert container.cell.now.served == (Served("one", 0),)


def test_an_offer_that_was_settled_by_a_write_never_lands(site: Site) -> None:
    """A lost offer is written over before its job gets a container of its own."""
    container = site.start("a")
    container.cell.until_word(Word.IDLE)
    cell, etag = container.cell.read()
    site.late(LATE, lambda: container.cell.write_at(cell.offer("one", "{}"), etag))
    container.cell.write_at(cell.withdraw(), etag)
    time.sleep(LATE)  # it has arrived by now
    container.cell.write(Cell.close)
    assert container.ended() == 0
    assert container.cell.now.served == ()
    assert (container.cell.now.word, container.cell.now.sequence) == (Word.CLOSED, 2)


@pytest.mark.parametrize("which", ["take", "end", "close"])
def test_a_write_of_the_container_that_lands_late_changes_nothing(site: Site, which: str) -> None:
    container = site.start("a", idle=4)
    container.cell.until_word(Word.IDLE)
    before = {"take": 1, "end": 2, "close": 3}[which]  # writes from here on: the offer, take, end, close
    site.aws.faults.hang("s3.PutObject", 0.0, before)
    site.aws.faults.land_late("s3.PutObject", LATE)
    container.cell.offer("one")
    assert container.ended() == 0
    time.sleep(LATE)  # it has landed by now
    cell = container.cell.now
    assert (cell.sequence, cell.word, cell.served) == (4, Word.CLOSED, (Served("one", 0),))
    log = container.log()
    assert len([line for line in log if '"event":"workload begins"' in line]) == 1
    assert len([line for line in log if "is tried again" in line]) == 1
