"""The template is sound by CloudFormation's own linter, and makes what the settings name."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from aws_executors import batch, ecs
from aws_executors.cli.__main__ import main
from aws_executors.core.aws.iam import Statement
from aws_executors.core.batch.builder import from_options as batch_options
from aws_executors.core.ecs.builder import from_options as ecs_options
from aws_executors.deploy.cloudformation import template
from aws_executors.deploy.model import of_batch, of_ecs

ECS = {
    "region": "us-east-1",
    "cluster": "etl",
    "container_name": "main",
    "task_definition": "airflow:7",
    "subnets": "subnet-0a1b2c3d",
}
STORED = {
    "workload_transport": "s3",
    "workload_store": "s3://my-bucket/workloads",
    "workload_kms_key": "alias/airflow",
}
WARM = {"workload_store": "s3://my-bucket/workloads", "warm_idle": "120"}
BATCH = {"region": "us-east-1", "job_name": "airflow", "job_queue": "q", "job_definition": "d"}


@cache
def ecs_template(**more: str) -> Any:
    settings = ecs.EcsSettings.from_section(ECS | more).unwrap()
    return template(of_ecs(settings, ecs_options(settings), bool(settings.warm_idle)))


@cache
def batch_template(**more: str) -> Any:
    settings = batch.BatchSettings.from_section(BATCH | more).unwrap()
    return template(of_batch(settings, batch_options(settings), bool(settings.warm_idle)))


def every() -> dict[str, Any]:
    return {
        "fargate": ecs_template(),
        "own-group": ecs_template(
            security_groups="sg-1", cluster="arn:aws:ecs:us-east-1:123456789012:cluster/etl"
        ),
        "spot": ecs_template(capacity_provider_strategy="FARGATE_SPOT:4,FARGATE:1"),
        "ec2": ecs_template(launch_type="EC2", subnets=""),
        "batch": batch_template(),
        "batch-named": batch_template(container_name="main", job_definition="d:3"),
        "stored": batch_template(**STORED),
        "warm": ecs_template(**WARM),
    }


def test_the_linter_finds_nothing(tmp_path: Path) -> None:
    """In one run for all of them, for it takes longest to start; what it finds has its template's name."""
    templates = every()
    files = [tmp_path / f"{name}.json" for name in templates]
    for file, made in zip(files, templates.values(), strict=True):
        file.write_text(json.dumps(made))
    done = subprocess.run(
        [str(Path(sys.executable).with_name("cfn-lint")), "--regions", "us-east-1", "--", *map(str, files)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("", 0), done.stderr


def test_it_makes_what_the_settings_name() -> None:
    made = ecs_template()["Resources"]
    definition = made["TaskDefinition"]["Properties"]
    assert made["Cluster"]["Properties"] == {"ClusterName": "etl"}
    assert (definition["Family"], definition["ContainerDefinitions"][0]["Name"]) == ("airflow", "main")
    made = batch_template(job_queue="arn:aws:batch:us-east-1:123456789012:job-queue/night")["Resources"]
    assert made["JobQueue"]["Properties"]["JobQueueName"] == "night"
    assert made["JobDefinition"]["Properties"]["JobDefinitionName"] == "d"


def test_the_policy_is_about_the_stack_s_own_roles() -> None:
    document = ecs_template()["Resources"]["SchedulerPolicy"]["Properties"]["PolicyDocument"]
    resources = {one["Sid"]: one["Resource"] for one in document["Statement"]}
    assert resources["PassRoles"] == [{"Fn::GetAtt": [role, "Arn"]} for role in ("ExecutionRole", "TaskRole")]
    assert resources["RunTasks"] == {
        "Fn::Sub": "arn:aws:ecs:us-east-1:${AWS::AccountId}:task-definition/airflow:7"
    }


def test_roles_are_for_tasks_of_this_account_and_region_alone() -> None:
    for resources in (ecs_template()["Resources"], batch_template()["Resources"]):
        for role in ("ExecutionRole", "TaskRole"):
            (one,) = resources[role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
            assert one["Condition"] == {
                "StringEquals": {"aws:SourceAccount": {"Fn::Sub": "${AWS::AccountId}"}},
                "ArnLike": {"aws:SourceArn": {"Fn::Sub": "arn:aws:ecs:us-east-1:${AWS::AccountId}:*"}},
            }


def test_what_looks_live_in_a_name_means_itself_beside_an_account() -> None:
    settings = ecs.EcsSettings.from_section(ECS).unwrap()
    beside = Statement(sid="Odd", actions=("a:B",), resources=("arn:x:${ACCOUNT}:y/${AWS::StackName}",))
    setup = replace(of_ecs(settings, ecs_options(settings)), statements=(beside,))
    document: Any = template(setup)["Resources"]["SchedulerPolicy"]["Properties"]["PolicyDocument"]  # type: ignore[index]
    assert document["Statement"][0]["Resource"] == {"Fn::Sub": "arn:x:${AWS::AccountId}:y/${!AWS::StackName}"}


def test_stored_workloads_are_kept_by_the_scheduler_and_read_by_the_tasks() -> None:
    resources = ecs_template(**STORED)["Resources"]
    (own,) = resources["TaskRole"]["Properties"]["Policies"]
    kept = resources["SchedulerPolicy"]["Properties"]["PolicyDocument"]
    for document, actions in (
        (own["PolicyDocument"], {"s3:GetObject", "kms:Decrypt"}),
        (
            kept,
            {"s3:PutObject", "s3:GetObject", "s3:DeleteObject", "kms:GenerateDataKey", "kms:Decrypt"},
        ),
    ):
        found = [one["Action"] for one in document["Statement"] if "Workloads" in one["Sid"]]
        assert {name for one in found for name in ([one] if isinstance(one, str) else one)} == actions
    assert "Policies" not in ecs_template()["Resources"]["TaskRole"]["Properties"]


@pytest.mark.parametrize("made", [ecs_template, batch_template])
def test_cells_are_kept_by_the_scheduler_and_served_by_the_tasks(made: Callable[..., Any]) -> None:
    resources = made(**WARM)["Resources"]
    (own,) = resources["TaskRole"]["Properties"]["Policies"]
    assert [one["Action"] for one in own["PolicyDocument"]["Statement"]] == [["s3:PutObject", "s3:GetObject"]]
    kept = resources["SchedulerPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    (listing,) = [one for one in kept if one["Sid"] == "ListCells"]
    assert listing["Condition"] == {"StringLike": {"s3:prefix": "workloads/cells/airflow/*"}}
    assert "KeepCells" in [one["Sid"] for one in kept]
    assert "Cells" not in str(made(**STORED))


def test_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import yaml

    for section, options in (("ECS_FARGATE", ECS), ("BATCH", BATCH)):
        for name, value in options.items():
            monkeypatch.setenv(f"AIRFLOW__{section}__{name.upper()}", value)
    assert main(["cloudformation", "--section", "ecs_fargate"]) == 0
    assert yaml.safe_load(capsys.readouterr().out) == json.loads(json.dumps(ecs_template()))
    for name, value in WARM.items():
        monkeypatch.setenv(f"AIRFLOW__ECS_FARGATE__{name.upper()}", value)
    assert main(["cloudformation", "--section", "ecs_fargate"]) == 0
    assert yaml.safe_load(capsys.readouterr().out) == json.loads(json.dumps(ecs_template(**WARM)))
    assert main(["cloudformation", "--section", "batch", "--output", "table"]) == 0
    assert "JobQueue            AWS::Batch::JobQueue\n" in capsys.readouterr().out
    both = "aws_executors.executors.AwsBatchExecutor,aws_executors.executors.AwsEcsFargateExecutor"
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", both)
    assert main(["cloudformation"]) == 2
    assert "use --section batch or --section ecs_fargate" in capsys.readouterr().err
