"""Metrics, by Airflow's own way to StatsD or OpenTelemetry.

Invariants: what is measured is said in `core/lifecycle/metrics.py`; here stands how it is sent. It runs in
the engine's thread and in workers, never in the scheduler's; what fails is said once and harms nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Protocol

from aws_executors.shell.airflow.loggers import logger

log = logger(__name__)


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

        self._send(stats.incr, name)

    def gauge(self, name: str, value: float) -> None:
        """As it is now."""
        from airflow.observability import stats

        self._send(stats.gauge, name, value)

    def time(self, name: str, seconds: float) -> None:
        """It took so long."""
        from airflow.observability import stats

        self._send(stats.timing, name, timedelta(seconds=seconds))

    def _send(self, send: Callable[..., None], name: str, *value: object) -> None:
        try:
            with self._lock:
                send(name, *value, tags=self._tags)
        except Exception:
            if not self._failed:
                self._failed = True
                log.exception("Metrics cannot be sent (logged once)")
