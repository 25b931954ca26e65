"""A warm container and its cell in the embedded S3, with an executor's part played by hand.

Law: everything is real but Airflow: a workload's JSON has Python in it, which the fork runs. As a module it
is such a container; a Python that has imported all starts it in a moment (`e2e/warm.py`).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from aws_executors.core.warm.cell import Cell, Word, read
from aws_executors.local import LocalAws
from aws_executors.run.warm.cell_store import OwnCell
from aws_executors.run.warm.serving import ServingLimits
from aws_executors.run.warm.start import serve_cell

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SOURCES = os.pathsep.join(str(Path(__file__).parents[2] / name) for name in ("src", "tests"))
BUCKET, KEY = "airflow", "w/cells/batch/f00d/0b6e-1"
URL = f"s3://{BUCKET}/{KEY}"
OWN_ID = "4c75"
DEADLINE = 40.0


@dataclass
class CellAt:
    """One cell, as an executor has it."""

    s3: S3Client
    key: str = KEY

    def read(self) -> tuple[Cell, str]:
        answer = self.s3.get_object(Bucket=BUCKET, Key=self.key)
        return read(answer["Body"].read()), answer["ETag"]

    @property
    def now(self) -> Cell:
        return self.read()[0]

    def write(self, step: Callable[[Cell], Cell]) -> Cell:
        """Change it by one of `Cell`'s functions."""
        cell, etag = self.read()
        self.write_at(step(cell), etag)
        return step(cell)

    def write_at(self, cell: Cell, etag: str) -> None:
        """Write it over what has this ETag."""
        self.s3.put_object(Bucket=BUCKET, Key=self.key, Body=cell.body(), IfMatch=etag)

    def offer(self, token: str, code: str = "") -> None:
        self.write(lambda cell: cell.offer(token, json.dumps({"code": code})))

    def until(self, holds: Callable[[Cell], bool]) -> Cell:
        """Wait until it says something."""
        until = time.monotonic() + DEADLINE
        while True:
            try:
                if holds(cell := self.now):
                    return cell
            except self.s3.exceptions.NoSuchKey:
                cell = Cell(container="none")
            assert time.monotonic() < until, cell
            time.sleep(0.05)

    def until_word(self, word: Word) -> Cell:
        return self.until(lambda cell: cell.word is word)


@dataclass
class Process:
    """A warm container as a process."""

    process: subprocess.Popen[str]
    cell: CellAt
    place: Path
    said: list[str] = field(default_factory=list)

    def serves(self, token: str, code: str = "") -> int:
        """Let it run a workload; returns its exit code."""
        assert self.process.poll() is None
        self.cell.until_word(Word.IDLE)
        self.cell.offer(token, code)
        cell = self.cell.until(lambda cell: cell.exit_code_of(token) is not None)
        code_ = cell.exit_code_of(token)
        assert code_ is not None
        return code_

    def end(self) -> int:
        """Wait for its end; its exit code, with its lines in `said`."""
        out, _ = self.process.communicate(timeout=DEADLINE)
        self.said = [line for line in out.splitlines() if line.startswith("aws_executors.run: ")]
        return self.process.returncode

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.end()

    @property
    def why(self) -> str:
        """The reason for its end, which is its last line."""
        return self.said[-1].removeprefix("aws_executors.run: ends: ")


@contextmanager
def container(
    aws: LocalAws,
    python: Path,
    place: Path,
    *,
    idle: float = 60,
    tasks: int = 100,
    age: float = 600,
    key: str = KEY,
) -> Iterator[Process]:
    """Start one, with a folder as its working directory and temporary folder; kill it at the end."""
    work, temporary = place / "work", place / "tmp"
    for folder in (work, temporary):
        folder.mkdir(exist_ok=True)
    environment = {
        **aws.environment,
        "PATH": os.environ["PATH"],
        "HOME": str(place),
        "PYTHONPATH": SOURCES,
        "TMPDIR": str(temporary),
        "AWS_BATCH_JOB_ID": OWN_ID,
    }
    command = [str(python), "-m", "run.warm_world", f"s3://{BUCKET}/{key}", *map(str, (idle, tasks, age))]
    process = subprocess.Popen(
        command,
        cwd=work,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield Process(process, CellAt(aws.client("s3"), key), place)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=DEADLINE)


@contextmanager
def cloud() -> Iterator[LocalAws]:
    """An AWS with the bucket."""
    with LocalAws() as aws:
        aws.client("s3").create_bucket(Bucket=BUCKET)
        yield aws


def run_code(text: str) -> tuple[int, bool]:
    """Run a workload's `code`, which may set `exit_code` and `clean`."""
    names: dict[str, object] = {"exit_code": 0, "clean": True, "__name__": "user_code"}
    exec(json.loads(text)["code"], names)
    exit_code, clean = names["exit_code"], names["clean"]
    assert isinstance(exit_code, int)
    return exit_code, bool(clean)


def main(url: str, idle: str, tasks: str, age: str) -> int:
    """Be such a container."""
    limits = ServingLimits(float(idle), int(tasks), float(age))
    return serve_cell(partial(OwnCell, url, "us-east-1"), limits, run_code, lambda: None)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
