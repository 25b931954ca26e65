"""Find out whether the policy of a queue or a key admits EventBridge, or SNS between EventBridge and the
queue.

Law: pure. Statements that deny, and conditions other than those on the source, are ignored. Sources: "IAM
JSON policy elements", IAM User Guide; "Using resource-based policies", EventBridge User Guide.
"""

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import cast

EVENTS, SNS = "events.amazonaws.com", "sns.amazonaws.com"
SOURCES = ("aws:sourcearn", "aws:sourceaccount")


def lets_in(policy: str, action: str, rule: str = "", *, service: str = EVENTS) -> bool:
    """Whether EventBridge (or another service) may do this for a rule (its ARN), or for any rule at all.

    >>> statement = {"Effect": "Allow", "Principal": {"Service": EVENTS}, "Action": "sqs:SendMessage",
    ...              "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:events:x:1:rule/airflow-*"}}}
    >>> policy = json.dumps({"Statement": [statement]})
    >>> [lets_in(policy, "sqs:SendMessage", f"arn:aws:events:x:1:rule/{name}") for name in ("airflow-a", "b")]
    [True, False]
    """
    return any(
        one.get("Effect") == "Allow"
        and _is(one.get("Principal"), service)
        and _has(one, action)
        and (not rule or _about(one, rule))
        for one in _statements(policy)
    )


def lets_a_topic_in(policy: str, action: str) -> bool:
    """Whether SNS topics may do this: the policy names the service, or a topic as the source.

    >>> condition = {"ArnEquals": {"aws:SourceArn": "arn:aws:sns:x:1:airflow"}}
    >>> statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Condition": condition}
    >>> lets_a_topic_in(json.dumps({"Statement": statement}), "sqs:SendMessage")
    True
    """
    return any(
        one.get("Effect") == "Allow" and _has(one, action) and _names_sns(one) for one in _statements(policy)
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


def _is(principal: object, service: str) -> bool:
    if isinstance(principal, Mapping):
        kinds = cast("Mapping[str, object]", principal)
        return service in _texts(kinds.get("Service")) or "*" in _texts(kinds.get("AWS"))
    return principal == "*"


def _names_sns(statement: Mapping[str, object]) -> bool:
    who: tuple[object, object] = (statement.get("Principal"), statement.get("Condition"))
    said = json.dumps(who)
    return SNS in said or ":sns:" in said


def _has(statement: Mapping[str, object], action: str) -> bool:
    return any(fnmatchcase(action.lower(), one.lower()) for one in _texts(statement.get("Action")))


def _about(statement: Mapping[str, object], rule: str) -> bool:
    """Whether the conditions on the source hold: on the rule's ARN, and on the account in that ARN."""
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
