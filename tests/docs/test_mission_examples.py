"""The examples of airflow-aws-executors' own documentation, as a person writes them now.

One test per example, named after it: both ``executor_config`` examples, both extensions by a dict, both
extensions by a subclass. What goes through airflow.cfg runs in a process of its own, with the very lines of
the example in ``AIRFLOW_HOME/plugins/custom_module.py``; only the package's name differs.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from aws_executors import Launch, RequestError, Task, batch, compose, ecs, queue_is, to_kwargs, when

SRC = str(Path(__file__).parents[2] / "src")
TASK = Task(dag_id="tutorial", task_id="say_hello")
COMMAND = ("python", "-m", "airflow.sdk.execution_time.execute_workload", "--json-string", "{}")
BATCH = batch.BatchSettings(
    region="us-east-1",
    job_name="airflow-job-name",
    job_queue="airflow-job-queue",
    job_definition="airflow-job-definition:2",
)
FARGATE = ecs.EcsSettings(
    region="us-east-1",
    cluster="airflow",
    container_name="airflow-container",
    task_definition="airflow-task:3",
    security_groups=("sg-AAA", "sg-BBB"),
    subnets=("subnet-XXXXXXXX", "subnet-YYYYYYYY"),
)


def batch_launch(queue: str = "default", config: object = None) -> Launch[batch.BatchSettings]:
    return Launch(
        task=TASK, command=COMMAND, settings=BATCH, token="0b6e", queue=queue, executor_config=config
    )


def fargate_launch(queue: str = "default", config: object = None) -> Launch[ecs.EcsSettings]:
    return Launch(
        task=TASK, command=COMMAND, settings=FARGATE, token="0b6e", queue=queue, executor_config=config
    )


def test_executor_config_of_batch() -> None:
    executor_config = dict(vcpus=1, memory=512)  # noqa: C408 - as the example has it
    assert to_kwargs(batch.build(batch_launch(config=executor_config))) == {
        "jobName": "airflow-job-name-0b6e-1",
        "jobQueue": "airflow-job-queue",
        "jobDefinition": "airflow-job-definition:2",
        "containerOverrides": {
            "command": list(COMMAND),
            "resourceRequirements": [{"value": "1", "type": "VCPU"}, {"value": "512", "type": "MEMORY"}],
        },
    }


def test_executor_config_of_ecs() -> None:
    executor_config = dict(cpu=256, memory=512)  # noqa: C408 - as the example has it
    kwargs = to_kwargs(ecs.build(fargate_launch(config=executor_config)))
    assert kwargs["overrides"] == {
        "containerOverrides": [
            {"name": "airflow-container", "command": list(COMMAND), "cpu": 256, "memory": 512}
        ]
    }


CONFIGURED = """
import json, os, sys
from pathlib import Path
from airflow.configuration import AIRFLOW_HOME, conf
from aws_executors import Launch, Task, to_kwargs
from aws_executors.core.services import SERVICES
from aws_executors.shell.airflow.configuration.configured import configure
from returns.result import Success

for name, section, module, options in json.loads(sys.argv[1]):
    Path(AIRFLOW_HOME, "plugins", "custom_module.py").write_text(module)
    sys.stdout.flush()
    if fork := os.fork():
        assert os.waitpid(fork, 0)[1] == 0, name
        continue
    os.environ.update(options)
    configured = configure(SERVICES[section], conf)
    assert isinstance(configured, Success), str(configured.failure())
    made = configured.unwrap()
    requests = [
        to_kwargs(made.build(Launch(task=Task(dag_id="tutorial", task_id="say_hello"), command=("run",),
                                    settings=made.settings, token="0b6e", queue=queue,
                                    executor_config={"memory": 512})))
        for queue in ("default", "long_tasks_queue")
    ]
    print("REQUESTS", json.dumps([name, requests]))
    sys.exit()
"""

BATCH_OPTIONS = {
    "AIRFLOW__BATCH__REGION": "us-east-1",
    "AIRFLOW__BATCH__JOB_NAME": "airflow-job-name",
    "AIRFLOW__BATCH__JOB_QUEUE": "airflow-job-queue",
    "AIRFLOW__BATCH__JOB_DEFINITION": "airflow-job-definition:2",
}
FARGATE_OPTIONS = {
    "AIRFLOW__ECS_FARGATE__REGION": "us-west-2",
    "AIRFLOW__ECS_FARGATE__CLUSTER": "airflow",
    "AIRFLOW__ECS_FARGATE__CONTAINER_NAME": "airflow-container",
    "AIRFLOW__ECS_FARGATE__TASK_DEFINITION": "airflow-task:3",
    "AIRFLOW__ECS_FARGATE__SECURITY_GROUPS": "sg-AAA,sg-BBB",
    "AIRFLOW__ECS_FARGATE__SUBNETS": "subnet-XXXXXXXX,subnet-YYYYYYYY",
}


EXAMPLES = {
    "batch by a dict": (
        "batch",
        """
        from aws_executors.conf import BATCH_SUBMIT_JOB_KWARGS
        from copy import deepcopy

        # Add retries & timeout to default config
        CUSTOM_SUBMIT_JOB_KWARGS = deepcopy(BATCH_SUBMIT_JOB_KWARGS)
        CUSTOM_SUBMIT_JOB_KWARGS['retryStrategy'] = {'attempts': 3}
        CUSTOM_SUBMIT_JOB_KWARGS['timeout'] = {'attemptDurationSeconds': 24 * 60 * 60 * 60}
        """,
        BATCH_OPTIONS | {"AIRFLOW__BATCH__SUBMIT_JOB_KWARGS": "custom_module.CUSTOM_SUBMIT_JOB_KWARGS"},
    ),
    "fargate by a dict": (
        "ecs_fargate",
        """
        from aws_executors.conf import ECS_FARGATE_RUN_TASK_KWARGS
        from copy import deepcopy

        # Add environmental variables to contianer overrides
        CUSTOM_RUN_TASK_KWARGS = deepcopy(ECS_FARGATE_RUN_TASK_KWARGS)
        CUSTOM_RUN_TASK_KWARGS['overrides']['containerOverrides'][0]['environment'] = [
            {'name': 'CUSTOM_ENV_VAR', 'value': 'enviornment variable value'}
        ]
        """,
        FARGATE_OPTIONS | {"AIRFLOW__ECS_FARGATE__RUN_TASK_KWARGS": "custom_module.CUSTOM_RUN_TASK_KWARGS"},
    ),
    "batch by a subclass": (
        "batch",
        """
        from aws_executors import compose, queue_is, when
        from aws_executors import batch
        from aws_executors.batch import with_retry, with_timeout

        build = compose(
            batch.build,
            when(queue_is("long_tasks_queue"), with_retry(3), with_timeout(hours=24)),
        )
        """,
        BATCH_OPTIONS | {"AIRFLOW__BATCH__REQUEST_BUILDER": "custom_module.build"},
    ),
}
"""What goes through airflow.cfg: the section, the module, and the options, by example."""


@pytest.fixture(scope="module")
def configured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, object]]]:
    """The requests for the queues `default` and `long_tasks_queue` under each example's configuration: each
    has a fork of one process, which has imported Airflow and nothing of theirs."""
    home = tmp_path_factory.mktemp("airflow")
    (home / "plugins").mkdir()
    told = [(name, section, dedent(text), said) for name, (section, text, said) in EXAMPLES.items()]
    database = {"AIRFLOW_HOME": str(home), "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/a.db"}
    done = subprocess.run(
        [sys.executable, "-B", "-c", CONFIGURED, json.dumps(told)],  # -B: one file, written again and again
        env=os.environ | database | {"PYTHONPATH": SRC},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("REQUESTS ")]
    requests: dict[str, list[dict[str, object]]] = dict(
        json.loads(line.removeprefix("REQUESTS ")) for line in lines
    )
    return requests


def test_extension_of_batch_by_a_dict(configured: Mapping[str, list[dict[str, object]]]) -> None:
    request, other = configured["batch by a dict"]
    assert request == other == {
        "jobName": "airflow-job-name-0b6e-1",
        "jobQueue": "airflow-job-queue",
        "jobDefinition": "airflow-job-definition:2",
        "containerOverrides": {
            "command": ["run"],
            "resourceRequirements": [{"value": "512", "type": "MEMORY"}],
        },
        "retryStrategy": {"attempts": 3},
        "timeout": {"attemptDurationSeconds": 5_184_000},  # 60 days: the example's slip, taken as it is
    }  # fmt: skip


def test_extension_of_fargate_by_a_dict(configured: Mapping[str, list[dict[str, object]]]) -> None:
    request, other = configured["fargate by a dict"]
    assert request == other
    assert request["overrides"] == {
        "containerOverrides": [
            {
                "name": "airflow-container",
                "command": ["run"],
                "environment": [{"name": "CUSTOM_ENV_VAR", "value": "enviornment variable value"}],
                "memory": 512,
            }
        ]
    }
    assert request["launchType"] == "FARGATE"
    assert request["platformVersion"] == "LATEST"


def test_extension_of_batch_by_a_subclass_is_a_composed_builder() -> None:
    build = compose(
        batch.build,
        when(queue_is("long_tasks_queue"), batch.with_retry(3), batch.with_timeout(hours=24)),
    )
    plain = to_kwargs(batch.build(batch_launch()))
    assert to_kwargs(build(batch_launch())) == plain
    assert to_kwargs(build(batch_launch("long_tasks_queue"))) == plain | {
        "retryStrategy": {"attempts": 3},
        "timeout": {"attemptDurationSeconds": 86_400},
    }


def test_the_subclass_examples_own_number_of_seconds_is_taken_as_it_is() -> None:
    build = compose(batch.build, batch.with_timeout(seconds=24 * 60 * 60 * 60))
    assert build(batch_launch()).timeout.attempt_duration_seconds == 5_184_000


def test_extension_of_batch_by_a_subclass_is_named_in_airflow_cfg(
    configured: Mapping[str, list[dict[str, object]]],
) -> None:
    default, long = configured["batch by a subclass"]
    assert "retryStrategy" not in default
    assert long == default | {
        "retryStrategy": {"attempts": 3},
        "timeout": {"attemptDurationSeconds": 86_400},
    }


@pytest.mark.parametrize("member", ["retryStrategy", "timeout"])
def test_extension_of_fargate_by_a_subclass_set_what_run_task_does_not_have(member: str) -> None:
    values = {"retryStrategy": {"attempts": 3}, "timeout": {"attemptDurationSeconds": 24 * 60 * 60 * 60}}
    with pytest.raises(RequestError) as told:
        ecs.from_kwargs({"taskDefinition": "airflow-task:3", member: values[member]})
    assert str(told.value).startswith(f"run_task_kwargs: '{member}' is not known")
    assert "Allowed: taskDefinition, cluster, launchType" in str(told.value)


def test_extension_of_fargate_by_a_subclass_is_a_composed_builder() -> None:
    build = compose(
        ecs.build,
        when(
            queue_is("long_tasks_queue"),
            ecs.with_task_size(cpu=1024, memory=2048),
            ecs.with_environment(CUSTOM_ENV_VAR="environment variable value"),
        ),
    )
    plain = to_kwargs(ecs.build(fargate_launch()))
    assert to_kwargs(build(fargate_launch())) == plain
    changed = to_kwargs(build(fargate_launch("long_tasks_queue")))
    assert {name: value for name, value in changed.items() if value != plain[name]} == {
        "overrides": {
            "containerOverrides": [
                {
                    "name": "airflow-container",
                    "command": list(COMMAND),
                    "environment": [{"name": "CUSTOM_ENV_VAR", "value": "environment variable value"}],
                }
            ],
            "cpu": "1024",
            "memory": "2048",
        }
    }
