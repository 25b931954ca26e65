"""Tasks that share a warm container, through a whole Airflow: each runs once, and has its own record.

Law: comes after the tests of S3 and of usage, whose Airflow it shares. What happens to warm containers when
schedulers die is in `make killed WARM=1`.
"""

import time

from aws_executors.core.cost.record import WARM_CONTAINER
from aws_executors.demo.containers import SEVERAL
from aws_executors.demo.stage import DemoStage
from e2e.test_e2e_usage import by

TASKS = [f"{service}_{number}" for service in ("batch", "ecs") for number in (1, 2, 3)]


def test_the_tasks_of_a_chain_take_turns(up: DemoStage) -> None:
    run = up.trigger("chained")
    up.deployment.wait_for("the end of the run", lambda: up.api.dag_run(run).ended or None, timeout=120.0)
    assert {one.task_id: one.state for one in up.api.task_instances(run)} == dict.fromkeys(TASKS, "success")
    # Nothing is left to run, so they do not stay for their five minutes.
    over = lambda: all(one.ended for one in up.containers()) or None  # noqa: E731
    up.deployment.wait_for("the end of the containers", over, timeout=120.0)
    turns = [turn for turn in up.turns() if turn.task.dag_id == "chained"]
    assert sorted(turn.task.task_id for turn in turns) == TASKS
    assert {turn.exit_code for turn in turns} == {0}
    # Two on a quiet machine; on a busy one another is started before the first is seen to be idle.
    assert len({turn.container for turn in turns}) < len(TASKS)
    assert up.slots().holds


def test_each_has_its_record_and_what_is_left_stands_by_itself(up: DemoStage) -> None:
    containers = sum(one.task == SEVERAL for one in up.containers())
    wanted = {**dict.fromkeys(TASKS, 1), WARM_CONTAINER: containers}
    deadline = time.monotonic() + 60.0
    while (found := records(up)) != wanted and time.monotonic() < deadline:
        time.sleep(3.0)
    assert found == wanted


def records(up: DemoStage) -> dict[str, int]:
    """How many there are of each task."""
    return {row["task"]: row["containers"] for row in by(up, "task") if row["dag"] == "chained"}
