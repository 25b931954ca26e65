"""Simulated containers: containers of one task each, and warm ones that take one task after another.

Law: a `Runner` of the embedded AWS without any process: each container is a thread, so that dozens fit into
one process. A warm container runs production's own loop, with calls to S3 over HTTP; a sleep replaces
Airflow's supervisor. The queue's name gives the duration of a task; its row is written as in `tasks.py`.
"""

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from uuid import UUID, uuid4

from aws_executors.local.world import Exited, ProcessEffect, ProcessEvent, Ref, Started, StartProcess
from aws_executors.run import sources
from aws_executors.run.__main__ import parser
from aws_executors.run.warm import cell_store
from aws_executors.run.warm.fork import Ended
from aws_executors.run.warm.serving import ServingContainer, ServingLimits
from benchmarks.subjects import ACCOUNT, CLUSTER, REGION
from benchmarks.tasks import TERMINATED, WRITE_EVERY

OWN, FORKED = 1.35, 0.31
"""Seconds to user code from a container's start, and from the fork in a warm container (`launcher.py`)."""
MOST = 200
"""How many connections to S3 are kept."""


class Players:
    """Runs every container as a thread; all times are `factor` times as long as on AWS.

    `starts` has a list for each task instance: when it began (monotonic seconds, which all processes of a
    machine share), how many workloads its container had run before, and when the last of these had ended;
    `ends` has the time when the task instance ended.
    """

    def __init__(self, report: Callable[[ProcessEvent], None], database: Path, factor: float) -> None:
        self.environment: dict[str, str] = {}
        self.starts: dict[str, list[tuple[float, int, float]]] = {}
        self.ends: dict[str, float] = {}
        self._report = report
        self._database = database
        self._factor = factor
        self._stops: dict[Ref, threading.Event] = {}
        self._states: dict[str, str] = {}
        self._lock = threading.Lock()
        # One client for all containers, else mainly the creation of clients would be measured.
        shared = cache(partial(sources.s3_client, max_pool_connections=MOST))
        setattr(cell_store, "s3_client", shared)  # noqa: B010 - the module does not export it
        threading.Thread(target=self._write, daemon=True).start()

    def act(self, effect: ProcessEffect) -> None:
        """Start a container, or tell it to stop."""
        if isinstance(effect, StartProcess):
            stop = self._stops[effect.ref] = threading.Event()
            self._report(Started(effect.ref))
            threading.Thread(target=self._live, args=(effect.ref, effect.command, stop), daemon=True).start()
        elif effect.ref in self._stops:
            self._stops[effect.ref].set()

    def running(self) -> dict[str, int]:
        """The running containers, none of which is a process."""
        return {str(ref): 0 for ref in tuple(self._stops)}

    def close(self, seconds: float) -> None:
        """Do nothing: the threads are daemons."""

    def _live(self, ref: Ref, command: Sequence[str], stop: threading.Event) -> None:
        code = self._serve(ref, command, stop) if "--warm" in command else self._run_one(command[-1], stop)
        del self._stops[ref]
        self._report(Exited(ref, code))

    def _run_one(self, workload: str, stop: threading.Event) -> int:
        if stop.wait(OWN * self._factor):
            return TERMINATED
        return self._play(workload, stop, 0, 0.0).exit_code

    def _serve(self, ref: Ref, command: Sequence[str], stop: threading.Event) -> int:
        """The life of a warm container, with the delays of its imports and its forks."""
        options = parser().parse_args(command[list(command).index("aws_executors.run") + 1 :])
        if stop.wait((OWN - FORKED) * self._factor):
            return TERMINATED
        served, last = 0, 0.0

        def run(workload: str) -> Ended:
            nonlocal served, last
            stop.wait(FORKED * self._factor)
            ended = self._play(workload, stop, served, last)
            served, last = served + 1, time.monotonic()
            return ended

        return ServingContainer(
            store=cell_store.OwnCell(options.warm, options.region, options.owner, options.kms_key),
            container=f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/{CLUSTER}/{ref.task}",
            life=uuid4().hex,
            limits=ServingLimits(options.idle, options.tasks, options.age),
            run=run,
            now=time.monotonic,
            pause=lambda seconds: "SIGTERM" if stop.wait(seconds) else "",
            say=lambda line: None,
            mark=lambda mark: None,
            born=time.monotonic(),
        ).serve()

    def _play(self, workload: str, stop: threading.Event, served: int, last: float) -> Ended:
        ti = json.loads(workload)["ti"]
        with self._lock:
            self.starts.setdefault(ti["id"], []).append((time.monotonic(), served, last))
            self._states[ti["id"]] = "running"
        if stop.wait(float(ti["queue"].rpartition("-")[2]) * self._factor):
            return Ended(TERMINATED, "stopped", "SIGTERM")
        with self._lock:
            self.ends[ti["id"]] = time.monotonic()
            self._states[ti["id"]] = "success"
        return Ended(0)

    def _write(self) -> None:
        connection = sqlite3.connect(self._database, timeout=30)
        while True:
            time.sleep(WRITE_EVERY)
            with self._lock:
                states, self._states = self._states, {}
            if states:
                values = [(state, UUID(one).hex) for one, state in states.items()]
                with connection:
                    connection.executemany("UPDATE task_instance SET state = ? WHERE id = ?", values)
