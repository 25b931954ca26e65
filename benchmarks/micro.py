"""Measure the pure part alone: the cost of each step of a job's life, as a ratio to botocore's floor.

Law: one thread, and no network except in whole calls (`calls.py`). The floor is the work that no client of
AWS can avoid: botocore's own serialising and signing of the same request, and parsing of the answer. Each
figure is the best of several rounds in this run, divided by the floor of this run; microseconds are printed
for orientation, ratios are the result.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest, prepare_request_dict
from botocore.credentials import Credentials
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from botocore.session import Session
from botocore.validate import ParamValidator
from pydantic_core import from_json

from aws_executors.core.aws.token_bucket import Quota, full, take
from aws_executors.core.batch import builder as batch_build
from aws_executors.core.batch.answers.describe import observe_answer as observe_batch
from aws_executors.core.batch.request import SubmitJob
from aws_executors.core.batch.settings import BatchSettings
from aws_executors.core.ecs import builder as ecs_build
from aws_executors.core.ecs.answers.describe import observe_answer as observe_ecs
from aws_executors.core.ecs.request import RunTask
from aws_executors.core.ecs.settings import EcsSettings
from aws_executors.core.lifecycle.events import Accepted, Observed, Prepared
from aws_executors.core.lifecycle.job import Job
from aws_executors.core.lifecycle.machine import advance, begin
from aws_executors.core.lifecycle.observation import Observation, Phase
from aws_executors.core.lifecycle.policy import Policy
from aws_executors.core.lifecycle.poll_interval import PollInterval
from aws_executors.core.requests.compose import built
from aws_executors.core.requests.launch import Launch, Task
from aws_executors.core.requests.wire import to_kwargs
from aws_executors.local import LocalAws
from aws_executors.local.world import ProcessEffect, ProcessEvent, Started, StartProcess
from aws_executors.shell.engine.job_table import JobTable
from aws_executors.shell.engine.messages import WorkItem
from benchmarks import subjects as names
from benchmarks.calls import whole_calls
from benchmarks.cloud import ROOM, create
from benchmarks.rows import planned, workload

ROUNDS, AT_LEAST = 7, 0.05  # how many rounds, and seconds that each lasts at least
US = 1e6
Costs: TypeAlias = dict[str, float]


class NoContainers:
    """Containers that start and never end."""

    def __init__(self, report: Callable[[ProcessEvent], None]) -> None:
        self._report = report
        self.environment: dict[str, str] = {}

    def act(self, effect: ProcessEffect) -> None:
        """Report a container as started; do nothing else."""
        if isinstance(effect, StartProcess):
            self._report(Started(effect.ref))

    def running(self) -> dict[str, int]:
        """No container is a process."""
        return {}

    def close(self, seconds: float) -> None:
        """Do nothing."""


def best(
    run: Callable[[], object], per_call: int = 1, clock: Callable[[], float] = time.perf_counter
) -> float:
    """Seconds that one call takes in the fastest of several rounds."""
    run()
    times, found = 1, float("inf")
    for _ in range(ROUNDS):
        while True:
            before = clock()
            for _ in range(times):
                run()
            spent = clock() - before
            if spent >= AT_LEAST:
                break
            times *= 2
        found = min(found, spent / times)
    return found / per_call


def floor(service: str, operation: str, kwargs: dict[str, Any], answer: bytes) -> Costs:
    """The costs of botocore's own steps for this request: serialise, sign, parse; and of its validation."""
    model: Any = Session().get_service_model(service)
    op = model.operation_model(operation)
    serializer: Any = create_serializer(model.metadata["protocol"], include_validation=False)
    auth = SigV4Auth(Credentials("local", "local"), model.signing_name or service, names.REGION)
    request = partial(serializer.serialize_to_request, kwargs, op)
    made = request()
    prepare_request_dict(made, endpoint_url="http://127.0.0.1:1")
    parts = {
        "serialise": best(request),
        "sign": best(lambda: auth.add_auth(AWSRequest("POST", made["url"], made["headers"], made["body"]))),
        "parse": best(parsing(service, operation, answer)),
    }
    validate = best(lambda: ParamValidator().validate(kwargs, op.input_shape))
    return {**parts, "floor": sum(parts.values()), "validate": validate}


def answers() -> dict[str, bytes]:
    """One answer of each kind, as the embedded AWS gives it; descriptions are of 100 containers."""
    launches = ecs_launch(), batch_launch()
    with LocalAws(max_processes=ROOM, runner=NoContainers) as aws:
        create(aws)
        ecs, batch = aws.client("ecs"), aws.client("batch")
        run = to_kwargs(ecs_build.build(launches[0]))
        submit = to_kwargs(batch_build.build(launches[1]))
        run.pop("clientToken", None)
        first = ecs.run_task(**run)
        arns = [first["tasks"][0]["taskArn"]]
        arns += [ecs.run_task(**run)["tasks"][0]["taskArn"] for _ in range(99)]
        job = batch.submit_job(**submit)
        ids = [job["jobId"]] + [batch.submit_job(**submit)["jobId"] for _ in range(99)]
        found = {
            "RunTask": first,
            "DescribeTasks": ecs.describe_tasks(cluster=names.CLUSTER, tasks=arns),
            "SubmitJob": job,
            "DescribeJobs": batch.describe_jobs(jobs=ids),
        }
    for one in found.values():
        one.pop("ResponseMetadata")
    return {
        name: json.dumps(one, default=lambda when: when.timestamp()).encode() for name, one in found.items()
    }


def task_and_command() -> tuple[Task, tuple[str, ...]]:
    """A typical task and what its container runs."""
    row = planned(1)[0]
    words = ("python", "-m", "airflow.sdk.execution_time.execute_workload", "--json-string")
    return Task(dag_id="etl_daily", task_id=row.task_id, run_id=row.run_id), (
        *words,
        workload(row).model_dump_json(),
    )


def ecs_launch() -> Launch[EcsSettings]:
    """The launch with which the ECS builder is called."""
    task, command = task_and_command()
    options = {**names.ECS_OPTIONS, "region": names.REGION}
    settings = EcsSettings.from_section(options).unwrap()
    return Launch(task=task, command=command, settings=settings, token="7b0f8d30-0e6b-4b0e-9f0a-0f6f0a2f5e11")  # noqa: S106


def batch_launch() -> Launch[BatchSettings]:
    """The launch with which the Batch builder is called."""
    task, command = task_and_command()
    settings = BatchSettings.from_section({**names.BATCH_OPTIONS, "region": names.REGION}).unwrap()
    return Launch(task=task, command=command, settings=settings, token="7b0f8d30-0e6b-4b0e-9f0a-0f6f0a2f5e11")  # noqa: S106


def job_costs() -> Costs:
    """The costs of `advance` and the job table, for a job that is submitted, accepted and seen running."""
    policy, pace = Policy(), PollInterval()
    running = Observation(id="arn:1", phase=Phase.RUNNING, started=True)

    def life() -> Job[str]:
        new: Job[str] = Job(token="0b6e")  # noqa: S106
        job, _ = begin(new)
        for event in (Prepared(1.0, "request"), Accepted(2.0, "arn:1"), Observed(3.0, running)):
            job, _ = advance(job, event, policy)
        return job

    table: JobTable[str, str] = JobTable(pace)
    for n in range(10_000):
        new: Job[str] = Job(token=str(n))
        table.add(WorkItem(job=new, key=new.token), new)
        table.move(replace(life(), token=new.token, container=f"arn:{n}", since=0.0), 0.0)
    clock = [100.0]

    def poll() -> None:
        clock[0] += pace.slowest
        for container in table.to_poll(clock[0], 100):
            table.polled(container, clock[0])

    bucket = full(Quota(rate=50.0, burst=100.0), 0.0)

    def taken() -> None:
        nonlocal bucket
        bucket, _ = take(bucket, 1, bucket.at + 0.02)

    return {
        "advance (4 events)": best(life),
        "take (one call of a budget)": best(taken),
        "table: a poll, among 10,000": best(poll, 100),
        "table: a row, among 10,000": best(partial(table.to_read, 100), 100),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One service's pure steps: the functions that build and seal a request, and that read descriptions."""

    service: str
    operation: str
    described: str
    launch: Callable[[], Any]
    build: Callable[[Any], Any]
    seal: Callable[[Any, Any], Any]
    kind: type
    ids: Callable[[Any], list[str]]
    observe: Callable[..., object]


SIDES = (
    Side(
        service="ecs",
        operation="RunTask",
        described="DescribeTasks",
        launch=ecs_launch,
        build=ecs_build.build,
        seal=ecs_build.sealed,
        kind=RunTask,
        ids=lambda answer: [task["taskArn"] for task in answer["tasks"]],
        observe=partial(observe_ecs, container=names.CONTAINER),
    ),
    Side(
        service="batch",
        operation="SubmitJob",
        described="DescribeJobs",
        launch=batch_launch,
        build=batch_build.build,
        seal=batch_build.sealed,
        kind=SubmitJob,
        ids=lambda answer: [job["jobId"] for job in answer["jobs"]],
        observe=observe_batch,
    ),
)


def parsing(service: str, operation: str, answer: bytes) -> Callable[[], object]:
    """botocore's parser on this answer."""
    model: Any = Session().get_service_model(service)
    parser: Any = create_parser(model.metadata["protocol"])
    shape = model.operation_model(operation).output_shape
    response = {"status_code": 200, "headers": {"content-type": "application/json"}, "body": answer}
    return partial(parser.parse, response, shape)


def service_costs(side: Side, found: dict[str, bytes]) -> Costs:
    """The costs of one service's pure steps, and of botocore's for the same request."""
    launch = side.launch()
    request = side.build(launch)
    kwargs = to_kwargs(request)
    described = json.loads(found[side.described])
    look = partial(side.observe, described, asked=side.ids(described))
    whole = floor(side.service, side.operation, kwargs, found[side.operation])
    return {
        **{f"botocore: {name}": cost for name, cost in whole.items()},
        **whole_calls(side.service, side.operation, kwargs, launch.settings, found[side.operation], best),
        "botocore: parse a description": best(
            parsing(side.service, side.described, found[side.described]), 100
        ),
        "JSON: parse a description": best(partial(from_json, found[side.described]), 100),
        "the workload's JSON": best(workload(planned(1)[0]).model_dump_json),
        "build": best(lambda: side.build(launch)),
        "build, checked and sealed": best(lambda: built(side.build, launch, side.kind, side.seal)),
        "to_kwargs": best(lambda: to_kwargs(request)),
        "observe a description": best(look, 100),
    }


def micro() -> dict[str, Costs]:
    """All costs in seconds, by service."""
    found = answers()
    return {**{side.service: service_costs(side, found) for side in SIDES}, "jobs": job_costs()}


def main() -> None:
    """Print what `micro` measures as JSON; run in a process of its own."""
    sys.stdout.write(json.dumps(micro()))


if __name__ == "__main__":
    main()
