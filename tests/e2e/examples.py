"""`make e2e-examples`: Airflow's own example DAGs, by each executor in turn, and held to LocalExecutor.

Law: the files are the installed ones, unchanged; who runs them is a cluster policy's word. Turn after turn
the same runs are started in the same Airflow, and what is on record of each DAG then must be the same.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from sqlalchemy import Engine, create_engine, text

from aws_executors.demo import cloud
from aws_executors.demo.containers import Container
from aws_executors.demo.environment import AirflowHome, container_environment, isolate
from aws_executors.demo.processes import NotReadyError, ProcessDiedError, interruptible
from aws_executors.demo.proof import Claim, ended_well
from aws_executors.demo.stage import ASK, DemoStage, stage
from e2e import warm
from e2e.examples_table import CONF, FAILING, FEW, FOLLOWING, MORE, PASSED_OVER, VARYING
from e2e.mixed import LOCAL, MIXED
from e2e.postgres import postgres
from e2e.records import ENDED, label

HERE = Path(__file__).parent
PACKAGES = ("airflow.example_dags", "airflow.providers.standard.example_dags")
NAMES = cloud.Names(events="airflow-events")
TURNS: Mapping[str, str] = {LOCAL: "", "AwsEcsFargateExecutor": "ECS", "AwsBatchExecutor": "Batch"}
"""The executors in the order of their turns, and the service whose containers each starts."""
READ_WITHIN = 120.0  # seconds that Airflow may take to read the files
TURN_WITHIN = 900.0  # seconds that one executor may take
LINGERS = 30.0  # seconds that a container may take to end after its task
LOGICAL_DATE = "2026-01-05T00:00:0{}+00:00"  # a Monday; no date may come twice, and no template shows seconds

# A call of a task that is not answered in time is repeated, and a start that is repeated fails the task: on a
# busy machine that says nothing of executors.
EVERYWHERE: Mapping[str, str] = {
    "AIRFLOW__CORE__EXECUTOR": MIXED,
    "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "300",
    "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
}
OPTIONS: Mapping[str, str] = {
    **EVERYWHERE,
    "AIRFLOW__CORE__PARALLELISM": "4",  # processes of LocalExecutor
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "600",
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
    "PYTHONPATH": os.pathsep.join([str(HERE / "policies"), *filter(None, [os.environ.get("PYTHONPATH")])]),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is on record of one DAG's runs in one turn, in an order that does not depend on time."""

    runs: tuple[str, ...]
    tasks: tuple[str, ...]
    xcoms: tuple[str, ...]
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """How one executor's turn went: what is on record of each DAG, and the containers that were started."""

    executor: str
    outcomes: Mapping[str, Outcome]
    containers: tuple[Container, ...]
    seconds: float


def installed() -> dict[str, Path]:
    """The files with example DAGs, by name."""
    specs = [find_spec(package) for package in PACKAGES]
    folders = [Path(spec.origin).parent for spec in specs if spec is not None and spec.origin is not None]
    return {path.name: path for folder in folders for path in folder.glob("*.py") if path.stem != "__init__"}


@dataclass(frozen=True, slots=True)
class Show:
    """Airflow with all three executors on PostgreSQL, the DAGs that it knows, and a file with whose turn it
    is; if that is empty, a task goes where its DAG says."""

    up: DemoStage
    rows: Engine
    known: tuple[str, ...]
    turn: Path


@contextmanager
def show(names: Iterable[str], logs: Path) -> Iterator[Show]:
    """Airflow that has read these files, for as long as a block lasts."""
    with ExitStack() as stack:
        stack.enter_context(interruptible())
        dags = Path(stack.enter_context(TemporaryDirectory(prefix="aws-executors-dags-")))
        turn = Path(stack.enter_context(TemporaryDirectory(prefix="aws-executors-turn-"))) / "executor"
        turn.write_text(LOCAL)
        found = installed()
        for name in names:
            shutil.copy(found[name], dags)
        for folder in {path.parent / "sql" for path in found.values()}:
            shutil.copytree(folder, dags / "sql", dirs_exist_ok=True)  # which templates are read from
        image = stack.enter_context(warm.image(container_environment(AirflowHome(home=dags, dags=dags))))
        url = stack.enter_context(postgres(logs))
        options = {**OPTIONS, "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url, "EXECUTOR_IN_TURN": str(turn)}
        up = stack.enter_context(
            stage(dags, logs, options, NAMES, image={**image, **EVERYWHERE}, prepared=warm.components)
        )
        rows = create_engine(url)
        stack.callback(rows.dispose)
        yield Show(up, rows, read(up, rows, len(set(names))), turn)


def tell(shown: Show) -> tuple[Turn, ...]:
    """The turns of all executors."""
    return tuple(one(shown, name, number) for number, name in enumerate(TURNS))


def read(up: DemoStage, rows: Engine, count: int) -> tuple[str, ...]:
    """The DAGs, as soon as Airflow has read all files."""

    def all_read() -> Literal[True] | None:
        if faults := up.api.import_faults():
            raise NotReadyError("\n".join(f"{fault.filename}: {fault.stack_trace}" for fault in faults))
        return len(column(rows, "SELECT DISTINCT fileloc FROM dag")) == count or None

    up.deployment.wait_for(f"{count} files with examples", all_read, timeout=READ_WITHIN, every=ASK)
    return column(rows, "SELECT dag_id FROM dag ORDER BY dag_id")


def one(shown: Show, executor: str, number: int) -> Turn:
    """One executor's turn: start all, wait for all and for what they start, and read what is on record."""
    up, rows = shown.up, shown.rows
    began, before = time.monotonic(), {container.id for container in up.containers()}
    shown.turn.write_text(executor)
    last = max(map(int, column(rows, "SELECT id FROM dag_run")), default=0)
    wanted = {dag for dag in shown.known if dag not in PASSED_OVER}
    for dag in sorted(wanted - FOLLOWING):
        start(up, dag, LOGICAL_DATE.format(number))
    wait(up, rows, last, wanted, executor)
    found = {dag: outcome(rows, dag, last) for dag in sorted(wanted)}
    up.aws.wait_idle(LINGERS)
    started = tuple(container for container in up.containers() if container.id not in before)
    return Turn(executor, found, started, time.monotonic() - began)


def wait(up: DemoStage, rows: Engine, last: int, wanted: Set[str], executor: str) -> None:
    """Wait until each of these DAGs has had a run, and all runs have ended."""

    def over() -> Literal[True] | None:
        states = runs(rows, last)
        return True if set(states) >= wanted and set().union(*states.values()) <= ENDED else None

    try:
        up.deployment.wait_for(f"{executor}'s turn", over, timeout=TURN_WITHIN, every=ASK)
    except NotReadyError as error:
        found = runs(rows, last)
        waiting = {dag: found.get(dag) for dag in sorted(wanted) if not ENDED.issuperset(found.get(dag, " "))}
        raise NotReadyError(f"{error}\n{waiting}") from None


def start(up: DemoStage, dag: str, date: str) -> None:
    """Start a run as a person does."""
    body = {"logical_date": date, "conf": CONF.get(dag, {})}
    up.api.call("POST", f"/api/v2/dags/{dag}/dagRuns", body)


# --- What is on record -------------------------------------------------------------------------------------


def column(rows: Engine, query: str) -> tuple[str, ...]:
    """The first column of what a query finds."""
    with rows.connect() as connection:
        return tuple(map(str, connection.scalars(text(query))))


def runs(rows: Engine, last: int) -> dict[str, list[str]]:
    """The states of each DAG's runs since then."""
    states: dict[str, list[str]] = {}
    with rows.connect() as connection:
        query = text("SELECT dag_id, state FROM dag_run WHERE id > :last")
        for dag, state in connection.execute(query, {"last": last}):
            states.setdefault(dag, []).append(state)
    return states


OF_RUNS = (
    "JOIN dag_run r ON r.dag_id = {0}.{1}dag_id AND r.run_id = {0}.{1}run_id "
    "WHERE r.dag_id = :dag AND r.id > :last"
)
TASKS = f"SELECT t.task_id, t.map_index, t.state, t.try_number FROM task_instance t {OF_RUNS.format('t', '')}"
# What Airflow writes for itself is left out: links, and who was skipped, in an order left to chance.
XCOMS = (
    f"SELECT x.task_id, x.map_index, x.key, x.value FROM xcom x {OF_RUNS.format('x', '')} "
    "AND x.key <> 'skipmixin_key' AND x.key NOT LIKE '\\_link\\_%' ESCAPE '\\'"
)
EVENTS = (
    "SELECT a.uri, e.source_task_id, e.source_map_index, e.extra, e.partition_key "
    f"FROM asset_event e JOIN asset a ON a.id = e.asset_id {OF_RUNS.format('e', 'source_')}"
)


def outcome(rows: Engine, dag: str, last: int) -> Outcome:
    """What is on record of a DAG's runs since then."""
    which = {"dag": dag, "last": last}
    with rows.connect() as connection:
        tasks = [
            f"{label(task, index)} {state}, try {number}"
            for task, index, state, number in connection.execute(text(TASKS), which)
        ]
        xcoms = [
            f"{label(task, index)} {key} = {'varies' if f'{dag} {task} {key}' in VARYING else value}"
            for task, index, key, value in connection.execute(text(XCOMS), which)
        ]
        events = [
            f"{uri} by {label(task, index)}, {extra}, {key}"
            for uri, task, index, extra, key in connection.execute(text(EVENTS), which)
        ]
    states = runs(rows, last).get(dag, ())
    parts = [sorted(set(part) if dag in FOLLOWING else part) for part in (states, tasks, xcoms, events)]
    return Outcome(*map(tuple, parts))


# --- What is claimed of it ---------------------------------------------------------------------------------


def claims(turns: Sequence[Turn]) -> tuple[Claim, ...]:
    """All that must be so: under LocalExecutor as the table says, and the same under each of ours."""
    local, *others = turns
    return (as_known(local), *(claim for other in others for claim in compared(local, other)))


def as_known(local: Turn) -> Claim:
    """Each run ended as it should: that all fail alike proves nothing."""
    faults = [
        f"{dag}: {outcome.runs}"
        for dag, outcome in local.outcomes.items()
        if set(outcome.runs) != {"failed" if dag in FAILING else "success"}
    ]
    return Claim(f"{len(local.outcomes)} DAGs end under {LOCAL} as they should", tuple(faults))


def compared(local: Turn, other: Turn) -> Iterator[Claim]:
    """What differs from LocalExecutor, and whether all ran in containers of the right service."""
    size = sum(len(outcome.tasks) for outcome in other.outcomes.values())
    yield Claim(
        f"{len(other.outcomes)} DAGs with {size} task instances end under {other.executor} as under {LOCAL}",
        tuple(
            f"{dag}, {part}: {sorted(here ^ there)}"
            for dag, mine in other.outcomes.items()
            for part in (one.name for one in fields(Outcome))
            if (here := set(getattr(mine, part))) != (there := set(getattr(local.outcomes[dag], part)))
            or len(getattr(mine, part)) != len(getattr(local.outcomes[dag], part))
        ),
    )
    service = TURNS[other.executor]
    strange = {container.service for container in other.containers} - {service}
    yield Claim(f"all containers are of {service}", tuple(sorted(strange)))
    yield each_try_ran(other)
    yield ended_well(other.containers)


def each_try_ran(turn: Turn) -> Claim:
    """Every try of every task had a container of its own; what Airflow ends by itself has none at all."""
    ran = {(one.task.dag_id, one.task.label, one.task.try_number) for one in turn.containers}
    with_containers = {(dag, task) for dag, task, _ in ran}
    wanted = {
        (dag, task, number)
        for dag, outcome in turn.outcomes.items()
        for task, tries in map(tries_of, outcome.tasks)
        if (dag, task) in with_containers
        for number in range(1, tries + 1)
    }
    faults = [f"{dag}, {task} try {number} had no container" for dag, task, number in sorted(wanted - ran)]
    return Claim(f"{len(wanted)} tries had a container each", tuple(faults) or (() if wanted else ("none",)))


def tries_of(task: str) -> tuple[str, int]:
    """A task instance's label, and how many tries it has had.

    >>> tries_of("load[2] success, try 3")
    ('load[2]', 3)
    """
    return task.partition(" ")[0], int(task.rpartition(" ")[2])


# --- The command -------------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Run them all and print what is claimed, a line each; 0 if all of it holds."""
    parser = argparse.ArgumentParser(prog="make e2e-examples", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--logs", type=Path, default=Path(".examples"), help="where logs go")
    logs: Path = parser.parse_args(arguments).logs
    isolate()
    try:
        with show((*FEW, *MORE), logs) as shown:
            turns = tell(shown)
    except (NotReadyError, ProcessDiedError) as error:
        print(f"{error}\nThe logs are in {logs.resolve()}")
        return 1
    for turn in turns:
        print(f"{turn.executor:21} {turn.seconds:6.1f} s, {len(turn.containers)} containers")
    made = claims(turns)
    print(*made, sep="\n")
    return 0 if all(claim.holds for claim in made) else 1


if __name__ == "__main__":
    sys.exit(main())
