"""Carry out one measurement: with a fresh AWS, a fresh Airflow home and a fresh process for the executor.

Law: processes and files, no figures. Every process is ended by the process that started it.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from benchmarks import rows
from benchmarks.scenarios import Scenario
from benchmarks.subjects import ACCOUNT, EVENTS, REGION, Subject

ROOT = Path(__file__).parent.parent
KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "TZ", "HOME")


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """The results of one measurement: the drive's record and the cloud's."""

    scenario: Scenario
    subject: Subject
    drive: Mapping[str, Any]
    cloud: Mapping[str, Any]


def base_environment(home: Path) -> dict[str, str]:
    """The environment of our processes, without the variables for the machine's own Airflow and AWS."""
    return {
        **{name: os.environ[name] for name in KEPT if name in os.environ},
        **rows.environment(home),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")]),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DEFAULT_REGION": REGION,
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


@contextmanager
def database() -> Iterator[Path]:
    """A directory with a fresh Airflow database, to be copied."""
    with tempfile.TemporaryDirectory(prefix="aws-executors-bench-") as directory:
        home = Path(directory)
        subprocess.run(
            [sys.executable, "-m", "benchmarks.rows"],
            env=base_environment(home),
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        yield home


def measure(
    scenario: Scenario, subject: Subject, source: Path, logs: Path, under: tuple[str, ...] = ()
) -> Raw:
    """Carry out one scenario with one subject; `under` is a command (a profiler) that runs the drive."""
    logs.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="aws-executors-bench-") as directory:
        home = Path(directory)
        db = rows.copy_database(source, home)
        plan = {
            "database": str(db),
            "record": str(home / "cloud.json"),
            "lives": scenario.lives,
            "latency": 0.0 if scenario.quick_start else scenario.latency,
            "limits": scenario.limits,
            "delays": scenario.delays,
            "silent": scenario.silent,
            "events": scenario.events,
            "failing": [subject.describe, scenario.failing],
        }
        log = logs / f"{scenario.name}-{subject.name}.log"
        with log.open("w") as out, cloud(plan, home) as aws:
            url = aws["AWS_ENDPOINT_URL"]
            listening = {"events_queue": f"{url}/{ACCOUNT}/{EVENTS}"} if scenario.events else {}
            options = subject.environment({**scenario.ours, **listening})
            environment = {**base_environment(home), **options, **aws}
            told = {"name": scenario.name, "tasks": scenario.tasks, "watch": scenario.watch}
            told |= {"settle": dict(scenario.settle)}
            command = [*under, sys.executable, "-m", "benchmarks.drive", json.dumps(told), subject.name, url]
            done = subprocess.run(  # noqa: S603 - our own module
                [*command, str(home / "drive.json")], env=environment, stdout=out, stderr=out, check=False
            )
        if done.returncode or not (home / "drive.json").exists():
            raise RuntimeError(f"{scenario.name} of {subject.name} ended badly, see {log}")
        return Raw(
            scenario=scenario,
            subject=subject,
            drive=json.loads((home / "drive.json").read_text()),
            cloud=json.loads((home / "cloud.json").read_text()),
        )


@contextmanager
def cloud(
    plan: Mapping[str, Any], home: Path, module: str = "benchmarks.cloud", errors: IO[str] | None = None
) -> Iterator[dict[str, str]]:
    """Run this module as the process of the embedded AWS; yields what its users need."""
    process = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", module, json.dumps(plan)],
        env=base_environment(home),
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
    )
    try:
        assert process.stdout is not None
        url, _, key = process.stdout.readline().strip().partition(" ")
        if not url:
            raise RuntimeError("the embedded AWS did not start")
        yield {"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": key}
    finally:
        process.terminate()
        process.wait(30)
