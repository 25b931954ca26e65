"""Send metrics through Airflow's own StatsD or OpenTelemetry client.

Law: `core/lifecycle/metrics.py` defines what is measured; this module sends it. It runs in this package's own
threads, and in the scheduler's only at the start. A failure to send is logged once and has no other effect.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Protocol

from aws_executors.shell.airflow.loggers import logger

log = logger(__name__)


class Sink(Protocol):
    """Receives metrics. All methods may be called from any thread, and none raises."""

    def count(self, name: str, by: int = 1) -> None:
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
        from aws_executors.shell.airflow.compat import stats  # imports what only an executor needs

        self._client = stats()
        self._tags = dict(tags)
        self._lock = threading.Lock()  # Airflow's OpenTelemetry logger keeps shared tables
        self._failed = False

    def count(self, name: str, by: int = 1) -> None:
        """Increment a counter."""
        self._send(self._client.incr, name, by)

    def gauge(self, name: str, value: float) -> None:
        """Set a gauge."""
        self._send(self._client.gauge, name, value)

    def time(self, name: str, seconds: float) -> None:
        """Record a duration."""
        self._send(self._client.timing, name, timedelta(seconds=seconds))

    def _send(self, send: Callable[..., None], name: str, *value: object) -> None:
        try:
            with self._lock:
                send(name, *value, tags=self._tags)
        except Exception:
            if not self._failed:
                self._failed = True
                log.exception("Metrics cannot be sent (logged once)")
