"""Let Airflow read its executors anew; and start an executor in a test, and run its loop."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from airflow.executors import executor_loader
from airflow.executors.base_executor import BaseExecutor
from airflow.models.log import Log

from aws_executors.executors import AwsBatchExecutor, AwsEcsFargateExecutor
from aws_executors.shell.ui import executor_lookup

Begin = Callable[..., BaseExecutor]
PATIENCE = 60.0
"""Seconds for which a test waits for something that takes one or two seconds on an idle machine."""


def forget_executors() -> None:
    """Let Airflow, and our package, read ``[core] executor`` again, as a new process would.

    Source: the tables of ``airflow/executors/executor_loader.py``.
    """
    executor_lookup._executors.clear()
    for name in vars(executor_loader):
        known: Any = getattr(executor_loader, name)
        if name.startswith("_") and name.endswith(("executors", "executors_per_team", "_executor_names")):
            known.clear()


@contextmanager
def beginning(
    monkeypatch: pytest.MonkeyPatch,
    common: Mapping[str, str],
    ecs: Mapping[str, str],
    batch: Mapping[str, str],
) -> Iterator[Begin]:
    """A function that starts an executor with these options and its own arguments; all end with the test."""
    started: list[BaseExecutor] = []

    def start(kind: type[BaseExecutor] = AwsEcsFargateExecutor, **options: str) -> BaseExecutor:
        section, own = ("BATCH", batch) if kind is AwsBatchExecutor else ("ECS_FARGATE", ecs)
        for name, value in {**common, **own, **options}.items():
            monkeypatch.setenv(f"AIRFLOW__{section}__{name.upper()}", value)
        executor = kind(parallelism=8)
        executor.start()
        started.append(executor)
        return executor

    yield start
    for executor in started:
        executor.end()


def turn_until(executor: BaseExecutor, done: Callable[[], object], patience: float = PATIENCE) -> None:
    """Run the scheduler's loop until `done` holds."""
    deadline = time.monotonic() + patience
    while not done():
        assert time.monotonic() < deadline, (
            f"not within {patience} s: {executor!r} {executor.event_buffer} "
            f"{[(log.event, log.extra) for log in kept_logs(executor)]}"
        )
        executor.heartbeat()
        time.sleep(0.02)


def kept_logs(executor: BaseExecutor) -> Iterable[Log]:
    """The last rows that the executor has written into the event log."""
    kept: Iterable[Log] = getattr(executor, "_kept_logs")  # noqa: B009 - of ours, not of the base class
    return kept
