"""What each predicate says of a launch, and how it prints."""

from dataclasses import replace

import pytest
from hypothesis import given

from aws_executors.core.ecs.settings import EcsSettings
from aws_executors.core.requests.compose import Predicate
from aws_executors.core.requests.launch import Launch, Task
from aws_executors.core.requests.predicates import (
    all_of,
    any_of,
    attempt_over,
    config_has,
    not_,
    queue_is,
    queue_matches,
    task_matches,
    try_number_over,
)
from support.strategies import ECS_SETTINGS, launches

LAUNCH = Launch(
    task=Task(dag_id="etl_daily", task_id="load", try_number=2),
    command=("airflow", "version"),
    settings=ECS_SETTINGS,
    token="0b6e",
    queue="gpu-a10",
    executor_config={"memory": 512},
    attempt=2,
)
yes, no = queue_is("gpu-a10"), queue_is("other")


@pytest.mark.parametrize(
    ("predicate", "answer"),
    [
        (queue_is("gpu-a10"), True),
        (queue_is("a", "gpu-a10"), True),
        (queue_is("gpu"), False),
        (queue_is(), False),
        (queue_matches("gpu-*"), True),
        (queue_matches("gpu"), False),
        (queue_matches("GPU-*"), False),
        (queue_matches("gpu-[ab]1?"), True),
        (task_matches(), True),
        (task_matches(dag="etl_*"), True),
        (task_matches(dag="etl_*", task="extract"), False),
        (task_matches(task="lo?d"), True),
        (config_has("memory"), True),
        (config_has("cpu"), False),
        (try_number_over(1), True),
        (try_number_over(2), False),
        (attempt_over(1), True),
        (attempt_over(2), False),
        (any_of(), False),
        (any_of(no, yes), True),
        (any_of(no, no), False),
        (all_of(), True),
        (all_of(yes, no), False),
        (all_of(yes, yes), True),
        (not_(yes), False),
        (not_(any_of(no, not_(yes))), True),
    ],
)
def test_answers(predicate: Predicate, answer: bool) -> None:
    assert predicate(LAUNCH) is answer
    assert eval(repr(predicate)) == predicate


@pytest.mark.parametrize("written", [None, 3, ["memory"], "memory"])
def test_a_config_that_is_no_mapping_has_nothing(written: object) -> None:
    assert config_has("memory")(replace(LAUNCH, executor_config=written)) is False


@given(launches)
def test_not_of_all_is_any_of_not(launch: Launch[EcsSettings]) -> None:
    parts = (queue_is("large"), try_number_over(3), attempt_over(3))
    assert not_(all_of(*parts))(launch) is any_of(*map(not_, parts))(launch)


def test_a_plain_function_is_a_predicate_and_prints_by_its_name() -> None:
    def on_mondays(launch: Launch[EcsSettings]) -> bool:
        return launch.task.run_id.startswith("monday")

    assert any_of(on_mondays)(LAUNCH) is False
    assert "on_mondays" in repr(any_of(on_mondays))
