"""Whether a policy of a queue or a key lets EventBridge in.

Law: pure. What denies, and conditions other than those on the source, are not looked at. Sources: "IAM JSON
policy elements", IAM User Guide; "Using resource-based policies", EventBridge User Guide.
"""

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import cast

EVENTS = "events.amazonaws.com"
SOURCES = ("aws:sourcearn", "aws:sourceaccount")


def lets_in(policy: str, action: str, rule: str = "") -> bool:
    """Whether EventBridge may do this for a rule (its ARN), or for any rule at all.

    >>> statement = {"Effect": "Allow", "Principal": {"Service": EVENTS}, "Action": "sqs:SendMessage",
    ...              "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:events:x:1:rule/airflow-*"}}}
    >>> policy = json.dumps({"Statement": [statement]})
    >>> [lets_in(policy, "sqs:SendMessage", f"arn:aws:events:x:1:rule/{name}") for name in ("airflow-a", "b")]
    [True, False]
    """
    return any(
        one.get("Effect") == "Allow"
        and _is_events(one.get("Principal"))
        and _has(one, action)
        and (not rule or _about(one, rule))
        for one in _statements(policy)
    )


def arn_part(arn: str, place: int) -> str:
    """A part of an ARN, such as the Region (3) or the account (4); empty where it has none.

    >>> arn_part("arn:aws:sqs:us-east-1:123456789012:airflow", 3), arn_part("airflow", 3)
    ('us-east-1', '')
    """
    parts = arn.split(":", 5)
    return parts[place] if place < len(parts) else ""


def _statements(policy: str) -> Iterator[Mapping[str, object]]:
    try:
        document = cast("object", json.loads(policy or "{}"))
    except ValueError:
        return
    if isinstance(document, Mapping):
        found = cast("Mapping[str, object]", document).get("Statement")
        yield from (
            cast("Mapping[str, object]", one)
            for one in (cast("list[object]", found) if isinstance(found, list) else [found])
            if isinstance(one, Mapping)
        )


def _is_events(principal: object) -> bool:
    if isinstance(principal, Mapping):
        kinds = cast("Mapping[str, object]", principal)
        return EVENTS in _texts(kinds.get("Service")) or "*" in _texts(kinds.get("AWS"))
    return principal == "*"


def _has(statement: Mapping[str, object], action: str) -> bool:
    return any(fnmatchcase(action.lower(), one.lower()) for one in _texts(statement.get("Action")))


def _about(statement: Mapping[str, object], rule: str) -> bool:
    """Whether the conditions on the source hold: on the rule's ARN, and on the account in it."""
    values = dict(zip(SOURCES, (rule, arn_part(rule, 4)), strict=True))
    tests = statement.get("Condition")
    for test, pairs in (cast("Mapping[str, object]", tests) if isinstance(tests, Mapping) else {}).items():
        for key, wanted in (
            cast("Mapping[str, object]", pairs) if isinstance(pairs, Mapping) else {}
        ).items():
            value = values.get(key.lower())
            fits = value is None or any(fnmatchcase(value, one) for one in _texts(wanted))
            if value is not None and fits is ("not" in test.lower()):
                return False
    return True


def _texts(value: object) -> tuple[str, ...]:
    listed = cast("list[object]", value) if isinstance(value, list) else [value]
    return tuple(one for one in listed if isinstance(one, str))
