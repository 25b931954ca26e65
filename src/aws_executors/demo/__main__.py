"""`python -m aws_executors.demo`: run the demo's DAG, show it, prove it, take everything down.

Law: parses, calls and prints. Exit code 0: every claim is true. 1: a claim is false; the output says which,
and where the logs are. 130: interrupted. In every case nothing is left running.
"""

import argparse
import shutil
import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from aws_executors.demo import cloud, proof, warm
from aws_executors.demo.api import DagRun, TaskInstance
from aws_executors.demo.environment import isolate
from aws_executors.demo.processes import NotReadyError, ProcessDiedError, own_folder, tail
from aws_executors.demo.stage import DemoStage, stage
from aws_executors.demo.watch import Sample, screen

DAGS = Path(__file__).parent / "dags"
DAG = "demo"
SEGMENTS = {"deferrable": 2}  # containers per try, for tasks that have more than one
INTERRUPTED = 130
POLL = 0.25  # seconds between two reads of AWS's containers, which are cheap
ASK = 1.0  # seconds between two calls of Airflow's API, which compete with the tasks for the CPU


@dataclass(frozen=True, slots=True)
class Stopwatch:
    """Prints events with the time since the start."""

    console: Console
    began: float

    def say(self, text: str) -> None:
        self.console.out(f"{time.time() - self.began:5.1f} s  {text}", highlight=False)


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    found = argparse.ArgumentParser(
        prog="python -m aws_executors.demo", description=(__doc__ or "").splitlines()[0]
    )
    found.add_argument(
        "--keep", action="store_true", help="leave everything running afterwards, until Ctrl-C"
    )
    found.add_argument(
        "--logs", type=Path, default=Path(".demo"), help="where logs go (default: %(default)s)"
    )
    found.add_argument(
        "--transport",
        choices=("inline", "s3"),
        default="inline",
        help="how workloads get into their containers (default: %(default)s)",
    )
    found.add_argument(
        "--events", action="store_true", help="hear of containers by EventBridge and SQS, and poll rarely"
    )
    found.add_argument(
        "--warm",
        action="store_true",
        help="a chain and two waves of short tasks, in containers of their own and in warm ones, with "
        "Fargate's clocks sped up: both clocks, and both bills",
    )
    found.add_argument(
        "--timeout", type=float, default=180.0, help="seconds the DAG may take (default: %(default)s)"
    )
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; returns the exit code."""
    return run(parser().parse_args(arguments))


def run(options: argparse.Namespace) -> int:
    """Run the demo with these options, on a stage of its own; returns the exit code."""
    names = cloud.Names(
        transport=options.transport,
        events="airflow-events" if options.events else "",
        usage=not options.warm,
        warm=warm.IDLE if options.warm else "",
    )
    try:
        with own_folder(options.logs) as logs:
            return run_on(fresh(logs, names), argparse.Namespace(**{**vars(options), "logs": logs}))
    except OSError as error:  # errors on the stage are reported by `run_on`
        Console().out(f"no logs can be written into {options.logs.resolve()}: {error}", highlight=False)
        return 1


def run_on(stage: AbstractContextManager[DemoStage], options: argparse.Namespace) -> int:
    """Run the demo on this stage; returns the exit code."""
    isolate()
    clock = Stopwatch(Console(), time.time())
    try:
        clock.say("starting an embedded AWS, and Airflow in front of it")
        with stage as up:
            green = run_demo(clock, up, timeout=options.timeout, keep=options.keep)
    except KeyboardInterrupt:
        clock.say("interrupted; everything is down")
        return INTERRUPTED
    except (NotReadyError, ProcessDiedError, RuntimeError, OSError) as error:  # OSError: a call of the API
        clock.say(f"{error}\nThe logs are in {options.logs.resolve()}")
        return 1
    clock.say(
        "everything is down, nothing is left running"
        if green
        else f"the logs are in {options.logs.resolve()}"
    )
    return 0 if green else 1


def fresh(logs: Path, names: cloud.Names) -> AbstractContextManager[DemoStage]:
    """A stage for the demo's DAGs, with empty logs."""
    for old in logs.glob("*.log"):
        old.unlink()
    tasks = logs.resolve() / "tasks"
    shutil.rmtree(tasks, ignore_errors=True)
    # Containers write their tasks' logs where the API server reads them, as if both mounted one file system.
    shared = {"AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(tasks)}
    if names.warm:
        return stage(
            warm.DAGS, logs, shared, names, image=shared, delays="fargate", time_factor=1 / warm.FASTER
        )
    return stage(DAGS, logs, shared, names, image=shared)


def run_demo(clock: Stopwatch, up: DemoStage, *, timeout: float, keep: bool) -> bool:
    """Run the DAG and check the result; returns whether every claim is true."""
    clock.say(f"Airflow is up: {up.place.url} (no login: everyone is an administrator)")
    if up.names.warm:
        claims = warm.run_cold_and_warm(clock.say, up, timeout)
    else:
        dag_run = up.trigger(DAG)
        claims = final_checks(up, dag_run, follow(up, dag_run, clock, timeout))
    for claim in claims:
        clock.console.out(str(claim), highlight=False)
    green = all(claim.holds for claim in claims)
    if not green:
        clock.console.out(f"the end of the scheduler's log:\n{tail(up.scheduler.log)}", highlight=False)
    if keep:
        stay(up, clock)
    return green


def follow(up: DemoStage, run: DagRun, clock: Stopwatch, timeout: float) -> tuple[TaskInstance, ...]:
    """Show a run until it and its containers have ended; returns its task instances."""
    deadline = time.time() + timeout
    ended, instances, asked = False, up.api.task_instances(run), time.time()
    with screen(clock.console, clock.began, f"DAG {run.dag_id}   {up.place.url}") as shown:
        while time.time() < deadline:
            up.deployment.check()
            containers = up.containers()
            shown.show(Sample(time.time(), instances, containers))
            if ended and all(container.ended for container in containers):
                return instances
            if time.time() > asked + ASK:
                ended, instances, asked = up.api.dag_run(run).ended, up.api.task_instances(run), time.time()
            time.sleep(POLL)
    raise NotReadyError(f"the DAG has not finished within {timeout:.0f} s\n{tail(up.scheduler.log)}")


def final_checks(
    up: DemoStage, dag_run: DagRun, instances: tuple[TaskInstance, ...]
) -> tuple[proof.Claim, ...]:
    """Check every claim at the end."""
    containers = up.containers()
    return (
        *by_store(up),
        proof.succeeded(instances),
        proof.ended_well(containers),
        proof.once_per_try(instances, containers, SEGMENTS),
        up.slots(),
        *by_usage(up, dag_run, len(containers)),
        proof.none_left(up.aws.processes(), "container"),
    )


def by_store(up: DemoStage) -> tuple[proof.Claim, ...]:
    """The further claims if workloads are stored in S3."""
    if up.names.transport == "inline":
        return ()
    return proof.tokenless(up.messages()), proof.none_left(up.emptied(), "stored workload")


def by_usage(up: DemoStage, dag_run: DagRun, containers: int) -> tuple[proof.Claim, ...]:
    """The further claims if the usage of containers is recorded."""
    return (proof.all_recorded(up.recorded(dag_run, containers), containers),) if up.names.usage else ()


def stay(up: DemoStage, clock: Stopwatch) -> None:
    """Leave everything running until Ctrl-C."""
    try:  # a user may press Ctrl-C before the line is completely written
        clock.say(f"{up.place.url} stays up until Ctrl-C")
        while True:
            up.deployment.check()
            time.sleep(POLL)
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    sys.exit(main())
