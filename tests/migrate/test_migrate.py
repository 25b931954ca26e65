"""``migrate`` says the same in our words: our settings take what it prints, and every difference is told."""

import json
from configparser import ConfigParser
from functools import cache
from pathlib import Path

import pytest
from airflow.configuration import AirflowConfigParser
from hypothesis import given
from hypothesis import strategies as st

from aws_executors.batch import BatchSettings
from aws_executors.cli.__main__ import main
from aws_executors.core.settings.base import Settings
from aws_executors.ecs import EcsSettings
from aws_executors.migrate import TABLE, Line, as_cfg, migrated, notes
from support.airflow_conf import new_conf

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
    code = main(["migrate", "--cfg", str(cfg(tmp_path / "old.cfg", **{section: old}))])
    assert code == (1 if "100%" in str(old) else 0)  # AWS allows no % in a tag
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
    assert main(["migrate", "--cfg", str(file), "--output", "json"]) == (1 if "100%" in str(old) else 0)
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
    assert main(["migrate", "--cfg", str(file)]) == 1  # region and more are missing
    assert "# left out: [aws_batch_executor] check_health_on_startup = False" in capsys.readouterr().out


COMPLETE = {"region": "us-east-1", "job_name": "a", "job_queue": "q", "job_definition": "d"}
PLUGIN = "airflow_aws_executors_plugin"


@pytest.mark.parametrize(
    ("sections", "code", "words"),
    [
        ({"core": {"executor": f"{PLUGIN}.AwsBatchExecutor"}, "batch": COMPLETE}, 0, "Check the result with"),
        ({"batch": COMPLETE}, 0, "Check the result with"),
        ({"batch": COMPLETE | {"region": ""}}, 1, "Something remains to be done: the notes at the end"),
        ({"core": {"executor": "my.Own"}, "batch": COMPLETE}, 1, "Something remains to be done"),
        ({"aws_lambda_executor": {"queue_url": "x"}, "batch": COMPLETE}, 1, "Something remains to be done"),
        ({"aws_batch_executor": {"region_name": "x"}, "batch": COMPLETE}, 1, "Something remains to be done"),
    ],
)
def test_the_exit_code_says_whether_something_remains_to_be_done(
    sections: dict[str, dict[str, str]],
    code: int,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("AIRFLOW__CORE__EXECUTOR", raising=False)
    assert main(["migrate", "--cfg", str(cfg(tmp_path / "x.cfg", **sections))]) == code
    assert words in capsys.readouterr().err


def test_every_option_that_we_write_exists() -> None:
    for old in TABLE.values():
        names = MODELS[old.section].model_fields
        assert {one.option for one in old.options.values() if one.option} <= set(names)
        assert {one.option for one in old.silent.values() if one.option} <= set(names)


def test_what_is_ours_already_stays() -> None:
    was = "[batch] workers"
    assert migrated({"batch": {"workers": "32"}}) == (
        Line(section="batch", option="workers", value="32", was=was),
    )


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("[core]\nexecutor = LocalExecutor\n", 1, "No configuration of an older package"),
        ("no section", 2, "Cannot read"),
    ],
)
def test_what_can_not_be_migrated_is_told(
    text: str, code: int, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.cfg").write_text(text)
    assert main(["migrate", "--cfg", str(tmp_path / "x.cfg")]) == code
    assert words in capsys.readouterr().err
    assert main(["migrate", "--cfg", str(tmp_path / "missing.cfg")]) == 2


@cache
def airflows_parser() -> AirflowConfigParser:
    """Made once: it takes a quarter of a second."""
    return new_conf()


LINES = st.text(st.sampled_from("ab,{}[]\"'#;=:%$ \t\n\r") | st.characters(codec="utf-8"), max_size=40)


@given(LINES, LINES, LINES)
def test_whatever_is_written_airflow_reads_back(value: str, note: str, left: str) -> None:
    lines = (
        Line(section="red=batch", option="job_name", value=value.strip(), was="x", note=note),
        Line(section="red=batch", option="", value=left, was=f"[batch] {left}", note=note),
        Line(section="red=batch", option="region", value="us-east-1", was="x"),
    )
    parser = airflows_parser()
    parser.clear()
    parser.read_string(as_cfg(lines, (note, left)))
    assert parser.options("red=batch") == ["job_name", "region"]
    assert parser["red=batch"]["job_name"].split() == value.split()
    assert parser["red=batch"]["region"] == "us-east-1"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({"core": {"executor": "mine.MyExecutor"}}, "mine.MyExecutor stays: it is a class of your own"),
        ({"core": {"executor": "x.AwsLambdaExecutor"}}, "Lambda is not there"),
        ({"aws_lambda_executor": {"function_name": "f"}}, "[aws_lambda_executor] is not translated"),
        ({"aws_batch_executor": {"job_queue": "q"}}, "Still to be done in [batch]: region is missing"),
        ({"red=batch": {"region": "us-east-1"}}, "name aws_executors.executors.AwsBatchExecutor in [core]"),
        ({"batch": {"region": "x-y-1"}, "aws_batch_executor": {"region": "x-y-1"}}, "of one package only"),
    ],
)
def test_what_is_not_translated_is_told(written: dict[str, dict[str, str]], told: str) -> None:
    assert [remark for remark in notes(written) if told in remark] != []


@pytest.mark.parametrize(
    "value",
    [
        "LocalExecutor",
        "CeleryExecutor,k8s:airflow.x.KubernetesExecutor",
        "aws_executors.executors.AwsBatchExecutor",
    ],
)
def test_other_executors_stay_without_a_word(value: str) -> None:
    assert (migrated({"core": {"executor": value}}), notes({"core": {"executor": value}})) == ((), ())


def test_two_names_of_one_executor_become_one() -> None:
    (line,) = migrated(
        {"core": {"executor": "p.AwsFargateExecutor, p.AwsEcsFargateExecutor;red=p.AwsEcsExecutor"}}
    )
    assert line.value == "aws_executors.executors.AwsEcsFargateExecutor;red=" + line.value.partition(";")[0]


def test_variables_that_win_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "aws_executors_plugin.AwsBatchExecutor")
    monkeypatch.setenv("AIRFLOW__CORE__PARALLELISM", "100")
    monkeypatch.setenv("AIRFLOW__BATCH__REGION", "us-east-1")
    monkeypatch.setenv("AIRFLOW__RED___AWS_BATCH_EXECUTOR__REGION_NAME", "us-east-1")
    assert main(["migrate"]) == 1  # job_name and more are missing
    told = [line for line in capsys.readouterr().out.splitlines() if "wins over" in line]
    assert [line.split()[3] for line in told] == ["AIRFLOW__BATCH__REGION", "AIRFLOW__CORE__EXECUTOR"]


def test_a_line_that_can_not_be_read_is_not_quoted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for text in (
        "hush",
        "[core]\nhush",
        "[core]\na = 1\na = hush",
        "[core]\na = hush\n[core]",
        "[core]\n\udcff",
    ):
        (tmp_path / "x.cfg").write_bytes(text.encode("utf-8", "surrogateescape"))
        assert main(["migrate", "--cfg", str(tmp_path / "x.cfg")]) == 2
        told = capsys.readouterr().err
        assert "Cannot read" in told
        assert "hush" not in told


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


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"assign_public_ip": "True"}, "True"),
        ({"assign_public_ip": "true"}, "False"),
        ({"assign_public_ip": "ENABLED"}, "False"),
        ({"run_task_kwargs": '{"assign_public_ip": true}'}, "False"),
        ({"run_task_kwargs": '{"assign_public_ip": "True"}'}, "True"),
    ],
)
def test_no_task_gets_a_public_address_that_it_did_not_have(options: dict[str, str], said: str) -> None:
    """Source: ``airflow/providers/amazon/aws/executors/ecs/utils.py``, `parse_assign_public_ip`."""
    (line,) = [one for one in migrated({"aws_ecs_executor": options}) if one.option == "assign_public_ip"]
    assert line.value == said
    assert bool(line.note) is (said == "False")
