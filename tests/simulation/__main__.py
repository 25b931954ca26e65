"""Run schedules for as long as it is told: ``python -m simulation --seconds 60 --seed 1``.

Law: arguments in, lines out, exit code 1 where a schedule failed. ``--count 1 --verbose --seed N`` repeats
one and tells its story.
"""

import argparse
import atexit
import logging
import os
import shutil
import sys
import tempfile
import time


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument(
        "--count", type=int, default=0, help="so many schedules; 0: as many as the time allows"
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="so long, where no count is given")
    parser.add_argument(
        "--events", action=argparse.BooleanOptionalAction, help="with events in all, or none (else in some)"
    )
    parser.add_argument("--warm", action="store_true", help="with warm containers")
    parser.add_argument("--verbose", action="store_true", help="tell the story of each")
    options = parser.parse_args()
    airflow_home()

    from simulation.plan import plan
    from simulation.run import Sum, run, shrunk, told

    total, seed, began = Sum(), options.seed, time.monotonic()
    while total.schedules < options.count or (
        not options.count and time.monotonic() - began < options.seconds
    ):
        verdict = run(plan(seed, events=options.events, warm=options.warm))
        total.add(verdict)
        if verdict.faults or options.verbose:
            print(told(verdict if options.verbose or not verdict.faults else run(shrunk(verdict.schedule))))
        seed += 1
    print(f"{total} in {time.monotonic() - began:.0f} s, seeds {options.seed} to {seed - 1}")
    return 1 if total.failed else 0


def airflow_home() -> None:
    """A home of its own for Airflow, before anything imports it; no log line of what is meant to fail."""
    home = tempfile.mkdtemp(prefix="aws-executors-simulation-")
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    os.environ |= {"AIRFLOW_HOME": home, "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    os.environ["AIRFLOW__API_AUTH__JWT_SECRET"] = "nobody signs anything here"
    logging.disable(logging.WARNING)


if __name__ == "__main__":
    sys.exit(main())
