"""How often a task instance was killed for memory, by Airflow's event log; and that nobody looks in vain."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from airflow.models import Log
from airflow.utils.session import create_session

from aws_executors import compose, ecs
from aws_executors.core.cost.record import USED, UsageRecord, entry_of
from aws_executors.core.requests.launch import Task
from aws_executors.shell.airflow.usage.records import memory_kills
from aws_executors.shell.airflow.work_items import WorkItems
from support.airflow_rows import task_instance

pytestmark = pytest.mark.usefixtures("airflow_db")

KILLED = "The container ran out of memory and was killed (arn:1, exit code 137). AWS says: OutOfMemoryError"


def log(task: Task, event: str, extra: str, try_number: int) -> None:
    with create_session(scoped=False) as session:
        row = Log(event=event, extra=extra, run_id=task.run_id, map_index=task.map_index)
        row.dag_id, row.task_id, row.try_number = task.dag_id, task.task_id, try_number
        session.add(row)


@pytest.fixture
def task() -> Task:
    key = task_instance().key
    return Task(dag_id=key.dag_id, task_id=key.task_id, run_id=key.run_id, try_number=4)


def test_each_earlier_try_that_was_killed_counts_once(task: Task) -> None:
    assert memory_kills(task) == 0
    log(task, "container failed", KILLED, 1)
    log(task, USED, entry_of(UsageRecord(killed=True)), 1)
    log(task, "container failed", "The container exited with an error (arn:2, exit code 3).", 2)
    log(task, USED, entry_of(UsageRecord(killed=True)), 3)
    assert memory_kills(task) == 2
    assert memory_kills(replace(task, try_number=2)) == 1


def test_others_and_other_words_do_not_count(task: Task) -> None:
    log(replace(task, map_index=7), "container failed", KILLED, 1)
    log(replace(task, run_id="another"), "container failed", KILLED, 1)
    log(task, "container log", "OutOfMemoryError says my own code", 1)
    log(task, USED, entry_of(UsageRecord(killed=False)), 1)
    log(task, "container failed", KILLED, 4)
    assert memory_kills(task) == 0


def looked_up(build: Callable[..., object], task: Task, *, has_row: bool = True) -> bool:
    configured = SimpleNamespace(build=build)
    items: WorkItems[Any, Any] = WorkItems(
        executor=cast("Any", None),
        configured=cast("Any", configured),
        spec=cast("Any", None),
        ways=cast("Any", None),
        queueing=600,
    )
    return items._kills(cast("Any", SimpleNamespace(task=task, has_row=has_row))) is not None


def test_it_is_looked_up_only_for_a_retry_whose_builder_asks(task: Task) -> None:
    asks = compose(ecs.build, ecs.with_more_memory(most="8 GiB"))
    assert looked_up(asks, task)
    assert not looked_up(ecs.build, task)
    assert not looked_up(asks, replace(task, try_number=1))
    assert not looked_up(asks, task, has_row=False)
