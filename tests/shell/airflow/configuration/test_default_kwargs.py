"""The default kwargs as dicts, and the mission's two ways of extending them."""

import subprocess
import sys
from pathlib import Path

import pytest
from airflow.configuration import conf as airflow_conf

from aws_executors import conf
from aws_executors.core import services
from aws_executors.core.requests.launch import Launch, Task
from aws_executors.core.requests.wire import to_kwargs
from aws_executors.core.settings.errors import SettingsError
from aws_executors.shell.airflow.configuration.configured import configure

BATCH = {"region": "us-east-1", "job_name": "airflow", "job_queue": "queue", "job_definition": "job:3"}
ECS = {
    "region": "us-east-1",
    "cluster": "etl",
    "container_name": "airflow",
    "task_definition": "airflow:7",
    "subnets": "subnet-1",
}


@pytest.fixture
def sections(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both sections, as environment variables."""
    for option, text in BATCH.items():
        monkeypatch.setenv(f"AIRFLOW__BATCH__{option.upper()}", text)
    for option, text in ECS.items():
        monkeypatch.setenv(f"AIRFLOW__ECS_FARGATE__{option.upper()}", text)


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path of imports, as Airflow's plugins folder is."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_importing_it_imports_no_airflow() -> None:
    program = "import sys, aws_executors.conf; sys.exit('airflow' in sys.modules or 'boto3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.usefixtures("sections")
def test_what_the_options_say_in_the_spelling_of_boto3() -> None:
    assert conf.BATCH_SUBMIT_JOB_KWARGS == {
        "jobName": "airflow",
        "jobQueue": "queue",
        "jobDefinition": "job:3",
        "containerOverrides": {},
    }
    assert conf.ECS_FARGATE_RUN_TASK_KWARGS == {
        "cluster": "etl",
        "taskDefinition": "airflow:7",
        "launchType": "FARGATE",
        "platformVersion": "LATEST",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
        "overrides": {"containerOverrides": [{"name": "airflow"}]},
        "count": 1,
    }


@pytest.mark.usefixtures("sections")
def test_each_look_gives_a_dict_of_its_own() -> None:
    conf.ECS_FARGATE_RUN_TASK_KWARGS["overrides"]["containerOverrides"].clear()
    assert conf.ECS_FARGATE_RUN_TASK_KWARGS["overrides"] == {"containerOverrides": [{"name": "airflow"}]}


def test_no_other_name() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'OTHER'"):
        conf.OTHER  # type: ignore[attr-defined]  # noqa: B018


def test_a_section_with_faults_says_them() -> None:
    with pytest.raises(SettingsError, match=r"\[batch\] has 1 fault:\n  region is missing"):
        conf.BATCH_SUBMIT_JOB_KWARGS  # noqa: B018


@pytest.mark.usefixtures("sections")
def test_members_that_no_option_gives_are_left_to_the_person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW__BATCH__JOB_QUEUE")
    monkeypatch.delenv("AIRFLOW__ECS_FARGATE__SUBNETS")
    assert set(conf.BATCH_SUBMIT_JOB_KWARGS) == {"jobName", "jobDefinition", "containerOverrides"}
    assert "networkConfiguration" not in conf.ECS_FARGATE_RUN_TASK_KWARGS


@pytest.mark.usefixtures("sections")
def test_the_mission_s_batch_example(plugins: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (plugins / "custom_batch_module.py").write_text("""
from aws_executors.conf import BATCH_SUBMIT_JOB_KWARGS
from copy import deepcopy

# Add retries & timeout to default config
CUSTOM_SUBMIT_JOB_KWARGS = deepcopy(BATCH_SUBMIT_JOB_KWARGS)
CUSTOM_SUBMIT_JOB_KWARGS['retryStrategy'] = {'attempts': 3}
CUSTOM_SUBMIT_JOB_KWARGS['timeout'] = {'attemptDurationSeconds': 24 * 60 * 60 * 60}
""")
    monkeypatch.setenv("AIRFLOW__BATCH__SUBMIT_JOB_KWARGS", "custom_batch_module.CUSTOM_SUBMIT_JOB_KWARGS")
    configured = configure(services.BATCH, airflow_conf).unwrap()
    launch = Launch(
        task=Task(dag_id="etl", task_id="load"), command=("run",), settings=configured.settings, token="0b6e"
    )
    assert to_kwargs(configured.build(launch)) == {
        "jobName": "airflow-0b6e-1",
        "jobQueue": "queue",
        "jobDefinition": "job:3",
        "containerOverrides": {"command": ["run"]},
        "retryStrategy": {"attempts": 3},
        "timeout": {"attemptDurationSeconds": 5184000},
    }


@pytest.mark.usefixtures("sections")
def test_the_mission_s_ecs_example(plugins: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (plugins / "custom_ecs_module.py").write_text("""
from aws_executors.conf import ECS_FARGATE_RUN_TASK_KWARGS
from copy import deepcopy

# Add environmental variables to contianer overrides
CUSTOM_RUN_TASK_KWARGS = deepcopy(ECS_FARGATE_RUN_TASK_KWARGS)
CUSTOM_RUN_TASK_KWARGS['overrides']['containerOverrides'][0]['environment'] = [
    {'name': 'CUSTOM_ENV_VAR', 'value': 'enviornment variable value'}
]
""")
    monkeypatch.setenv("AIRFLOW__ECS_FARGATE__RUN_TASK_KWARGS", "custom_ecs_module.CUSTOM_RUN_TASK_KWARGS")
    configured = configure(services.ECS, airflow_conf).unwrap()
    launch = Launch(
        task=Task(dag_id="etl", task_id="load"), command=("run",), settings=configured.settings, token="0b6e"
    )
    assert to_kwargs(configured.build(launch))["overrides"] == {
        "containerOverrides": [
            {
                "name": "airflow",
                "command": ["run"],
                "environment": [{"name": "CUSTOM_ENV_VAR", "value": "enviornment variable value"}],
            }
        ]
    }


@pytest.mark.usefixtures("sections")
def test_a_section_with_faults_is_told_once_more_than_needed_but_told(
    plugins: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (plugins / "custom_faulty_module.py").write_text(
        "from aws_executors.conf import BATCH_SUBMIT_JOB_KWARGS as KWARGS"
    )
    monkeypatch.setenv("AIRFLOW__BATCH__SUBMIT_JOB_KWARGS", "custom_faulty_module.KWARGS")
    monkeypatch.setenv("AIRFLOW__BATCH__WORKERS", "0")
    faults = configure(services.BATCH, airflow_conf).failure().faults
    assert [fault.option for fault in faults] == ["workers", "submit_job_kwargs"]
    assert faults[1].problem.startswith(
        "names the module custom_faulty_module, which raised SettingsError: [batch] has 1 fault:"
    )
