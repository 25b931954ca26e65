"""What stands in examples/ runs as it is, and says the same as the text beside it.

Law: each example is imported as a person's scheduler or DAG processor would import it, under the README's own
configuration; expectations are written by hand.
"""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from aws_executors import Launch, Task, batch, ecs, preview, to_kwargs

EXAMPLES = Path(__file__).parents[2] / "examples"
BATCH = {
    "region": "us-east-1",
    "job_name": "airflow",
    "job_queue": "airflow-job-queue",
    "job_definition": "airflow-job-definition",
}
FARGATE = {
    "region": "us-east-1",
    "cluster": "airflow",
    "container_name": "airflow",
    "task_definition": "airflow-task",
    "subnets": "subnet-1,subnet-2",
}
DAY = 86_400


def imported(path: str) -> ModuleType:
    """An example, imported by its file."""
    spec = importlib.util.spec_from_file_location(f"example_{Path(path).stem}", EXAMPLES / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def batch_launch(queue: str = "default", config: object = None) -> Launch[batch.BatchSettings]:
    return Launch(
        task=Task(dag_id="reporting_daily", task_id="load", run_id="manual"),
        command=("run",),
        settings=batch.BatchSettings.from_section(BATCH).unwrap(),
        token="0b6e",
        queue=queue,
        executor_config=config,
    )


def ecs_launch(
    dag_id: str = "etl", run_id: str = "manual", attempt: int = 1, config: object = None
) -> Launch[ecs.EcsSettings]:
    return Launch(
        task=Task(dag_id=dag_id, task_id="load", run_id=run_id),
        command=("run",),
        settings=ecs.EcsSettings.from_section(FARGATE).unwrap(),
        token="0b6e",
        attempt=attempt,
        executor_config=config,
    )


PLAIN_JOB = {
    "jobName": "airflow-0b6e-1",
    "jobQueue": "airflow-job-queue",
    "jobDefinition": "airflow-job-definition",
    "containerOverrides": {"command": ["run"]},
    "tags": {"dag": "reporting_daily", "task": "load"},
}
PLAIN_TASK = {
    "taskDefinition": "airflow-task",
    "cluster": "airflow",
    "launchType": "FARGATE",
    "platformVersion": "LATEST",
    "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1", "subnet-2"]}},
    "overrides": {
        "containerOverrides": [
            {
                "name": "airflow",
                "command": ["run"],
                "environment": [{"name": "STAGE", "value": "production"}],
            }
        ]
    },
    "startedBy": "airflow/0b6e",
    "clientToken": "0b6e-1",
    "count": 1,
}
SPOT = {"capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]}


@pytest.mark.parametrize(
    ("queue", "more"),
    [
        ("default", {}),
        (
            "long_tasks_queue",
            {"retryStrategy": {"attempts": 3}, "timeout": {"attemptDurationSeconds": DAY}},
        ),
        (
            "gpu-large",
            {
                "jobQueue": "gpu",
                "containerOverrides": {
                    "command": ["run"],
                    "resourceRequirements": [{"type": "GPU", "value": "1"}],
                },
            },
        ),
    ],
)
def test_the_builder_for_batch(queue: str, more: dict[str, object]) -> None:
    request = imported("my_module.py").build_batch(batch_launch(queue))
    assert to_kwargs(request) == PLAIN_JOB | more


@pytest.mark.parametrize(
    ("launch", "more", "without"),
    [
        (ecs_launch(), {}, ()),
        (ecs_launch(run_id="backfill__2026"), SPOT, ("launchType",)),
        (
            ecs_launch(run_id="backfill__2026", attempt=2),
            {"launchType": "FARGATE", "clientToken": "0b6e-2"},
            (),
        ),
    ],
)
def test_the_builder_for_fargate(
    launch: Launch[ecs.EcsSettings], more: dict[str, object], without: tuple[str, ...]
) -> None:
    expected = {name: value for name, value in (PLAIN_TASK | more).items() if name not in without}
    assert to_kwargs(imported("my_module.py").build_fargate(launch)) == expected


def test_the_builder_for_fargate_makes_reports_large() -> None:
    request = imported("my_module.py").build_fargate(ecs_launch("reporting_daily"))
    container = request.overrides.container_overrides[0]
    assert (request.overrides.cpu, request.overrides.memory) == ("1024", "4096")
    assert (container.cpu, container.memory) == (1024, 4096)


def test_a_builder_prints_as_the_code_that_makes_it() -> None:
    assert repr(imported("my_module.py").build_batch) == (
        "compose(build, with_cost_tags, "
        "when(queue_is('long_tasks_queue'), with_retry(3), with_timeout(hours=24)), "
        "when(queue_matches('gpu-*'), with_job_queue('gpu'), with_resources(gpu=1)))"
    )


def configured(monkeypatch: pytest.MonkeyPatch, section: str, options: dict[str, str]) -> None:
    for name, text in options.items():
        monkeypatch.setenv(f"AIRFLOW__{section}__{name.upper()}", text)


def test_the_dict_of_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    configured(monkeypatch, "BATCH", BATCH)
    assert imported("custom_module.py").CUSTOM_SUBMIT_JOB_KWARGS == {
        "containerOverrides": {},
        "jobName": "airflow",
        "jobQueue": "airflow-job-queue",
        "jobDefinition": "airflow-job-definition",
        "retryStrategy": {"attempts": 3},
        "timeout": {"attemptDurationSeconds": DAY},
    }


def test_the_dict_of_fargate(monkeypatch: pytest.MonkeyPatch) -> None:
    configured(monkeypatch, "ECS_FARGATE", FARGATE)
    made = imported("custom_fargate_module.py").CUSTOM_RUN_TASK_KWARGS
    assert made["overrides"] == {
        "containerOverrides": [
            {
                "name": "airflow",
                "environment": [{"name": "CUSTOM_ENV_VAR", "value": "environment variable value"}],
            }
        ]
    }
    assert (made["taskDefinition"], made["launchType"]) == ("airflow-task", "FARGATE")


def written(path: str) -> dict[str, object]:
    """What each task of a DAG file says in executor_config, after Airflow has read the file."""
    dag = imported(path).dag
    return {task.task_id: task.executor_config for task in dag.tasks}


def test_the_dag_on_batch() -> None:
    requests = {
        name: batch.build(batch_launch(config=config)) for name, config in written("dags/on_batch.py").items()
    }
    assert requests.keys() == {"in_short", "as_a_request", "typed"}
    assert preview(requests["typed"]) == preview(requests["as_a_request"])
    assert requests["in_short"].container_overrides == requests["typed"].container_overrides
    assert to_kwargs(requests["typed"])["timeout"] == {"attemptDurationSeconds": 3600}


def test_the_dag_on_fargate() -> None:
    requests = {
        name: ecs.build(ecs_launch(config=config)) for name, config in written("dags/on_fargate.py").items()
    }
    assert requests.keys() == {"in_short", "as_a_request", "typed"}
    assert preview(requests["typed"]) == preview(requests["as_a_request"])
    assert requests["in_short"].overrides.container_overrides[0].memory == 512
    assert to_kwargs(requests["typed"])["capacityProviderStrategy"] == SPOT["capacityProviderStrategy"]
