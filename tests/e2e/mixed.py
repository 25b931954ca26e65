"""`python -m e2e.mixed`: LocalExecutor beside both of ours, which tasks name in every way that Airflow knows.

Law: what is claimed is read from the AWS side and from what user code has written: each segment of a task had
a container of its own, of the service that the task named, and ran once. Airflow writes a token to some of
these rows, and leaves others with what the last segment has put there.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from aws_executors.demo.containers import Container
from aws_executors.demo.environment import AirflowHome, container_environment, isolate
from aws_executors.demo.processes import NotReadyError, ProcessDiedError
from aws_executors.demo.proof import Claim, ended_well, none_left, succeeded
from aws_executors.demo.stage import ASK, DemoStage, stage
from aws_executors.shell.airflow.features import NAMED_BY_CLASS
from e2e import warm
from e2e.postgres import postgres

SOURCE = Path(__file__).with_name("dags") / "mixed_dag.py"
DAG = "mixed"
LOCAL = "LocalExecutor"
CLASSES: Mapping[str, str] = {"ecs": "AwsEcsFargateExecutor", "batch": "AwsBatchExecutor"}
"""Our executors by their aliases, which are the names of the services, too."""
MIXED = ",".join([*(f"{alias}:aws_executors.executors.{name}" for alias, name in CLASSES.items()), LOCAL])
_HOW, _NAMES = ("class", CLASSES) if NAMED_BY_CLASS else ("alias", {alias: alias for alias in CLASSES})
TASKS: Mapping[str, str] = {
    **{
        f"{leaves}_{alias}_by_{_HOW}": name
        for alias, name in _NAMES.items()
        for leaves in ("deferred", "rescheduled")
    },
    "deferred_batch_by_alias": "batch",
    "rescheduled_ecs_by_path": f"aws_executors.executors.{CLASSES['ecs']}",
    "deferred_local": LOCAL,
}
"""By which name each task calls its executor."""
SEGMENTS = 2  # of each task
ENDED_WITHIN = 300.0  # seconds


def happen(up: DemoStage) -> tuple[Claim, ...]:
    """Run the DAG in an Airflow with these executors, and judge what is on record at the end."""
    dags, before = up.place.dags, {container.id for container in up.containers()}
    (dags / "mixed.json").write_text(json.dumps(TASKS))
    shutil.copy(SOURCE, dags)
    run = up.trigger(DAG)

    def ended() -> Literal[True] | None:
        return True if up.api.dag_run(run).ended and all(one.ended for one in up.containers()) else None

    up.deployment.wait_for("the run of all executors", ended, timeout=ENDED_WITHIN, every=ASK)
    instances = up.api.task_instances(run)
    started = tuple(container for container in up.containers() if container.id not in before)
    begun = (dags / "mixed.begun").read_text().splitlines()
    return (
        succeeded(instances),
        each_segment("user code began", begun, TASKS),
        each_segment("a container was started", map(name_of, started), TASKS.keys() - {"deferred_local"}),
        ended_well(started),
        of_their_services(started),
        none_left(up.aws.processes(), "container"),
    )


def name_of(container: Container) -> str:
    """The task whose container it is."""
    return container.task.label


def each_segment(what: str, found: Iterable[str], tasks: Iterable[str]) -> Claim:
    """It happened once for each segment of these tasks, and for nothing else."""
    counted, wanted = Counter(found), Counter(dict.fromkeys(tasks, SEGMENTS))
    faults = [
        f"{task}: {counted[task]} times, not {wanted[task]}"
        for task in sorted(counted | wanted)
        if counted[task] != wanted[task]
    ]
    return Claim(f"{what} once for each of {wanted.total()} segments", tuple(faults))


def of_their_services(started: Iterable[Container]) -> Claim:
    """Each container is of the service that its task named."""
    strange = [f"{one}: {one.service}" for one in started if f"_{one.service.lower()}" not in one.task.label]
    return Claim("each container is of the service that its task named", tuple(strange))


def tell(logs: Path) -> tuple[Claim, ...]:
    """All of it in an Airflow of its own."""
    with ExitStack() as stack:
        dags = Path(stack.enter_context(TemporaryDirectory(prefix="aws-executors-dags-")))
        executors = {"AIRFLOW__CORE__EXECUTOR": MIXED}
        environment = container_environment(AirflowHome(home=dags, dags=dags))
        image = stack.enter_context(warm.image({**environment, **executors}))
        url = stack.enter_context(postgres(logs))
        options = {**executors, "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url}
        up = stack.enter_context(
            stage(dags, logs, options, image={**image, **executors}, prepared=warm.components)
        )
        return happen(up)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it and print what is claimed, a line each; 0 if all of it holds."""
    parser = argparse.ArgumentParser(prog="python -m e2e.mixed", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--logs", type=Path, default=Path(".mixed"), help="where logs go")
    logs: Path = parser.parse_args(arguments).logs
    isolate()
    try:
        claims = tell(logs)
    except (NotReadyError, ProcessDiedError, RuntimeError, OSError) as error:
        print(f"{error}\nThe logs are in {logs.resolve()}")
        return 1
    print(*claims, sep="\n")
    return 0 if all(claim.holds for claim in claims) else 1


if __name__ == "__main__":
    sys.exit(main())
