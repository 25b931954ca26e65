"""Measure what one workload uses of its container: peaks by samples, everything else by differences.

Law: never raises, and costs the task next to nothing: one thread reads a few small files a second. In a
container that runs several workloads, each needs its own `Meter`. What cannot be measured is None.
"""

import os
import resource
import shutil
import sys
import threading
from contextlib import suppress
from pathlib import Path

from aws_executors.core.cost.measured import Measured
from aws_executors.run.usage.cgroup import MIB, Counters, own_cgroup
from aws_executors.run.usage.process_tree import ProcessTree
from aws_executors.run.usage.task_stats import TaskStats, ecs_address, on_the_hosts_network

OFTEN, RARELY, OFTEN_FOR = 0.2, 1.0, 5.0
"""Seconds between two samples: `OFTEN` in the first `OFTEN_FOR` seconds, then `RARELY`."""
ON_FARGATE = "AWS_ECS_FARGATE"
DISK = "/"


class Meter:
    """Measures from its creation until `stop`; `watch` begins to sample peaks.

    `alone` means that this process runs only this workload: then the largest child that has ended also counts
    for the peak of memory, however briefly it ran.
    """

    def __init__(
        self, counters: Counters | None = None, *, alone: bool = True, root: Path = Path("/")
    ) -> None:
        self._counters: Counters = counters or counters_here(root)
        self._root = root
        self._alone = alone
        self._cpu = self._counters.cpu()
        self._kills = self._counters.kills()
        self._network = network(root)
        self._shared_network = False
        self._disk = disk()
        self._memory_peak: int | None = None
        self._disk_peak: int | None = None
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def watch(self) -> None:
        """Sample peaks from now on, in a thread; only after a fork, as threads do not survive one."""
        thread = threading.Thread(target=self._watch, name="aws-executors-usage", daemon=True)
        with suppress(RuntimeError):  # if no more threads can be started, the task still runs
            thread.start()
            self._thread = thread

    def stop(self) -> Measured:
        """Stop sampling; returns what was used."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(OFTEN)
        self._sample()
        largest = _largest_child() if self._alone else None
        memory = max((one for one in (self._memory_peak, largest) if one is not None), default=None)
        counts = None if self._shared_network else network(self._root)
        received, sent = counts or (None, None)
        began = self._network or (None, None)
        return Measured(
            memory=None if memory is None else -(-memory // MIB),
            cpu=_more(self._counters.cpu(), self._cpu),
            disk=None if self._disk_peak is None else self._disk_peak // MIB,
            received=_added(received, began[0]),
            sent=_added(sent, began[1]),
            kills=_added(self._counters.kills(), self._kills),
        )

    def _watch(self) -> None:
        self._shared_network = on_the_hosts_network()  # here, where nothing waits for the answer
        samples = 0
        while not self._ended.wait(OFTEN if samples * OFTEN < OFTEN_FOR else RARELY):
            samples += 1
            self._sample()

    def _sample(self) -> None:
        memory = self._counters.memory()
        if memory is not None:
            self._memory_peak = max(memory, self._memory_peak or 0)
        used = disk()
        if used is not None and self._disk is not None:
            self._disk_peak = max(used - self._disk, self._disk_peak or 0)


def counters_here(root: Path = Path("/")) -> Counters:
    """The counters of the container's own cgroup; without one, its processes and, if any, ECS's figures."""
    cgroup, address = own_cgroup(root), ecs_address()
    if cgroup is not None:
        return cgroup
    tree = ProcessTree(os.getpid())
    return TaskStats(address, tree) if address else tree


def network(root: Path = Path("/")) -> tuple[int, int] | None:
    """Bytes received and sent so far, by all interfaces but the loopback. Source: proc(5), ``net/dev``."""
    try:
        lines = (root / "proc/net/dev").read_text().splitlines()[2:]
        rows = [line.partition(":") for line in lines]
        counts = [list(map(int, fields.split())) for name, _, fields in rows if name.strip() != "lo"]
        return sum(one[0] for one in counts), sum(one[8] for one in counts)
    except (OSError, ValueError, IndexError):
        return None


def disk() -> int | None:
    """Bytes in use on the task's own disk; None on an instance, whose disk other tasks use as well."""
    if os.environ.get("AWS_EXECUTION_ENV") != ON_FARGATE:
        return None
    try:
        return shutil.disk_usage(DISK).used
    except OSError:
        return None


def _largest_child() -> int:
    """Bytes of the largest descendant of this process that has ended."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit


def _more(now: float | None, before: float | None) -> float | None:
    return None if now is None or before is None else round(max(now - before, 0.0), 2)


def _added(now: int | None, before: int | None) -> int | None:
    return None if now is None or before is None else max(now - before, 0)
