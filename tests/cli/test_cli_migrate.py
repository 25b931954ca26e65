"""``migrate`` says the same in our words: our settings take what it prints, and every difference is told."""

import json
from configparser import ConfigParser
from pathlib import Path

import pytest

from aws_executors.batch import BatchSettings
from aws_executors.cli.__main__ import main
from aws_executors.core.migration import TABLE, Line, migrated
from aws_executors.core.settings import Settings
from aws_executors.ecs import EcsSettings

MODELS: dict[str, type[Settings]] = {"batch": BatchSettings, "ecs_fargate": EcsSettings}
PROVIDER_ECS = {
    "conn_id": "aws_prod",
    "region_name": "eu-west-1",
    "cluster": "etl",
    "container_name": "main",
    "task_definition": "airflow:7",
    "launch_type": "FARGATE",
    "platform_version": "LATEST",
    "assign_public_ip": "False",
    "security_groups": "sg-1,sg-2",
    "subnets": "subnet-1",
    "max_run_task_attempts": "5",
    "run_task_kwargs": '{"enableExecuteCommand": true}',
    "check_health_on_startup": "True",
}
PROVIDER_BATCH = {
    "region_name": "eu-west-1",
    "job_name": "airflow",
    "job_queue": "q",
    "job_definition": "d",
    "max_submit_job_attempts": "30",
    "submit_job_kwargs": '{"tags": {"a": "100%"}}',
}
OLDER_BATCH = {
    "region": "us-east-1",
    "job_name": "airflow",
    "job_queue": "q",
    "job_definition": "d:2",
    "submit_job_kwargs": "airflow_aws_executors.conf.BATCH_SUBMIT_JOB_KWARGS",
    "adopt_task_instances": "True",
}
OLDER_ECS = {
    "region": "us-east-1",
    "cluster": "etl",
    "container_name": "main",
    "task_definition": "airflow",
    "subnets": "subnet-1",
    "run_task_kwargs": "custom.CUSTOM_RUN_TASK_KWARGS",
}
EQUAL: list[tuple[str, dict[str, str], dict[str, str]]] = [
    (
        "aws_ecs_executor",
        PROVIDER_ECS,
        {
            "conn_id": "aws_prod",
            "region": "eu-west-1",
            "cluster": "etl",
            "container_name": "main",
            "task_definition": "airflow:7",
            "launch_type": "FARGATE",
            "platform_version": "LATEST",
            "assign_public_ip": "False",
            "security_groups": "sg-1,sg-2",
            "subnets": "subnet-1",
            "max_attempts": "5",
            "run_task_kwargs": '{"enableExecuteCommand": true}',
            "adopt_task_instances": "True",
        },
    ),
    (
        "aws_batch_executor",
        PROVIDER_BATCH,
        {
            "region": "eu-west-1",
            "job_name": "airflow",
            "job_queue": "q",
            "job_definition": "d",
            "max_attempts": "10",
            "submit_job_kwargs": '{"tags": {"a": "100%"}}',
            "conn_id": "aws_default",
            "adopt_task_instances": "True",
        },
    ),
    ("batch", OLDER_BATCH, OLDER_BATCH | {"submit_job_kwargs": "aws_executors.conf.BATCH_SUBMIT_JOB_KWARGS"}),
    ("ecs_fargate", OLDER_ECS, OLDER_ECS),
]


@pytest.fixture(autouse=True)
def nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))


def cfg(path: Path, **sections: dict[str, str]) -> Path:
    parser = ConfigParser(interpolation=None)
    parser.read_dict(
        {name: {k: v.replace("%", "%%") for k, v in own.items()} for name, own in sections.items()}
    )
    with path.open("w") as file:
        parser.write(file)
    return path


@pytest.mark.parametrize(("section", "old", "new"), EQUAL, ids=[row[0] for row in EQUAL])
def test_the_printed_configuration_is_the_equal_one(
    section: str,
    old: dict[str, str],
    new: dict[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["migrate", "--cfg", str(cfg(tmp_path / "old.cfg", **{section: old}))]) == 0
    printed = ConfigParser()
    printed.read_string(capsys.readouterr().out)
    ours = TABLE[section].section
    assert dict(printed[ours]) == new
    assert MODELS[ours].from_section(dict(printed[ours])).unwrap().region


@pytest.mark.parametrize(("section", "old", "new"), EQUAL, ids=[row[0] for row in EQUAL])
def test_variables_say_the_same_and_win(
    section: str,
    old: dict[str, str],
    new: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = cfg(tmp_path / "airflow.cfg", **{section: dict.fromkeys(old, "of the file")})
    for name, value in old.items():
        monkeypatch.setenv(f"AIRFLOW__{section.upper()}__{name.upper()}", value)
    assert main(["migrate", "--cfg", str(file), "--output", "json"]) == 0
    lines = json.loads(capsys.readouterr().out)["lines"]
    assert {line["option"]: line["value"] for line in lines if line["option"]} == new


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            "airflow.providers.amazon.aws.executors.ecs.ecs_executor.AwsEcsExecutor",
            "aws_executors.executors.AwsEcsFargateExecutor",
        ),
        ("airflow_aws_executors.AwsFargateExecutor", "aws_executors.executors.AwsEcsFargateExecutor"),
        (
            "LocalExecutor,big:airflow.providers.amazon.aws.executors.batch.batch_executor.AwsBatchExecutor",
            "LocalExecutor,big:aws_executors.executors.AwsBatchExecutor",
        ),
    ],
)
def test_the_executor_s_class(old: str, new: str) -> None:
    (line,) = migrated({"core": {"executor": old}})
    assert (line.section, line.option, line.value) == ("core", "executor", new)


@pytest.mark.parametrize(
    ("section", "options", "note"),
    [
        ("aws_ecs_executor", {"run_task_kwargs": "{}"}, "takes the place of the whole member"),
        ("aws_ecs_executor", {"max_run_task_attempts": "3"}, "throttling and missing capacity use up none"),
        ("aws_ecs_executor", {"check_health_on_startup": "True"}, "aws-executors doctor"),
        ("aws_ecs_executor", {"cluster": "x"}, "uses the connection aws_default"),
        ("aws_batch_executor", {"job_queue": "x"}, "always adopts"),
        ("batch", {"submit_job_kwargs": "mine.KWARGS"}, "import aws_executors.conf"),
        ("batch", {"colour": "red"}, "has no such option"),
    ],
)
def test_every_difference_is_told(section: str, options: dict[str, str], note: str) -> None:
    assert any(note in line.note for line in migrated({section: options}))


def test_what_has_no_equal_is_a_comment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = cfg(tmp_path / "x.cfg", aws_batch_executor={"check_health_on_startup": "False"})
    assert main(["migrate", "--cfg", str(file)]) == 0
    assert "# left out: [aws_batch_executor] check_health_on_startup = False" in capsys.readouterr().out


def test_every_option_that_we_write_exists() -> None:
    for old in TABLE.values():
        names = MODELS[old.section].model_fields
        assert {one.option for one in old.options.values() if one.option} <= set(names)
        assert {ours for ours, _, _ in old.silent.values()} <= set(names)


def test_what_is_ours_already_stays() -> None:
    was = "[batch] workers"
    assert migrated({"batch": {"workers": "32"}}) == (
        Line(section="batch", option="workers", value="32", was=was),
    )


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("[core]\nexecutor = LocalExecutor\n", 1, "Nothing of an older package"),
        ("no section", 2, "Can not read"),
    ],
)
def test_what_can_not_be_migrated_is_told(
    text: str, code: int, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.cfg").write_text(text)
    assert main(["migrate", "--cfg", str(tmp_path / "x.cfg")]) == code
    assert words in capsys.readouterr().err
    assert main(["migrate", "--cfg", str(tmp_path / "missing.cfg")]) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[batch]\nregion = x\nhunter2\n", "line 3"),
        ("DB_PASSWORD = hunter2\n[batch]\n", "line 1"),
        ("[batch]\nregion = x\nregion = hunter2\n", "region"),
        ("[batch]\nbroken_kwargs = {'DB_PASSWORD': 'hunter2'\n", "left out"),
        ("[batch]\nthe_password = hunter2\n", "left out"),
    ],
)
def test_what_can_not_be_read_is_told_by_its_place_alone(
    text: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cfg = tmp_path / "airflow.cfg"
    cfg.write_text(text)
    main(["migrate", "--cfg", str(cfg)])
    out, err = capsys.readouterr()
    assert words in out + err
    assert "hunter2" not in out + err
