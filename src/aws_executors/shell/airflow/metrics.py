"""Metrics, by Airflow's own way to StatsD or OpenTelemetry.

Law: what is measured is said in `core/lifecycle/metrics.py`; here stands when, and how it is sent. It runs
in the engine's thread and in workers, never in the scheduler's; what fails is said once and harms nothing.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Protocol

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.aws.request_quotas import Action
from aws_executors.core.aws.service import Service
from aws_executors.core.lifecycle.job import Effect, Job, Purpose, R, Stage
from aws_executors.core.lifecycle.metrics import (
    CALLS,
    FAILURES,
    JOBS,
    REFUSALS,
    STARTS,
    SUBMISSIONS,
    THROTTLES,
    failure,
    has_begun,
    name_of,
)
from aws_executors.shell.airflow.loggers import logger
from aws_executors.shell.aws.watched_service import WatchedService

log = logger(__name__)

CENSUS_EVERY = 10.0
"""Seconds between two counts of all jobs."""


class Sink(Protocol):
    """Who takes metrics. All may be called from any thread, and none raises."""

    def count(self, name: str) -> None:
        """One more."""
        ...

    def gauge(self, name: str, value: float) -> None:
        """As it is now."""
        ...

    def time(self, name: str, seconds: float) -> None:
        """It took so long."""
        ...


class AirflowMetrics:
    """Airflow's own metrics: ``[metrics]`` in airflow.cfg says where they go, if anywhere."""

    def __init__(self, tags: Mapping[str, str]) -> None:
        self._tags = dict(tags)
        self._lock = threading.Lock()  # Airflow's OpenTelemetry logger keeps tables of its own
        self._failed = False

    def count(self, name: str) -> None:
        """One more."""
        from airflow.observability import stats

        self._send(lambda: stats.incr(name, tags=self._tags))

    def gauge(self, name: str, value: float) -> None:
        """As it is now."""
        from airflow.observability import stats

        self._send(lambda: stats.gauge(name, value, tags=self._tags))

    def time(self, name: str, seconds: float) -> None:
        """It took so long."""
        from airflow.observability import stats

        self._send(lambda: stats.timing(name, timedelta(seconds=seconds), tags=self._tags))

    def _send(self, send: Callable[[], None]) -> None:
        try:
            with self._lock:
                send()
        except Exception:
            if not self._failed:
                self._failed = True
                log.exception("Metrics cannot be sent (logged once)")


class Nowhere:
    """Takes metrics and forgets them."""

    def count(self, name: str) -> None:
        """Nothing."""

    def gauge(self, name: str, value: float) -> None:
        """Nothing."""

    def time(self, name: str, seconds: float) -> None:
        """Nothing."""


class Both:
    """Tells two sinks the same."""

    def __init__(self, one: Sink, other: Sink) -> None:
        self._sinks = one, other

    def count(self, name: str) -> None:
        """One more."""
        for sink in self._sinks:
            sink.count(name)

    def gauge(self, name: str, value: float) -> None:
        """As it is now."""
        for sink in self._sinks:
            sink.gauge(name, value)

    def time(self, name: str, seconds: float) -> None:
        """It took so long."""
        for sink in self._sinks:
            sink.time(name, seconds)


class Meter:
    """What the dispatcher's jobs count as. Belongs to the engine's thread."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._began: dict[str, float] = {}
        self._census = float("-inf")

    def begin(self, job: Job[R], now: float) -> None:
        """Airflow has handed a job over."""
        if job.purpose is Purpose.RUN:
            self._began[job.token] = now

    def moved(self, job: Job[R], effects: Iterable[Effect[R]], now: float) -> None:
        """A job has changed, and asks for this."""
        if job.token in self._began and has_begun(job):
            self._sink.time(name_of(STARTS), now - self._began.pop(job.token))
        if job.stage is Stage.CLOSED:
            self._began.pop(job.token, None)
        failed = failure(job, effects)
        if failed is not None:
            self._sink.count(name_of(FAILURES, failed))

    def census(self, jobs: Callable[[], Iterable[Job[R]]], now: float) -> None:
        """Count all jobs by stage, when it is time again."""
        if now - self._census < CENSUS_EVERY:
            return
        self._census = now
        counts = Counter(job.stage for job in jobs())
        for stage in JOBS.by:
            self._sink.gauge(name_of(JOBS, stage), counts.get(Stage(stage), 0))


NO_METER = Meter(Nowhere())
"""For a dispatcher that nobody measures."""


class Metered(WatchedService[R]):
    """A service whose calls are measured; itself a `Service`."""

    def __init__(self, service: Service[R], sink: Sink, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(service, clock)
        self._sink = sink

    def _answered(self, action: Action, sent: float, *errors: AwsError | None) -> None:
        self._sink.time(name_of(CALLS, action), self._clock() - sent)
        for error in errors:
            if error is not None and error.kind is Kind.THROTTLED:
                self._sink.count(name_of(THROTTLES, action))
            if action is Action.SUBMIT:
                self._sink.count(name_of(SUBMISSIONS) if error is None else name_of(REFUSALS, error.kind))
