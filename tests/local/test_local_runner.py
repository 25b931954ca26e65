"""Containers that are no processes: the seam for whoever brings a runner of their own."""

import socket
import threading
from collections.abc import Callable

import pytest

from aws_executors.local import LocalAws
from aws_executors.local.world import Exited, ProcessEffect, ProcessEvent, Ref, Started, StartProcess


class Instant:
    """Every container ends at once, with the code that its command's last word says."""

    def __init__(self, report: Callable[[ProcessEvent], None]) -> None:
        self.report = report
        self.environment: dict[str, str] = {}
        self.seen: list[tuple[Ref, str]] = []
        self.closed = False

    def act(self, effect: ProcessEffect) -> None:
        """Started and ended, or nothing left to signal."""
        if isinstance(effect, StartProcess):
            self.seen.append((effect.ref, {**self.environment, **effect.environment}["AWS_REGION"]))
            self.report(Started(effect.ref))
            self.report(Exited(effect.ref, int(effect.command[-1])))

    def running(self) -> dict[str, int]:
        """None is left running."""
        return {}

    def close(self, seconds: float) -> None:
        """Nothing to end."""
        self.closed = True


def test_containers_are_what_the_runner_makes_of_them() -> None:
    made: list[Instant] = []

    def runner(report: Callable[[ProcessEvent], None]) -> Instant:
        made.append(Instant(report))
        return made[0]

    with LocalAws(runner=runner) as aws:
        ecs = aws.client("ecs")
        ecs.create_cluster(clusterName="c")
        ecs.register_task_definition(
            family="f",
            containerDefinitions=[{"name": "app", "image": "img", "command": ["7"], "memoryReservation": 64}],
        )
        arn = ecs.run_task(cluster="c", taskDefinition="f")["tasks"][0]["taskArn"]
        assert aws.wait_idle(60)
        (task,) = aws.tasks()
        assert aws.processes() == {}
    assert (task["taskArn"], task["containers"][0]["exitCode"]) == (arn, 7)
    assert made[0].seen == [(Ref(arn.rpartition("/")[2], "app"), "us-east-1")]
    assert made[0].closed


class Roomless(Instant):
    """It fails while the embedded AWS starts."""

    @property
    def environment(self) -> dict[str, str]:
        """Never to be had."""
        raise OSError("no room for containers")

    @environment.setter
    def environment(self, value: dict[str, str]) -> None:
        assert value == {}


def test_a_start_that_fails_half_way_leaves_nothing() -> None:
    with LocalAws() as aws:
        port = int(aws.url.rpartition(":")[2])
    threads = set(threading.enumerate())
    for begin in (LocalAws.start, LocalAws.__enter__):
        aws = LocalAws(port=port, runner=Roomless)  # which is free again each time
        with pytest.raises(OSError, match="no room for containers"):
            begin(aws)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 5)
        aws.stop()
    assert set(threading.enumerate()) <= threads
