"""Write a Terraform configuration as HCL or as JSON.

Law: pure. A `Configuration` has the structure of Terraform's JSON syntax, except that a JSON document which
an argument takes as text is the value of `jsonencode`. Terraform evaluates ``${...}`` in a text that was not
escaped by `itself`. Sources: the Terraform language, "Native Syntax Specification" and "JSON Configuration
Syntax".
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import TypeAlias, cast

Value: TypeAlias = "str | bool | int | list[Value] | dict[str, Value]"
Configuration: TypeAlias = "dict[str, dict[str, Value]]"

INDENT = "  "
ENCODED = "jsonencode"
LABELS: Mapping[str, int] = {
    "terraform": 0,
    "provider": 1,
    "variable": 1,
    "data": 2,
    "resource": 2,
    "output": 1,
}
"""How many labels a block of each kind has."""

BLOCKS = frozenset({"required_providers", "compute_resources", "compute_environment_order", "egress"})
"""Members that are nested blocks in HCL; in JSON, a list of objects."""

_EXPRESSION = re.compile(r"\$\{([^{}]*)\}")


def itself(text: str) -> str:
    """Escape a text, so that Terraform evaluates nothing in it.

    >>> itself("a ${b}")
    'a $${b}'
    """
    return text.replace("${", "$${").replace("%{", "%%{")


def as_json(configuration: Configuration) -> dict[str, object]:
    """The configuration in JSON syntax, for a file that ends in ``.tf.json``.

    >>> as_json({"output": {"policy": {"value": {"jsonencode": {"Version": "${var.version}"}}}}})
    {'output': {'policy': {'value': '{"Version": "${var.version}"}'}}}
    """
    return {kind: _plain(inside) for kind, inside in configuration.items()}


def hcl(configuration: Configuration) -> str:
    """The configuration in HCL.

    >>> print(hcl({"variable": {"image": {"type": "string", "default": "a:1"}}}))
    variable "image" {
      type    = string
      default = "a:1"
    }
    """
    return "\n\n".join(
        "\n".join(_block(" ".join([kind, *map(_quoted, labels)]), body, ""))
        for kind, inside in configuration.items()
        for labels, body in _labelled(inside, LABELS[kind])
    )


def _labelled(inside: Value, depth: int) -> Iterator[tuple[tuple[str, ...], dict[str, Value]]]:
    body = cast("dict[str, Value]", inside)
    if not depth:
        yield (), body
        return
    for label, below in body.items():
        yield from (((label, *more), body) for more, body in _labelled(below, depth - 1))


def _block(head: str, body: dict[str, Value], indent: str) -> Iterator[str]:
    if not body:
        yield f"{indent}{head} {{}}"
        return
    inner = indent + INDENT
    arguments = {name: value for name, value in body.items() if name not in BLOCKS}
    yield f"{indent}{head} {{"
    yield from _aligned(arguments, inner, types=head.startswith("variable "))
    for name, blocks in body.items():
        if name in BLOCKS:
            for one in cast("list[dict[str, Value]]", blocks):
                yield from [""] if arguments else []
                yield from _block(name, one, inner)
    yield f"{indent}}}"


def _aligned(members: dict[str, Value], indent: str, *, types: bool = False) -> Iterator[str]:
    """Names and values in the layout of ``terraform fmt``: equals signs are aligned in groups of values that
    are each on one line. The type of a variable is not quoted.
    """
    spelled = [
        (_key(name), str(value) if types and name == "type" else _spelled(value, indent))
        for name, value in members.items()
    ]
    for alone, run in groupby(spelled, _is_long):
        pairs = [*run]
        width = 0 if alone else max(len(name) for name, _ in pairs)
        yield from (f"{indent}{name.ljust(width)} = {value}" for name, value in pairs)


def _is_long(member: tuple[str, str]) -> bool:
    return "\n" in member[1]


def _spelled(value: Value, indent: str) -> str:
    """A value in HCL, on several lines if need be."""
    match value:
        case dict() if ENCODED in value:
            return f"jsonencode({_spelled(value[ENCODED], indent)})"
        case dict():
            return _over_lines("{", _aligned(value, indent + INDENT), "}", indent)
        case list():
            return _list(value, indent)
        case str() if expression := _EXPRESSION.fullmatch(value):
            return expression[1]
        case _:
            return json.dumps(value, ensure_ascii=False)


def _list(items: list[Value], indent: str) -> str:
    if len(items) < 2 and not any(isinstance(one, dict | list) for one in items):
        return f"[{', '.join(_spelled(one, indent) for one in items)}]"
    inner = indent + INDENT
    return _over_lines("[", (f"{inner}{_spelled(one, inner)}," for one in items), "]", indent)


def _over_lines(opening: str, lines: Iterable[str], closing: str, indent: str) -> str:
    inner = [*lines]
    return "\n".join([opening, *inner, f"{indent}{closing}"]) if inner else opening + closing


def _key(name: str) -> str:
    plain = name.replace("_", "a").isalnum() and not name[0].isdigit()
    return name if plain else _quoted(itself(name))


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _plain(value: Value) -> Value:
    match value:
        case dict() if ENCODED in value:
            return json.dumps(_plain(value[ENCODED]))
        case dict():
            return {name: _plain(part) for name, part in value.items()}
        case list():
            return [_plain(part) for part in value]
        case _:
            return value
