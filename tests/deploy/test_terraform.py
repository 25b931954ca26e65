"""The configuration can be read, means the same in both spellings, and asks the provider for what it has.

Law: HCL is read by a parser of its own (python-hcl2), not by what wrote it. `terraform_provider_aws.json` is
an extract of the schema of hashicorp/aws 6.62.0: for each resource that is made, every argument, whether it
must be given, and of what kind it is (a nested object: the arguments of a block). What is of SQS and
EventBridge is from that provider's sources and documentation, without the blocks that are not used.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import hcl2
import pytest

from aws_executors import batch, ecs
from aws_executors.cli.__main__ import main
from aws_executors.core.aws.iam import Statement
from aws_executors.core.batch.builder import from_options as batch_options
from aws_executors.core.ecs.builder import from_options as ecs_options
from aws_executors.deploy.hcl import BLOCKS, Configuration, Value, as_json, hcl, itself
from aws_executors.deploy.model import Setup, of_batch, of_ecs
from aws_executors.deploy.terraform import configuration

SCHEMA: Mapping[str, Any] = json.loads(Path(__file__).with_name("terraform_provider_aws.json").read_text())
ECS = {
    "region": "us-east-1",
    "cluster": "etl",
    "container_name": "main",
    "task_definition": "airflow:7",
    "subnets": "subnet-0a1b2c3d",
}
BATCH = {"region": "us-east-1", "job_name": "airflow", "job_queue": "q", "job_definition": "d"}


def on_ecs(**more: str) -> Setup:
    settings = ecs.EcsSettings.from_section(ECS | more).unwrap()
    return of_ecs(settings, ecs_options(settings))


def on_batch(**more: str) -> Setup:
    settings = batch.BatchSettings.from_section(BATCH | more).unwrap()
    return of_batch(settings, batch_options(settings))


STORED = {
    "workload_transport": "s3",
    "workload_store": "s3://my-bucket/workloads",
    "workload_kms_key": "alias/airflow",
}
SETUPS = {
    "fargate": on_ecs(),
    "own-group": on_ecs(security_groups="sg-1"),
    "spot": on_ecs(capacity_provider_strategy="FARGATE_SPOT:4,FARGATE:1"),
    "ec2": on_ecs(launch_type="EC2", subnets=""),
    "china": on_ecs(region="cn-north-1"),
    "batch": on_batch(),
    "stored": on_batch(**STORED),
    "batch-named": on_batch(container_name="main", job_definition="d:3"),
}
EVERY = pytest.mark.parametrize("setup", SETUPS.values(), ids=SETUPS)


_made: dict[str, Configuration] = {}


def made_of(setup: Setup) -> Configuration:
    """Its configuration, made once: to fill in the template and read it takes longest here."""
    name = repr(setup)
    if name not in _made:
        _made[name] = configuration(setup)
    return _made[name]


def resources(setup: Setup) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Type, name and arguments of each resource."""
    made: dict[str, dict[str, dict[str, Any]]] = made_of(setup)["resource"]  # type: ignore[assignment]
    return ((kind, name, given) for kind, names in made.items() for name, given in names.items())


@EVERY
def test_every_argument_is_one_that_the_provider_has(setup: Setup) -> None:
    for kind, _, given in resources(setup):
        fits(given, SCHEMA[kind])


def fits(given: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    """Whether a block gives what it must, and nothing that is unknown or of another kind."""
    assert given.keys() <= schema.keys()
    assert {name for name, row in schema.items() if row["required"]} <= given.keys()
    for name, value in given.items():
        kind = schema[name]["kind"]
        if name in BLOCKS:
            for one in value:
                fits(one, kind)
        else:
            assert EXPRESSION.fullmatch(str(value)) or KINDS[kind](value), (name, value)


EXPRESSION = re.compile(r"\$\{[^{}]+\}")
KINDS: Mapping[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str) or [*value] == ["jsonencode"],
    "number": lambda value: isinstance(value, int),
    "texts": lambda value: isinstance(value, list),
    "flag": lambda value: isinstance(value, bool),
    "map": lambda value: isinstance(value, dict),
}


@EVERY
def test_every_reference_leads_to_what_is_there(setup: Setup) -> None:
    made = made_of(setup)
    text = hcl(made)
    assert set(re.findall(r"\bvar\.(\w+)", text)) == made["variable"].keys()
    there = {f"{kind}.{name}" for kind, name, _ in resources(setup)}
    assert {
        f"{kind}.{name}" for kind, name in re.findall(r"\b(aws_\w+)\.(\w+)\.\w+", text) if kind in SCHEMA
    } <= there


@EVERY
def test_both_spellings_are_read_as_the_same(setup: Setup) -> None:
    made = made_of(setup)
    read = hcl2.loads(hcl(made) + "\n")
    written = as_json(made)
    assert isinstance(written, dict)
    assert read.keys() - {"__comments__"} == written.keys()
    assert [*named(read["resource"])] == sorted((kind, name) for kind, name, _ in resources(setup))
    assert len(read["variable"]) == len(inside(written, "variable"))
    for kind, name, given in resources(setup):
        spelled = inside(written, "resource")[kind][name]
        assert spelled.keys() == given.keys()
        (own,) = [
            found
            for block in read["resource"]
            for labels, names in block.items()
            for label, found in names.items()
            if (labels.strip('"'), label.strip('"')) == (kind, name)
        ]
        assert {one for one in own if not one.startswith("__")} == given.keys()


def inside(written: Mapping[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = written[name]
    return found


def named(blocks: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Type and name of each resource, without the quotes that the parser keeps."""
    found = {
        (kind.strip('"'), name.strip('"'))
        for block in blocks
        for kind, names in block.items()
        for name in names
        if not name.startswith("__")
    }
    yield from sorted(found)


def test_it_makes_what_the_settings_name() -> None:
    made: Any = as_json(made_of(on_ecs()))["resource"]
    definition = made["aws_ecs_task_definition"]["airflow"]
    (container,) = json.loads(definition["container_definitions"])
    assert made["aws_ecs_cluster"]["airflow"] == {"name": "etl"}
    assert (definition["family"], container["name"], container["image"]) == (
        "airflow",
        "main",
        "${var.image}",
    )
    made = as_json(configuration(on_batch(job_queue="arn:aws:batch:us-east-1:123456789012:job-queue/night")))
    assert made["resource"]["aws_batch_job_queue"]["airflow"]["name"] == "night"


def test_the_policy_is_about_the_set_up_s_own_roles_and_account() -> None:
    made: Any = as_json(made_of(on_ecs()))["resource"]
    document = json.loads(made["aws_iam_policy"]["scheduler"]["policy"])
    resources = {one["Sid"]: one["Resource"] for one in document["Statement"]}
    assert resources["PassRoles"] == ["${aws_iam_role.execution.arn}", "${aws_iam_role.task.arn}"]
    account = "${data.aws_caller_identity.current.account_id}"
    assert resources["RunTasks"] == f"arn:aws:ecs:us-east-1:{account}:task-definition/airflow:7"


def test_roles_are_for_tasks_of_this_account_and_region_alone() -> None:
    account = "${data.aws_caller_identity.current.account_id}"
    for setup in (on_ecs(), on_batch()):
        made: Any = as_json(made_of(setup))["resource"]
        for role in ("execution", "task"):
            (one,) = json.loads(made["aws_iam_role"][role]["assume_role_policy"])["Statement"]
            assert one["Condition"] == {
                "StringEquals": {"aws:SourceAccount": account},
                "ArnLike": {"aws:SourceArn": f"arn:aws:ecs:us-east-1:{account}:*"},
            }


def test_what_looks_live_in_a_name_means_itself_beside_an_account() -> None:
    beside = Statement(sid="Odd", actions=("a:B",), resources=("arn:x:${ACCOUNT}:y/${path.module}%{if}é",))
    made = configuration(replace(on_ecs(), statements=(beside,)))
    live = "${data.aws_caller_identity.current.account_id}"
    expected = f"arn:x:{live}:y/$${{path.module}}%%{{if}}é"
    assert f'"{expected}"' in hcl(made)
    both: Any = as_json(made)
    document = json.loads(both["resource"]["aws_iam_policy"]["scheduler"]["policy"])
    assert document["Statement"][0]["Resource"] == expected


@pytest.mark.parametrize("name", ["${path.module}", 'a"b: {{ x }} #', "it's %{if} & <é>", "- x\\n"])
def test_every_name_of_the_settings_means_itself(name: str) -> None:
    for setup in (on_ecs(), on_batch(container_name="main")):
        parts: tuple[Any, ...] = setup.made
        odd = tuple(
            replace(one, **{field: name for field in ("name", "family", "container") if hasattr(one, field)})
            for one in parts
        )
        made = configuration(replace(setup, made=odd))
        text = json.dumps(itself(name), ensure_ascii=False)
        assert hcl(made).count(f"= {text}\n") == 3
        assert hcl2.loads(hcl(made) + "\n")


def test_containers_may_read_what_is_stored_for_them() -> None:
    made: Any = as_json(configuration(on_batch(**STORED)))["resource"]
    document = json.loads(made["aws_iam_role_policy"]["read_workloads"]["policy"])
    assert {"s3:GetObject", "kms:Decrypt"} <= {
        action
        for one in document["Statement"]
        for action in (one["Action"] if isinstance(one["Action"], list) else [one["Action"]])
    }
    assert "aws_iam_role_policy" not in as_json(configuration(on_batch()))["resource"]  # type: ignore[operator]


def test_containers_may_serve_their_cells() -> None:
    settings = batch.BatchSettings.from_section(
        {**BATCH, "workload_store": "s3://my-bucket/w", "warm_idle": "9"}
    ).unwrap()
    setup = of_batch(settings, batch_options(settings), warm=True)
    made: Any = as_json(made_of(setup))["resource"]
    document = json.loads(made["aws_iam_role_policy"]["read_workloads"]["policy"])
    assert [one["Sid"] for one in document["Statement"]] == ["ServeCells"]


def test_a_partition_has_its_own_policies() -> None:
    made: Any = as_json(configuration(on_ecs(region="cn-north-1")))["resource"]
    attached = made["aws_iam_role_policy_attachment"]["execution"]["policy_arn"]
    assert attached == "arn:aws-cn:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("plain", '"plain"'),
        (itself("costs ${money} and %{if}"), '"costs $${money} and %%{if}"'),
        ('a "quoted" word', '"a \\"quoted\\" word"'),
        ("id ${var.x}", '"id ${var.x}"'),
        ("${var.x}", "var.x"),
        (True, "true"),
        (7, "7"),
        ([], "[]"),
        (["a"], '["a"]'),
        (["a", "b"], '[\n    "a",\n    "b",\n  ]'),
        ({}, "{}"),
        ({"a": 1, "b c": 2}, '{\n    a     = 1\n    "b c" = 2\n  }'),
        (
            {"jsonencode": [{"a": itself("${b}")}]},
            'jsonencode([\n    {\n      a = "$${b}"\n    },\n  ])',
        ),
    ],
)
def test_values_are_spelled_as_terraform_reads_them(value: Value, written: str) -> None:
    made = hcl({"provider": {"aws": {"x": value}}})
    assert made == f'provider "aws" {{\n  x = {written}\n}}'


def test_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for section, options in (("ECS_FARGATE", ECS), ("BATCH", BATCH)):
        for name, value in options.items():
            monkeypatch.setenv(f"AIRFLOW__{section}__{name.upper()}", value)
    assert main(["terraform", "--section", "ecs_fargate"]) == 0
    assert capsys.readouterr().out == hcl(configuration(on_ecs())) + "\n"
    assert main(["terraform", "--section", "batch", "--output", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(as_json(configuration(on_batch()))))
    assert main(["terraform", "--section", "batch", "--output", "table"]) == 0
    assert "airflow    aws_batch_job_queue\n" in capsys.readouterr().out
    monkeypatch.delenv("AIRFLOW__BATCH__REGION")
    assert main(["terraform", "--section", "batch"]) == 2
    assert "region is missing" in capsys.readouterr().err
