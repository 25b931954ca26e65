"""CloudWatch Logs: groups, streams, events, and the actions on them.

Law: events are kept in order of arrival. A token is a position in that order, so the end is reached when a
token repeats. Source: botocore's `logs` model, "GetLogEvents".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from aws_executors.local.world.logs.state import Group, StoredStream
from aws_executors.local.world.pages import page
from aws_executors.local.world.state import World, arn
from aws_executors.local.world.values import Json, LogTarget, ServiceError

T = TypeVar("T")
MAX_EVENTS = 10_000


def open_stream(world: World, target: LogTarget, now: float) -> bool:
    """Create the stream (and the group, if requested); False if the group does not exist."""
    millis = int(now * 1000)
    group = world.logs.groups.get(target.group)
    if group is None:
        if not target.creates_group:
            return False
        group = world.logs.groups[target.group] = Group(target.group, millis)
    group.streams.setdefault(target.stream, StoredStream(target.stream, millis))
    return True


def write(world: World, target: LogTarget, lines: Iterable[str], now: float) -> None:
    """Append lines to a stream that `open_stream` has created."""
    millis = int(now * 1000)
    events = world.logs.groups[target.group].streams[target.stream].events
    events.extend({"timestamp": millis, "message": line, "ingestionTime": millis} for line in lines)


def create_group(world: World, params: Json, now: float) -> Json:
    """CreateLogGroup."""
    name = params["logGroupName"]
    if name in world.logs.groups:
        raise ServiceError("ResourceAlreadyExistsException", "The specified log group already exists")
    world.logs.groups[name] = Group(name, int(now * 1000))
    return {}


def describe_groups(world: World, params: Json, now: float) -> Json:
    """DescribeLogGroups, by prefix."""
    prefix = params.get("logGroupNamePrefix", "")
    named = sorted((g for g in world.logs.groups.values() if g.name.startswith(prefix)), key=lambda g: g.name)
    found, token = _numbered(named, params)
    shapes = [
        {
            "logGroupName": g.name,
            "creationTime": g.created,
            "arn": arn(world, "logs", f"log-group:{g.name}:*"),
        }
        for g in found
    ]
    return {"logGroups": shapes, **token}


def describe_streams(world: World, params: Json, now: float) -> Json:
    """DescribeLogStreams of one group: by prefix, ordered by name or by the time of the last event."""
    group = _group(world, params)
    prefix = params.get("logStreamNamePrefix", "")
    streams = [stream for stream in group.streams.values() if stream.name.startswith(prefix)]
    if params.get("orderBy") == "LastEventTime":
        streams.sort(key=lambda s: s.events[-1]["timestamp"] if s.events else s.created)
    else:
        streams.sort(key=lambda s: s.name)
    if params.get("descending"):
        streams.reverse()
    found, token = _numbered(streams, params)
    return {"logStreams": [_stream_shape(world, group, stream) for stream in found], **token}


def get_events(world: World, params: Json, now: float) -> Json:
    """GetLogEvents: from a token or from the head, otherwise the newest events."""
    stream = _group(world, params).streams.get(params["logStreamName"])
    if stream is None:
        raise ServiceError("ResourceNotFoundException", "The specified log stream does not exist.")
    limit = params.get("limit", MAX_EVENTS)
    if not 1 <= limit <= MAX_EVENTS:
        raise ServiceError("InvalidParameterException", "limit must be between 1 and 10000")
    low, high = params.get("startTime", 0), params.get("endTime", float("inf"))
    at, forward = _position(params, stream)
    if forward:
        picked = _take(stream, range(at, len(stream.events)), low, high, limit)
    else:
        picked = _take(stream, range(at - 1, -1, -1), low, high, limit)[::-1]
    first, last = (picked[0], picked[-1] + 1) if picked else (at, at)
    return {
        "events": [stream.events[index] for index in picked],
        "nextForwardToken": f"f/{last:056d}",
        "nextBackwardToken": f"b/{first:056d}",
    }


def _take(stream: StoredStream, order: range, low: float, high: float, limit: int) -> list[int]:
    fitting = (index for index in order if low <= stream.events[index]["timestamp"] < high)
    return [index for index, _ in zip(fitting, range(limit), strict=False)]


def _position(params: Json, stream: StoredStream) -> tuple[int, bool]:
    token = params.get("nextToken")
    if token is None:
        forward = bool(params.get("startFromHead"))
        return (0 if forward else len(stream.events)), forward
    way, _, digits = token.partition("/")
    if way not in ("f", "b") or not digits.isdecimal():
        raise ServiceError("InvalidParameterException", "The specified nextToken is invalid.")
    return int(digits), way == "f"


def _group(world: World, params: Json) -> Group:
    name = params.get("logGroupName") or params.get("logGroupIdentifier", "").rpartition(":log-group:")[2]
    group = world.logs.groups.get(name)
    if group is None:
        raise ServiceError("ResourceNotFoundException", "The specified log group does not exist.")
    return group


def _stream_shape(world: World, group: Group, stream: StoredStream) -> Json:
    shape: Json = {
        "logStreamName": stream.name,
        "creationTime": stream.created,
        "arn": arn(world, "logs", f"log-group:{group.name}:log-stream:{stream.name}"),
    }
    if stream.events:
        shape["firstEventTimestamp"] = stream.events[0]["timestamp"]
        shape["lastEventTimestamp"] = stream.events[-1]["timestamp"]
        shape["lastIngestionTime"] = stream.events[-1]["ingestionTime"]
    return shape


def _numbered(items: list[T], params: Json) -> tuple[list[T], Json]:
    numbered = list(enumerate(items, start=1))
    found, token = page(
        numbered,
        lambda pair: pair[0],
        params.get("nextToken"),
        params.get("limit", 50),
        "InvalidParameterException",
    )
    return [item for _, item in found], ({"nextToken": token} if token else {})
