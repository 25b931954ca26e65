"""The measured process of the warm benchmarks: one executor, which gets a pattern's tasks as they are due.

Law: the loop of a scheduler: DAG runs begin, and a task is queued when the tasks that it waits for have ended
and a slot is free. Airflow's own waiting times are scaled like AWS's clocks, ours are not.
"""

import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3

from benchmarks.drive import BUSY
from benchmarks.patterns import Pattern, pattern
from benchmarks.rows import Row, insert_rows, workload
from benchmarks.subjects import CLUSTER, REGION, SUBJECTS

if TYPE_CHECKING:
    from airflow.executors.base_executor import BaseExecutor

IDLE = 1.0
"""Seconds that the scheduler sleeps after a loop in which nothing happened."""
LOST = 900.0
"""Seconds without any progress after which the run is given up."""


@dataclass
class Drive:
    """The run of one pattern through one executor."""

    work: Pattern
    factor: float
    executor: "BaseExecutor"
    queued: dict[str, float] = field(default_factory=dict)
    reported: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rows = [
            Row(
                uuid4(),
                str(uuid4()),
                f"task-{number}",
                one.run,
                one.dag,
                queue=f"play-{one.seconds:.2f}",
            )
            for number, one in enumerate(self.work.tasks)
        ]
        self.numbers = {row.id.hex: number for number, row in enumerate(self.rows)}
        self.unborn = sorted(range(len(self.rows)), key=lambda number: self.work.tasks[number].at)
        self.born: set[int] = set()
        self.ended: dict[int, float] = {}
        self.todo: set[int] = set()

    def run(self) -> None:
        """Run the pattern until the last container has ended."""
        self.began = self.moved = time.monotonic()
        while len(self.ended) < len(self.rows) or self.executor.running or self.executor.queued_tasks:
            self.turn()
            if time.monotonic() - self.moved > LOST * self.factor:
                raise RuntimeError(f"nothing happens any more: {getattr(self.executor, '_engine', None)!r}")
        self.over = time.monotonic()
        ecs: Any = boto3.client("ecs", region_name=REGION)
        while ecs.list_tasks(cluster=CLUSTER, desiredStatus="RUNNING")["taskArns"]:
            self.turn()

    def turn(self) -> None:
        """One turn of the scheduler's loop."""
        now = time.monotonic()
        self.begin_runs(now)
        self.look(now)
        some = self.queue_some(now)
        self.executor.heartbeat()
        events = self.executor.get_event_buffer()
        for key, (state, _) in events.items():
            self.reported[str(key)] = str(state)
        if some or events:
            self.moved = now
        time.sleep(BUSY if some or events else IDLE * self.factor)

    def begin_runs(self, now: float) -> None:
        """Write the rows of the DAG runs that are due."""
        due = []
        while self.unborn and self.work.tasks[self.unborn[0]].at * self.factor <= now - self.began:
            due.append(self.unborn.pop(0))
        if due:
            insert_rows([self.rows[number] for number in due], state=None)
            self.born.update(due)
            self.todo.update(due)

    def look(self, now: float) -> None:
        """Read which tasks have ended."""
        from airflow.models.taskinstance import TaskInstance
        from airflow.utils.session import create_session
        from sqlalchemy import select

        with create_session(scoped=False) as session:
            done = session.scalars(select(TaskInstance.id).where(TaskInstance.state == "success")).all()
        for one in done:
            self.ended.setdefault(self.numbers[one.hex], now)

    def ready(self, number: int, now: float) -> bool:
        """Whether a task may be queued."""
        one = self.work.tasks[number]
        pause = one.pause * self.factor
        return all(before in self.ended and now - self.ended[before] >= pause for before in one.after)

    def queue_some(self, now: float) -> int:
        """Queue the tasks that are ready, while there are free slots."""
        from airflow.models.taskinstance import TaskInstance
        from airflow.utils.session import create_session
        from sqlalchemy import update

        room = self.work.slots - len(self.executor.running) - len(self.executor.queued_tasks)
        some = [number for number in sorted(self.todo) if self.ready(number, now)][: max(0, room)]
        if some:
            rows = [self.rows[number] for number in some]
            with create_session(scoped=False) as session:
                mine = TaskInstance.id.in_([row.id for row in rows])
                session.execute(update(TaskInstance).where(mine).values(state="queued"))
                for row in rows:
                    self.queued[str(row.id)] = time.monotonic()
                    self.executor.queue_workload(workload(row), session)
            self.todo.difference_update(some)
        return len(some)

    def record(self) -> dict[str, Any]:
        """Everything that was noted."""
        return {"queued": self.queued, "reported": self.reported, "seconds": self.over - self.began}


def main(arguments: Sequence[str]) -> None:
    """Run a pattern; the arguments are the plan as JSON, and the file for the record."""
    plan = json.loads(arguments[0])
    executor = SUBJECTS["ours-ecs"].make(parallelism=1000)
    executor.job_id = "1"
    executor.start()
    drive = Drive(pattern(plan["pattern"], plan["share"]), plan["factor"], executor)
    drive.run()
    Path(arguments[1]).write_text(json.dumps(drive.record()))
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
