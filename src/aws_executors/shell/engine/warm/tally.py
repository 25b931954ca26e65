"""What warm containers have saved and cost, as metrics.

Law: for the engine's thread; it counts, and decides nothing. What a warm start has saved is an estimate: the
average time that the last containers took to come up, less the time that the job has waited for a container.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from statistics import fmean
from typing import TypeVar

from aws_executors.core.lifecycle.metrics import (
    COLD_STARTS,
    IDLE_SECONDS,
    SECONDS_SAVED,
    WARM_CONTAINERS,
    WARM_STARTS,
    ContainerState,
    Metric,
    name_of,
)
from aws_executors.core.warm.cell import Word
from aws_executors.shell.airflow.metrics import Sink
from aws_executors.shell.engine.messages import K
from aws_executors.shell.engine.warm.container import WarmContainer

R = TypeVar("R")

REMEMBERED = 20
"""How many containers, the last ones that came up, the estimate is based on."""


class WarmTally:
    """Counts for one pool."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._rises: deque[float] = deque(maxlen=REMEMBERED)
        self._parts: dict[Metric, float] = {}  # of a second, not yet counted

    def changed(self, container: WarmContainer[K, R], now: float) -> None:
        """The cell has changed; `container` still has the cell's previous state, and that state's `since`."""
        lasted, before = now - container.since, container.held
        if before is None and container.for_job:
            self._rises.append(lasted)  # the time from when it was asked for until it was up
        elif before is not None and before.cell.word is Word.IDLE:
            self._seconds(IDLE_SECONDS, lasted)

    def taken(self, container: WarmContainer[K, R], waited: float) -> None:
        """A container has taken the workload of a job that has `waited` so many seconds."""
        first = container.served_before == 0
        self._sink.count(name_of(COLD_STARTS if first else WARM_STARTS))
        if not first and self._rises:
            self._seconds(SECONDS_SAVED, max(0.0, fmean(self._rises) - waited))

    def census(self, containers: Iterable[WarmContainer[K, R]]) -> None:
        """Report how many containers are in each state."""
        counts = Counter(container.state for container in containers)
        for state in ContainerState:
            self._sink.gauge(name_of(WARM_CONTAINERS, state), counts[state])

    def _seconds(self, metric: Metric, seconds: float) -> None:
        """Count whole seconds, and keep the rest for the next time."""
        whole, self._parts[metric] = divmod(self._parts.get(metric, 0.0) + seconds, 1.0)
        if whole:
            self._sink.count(name_of(metric), int(whole))
