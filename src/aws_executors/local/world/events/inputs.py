"""What a target gets: the event, a part of it, a constant, or a template with parts of the event.

Law: pure functions of a target and an event. A path that leads to nothing is "" in a template, as recorded
from AWS; for an `InputPath` that leads to nothing, "" is unverified. Source: "Amazon EventBridge input
transformation", API_InputTransformer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from aws_executors.local.world.values import Json, ServiceError

WAYS = ("Input", "InputPath", "InputTransformer")
PLACEHOLDER = re.compile(r"<([\w.-]+)>")
PATH = re.compile(r"\$((?:\.[\w/-]+|\[\d+\]|\[\*\])*)")
STEP = re.compile(r"\.([\w/-]+)|\[(\d+)\]|\[(\*)\]")
PREDEFINED = (
    "aws.events.rule-arn",
    "aws.events.rule-name",
    "aws.events.event.ingestion-time",
    "aws.events.event",
    "aws.events.event.json",
)


def check_input(target: Json) -> None:
    """Reject a target whose input cannot be made, in EventBridge's words."""
    own = target["Id"]
    if sum(way in target for way in WAYS) > 1:
        _refuse(f"Only one of Input, InputPath, or InputTransformer must be provided for target {own}.")
    if "Input" in target:
        try:
            json.loads(target["Input"])
        except ValueError:
            _refuse(f"JSON syntax error in input for target {own}.")
    transformer = target.get("InputTransformer", {})
    paths = transformer.get("InputPathsMap", {})
    for path in (*paths.values(), *([target["InputPath"]] if "InputPath" in target else [])):
        if not PATH.fullmatch(path):
            _refuse(f"InputPath for target {own} is invalid: {path}.")
    for name in PLACEHOLDER.findall(transformer.get("InputTemplate", "")):
        if name not in paths and name not in PREDEFINED:
            _refuse(f"InputTemplate for target {own} contains invalid placeholder {name}.")


def _refuse(message: str) -> None:
    raise ServiceError("ValidationException", message)


def target_input(target: Json, rule: Json, event: Json) -> str:
    """The text that is sent to a target."""
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        return _text(at_path(event, target["InputPath"], ""))
    if "InputTransformer" not in target:
        return _text(event)
    transformer = target["InputTransformer"]
    without_detail = {key: value for key, value in event.items() if key != "detail"}
    values = {
        "aws.events.rule-arn": rule["Arn"],
        "aws.events.rule-name": rule["Name"],
        "aws.events.event.ingestion-time": event["time"],
        "aws.events.event": without_detail,
        "aws.events.event.json": event,
    }
    paths = transformer.get("InputPathsMap", {})
    return filled_in(
        transformer["InputTemplate"],
        values | {name: at_path(event, path, "") for name, path in paths.items()},
    )


def at_path(event: Any, path: str, absent: Any) -> Any:
    """The value at a path such as `$.detail.containers[0].exitCode`, or `absent`; `[*]` gives a list."""
    found, many = [event], False
    for key, index, star in STEP.findall(path.removeprefix("$")):
        if star:
            many = True
            found = [member for one in found if isinstance(one, list) for member in one]
        elif index:
            at = int(index)
            found = [one[at] for one in found if isinstance(one, list) and at < len(one)]
        else:
            found = [one[key] for one in found if isinstance(one, dict) and key in one]
    if many:
        return found
    return found[0] if found else absent


def filled_in(template: str, values: Mapping[str, Any]) -> str:
    """A template with its placeholders replaced: by JSON, but by text within a string or if it is no JSON.

    >>> filled_in('{"code": <code>, "of": "task <arn>"}', {"code": 0, "arn": "a"})
    '{"code": 0, "of": "task a"}'
    >>> filled_in("<arn> has ended", {"arn": "a"}), filled_in("<arn>", {"arn": "a"})
    ('a has ended', '"a"')
    """
    is_json = _is_json(PLACEHOLDER.sub("0", template))

    def value_of(found: re.Match[str]) -> str:
        value = values[found[1]]
        text = value if isinstance(value, str) else _text(value)
        if not is_json:
            return text
        quoted = _in_string(template, found.start())
        return _text(text)[1:-1] if quoted else _text(value)

    return PLACEHOLDER.sub(value_of, template)


def _in_string(template: str, at: int) -> bool:
    """Whether a position of a JSON text is within a string."""
    return len(re.findall(r'(?<!\\)(?:\\\\)*"', template[:at])) % 2 == 1


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
