"""How soon a scheduler knows by an event what happened to its container: alone, and with others on one queue.

Law: real engines, clients and listeners, in this process, against an embedded AWS in it, whose containers are
timers and whose answers take 10 ms, as those of a Region's own SQS do. What is told is measured, nothing is
judged.

``python -m benchmarks.events`` (any environment with this package in it; a minute).
"""

import argparse
import itertools
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial

from returns.result import Success

from aws_executors import ecs
from aws_executors.core.ecs.answers.describe import observe_event
from aws_executors.core.lifecycle.effects import Report
from aws_executors.core.lifecycle.job import Job
from aws_executors.core.lifecycle.policy import Policy
from aws_executors.core.lifecycle.poll_interval import PollInterval
from aws_executors.core.lifecycle.verdict import Row
from aws_executors.demo.cloud import Names, create_events
from aws_executors.local import LocalAws
from aws_executors.local.world import Exited, ProcessEffect, ProcessEvent, Started, StartProcess
from aws_executors.shell.aws.client.clients import Clients
from aws_executors.shell.aws.ecs import EcsCalls
from aws_executors.shell.aws.event_queue import EventQueue
from aws_executors.shell.engine.aws_events.intake import EventIntake
from aws_executors.shell.engine.aws_events.listener import EventListener
from aws_executors.shell.engine.calls.rate_limiter import Account
from aws_executors.shell.engine.dispatcher import EngineConfig
from aws_executors.shell.engine.messages import RowQuery, WorkItem
from aws_executors.shell.engine.thread import Engine
from benchmarks.measure import quantile

REGION, NAME = "us-east-1", "airflow"
MISSING = "missing"
LATENCY = 0.01
PACE = PollInterval(quickest=60.0, slowest=60.0)
"""A poll interval so long that engines learn of ends only by events."""


class Timers:
    """Containers that end with an error after a second or two; `ended` says when, by their tokens."""

    def __init__(self, report: Callable[[ProcessEvent], None]) -> None:
        self.environment: dict[str, str] = {}
        self.ended: dict[str, float] = {}
        self._report = report
        self._lives = itertools.cycle((1.0, 1.3, 1.6, 1.9))

    def act(self, effect: ProcessEffect) -> None:
        """Start a container; a signal does nothing."""
        if isinstance(effect, StartProcess):
            self._report(Started(effect.ref))
            timer = threading.Timer(next(self._lives), self._end, (effect,))
            timer.daemon = True
            timer.start()

    def running(self) -> dict[str, int]:
        """No container is a process."""
        return {}

    def close(self, seconds: float) -> None:
        """Do nothing: timers are daemons."""

    def _end(self, effect: StartProcess) -> None:
        self.ended[effect.command[-1]] = time.monotonic()
        self._report(Exited(effect.ref, 1))


class Rows:
    """Task instances that run, whatever happens to their containers."""

    def read(self, asked: Mapping[str, RowQuery[str]]) -> dict[str, Row | None]:
        """The rows of these tasks, all of which run."""
        return {token: Row(state="running", token=token, try_number=1) for token in asked}

    def fence(self, key: object, token: str) -> None:
        """Nothing."""

    def requeue(self, key: object, token: str) -> None:
        """Nothing."""

    def unfinished(self, groups: Collection[str]) -> Collection[str]:
        """All of these groups."""
        return groups


class Unmeasured:
    """A sink that keeps nothing."""

    def count(self, name: str, by: int = 1) -> None:
        """Nothing."""

    def gauge(self, name: str, value: float) -> None:
        """Nothing."""

    def time(self, name: str, seconds: float) -> None:
        """Nothing."""


@dataclass
class Scheduler:
    """One engine that listens for events, and when it has reported what."""

    engine: Engine[str, ecs.RunTask]
    settings: ecs.EcsSettings
    reported: dict[str, float] = field(default_factory=dict)

    def start(self, token: str, definition: str = NAME) -> None:
        """Start a container."""
        request = ecs.RunTask(
            task_definition=definition,
            cluster=NAME,
            launch_type="FARGATE",
            network_configuration=ecs.NetworkConfiguration(
                awsvpc_configuration=ecs.AwsvpcConfiguration(subnets=("subnet-1",))
            ),
            overrides=ecs.Overrides(
                container_overrides=(ecs.ContainerOverride(name=NAME, command=("run", token)),)
            ),
            started_by=f"airflow/{token}",
            client_token=token,
        )
        job: Job[ecs.RunTask] = Job(token=token)
        self.engine.hand_over(iter([WorkItem(job=job, key=token, build=lambda attempt: Success(request))]))

    def listen(self) -> None:
        """Note the engine's new reports."""
        for update in self.engine.airflow_updates():
            if isinstance(update.effect, Report):
                self.reported.setdefault(update.token, time.monotonic())


@contextmanager
def scheduler(aws: LocalAws, url: str) -> Iterator[Scheduler]:
    """A scheduler that runs for as long as the block lasts."""
    settings = ecs.EcsSettings(
        region=REGION,
        cluster=NAME,
        container_name=NAME,
        task_definition=NAME,
        subnets=("subnet-1",),
        endpoint_url=aws.url,
    )
    service = EcsCalls(Clients(settings), settings)
    config = EngineConfig(policy=Policy(idempotent=True, attempts=1), pace=PACE, rows_every=0.1, events=True)
    engine: Engine[str, ecs.RunTask] = Engine(
        service, Rows(), config, Account().share(service.allotments), Unmeasured()
    )
    intake = EventIntake(partial(observe_event, container=NAME), engine, Unmeasured())
    listener = EventListener(EventQueue(Clients(settings), url), intake)
    engine.start()
    listener.start()
    try:
        yield Scheduler(engine, settings)
    finally:
        listener.end()
        engine.end(stop=False, timeout=2.0)


def set_up(aws: LocalAws, queue: str) -> str:
    """Create the cluster, two definitions (one without an image), queue and rule; returns the queue's URL."""
    client = aws.client("ecs")
    client.create_cluster(clusterName=NAME)
    for family in (NAME, MISSING):
        client.register_task_definition(
            family=family,
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu="256",
            memory="512",
            containerDefinitions=[
                {"name": NAME, "image": family, "essential": True, "memoryReservation": 64}
            ],
        )
    aws.faults.missing_image(MISSING)
    create_events(aws.client("sqs"), aws.client("events"), Names(events=queue))
    return str(aws.client("sqs").get_queue_url(QueueName=queue)["QueueUrl"])


def measured(schedulers: int, containers: int) -> tuple[list[float], list[float]]:
    """Seconds from an exit to its report, and from RunTask to the report of a failed start."""
    made: list[Timers] = []

    def runner(report: Callable[[ProcessEvent], None]) -> Timers:
        made.append(Timers(report))
        return made[0]

    with ExitStack() as stack:
        aws = stack.enter_context(LocalAws(max_processes=1_000_000, runner=runner))
        os.environ.update(aws.environment)
        url = set_up(aws, "events")
        aws.faults.latency(LATENCY)
        all_of_them = [stack.enter_context(scheduler(aws, url)) for _ in range(schedulers)]
        begun: dict[str, float] = {}
        for number in range(containers):
            one = all_of_them[number % schedulers]
            one.start(f"exits-{number}")
            if number % 5 == 0:
                begun[f"fails-{number}"] = time.monotonic()
                one.start(f"fails-{number}", MISSING)
            until = time.monotonic() + 0.1
            while time.monotonic() < until:
                for each in all_of_them:
                    each.listen()
                time.sleep(0.005)
        wanted, limit = containers + len(begun), time.monotonic() + 30.0
        while sum(len(each.reported) for each in all_of_them) < wanted and time.monotonic() < limit:
            for each in all_of_them:
                each.listen()
            time.sleep(0.005)
        reported = {token: at for each in all_of_them for token, at in each.reported.items()}
        ended = made[0].ended
        return (
            [at - ended[token] for token, at in reported.items() if token in ended],
            [at - begun[token] for token, at in reported.items() if token in begun],
        )


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.events", description=__doc__)
    parser.add_argument("--containers", type=int, default=150)
    options = parser.parse_args()
    logging.disable(logging.WARNING)  # listeners would warn when their AWS ends before them
    for schedulers in (1, 2, 3):
        exits, failures = measured(schedulers, options.containers)
        for name, values in (("exit to report", exits), ("RunTask to failed start", failures)):
            shown = ", ".join(
                f"{label} {quantile(values, share) or 0:.2f} s"
                for label, share in (("p50", 0.5), ("p95", 0.95), ("max", 1.0))
            )
            sys.stdout.write(f"{schedulers} schedulers on a queue: {name}: {len(values)} of them, {shown}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
