"""Find out whether a queue's policy lets a rule of EventBridge send to the queue.

Law: a pure function of the policy. Sending is denied unless a statement allows it; a statement with a
condition that is not implemented does not apply. Source: "IAM JSON policy elements", "Resource-based policies
for Amazon EventBridge".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from aws_executors.local.world.sqs.attributes import document_of
from aws_executors.local.world.values import Json

SERVICE = "events.amazonaws.com"
ACTION = "sqs:SendMessage"


@lru_cache(maxsize=256)  # the same policy is evaluated for each event
def lets_events_in(policy: str, queue: str, rule: str, account: str) -> bool:
    """Whether the policy allows the rule to send messages to the queue; both are ARNs."""
    found = document_of(policy)
    statements = _list(found.get("Statement", [])) if isinstance(found, dict) else []
    facts = {"aws:sourcearn": rule, "aws:sourceaccount": account}
    effects = [
        one.get("Effect") for one in statements if isinstance(one, dict) and _applies(one, queue, facts)
    ]
    return "Allow" in effects and "Deny" not in effects


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _applies(statement: Json, queue: str, facts: Mapping[str, str]) -> bool:
    principal, conditions = statement.get("Principal"), statement.get("Condition", {})
    services = principal.get("Service", []) if isinstance(principal, dict) else []
    named = principal == "*" or SERVICE in _list(services)
    return (
        named
        and any(_like(str(one).lower(), ACTION.lower()) for one in _list(statement.get("Action", [])))
        and any(_like(str(one), queue) for one in _list(statement.get("Resource", [])))
        and isinstance(conditions, dict)
        and all(_holds(*one, facts) for one in conditions.items())
    )


def _holds(operator: str, wanted: Any, facts: Mapping[str, str]) -> bool:
    """Whether a condition block holds: for each key, one of its values must match."""
    test = OPERATORS.get(operator.removesuffix("IfExists"))
    if test is None or not isinstance(wanted, dict):
        return False
    return all(
        key.lower() in facts and any(test(str(one), facts[key.lower()]) for one in _list(values))
        for key, values in wanted.items()
    )


def _like(pattern: str, value: str) -> bool:
    signs = {"*": ".*", "?": "."}
    expression = "".join(signs.get(letter, re.escape(letter)) for letter in pattern)
    return re.fullmatch(expression, value, re.DOTALL) is not None


OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "ArnEquals": _like,
    "ArnLike": _like,
    "StringEquals": str.__eq__,
    "StringLike": _like,
    "ForAnyValue:StringEquals": str.__eq__,
}
