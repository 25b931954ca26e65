"""What decides about an event without a world: patterns, a target's input, a queue's policy."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_executors.local.world.events.inputs import check_input, target_input
from aws_executors.local.world.events.patterns import fits_pattern, read_pattern
from aws_executors.local.world.sqs.policy import lets_events_in
from aws_executors.local.world.values import ServiceError
from local.told_worlds import QUEUE, RULE
from support.event_queues import queue_policy
from support.samples import examples

if TYPE_CHECKING:
    from local.conftest import Virtual

EVENT: dict[str, Any] = {
    "source": "aws.ecs",
    "detail-type": "ECS Task State Change",
    "resources": ["arn:1", "arn:2"],
    "detail": {
        "lastStatus": "STOPPED",
        "startedBy": "prod/0b6e",
        "version": 3,
        "attachments": [],
        "spot": True,
        "none": None,
        "containers": [{"name": "app", "exitCode": 0}, {"name": "side", "exitCode": 1}],
    },
}


def fits(v: Virtual, pattern: Any, event: Any = EVENT) -> bool | str:
    answer = v.call("events.TestEventPattern", EventPattern=json.dumps(pattern), Event=json.dumps(event))
    return answer.error or bool(answer.body["Result"])


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"source": ["aws.ecs"]}, True),
        ({"source": ["aws.batch"]}, False),
        ({"source": ["aws.batch", "aws.ecs"]}, True),
        ({"source": ["aws.ecs"], "detail-type": ["other"]}, False),
        ({"detail": {"lastStatus": ["RUNNING", "STOPPED"]}}, True),
        ({"detail": {"lastStatus": ["stopped"]}}, False),
        ({"detail": {"lastStatus": [{"equals-ignore-case": "stopped"}]}}, True),
        ({"detail": {"startedBy": [{"prefix": "prod/"}]}}, True),
        ({"detail": {"startedBy": [{"prefix": "test/"}]}}, False),
        ({"detail": {"startedBy": [{"prefix": "test/"}, {"suffix": "0b6e"}]}}, True),
        ({"detail": {"startedBy": [{"wildcard": "prod/*e"}]}}, True),
        ({"detail": {"startedBy": [{"wildcard": "prod/*x"}]}}, False),
        ({"detail": {"startedBy": [{"exists": True}]}}, True),
        ({"detail": {"stopCode": [{"exists": True}]}}, False),
        ({"detail": {"stopCode": [{"exists": False}]}}, True),
        ({"detail": {"stopCode": [{"exists": False}, "UserInitiated"]}}, True),
        ({"detail": {"containers": [{"exists": True}]}}, True),
        ({"detail": {"attachments": [{"exists": True}]}}, False),
        ({"detail": [{"exists": True}]}, False),
        ({"other": {"deep": [{"exists": False}]}}, True),
        ({"other": {"deep": ["x"]}}, False),
        ({"detail": {"lastStatus": [{"anything-but": "STOPPED"}]}}, False),
        ({"detail": {"lastStatus": [{"anything-but": ["PENDING", "RUNNING"]}]}}, True),
        ({"detail": {"startedBy": [{"anything-but": {"prefix": "test/"}}]}}, True),
        ({"detail": {"startedBy": [{"anything-but": {"prefix": ["x", "prod/"]}}]}}, False),
        ({"detail": {"stopCode": [{"anything-but": "x"}]}}, False),
        ({"detail": {"version": [3]}}, True),
        ({"detail": {"version": [3.0]}}, True),
        ({"detail": {"version": ["3"]}}, False),
        ({"detail": {"version": [{"prefix": "3"}]}}, False),
        ({"detail": {"version": [{"anything-but": 3}]}}, False),
        ({"detail": {"spot": [True]}}, True),
        ({"detail": {"spot": [1]}}, False),
        ({"detail": {"none": [None]}}, True),
        ({"detail": {"stopCode": [None]}}, False),
        ({"resources": ["arn:2"]}, True),
        ({"resources": [{"prefix": "arn:3"}]}, False),
        ({"detail": {"containers": {"name": ["side"]}}}, True),
        ({"detail": {"containers": {"name": ["side"], "exitCode": [0]}}}, False),
        ({"detail": {"containers": {"name": ["app"], "exitCode": [0]}}}, True),
    ],
)
def test_a_pattern_takes(virtual: Callable[..., Virtual], pattern: Any, expected: bool) -> None:
    assert fits(virtual(), pattern) is expected


@pytest.mark.parametrize(
    "pattern",
    [
        "source",
        {},
        [],
        {"source": "aws.ecs"},
        {"source": []},
        {"source": [["aws.ecs"]]},
        {"detail": {}},
        {"source": [{"prefix": 1}]},
        {"source": [{"prefix": "a", "suffix": "b"}]},
        {"source": [{"exists": "yes"}]},
        {"source": [{"wildcard": "aws.**"}]},
        {"source": [{"anything-but": []}]},
        {"source": [{"anything-but": {"exists": True}}]},
        {"source": [{"anything-but": {"prefix": ""}}]},
        {"detail": {"version": [{"numeric": [">", 1]}]}},
        {"$or": [{"source": ["a"]}, {"source": ["b"]}]},
        {"source": ["x" * 2048]},
    ],
)
def test_a_pattern_that_cannot_be_or_is_not_known_is_refused(
    virtual: Callable[..., Virtual], pattern: Any
) -> None:
    v = virtual()
    assert fits(v, pattern) == "InvalidEventPatternException"
    answer = v.call("events.PutRule", Name="r", EventPattern=json.dumps(pattern))
    assert (answer.error, answer.status) == ("InvalidEventPatternException", 400)
    assert v.world.events.rules == {}


ALLOWED = json.loads(queue_policy(QUEUE))["Statement"][0]


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([ALLOWED], True),
        (ALLOWED, True),
        ([], False),
        ([{**ALLOWED, "Effect": "Deny"}], False),
        ([ALLOWED, {**ALLOWED, "Effect": "Deny"}], False),
        ([ALLOWED, {**ALLOWED, "Effect": "Deny", "Principal": "*"}], False),
        ([{**ALLOWED, "Principal": "*"}], True),
        ([{**ALLOWED, "Principal": {"Service": ["sns.amazonaws.com", "events.amazonaws.com"]}}], True),
        ([{**ALLOWED, "Principal": {"Service": "sns.amazonaws.com"}}], False),
        ([{**ALLOWED, "Principal": {"AWS": "123456789012"}}], False),
        ([{**ALLOWED, "Action": "SQS:*"}], True),
        ([{**ALLOWED, "Action": ["sqs:ReceiveMessage"]}], False),
        ([{**ALLOWED, "Resource": "*"}], True),
        ([{**ALLOWED, "Resource": f"{QUEUE}-other"}], False),
        ([{**ALLOWED, "Condition": {"ArnEquals": {"aws:SourceArn": RULE}}}], True),
        ([{**ALLOWED, "Condition": {"ArnLike": {"AWS:SourceArn": [f"{RULE}x", f"{RULE[:-1]}*"]}}}], True),
        ([{**ALLOWED, "Condition": {"ArnEquals": {"aws:SourceArn": f"{RULE}x"}}}], False),
        ([{**ALLOWED, "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}}], True),
        ([{**ALLOWED, "Condition": {"StringEquals": {"aws:SourceAccount": "210987654321"}}}], False),
        ([{**ALLOWED, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}], False),
    ],
)
def test_a_queue_s_policy(statements: Any, expected: bool) -> None:
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    assert lets_events_in(policy, QUEUE, RULE, "123456789012") is expected


TEXTS = st.sampled_from(["aws.ecs", "*", "source", "detail", "$.detail", "prefix", "Allow", "Service", ""])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 3) | TEXTS | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
STATEMENT = st.fixed_dictionaries(
    {"Effect": st.just("Allow") | ANYTHING},
    optional={
        "Principal": st.just("*") | ANYTHING,
        "Action": st.just("*") | ANYTHING,
        "Resource": st.just("*") | ANYTHING,
        "Condition": st.dictionaries(st.sampled_from(["ArnLike", "Bool"]), ANYTHING, max_size=1) | ANYTHING,
    },
)


@examples(40)
@given(statement=STATEMENT | ANYTHING, document=ANYTHING)
def test_whatever_a_policy_says_is_yes_or_no(statement: Any, document: Any) -> None:
    for one in ({"Statement": statement}, document):
        assert lets_events_in(json.dumps(one), QUEUE, RULE, "123456789012") in (True, False)


FILTER = st.dictionaries(
    st.sampled_from(["prefix", "suffix", "anything-but", "exists", "wildcard", "numeric"]),
    st.text(max_size=2) | ANYTHING,
    max_size=2,
)


@examples(60)
@given(pattern=st.dictionaries(TEXTS, st.lists(FILTER | ANYTHING, max_size=2), max_size=2) | ANYTHING)
def test_whatever_a_pattern_says_is_yes_no_or_refused(pattern: Any) -> None:
    try:
        known = read_pattern(json.dumps(pattern))
    except ServiceError:
        return
    for event in (EVENT, {"source": pattern}, {"detail": pattern}, {}):
        assert fits_pattern(known, event) in (True, False)


@examples(60)
@given(
    template=st.lists(st.sampled_from(["<a>", "<b>", '"', "\\", "{", "}", ":", "<", " ", "x"])).map("".join),
    path=st.sampled_from(
        ["$", "$.detail", "$.detail.containers[*].name", "$.detail.containers[0]", "$.x[1].y"]
    ),
    value=ANYTHING,
)
def test_whatever_a_template_says_is_filled_in(template: str, path: str, value: Any) -> None:
    target = {
        "Id": "t",
        "InputTransformer": {"InputPathsMap": {"a": path, "b": "$.value"}, "InputTemplate": template},
    }
    check_input(target)
    told = target_input(target, {"Arn": RULE, "Name": "r"}, {**EVENT, "time": "now", "value": value})
    assert "<a>" not in told or "<a>" in json.dumps(value)
    try:
        json.loads(template.replace("<a>", "0").replace("<b>", "0"))
    except ValueError:
        return
    json.loads(told)
