"""How long a container takes from its first instruction to user code, and from there to its end, by Airflow's
launcher and by ours; and a warm container, which runs already, from the offer of a workload.

Law: all are measured in one run, in turn, in processes of their own, against one API server that lets every
task begin. Ratios are the result, because seconds depend on the machine and its load. CPU seconds, which a
busy machine disturbs less, are those of the whole chain of processes up to user code.

``python -m benchmarks.launcher --rounds 9`` (any environment with this package in it; a minute), or
``--warm 100``: so many offers, at any moment between two looks at the cell (three minutes).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import fmean, quantiles
from typing import Any

from aws_executors.core.warm.cell import Cell, Word, read
from aws_executors.local import LocalAws

LAUNCHERS: Mapping[str, str] = {
    "airflow": "airflow.sdk.execution_time.execute_workload",
    "aws_executors": "aws_executors.run",
}

# Runs a module as `python -m` does, and notes when, and after how much CPU, each process forks.
NOTED = """
import os, runpy, sys, time
def note():
    with open(os.environ["NOTES"], "a") as notes:
        print("fork", time.time(), time.process_time(), len(sys.modules), file=notes)
os.register_at_fork(before=note)
sys.argv = sys.argv[1:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""
DAG = """
import os, sys, time
from airflow.sdk import BaseOperator, DAG

class Notes(BaseOperator):
    def execute(self, context):
        with open(os.environ["NOTES"], "a") as notes:
            print("user", time.time(), time.process_time(), len(sys.modules), file=notes)

with DAG("dag"):
    Notes(task_id="task")
"""
CONTEXT: Mapping[str, Any] = {
    "dag_run": {
        "dag_id": "dag",
        "run_id": "run",
        "logical_date": None,
        "data_interval_start": None,
        "data_interval_end": None,
        "run_after": "2026-01-01T00:00:00Z",
        "start_date": "2026-01-01T00:00:00Z",
        "end_date": None,
        "clear_number": 0,
        "run_type": "manual",
        "state": "running",
        "conf": {},
        "consumed_asset_events": [],
        "partition_key": None,
    },
    "task_reschedule_count": 0,
    "max_tries": 0,
    "should_retry": False,
    "variables": [],
    "connections": [],
    "xcom_keys_to_clear": [],
}


class Api(BaseHTTPRequestHandler):
    """An execution API that lets every task begin."""

    def _any(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        path = self.path.partition("?")[0]
        quiet = path.endswith(("/state", "/heartbeat"))
        text = b"" if quiet else json.dumps(CONTEXT if path.endswith("/run") else {}).encode()
        self.send_response(204 if quiet else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Log nothing."""


@contextmanager
def api() -> Iterator[str]:
    """The address of an API server, for as long as the block lasts."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Api) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/execution/"
        server.shutdown()


def workload() -> str:
    """A workload for the task of the benchmark's DAG, as JSON."""
    ids = {"id": str(uuid.uuid4()), "dag_version_id": str(uuid.uuid4())}
    names = {"task_id": "task", "dag_id": "dag", "run_id": "run", "try_number": 1, "map_index": -1}
    rest = {"pool_slots": 1, "queue": "default", "priority_weight": 1}
    task = {"ti": {**ids, **names, **rest}, "dag_rel_path": "dag.py", "bundle_info": {"name": "dags-folder"}}
    return json.dumps(
        {"token": "eyJhbGciOiJub25lIn0.e30.c2ln", "log_path": "log", "type": "ExecuteTask"} | task
    )


@dataclass(frozen=True, slots=True)
class Start:
    """One start: seconds, and CPU seconds, to user code; the same from the first fork on; the numbers of
    modules imported at the first fork and when user code ran; the CPU seconds of all processes until the
    container's end, and the seconds from user code, which does nothing, to that end."""

    wall: float
    cpu: float
    wall_forked: float
    cpu_forked: float
    modules: tuple[int, int]
    whole: float
    after: float


def start(place: Path, url: str, module: str) -> Start:
    """Start one container's process and wait for its end."""
    notes = place / "notes"
    notes.unlink(missing_ok=True)
    began, before = time.time(), spent()
    command = [sys.executable, "-c", NOTED, module, "--json-string", workload()]
    subprocess.run(command, env=around(place, url), check=True, capture_output=True)  # noqa: S603 - ours
    ended = time.time()
    noted = noted_in(notes)
    user, first = noted[-1], noted[0]
    cpu = sum(one[1] for one in noted)
    return Start(
        wall=user[0] - began,
        cpu=cpu,
        wall_forked=user[0] - first[0],
        cpu_forked=cpu - first[1],
        modules=(first[2], user[2]),
        whole=spent() - before,
        after=ended - user[0],
    )


def around(place: Path, url: str) -> dict[str, str]:
    """The environment of a container."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(place),
        "AIRFLOW_HOME": str(place),
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        "NOTES": str(place / "notes"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(place),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": url,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "NO_PROXY": "127.0.0.1",
    }


def noted_in(notes: Path) -> list[tuple[float, float, int]]:
    """When, after how much CPU and with how many modules each process forked, up to user code."""
    lines = [line.split() for line in notes.read_text().splitlines()]
    user = [line[0] for line in lines].index("user")
    return [(float(wall), float(cpu), int(modules)) for _, wall, cpu, modules in lines[: user + 1]]


def spent() -> float:
    """CPU seconds of all children that have ended."""
    found = os.times()
    return found.children_user + found.children_system


# --- A warm container --------------------------------------------------------------------------------------

BUCKET, KEY, TICKS = "airflow", "w/cells/f00d/0b6e-1", os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class WarmStart:
    """One start in a waiting container: seconds from before the offer is written to user code, of these the
    seconds since the container has forked; the CPU seconds of the container and its descendants until it
    waits again; and its CPU seconds in one second of waiting."""

    wall: float
    wall_forked: float
    whole: float
    waiting: float


def cpu_of(pid: int) -> float:
    """CPU seconds of a process and of its descendants that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / TICKS


def warm_starts(place: Path, url: str, count: int) -> Iterator[WarmStart]:
    """Start one container and offer it so many workloads, each at a random moment of its waiting."""
    drawn = random.Random(1)  # noqa: S311 - no secret
    notes, work = place / "notes", place / "work"
    (work / "tmp").mkdir(parents=True)
    with LocalAws() as aws:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket=BUCKET)

        def cell() -> tuple[Cell, str]:
            answer = s3.get_object(Bucket=BUCKET, Key=KEY)
            return read(answer["Body"].read()), answer["ETag"]

        def idle() -> tuple[Cell, str]:
            while KEY not in aws.objects(BUCKET) or cell()[0].word is not Word.IDLE:
                if process.poll() is not None:
                    raise RuntimeError(f"it has ended: {process.returncode}")
                time.sleep(0.01)
            return cell()

        command = [sys.executable, "-c", NOTED, LAUNCHERS["aws_executors"], "--warm", f"s3://{BUCKET}/{KEY}"]
        command += ["--idle", "600", "--tasks", "1000", "--age", "86400"]
        own = {"AWS_BATCH_JOB_ID": "4c75", "TMPDIR": str(work / "tmp")}
        process = subprocess.Popen(  # noqa: S603 - ours
            command,
            env={**around(place, url), **aws.environment, **own},
            cwd=work,
            stdout=subprocess.DEVNULL,
        )
        try:
            idle()
            for number in range(count):
                notes.unlink(missing_ok=True)
                began, since = cpu_of(process.pid), time.monotonic()
                time.sleep(drawn.uniform(0.5, 1.5))
                now, etag = idle()
                waited = cpu_of(process.pid)
                waiting = (waited - began) / (time.monotonic() - since)
                body = now.offer(f"job-{number}", workload()).body()
                offered = time.time()
                s3.put_object(Bucket=BUCKET, Key=KEY, Body=body, IfMatch=etag)
                while cell()[0].exit_code_of(f"job-{number}") is None:
                    time.sleep(0.05)
                noted = noted_in(notes)
                whole = cpu_of(process.pid) - waited
                yield WarmStart(noted[-1][0] - offered, noted[-1][0] - noted[0][0], whole, waiting)
        finally:
            process.terminate()
            process.wait()


def warm_table(found: Sequence[WarmStart], cold: Sequence[Start]) -> Iterator[str]:
    """Percentiles in Markdown, beside those of a container's own process."""
    yield f"| {len(found)} offers to a warm container; {len(cold)} starts | p50 | p95 | cold p50 |"
    yield "|---|---|---|---|"
    for what, warm, own in (
        ("offer written, or process started, to user code, s", [one.wall for one in found], "wall"),
        ("fork to user code, s", [one.wall_forked for one in found], "wall_forked"),
        ("CPU seconds of a task, all in all", [one.whole for one in found], "whole"),
    ):
        low, high = at(warm, 50), at(warm, 95)
        yield f"| {what} | {low:.2f} | {high:.2f} | {at([getattr(one, own) for one in cold], 50):.2f} |"
    yield f"| CPU seconds of a second of waiting, mean | {fmean(one.waiting for one in found):.4f} | | |"


def at(values: Sequence[float], percent: int) -> float:
    """A percentile."""
    return quantiles(values, n=100, method="inclusive")[percent - 1]


def table(found: Mapping[str, Sequence[Start]], rounds: int) -> Iterator[str]:
    """The best of all rounds and their ratios, in Markdown: slower rounds were disturbed."""
    yield f"| best of {rounds} | {' | '.join(LAUNCHERS)} | ratio |"
    yield "|---|---|---|---|"
    for what, field in (
        ("process start to user code, s", "wall"),
        ("the same, CPU s", "cpu"),
        ("first fork to user code, s", "wall_forked"),
        ("the same, CPU s", "cpu_forked"),
    ):
        theirs, ours = (min(getattr(one, field) for one in found[name]) for name in LAUNCHERS)
        yield f"| {what} | {theirs:.2f} | {ours:.2f} | {ours / theirs:.2f} |"
    theirs, ours = (fmean(one.after for one in found[name]) for name in LAUNCHERS)
    yield f"| user code to the container's end, s, mean | {theirs:.2f} | {ours:.2f} | {ours / theirs:.2f} |"
    for what, index in (("modules at the first fork", 0), ("modules in user code", 1)):
        theirs, ours = (found[name][-1].modules[index] for name in LAUNCHERS)
        yield f"| {what} | {theirs} | {ours} | |"


def main() -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--warm", type=int, default=0, help="offers to a warm container (default: none)")
    options = parser.parse_args()
    rounds = options.rounds
    found: dict[str, list[Start]] = {name: [] for name in LAUNCHERS}
    with tempfile.TemporaryDirectory() as folder, api() as url:
        place = Path(folder)
        (place / "dag.py").write_text(DAG)
        for number in range(rounds + 1):
            for name in sorted(LAUNCHERS, reverse=number % 2 == 1):  # in alternating order
                one = start(place, url, LAUNCHERS[name])
                if number:  # the first round, which fills the page cache, does not count
                    found[name].append(one)
        warm = list(warm_starts(place, url, options.warm)) if options.warm else []
    sys.stdout.write("\n".join((*table(found, rounds), "")))
    if warm:
        sys.stdout.write("\n".join(("", *warm_table(warm, found["aws_executors"]), "")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
