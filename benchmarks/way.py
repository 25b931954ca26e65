"""How long the way of one task is: the functions of ours that are called until AWS has taken its RunTask.

Law: counts, no clock. The way of a task begins with the executor's heartbeat that hands it over, leads
through the engine and its workers, and ends when the engine has read that RunTask was accepted; executor,
engine, threads and botocore are those of production, and a server on this machine accepts everything. A
*call* is one entry into a function of this package, in any thread (for a generator: each time that it
continues; comprehensions are no functions). Calls within Airflow, botocore and other libraries are not
counted. A *file* is one that contains such a function, a *move* a call into another file than that of the
call before it in the same thread. Several tasks are counted one after the other, after others that have
caused the one-time calls; the shortest way is printed, because other work (a read of rows, a description) has
fallen into the longer ones.
"""

import argparse
import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from benchmarks.calls import answering
from benchmarks.measured import base_environment, database
from benchmarks.rows import Row, insert_rows, planned, workload
from benchmarks.subjects import CONTAINER, REGION, SUBJECTS

if TYPE_CHECKING:
    from airflow.executors.base_executor import BaseExecutor

WARM, TASKS = 2, 10
PARTS = ("shell/engine/", "core/lifecycle/")
AT_MOST = 30.0  # seconds that a task may take
PACKAGE = str(Path("src") / "aws_executors") + "/"
NO_FUNCTIONS = ("<listcomp>", "<dictcomp>", "<setcomp>", "<module>")
ACCEPTED = ("core/lifecycle/transitions/submission.py", "accepted")
WAITS = ("shell/engine/thread.py", "Engine._take_messages")
"""The function with which the way ends: the engine waits for the next message after the answer to RunTask."""


@dataclass
class Way:
    """The calls so far, and whether the way has ended."""

    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    moves: int = 0
    accepted: bool = False
    over: threading.Event = field(default_factory=threading.Event)
    before: dict[int, str] = field(default_factory=dict)

    @property
    def files(self) -> Counter[str]:
        """The calls by file."""
        found: Counter[str] = Counter()
        for (file, _), calls in self.calls.items():
            found[file] += calls
        return found

    def called(self, file: str, name: str) -> None:
        """Note that a function of ours begins, in any thread."""
        if self.over.is_set() or name.rpartition(".")[2] in NO_FUNCTIONS:
            return
        if self.accepted and (file, name) == WAITS:
            self.over.set()
            return
        self.calls[file, name] += 1
        self.moves += self.before.get(threading.get_ident()) != file
        self.before[threading.get_ident()] = file
        self.accepted = self.accepted or (file, name) == ACCEPTED


class Profiler:
    """Reports every call to the current `Way`, in every thread that was started under this profiler."""

    def __init__(self) -> None:
        self.way = Way()

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        """The callback for `sys.setprofile`."""
        if event == "call":
            _, ours, file = frame.f_code.co_filename.rpartition(PACKAGE)
            if ours:
                self.way.called(file, frame.f_code.co_qualname)


def gone(executor: "BaseExecutor", row: Row, profiler: Profiler) -> Way:
    """Run this task; returns its way."""
    from airflow.utils.session import create_session

    with create_session(scoped=False) as session:
        executor.queue_workload(workload(row), session)
    profiler.way = way = Way()
    executor.heartbeat()
    if not way.over.wait(AT_MOST):
        raise RuntimeError(f"RunTask was not accepted within {AT_MOST:g} s: {executor!r}")
    return way


def answer() -> bytes:
    """The server's answer to RunTask, and to every other call."""
    arn = f"arn:aws:ecs:{REGION}:123456789012:task/airflow/0123456789abcdef0123456789abcdef"
    task: dict[str, Any] = {"taskArn": arn, "lastStatus": "PROVISIONING", "desiredStatus": "RUNNING"}
    task["containers"] = [{"name": CONTAINER, "lastStatus": "PENDING"}]
    return json.dumps({"tasks": [task], "failures": []}).encode()


def ways() -> list[Way]:
    """The ways of several tasks, in this process and its Airflow home."""
    rows = planned(WARM + TASKS)
    insert_rows(rows)
    executor = SUBJECTS["ours-ecs"].make(parallelism=100)
    executor.job_id = "1"
    profiler = Profiler()
    threading.setprofile(profiler)
    executor.start()
    sys.setprofile(profiler)
    try:
        return [gone(executor, row, profiler) for row in rows][WARM:]
    finally:
        sys.setprofile(None)
        executor.end()


def printed(way: Way, *, files: bool, calls: bool) -> Iterator[str]:
    """The lines with the figures and, if wanted, the files and the calls."""
    yield f"{way.calls.total()} calls, {len(way.files)} files, {way.moves} moves"
    for part in PARTS:
        some = [number for file, number in way.files.items() if file.startswith(part)]
        yield f"  of these in {part}: {sum(some)} calls, {len(some)} files"
    if files:
        yield from (f"{number:5} {file}" for file, number in way.files.most_common())
    if calls:
        yield from (f"{number:5} {file} {name}" for (file, name), number in way.calls.most_common())


def main(arguments: Sequence[str] | None = None) -> int:
    """Count in a process with its own Airflow home and AWS, and print the result."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.way", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--files", action="store_true", help="and the calls by file")
    parser.add_argument("--calls", action="store_true", help="and the calls by function")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.here:
        shortest = min(ways(), key=lambda way: way.calls.total())
        sys.stdout.write("\n".join(printed(shortest, files=chosen.files, calls=chosen.calls)) + "\n")
        return 0
    with database() as home, answering(answer()) as url:
        environment = {
            **base_environment(home),
            **SUBJECTS["ours-ecs"].environment({}),
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
        }
        command = [sys.executable, "-m", "benchmarks.way", "--here", *(arguments or sys.argv[1:])]
        return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603 - our own module


if __name__ == "__main__":
    sys.exit(main())
