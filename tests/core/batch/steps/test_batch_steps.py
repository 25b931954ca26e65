"""Steps for Batch: each says its part of the request, prints as its call, and refuses what Batch would."""

from collections.abc import Callable

import pytest

from aws_executors import batch
from aws_executors.batch import (
    BatchSettings,
    EvaluateOnExit,
    Step,
    SubmitJob,
    build,
    with_consumable_resource,
    with_container,
    with_depends_on,
    with_environment,
    with_job_definition,
    with_job_queue,
    with_parameters,
    with_propagated_tags,
    with_resources,
    with_retry,
    with_share_identifier,
    with_tags,
    with_timeout,
)
from aws_executors.core.requests.compose import compose, unless, when
from aws_executors.core.requests.launch import Launch, Task
from aws_executors.core.requests.predicates import queue_is
from aws_executors.core.requests.wire import to_kwargs

SETTINGS = BatchSettings(region="us-east-1", job_name="airflow", job_queue="q", job_definition="d:3")
SEVERAL = BatchSettings(
    region="us-east-1", job_name="airflow", job_queue="q", job_definition="d:3", container_name="main"
)
LAUNCH = Launch(
    task=Task(dag_id="etl", task_id="load"),
    command=("run",),
    settings=SETTINGS,
    token="0b6e",
    executor_config={"environment": {"A": "1"}, "memory": 512, "tags": {"team": "etl"}},
)

HOST_LOST = EvaluateOnExit(action="RETRY", on_status_reason="Host EC2*")
STEPS: list[tuple[Step, str, dict[str, object]]] = [
    (with_retry(3), "with_retry(3)", {"retryStrategy": {"attempts": 3}}),
    (
        with_retry(2, on_exit=(HOST_LOST,)),
        f"with_retry(2, on_exit=({HOST_LOST!r},))",
        {
            "retryStrategy": {
                "attempts": 2,
                "evaluateOnExit": [{"action": "RETRY", "onStatusReason": "Host EC2*"}],
            }
        },
    ),
    (with_timeout(hours=24), "with_timeout(hours=24)", {"timeout": {"attemptDurationSeconds": 86400}}),
    (
        with_timeout(hours=1, minutes=2, seconds=3),
        "with_timeout(hours=1, minutes=2, seconds=3)",
        {"timeout": {"attemptDurationSeconds": 3723}},
    ),
    (
        with_resources(vcpus=0.25, memory=1024, gpu=1),
        "with_resources(vcpus=0.25, memory=1024, gpu=1)",
        {
            "containerOverrides": {
                "command": ["run"],
                "environment": [{"name": "A", "value": "1"}],
                "resourceRequirements": [
                    {"value": "1024", "type": "MEMORY"},
                    {"value": "0.25", "type": "VCPU"},
                    {"value": "1", "type": "GPU"},
                ],
            }
        },
    ),
    (
        with_environment({"my.name": "x"}, A="2"),
        "with_environment({'my.name': 'x'}, A='2')",
        {
            "containerOverrides": {
                "command": ["run"],
                "environment": [{"name": "A", "value": "2"}, {"name": "my.name", "value": "x"}],
                "resourceRequirements": [{"value": "512", "type": "MEMORY"}],
            }
        },
    ),
    (
        with_tags({"cost:center": "7"}, owner="x"),
        "with_tags({'cost:center': '7'}, owner='x')",
        {"tags": {"cost:center": "7", "owner": "x", "team": "etl"}},
    ),
    (with_propagated_tags(), "with_propagated_tags(True)", {"propagateTags": True}),
    (with_propagated_tags(False), "with_propagated_tags(False)", {"propagateTags": False}),
    (with_job_queue("night"), "with_job_queue('night')", {"jobQueue": "night"}),
    (with_job_definition("gpu:1"), "with_job_definition('gpu:1')", {"jobDefinition": "gpu:1"}),
    (with_share_identifier("teamA"), "with_share_identifier('teamA')", {"shareIdentifier": "teamA"}),
    (
        with_share_identifier("teamA", priority=0),
        "with_share_identifier('teamA', priority=0)",
        {"shareIdentifier": "teamA", "schedulingPriorityOverride": 0},
    ),
    (with_parameters(size="big"), "with_parameters(size='big')", {"parameters": {"size": "big"}}),
    (
        with_depends_on("a", "b"),
        "with_depends_on('a', 'b')",
        {"dependsOn": [{"jobId": "a"}, {"jobId": "b"}]},
    ),
    (
        with_consumable_resource("licence", 2),
        "with_consumable_resource('licence', 2)",
        {
            "consumableResourcePropertiesOverride": {
                "consumableResourceList": [{"consumableResource": "licence", "quantity": 2}]
            }
        },
    ),
]


@pytest.mark.parametrize(("step", "text", "changes"), STEPS)
def test_a_step_changes_its_own_part_and_nothing_else(
    step: Step, text: str, changes: dict[str, object]
) -> None:
    assert to_kwargs(compose(build, step)(LAUNCH)) == to_kwargs(build(LAUNCH)) | changes


@pytest.mark.parametrize(("step", "text", "changes"), STEPS)
def test_a_step_prints_as_the_call_that_makes_it_again(
    step: Step, text: str, changes: dict[str, object]
) -> None:
    assert repr(step) == text
    again = eval(text, dict(vars(batch)))
    assert (again, hash(again)) == (step, hash(step))


def test_a_sidecar_is_overridden_by_its_name() -> None:
    launch = Launch(task=LAUNCH.task, command=("run",), settings=SEVERAL, token="0b6e")
    step = with_container("proxy", command=("serve",), environment={"A": "1"}, vcpus=0.25, memory=64)
    assert to_kwargs(compose(build, step)(launch))["ecsPropertiesOverride"] == {
        "taskProperties": [
            {
                "containers": [
                    {"name": "main", "command": ["run"]},
                    {
                        "name": "proxy",
                        "command": ["serve"],
                        "environment": [{"name": "A", "value": "1"}],
                        "resourceRequirements": [
                            {"value": "0.25", "type": "VCPU"},
                            {"value": "64", "type": "MEMORY"},
                        ],
                    },
                ]
            }
        ]
    }
    assert repr(step) == (
        "with_container('proxy', command=('serve',), environment={'A': '1'}, vcpus=0.25, memory=64)"
    )
    assert eval(repr(step), dict(vars(batch))) == step


def test_the_airflow_containers_command_is_kept_from_steps() -> None:
    launch = Launch(task=LAUNCH.task, command=("run",), settings=SEVERAL, token="0b6e")
    step = with_container("main", command=("serve",))
    with pytest.raises(ValueError, match="with_container: the command cannot be set"):
        compose(build, step)(launch)


def test_a_sidecar_in_a_job_of_one_container_is_refused() -> None:
    step = with_container("proxy", command=("serve",))
    with pytest.raises(ValueError, match="containerOverrides and ecsPropertiesOverride are given together"):
        compose(build, step)(LAUNCH)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: with_retry(0), "with_retry: attempts must be at least 1, not 0"),
        (lambda: with_retry(11), "with_retry: attempts must be at most 10, not 11"),
        (lambda: with_timeout(), r"with_timeout\(\) is 0 s; Batch allows 60 s or more"),
        (lambda: with_timeout(seconds=59), r"with_timeout\(seconds=59\) is 59 s"),
        (lambda: with_timeout(hours=-1), "-3600 s"),
        (lambda: with_resources(vcpus=0), "VCPU must be a number above 0"),
        (lambda: with_resources(memory=2), "4 or more"),
        (lambda: with_resources(gpu=0), "GPU must be a whole number, 1 or more"),
        (lambda: with_environment(AWS_BATCH_X="1"), "AWS_BATCH"),
        (lambda: with_tags({"aws:x": "1"}), "aws:"),
        (lambda: with_share_identifier("team-a"), "letters and digits"),
        (lambda: with_share_identifier("a", priority=10000), "9999"),
        (lambda: with_job_queue(""), "at least 1 character"),
        (lambda: with_depends_on(""), "at least 1 character"),
    ],
)
def test_a_step_refuses_when_it_is_made_not_when_it_runs(make: Callable[[], Step], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


def test_more_than_twenty_dependencies_in_all_are_refused() -> None:
    ids = [str(number) for number in range(20)]
    assert len(compose(build, with_depends_on(*ids))(LAUNCH).depends_on) == 20
    with pytest.raises(ValueError, match="at most 20"):
        compose(build, with_depends_on(*ids), with_depends_on("one more"))(LAUNCH)


def own_step(launch: Launch[BatchSettings], request: SubmitJob) -> SubmitJob:
    return with_tags(dag=launch.task.dag_id)(launch, request)


def test_a_persons_own_step_is_a_plain_function() -> None:
    assert dict(compose(build, own_step)(LAUNCH).tags) == {"dag": "etl", "team": "etl"}


def test_a_later_step_wins_and_branches_go_by_the_launch() -> None:
    builder = compose(
        build,
        with_retry(2),
        when(queue_is("default"), with_retry(3)),
        unless(queue_is("default"), with_retry(4)),
    )
    assert builder(LAUNCH).retry_strategy.attempts == 3
    assert repr(builder) == (
        "compose(build, with_retry(2), when(queue_is('default'), with_retry(3)), "
        "unless(queue_is('default'), with_retry(4)))"
    )


def test_all_that_is_public_is_listed() -> None:
    public = {name for name in vars(batch) if name.isidentifier() and name[0] != "_"}
    assert public == set(batch.__all__)
