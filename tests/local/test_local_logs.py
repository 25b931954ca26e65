"""CloudWatch Logs: groups, streams, and paging through events, in virtual time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from aws_executors.local.world import Printed, Ref, feed

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.conftest import Virtual


@pytest.fixture
def printed(virtual: Callable[..., Virtual]) -> Virtual:
    """A task that printed seven lines, one a second."""
    v = virtual()
    options = {"awslogs-group": "g", "awslogs-stream-prefix": "p", "awslogs-create-group": "true"}
    v.ecs([{"name": "app", "logConfiguration": {"logDriver": "awslogs", "options": options}}])
    task = v.run()
    for number in range(7):
        feed(v.world, Printed(Ref(task, "app"), (f"line {number}",)), v.clock)
        v.wait(1)
    return v


def events(v: Virtual, **fields: Any) -> dict[str, Any]:
    """GetLogEvents of the one stream."""
    stream = f"p/app/{v.started[0].ref.task}"
    return v.call("logs.GetLogEvents", logGroupName="g", logStreamName=stream, **fields).body


def numbers(body: dict[str, Any]) -> list[int]:
    """Which lines an answer has."""
    return [int(event["message"].split()[1]) for event in body["events"]]


def test_forward_until_the_token_repeats(printed: Virtual) -> None:
    seen, tokens = [], [None, ""]
    body = events(printed, startFromHead=True, limit=3)
    while tokens[-1] != tokens[-2]:
        seen += numbers(body)
        tokens.append(body["nextForwardToken"])
        body = events(printed, nextToken=body["nextForwardToken"], limit=3)
    assert seen == list(range(7))
    assert body["events"] == []
    assert body["nextForwardToken"] == tokens[-1]
    feed(printed.world, Printed(printed.started[0].ref, ("line 7", "line 8")), printed.clock)
    assert numbers(events(printed, nextToken=tokens[-1])) == [7, 8]


def test_backward_from_the_end(printed: Virtual) -> None:
    newest = events(printed, limit=3)
    assert numbers(newest) == [4, 5, 6]
    older = events(printed, limit=3, nextToken=newest["nextBackwardToken"])
    assert numbers(older) == [1, 2, 3]
    assert numbers(events(printed, limit=3, nextToken=older["nextForwardToken"])) == [4, 5, 6]
    oldest = events(printed, nextToken=older["nextBackwardToken"])
    assert numbers(oldest) == [0]
    assert (
        oldest["nextBackwardToken"]
        == events(printed, nextToken=oldest["nextBackwardToken"])["nextBackwardToken"]
    )


def test_between_two_times(printed: Virtual) -> None:
    assert numbers(events(printed, startTime=1_002_000, endTime=1_004_000)) == [2, 3]
    assert numbers(events(printed, startTime=1_005_000, startFromHead=True)) == [5, 6]


@pytest.mark.parametrize(
    ("action", "fields", "error"),
    [
        ("GetLogEvents", {"logGroupName": "x", "logStreamName": "s"}, "ResourceNotFoundException"),
        ("GetLogEvents", {"logGroupName": "g", "logStreamName": "s"}, "ResourceNotFoundException"),
        ("DescribeLogStreams", {"logGroupName": "x"}, "ResourceNotFoundException"),
        ("CreateLogGroup", {"logGroupName": "g"}, "ResourceAlreadyExistsException"),
    ],
)
def test_what_is_refused(printed: Virtual, action: str, fields: dict[str, Any], error: str) -> None:
    assert printed.call(f"logs.{action}", **fields).error == error


@pytest.mark.parametrize("fields", [{"limit": 0}, {"limit": 10_001}, {"nextToken": "x"}])
def test_wrong_pages_are_refused(printed: Virtual, fields: dict[str, Any]) -> None:
    stream = f"p/app/{printed.started[0].ref.task}"
    answer = printed.call("logs.GetLogEvents", logGroupName="g", logStreamName=stream, **fields)
    assert answer.error == "InvalidParameterException"


def test_groups_and_streams_are_listed(printed: Virtual) -> None:
    printed.call("logs.CreateLogGroup", logGroupName="h")
    printed.run()
    groups = printed.call("logs.DescribeLogGroups").body["logGroups"]
    assert [group["logGroupName"] for group in groups] == ["g", "h"]
    assert printed.call("logs.DescribeLogGroups", logGroupNamePrefix="h").body["logGroups"] == groups[1:]
    by_time = printed.call(
        "logs.DescribeLogStreams", logGroupName="g", orderBy="LastEventTime", descending=True
    )
    assert [one["logStreamName"] for one in by_time.body["logStreams"]] == [
        f"p/app/{effect.ref.task}" for effect in reversed(printed.started)
    ]
    first = printed.call("logs.DescribeLogStreams", logGroupName="g", limit=1).body
    second = printed.call(
        "logs.DescribeLogStreams", logGroupName="g", limit=1, nextToken=first["nextToken"]
    ).body
    names = [one["logStreamName"] for one in first["logStreams"] + second["logStreams"]]
    assert names == sorted(f"p/app/{effect.ref.task}" for effect in printed.started)
    printing = f"p/app/{printed.started[0].ref.task}"
    found = printed.call("logs.DescribeLogStreams", logGroupName="g", logStreamNamePrefix=printing).body
    (stream,) = found["logStreams"]
    assert (stream["firstEventTimestamp"], stream["lastEventTimestamp"]) == (1_000_000, 1_006_000)
