"""Find out whether a rule's pattern matches an event, if we have no permission to ask EventBridge itself.

Law: pure, and never guesses: for a filter of an unknown kind the answer is None. Source: "Comparison
operators", EventBridge User Guide.
"""

from collections.abc import Mapping, Sequence
from typing import cast


def passes(pattern: Mapping[str, object], event: Mapping[str, object]) -> bool | None:
    """Whether the pattern matches the event; None if that cannot be determined.

    >>> event = {"source": "aws.ecs", "detail": {"startedBy": "prod/0b6e"}}
    >>> passes({"source": ["aws.ecs"], "detail": {"startedBy": [{"prefix": "prod/"}]}}, event)
    True
    >>> passes({"detail": {"startedBy": [{"prefix": "test/"}], "cpu": [{"numeric": [">", 1]}]}}, event)
    False
    >>> passes({"source": [{"wildcard": "aws.*"}]}, event) is None
    True
    """
    answers = [_member(wanted, name, event) for name, wanted in pattern.items()]
    if False in answers:
        return False
    return None if None in answers else True


def _member(wanted: object, name: str, event: Mapping[str, object]) -> bool | None:
    value = event.get(name)
    if isinstance(wanted, Mapping):
        inner = cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}
        return passes(cast("Mapping[str, object]", wanted), inner)
    if not isinstance(wanted, list) or name.startswith("$"):
        return None
    there = () if name not in event else cast("list[object]", value) if isinstance(value, list) else (value,)
    answers = [_filter(one, there) for one in cast("list[object]", wanted)]
    if True in answers:
        return True
    return None if None in answers else False


def _filter(wanted: object, values: Sequence[object]) -> bool | None:
    match wanted:
        case {"prefix": str(head), **rest} if not rest:
            return any(isinstance(value, str) and value.startswith(head) for value in values)
        case {"exists": bool(there), **rest} if not rest:
            return bool(values) is there
        case {"anything-but": str(other), **rest} if not rest:
            return any(value != other for value in values)
        case {"anything-but": list(others), **rest} if not rest:
            return any(value not in cast("list[object]", others) for value in values)
        case Mapping():
            return None
        case _:
            return wanted in values
