"""The policies that we print allow the calls that are made, on what they are made on, and no more.

Law: what is made is counted by the embedded AWS, while every method of both services' calls is used.
"""

import json
import time
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from returns.pipeline import is_successful

from aws_executors import Launch, Task, batch, compose, ecs
from aws_executors.cli.__main__ import main
from aws_executors.core.aws.iam import Also, Statement, Where, partition, policy
from aws_executors.core.aws.s3_permissions import (
    container_cells,
    container_workloads,
    scheduler_cells,
    scheduler_workloads,
)
from aws_executors.core.batch.permissions import own_tags
from aws_executors.core.batch.permissions import statements as batch_statements
from aws_executors.core.ecs.permissions import statements as ecs_statements
from aws_executors.core.logs.streams import Stream
from aws_executors.core.warm.cell import Cell
from aws_executors.core.warm.shape import cells_of
from aws_executors.local import LocalAws
from aws_executors.run.warm.cell_store import ABSENT, OwnCell, Seen, Won
from aws_executors.shell.aws.batch import BatchCalls
from aws_executors.shell.aws.client.clients import Clients
from aws_executors.shell.aws.ecs import EcsCalls
from aws_executors.shell.transport import transport_of
from aws_executors.shell.transport.cells import cells_at
from support.sites import batch_site, ecs_site

WHERE = Where(region="us-east-1", account="123456789012")
IAM_NAMES = {"batch:TerminateJobs": "batch:TerminateJob"}
"""There is no separate action for the bulk call. Source: API_TerminateJobs."""
LOGS = {
    "logDriver": "awslogs",
    "options": {
        "awslogs-group": "/airflow",
        "awslogs-region": "us-east-1",
        "awslogs-stream-prefix": "airflow",
    },
}
TASK = Task(dag_id="etl", task_id="load")
NO_CALL = {"iam:PassRole"}
"""A permission that AWS checks within RunTask."""


def seen(aws: LocalAws, before: Mapping[str, Any]) -> set[str]:
    names = {
        name.replace(".", ":")
        for name, tally in aws.calls().items()
        if tally["calls"] > before.get(name, {"calls": 0})["calls"]
    }
    return {IAM_NAMES.get(name, name) for name in names}


def eventually(service: BatchCalls | EcsCalls, token: str) -> Stream:
    """Where a container logs to, which shows once it has started."""
    until = time.monotonic() + 60
    while not is_successful(found := service.log_stream(token)):
        assert time.monotonic() < until, found
        time.sleep(0.05)
    return found.unwrap()


def actions(statements: list[Statement]) -> set[str]:
    return {action for statement in statements for action in statement.actions}


def test_batch_is_allowed_what_it_calls_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    with LocalAws() as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
        batch_site(aws, "q")
        settings = batch.BatchSettings(
            region="us-east-1", job_name="airflow", job_queue="q", job_definition="d"
        )
        service = BatchCalls(Clients(settings), settings)
        request = batch.build(Launch(task=TASK, command=("sleep", "9"), settings=settings, token="0b6e"))
        before = aws.calls()
        id_ = service.submit(request).unwrap()
        service.describe([id_]).unwrap()
        assert service.find("0b6e", []).unwrap()
        stream = eventually(service, "0b6e")
        service.log_page(stream, "").unwrap()
        assert service.stop([id_], "test") == {id_: None}
        made = seen(aws, before)
    assert made == actions(list(batch_statements(request, WHERE)))


def test_ecs_is_allowed_what_it_calls_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    with LocalAws() as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
        aws.client("logs").create_log_group(logGroupName="/airflow")
        ecs_site(aws, logConfiguration=LOGS)
        settings = ecs.EcsSettings(
            region="us-east-1",
            cluster="etl",
            container_name="main",
            task_definition="airflow",
            subnets=("subnet-1",),
        )
        service = EcsCalls(Clients(settings), settings)
        request = ecs.build(Launch(task=TASK, command=("sleep", "9"), settings=settings, token="0b6e"))
        before = aws.calls()
        arn = service.submit(request).unwrap()
        service.describe([arn]).unwrap()
        assert service.find("0b6e", []).unwrap()
        stream = eventually(service, "0b6e")
        service.log_page(stream, "").unwrap()
        assert service.stop([arn], "test") == {arn: None}
        made = seen(aws, before)
    found = list(ecs_statements(request, WHERE))
    assert made == actions(found) - NO_CALL
    # and the ARN that AWS gave is among those that may be looked at
    (follow,) = [statement for statement in found if "ecs:StopTask" in statement.actions]
    assert arn.startswith(follow.resources[0].removesuffix("*"))


def job(**more: Any) -> batch.SubmitJob:
    return batch.SubmitJob(**{"job_name": "airflow", "job_queue": "q", "job_definition": "d"} | more)


def run(**more: Any) -> ecs.RunTask:
    return ecs.RunTask(**{"task_definition": "airflow", "cluster": "etl"} | more)


BATCH = "arn:aws:batch:us-east-1:123456789012"
ECS = "arn:aws:ecs:us-east-1:123456789012"
ROLE = "arn:aws:iam::123456789012:role"
QUEUE, DEFINITION = f"{BATCH}:job-queue/q", f"{BATCH}:job-definition/d"
FAMILY = f"{ECS}:task-definition/airflow"


@pytest.mark.parametrize(
    ("request_", "also", "action", "resources"),
    [
        (job(), Also(), "batch:SubmitJob", {QUEUE, DEFINITION, f"{DEFINITION}:*"}),
        (job(job_definition="d:3"), Also(), "batch:SubmitJob", {QUEUE, f"{DEFINITION}:3"}),
        (
            job(job_queue="arn:aws:batch:x:1:job-queue/z", job_definition="d:3"),
            Also(definitions=("d:1",), queues=("q",)),
            "batch:SubmitJob",
            {"arn:aws:batch:x:1:job-queue/z", QUEUE, f"{DEFINITION}:3", f"{DEFINITION}:1"},
        ),
        (job(tags={"team": "etl"}), Also(), "batch:TagResource", {f"{BATCH}:job/*"}),
        (run(), Also(), "ecs:RunTask", {f"{FAMILY}:*"}),
        (run(task_definition="airflow:7"), Also(), "ecs:RunTask", {f"{FAMILY}:7"}),
        (
            run(task_definition="airflow:7"),
            Also(definitions=("airflow",)),
            "ecs:RunTask",
            {f"{FAMILY}:7", f"{FAMILY}:*"},
        ),
        (run(), Also(clusters=("gpu",)), "ecs:StopTask", {f"{ECS}:task/etl/*", f"{ECS}:task/gpu/*"}),
        (run(cluster=f"{ECS}:cluster/etl"), Also(), "ecs:DescribeTasks", {f"{ECS}:task/etl/*"}),
        (run(enable_ecs_managed_tags=True), Also(), "ecs:TagResource", {f"{ECS}:task/etl/*"}),
        (run(), Also(tags=True), "ecs:TagResource", {f"{ECS}:task/etl/*"}),
        (
            run(),
            Also(roles=("a", "arn:aws:iam::1:role/b")),
            "iam:PassRole",
            {f"{ROLE}/a", "arn:aws:iam::1:role/b"},
        ),
        (run(), Also(), "iam:PassRole", {f"{ROLE}/EXECUTION_ROLE", f"{ROLE}/TASK_ROLE"}),
        (run(overrides=ecs.Overrides(task_role_arn=f"{ROLE}/t")), Also(), "iam:PassRole", {f"{ROLE}/t"}),
    ],
)
def test_resources(request_: object, also: Also, action: str, resources: set[str]) -> None:
    made = (
        batch_statements(request_, WHERE, also)
        if isinstance(request_, batch.SubmitJob)
        else ecs_statements(request_, WHERE, also)  # type: ignore[arg-type]  # the other of two
    )
    assert {one for found in made if action in found.actions for one in found.resources} == resources


def test_nothing_unbounded_is_allowed() -> None:
    for found in (*batch_statements(job(), WHERE), *ecs_statements(run(), WHERE)):
        assert found.resources != ("*",) or found.condition
        assert all("*" not in action for action in found.actions)
        assert not any("log-group:*" in one for one in found.resources)


def test_without_a_log_group_none_is_read_on_ecs() -> None:
    (logs,) = [one for one in ecs_statements(run(), WHERE) if one.sid == "ReadLogs"]
    assert logs.resources == ("arn:aws:logs:us-east-1:123456789012:log-group:LOG_GROUP:log-stream:*",)


OPTIONS = {"region": "us-east-1", "job_name": "a", "job_queue": "q", "job_definition": "d"}


@pytest.mark.parametrize(
    ("options", "condition"),
    [
        ({}, {}),
        (
            {"submit_job_kwargs": '{"tags": {"team": "etl"}}'},
            {"StringEquals": {"aws:ResourceTag/team": "etl"}},
        ),
        ({"submit_job_kwargs": '{"tags": {"team": "etl"}}', "request_builder": "my.build"}, {}),
        ({"submit_job_kwargs": "my.KWARGS"}, {}),
    ],
)
def test_jobs_are_ended_by_the_tags_that_all_of_them_have(
    options: dict[str, str], condition: dict[str, Any]
) -> None:
    settings = batch.BatchSettings.from_section(OPTIONS | options).unwrap()
    own = own_tags(settings, job(tags={"team": "etl"}))
    (end,) = [one for one in batch_statements(job(), WHERE, Also(own_tags=own)) if one.sid == "EndJobs"]
    assert end.condition == condition


def test_the_command_narrows_what_ends_jobs_or_says_that_it_can_not(
    set_up: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in OPTIONS.items():
        set_up.setenv(f"AIRFLOW__BATCH__{name.upper()}", value)
    words = ["iam-policy", "--section", "batch", "--account", "123456789012"]
    assert main(words) == 0
    said_of_all = capsys.readouterr().err
    assert "every job of the account" in said_of_all
    assert '[batch] submit_job_kwargs = {"tags": ' in said_of_all
    set_up.setenv("AIRFLOW__BATCH__SUBMIT_JOB_KWARGS", '{"tags": {"team": "etl"}}')
    assert main([*words[:-1], "1234-5678-9012"]) == 0  # as AWS's console shows it
    said = capsys.readouterr()
    assert "1234-5678-9012" not in said.out
    (end,) = [one for one in json.loads(said.out)["Statement"] if one["Action"] == "batch:TerminateJob"]
    assert end["Condition"] == {"StringEquals": {"aws:ResourceTag/team": "etl"}}
    assert said.err == ""


def test_where_a_builder_makes_the_requests_it_is_to_give_the_tag(
    set_up: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The kwargs option and a builder exclude each other."""
    for name, value in (OPTIONS | {"request_builder": "aws_executors.batch.build"}).items():
        set_up.setenv(f"AIRFLOW__BATCH__{name.upper()}", value)
    assert main(["iam-policy", "--section", "batch", "--account", "123456789012"]) == 0
    said = capsys.readouterr().err
    assert "submit_job_kwargs" not in said
    assert 'batch.with_tags(airflow="etl"), and add to this statement: "Condition": {"StringEquals":' in said


def test_only_what_is_left_to_replace_is_told_with_the_option_for_it(
    set_up: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = {"region": "us-east-1", "cluster": "etl", "container_name": "main", "task_definition": "a:7"}
    for name, value in (options | {"subnets": "subnet-1"}).items():
        set_up.setenv(f"AIRFLOW__ECS_FARGATE__{name.upper()}", value)
    words = ["iam-policy", "--section", "ecs_fargate"]
    assert main(words) == 0
    assert "Replace TASK_ROLE before you use this policy, or pass --role.\n" in capsys.readouterr().err
    assert main([*words, "--account", "123456789012", "--role", "one"]) == 0
    assert capsys.readouterr().err == "Replace LOG_GROUP before you use this policy, or pass --log-group.\n"
    assert main([*words, "--account", "123456789012", "--role", "one", "--log-group", "/ecs/a"]) == 0
    assert capsys.readouterr().err == ""


def test_an_option_that_changes_nothing_is_told(
    set_up: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for option, value in {"job_name": "airflow", "job_queue": "q", "job_definition": "d"}.items():
        set_up.setenv(f"AIRFLOW__BATCH__{option.upper()}", value)
    set_up.setenv("AIRFLOW__BATCH__REGION", "us-east-1")
    for section, other, idle in (("batch", "ecs_fargate", "cluster role"), ("ecs_fargate", "batch", "queue")):
        for name in idle.split():
            words = ["iam-policy", "--section", section, f"--{name}", "x"]
            assert main(words) == 0
            told = f"--{name} has no effect on [{section}]; use --section {other}, or leave it out.\n"
            assert told in capsys.readouterr().err
    assert main(["iam-policy", "--containers", "--log-group", "x", "--tags"]) == 0
    assert capsys.readouterr().err.splitlines() == [
        "--log-group has no effect with --containers; leave one of the two out.",
        "--tags has no effect with --containers; leave one of the two out.",
    ]


def test_the_store_s_owner_is_in_the_policies_of_both_sides() -> None:
    settings = batch.BatchSettings.from_section({**STORED, "workload_store_owner": "123456789012"}).unwrap()
    for made in (scheduler_workloads, container_workloads):
        (found,) = made(settings, WHERE)
        assert found.condition == {"StringEquals": {"aws:ResourceAccount": "123456789012"}}


@pytest.mark.parametrize("clusters", [(), ("gpu",)])
def test_tasks_are_run_and_listed_in_these_clusters_only(clusters: tuple[str, ...]) -> None:
    every = [f"{ECS}:cluster/{name}" for name in ("etl", *clusters)]
    expected = {"ArnEquals": {"ecs:cluster": every if clusters else every[0]}}
    found = [
        one for one in ecs_statements(run(), WHERE, Also(clusters=clusters)) if "ecs:cluster" in str(one)
    ]
    assert [one.sid for one in found] == ["RunTasks", "FindTasks"]
    assert [one.condition for one in found] == [expected, expected]


def test_partitions_are_botocore_s() -> None:
    import botocore.session

    session = botocore.session.get_session()
    for name in session.get_available_partitions():
        for region in session.get_available_regions("ecs", partition_name=name):
            assert partition(region) == name


@pytest.fixture
def set_up(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in {
        "REGION": "us-east-1",
        "CLUSTER": "etl",
        "CONTAINER_NAME": "main",
        "TASK_DEFINITION": "airflow",
        "SUBNETS": "subnet-1",
    }.items():
        monkeypatch.setenv(f"AIRFLOW__ECS_FARGATE__{name}", value)
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "aws_executors.executors.AwsFargateExecutor")
    return monkeypatch


def tagged_by_the_hundred(launch: Launch[ecs.EcsSettings], request: ecs.RunTask) -> ecs.RunTask:
    raise LookupError(launch.task.dag_id)


failing = compose(ecs.build, tagged_by_the_hundred)
tagged = compose(ecs.build, ecs.with_tags(team="etl"))


def test_the_command_prints_the_policy(
    set_up: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["iam-policy", "--account", "123456789012", "--role", "x", "--log-group", "/airflow"]
    assert main(words) == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == json.loads(
        json.dumps(policy(ecs_statements(run(), WHERE, Also(roles=("x",), log_groups=("/airflow",)))))
    )
    assert said.err == ""


def test_the_command_tells_what_to_replace(
    set_up: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["iam-policy", "--output", "table", "--doctor"]) == 0
    said = capsys.readouterr()
    assert [line.split()[1] for line in said.err.splitlines()] == [
        "ACCOUNT_ID",
        "EXECUTION_ROLE",
        "TASK_ROLE",
        "LOG_GROUP",
    ]
    assert "iam:SimulatePrincipalPolicy" in said.out


@pytest.mark.parametrize(("transport", "expected"), [("inline", 0), ("s3", 1), ("auto", 1)])
def test_stored_workloads_are_allowed_where_they_are_stored(
    transport: str, expected: int, set_up: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up.setenv("AIRFLOW__ECS_FARGATE__WORKLOAD_TRANSPORT", transport)
    if transport != "inline":
        set_up.setenv("AIRFLOW__ECS_FARGATE__WORKLOAD_STORE", "s3://my-bucket/workloads")
    assert main(["iam-policy", "--account", "123456789012", "--role", "x"]) == 0
    found = [one for one in json.loads(capsys.readouterr().out)["Statement"] if "s3:" in str(one["Action"])]
    assert [one["Resource"] for one in found] == ["arn:aws:s3:::my-bucket/workloads/*"] * expected


STORED = {"region": "us-east-1", "job_name": "a", "job_queue": "q", "job_definition": "d"} | {
    "workload_transport": "s3",
    "workload_store": "s3://my-bucket/workloads",
}
KMS = "arn:aws:kms:us-east-1:123456789012"
ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
BY_ALIAS = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/airflow"}}


@pytest.mark.parametrize(
    ("key", "resource", "condition"),
    [
        (ID, f"{KMS}:key/{ID}", {}),
        (f"{KMS}:key/{ID}", f"{KMS}:key/{ID}", {}),
        ("alias/airflow", f"{KMS}:key/*", BY_ALIAS),
        ("arn:aws:kms:us-east-1:1:alias/airflow", "arn:aws:kms:us-east-1:1:key/*", BY_ALIAS),
    ],
)
def test_a_key_of_kms_is_allowed_as_policies_name_it(
    key: str, resource: str, condition: Mapping[str, Any]
) -> None:
    settings = batch.BatchSettings.from_section({**STORED, "workload_kms_key": key}).unwrap()
    kept, read = ([*made(settings, WHERE)] for made in (scheduler_workloads, container_workloads))
    assert [one.actions for one in kept] == [
        ("s3:PutObject", "s3:GetObject", "s3:DeleteObject"),
        ("kms:GenerateDataKey", "kms:Decrypt"),
    ]
    assert [one.actions for one in read] == [("s3:GetObject",), ("kms:Decrypt",)]
    for _, by_key in (kept, read):
        assert (by_key.resources, by_key.condition) == ((resource,), condition)


def test_the_store_is_allowed_what_is_called_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    with LocalAws() as aws:
        for name, value in aws.environment.items():
            monkeypatch.setenv(name, value)
        aws.client("s3").create_bucket(Bucket="my-bucket")
        settings = batch.BatchSettings.from_section(STORED).unwrap()
        before = aws.calls()
        (usual, _), (other, _) = (transport_of(settings, Clients(settings)) for _ in range(2))
        usual.put("0b6e-1", "{}").unwrap()
        usual.refresh("0b6e-1", "{}").unwrap()
        assert other.take_over("0b6e-1", lambda found: found).unwrap()
        usual.remove("0b6e-1").unwrap()
        made = seen(aws, before)
    assert made == actions(list(scheduler_workloads(settings, WHERE)))


WARM = {**STORED, "workload_transport": "inline", "warm_idle": "120"}
BUCKET = "arn:aws:s3:::my-bucket"


def test_cells_are_allowed_what_is_called_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    with LocalAws() as aws:
        for name, value in aws.environment.items():
            monkeypatch.setenv(name, value)
        aws.client("s3").create_bucket(Bucket="my-bucket")
        settings = batch.BatchSettings.from_section(WARM).unwrap()
        store, cell = cells_at(cells_of(settings), settings, Clients(settings)), Cell(container="4c75")
        own = OwnCell(f"{cells_of(settings)}/f00d/0b6e-1", "us-east-1")
        before = aws.calls()
        assert isinstance(own.put(cell, ABSENT), Won)
        assert isinstance(own.get(), Seen)
        served = seen(aws, before)
        assert "f00d/0b6e-1" in store.listed().unwrap()
        held = store.read("f00d/0b6e-1").unwrap()
        assert held is not None
        assert store.write("f00d/0b6e-1", held, cell.close()).unwrap() is not None
        store.remove("f00d/0b6e-1").unwrap()
        made = seen(aws, before)
    names = {"s3:ListObjectsV2": "s3:ListBucket"}
    assert served == actions(list(container_cells(settings, WHERE)))
    assert {names.get(name, name) for name in made} == actions(list(scheduler_cells(settings, WHERE)))
    assert list(scheduler_workloads(settings, WHERE)) == list(container_workloads(settings, WHERE)) == []


@pytest.mark.parametrize("builder", ["", "containers.warm_ecs"])
def test_the_command_prints_what_warm_containers_need(
    builder: str, set_up: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own = {"request_builder": builder} if builder else {"warm_idle": "120"}
    own |= {
        "workload_store": "s3://my-bucket/w",
        "workload_kms_key": ID,
        "workload_store_owner": "123456789012",
    }
    for name, value in own.items():
        set_up.setenv(f"AIRFLOW__ECS_FARGATE__{name.upper()}", value)
    words = ["iam-policy", "--account", "123456789012", "--role", "x"]
    assert main([*words, "--containers"]) == 0
    found = json.loads(capsys.readouterr().out)["Statement"]
    cells, key = f"{BUCKET}/w/cells/airflow/*", f"{KMS}:key/{ID}"
    assert [(one["Action"], one["Resource"]) for one in found] == [
        (["s3:PutObject", "s3:GetObject"], cells),
        (["kms:GenerateDataKey", "kms:Decrypt"], key),
    ]
    assert main([*words, "--doctor"]) == 0
    found = json.loads(capsys.readouterr().out)["Statement"]
    assert [(one["Action"], one["Resource"]) for one in found if "Cells" in one["Sid"]] == [
        ("s3:ListBucket", BUCKET),
        (["s3:PutObject", "s3:GetObject", "s3:DeleteObject"], cells),
        (["kms:GenerateDataKey", "kms:Decrypt"], key),
    ]
    (listing,) = [one["Condition"] for one in found if one["Sid"] == "ListCells"]
    assert listing == {
        "StringLike": {"s3:prefix": "w/cells/airflow/*"},
        "StringEquals": {"aws:ResourceAccount": "123456789012"},
    }
    (reads,) = [one["Action"] for one in found if one["Sid"] == "DoctorReads"]
    assert "s3:GetLifecycleConfiguration" in reads


def test_without_warm_containers_nothing_of_s3_is_allowed(
    set_up: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["iam-policy", "--doctor"]) == 0
    assert "s3:" not in capsys.readouterr().out


def test_the_command_prints_what_the_containers_need(
    set_up: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up.setenv("AIRFLOW__ECS_FARGATE__WORKLOAD_TRANSPORT", "s3")
    set_up.setenv("AIRFLOW__ECS_FARGATE__WORKLOAD_STORE", "s3://my-bucket/workloads")
    set_up.setenv("AIRFLOW__ECS_FARGATE__WORKLOAD_KMS_KEY", ID)
    assert main(["iam-policy", "--containers", "--account", "123456789012"]) == 0
    found = json.loads(capsys.readouterr().out)["Statement"]
    assert [(one["Action"], one["Resource"]) for one in found] == [
        ("s3:GetObject", "arn:aws:s3:::my-bucket/workloads/*"),
        ("kms:Decrypt", f"{KMS}:key/{ID}"),
    ]


@pytest.mark.parametrize(
    ("builder", "code", "words"),
    [("tagged", 0, "ecs:TagResource"), ("failing", 2, "LookupError: any (in step ")],
)
def test_the_command_asks_the_person_s_builder(
    builder: str, code: int, words: str, set_up: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import sys

    set_up.setitem(sys.modules, "my_builders", SimpleNamespace(**{builder: globals()[builder]}))
    set_up.setenv("AIRFLOW__ECS_FARGATE__REQUEST_BUILDER", f"my_builders.{builder}")
    assert main(["iam-policy"]) == code
    said = capsys.readouterr()
    assert words in said.out + said.err


def test_without_our_executors_the_command_says_what_to_do(
    set_up: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up.setenv("AIRFLOW__CORE__EXECUTOR", "LocalExecutor")
    assert main(["iam-policy"]) == 2
    assert "--section batch" in capsys.readouterr().err
