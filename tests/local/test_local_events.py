"""EventBridge: that tasks and jobs send events, what a rule's target gets, and how rules are kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from aws_executors.local.http.models import service
from aws_executors.local.world import FARGATE, World
from local.stories import act
from local.told_worlds import QUEUE, RULE, URL, Told
from support.event_queues import EVERYTHING, events_queue
from support.queue_laws import taken
from support.samples import examples

if TYPE_CHECKING:
    from local.conftest import Account, Virtual


@pytest.fixture
def told(virtual: Callable[..., Virtual]) -> Callable[..., Told]:
    """Makes one; its world has a task definition and a job definition."""

    def make(pattern: Any = EVERYTHING, **target: Any) -> Told:
        v = virtual()
        v.ecs()
        v.batch()
        return Told(v, pattern, **target)

    return make


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({"Input": '{"constant": 1}'}, '{"constant": 1}'),
        ({"InputPath": "$.detail.lastStatus"}, '"PROVISIONING"'),
        ({"InputPath": "$.detail.containers[0].name"}, '"app"'),
        ({"InputPath": "$.detail.containers[*].name"}, '["app"]'),
        ({"InputPath": "$.detail.containers[7].name"}, '""'),
        ({"InputPath": "$.detail.stopCode"}, '""'),
        (
            {
                "InputTransformer": {
                    "InputPathsMap": {"status": "$.detail.lastStatus", "version": "$.detail.version"},
                    "InputTemplate": '{"detail": {"lastStatus": <status>, "version": <version>}}',
                }
            },
            '{"detail": {"lastStatus": "PROVISIONING", "version": 1}}',
        ),
        (
            {
                "InputTransformer": {
                    "InputPathsMap": {"code": "$.detail.stopCode", "names": "$.detail.containers[*].name"},
                    "InputTemplate": '{"stopCode": <code>, "of": "<names>, <code>"}',
                }
            },
            '{"stopCode": "", "of": "[\\"app\\"], "}',
        ),
        (
            {
                "InputTransformer": {
                    "InputPathsMap": {"status": "$.detail.lastStatus"},
                    "InputTemplate": '"task is <status>, told by <aws.events.rule-name>"',
                }
            },
            '"task is PROVISIONING, told by r"',
        ),
        (
            {
                "InputTransformer": {
                    "InputPathsMap": {"status": "$.detail.lastStatus"},
                    "InputTemplate": "<status> it is",
                }
            },
            "PROVISIONING it is",
        ),
    ],
)
def test_a_target_gets(told: Callable[..., Told], target: dict[str, Any], expected: str) -> None:
    rule = told({"detail": {"lastStatus": ["PROVISIONING"]}}, **target)
    assert rule.put.error is None
    rule.v.run()
    assert rule.bodies() == [expected]


def test_a_template_can_contain_the_whole_event(told: Callable[..., Told]) -> None:
    template = '{"rule": "<aws.events.rule-arn>", "all": <aws.events.event.json>, "head": <aws.events.event>}'
    rule = told({"detail": {"lastStatus": ["STOPPED"]}}, InputTransformer={"InputTemplate": template})
    task = rule.v.run()
    rule.v.exit(3)
    (found,) = rule.events()
    assert found["rule"] == RULE
    assert found["all"]["detail"]["containers"][0]["exitCode"] == 3
    assert found["head"]["resources"] == [found["all"]["detail"]["taskArn"]]
    assert found["head"]["resources"][0].endswith(task)
    assert "detail" not in found["head"]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"Input": "{}", "InputPath": "$"}, "Only one of Input, InputPath, or InputTransformer"),
        ({"Input": "{"}, "JSON syntax error"),
        ({"InputPath": "detail"}, "is invalid: detail"),
        ({"InputTransformer": {"InputTemplate": '"<x>"'}}, "contains invalid placeholder x"),
        ({"Arn": "arn:aws:lambda:us-east-1:123456789012:function:f"}, "not to arn:aws:lambda"),
    ],
)
def test_a_target_that_cannot_be(told: Callable[..., Told], target: dict[str, Any], message: str) -> None:
    rule = told(**target)
    assert rule.put.error == "ValidationException"
    assert message in rule.put.body["message"]
    rule.v.run()
    assert rule.bodies() == []


def test_every_change_of_a_task_is_told_as_it_is_described(told: Callable[..., Told]) -> None:
    rule = told({"source": ["aws.ecs"]})
    task = rule.v.run(startedBy="prod/0b6e", tags=[{"key": "a", "value": "b"}])
    rule.v.exit(3)
    found = rule.events()
    details = [event["detail"] for event in found]
    assert [one["lastStatus"] for one in details] == rule.v.statuses(task)
    assert [one["version"] for one in details] == list(range(1, len(details) + 1))
    shown = rule.v.task(task)
    assert shown["version"] == len(details)
    last = found[-1]
    assert {key: last[key] for key in ("version", "detail-type", "source", "account", "region", "time")} == {
        "version": "0",
        "detail-type": "ECS Task State Change",
        "source": "aws.ecs",
        "account": "123456789012",
        "region": "us-east-1",
        "time": "1970-01-01T00:16:40Z",
    }
    assert last["resources"] == [shown["taskArn"]]
    assert len({event["id"] for event in found}) == len(found)
    detail = last["detail"]
    assert detail.keys() - {"updatedAt"} == shown.keys() - {"healthStatus", "tags"}
    assert all("healthStatus" not in one for one in detail["containers"])
    assert detail["containers"][0]["exitCode"] == 3
    stamps = {key: value for key, value in detail.items() if key.endswith("At")}
    assert set(stamps.values()) == {"1970-01-01T00:16:40.000Z"}
    others = shown.keys() & detail.keys() - stamps.keys() - {"containers"}
    assert {key: detail[key] for key in others} == {key: shown[key] for key in others}


def test_a_container_s_end_is_told_while_its_task_runs_on(told: Callable[..., Told]) -> None:
    rule = told({"detail": {"lastStatus": ["RUNNING"]}})
    rule.v.ecs([{"name": "app"}, {"name": "side", "essential": False}])
    rule.v.run()
    rule.bodies()
    rule.v.exit(0, "side")
    (event,) = rule.events()
    ended = {one["name"]: one.get("exitCode") for one in event["detail"]["containers"]}
    assert ended == {"app": None, "side": 0}


def test_a_job_is_told_when_its_status_changes(told: Callable[..., Told]) -> None:
    rule = told({"source": ["aws.batch"]})
    job = rule.v.submit(tags={"team": "etl"}, retryStrategy={"attempts": 2})
    rule.v.exit(1, "default")
    rule.v.exit(0, "default", at=1)
    found = rule.events()
    statuses = [event["detail"]["status"] for event in found]
    again = ["RUNNABLE", "STARTING", "RUNNING"]
    assert statuses == ["PENDING", *again, *again, "SUCCEEDED"], "none for the submission itself"
    shown, last = rule.v.job(job), found[-1]
    assert (last["source"], last["detail-type"]) == ("aws.batch", "Batch Job State Change")
    assert last["resources"] == [shown["jobArn"]]
    tags = {"resourceArn": shown["jobArn"], "team": "etl"}
    assert last["detail"] == {**shown, "tags": tags}
    shape: Any = service("batch").shape_for("JobDetail")
    assert not ParamValidator().validate(last["detail"], shape).has_errors()


def test_a_job_s_tasks_are_tasks_of_ecs_too(told: Callable[..., Told]) -> None:
    rule = told({"source": ["aws.ecs"], "detail": {"lastStatus": ["RUNNING"]}})
    rule.v.submit()
    assert len(rule.events()) == 1


@pytest.mark.parametrize(("action", "undo"), [("DisableRule", "EnableRule"), ("RemoveTargets", "PutTargets")])
def test_nothing_is_sent_while_there_is_no_way(told: Callable[..., Told], action: str, undo: str) -> None:
    rule = told({"detail": {"lastStatus": ["PROVISIONING"]}})
    params: dict[str, dict[str, Any]] = {
        "DisableRule": {"Name": "r"},
        "EnableRule": {"Name": "r"},
        "RemoveTargets": {"Rule": "r", "Ids": ["t"]},
        "PutTargets": {"Rule": "r", "Targets": [{"Id": "t", "Arn": QUEUE}]},
    }
    assert rule.v.call(f"events.{action}", **params[action]).error is None
    rule.v.run()
    assert rule.bodies() == []
    assert rule.v.call(f"events.{undo}", **params[undo]).error is None
    rule.v.run()
    assert len(rule.bodies()) == 1


@pytest.mark.parametrize("policy", ["", '{"Statement": []}'])
def test_a_queue_without_a_policy_that_allows_it_gets_nothing(told: Callable[..., Told], policy: str) -> None:
    rule = told()
    rule.v.call("sqs.SetQueueAttributes", QueueUrl=URL, Attributes={"Policy": policy})
    rule.v.run()
    assert rule.bodies() == []


def test_a_queue_that_is_gone_gets_nothing(told: Callable[..., Told]) -> None:
    rule = told()
    rule.v.call("sqs.DeleteQueue", QueueUrl=URL)
    assert rule.v.task(rule.v.run())["lastStatus"] == "RUNNING"


def test_a_text_that_no_queue_can_have_does_not_stop_the_world(told: Callable[..., Told]) -> None:
    rule = told({"detail": {"lastStatus": ["RUNNING"]}})
    rule.v.run(startedBy="\ud800")
    assert [event["detail"]["startedBy"] for event in rule.events()] == ["?"]


def test_rules_and_targets_can_be_looked_at(told: Callable[..., Told]) -> None:
    v = told().v
    described = v.call("events.DescribeRule", Name="r").body
    assert (described["Arn"], described["State"]) == (RULE, "ENABLED")
    v.call("events.DisableRule", Name="r")
    assert v.call("events.DescribeRule", Name="r").body["State"] == "DISABLED"
    assert v.call("events.ListRuleNamesByTarget", TargetArn=QUEUE).body == {"RuleNames": ["r"]}
    assert v.call("events.ListTargetsByRule", Rule="r").body == {"Targets": [{"Id": "t", "Arn": QUEUE}]}
    v.call("events.PutRule", Name="s", EventPattern='{"source": ["a"]}', EventBusName="default")
    first = v.call("events.ListRules", Limit=1).body
    assert [one["Name"] for one in first["Rules"]] == ["r"]
    second = v.call("events.ListRules", Limit=1, NextToken=first["NextToken"]).body
    assert [one["Name"] for one in second["Rules"]] == ["s"]
    assert "NextToken" not in second
    assert v.call("events.ListRules", NamePrefix="z").body == {"Rules": []}


def test_a_rule_is_replaced_with_its_targets_kept_and_deleted_without(told: Callable[..., Told]) -> None:
    rule = told()
    v = rule.v
    v.call("events.PutRule", Name="r", EventPattern='{"detail": {"lastStatus": ["STOPPED"]}}')
    v.run()
    v.exit(0)
    assert [event["detail"]["lastStatus"] for event in rule.events()] == ["STOPPED"]
    refusal = v.call("events.DeleteRule", Name="r")
    assert (refusal.error, refusal.body["message"]) == (
        "ValidationException",
        "Rule can't be deleted since it has targets.",
    )
    v.call("events.RemoveTargets", Rule="r", Ids=["t"])
    for _ in range(2):
        assert v.call("events.DeleteRule", Name="r").error is None
    assert v.call("events.DescribeRule", Name="r").error == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("name", "params", "error"),
    [
        ("PutRule", {"Name": "s"}, "ValidationException"),
        ("PutRule", {"Name": "s", "ScheduleExpression": "rate(1 minute)"}, "ValidationException"),
        (
            "PutRule",
            {"Name": "s", "EventPattern": "{}", "EventBusName": "other"},
            "ResourceNotFoundException",
        ),
        ("EnableRule", {"Name": "s"}, "ResourceNotFoundException"),
        ("PutTargets", {"Rule": "s", "Targets": [{"Id": "t", "Arn": QUEUE}]}, "ResourceNotFoundException"),
        (
            "PutTargets",
            {"Rule": "r", "Targets": [{"Id": str(at), "Arn": QUEUE} for at in range(5)]},
            "LimitExceededException",
        ),
    ],
)
def test_what_eventbridge_refuses(
    told: Callable[..., Told], name: str, params: dict[str, Any], error: str
) -> None:
    answer = told().v.call(f"events.{name}", **params)
    assert (answer.error, answer.status) == (error, 400)


def test_there_are_no_more_than_three_hundred_rules(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    errors = [v.call("events.PutRule", Name=f"r{at}", EventPattern='{"a": ["b"]}').error for at in range(301)]
    assert errors == [*[None] * 300, "LimitExceededException"]
    assert v.call("events.PutRule", Name="r0", EventPattern='{"a": ["c"]}').error is None


STORY = st.lists(
    st.tuples(
        st.sampled_from(["run", "submit", "wait", "exit", "stop", "terminate", "lose", "reclaim"]),
        st.integers(0, 50),
    ),
    max_size=25,
)


@examples(25)
@given(steps=STORY)
def test_what_is_told_is_what_has_changed(steps: list[tuple[str, int]]) -> None:
    from local.conftest import Virtual as Begin

    v = Begin(World(seed=3, delays=FARGATE))
    v.ecs([{"name": "app"}, {"name": "side", "essential": False}])
    v.batch(retryStrategy={"attempts": 2})
    rule = Told(v)
    for verb, number in steps:
        act(v, verb, number)
    found = rule.events()
    tasks = [event["detail"] for event in found if event["source"] == "aws.ecs"]
    jobs = [event["detail"] for event in found if event["source"] == "aws.batch"]
    assert [(one["taskArn"], one["version"]) for one in tasks] == [
        (change.detail["taskArn"], change.detail["version"])
        for change in v.world.changes
        if change.source == "aws.ecs"
    ]
    for job in v.world.batch.jobs:
        told = [one["status"] for one in jobs if one["jobId"] == job]
        assert ["SUBMITTED", *told] == v.job_statuses(job)


def test_the_same_seed_tells_the_same(virtual: Callable[..., Virtual]) -> None:
    def tale() -> list[str]:
        v = virtual(seed=7, delays=FARGATE)
        v.ecs()
        rule = Told(v)
        v.run()
        v.wait(200)
        v.exit(0)
        v.wait(200)
        return rule.bodies()

    assert tale() == tale()
    assert len(tale()) == 8


def test_a_container_s_end_comes_out_of_the_queue(account: Account) -> None:
    queue = events_queue(account.aws, pattern={"detail": {"lastStatus": ["STOPPED"]}})
    arn = account.run(account.script("raise SystemExit(3)"), startedBy="prod/0b6e")
    (message,) = taken(account.aws.client("sqs"), queue, WaitTimeSeconds=20)
    event = json.loads(message["Body"])
    assert event["resources"] == [arn]
    assert event["detail"]["containers"][0]["exitCode"] == 3
    assert event["detail"]["version"] == account.task(arn)["version"]


def test_errors_of_eventbridge_by_boto3(account: Account) -> None:
    events = account.aws.client("events")
    with pytest.raises(events.exceptions.ResourceNotFoundException):
        events.describe_rule(Name="none")
    with pytest.raises(events.exceptions.InvalidEventPatternException):
        events.put_rule(Name="r", EventPattern="{")
    account.aws.faults.throttle("PutRule")
    with pytest.raises(ClientError, match="ThrottlingException"):
        events.put_rule(Name="r", EventPattern="{}")
