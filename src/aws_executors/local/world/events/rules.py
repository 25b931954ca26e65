"""EventBridge's rules and their targets, on the default event bus.

Law: one function per action. The pattern and the inputs are checked when they are put, so that nothing can
fail when an event comes. Source: botocore's `events` model, EventBridge API Reference.
"""

from __future__ import annotations

from typing import Any

from aws_executors.local.world.events.inputs import check_input
from aws_executors.local.world.events.patterns import fits_pattern, read_pattern
from aws_executors.local.world.events.state import EventRule
from aws_executors.local.world.pages import page
from aws_executors.local.world.sqs.attributes import document_of
from aws_executors.local.world.state import World, arn
from aws_executors.local.world.values import Json, ServiceError

MOST_RULES, MOST_TARGETS = 300, 5
"""The most rules of a bus and targets of a rule. Source: "Amazon EventBridge quotas"."""
TOO_MANY = ("LimitExceededException", "The requested resource exceeds the maximum number allowed.")


def put_rule(world: World, params: Json, now: float) -> Json:
    """PutRule: replaces a rule of that name, and keeps its targets."""
    _check_bus(world, params)
    name = params["Name"]
    if "ScheduleExpression" in params:
        raise ServiceError("ValidationException", "aws_executors.local has no rules that run on a schedule.")
    if "EventPattern" not in params:
        raise ServiceError(
            "ValidationException", "Parameter(s) EventPattern or ScheduleExpression must be specified."
        )
    pattern = read_pattern(params["EventPattern"])
    if name not in world.events.rules and len(world.events.rules) >= MOST_RULES:
        raise ServiceError(*TOO_MANY)
    view: Json = {
        "Name": name,
        "Arn": arn(world, "events", f"rule/{name}"),
        "EventPattern": params["EventPattern"],
        "State": params.get("State", "ENABLED"),
        **{key: params[key] for key in ("Description", "RoleArn") if key in params},
        "EventBusName": "default",
    }
    there = world.events.rules.get(name)
    world.events.rules[name] = EventRule(view, pattern, {} if there is None else there.targets)
    return {"RuleArn": view["Arn"]}


def _check_bus(world: World, params: Json) -> None:
    asked = params.get("EventBusName", "default")
    if asked not in ("default", arn(world, "events", "event-bus/default")):
        raise ServiceError("ResourceNotFoundException", f"Event bus {asked} does not exist.")


def _rule(world: World, params: Json, key: str) -> EventRule:
    _check_bus(world, params)
    found = world.events.rules.get(params[key])
    if found is None:
        raise ServiceError(
            "ResourceNotFoundException", f"Rule {params[key]} does not exist on EventBus default."
        )
    return found


def describe_rule(world: World, params: Json, now: float) -> Json:
    """DescribeRule."""
    return {**_rule(world, params, "Name").view, "CreatedBy": world.account}


def list_rules(world: World, params: Json, now: float) -> Json:
    """ListRules, by prefix of the name."""
    _check_bus(world, params)
    prefix = params.get("NamePrefix", "")
    rules = world.events.rules
    return _paged("Rules", [rules[name].view for name in sorted(rules) if name.startswith(prefix)], params)


def enable_rule(world: World, params: Json, now: float) -> Json:
    """EnableRule."""
    return _set_state(world, params, "ENABLED")


def disable_rule(world: World, params: Json, now: float) -> Json:
    """DisableRule: nothing is sent until it is enabled again."""
    return _set_state(world, params, "DISABLED")


def _set_state(world: World, params: Json, state: str) -> Json:
    rule = _rule(world, params, "Name")
    rule.view = {**rule.view, "State": state}
    return {}


def delete_rule(world: World, params: Json, now: float) -> Json:
    """DeleteRule: refused while the rule has targets; succeeds if there is no such rule."""
    _check_bus(world, params)
    found = world.events.rules.get(params["Name"])
    if found is not None and found.targets:
        raise ServiceError("ValidationException", "Rule can't be deleted since it has targets.")
    world.events.rules.pop(params["Name"], None)
    return {}


def put_targets(world: World, params: Json, now: float) -> Json:
    """PutTargets: SQS queues only; a target with the same id is replaced."""
    rule = _rule(world, params, "Rule")
    for target in params["Targets"]:
        if not target["Arn"].startswith("arn:aws:sqs:") or target["Arn"].endswith(".fifo"):
            raise ServiceError(
                "ValidationException",
                f"aws_executors.local delivers events to standard SQS queues, not to {target['Arn']}",
            )
        check_input(target)
    merged = rule.targets | {target["Id"]: target for target in params["Targets"]}
    if len(merged) > MOST_TARGETS:
        raise ServiceError(*TOO_MANY)
    rule.targets = merged
    return {"FailedEntryCount": 0, "FailedEntries": []}


def remove_targets(world: World, params: Json, now: float) -> Json:
    """RemoveTargets, by id."""
    rule = _rule(world, params, "Rule")
    rule.targets = {own: target for own, target in rule.targets.items() if own not in params["Ids"]}
    return {"FailedEntryCount": 0, "FailedEntries": []}


def list_targets_by_rule(world: World, params: Json, now: float) -> Json:
    """ListTargetsByRule."""
    return _paged("Targets", list(_rule(world, params, "Rule").targets.values()), params)


def list_rule_names_by_target(world: World, params: Json, now: float) -> Json:
    """ListRuleNamesByTarget, by the target's ARN."""
    _check_bus(world, params)
    names = [
        name
        for name, rule in sorted(world.events.rules.items())
        if any(target["Arn"] == params["TargetArn"] for target in rule.targets.values())
    ]
    return _paged("RuleNames", names, params)


def _paged(member: str, items: list[Any], params: Json) -> Json:
    numbered = list(enumerate(items, start=1))
    token, size = params.get("NextToken"), params.get("Limit", 100)
    found, more = page(numbered, lambda pair: pair[0], token, size, "ValidationException")
    return {member: [item for _, item in found], **({"NextToken": more} if more else {})}


def try_event_pattern(world: World, params: Json, now: float) -> Json:
    """TestEventPattern: whether the event, as text, fits the pattern."""
    event = document_of(params["Event"])
    if not isinstance(event, dict):
        raise ServiceError("InvalidEventPatternException", "Event is not valid. Reason: it is not an object")
    return {"Result": fits_pattern(read_pattern(params["EventPattern"]), event)}
