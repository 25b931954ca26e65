"""`python -m aws_executors.local`: run the embedded AWS as a process.

Law: takes arguments; prints the URL and the variables that a client needs, one per line; ends at SIGTERM or
SIGINT.
"""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import sys
from collections.abc import Sequence

from aws_executors.local.start import LocalAws
from aws_executors.local.world import PRESETS

NEEDED = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
EXAMPLES = """\
examples:
  python -m aws_executors.local --port 4599
      an AWS on a port of your choice; its users need the export lines that it prints
  python -m aws_executors.local --delays fargate --seed 7 --real-limits
      with Fargate's real delays, the same in every run, and AWS's real request rates
  python -m aws_executors.local --container-env AIRFLOW_HOME=/tmp/worker --max-processes 2
      containers have AIRFLOW_HOME baked in; two run at once, more wait as tasks wait for capacity

while it runs (URL and KEY are what its first lines say; -H stands for -H "Authorization: Bearer KEY"):
  curl -H ... URL/_control/state
      everything that it knows
  curl -H ... -d '{"action": "RunTask", "times": 3}' URL/_control/faults/throttle
      the next three RunTask are throttled
  curl -H ... -d '{"target": "TASK-ARN"}' URL/_control/faults/reclaim_spot
      a Spot reclaim

It listens on loopback only, and answers only who has its key, which is made anew at each start: it runs any
command that it is sent. Containers are local processes with a clean
environment; the image's name is not looked at.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT. Returns 0; exits with 2 and the reason if it cannot start."""
    found = parser()
    chosen = found.parse_args(arguments)
    try:
        return serve(chosen)
    except (OSError, ValueError) as error:
        found.error(str(error))


def serve(chosen: argparse.Namespace) -> int:
    """Run with these options; raises OSError or ValueError, with the reason, if it cannot start."""
    aws = LocalAws(
        host=chosen.host,
        port=chosen.port,
        max_processes=chosen.max_processes,
        seed=chosen.seed,
        latency=chosen.latency_ms / 1000,
        delays=chosen.delays,
        container_env=dict(chosen.container_env),
        time_factor=chosen.time_factor,
        real_limits=chosen.real_limits,
    )
    told = _told_to_end()
    aws.start()
    lines = [f"aws_executors.local: {aws.url}"]
    lines += [
        f"export {name}={shlex.quote(value)}"
        for name, value in aws.environment.items()
        if chosen.exports or name in NEEDED
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
    os.read(told, 1)
    aws.stop()
    return 0


def _told_to_end() -> int:
    """The file from which a SIGTERM or SIGINT is read from now on; a wait for it misses no signal.

    Python runs handlers between two steps of the main thread: not while the thread begins to wait, and
    perhaps while it holds the lock of an Event; a handler that sets that Event would then wait for ever.
    """
    told, tell = os.pipe()
    os.set_blocking(tell, False)
    signal.set_wakeup_fd(tell)
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda number, frame: None)
    return told


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE, got {text!r}")
    return name, value


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    found = argparse.ArgumentParser(
        prog="python -m aws_executors.local",
        description="ECS, Batch, Logs, SQS, EventBridge and a little of S3 on loopback, with containers as "
        "local processes.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = found.add_argument
    add("--host", default="127.0.0.1", help="a loopback address (default %(default)s)")
    add("--port", type=int, default=0, help="the port; 0, the default, is a free one")
    add("--max-processes", type=int, default=4, help="containers at once, more wait (default %(default)s)")
    add(
        "--seed",
        type=int,
        default=0,
        help="of ids and delays; the same seed repeats a run (default %(default)s)",
    )
    add(
        "--latency-ms",
        type=float,
        default=0.0,
        help="added to every answer, milliseconds (default %(default)s)",
    )
    add(
        "--delays",
        choices=list(PRESETS),
        default="fast",
        help="of the lifecycle's steps (default %(default)s)",
    )
    add(
        "--time-factor",
        metavar="FACTOR",
        type=float,
        default=1.0,
        help="by which the delays are multiplied; a bill is as on AWS all the same (default %(default)s)",
    )
    add(
        "--container-env",
        metavar="NAME=VALUE",
        type=_pair,
        action="append",
        default=[],
        help="an environment variable of the image; repeatable",
    )
    add("--real-limits", action="store_true", help="throttle at AWS's real request rates")
    add(
        "--exports",
        action="store_true",
        help="also print the export lines that keep the machine's own AWS set-up out",
    )
    return found


if __name__ == "__main__":
    sys.exit(main())
