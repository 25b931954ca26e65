"""The delivery of events in an AWS by others: what the command prints works there, and doctor approves.

Law: moto's server as it is, over HTTP. It has keys, which the embedded AWS has not; it sends no events of
tasks, tries no patterns, and its CloudFormation ignores a queue's policy: so its calls make the set-up.
"""

import json
from collections.abc import Callable

import pytest

from aws_executors.cli.__main__ import main
from aws_executors.core.aws.iam import Where
from aws_executors.core.ecs.builder import from_options
from aws_executors.core.ecs.event_rule import RULE
from aws_executors.core.ecs.settings import EcsSettings
from aws_executors.doctor.checks.events import of_event_way
from aws_executors.doctor.event_probe import event_way
from aws_executors.doctor.probe import Probe
from aws_executors.shell.aws.client.clients import Clients
from aws_executors.shell.aws.event_queue import EventQueue
from foreign.moto_world import ACCOUNT, REGION, Moto
from support.events_site import created

OPTIONS = {
    "region": REGION,
    "cluster": "etl",
    "container_name": "main",
    "task_definition": "airflow",
    "subnets": "subnet-1",
}
HERE = Where(region=REGION, account=ACCOUNT)


@pytest.fixture
def settings(moto: Moto, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> EcsSettings:
    """Settings that name the queue which the outputs say."""
    for name, value in OPTIONS.items():
        monkeypatch.setenv(f"AIRFLOW__ECS_FARGATE__{name.upper()}", value)
    assert main(["events", "--section", "ecs_fargate", "--output", "json"]) == 0
    outputs = created(json.loads(capsys.readouterr().out), moto.client)
    url = outputs["EcsFargateQueue"]
    return EcsSettings.from_section({**OPTIONS, "events_queue": url}).unwrap()


def checks(settings: EcsSettings) -> list[str]:
    seen = event_way(RULE, settings, from_options(settings), HERE, Probe(settings))
    assert seen.found is not None, seen
    assert len(seen.leading) == 1
    return [one.check for one in of_event_way(seen)]


def test_doctor_approves_of_what_the_command_prints(settings: EcsSettings) -> None:
    assert checks(settings) == []


def test_what_the_rule_sends_is_received_by_the_executor_s_own_calls(
    moto: Moto, settings: EcsSettings
) -> None:
    sample = RULE.sample(settings, from_options(settings), HERE, "RUNNING")
    other = RULE.sample(
        settings.model_copy(update={"deployment": "other"}), from_options(settings), HERE, "RUNNING"
    )
    entries = [
        {"Source": one["source"], "DetailType": one["detail-type"], "Detail": json.dumps(one["detail"])}
        for one in (other, sample)
    ]
    answer = moto.client("events").put_events(Entries=entries)
    assert answer["FailedEntryCount"] == 0
    (message,) = EventQueue(Clients(settings), settings.events_queue).receive().unwrap()
    assert json.loads(message.body)["detail"] == sample["detail"]


def disabled(moto: Moto, settings: EcsSettings) -> None:
    (rule,) = moto.client("events").list_rules()["Rules"]
    moto.client("events").disable_rule(Name=rule["Name"])


def no_policy(moto: Moto, settings: EcsSettings) -> None:
    moto.client("sqs").set_queue_attributes(QueueUrl=settings.events_queue, Attributes={"Policy": ""})


def a_key_that_lets_nobody_in(moto: Moto, settings: EcsSettings) -> None:
    root = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*"}
    with_key(moto, settings, root | {"Resource": "*"})


def with_key(moto: Moto, settings: EcsSettings, statement: object) -> None:
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    encrypt(moto, settings, moto.client("kms").create_key(Policy=policy)["KeyMetadata"]["KeyId"])


def encrypt(moto: Moto, settings: EcsSettings, key: str) -> None:
    """Set the queue's key, and its policy again, which moto drops with every other attribute that is set."""
    sqs, url = moto.client("sqs"), settings.events_queue
    policy = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]
    keys = {"KmsMasterKeyId": key, "SqsManagedSseEnabled": "false"}
    sqs.set_queue_attributes(QueueUrl=url, Attributes=policy | keys)


def sqs_s_own_key(moto: Moto, settings: EcsSettings) -> None:
    encrypt(moto, settings, "alias/aws/sqs")


@pytest.mark.parametrize(
    ("plant", "check"),
    [
        (disabled, "events-rule-disabled"),
        (no_policy, "events-policy"),
        (a_key_that_lets_nobody_in, "events-key"),
        (sqs_s_own_key, "events-key"),
    ],
)
def test_what_is_planted_is_found(
    plant: Callable[[Moto, EcsSettings], None], check: str, moto: Moto, settings: EcsSettings
) -> None:
    plant(moto, settings)
    assert checks(settings) == [check]


def test_a_key_that_lets_eventbridge_in_is_sound(moto: Moto, settings: EcsSettings) -> None:
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": ["kms:GenerateDataKey", "kms:Decrypt"],
        "Resource": "*",
    }
    with_key(moto, settings, allowed)
    assert checks(settings) == []
