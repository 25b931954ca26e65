"""`make killed`: real Airflow on a real database, run into a fault, judged when all is over.

Law: one story at a time, of `make killed` each with a deployment of its own, which is ended with it. A
seed is all that a story needs to be told again: `make killed SEED=7`.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from sqlalchemy import Engine, create_engine

from aws_executors.demo.cloud import Names
from aws_executors.demo.containers import CALLBACK, SEVERAL
from aws_executors.demo.environment import AirflowHome, container_environment, isolate
from aws_executors.demo.processes import NotReadyError, ProcessDiedError, interruptible
from aws_executors.demo.proof import Claim, none_left
from aws_executors.demo.stage import ASK, DemoStage, stage
from aws_executors.shell.airflow.features import RUNS_CALLBACKS
from e2e import records, warm
from e2e.acts import ACTS, DAG, begin
from e2e.claims import Records, claims
from e2e.plans import Database, Plan, plan
from e2e.postgres import postgres

SOURCE = Path(__file__).with_name("dags") / "killed_dag.py"
AT_ONCE = 3  # containers
WARM_AT_ONCE = 6  # those that wait for a workload count
WARM_IDLE = "8"  # seconds
ENDED_WITHIN = 150.0  # seconds from the fault's end to the last container's
# Seconds from there to the last free slot. What was carried out in an outage without an answer is heard of at
# the next repeat, a minute later at most; a callback has no row that would tell sooner.
FREE_WITHIN = 75.0

# What takes Airflow minutes in production, in seconds.
QUICK: Mapping[str, str] = {
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "3",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "6",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "600",  # files that do not change are read once
}


@dataclass(frozen=True, slots=True)
class Story:
    """How one plan went: what was claimed of it, in how many seconds."""

    plan: Plan
    claims: tuple[Claim, ...]
    records: Records
    seconds: float

    @property
    def well(self) -> bool:
        return all(claim.holds for claim in self.claims)


def tell(plan: Plan, logs: Path) -> Story:
    """Bring a deployment up, and let the fault happen to it."""
    with ExitStack() as stack:
        stack.enter_context(interruptible())
        dags = Path(stack.enter_context(TemporaryDirectory(prefix="aws-executors-dags-")))
        shutil.copy(SOURCE, dags)
        options = {
            **QUICK,
            **launcher(),
            **adoption(plan.adopt),
            **stack.enter_context(database(plan.database, logs)),
        }
        image = stack.enter_context(warm.image(container_environment(AirflowHome(home=dags, dags=dags))))
        names, at_once = (Names(warm=WARM_IDLE), WARM_AT_ONCE) if plan.warm else (Names(), AT_ONCE)
        up = stack.enter_context(stage(dags, logs, options, names, at_once=at_once, image=image))
        return happen(up, plan)


def happen(up: DemoStage, plan: Plan) -> Story:
    """Let the fault happen to what is up, and judge what is on record at the end."""
    began = time.monotonic()
    sqlite = f"sqlite:///{up.place.home / 'airflow.db'}"
    rows = create_engine(up.deployment.environment.get(DATABASE, sqlite))
    try:
        up.aws.faults.delays("fast")
        begin(up, plan, rows)
        ACTS[plan.fault](up, plan)
        in_time = over(up, rows)
        rest = at_rest(up)  # first: a callback that was refused meanwhile may begin after the run has ended
        found = on_record(up, rows, up.place.dags / "journal")
        judged = (in_time, *claims(found, plan), *rest)
    finally:
        rows.dispose()
        up.aws.faults.latency(0.0)
        up.aws.faults.delays("none")
    return Story(plan, judged, found, time.monotonic() - began)


SECTIONS = ("ECS_FARGATE", "BATCH")
DATABASE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"


@contextmanager
def database(kind: Database, logs: Path) -> Iterator[dict[str, str]]:
    """The options for Airflow's database: none for SQLite, which is Airflow's own choice."""
    if kind is Database.SQLITE:
        yield {}
        return
    with postgres(logs) as url:
        yield {DATABASE: url}


def adoption(on: bool) -> dict[str, str]:
    """`adopt_task_instances` of both executors."""
    return {f"AIRFLOW__{section}__ADOPT_TASK_INSTANCES": str(on) for section in SECTIONS}


def launcher() -> dict[str, str]:
    """Ours, where Airflow's own runs no callback."""
    if RUNS_CALLBACKS:
        return {}
    return {f"AIRFLOW__{section}__LAUNCHER": "aws_executors" for section in SECTIONS}


# --- How it ends -------------------------------------------------------------------------------------------


def over(up: DemoStage, rows: Engine) -> Claim:
    """Wait until the run has ended and every container has; whether that was in time."""

    def ended() -> Literal[True] | None:
        run_has = records.run_state(rows, DAG) in records.ENDED
        return True if run_has and all(container.ended for container in up.containers()) else None

    claim = f"run and containers have ended within {ENDED_WITHIN:.0f} s"
    try:
        up.deployment.wait_for(claim, ended, timeout=ENDED_WITHIN, every=ASK)
    except NotReadyError:
        return Claim(claim, ("they have not",))
    return Claim(claim)


def on_record(up: DemoStage, rows: Engine, journal: Path) -> Records:
    """Everything that the claims are about."""
    whose = (DAG, CALLBACK.dag_id, SEVERAL.dag_id)
    return Records(
        last=records.tries(rows, DAG, last=True),
        before=records.tries(rows, DAG, last=False),
        lines=records.journal(journal),
        told=records.told(rows, DAG),
        containers=tuple(one for one in up.containers() if one.task.dag_id in whose),
        turns=tuple(one for one in up.turns() if one.task.dag_id in whose),
    )


def at_rest(up: DemoStage) -> tuple[Claim, ...]:
    """Nothing runs, and no scheduler thinks that anything does."""
    schedulers = [name for name in up.deployment.processes if name.startswith("scheduler")]
    slots = (up.slots(timeout=FREE_WITHIN, scheduler=name) for name in schedulers)
    return (*slots, none_left(up.aws.processes(), "container"))


# --- A row of them -----------------------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    """The command line."""
    found = argparse.ArgumentParser(prog="make killed", description=(__doc__ or "").splitlines()[0])
    found.add_argument("--seeds", type=int, default=20, help="how many, from 0 (default: %(default)s)")
    found.add_argument("--seed", type=int, action="append", help="this one; may be given again")
    found.add_argument(
        "--warm", action="store_true", help="with containers that take one workload after another"
    )
    found.add_argument(
        "--logs", type=Path, default=Path(".killed"), help="where logs go (default: %(default)s)"
    )
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Tell the stories of these seeds, a line each; 0 if every one went well."""
    options = parser().parse_args(arguments)
    isolate()
    seeds = options.seed if options.seed is not None else range(options.seeds)
    well = [one(plan(seed, warm=options.warm), options.logs / str(seed)) for seed in seeds]
    print(f"{sum(well)} of {len(well)} seeds went well")
    return 0 if all(well) else 1


def one(plan: Plan, logs: Path) -> bool:
    """Tell one story and print its line; if it went wrong, its logs and records stay."""
    shutil.rmtree(logs, ignore_errors=True)
    print(f"seed {plan.seed:3}  {plan}", end="", flush=True)
    try:
        story = tell(plan, logs)
    except (NotReadyError, ProcessDiedError, RuntimeError, OSError, subprocess.SubprocessError) as error:
        print(f"  NOT WELL; logs in {logs.resolve()}\n{error}", flush=True)
        return False
    if story.well:
        print(f"  {story.seconds:5.1f} s  well", flush=True)
        shutil.rmtree(logs)
        return True
    (logs / "records.txt").write_text(written(story.records))
    print(f"  {story.seconds:5.1f} s  NOT WELL; logs in {logs.resolve()}")
    print(*(claim for claim in story.claims if not claim.holds), sep="\n", flush=True)
    return False


def written(found: Records) -> str:
    """The records, a line each, for a person to find out what happened."""
    containers = [f"{one}: {one.status} {one.exit_codes} {one.reason}" for one in found.containers]
    return "\n".join(
        map(str, (*found.lines, *found.before, *found.last, *containers, *found.turns, *found.told))
    )


if __name__ == "__main__":
    sys.exit(main())
