"""A section of Airflow's configuration becomes settings and a builder, or one message that tells it all."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import pytest
from airflow.configuration import AirflowConfigParser
from airflow.executors.base_executor import ExecutorConf
from returns.result import Result

from aws_executors.core import services
from aws_executors.core.batch.request import SubmitJob
from aws_executors.core.batch.settings import BatchSettings
from aws_executors.core.ecs.request import RunTask
from aws_executors.core.ecs.settings import EcsSettings
from aws_executors.core.requests.launch import Launch, Task
from aws_executors.core.requests.wire import to_kwargs
from aws_executors.core.settings.base import Settings
from aws_executors.core.settings.errors import SettingsFaults
from aws_executors.provider import get_provider_info
from aws_executors.shell.airflow.configuration.configured import Configured, configure
from support.airflow_conf import new_conf
from support.airflow_features import TEAMS, needs

S = TypeVar("S", bound=Settings)

BATCH = {"region": "us-east-1", "job_name": "airflow", "job_queue": "queue", "job_definition": "job:3"}
ECS = {
    "region": "us-east-1",
    "cluster": "etl",
    "container_name": "airflow",
    "task_definition": "airflow:7",
    "subnets": "subnet-1",
}


@pytest.fixture(params=["declared", "undeclared"])
def conf(request: pytest.FixtureRequest) -> AirflowConfigParser:
    """Airflow's configuration, with our defaults as the provider's entry point declares them, and without."""
    parser = new_conf()
    if request.param == "declared":
        parser._default_values.read_dict(declared())
    return parser


def put(conf: AirflowConfigParser, section: str, values: Mapping[str, str]) -> None:
    """Write a section as it stands in airflow.cfg."""
    conf.read_string("\n".join([f"[{section}]", *(f"{name} = {text}" for name, text in values.items())]))


def declared() -> dict[str, dict[str, str]]:
    sections = get_provider_info()["config"]
    assert isinstance(sections, dict)
    return {
        name: {key: row["default"] for key, row in section["options"].items() if row["default"] is not None}
        for name, section in sections.items()
    }


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """The name of a module that only this test has; what it says is written by `write`."""
    monkeypatch.syspath_prepend(tmp_path)
    return f"own_{abs(hash(request.node.nodeid))}"


def write(tmp_path: Path, module: str, text: str) -> None:
    (tmp_path / f"{module}.py").write_text(text)


def batch(
    conf: AirflowConfigParser, values: Mapping[str, str]
) -> Result[Configured[BatchSettings, SubmitJob], SettingsFaults]:
    put(conf, "batch", BATCH | dict(values))
    return configure(services.BATCH, conf)


def ecs(
    conf: AirflowConfigParser, values: Mapping[str, str]
) -> Result[Configured[EcsSettings, RunTask], SettingsFaults]:
    put(conf, "ecs_fargate", ECS | dict(values))
    return configure(services.ECS, conf)


def faults(read: Result[Configured[BatchSettings, SubmitJob], SettingsFaults]) -> list[str]:
    return [str(fault) for fault in read.failure().faults]


def submitted(configured: Configured[BatchSettings, SubmitJob]) -> dict[str, object]:
    return to_kwargs(configured.build(_launch(configured.settings)))


def run(configured: Configured[EcsSettings, RunTask]) -> dict[str, object]:
    return to_kwargs(configured.build(_launch(configured.settings)))


def _launch(settings: S) -> Launch[S]:
    return Launch(task=Task(dag_id="etl", task_id="load"), command=("run",), settings=settings, token="0b6e")


def test_the_options_alone(conf: AirflowConfigParser) -> None:
    assert submitted(batch(conf, {}).unwrap()) == {
        "jobName": "airflow-0b6e-1",
        "jobQueue": "queue",
        "jobDefinition": "job:3",
        "containerOverrides": {"command": ["run"]},
    }
    assert run(ecs(conf, {}).unwrap()) == {
        "cluster": "etl",
        "taskDefinition": "airflow:7",
        "launchType": "FARGATE",
        "platformVersion": "LATEST",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
        "overrides": {"containerOverrides": [{"name": "airflow", "command": ["run"]}]},
        "startedBy": "airflow/0b6e",
        "clientToken": "0b6e-1",
        "count": 1,
    }


def test_c36_every_ecs_option_has_effect(conf: AirflowConfigParser) -> None:
    request = run(
        ecs(
            conf,
            {
                "launch_type": "FARGATE",
                "platform_version": "1.4.0",
                "assign_public_ip": "True",
                "security_groups": "sg-AAA,sg-BBB",
                "subnets": "subnet-XXXXXXXX,subnet-YYYYYYYY",
            },
        ).unwrap()
    )
    assert (request["launchType"], request["platformVersion"]) == ("FARGATE", "1.4.0")
    assert request["networkConfiguration"] == {
        "awsvpcConfiguration": {
            "subnets": ["subnet-XXXXXXXX", "subnet-YYYYYYYY"],
            "securityGroups": ["sg-AAA", "sg-BBB"],
            "assignPublicIp": "ENABLED",
        }
    }


def test_a_declared_default_contradicts_nothing(conf: AirflowConfigParser) -> None:
    request = run(ecs(conf, {"capacity_provider_strategy": "FARGATE_SPOT:1"}).unwrap())
    assert "launchType" not in request
    assert request["capacityProviderStrategy"] == [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    assert run(ecs(new_conf(), {"launch_type": "EC2"}).unwrap()).get("platformVersion") is None


def test_a_default_that_airflow_wrote_into_a_new_file_contradicts_nothing(conf: AirflowConfigParser) -> None:
    read = ecs(conf, {"capacity_provider_strategy": "FARGATE_SPOT:1", "launch_type": "FARGATE"})
    assert "launchType" not in run(read.unwrap())
    other = ecs(new_conf(), {"launch_type": "EC2", "platform_version": "LATEST"})
    assert "platformVersion" not in run(other.unwrap())


def test_what_a_person_wrote_contradicts(conf: AirflowConfigParser) -> None:
    read = ecs(conf, {"capacity_provider_strategy": "FARGATE_SPOT:1", "launch_type": "EC2"})
    assert "launch_type = 'EC2' excludes capacity_provider_strategy" in str(read.failure())


def test_variables_win_over_the_file(conf: AirflowConfigParser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__BATCH__JOB_QUEUE", "night")
    assert batch(conf, {}).unwrap().settings.job_queue == "night"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("AIRFLOW__BATCH__JOBQUEUE", "jobqueue is not an option of [batch]; did you mean job_queue? rename"),
        (
            "AIRFLOW__BATCH__REGION_CMD",
            "region_cmd has no effect: Airflow reads such names for sensitive",
        ),
        ("AIRFLOW__BATCH__REGION_SECRET", "region_secret has no effect: Airflow reads such names for"),
        ("AIRFLOW__BATCH___ECS_FARGATE__CLUSTER", None),  # the team named batch
        ("AIRFLOW__RED___BATCH__COLOUR", None),  # another team's
        ("AIRFLOW__BATCH_OTHER__COLOUR", None),
        ("AIRFLOW__BATCH__", None),
    ],
)
def test_unknown_names_in_the_environment(
    conf: AirflowConfigParser, monkeypatch: pytest.MonkeyPatch, name: str, told: str | None
) -> None:
    monkeypatch.setenv(name, "x")
    read = batch(conf, {})
    if told is None:
        assert read.unwrap().settings.job_queue == "queue"
    else:
        (fault,) = faults(read)
        assert fault.startswith(told)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Job_Queue", "Job_Queue is not an option of [batch]; did you mean job_queue? rename Job_Queue in"),
        ("region_cmd", "region_cmd has no effect: Airflow reads such names for sensitive options only, and"),
    ],
)
def test_unknown_names_in_the_file(conf: AirflowConfigParser, name: str, told: str) -> None:
    (fault,) = faults(batch(conf, {name: "x"}))
    assert fault.startswith(told)


def test_keys_of_the_default_section_are_nobodys_options(conf: AirflowConfigParser) -> None:
    put(conf, "DEFAULT", {"home": "/srv"})
    assert batch(conf, {}).unwrap().settings.region == "us-east-1"


def test_a_percent_sign(conf: AirflowConfigParser) -> None:
    (fault,) = faults(batch(conf, {"conn_id": "50%off"}))
    assert fault == (
        "conn_id cannot be read: in airflow.cfg a single % starts a placeholder; "
        "write %% for %, or set AIRFLOW__BATCH__CONN_ID, where % needs no escape"
    )
    assert batch(conf, {"conn_id": "50%%off"}).unwrap().settings.conn_id == "50%off"


# kwargs: a dict by path, JSON, the defaults under both packages' names


@pytest.mark.parametrize("package", ["aws_executors", "airflow_aws_executors"])
def test_the_default_path_in_both_spellings(conf: AirflowConfigParser, package: str) -> None:
    named = batch(conf, {"submit_job_kwargs": f"{package}.conf.BATCH_SUBMIT_JOB_KWARGS"}).unwrap()
    assert submitted(named)["jobQueue"] == "queue"
    fargate = ecs(conf, {"run_task_kwargs": f"{package}.conf.ECS_FARGATE_RUN_TASK_KWARGS"}).unwrap()
    assert run(fargate)["launchType"] == "FARGATE"


def test_inline_json_is_laid_over_the_options(conf: AirflowConfigParser) -> None:
    text = json.dumps({"retryStrategy": {"attempts": 3}, "jobDefinition": "job:4"})
    request = submitted(batch(conf, {"submit_job_kwargs": text}).unwrap())
    assert request["retryStrategy"] == {"attempts": 3}
    assert (request["jobDefinition"], request["jobQueue"]) == ("job:4", "queue")


def test_a_dict_by_path(conf: AirflowConfigParser, module: str, tmp_path: Path) -> None:
    write(tmp_path, module, 'KWARGS = {"jobQueue": "night", "timeout": {"attemptDurationSeconds": 3600}}')
    request = submitted(batch(conf, {"submit_job_kwargs": f"{module}.KWARGS"}).unwrap())
    assert (request["jobQueue"], request["timeout"]) == ("night", {"attemptDurationSeconds": 3600})


def test_a_dict_stands_in_for_mandatory_options(
    conf: AirflowConfigParser, module: str, tmp_path: Path
) -> None:
    write(tmp_path, module, 'KWARGS = {"taskDefinition": "own:1", "launchType": "EC2"}')
    values = {"task_definition": "", "subnets": "", "run_task_kwargs": f"{module}.KWARGS"}
    configured = ecs(conf, values).unwrap()
    assert configured.settings.task_definition == "own:1"
    assert run(configured)["launchType"] == "EC2"


def test_a_function_by_path_is_the_builder(conf: AirflowConfigParser, module: str, tmp_path: Path) -> None:
    text = """
from aws_executors.core.batch.builder import build as default
from dataclasses import replace
def build(launch):
    return replace(default(launch), job_queue="own")
"""
    write(tmp_path, module, text)
    for option in ("submit_job_kwargs", "request_builder"):
        configured = batch(new_conf(), {option: f"{module}.build"}).unwrap()
        assert submitted(configured)["jobQueue"] == "own"


@pytest.mark.parametrize(
    ("option", "text", "source", "told"),
    [
        (
            "submit_job_kwargs",
            "no_such_module_x.KWARGS",
            "",
            "names the module no_such_module_x, which cannot be found",
        ),
        (
            "submit_job_kwargs",
            "no_such_module_x.KWARGS",
            "",
            "put it in Airflow's plugins folder, or elsewhere on",
        ),
        (
            "submit_job_kwargs",
            "{m}.KWARG",
            "KWARGS = {{}}",
            "names 'KWARG', which {m} does not have; did you mean KWARGS?",
        ),
        ("submit_job_kwargs", "{m}.KWARGS", "KWARGS = [1]", "names a list, not a function of one launch"),
        ("submit_job_kwargs", "{m}.KWARGS", "1/0", "which raised ZeroDivisionError: division by zero ("),
        ("submit_job_kwargs", "{m}.KWARGS", "raise SystemExit(3)", "which raised SystemExit: 3"),
        (
            "submit_job_kwargs",
            "{m}.KWARGS",
            "def __getattr__(name): raise OSError(name)",
            "which raised OSError: KWARGS",
        ),
        (
            "submit_job_kwargs",
            "aws_executors.conf.ECS_FARGATE_RUN_TASK_KWARGS",
            "",
            "which raised SettingsError: [ecs_fargate] has",
        ),
        (
            "submit_job_kwargs",
            "{m}.KWARGS",
            "import no_such_x",
            "which raised ModuleNotFoundError: No module named",
        ),
        (
            "request_builder",
            "{m}.build",
            "from aws_executors import ecs\necs.with_tags(Team=1)",
            "which raised RequestError: with_tags: tags.Team must be text, not int 1; put it in quotes (",
        ),
        ("request_builder", "{m}.build", "from aws_executors import ecs\necs.with_tags(Team=1)", "{m}.py:2)"),
        ("request_builder", "{m}.build", "from aws_executors import btach", "{m}.py:1); did you mean batch?"),
        (
            "request_builder",
            "{m}.build",
            "from aws_executors import batch\nbatch.with_tag(a='b')",
            "has no attribute 'with_tag' (",
        ),
        (
            "request_builder",
            "{m}.build",
            "from aws_executors import batch\nbatch.with_tag(a='b')",
            "{m}.py:2); did you mean with_tags?",
        ),
        (
            "submit_job_kwargs",
            "{m}.KWARGS",
            "from aws_executors.conf import BATCH_SUBMIT_JOB_KWARG",
            "did you mean BATCH_SUBMIT_JOB_KWARGS?",
        ),
        (
            "submit_job_kwargs",
            "{m}.KWARGS",
            "import airflow.providers.no_such_x.hooks",
            "{m}.py:1); install airflow.providers.no_such_x where the scheduler runs",
        ),
        (
            "request_builder",
            "{m}.build",
            "class Own(BaseException): ...\nraise Own('as pytest.skip does')",
            "which raised Own: as pytest.skip does (",
        ),
        (
            "request_builder",
            "{m}.build",
            "raise OSError('first\\nsecond password=hunter2')",
            "which raised OSError: first second password=*** (",
        ),
        (
            "request_builder",
            "{m}.Builders.build",
            "class Builders: ...",
            "'{m}' is not a package); write {m}:Builders.build",
        ),
        (
            "submit_job_kwargs",
            "{m}.KWARGS",
            'KWARGS = {{"timout": 3}}',
            "submit_job_kwargs = '{m}.KWARGS' makes no request: 'timout' is not known; did you mean",
        ),
        (
            "submit_job_kwargs",
            '{{"tags": 3}}',
            "",
            "submit_job_kwargs = {{... (11 characters) makes no request: tags",
        ),
        (
            "submit_job_kwargs",
            '{{"tags": }}',
            "",
            "submit_job_kwargs = {{... (10 characters) is not JSON: Expecting",
        ),
        ("submit_job_kwargs", '{{"a":' * 99_999, "", "(499995 characters) is nested too deeply; set [batch]"),
        (
            "submit_job_kwargs",
            '{{"jobName": "a b"}}',
            "",
            "job_name = 'a b' is not a name of letters, digits",
        ),
        (
            "request_builder",
            "{m}.build",
            "build = 3",
            "names an int, not a function of one launch; write it as def",
        ),
        (
            "request_builder",
            "{m}.Build",
            "class Build: ...",
            "names the class Build, not a function of one launch",
        ),
        (
            "request_builder",
            "{m}.build",
            "from aws_executors.batch import with_tags as build",
            "names a function that was not called; write with_tags(name='...'); a step (launch, request)",
        ),
        (
            "request_builder",
            "{m}.build",
            "from aws_executors.batch import with_tags\nbuild = with_tags(a='b')",
            "names a function of (launch, request), not of one launch; write it as def build(launch)",
        ),
        (
            "request_builder",
            "{m}.step",
            "def step(a, b): ...",
            "names a function of (a, b), not of one launch",
        ),
        (
            "request_builder",
            "{m}.build",
            "def build(*, launch: object = None): ...",
            "names a function of (*, launch), not of one launch; leave the * out: the launch is given by its",
        ),
        (
            "request_builder",
            "{m}.build",
            "async def build(launch): ...",
            "a function that is async, or yields, and so returns no request; write it as def build(launch)",
        ),
        (
            "request_builder",
            "{m}.build",
            "def build(launch):\n    yield launch",
            "a function that is async, or yields, and so returns no request; write it as def build(launch)",
        ),
        (
            "request_builder",
            "{m}.build",
            "import no_such_package_x.y\ndef build(launch): ...",
            "install no_such_package_x where the scheduler runs, or import something else",
        ),
        (
            "request_builder",
            "{m}.build",
            "from airflow_aws_executors import AwsBatchExecutor\ndef build(launch): ...",
            "import from aws_executors instead; docs/migration.md lists its names",
        ),
        ("request_builder", "{m}.build", "", "names 'build', which {m} does not have; define it in {m}"),
        (
            "request_builder",
            "no_such_package_x.m:build",
            "",
            "the module no_such_package_x.m, which cannot be found",
        ),
    ],
)
def test_bad_paths(
    conf: AirflowConfigParser, module: str, tmp_path: Path, option: str, text: str, source: str, told: str
) -> None:
    write(tmp_path, module, source.format(m=module))
    (fault,) = faults(batch(conf, {option: text.format(m=module)}))
    assert told.format(m=module) in fault


@pytest.mark.parametrize("place", ["batch", pytest.param("red=batch", marks=needs(TEAMS))])
def test_a_warm_step_needs_a_store(conf: AirflowConfigParser, place: str) -> None:
    put(conf, place, BATCH | {"request_builder": "containers.warm_batch"})
    team = place.partition("=batch")[0] if "=" in place else None
    (fault,) = configure(services.BATCH, conf, team).failure().faults
    assert (fault.option, fault.problem) == (
        "workload_store",
        "is missing; the step warm() in the request builder needs it",
    )
    assert fault.remedy.startswith(f"set [{place}] workload_store = s3://my-bucket/workloads")
    put(conf, place, {"workload_store": "s3://airflow/w"})
    assert configure(services.BATCH, conf, team).unwrap().settings.workload_store == "s3://airflow/w"


def test_builder_and_kwargs_exclude_each_other(conf: AirflowConfigParser) -> None:
    values = {
        "request_builder": "aws_executors.core.batch.builder.build",
        "submit_job_kwargs": '{"tags": {"a": "b"}}',
    }
    (fault,) = faults(batch(conf, values))
    assert fault == (
        "request_builder = 'aws_executors.core.batch.builder.build' makes the whole request, so "
        "submit_job_kwargs would have no effect; keep one of the two: remove request_builder from [batch], "
        "or AIRFLOW__BATCH__REQUEST_BUILDER"
    )


def test_all_faults_of_a_section_at_once(conf: AirflowConfigParser) -> None:
    values = {
        "job_queue": "",
        "workers": "0",
        "submit_job_kwargs": '{"timout": 3}',
        "request_builder": "no_such_module_x.build",
        "colour": "red",
        "conn_id": "50%",
    }
    assert [fault.split(" ")[0] for fault in faults(batch(conf, values))] == [
        "workers",
        "job_queue",
        "conn_id",
        "colour",
        "request_builder",
        "request_builder",
        "submit_job_kwargs",
    ]


def test_no_option_is_called_missing_on_account_of_kwargs_that_can_not_be_read(
    conf: AirflowConfigParser,
) -> None:
    values = {"task_definition": "", "subnets": "", "run_task_kwargs": "no_such_module_x.KWARGS"}
    assert [fault.option for fault in ecs(conf, values).failure().faults] == ["run_task_kwargs"]


# C37: a team's section


@needs(TEAMS)
def test_c37_a_team_falls_back_to_the_defaults_only(conf: AirflowConfigParser) -> None:
    put(conf, "batch", BATCH | {"workers": "9"})
    put(conf, "red=batch", BATCH | {"job_queue": "red", "region": ""})
    read = configure(services.BATCH, conf, "red")
    assert str(read.failure()) == (
        "[red=batch] has 1 fault:\n"
        "  region is missing; set [red=batch] region = us-east-1, or AIRFLOW__RED___BATCH__REGION"
    )
    put(conf, "red=batch", {"region": "eu-west-1"})
    settings = configure(services.BATCH, conf, "red").unwrap().settings
    assert (settings.region, settings.job_queue, settings.workers) == ("eu-west-1", "red", 32)
    assert configure(services.BATCH, conf).unwrap().settings.workers == 9


def test_c37_executor_conf_of_a_team(monkeypatch: pytest.MonkeyPatch) -> None:
    for option, text in BATCH.items():
        monkeypatch.setenv(f"AIRFLOW__BATCH__{option.upper()}", text)
        monkeypatch.setenv(f"AIRFLOW__RED___BATCH__{option.upper()}", text)
    monkeypatch.setenv("AIRFLOW__BATCH__COLOUR", "blue")
    monkeypatch.setenv("AIRFLOW__BATCH__WORKERS", "9")
    monkeypatch.setenv("AIRFLOW__RED___BATCH__JOB_QUEUE", "red")
    settings = configure(services.BATCH, ExecutorConf("red")).unwrap().settings
    assert (settings.job_queue, settings.workers) == ("red", 32)
    assert [fault.option for fault in configure(services.BATCH, ExecutorConf()).failure().faults] == [
        "colour"
    ]
    assert [
        fault.option for fault in configure(services.BATCH, ExecutorConf("blue")).failure().faults
    ] == list(BATCH)
