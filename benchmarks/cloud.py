"""The embedded AWS of the benchmarks, in a process of its own, with timers in place of containers.

Law: sets up AWS, prints one line with the address and the key, and at SIGTERM writes one file with all that
happened. `Cloud` is the client by which the measured process queries and controls it over HTTP.
"""

import json
import math
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from aws_executors.demo.cloud import Names, create_events
from aws_executors.local import LocalAws
from aws_executors.local.world import ProcessEvent
from benchmarks import subjects as names
from benchmarks.tasks import Tasks

ROOM = 1_000_000  # how many containers may run at once
ROLE = "arn:aws:iam::123456789012:role/airflow-task-execution"


@dataclass(frozen=True, slots=True)
class Cloud:
    """A client of the embedded AWS's control URL."""

    url: str
    key: str = field(default_factory=lambda: os.environ["AWS_ACCESS_KEY_ID"])

    def calls(self) -> dict[str, dict[str, int]]:
        """How many calls of each action there were, and how they ended."""
        with urlopen(self._request("calls"), timeout=60) as answer:  # noqa: S310 - loopback
            calls: dict[str, dict[str, int]] = json.load(answer)
            return calls

    def latency(self, seconds: float) -> None:
        """Delay every answer by this many seconds from now on."""
        body = json.dumps({"seconds": seconds}).encode()
        urlopen(self._request("faults/latency", body), timeout=60).close()  # noqa: S310

    def _request(self, what: str, body: bytes | None = None) -> Request:
        head = {"Authorization": f"Bearer {self.key}"}
        return Request(f"{self.url}/_control/{what}", body, head)  # noqa: S310


def good(calls: Mapping[str, Mapping[str, int]], action: str) -> int:
    """How many calls of an action succeeded."""
    tally = calls.get(action, {"calls": 0})
    return 2 * tally["calls"] - sum(tally.values())


def create(aws: LocalAws) -> None:
    """Create the cluster, the queue and the definitions that the subjects name."""
    container = {"name": names.CONTAINER, "image": "apache/airflow:3", "essential": True}
    ecs, batch = aws.client("ecs"), aws.client("batch")
    ecs.create_cluster(clusterName=names.CLUSTER)
    ecs.register_task_definition(
        family=names.TASK_DEFINITION,
        requiresCompatibilities=["FARGATE", "EC2"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        executionRoleArn=ROLE,
        containerDefinitions=[container],
    )
    resources = {
        "type": "FARGATE",
        "maxvCpus": ROOM,
        "subnets": [names.SUBNET],
        "securityGroupIds": [names.SECURITY_GROUP],
    }
    batch.create_compute_environment(
        computeEnvironmentName="airflow", type="MANAGED", state="ENABLED", computeResources=resources
    )
    batch.create_job_queue(
        jobQueueName=names.JOB_QUEUE,
        priority=1,
        computeEnvironmentOrder=[{"order": 1, "computeEnvironment": "airflow"}],
    )
    batch.register_job_definition(
        jobDefinitionName=names.JOB_DEFINITION,
        type="container",
        platformCapabilities=["FARGATE"],
        containerProperties={
            "image": container["image"],
            "executionRoleArn": ROLE,
            "resourceRequirements": [{"type": "VCPU", "value": "0.25"}, {"type": "MEMORY", "value": "512"}],
        },
    )


def fail_some(aws: LocalAws, action: str, share: float) -> None:
    """Answer this share of an action's calls with a 500, drawn from a seed, until a SIGTERM is pending."""
    dice, calls = random.Random(0), Cloud(aws.url, aws.key).calls  # noqa: S311 - faults, not secrets
    failing = dice.expovariate(share) if share else math.inf
    while failing < math.inf and signal.SIGTERM not in signal.sigpending():
        time.sleep(0.02)
        if calls().get(action, {"calls": 0})["calls"] >= failing:
            aws.faults.fail_before(action)
            failing += dice.expovariate(share)


def main(arguments: Sequence[str]) -> None:
    """Run until SIGTERM; the one argument is a JSON object made by `measured.py`."""
    plan: dict[str, Any] = json.loads(arguments[0])
    made: list[Tasks] = []

    def runner(report: Callable[[ProcessEvent], None]) -> Tasks:
        made.append(Tasks(report, Path(plan["database"]), tuple(plan["lives"]), silent=plan["silent"]))
        return made[0]

    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])  # in all threads, until it is fetched
    with LocalAws(max_processes=ROOM, runner=runner) as aws:
        create(aws)
        if plan["events"]:
            create_events(aws.client("sqs"), aws.client("events"), Names(events=names.EVENTS))
        aws.faults.delays("none", **plan["delays"])
        aws.faults.latency(plan["latency"])
        aws.faults.limits(plan["limits"])
        sys.stdout.write(f"{aws.url} {aws.key}\n")
        sys.stdout.flush()
        action, share = plan["failing"]
        fail_some(aws, action, share)
        signal.sigwait([signal.SIGTERM])
        record = {"starts": made[0].starts, "ends": made[0].ends, "cpu": time.process_time()}
        Path(plan["record"]).write_text(json.dumps(record))


if __name__ == "__main__":
    main(sys.argv[1:])
