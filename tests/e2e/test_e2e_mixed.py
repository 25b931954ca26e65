"""LocalExecutor beside both of ours, and tasks that leave their containers and come back; after the examples,
whose Airflow it shares.

Law: `mixed.py` says what is claimed. Here that a claim fails when it should.
"""

import pytest

from aws_executors.demo.api import TaskTry
from aws_executors.demo.containers import Container
from e2e.examples import Show
from e2e.mixed import TASKS, each_segment, happen, of_their_services


def test_each_segment_has_a_container_of_its_own_however_its_executor_is_named(shown: Show) -> None:
    shown.turn.write_text("")
    made = happen(shown.up)
    print(*made, sep="\n")
    assert all(claim.holds for claim in made)


@pytest.mark.parametrize(
    ("found", "faults"),
    [
        ([*TASKS, *TASKS], []),
        ([*TASKS, *list(TASKS)[1:]], [f"{next(iter(TASKS))}: 1 times, not 2"]),
        ([*TASKS, *TASKS, "another"], ["another: 1 times, not 0"]),
    ],
)
def test_a_segment_too_few_or_too_many_is_told(found: list[str], faults: list[str]) -> None:
    assert list(each_segment("user code began", found, TASKS).faults) == faults


def test_a_container_of_another_service_is_told() -> None:
    task = TaskTry(task_id="deferred_batch_by_class", try_number=1)
    other = Container(
        service="ECS", id="0b6e", task=task, status="STOPPED", exit_codes=(0,), created=1.0, stopped=2.0
    )
    assert not of_their_services([other]).holds
