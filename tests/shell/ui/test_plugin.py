"""The plugin as Airflow itself finds it, and its links by the function that the UI's endpoint calls."""

import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from airflow.executors.executor_loader import ExecutorLoader
from airflow.models import Log
from airflow.models.taskinstancekey import TaskInstanceKey
from airflow.plugins_manager import AirflowPlugin
from airflow.sdk import DAG, BaseOperator, BaseOperatorLink
from airflow.serialization import serialized_objects
from airflow.utils.session import create_session

from aws_executors.local import LocalAws
from aws_executors.shell.ui import executor_lookup, links
from aws_executors.shell.ui.plugin import AwsExecutorsPlugin, ContainerLink, LogLink
from support.airflow_executors import forget_executors
from support.airflow_rows import task_instance
from support.sites import ecs_site

pytestmark = pytest.mark.usefixtures("airflow_db")

ROOT = Path(__file__).parent.parent.parent.parent
OURS = "aws_executors.executors.AwsEcsFargateExecutor"
LOG = {"awslogs-group": "/airflow", "awslogs-stream-prefix": "tasks", "awslogs-create-group": "true"}
OPERATOR = BaseOperator(task_id="task")
_KINDS = vars(serialized_objects)
SERIALIZATION: Any = _KINDS.get("OperatorSerialization") or _KINDS["SerializedBaseOperator"]


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """`[core] executor` as Airflow's components read it when they start."""

    def use(executors: str) -> None:
        monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", executors)
        forget_executors()

    yield use
    forget_executors()


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages wait for a link that comes, however slow the machine is."""
    monkeypatch.setattr(links, "WAIT", 60.0)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalAws]:
    with LocalAws(max_processes=4) as cloud:
        ecs_site(cloud, command=["sleep", "60"], logConfiguration={"logDriver": "awslogs", "options": LOG})
        for name, value in cloud.environment.items():
            monkeypatch.setenv(name, value)
        options = {
            "region": "us-east-1",
            "cluster": "etl",
            "container_name": "main",
            "task_definition": "airflow",
            "subnets": "subnet-1",
            "endpoint_url": cloud.url,
        }
        for name, value in options.items():
            monkeypatch.setenv(f"AIRFLOW__ECS_FARGATE__{name.upper()}", value)
        yield cloud


def link_of(link: BaseOperatorLink, key: Any) -> str:
    """The UI gives the server's own kind of key, which has the same parts as the SDK's."""
    return link.get_link(OPERATOR, ti_key=key)


def run(aws: LocalAws, token: str) -> str:
    answer = aws.client("ecs").run_task(
        cluster="etl",
        taskDefinition="airflow",
        launchType="FARGATE",
        startedBy=f"airflow/{token}",
        networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
    )
    arn: str = answer["tasks"][0]["taskArn"]
    return arn.rpartition("/")[2]


def test_the_entry_point_is_a_plugin_as_airflow_loads_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (named,) = project["entry-points"]["airflow.plugins"].items()
    found = EntryPoint(name=named[0], value=named[1], group="airflow.plugins").load()
    assert issubclass(found, AirflowPlugin)
    found.validate()
    assert found is AwsExecutorsPlugin
    assert (found.name, [link.name for link in found.global_operator_extra_links]) == (
        "aws_executors",
        ["AWS container", "AWS log"],
    )


def test_importing_it_loads_neither_boto3_nor_the_executors() -> None:
    """Every component of Airflow imports it, and so does every container with this package in its image."""
    program = (
        "import sys, aws_executors.shell.ui.plugin; heavy = 'boto3', 'botocore', "
        "'aws_executors.shell.airflow.executor'; sys.exit(any(name in sys.modules for name in heavy))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_link_is_shown_by_the_ui_s_own_function(aws: LocalAws, configured: Callable[[str], None]) -> None:
    """What ``/links`` calls: the operator as the API server has it, with the links of all plugins."""
    configured(OURS)
    given = task_instance(state="running")
    task = run(aws, given.token)
    with DAG("dag"):
        operator = BaseOperator(task_id="task")
    serialized = SERIALIZATION.deserialize_operator(SERIALIZATION.serialize_operator(operator))
    serialized.__dict__["global_operator_extra_link_dict"] = {
        link.name: link for link in AwsExecutorsPlugin.global_operator_extra_links
    }
    row = given.row()
    assert serialized.extra_links == ["AWS container", "AWS log"]
    assert task in str(serialized.get_extra_links(row, "AWS container"))
    assert task in str(serialized.get_extra_links(row, "AWS log"))


def test_a_task_of_ours_has_both_links(aws: LocalAws, configured: Callable[[str], None]) -> None:
    configured(OURS)
    given = task_instance(state="running")
    task = run(aws, given.token)
    here = "https://us-east-1.console.aws.amazon.com"
    assert link_of(ContainerLink(), given.key) == (
        f"{here}/ecs/v2/clusters/etl/tasks/{task}?region=us-east-1"
    )
    assert link_of(LogLink(), given.key) == (
        f"{here}/cloudwatch/home?region=us-east-1"
        f"#logsV2:log-groups/log-group/$252Fairflow/log-events/tasks$252Fmain$252F{task}"
    )


def test_an_hour_later_ecs_has_forgotten_the_task_and_its_log_is_still_found(
    aws: LocalAws, configured: Callable[[str], None]
) -> None:
    configured(OURS)
    by_launcher, by_failure, by_time = (task_instance(state="running") for _ in range(3))
    tasks = {given.token: run(aws, given.token) for given in (by_launcher, by_failure, by_time)}
    for task in tasks.values():
        aws.faults.forget(task)
    began = datetime(2026, 1, 1, tzinfo=UTC)
    by_launcher.becomes("success", hostname=tasks[by_launcher.token], start_date=began, end_date=began)
    by_failure.becomes("failed", hostname="ip-10-0-0-1.ec2.internal")
    words = f"It ended (arn:aws:ecs:us-east-1:123456789012:task/etl/{tasks[by_failure.token]}, exit code 1)."
    with create_session(scoped=False) as session:
        session.add(Log(event="container failed", task_instance=by_failure.key, extra=words))
    by_time.becomes("success", hostname="ip-10-0-0-1.ec2.internal", start_date=began, end_date=began)
    here = "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#logsV2:log-groups/log-group"
    for given in (by_launcher, by_failure):
        exact = f"{here}/$252Fairflow/log-events/tasks$252Fmain$252F{tasks[given.token]}"
        assert link_of(LogLink(), given.key) == exact
        assert link_of(ContainerLink(), given.key) == ""
    assert link_of(LogLink(), by_time.key) == (
        f"{here}/$252Fairflow/log-events$3Fstart$3D1767225540000$26end$3D1767225660000"
    )


@pytest.mark.parametrize("executors", ["LocalExecutor", f"LocalExecutor,{OURS}"])
def test_a_task_of_another_executor_has_none_and_asks_nobody(
    executors: str, aws: LocalAws, configured: Callable[[str], None]
) -> None:
    configured(executors)
    given, calls = task_instance(state="running"), aws.calls()
    began = time.monotonic()
    for link in AwsExecutorsPlugin.global_operator_extra_links:
        assert link_of(link, given.key) == ""
    assert time.monotonic() - began < links.WAIT / 2  # and waits for nobody
    assert aws.calls() == calls
    assert list(executor_lookup._executors.values()) == [None]


def test_a_task_that_names_our_executor_has_them(aws: LocalAws, configured: Callable[[str], None]) -> None:
    configured(f"LocalExecutor,{OURS}")
    given = task_instance(state="running")
    given.becomes("running", executor=OURS)
    task = run(aws, given.token)
    assert task in link_of(ContainerLink(), given.key)


@pytest.mark.parametrize(
    "key",
    [
        TaskInstanceKey("dag", "task", "no such run", 1, -1),
        TaskInstanceKey("dag", "task", "no such run", 99, 3),
        None,
    ],
)
def test_no_link_ever_raises(key: Any, configured: Callable[[str], None]) -> None:
    configured("no.such.module.Executor")
    given = task_instance(state="running")
    for link in AwsExecutorsPlugin.global_operator_extra_links:
        assert link_of(link, key) == ""
        assert link_of(link, given.key) == ""


def test_a_task_of_an_executor_that_airflow_has_no_more_has_none_and_nothing_is_logged(
    configured: Callable[[str], None], caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever changes executors keeps the tasks of the old ones, and looks at them."""
    configured(f"LocalExecutor,{OURS}")
    given = task_instance(state="success")
    given.becomes("success", executor="CeleryExecutor")
    assert [link_of(link, given.key) for link in AwsExecutorsPlugin.global_operator_extra_links] == ["", ""]
    assert [one.getMessage() for one in caplog.records if one.name.startswith("aws_executors")] == []


def test_a_task_that_was_never_queued_has_none(aws: LocalAws, configured: Callable[[str], None]) -> None:
    configured(OURS)
    given = task_instance(state="scheduled")
    given.becomes("scheduled", external_executor_id=None)
    calls = aws.calls()
    assert link_of(ContainerLink(), given.key) == ""
    assert aws.calls() == calls


def test_one_executor_for_the_process_and_it_is_not_started(
    aws: LocalAws, configured: Callable[[str], None]
) -> None:
    configured(OURS)
    givens = [task_instance(state="running") for _ in range(2)]
    found = [executor_lookup.queueing_of(given.key) for given in givens]
    assert found[0] is not None
    assert found[1] is not None
    assert found[0].executor is found[1].executor
    assert found[0].executor._engine is None
    assert ExecutorLoader.get_default_executor_name().module_path == OURS
