"""The DAG that is run while things are killed: one task of each kind that leaves and enters containers.

Law: Airflow's SDK and the standard provider only, as in anybody's DAG. User code that begins, and user code
that ends, writes a line into the journal beside this file, in one write: that is how often it really ran,
whatever Airflow believes. One that begins while another process still is at the same task says so.
"""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import BaseOperator, Context, PokeReturnValue, dag, get_current_context, task

with suppress(ImportError):  # Airflow 3.1 has no callbacks that an executor runs
    from airflow.sdk.definitions.callback import SyncCallback
    from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

ECS = "AwsEcsFargateExecutor"
BATCH = "AwsBatchExecutor"
JOURNAL = Path(__file__).with_name("journal")
WORK = 2.0  # seconds that user code takes: long enough to be met by a fault


def write(word: str, whom: str) -> None:
    """One line of the journal: what happened, to which try of whom, in which process, when."""
    with JOURNAL.open("ab", buffering=0) as journal:
        journal.write(f"{word} {whom} {os.getpid()} {time.time():.3f}\n".encode())


def alive(pid: int) -> bool:
    """Whether a process is there; containers are processes of one machine here."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def at_it(task_id: str, map_index: int) -> set[int]:
    """The other processes that have begun this task, in whichever try, have not ended it and are alive."""
    lines = [line.split() for line in JOURNAL.read_text().splitlines()]
    mine = [line for line in lines if line[1:3] == [task_id, str(map_index)]]
    begun, ended = ({int(line[4]) for line in mine if line[0] == word} for word in ("begins", "ends"))
    return {pid for pid in begun - ended - {os.getpid()} if alive(pid)}


@contextmanager
def written(context: Context, seconds: float = WORK) -> Iterator[None]:
    """User code between its two lines."""
    ti = context["ti"]
    map_index = -1 if ti.map_index is None else ti.map_index
    whom = f"{ti.task_id} {map_index} {ti.try_number}"
    write("begins", whom)
    if at_it(ti.task_id, map_index):
        write("meets", whom)
    try:
        time.sleep(seconds)
        yield
    finally:
        write("ends", whom)


def late(**kwargs: object) -> None:
    """The DAG's deadline has passed: a callback, which runs in a container too."""
    write("calls", "deadline -1 1")


class Pause(BaseOperator):
    """Leaves its container while it waits, and comes back in another one."""

    def execute(self, context: Context) -> None:
        with written(context, 0.5):
            pass
        self.defer(trigger=TimeDeltaTrigger(timedelta(seconds=2)), method_name="resume")

    def resume(self, context: Context, event: Mapping[str, object] | None = None) -> None:
        with written(context, 0.5):
            pass


@task(executor=ECS)
def plain_ecs() -> None:
    with written(get_current_context()):
        pass


@task(executor=BATCH)
def plain_batch() -> None:
    with written(get_current_context()):
        pass


@task(executor=ECS)
def mapped(number: int) -> int:
    with written(get_current_context()):
        return number * number


@task(executor=BATCH, retries=3, retry_delay=timedelta(seconds=1))
def retrying() -> None:
    """Fails at its first try, as planned."""
    with written(get_current_context(), 0.5):
        if get_current_context()["ti"].try_number == 1:
            raise RuntimeError("the first try fails, as planned")


@task(executor=ECS)
def failing() -> None:
    """Fails, and has no retry left."""
    with written(get_current_context(), 0.5):
        raise RuntimeError("fails, as planned")


@task.sensor(executor=BATCH, poke_interval=3, timeout=600, mode="reschedule")
def rescheduled() -> PokeReturnValue:
    """Is done when it looks for the second time; in between it has no container."""
    context = get_current_context()
    with written(context, 0.5):
        ti = context["ti"]
        mine = f"begins {ti.task_id} {ti.map_index} {ti.try_number} "
        return PokeReturnValue(is_done=JOURNAL.read_text().count(mine) > 1)


def deadline() -> dict[str, Any]:
    """A deadline whose callback runs in a container, where Airflow has that."""
    if "DeadlineAlert" not in globals():
        return {}
    alert = DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=timedelta(seconds=5),
        callback=SyncCallback(late, executor=ECS),
    )
    return {"deadline": alert}


@dag(dag_id="killed", schedule=None, catchup=False, **deadline())
def killed() -> None:
    """Tasks on Batch and on ECS/Fargate, in one DAG."""
    Pause(task_id="deferring", executor=ECS, priority_weight=3)
    rescheduled.override(priority_weight=3)()
    retrying.override(priority_weight=2)()
    plain_ecs()
    plain_batch()
    failing()
    mapped.expand(number=[1, 2])


killed()
