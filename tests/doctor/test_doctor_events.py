"""`doctor` finds what is planted on the delivery of events, and nothing on the set-up that `events` prints.

Law: the way is created from the printed template, in the embedded AWS; what SQS has and the embedded one does
not (keys) is evidence made by hand.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from aws_executors.cli.__main__ import main
from aws_executors.core.aws.event_rules import EVENT_READS
from aws_executors.core.aws.iam import NOTHING_ELSE, Where
from aws_executors.core.batch.builder import from_options as batch_options
from aws_executors.core.batch.settings import BatchSettings
from aws_executors.core.ecs.builder import from_options as ecs_options
from aws_executors.core.ecs.settings import EcsSettings
from aws_executors.core.services import SERVICES
from aws_executors.deploy.cloudformation import events_template
from aws_executors.deploy.events import of_events, source
from aws_executors.doctor.checks.event_pattern import passes
from aws_executors.doctor.checks.events import EventsEvidence, QueueSeen, RuleSeen, of_event_way
from aws_executors.doctor.checks.findings import Finding, Unasked
from aws_executors.doctor.checks.resource_policy import lets_in
from aws_executors.doctor.event_probe import event_way
from aws_executors.doctor.probe import Probe
from aws_executors.local import LocalAws
from doctor.test_doctor import aws, found, others, set_up  # noqa: F401 - fixtures
from support.events_site import created

HERE = Where(region="us-east-1", account="123456789012")
BASE = "https://sqs.us-east-1.amazonaws.com/123456789012/"


def on_ecs(queue: str) -> EcsSettings:
    return EcsSettings(
        region="us-east-1",
        cluster="etl",
        container_name="main",
        task_definition="airflow",
        subnets=("subnet-1",),
        events_queue=BASE + queue,
    )


def on_batch(queue: str) -> BatchSettings:
    return BatchSettings(
        region="us-east-1", job_name="nightly", job_queue="q", job_definition="d", events_queue=BASE + queue
    )


Asked = tuple[Any, object]


def asked(section: str, queue: str) -> Asked:
    if section == "batch":
        batch = on_batch(queue)
        return batch, batch_options(batch)
    ecs = on_ecs(queue)
    return ecs, ecs_options(ecs)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalAws]:
    with LocalAws() as made:
        monkeypatch.setenv("AWS_ENDPOINT_URL", made.url)
        yield made


def make(world: LocalAws, section: str) -> Asked:
    """A sound way, from the template."""
    settings, request = asked(section, "airflow")
    part = source(SERVICES[section].event_rule, settings, request, NOTHING_ELSE)
    created(events_template(of_events([part])), world.client)
    return settings, request


def seen(section: str, settings: Any, request: object) -> EventsEvidence:
    return event_way(SERVICES[section].event_rule, settings, request, HERE, Probe(settings))


SECTIONS = pytest.mark.parametrize("section", ["batch", "ecs_fargate"])


@SECTIONS
def test_nothing_is_found_on_what_the_command_prints(world: LocalAws, section: str) -> None:
    evidence = seen(section, *make(world, section))
    assert evidence.found is not None
    assert len(evidence.leading) == 1
    assert list(of_event_way(evidence)) == []


def test_the_printed_rule_tells_of_a_task_from_its_beginning_to_its_end(world: LocalAws) -> None:
    settings, _ = make(world, "ecs_fargate")
    ecs, sqs = world.client("ecs"), world.client("sqs")
    ecs.create_cluster(clusterName="etl")
    ecs.create_cluster(clusterName="other")
    ecs.register_task_definition(
        family="t",
        containerDefinitions=[{"name": "main", "image": "any", "command": ["true"], "memoryReservation": 64}],
    )
    for cluster, started_by in (("other", "airflow/1"), ("etl", "other/1"), ("etl", "airflow/1")):
        ecs.run_task(cluster=cluster, taskDefinition="t", startedBy=started_by)
    told: list[Any] = []
    while not told or told[-1]["detail"]["lastStatus"] != "STOPPED":
        answer = sqs.receive_message(QueueUrl=settings.events_queue, WaitTimeSeconds=20)
        for message in answer["Messages"]:
            told.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=settings.events_queue, ReceiptHandle=message["ReceiptHandle"])
    statuses = [one["detail"]["lastStatus"] for one in told]
    assert {(one["detail"]["startedBy"], one["detail"]["clusterArn"][-3:]) for one in told} == {
        ("airflow/1", "etl")
    }
    assert statuses[0] in ("PROVISIONING", "PENDING")
    assert "RUNNING" in statuses


def drop_queue(world: LocalAws) -> None:
    world.client("sqs").delete_queue(QueueUrl=BASE + "airflow")


def drop_policy(world: LocalAws) -> None:
    world.client("sqs").set_queue_attributes(QueueUrl=BASE + "airflow", Attributes={"Policy": ""})


def policy(**more: object) -> Callable[[LocalAws], None]:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": "arn:aws:sqs:us-east-1:123456789012:airflow",
    } | more

    def put(world: LocalAws) -> None:
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        world.client("sqs").set_queue_attributes(QueueUrl=BASE + "airflow", Attributes={"Policy": document})

    return put


def of_rule(arn: str) -> Mapping[str, object]:
    return {"ArnLike": {"aws:SourceArn": arn}}


def drop_rule(world: LocalAws) -> None:
    events = world.client("events")
    for name in rule_names(world):
        ids = [one["Id"] for one in events.list_targets_by_rule(Rule=name)["Targets"]]
        events.remove_targets(Rule=name, Ids=ids)


def rule_names(world: LocalAws) -> list[str]:
    names: list[str] = [one["Name"] for one in world.client("events").list_rules()["Rules"]]
    return names


def disable(world: LocalAws) -> None:
    for name in rule_names(world):
        world.client("events").disable_rule(Name=name)


def pattern(**detail: object) -> Callable[[LocalAws], None]:
    def put(world: LocalAws) -> None:
        for name in rule_names(world):
            world.client("events").put_rule(Name=name, EventPattern=json.dumps({"detail": detail}))

    return put


def pile_up(world: LocalAws) -> None:
    client = world.client("sqs")
    entries = [{"Id": str(one), "MessageBody": "x"} for one in range(10)]
    client.send_message_batch(QueueUrl=BASE + "airflow", Entries=entries)


def fill_dead_letters(world: LocalAws) -> None:
    world.client("sqs").send_message(QueueUrl=BASE + "airflow-dead", MessageBody="x")


def give_up_early(world: LocalAws) -> None:
    dead = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:airflow-dead", "maxReceiveCount": 5}
    world.client("sqs").set_queue_attributes(
        QueueUrl=BASE + "airflow", Attributes={"RedrivePolicy": json.dumps(dead)}
    )


OWN_RULES = "arn:aws:events:us-east-1:123456789012:rule/airflow-*"
PLANTED: list[tuple[Callable[[LocalAws], None], str, str, str]] = [
    (drop_queue, "events-queue-missing", "warning", "aws-executors events --section"),
    (drop_policy, "events-policy", "warning", "allow events.amazonaws.com sqs:SendMessage"),
    (policy(Effect="Deny"), "events-policy", "warning", "aws:SourceArn is the rule"),
    (policy(Principal={"Service": "sns.amazonaws.com"}), "events-policy", "warning", "aws-executors events"),
    (policy(Action=["sqs:ReceiveMessage"]), "events-policy", "warning", "aws-executors events"),
    (
        policy(Condition=of_rule("arn:aws:events:us-east-1:123456789012:rule/other")),
        "events-policy",
        "warning",
        "aws-executors events",
    ),
    (
        policy(Condition={"StringEquals": {"aws:SourceAccount": "210987654321"}}),
        "events-policy",
        "warning",
        "aws-executors events",
    ),
    (policy(), "events-policy-open", "warning", "ArnEquals aws:SourceArn = the rule"),
    (policy(Principal="*", Action="sqs:*"), "events-policy-open", "warning", "ArnEquals"),
    (drop_rule, "events-rule-missing", "warning", "aws-executors events --section"),
    (disable, "events-rule-disabled", "warning", "aws events enable-rule --name "),
    (pattern(clusterArn=["x"], jobQueue=["x"]), "events-rule-pattern", "warning", "other clusters, queues"),
    (pattern(jobName=[{"prefix": "x"}], startedBy=["x"]), "events-rule-pattern", "warning", "aws-executors"),
    (pile_up, "events-pile-up", "warning", "Start a scheduler"),
    (fill_dead_letters, "events-dead-letters", "warning", "sqs:DeleteMessage"),
    (give_up_early, "events-redrive", "warning", "maxReceiveCount = 16"),
]


@SECTIONS
@pytest.mark.parametrize(("plant", "check", "severity", "line"), PLANTED)
def test_what_is_planted_is_found(
    plant: Callable[[LocalAws], None], check: str, severity: str, line: str, section: str, world: LocalAws
) -> None:
    settings, request = make(world, section)
    plant(world)
    (one,) = of_event_way(seen(section, settings, request))
    assert (one.check, str(one.severity)) == (check, severity)
    assert line in one.change
    assert one.what.partition(" ")[0]
    assert one.why


@pytest.mark.parametrize(
    "plant",
    [
        policy(Condition=of_rule(OWN_RULES)),
        policy(Action="SQS:*", Condition=of_rule(OWN_RULES)),
        policy(Principal={"AWS": "*"}, Condition={"ArnEquals": {"aws:sourcearn": [OWN_RULES, "x"]}}),
        policy(Condition={"StringEquals": {"aws:SourceAccount": "123456789012"}}),
        pattern(startedBy=[{"prefix": "airflow/"}]),
        pattern(launchType=["FARGATE"]),
    ],
)
def test_what_people_write_otherwise_is_sound(plant: Callable[[LocalAws], None], world: LocalAws) -> None:
    settings, request = make(world, "ecs_fargate")
    plant(world)
    assert list(of_event_way(seen("ecs_fargate", settings, request))) == []


@pytest.mark.parametrize(
    ("section", "statuses", "words"),
    [
        ("ecs_fargate", {"lastStatus": ["RUNNING", "STOPPED"]}, "status PROVISIONING or PENDING through"),
        ("ecs_fargate", {"lastStatus": ["PENDING", "RUNNING"]}, "status STOPPED through"),
        ("batch", {"status": ["SUCCEEDED", "FAILED"]}, "status RUNNABLE or STARTING, RUNNING through"),
        ("batch", {"status": [{"anything-but": "FAILED"}]}, "status FAILED through"),
    ],
)
def test_statuses_that_a_rule_leaves_out(
    section: str, statuses: dict[str, object], words: str, world: LocalAws
) -> None:
    settings, request = make(world, section)
    pattern(**statuses)(world)
    (one,) = of_event_way(seen(section, settings, request))
    assert (one.check, words in one.what) == ("events-rule-statuses", True)


@pytest.mark.parametrize("principal", ["*", {"Service": "sns.amazonaws.com"}, {"AWS": "*"}])
def test_a_topic_between_rule_and_queue_is_unknown_and_no_fault(principal: object, world: LocalAws) -> None:
    settings, request = make(world, "ecs_fargate")
    drop_rule(world)
    policy(Principal=principal, Condition=of_rule("arn:aws:sns:us-east-1:123456789012:airflow"))(world)
    (one,) = of_event_way(seen("ecs_fargate", settings, request))
    assert (str(one.severity), "SNS topic" in one.what) == ("unknown", True)
    assert "subscribed" in one.change


def test_a_queue_that_may_not_be_read_is_unknown_and_no_fault(world: LocalAws) -> None:
    settings, request = make(world, "batch")
    world.faults.deny_queue("airflow")
    (one,) = of_event_way(seen("batch", settings, request))
    assert (one.check, str(one.severity)) == ("could-not-ask", "unknown")
    assert "sqs:GetQueueAttributes" in one.what


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("events.ListRuleNamesByTarget", "events:ListRuleNamesByTarget"),
        ("events.DescribeRule", "events:ListRuleNamesByTarget"),
    ],
)
def test_rules_that_may_not_be_read(action: str, words: str, world: LocalAws) -> None:
    settings, request = make(world, "batch")
    world.faults.refuse(action, "AccessDeniedException", times=100)
    found = list(of_event_way(seen("batch", settings, request)))
    assert [str(one.severity) for one in found] == ["unknown"]
    assert words in found[0].what


def test_a_pattern_is_read_where_it_may_not_be_tried(world: LocalAws) -> None:
    settings, request = make(world, "ecs_fargate")
    world.faults.refuse("events.TestEventPattern", "AccessDeniedException", times=100)
    assert list(of_event_way(seen("ecs_fargate", settings, request))) == []
    pattern(startedBy=[{"prefix": "x/"}])(world)
    (one,) = of_event_way(seen("ecs_fargate", settings, request))
    assert one.check == "events-rule-pattern"
    pattern(startedBy=[{"wildcard": "air*"}])(world)
    (one,) = of_event_way(seen("ecs_fargate", settings, request))
    assert (str(one.severity), "events:TestEventPattern" in one.what) == ("unknown", True)


RULE = RuleSeen(name="r", arn="arn:aws:events:us-east-1:123456789012:rule/r", state="ENABLED", pattern="{}")
ALL = frozenset({"RUNNABLE", "FAILED"})
OFF = RULE.model_copy(update={"name": "off", "state": "DISABLED"})
SENT = json.dumps(
    {
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": ["sqs:SendMessage"],
            "Condition": {"ArnEquals": {"aws:SourceArn": RULE.arn}},
        }
    }
)
KEY = "arn:aws:kms:us-east-1:123456789012:key/0b6e"
SOUND = EventsEvidence(
    section="batch",
    url=BASE + "airflow",
    region="us-east-1",
    statuses=(("RUNNABLE",), ("FAILED",)),
    queue=(QueueSeen(arn="arn:aws:sqs:us-east-1:123456789012:airflow", policy=SENT),),
    rules=(RULE,),
    passed={"r": ALL},
)


def with_key(key: str, policy: str | Unasked | None) -> EventsEvidence:
    assert isinstance(SOUND.queue, tuple)
    (queue,) = SOUND.queue
    return replace(SOUND, queue=(queue.model_copy(update={"key": key}),), key_policy=policy)


SENT_BY_SNS = SENT.replace("events.amazonaws.com", "sns.amazonaws.com").replace(":events:", ":sns:")


def by_topic(policy: str, key: str | None = None) -> EventsEvidence:
    """No rule leads to the queue."""
    seen = SOUND if key is None else with_key(KEY, key)
    assert isinstance(seen.queue, tuple)
    (queue,) = seen.queue
    return replace(seen, queue=(queue.model_copy(update={"policy": policy}),), rules=(), passed={})


def with_messages(waiting: int, handled: int) -> EventsEvidence:
    assert isinstance(SOUND.queue, tuple)
    (queue,) = SOUND.queue
    return replace(SOUND, queue=(queue.model_copy(update={"waiting": waiting, "handled": handled}),))


def key_policy(*actions: str, service: str = "events.amazonaws.com") -> str:
    root = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::1:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    own = {"Effect": "Allow", "Principal": {"Service": service}, "Action": [*actions], "Resource": "*"}
    return json.dumps({"Statement": [root, own]})


@pytest.mark.parametrize(
    ("evidence", "checks"),
    [
        (SOUND, []),
        (with_key("alias/aws/sqs", None), ["events-key"]),
        (with_key("arn:aws:kms:us-east-1:123456789012:alias/aws/sqs", None), ["events-key"]),
        (with_key(KEY, key_policy("kms:GenerateDataKey", "kms:Decrypt")), []),
        (with_key(KEY, key_policy("kms:GenerateDataKey*", "kms:Decrypt")), []),
        (with_key(KEY, key_policy("kms:Decrypt")), ["events-key"]),
        (with_key(KEY, key_policy("kms:*", service="sqs.amazonaws.com")), ["events-key"]),
        (with_key(KEY, Unasked("AccessDenied")), ["could-not-ask"]),
        (by_topic(SENT_BY_SNS), ["could-not-ask"]),
        (by_topic(SENT), ["events-rule-missing"]),
        (by_topic(SENT_BY_SNS, key_policy("kms:*", service="sns.amazonaws.com")), ["could-not-ask"]),
        (by_topic(SENT_BY_SNS, key_policy("kms:*")), ["could-not-ask", "events-key"]),
        (replace(by_topic(SENT_BY_SNS), rules=(RULE,), passed={"r": ALL}), ["events-policy"]),
        (with_messages(9, 0), []),
        (with_messages(10, 0), ["events-pile-up"]),
        (with_messages(999, 10), []),
        (with_messages(1000, 10), ["events-pile-up"]),
        (replace(SOUND, region="eu-west-1"), ["events-region"]),
        (replace(SOUND, rules=Unasked("AccessDenied"), passed={}), ["could-not-ask"]),
        (replace(SOUND, rules=(RULE.model_copy(update={"state": "DISABLED"}),)), ["events-rule-disabled"]),
        (
            replace(
                SOUND,
                rules=(RULE.model_copy(update={"state": "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"}),),
            ),
            [],
        ),
        (replace(SOUND, passed={"r": Unasked("AccessDenied")}), ["could-not-ask"]),
        (replace(SOUND, rules=(RULE, OFF), passed={"r": frozenset(), "off": ALL}), ["events-rule-disabled"]),
        (replace(SOUND, rules=(OFF, RULE), passed={"r": ALL, "off": ALL}), []),
        (replace(SOUND, rules=(OFF, RULE), passed={"r": ALL, "off": frozenset()}), []),
        (replace(SOUND, rules=(RULE,), passed={"r": frozenset()}), ["events-rule-pattern"]),
    ],
)
def test_evidence(evidence: EventsEvidence, checks: list[str]) -> None:
    findings: list[Finding] = list(of_event_way(evidence))
    assert [one.check for one in findings] == checks


@pytest.mark.parametrize(
    "text", ["", "[", "3", '{"Statement": 3}', '{"Statement": [{"Effect": "Allow"}]}', "[]"]
)
def test_policies_that_let_nobody_in(text: str) -> None:
    assert not lets_in(text, "sqs:SendMessage")


EVENT: Mapping[str, object] = {"source": "aws.ecs", "detail": {"a": "b", "n": 1, "l": ["x", "y"]}}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({}, True),
        ({"source": ["aws.batch", "aws.ecs"]}, True),
        ({"source": [{"prefix": "aws."}]}, True),
        ({"source": [{"prefix": ""}], "nothing": ["x"]}, False),
        ({"detail": {"n": [1]}}, True),
        ({"detail": {"l": ["y"]}}, True),
        ({"detail": {"a": {"b": ["c"]}}}, False),
        ({"detail": {"a": [{"exists": False}]}}, False),
        ({"detail": {"z": [{"exists": False}]}}, True),
        ({"detail": {"a": [{"anything-but": ["b", "c"]}]}}, False),
        ({"detail": {"a": [{"anything-but": "c"}]}}, True),
        ({"detail": {"n": [{"numeric": [">", 0]}]}}, None),
        ({"detail": {"n": [{"numeric": [">", 0]}, 1]}}, True),
        ({"detail": {"n": [{"numeric": [">", 0]}], "a": ["x"]}}, False),
        ({"$or": [{"source": ["x"]}]}, None),
        ({"source": "aws.ecs"}, None),
    ],
)
def test_patterns(pattern: dict[str, object], expected: bool | None) -> None:
    assert passes(pattern, EVENT) is expected


@SECTIONS
def test_the_whole_command(
    section: str,
    set_up: pytest.MonkeyPatch,  # noqa: F811
    aws: LocalAws,  # noqa: F811
    others: Any,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It asks what the policy of ``iam-policy --doctor`` allows, and finds that a rule is missing."""
    name = f"whole-{section.replace('_', '-')}"
    url = aws.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    set_up.setenv(f"AIRFLOW__{section.upper()}__EVENTS_QUEUE", url)
    before = aws.calls()
    findings = found(capsys, "--section", section)
    assert sorted(one["check"] for one in findings) == ["events-policy", "events-rule-missing"]
    made = {name.replace(".", ":") for name, tally in aws.calls().items() if tally != before.get(name)}
    assert (
        main(["iam-policy", "--section", section, "--account", "123456789012", "--role", "x", "--doctor"])
        == 0
    )
    statements = json.loads(capsys.readouterr().out)["Statement"]
    allowed = {
        a
        for one in statements
        for a in (one["Action"] if isinstance(one["Action"], list) else [one["Action"]])
    }
    assert made <= allowed
    assert set(EVENT_READS) <= allowed
    others.denied = {"sqs:ReceiveMessage"}
    (denied,) = [one for one in found(capsys, "--section", section) if one["check"] == "permission"]
    assert (denied["severity"], denied["what"][-18:]) == ("warning", "sqs:ReceiveMessage")
