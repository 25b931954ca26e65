"""Send metrics through Airflow's own StatsD or OpenTelemetry client.

Law: `core/lifecycle/metrics.py` defines what is measured; this module decides when, and sends it. It runs in
the engine's thread and in workers, never in the scheduler's. A failure to send is logged once and has no
other effect.
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
"""Seconds between two counts of all jobs by stage."""


class Sink(Protocol):
    """Receives metrics. All methods may be called from any thread, and none raises."""

    def count(self, name: str) -> None:
        """Increment a counter."""
        ...

    def gauge(self, name: str, value: float) -> None:
        """Set a gauge."""
        ...

    def time(self, name: str, seconds: float) -> None:
        """Record a duration."""
        ...


class AirflowMetrics:
    """Airflow's own metrics client; ``[metrics]`` in airflow.cfg says where it sends to, if anywhere."""

    def __init__(self, tags: Mapping[str, str]) -> None:
        self._tags = dict(tags)
        self._lock = threading.Lock()  # Airflow's OpenTelemetry logger keeps shared tables
        self._failed = False

    def count(self, name: str) -> None:
        """Increment a counter."""
        from airflow.observability import stats

        self._send(lambda: stats.incr(name, tags=self._tags))

    def gauge(self, name: str, value: float) -> None:
        """Set a gauge."""
        from airflow.observability import stats

        self._send(lambda: stats.gauge(name, value, tags=self._tags))

    def time(self, name: str, seconds: float) -> None:
        """Record a duration."""
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
    """Discards all metrics."""

    def count(self, name: str) -> None:
        """Do nothing."""

    def gauge(self, name: str, value: float) -> None:
        """Do nothing."""

    def time(self, name: str, seconds: float) -> None:
        """Do nothing."""


class Both:
    """Sends the same metrics to two sinks."""

    def __init__(self, one: Sink, other: Sink) -> None:
        self._sinks = one, other

    def count(self, name: str) -> None:
        """Increment a counter."""
        for sink in self._sinks:
            sink.count(name)

    def gauge(self, name: str, value: float) -> None:
        """Set a gauge."""
        for sink in self._sinks:
            sink.gauge(name, value)

    def time(self, name: str, seconds: float) -> None:
        """Record a duration."""
        for sink in self._sinks:
            sink.time(name, seconds)


class Meter:
    """Measures the jobs of the dispatcher. Used in the engine's thread only."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._began: dict[str, float] = {}
        self._census = float("-inf")

    def begin(self, job: Job[R], now: float) -> None:
        """Note the time at which Airflow handed over a job."""
        if job.purpose is Purpose.RUN:
            self._began[job.token] = now

    def moved(self, job: Job[R], effects: Iterable[Effect[R]], now: float) -> None:
        """Measure a job's transition and the effects it asks for."""
        if job.token in self._began and has_begun(job):
            self._sink.time(name_of(STARTS), now - self._began.pop(job.token))
        if job.stage is Stage.CLOSED:
            self._began.pop(job.token, None)
        failed = failure(job, effects)
        if failed is not None:
            self._sink.count(name_of(FAILURES, failed))

    def census(self, jobs: Callable[[], Iterable[Job[R]]], now: float) -> None:
        """Count all jobs by stage, if `CENSUS_EVERY` seconds have passed."""
        if now - self._census < CENSUS_EVERY:
            return
        self._census = now
        counts = Counter(job.stage for job in jobs())
        for stage in JOBS.by:
            self._sink.gauge(name_of(JOBS, stage), counts.get(Stage(stage), 0))


NO_METER = Meter(Nowhere())
"""For a dispatcher that sends no metrics."""


class Metered(WatchedService[R]):
    """A `Service` that measures its calls."""

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
