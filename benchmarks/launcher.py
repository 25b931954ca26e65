"""How long a container takes from its first instruction to user code, by Airflow's launcher and by ours.

Law: both run in one run, in turn, in processes of their own, against one API server that lets every task
begin. Ratios are the result: seconds depend on the machine, and on who else uses it. CPU seconds are those
of the whole chain of processes up to user code, which a busy machine disturbs less.

``python -m benchmarks.launcher --rounds 9`` (any environment with this package in it; a minute).
"""

from __future__ import annotations

import argparse
import json
import os
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
from typing import Any

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
    """An execution API that says yes."""

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
        """Nobody reads it."""


@contextmanager
def api() -> Iterator[str]:
    """The address of an API server, for as long as the block lasts."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Api) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/execution/"
        server.shutdown()


def workload() -> str:
    """One that names the DAG."""
    ids = {"id": str(uuid.uuid4()), "dag_version_id": str(uuid.uuid4())}
    names = {"task_id": "task", "dag_id": "dag", "run_id": "run", "try_number": 1, "map_index": -1}
    rest = {"pool_slots": 1, "queue": "default", "priority_weight": 1}
    task = {"ti": {**ids, **names, **rest}, "dag_rel_path": "dag.py", "bundle_info": {"name": "dags-folder"}}
    return json.dumps(
        {"token": "eyJhbGciOiJub25lIn0.e30.c2ln", "log_path": "log", "type": "ExecuteTask"} | task
    )


@dataclass(frozen=True, slots=True)
class Start:
    """One start: seconds, and CPU seconds, to user code; the same from the first fork on; modules that were
    there at the first fork and when user code ran."""

    wall: float
    cpu: float
    wall_forked: float
    cpu_forked: float
    modules: tuple[int, int]


def start(place: Path, url: str, module: str) -> Start:
    """Start one container's process and wait for its end."""
    notes = place / "notes"
    notes.unlink(missing_ok=True)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(place),
        "AIRFLOW_HOME": str(place),
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        "NOTES": str(notes),
        "AIRFLOW__CORE__DAGS_FOLDER": str(place),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": url,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "NO_PROXY": "127.0.0.1",
    }
    began = time.time()
    command = [sys.executable, "-c", NOTED, module, "--json-string", workload()]
    subprocess.run(command, env=environment, check=True, capture_output=True)  # noqa: S603 - ours
    lines = [line.split() for line in notes.read_text().splitlines()]
    noted = [(float(wall), float(cpu), int(modules)) for _, wall, cpu, modules in lines]
    user, first = noted[[line[0] for line in lines].index("user")], noted[0]
    chain = [*noted[: noted.index(user)], user]
    cpu = sum(one[1] for one in chain)
    return Start(user[0] - began, cpu, user[0] - first[0], cpu - first[1], (first[2], user[2]))


def table(found: Mapping[str, Sequence[Start]], rounds: int) -> Iterator[str]:
    """The best of all rounds and their ratios, in Markdown: what is slower was disturbed."""
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
    for what, index in (("modules at the first fork", 0), ("modules in user code", 1)):
        theirs, ours = (found[name][-1].modules[index] for name in LAUNCHERS)
        yield f"| {what} | {theirs} | {ours} | |"


def main() -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    found: dict[str, list[Start]] = {name: [] for name in LAUNCHERS}
    with tempfile.TemporaryDirectory() as folder, api() as url:
        place = Path(folder)
        (place / "dag.py").write_text(DAG)
        for number in range(rounds + 1):
            for name in sorted(LAUNCHERS, reverse=number % 2 == 1):  # neither always comes first
                one = start(place, url, LAUNCHERS[name])
                if number:  # the first fills the page cache
                    found[name].append(one)
    sys.stdout.write("\n".join((*table(found, rounds), "")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
