"""Event patterns: which events a rule matches.

Law: pure functions of a pattern and an event. A pattern has the event's structure, with a list of accepted
values at each leaf; a filter that is not implemented is refused, never ignored. Source: "Amazon EventBridge
event patterns", "Comparison operators for use in event patterns".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeAlias

from aws_executors.local.world.values import Json, ServiceError

LONGEST = 2048
"""The most characters of a pattern. Source: "Amazon EventBridge quotas"."""
Test: TypeAlias = Callable[[Any, Any], bool]


def read_pattern(text: str) -> Json:
    """A pattern from its text, or InvalidEventPatternException."""
    if len(text) > LONGEST:
        _reject(f"the pattern has {len(text)} characters, at most {LONGEST} are allowed")
    try:
        found = json.loads(text)
    except ValueError as error:
        _reject(f"not JSON: {error}")
    if not isinstance(found, dict):
        _reject("Filter is not an object")
    if not found:
        _reject("Empty event pattern is not supported")
    _check_pattern(found)
    return found


def _reject(reason: str) -> NoReturn:
    raise ServiceError("InvalidEventPatternException", f"Event pattern is not valid. Reason: {reason}")


def _check_pattern(pattern: Json) -> None:
    for key, wanted in pattern.items():
        if key.startswith("$"):
            _reject(f"aws_executors.local does not have {key}")
        if isinstance(wanted, dict):
            if not wanted:
                _reject("Empty objects are not allowed")
            _check_pattern(wanted)
        elif not isinstance(wanted, list):
            _reject(f'"{key}" must be an object or an array')
        elif not wanted:
            _reject("Empty arrays are not allowed")
        else:
            for one in wanted:
                _check_filter(one)


def _check_filter(one: Any) -> None:
    if isinstance(one, list):
        _reject("Match value must be String, number, true, false, or null")
    if not isinstance(one, dict):
        return
    if len(one) != 1:
        _reject("Only one key allowed in match expression")
    ((name, operand),) = one.items()
    if name not in FILTERS:
        _reject(f"Unrecognized match type {name}")
    if name == "exists" and not isinstance(operand, bool):
        _reject("exists match pattern must be either true or false.")
    if name in TEXT_TESTS and not isinstance(operand, str):
        _reject(f"{name} match pattern must be a string")
    if name == "wildcard" and "**" in operand:
        _reject("Consecutive wildcard characters")
    if name == "anything-but":
        _check_anything_but(operand)


def _check_anything_but(operand: Any) -> None:
    values = operand if isinstance(operand, list) else [operand]
    if isinstance(operand, dict):
        ((name, inner),) = operand.items() if len(operand) == 1 else [("", None)]
        values = inner if isinstance(inner, list) else [inner]
        if name not in TEXT_TESTS or not all(isinstance(value, str) and value for value in values):
            _reject("Unsupported anything-but pattern")
    if not values or not all(
        isinstance(value, str | int | float) and not isinstance(value, bool) for value in values
    ):
        _reject("Inside anything but list, start|null|boolean is not supported.")


def fits_pattern(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether an event matches the pattern; of an array in the event, one member is enough."""
    for key, wanted in pattern.items():
        if isinstance(wanted, dict):
            found = event.get(key)
            members = found if isinstance(found, list) else [found]
            parts = [one for one in members if isinstance(one, dict)] or [{}]
            if not any(fits_pattern(wanted, part) for part in parts):
                return False
        elif not any(_accepts(one, key in event, event.get(key)) for one in wanted):
            return False
    return True


def _accepts(wanted: Any, there: bool, value: Any) -> bool:
    """Whether a leaf of the event, if `there`, is accepted."""
    if isinstance(wanted, dict) and "exists" in wanted:
        return bool(wanted["exists"] == (there and value != [] and not isinstance(value, dict)))
    if not there:
        return False
    members = value if isinstance(value, list) else [value]
    if not isinstance(wanted, dict):
        return any(_same(wanted, one) for one in members)
    ((name, operand),) = wanted.items()
    return any(FILTERS[name](operand, one) for one in members)


def _same(wanted: Any, value: Any) -> bool:
    """Equality of JSON values: unlike in Python, `true` is not 1."""
    return bool(wanted == value and isinstance(wanted, bool) == isinstance(value, bool))


def _anything_but(operand: Any, value: Any) -> bool:
    if isinstance(operand, dict):
        ((name, inner),) = operand.items()
        unwanted = inner if isinstance(inner, list) else [inner]
        return not any(isinstance(value, str) and TEXT_TESTS[name](one, value) for one in unwanted)
    return not any(_same(one, value) for one in (operand if isinstance(operand, list) else [operand]))


def _wildcard(operand: str, value: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, operand.split("*"))), value, re.DOTALL) is not None


TEXT_TESTS: dict[str, Callable[[str, str], bool]] = {
    "prefix": lambda operand, value: value.startswith(operand),
    "suffix": lambda operand, value: value.endswith(operand),
    "equals-ignore-case": lambda operand, value: value.lower() == operand.lower(),
    "wildcard": _wildcard,
}


def _of_text(test: Callable[[str, str], bool]) -> Test:
    return lambda operand, value: isinstance(value, str) and test(operand, value)


FILTERS: dict[str, Test] = {
    **{name: _of_text(test) for name, test in TEXT_TESTS.items()},
    "anything-but": _anything_but,
    "exists": lambda operand, value: bool(operand),
}
