"""The AWS of the warm benchmarks: with Fargate's delays, a bill, and simulated containers (`players.py`).

Law: as `cloud.py`: sets up AWS, prints one line with the address and the key, and at SIGTERM writes one file
with all that happened.
"""

import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from aws_executors.local import LocalAws
from aws_executors.local.world import ProcessEvent
from benchmarks.cloud import ROOM, create
from benchmarks.players import Players

BUCKET = "airflow-workloads"
LATENCY = 0.02
"""Seconds until AWS answers: S3 in the same Region takes 10 to 30 ms for a small object."""


def main(arguments: Sequence[str]) -> None:
    """Run until SIGTERM; the one argument is a JSON object made by `warm.py`."""
    plan: dict[str, Any] = json.loads(arguments[0])
    made: list[Players] = []

    def runner(report: Callable[[ProcessEvent], None]) -> Players:
        made.append(Players(report, Path(plan["database"]), plan["factor"]))
        return made[0]

    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])  # in all threads, until it is fetched
    with LocalAws(
        max_processes=ROOM, runner=runner, delays="fargate", time_factor=plan["factor"], seed=plan["seed"]
    ) as aws:
        os.environ.update(aws.environment)
        create(aws)
        aws.client("s3").create_bucket(Bucket=BUCKET)
        aws.faults.latency(LATENCY)
        sys.stdout.write(f"{aws.url} {aws.key}\n")
        sys.stdout.flush()
        signal.sigwait([signal.SIGTERM])
        record = {
            "starts": made[0].starts,
            "ends": made[0].ends,
            "billed": aws.billed(),
            "calls": aws.calls(),
        }
        Path(plan["record"]).write_text(json.dumps(record))


if __name__ == "__main__":
    main(sys.argv[1:])
