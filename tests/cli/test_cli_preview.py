"""``preview`` shows the very request that the executor would make, without AWS and without a database."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from aws_executors import Launch, Task, compose, ecs, to_kwargs
from aws_executors.cli.__main__ import main
from aws_executors.cli.commands.preview import TOKEN, WORKLOAD
from aws_executors.shell.transport import INLINE
from support.airflow_executors import forget_executors

DAG_FILE = """
from airflow.sdk import DAG, task

with DAG(dag_id="etl", schedule=None):

    @task(executor_config={"memory": 2048}, queue="large")
    def load(): ...

    @task(executor="AwsBatchExecutor", executor_config={"vcpus": 2})
    def crunch(x): ...

    @task(executor_config={"memry": 2048})
    def wrong(): ...

    load() >> wrong()
    crunch.expand(x=[1, 2])
"""
SECTIONS = {
    "ECS_FARGATE": {
        "REGION": "us-east-1",
        "CLUSTER": "etl",
        "CONTAINER_NAME": "main",
        "TASK_DEFINITION": "airflow",
        "SUBNETS": "subnet-1",
    },
    "BATCH": {"REGION": "us-east-1", "JOB_NAME": "airflow", "JOB_QUEUE": "q", "JOB_DEFINITION": "d"},
}
BOTH = "aws_executors.executors.AwsEcsFargateExecutor,aws_executors.executors.AwsBatchExecutor"


def tagged(launch: Launch[ecs.EcsSettings], request: ecs.RunTask) -> ecs.RunTask:
    return ecs.with_tags(queue=launch.queue, try_number=str(launch.task.try_number))(launch, request)


@pytest.fixture
def dags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "etl.py").write_text(DAG_FILE)
    for section, options in SECTIONS.items():
        for name, value in options.items():
            monkeypatch.setenv(f"AIRFLOW__{section}__{name}", value)
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", BOTH)
    monkeypatch.setenv("AIRFLOW__CORE__DAGS_FOLDER", str(tmp_path))
    # Whoever asks AWS here does not get far.
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    forget_executors()
    yield tmp_path
    forget_executors()


@pytest.fixture
def settings() -> ecs.EcsSettings:
    section = {name.lower(): value for name, value in SECTIONS["ECS_FARGATE"].items()}
    return ecs.EcsSettings.from_section(section).unwrap()


def previewed(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    assert main(["preview", *words, "--output", "json"]) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def test_a_task_may_name_its_executor_by_an_alias(
    dags: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = BOTH.split(",")
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", f"{first},big:{second}")
    (dags / "etl.py").write_text(DAG_FILE.replace("AwsBatchExecutor", "big"))
    assert previewed(capsys, "etl", "crunch")["section"] == "batch"


@pytest.mark.usefixtures("dags")
def test_it_is_the_request_of_the_executor(
    settings: ecs.EcsSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = previewed(capsys, "etl", "load")
    launch = Launch(
        task=Task(dag_id="etl", task_id="load"),
        command=(*INLINE["airflow"].launcher, WORKLOAD),
        settings=settings,
        token=TOKEN,
        queue="large",
        executor_config={"memory": 2048},
    )
    assert shown["request"] == json.loads(json.dumps(to_kwargs(ecs.build(launch))))
    assert shown["section"] == "ecs_fargate"
    assert [line for line in shown["difference"] if line[:1] in "+-"][2:] == [  # type: ignore[attr-defined]
        "-        ]",
        "+        ],",
        '+        "memory": 2048',
    ]


@pytest.mark.usefixtures("dags")
def test_a_mapped_task_on_its_own_executor(capsys: pytest.CaptureFixture[str]) -> None:
    shown = previewed(capsys, "etl", "crunch", "--map-index", "1")
    request = shown["request"]
    assert isinstance(request, dict)
    assert shown["section"] == "batch"
    assert request["containerOverrides"]["resourceRequirements"] == [{"type": "VCPU", "value": "2"}]


@pytest.mark.usefixtures("dags")
def test_the_person_s_builder_makes_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    built = SimpleNamespace(build=compose(ecs.build, tagged))
    monkeypatch.setitem(sys.modules, "my_builders", built)
    monkeypatch.setenv("AIRFLOW__ECS_FARGATE__REQUEST_BUILDER", "my_builders.build")
    shown = previewed(capsys, "etl", "load", "--try-number", "3")
    request = shown["request"]
    assert isinstance(request, dict)
    assert request["tags"] == [{"key": "queue", "value": "large"}, {"key": "try_number", "value": "3"}]
    assert shown["builder"] == "my_builders.build"


@pytest.mark.usefixtures("dags")
def test_a_dict_of_arguments_is_named_by_its_option(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AIRFLOW__ECS_FARGATE__RUN_TASK_KWARGS", '{"enableExecuteCommand": true}')
    assert previewed(capsys, "etl", "load")["builder"] == "run_task_kwargs"


@pytest.mark.usefixtures("dags")
def test_a_command_in_place_of_a_task(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preview", "--command", "airflow 'tasks list'"]) == 0
    said = capsys.readouterr().out
    assert '"tasks list"' in said
    assert said.rstrip().endswith("This is the default request.")


@pytest.mark.usefixtures("dags")
def test_another_command_for_a_task_keeps_what_the_task_sets(capsys: pytest.CaptureFixture[str]) -> None:
    shown = previewed(capsys, "etl", "load", "--command", "airflow version")["request"]
    assert isinstance(shown, dict)
    (container,) = shown["overrides"]["containerOverrides"]
    assert container == {"name": "main", "command": ["airflow", "version"], "memory": 2048}


@pytest.mark.usefixtures("dags")
def test_no_executor_config_in_place_of_the_task_s_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert previewed(capsys, "etl", "load", "--executor-config", "null")["difference"] == []


@pytest.mark.usefixtures("dags")
@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["etl", "laod", "--command", "ls"], 2, "has no task 'laod'; did you mean 'load'?"),
        (["etl", "--command", "ls"], 2, "No task was named: give DAG_ID TASK_ID, or --command"),
        (["etl", "wrong"], 1, "'memry' is not known; did you mean 'memory'?"),
        (["elt", "load"], 2, "has no DAG 'elt'; did you mean 'etl'?"),
        (["etl", "laod"], 2, "has no task 'laod'; did you mean 'load'?"),
        (["etl", "load", "--dags", "/nowhere"], 2, "/nowhere does not exist; use --dags"),
        ([], 2, "No task was named: give DAG_ID TASK_ID, or --command"),
        (["--command", "echo it's"], 2, "--command cannot be split into words: No closing quotation"),
        (["etl", "load", "--executor-config", '{"cpu": 1, "command": []}'], 1, "'command' cannot be set"),
    ],
)
def test_what_can_not_be_shown_is_told(
    words: list[str], code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["preview", *words]) == code
    said = capsys.readouterr()
    assert told in said.err
    assert said.out == ""


@pytest.mark.parametrize("written", ["{", "{'memory': 4096}", "[" * 100_000])
def test_an_executor_config_that_is_no_json_is_refused(
    written: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["preview", "etl", "load", "--executor-config", written])
    assert ended.value.code == 2
    assert "expected JSON, such as '{\"memory\": 4096}', and quoted for the shell" in capsys.readouterr().err


def test_a_broken_file_is_told(dags: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (dags / "broken.py").write_text("from airflow.sdk import DAG\nimport no_such_module\n")
    assert main(["preview", "other", "load"]) == 2
    assert "No module named 'no_such_module'" in capsys.readouterr().err


@pytest.mark.usefixtures("dags")
def test_a_token_in_the_command_is_masked(capsys: pytest.CaptureFixture[str]) -> None:
    token = "eyJhbGciOi.eyJzdWIi.c2ln"
    shown = previewed(capsys, "--command", f"run --json-string {token}")
    assert token not in json.dumps(shown)
    assert "***" in json.dumps(shown)


def test_what_a_builder_prints_is_no_part_of_the_result(
    dags: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (dags / "loud_builder_x.py").write_text(
        "from aws_executors import batch\n"
        "print('imported')\n"
        "def build(launch):\n"
        "    print('called')\n"
        "    return batch.build(launch)\n"
    )
    monkeypatch.syspath_prepend(str(dags))
    monkeypatch.setenv("AIRFLOW__BATCH__REQUEST_BUILDER", "loud_builder_x.build")
    assert main(["preview", "--section", "batch", "--command", "airflow version", "--output", "json"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["builder"] == "loud_builder_x.build"
    assert told.err == "imported\ncalled\n"
    assert main(["iam-policy", "--section", "batch", "--account", "123456789012"]) == 0
    assert json.loads(capsys.readouterr().out)["Version"] == "2012-10-17"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["preview", "--command", "x", "--attempt", "0"], "expected a whole number from 1 on, got '0'"),
        (["preview", "--command", "x", "--attempt", "9" * 30], "expected a whole number from 1 on, got '999"),
        (["preview", "--command", "x", "--try-number", "-1"], "expected a whole number from 1 on, got '-1'"),
        (["preview", "--executor-config", '{"a": 1, "a": 2}'], "but it names 'a' twice; keep one"),
        (
            ["preview", "--executor-config", '{"a": ' + "9" * 5000 + "}"],
            "it contains a number of 5000",
        ),
        (["preview", "--executor-config", '{"a": ' * 9999], "but it is nested too deeply"),
        (["preview", "--executor-config", "{'a': 1}"], "but it is not JSON: Expecting property name"),
        (["iam-policy", "--queue", ""], "argument --queue: expected a name, got ''"),
        (["doctor", "--launch-timeout", "nan"], "expected a number of seconds, got 'nan'"),
        (["demo", "--timeout", "-1"], "expected a number of seconds, got '-1'"),
        (["local", "--latency-ms", "nan"], "expected a number of milliseconds, got 'nan'"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_on_the_command_line(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(words)
    assert told in capsys.readouterr().err


def test_a_command_without_words_is_none(dags: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preview", "--section", "batch", "--command", " "]) == 2
    assert capsys.readouterr().err == "--command has no words; write one, as in --command 'airflow version'\n"
