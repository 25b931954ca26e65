"""The delivery of events: the same in both languages, for this deployment alone, sound by their linters."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from aws_executors import batch, ecs
from aws_executors.cli.__main__ import main
from aws_executors.core.aws.event_rules import GIVEN_BACK, RECEIVED
from aws_executors.core.aws.iam import NOTHING_ELSE, Also
from aws_executors.core.batch.builder import from_options as batch_options
from aws_executors.core.batch.event_rule import RULE as BATCH_RULE
from aws_executors.core.ecs.builder import from_options as ecs_options
from aws_executors.core.ecs.event_rule import RULE as ECS_RULE
from aws_executors.deploy.cloudformation import events_template
from aws_executors.deploy.events import (
    RECEIVINGS,
    EventsSetup,
    EventsSetupError,
    of_events,
    source,
)
from aws_executors.deploy.events import SectionPart as Part
from aws_executors.deploy.hcl import as_json, hcl
from aws_executors.deploy.model import of_batch, of_ecs
from aws_executors.deploy.terraform import events_configuration
from deploy.test_terraform import SCHEMA, fits

ECS = {
    "region": "us-east-1",
    "cluster": "etl",
    "container_name": "main",
    "task_definition": "airflow:7",
    "subnets": "subnet-0a1b2c3d",
}
BATCH = {"region": "us-east-1", "job_name": "nightly", "job_queue": "q", "job_definition": "d"}
URL = "https://sqs.us-east-1.amazonaws.com/123456789012/airflow"


def on_ecs(also: Also = NOTHING_ELSE, **more: str) -> Part:
    settings = ecs.EcsSettings.from_section(ECS | more).unwrap()
    return source(ECS_RULE, settings, ecs_options(settings), also)


def on_batch(also: Also = NOTHING_ELSE, **more: str) -> Part:
    settings = batch.BatchSettings.from_section(BATCH | more).unwrap()
    return source(BATCH_RULE, settings, batch_options(settings), also)


HOSTS = ("a.example.com", "b.example.com")
SETUPS = {
    "ecs": of_events([on_ecs()]),
    "batch": of_events([on_batch()]),
    "both": of_events([on_ecs(), on_batch()]),
    "one-queue": of_events([on_ecs(events_queue=URL), on_batch(events_queue=URL)]),
    "hosts": of_events([on_ecs(events_queue=URL + "-{hostname}")], HOSTS),
    "china": of_events([on_ecs(region="cn-north-1")]),
}
EVERY = pytest.mark.parametrize("setup", SETUPS.values(), ids=SETUPS)


def template(setup: EventsSetup) -> Any:
    return events_template(setup)


def resources(setup: EventsSetup) -> Any:
    return as_json(events_configuration(setup))["resource"]


def test_teams_have_rules_and_queues_of_their_own() -> None:
    """A second rule of one name is refused, or takes the place of the first, whose events then stay away."""
    settings = ecs.EcsSettings.from_section(ECS).unwrap()
    parts = [source(ECS_RULE, settings, ecs_options(settings), NOTHING_ELSE, team) for team in (None, "red")]
    (plain,), (reds,) = (of_events([part]).rules for part in parts)
    assert (plain.name, [one.name for one in plain.queues]) == (
        "airflow-ecs-fargate",
        ["airflow-ecs-fargate-events"],
    )
    assert (reds.name, [one.name for one in reds.queues]) == (
        "airflow-ecs-fargate-red",
        ["airflow-ecs-fargate-red-events"],
    )
    longest = ecs.EcsSettings.from_section(ECS | {"deployment": "d" * 63}).unwrap()
    (rule,) = of_events([source(ECS_RULE, longest, ecs_options(longest), NOTHING_ELSE, "t" * 50)]).rules
    assert len(rule.name) == 64
    written = json.dumps(events_template(of_events([parts[1]])))
    assert "write it as [red=ecs_fargate] events_queue" in written


def test_the_linter_finds_nothing(tmp_path: Path) -> None:
    files = [tmp_path / f"{name}.json" for name in SETUPS]
    for file, setup in zip(files, SETUPS.values(), strict=True):
        file.write_text(json.dumps(template(setup)))
    done = subprocess.run(
        [str(Path(sys.executable).with_name("cfn-lint")), "--regions", "us-east-1", "--", *map(str, files)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("", 0), done.stderr


@EVERY
def test_terraform_s_provider_has_every_argument(setup: EventsSetup) -> None:
    made: Any = events_configuration(setup)["resource"]
    for kind, names in made.items():
        for given in names.values():
            fits(given, SCHEMA[kind])


@EVERY
def test_both_languages_make_the_same(setup: EventsSetup) -> None:
    kinds = {
        "AWS::SQS::Queue": "aws_sqs_queue",
        "AWS::SQS::QueuePolicy": "aws_sqs_queue_policy",
        "AWS::Events::Rule": "aws_cloudwatch_event_rule",
        "AWS::IAM::ManagedPolicy": "aws_iam_policy",
    }
    ours = [kinds[one["Type"]] for one in template(setup)["Resources"].values()]
    theirs = [kind for kind, names in resources(setup).items() for _ in names]
    targets = sum(len(rule.queues) for rule in setup.rules)
    assert sorted([*ours, *["aws_cloudwatch_event_target"] * targets]) == sorted(theirs)
    assert hcl(events_configuration(setup)).count('resource "aws_sqs_queue" ') == len(setup.queues) + 1


def patterns(setup: EventsSetup) -> Mapping[str, Any]:
    rules = resources(setup)["aws_cloudwatch_event_rule"]
    return {section: json.loads(rule["event_pattern"])["detail"] for section, rule in rules.items()}


def test_a_rule_lets_this_deployment_s_containers_through_alone() -> None:
    account = "${data.aws_caller_identity.current.account_id}"
    also = Also(queues=("day",), clusters=("arn:aws:ecs:us-east-1:210987654321:cluster/far",))
    setup = of_events([on_ecs(also, deployment="team/prod"), on_batch(also)])
    assert patterns(setup) == {
        "ecs_fargate": {
            "clusterArn": [
                f"arn:aws:ecs:us-east-1:{account}:cluster/etl",
                "arn:aws:ecs:us-east-1:210987654321:cluster/far",
            ],
            "startedBy": [{"prefix": "team/prod/"}],
        },
        "batch": {
            "jobQueue": [f"arn:aws:batch:us-east-1:{account}:job-queue/{name}" for name in ("q", "day")],
            "jobName": [{"prefix": "nightly-"}],
        },
    }


@EVERY
def test_only_its_own_rules_may_send_to_a_queue(setup: EventsSetup) -> None:
    made = resources(setup)
    for queue, given in made["aws_sqs_queue_policy"].items():
        (one,) = json.loads(given["policy"])["Statement"]
        allowed = one["Condition"]["ArnEquals"]["aws:SourceArn"]
        leading = [
            target["rule"].replace(".name}", ".arn}")
            for target in made["aws_cloudwatch_event_target"].values()
            if target["arn"] == f"${{aws_sqs_queue.{queue}.arn}}"
        ]
        assert leading
        assert sorted(allowed) == sorted(leading)
        assert (one["Action"], one["Principal"]) == ("sqs:SendMessage", {"Service": "events.amazonaws.com"})


@EVERY
def test_queues_are_encrypted_and_keep_what_schedulers_give_back(setup: EventsSetup) -> None:
    queues = resources(setup)["aws_sqs_queue"]
    assert all(queue["sqs_managed_sse_enabled"] for queue in queues.values())
    dead = queues.pop("dead_letters")
    for queue in queues.values():
        redrive = json.loads(queue["redrive_policy"])
        assert redrive["deadLetterTargetArn"] == "${aws_sqs_queue.dead_letters.arn}"
        assert redrive["maxReceiveCount"] == RECEIVINGS > RECEIVED
        # A message that gets to the dead letters takes its age with it.
        assert dead["message_retention_seconds"] > queue["message_retention_seconds"]


def test_a_message_is_received_as_often_as_the_scheduler_gives_it_back_and_once_more() -> None:
    assert len(GIVEN_BACK) + 1 == RECEIVED


def test_a_queue_of_both_sections_has_both_rules() -> None:
    (queue,) = SETUPS["one-queue"].queues
    assert queue.name == "airflow"
    assert [rule.section for rule in SETUPS["one-queue"].sending(queue)] == ["ecs_fargate", "batch"]


def test_each_host_has_a_queue_and_airflow_cfg_is_not_told_again() -> None:
    made = template(SETUPS["hosts"])
    names = [
        one["Properties"]["QueueName"]
        for one in made["Resources"].values()
        if one["Type"] == "AWS::SQS::Queue"
    ]
    assert sorted(names) == ["airflow-a-example-com", "airflow-a-example-com-dead", "airflow-b-example-com"]
    assert [*made["Outputs"]] == ["SchedulerPolicy"]


@pytest.mark.parametrize(
    ("parts", "hosts", "words"),
    [
        ([on_ecs(), on_batch(region="eu-west-1")], (), "have eu-west-1 and us-east-1: use --section"),
        ([on_ecs(events_queue=URL + "-{hostname}")], (), "name them with --host"),
        ([on_ecs(events_queue=URL + "-{hostname}")], tuple("abcdef"), "5 queues at most, not to 6"),
    ],
)
def test_what_has_no_set_up(parts: list[Part], hosts: tuple[str, ...], words: str) -> None:
    with pytest.raises(EventsSetupError, match=words):
        of_events(parts, hosts)


@pytest.mark.parametrize("deployment", ["a", "a/" + "b" * 61])
def test_names_are_as_long_as_aws_takes_them(deployment: str) -> None:
    setup = of_events([on_ecs(deployment=deployment), on_batch(deployment=deployment)])
    assert len(setup.queues) == 2
    assert all(len(queue.name) <= 80 for queue in setup.queues)
    assert len(setup.dead_letters) <= 80
    assert all(len(rule.name) <= 64 for rule in setup.rules)


@pytest.fixture
def sections(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for section, options in (("ECS_FARGATE", ECS), ("BATCH", BATCH)):
        for name, value in options.items():
            monkeypatch.setenv(f"AIRFLOW__{section}__{name.upper()}", value)
    both = "aws_executors.executors.AwsBatchExecutor,aws_executors.executors.AwsEcsFargateExecutor"
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", both)
    return monkeypatch


@pytest.mark.usefixtures("sections")
def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    expected = of_events([on_batch(), on_ecs()])
    assert main(["events"]) == 0
    assert yaml.safe_load(capsys.readouterr().out) == template(expected)
    assert main(["events", "--output", "table"]) == 0
    assert "AWS::SQS::QueuePolicy\n" in capsys.readouterr().out
    assert main(["events", "--print", "terraform"]) == 0
    assert capsys.readouterr().out == hcl(events_configuration(expected)) + "\n"
    assert main(["events", "--print", "terraform", "--output", "json", "--section", "batch"]) == 0
    assert json.loads(capsys.readouterr().out) == as_json(events_configuration(SETUPS["batch"]))


@pytest.mark.usefixtures("sections")
def test_an_option_that_changes_nothing_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["events", "--section", "batch", "--cluster", "x", "--host", "a"]) == 0
    assert capsys.readouterr().err.splitlines() == [
        "--cluster has no effect on [batch]; use --section ecs_fargate, or leave it out.",
        "--host has no effect; events_queue has no {hostname}.",
    ]
    assert main(["events", "--cluster", "x", "--queue", "y"]) == 0
    assert capsys.readouterr().err == ""


def test_what_the_command_can_not_make(
    sections: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sections.setenv("AIRFLOW__BATCH__EVENTS_QUEUE", URL + "-{hostname}")
    assert main(["events"]) == 2
    assert "[batch] events_queue has a queue for each host" in capsys.readouterr().err
    sections.delenv("AIRFLOW__BATCH__REGION")
    assert main(["events"]) == 2
    assert "region is missing" in capsys.readouterr().err


@pytest.mark.usefixtures("sections")
def test_the_policy_of_the_scheduler(
    sections: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def received() -> list[object]:
        assert main(["iam-policy", "--account", "123456789012", "--doctor"]) == 0
        output = capsys.readouterr()
        made = json.loads(output.out)["Statement"]
        assert len({one["Sid"] for one in made}) == len(made)
        found = [one["Resource"] for one in made if "sqs:ReceiveMessage" in one["Action"]]
        assert ("kms:Decrypt" in output.err) == bool(found)
        reads = [action for one in made if one["Sid"].startswith("DoctorReads") for action in one["Action"]]
        assert ("events:DescribeRule" in reads) == bool(found)
        return found

    arn = "arn:aws:sqs:us-east-1:123456789012:airflow"
    assert received() == []
    sections.setenv("AIRFLOW__BATCH__EVENTS_QUEUE", URL)
    assert received() == [arn]
    sections.setenv("AIRFLOW__ECS_FARGATE__EVENTS_QUEUE", URL)
    assert received() == [arn]
    sections.setenv("AIRFLOW__ECS_FARGATE__EVENTS_QUEUE", URL + "-{hostname}")
    assert received() == [arn, arn + "-*"]


@pytest.mark.parametrize(("queue", "expected"), [("", []), (URL, ["airflow"])])
def test_the_set_up_of_a_section_lets_its_scheduler_receive(queue: str, expected: list[str]) -> None:
    on_fargate = ecs.EcsSettings.from_section({**ECS, "events_queue": queue}).unwrap()
    on_queue = batch.BatchSettings.from_section({**BATCH, "events_queue": queue}).unwrap()
    for setup in (of_ecs(on_fargate, ecs_options(on_fargate)), of_batch(on_queue, batch_options(on_queue))):
        found = [one for one in setup.statements if "sqs:ReceiveMessage" in one.actions]
        assert [one.resources[0].rpartition(":")[2] for one in found] == expected
