"""The measured process: one executor, driven as Airflow's scheduler drives it.

Law: the loop of `scheduler_job_runner.py` and a stopwatch. The cost of the loop itself is measured, too, and
subtracted; nothing is judged here, and the raw record goes to a file.
"""

import gc
import json
import os
import sys
import threading
import time
import tracemalloc
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from benchmarks.cloud import Cloud, good
from benchmarks.rows import Row, insert_rows, planned, workload
from benchmarks.scenarios import SCENARIOS, Scenario
from benchmarks.subjects import SUBJECTS, Subject

if TYPE_CHECKING:
    from airflow.executors.base_executor import BaseExecutor
    from airflow.models.taskinstancekey import TaskInstanceKey

BUSY = 0.05  # seconds that the scheduler's other work takes in a loop in which something happened
ASK_EVERY = 0.5


@dataclass
class Drive:
    """One executor, and the scheduler's loop around it."""

    scenario: Scenario
    subject: Subject
    cloud: Cloud
    executor: "BaseExecutor"
    to_queue: deque[Row] = field(default_factory=deque)
    ids: "dict[TaskInstanceKey, str]" = field(default_factory=dict)
    heartbeats: list[tuple[float, float, float]] = field(default_factory=list)
    queued: dict[str, float] = field(default_factory=dict)
    reported: dict[str, tuple[float, str]] = field(default_factory=dict)
    freed: dict[str, float] = field(default_factory=dict)
    marks: dict[str, dict[str, Any]] = field(default_factory=dict)
    inside: float = 0.0
    asked: float = 0.0
    accepted: int = 0

    @contextmanager
    def in_executor(self) -> Iterator[None]:
        """Count the main thread's CPU time in this block as the executor's."""
        before = time.thread_time()
        yield
        self.inside += time.thread_time() - before

    def mark(self, name: str) -> None:
        """Remember the state of all counters under a name."""
        if self.scenario.warm:
            gc.collect()
        memory = tracemalloc.get_traced_memory()[0] if self.scenario.trace else rss()
        self.marks[name] = {
            "at": time.monotonic(),
            "cpu": time.process_time() - (time.thread_time() - self.inside),
            "memory": memory,
            "calls": self.cloud.calls(),
            "heartbeats": len(self.heartbeats),
            "threads": cpu_by_thread(),
        }

    def loop(self) -> None:
        """One turn of the scheduler's loop."""
        from airflow.executors.workloads import ExecuteTask
        from airflow.utils.session import create_session

        some = min(len(self.to_queue), self.scenario.per_loop or len(self.to_queue))
        if some:
            with create_session(scoped=False) as session:
                for _ in range(some):
                    row = self.to_queue.popleft()
                    # The scheduler does this before it queues a workload: it is not the executor's work.
                    token = ExecuteTask.generate_token(str(row.id), self.executor.jwt_generator)
                    made = workload(row, token)
                    self.ids[row.key()] = str(row.id)
                    self.queued[str(row.id)] = time.monotonic()
                    with self.in_executor():
                        self.executor.queue_workload(made, session)
                    del made
        self.heartbeat()
        with self.in_executor():
            events = self.executor.get_event_buffer()
        ended = self.note(events)
        time.sleep(BUSY if some or ended else self.scenario.idle)

    def heartbeat(self) -> None:
        """Time one heartbeat: when it began, how long it took, and how much CPU time of this thread."""
        at, cpu = time.monotonic(), time.thread_time()
        self.executor.heartbeat()
        spent = time.thread_time() - cpu
        self.inside += spent
        self.heartbeats.append((at, time.monotonic() - at, spent))

    def note(self, events: "dict[Any, tuple[Any, Any]]") -> int:
        """Note which tasks ended, and whose slots are free."""
        now = time.monotonic()
        ended = 0
        for key, (state, _) in events.items():
            if str(state) in ("success", "failed") and key in self.ids:
                self.reported[self.ids[key]] = (now, str(state))
                ended += 1
        if not self.scenario.watch:
            waiting = self.executor.queued_tasks
            for key in [key for key in self.ids if key not in self.executor.running and key not in waiting]:
                self.freed[self.ids.pop(key)] = now
        return ended

    def in_flight(self, wanted: int) -> bool:
        """Whether AWS has accepted that many submissions."""
        if time.monotonic() > self.asked + ASK_EVERY:
            self.asked = time.monotonic()
            self.accepted = good(self.cloud.calls(), self.subject.submit)
        return self.accepted >= wanted

    def run(self, rows: Sequence[Row]) -> None:
        """Carry out the whole scenario."""
        scenario = self.scenario
        if scenario.trace:
            tracemalloc.start()
        if scenario.warm:
            self.warm_up(rows[: scenario.warm])
        self.mark("begin")
        if scenario.watch:
            self.bring_into_flight(rows[scenario.warm :])
            self.cloud.latency(scenario.latency)
            self.turn_for(scenario.settle.get(self.subject.name, 3.0))
            self.mark("flight")
            self.turn_for(scenario.watch)
        else:
            self.until_reported(rows[scenario.warm :])
        self.mark("end")

    def until_reported(self, rows: Sequence[Row]) -> None:
        """Queue these, and run the loop until each has been reported."""
        self.to_queue.extend(rows)
        limit = time.monotonic() + self.scenario.at_most
        while (self.to_queue or self.ids) and time.monotonic() < limit:
            self.loop()
            if (
                self.scenario.quick_start
                and "flight" not in self.marks
                and self.in_flight(self.scenario.warm + len(rows))
            ):
                self.cloud.latency(self.scenario.latency)
                self.mark("flight")

    def bring_into_flight(self, rows: Sequence[Row]) -> None:
        """Queue these in two halves, each until AWS has accepted it: one-time costs fall in the first."""
        half = len(rows) // 2
        for name, some in (("half", rows[:half]), ("whole", rows[half:])):
            self.to_queue.extend(some)
            wanted = self.scenario.warm + (half if name == "half" else len(rows))
            limit = time.monotonic() + self.scenario.at_most
            while (self.to_queue or not self.in_flight(wanted)) and time.monotonic() < limit:
                self.loop()
            self.turn_for(1.5)
            self.mark(name)

    def warm_up(self, rows: Sequence[Row]) -> None:
        """Run a few tasks, after which every executor has made its client and its connections."""
        self.to_queue.extend(rows)
        while self.to_queue or not self.in_flight(len(rows)):
            self.loop()
        self.turn_for(1.5)
        self.heartbeats.clear()

    def turn_for(self, seconds: float) -> None:
        """Run the loop for so long, at least twice."""
        until = time.monotonic() + seconds
        for turn in range(sys.maxsize):
            if turn >= 2 and time.monotonic() > until:
                return
            self.loop()

    def record(self) -> dict[str, Any]:
        """Everything that was noted."""
        return {
            "heartbeats": self.heartbeats,
            "queued": self.queued,
            "reported": self.reported,
            "freed": self.freed,
            "marks": self.marks,
            "executor": repr(getattr(self.executor, "_engine", self.executor)),
        }


def cpu_by_thread() -> dict[str, float]:
    """CPU seconds of the threads that are alive, added up by their names without numbers."""
    found: dict[str, float] = {}
    for thread in threading.enumerate():
        if thread.ident is not None:
            kind = thread.name.rpartition("-")[0] or thread.name
            clock = time.pthread_getcpuclockid(thread.ident)
            found[kind] = found.get(kind, 0.0) + time.clock_gettime(clock)
    return found


def rss() -> int:
    """Resident bytes of this process."""
    return int(psutil.Process().memory_info().rss)


def main(arguments: Sequence[str]) -> None:
    """Drive one subject through one scenario; arguments: the scenario's name (and what differs from
    the table) as JSON, the subject's name, AWS's address, the file for the record."""
    overrides = json.loads(arguments[0])
    scenario, subject = replace(SCENARIOS[overrides.pop("name")], **overrides), SUBJECTS[arguments[1]]
    rows = planned(scenario.tasks + scenario.warm)
    insert_rows(rows)
    executor = subject.make(parallelism=2 * scenario.tasks + 100)
    executor.job_id = "1"
    executor.start()
    drive = Drive(scenario, subject, Cloud(arguments[2]), executor)
    drive.run(rows)
    Path(arguments[3]).write_text(json.dumps(drive.record()))
    sys.stdout.flush()
    # The `end` of the provider's executors waits for every container, and these live for hours: just exit.
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
