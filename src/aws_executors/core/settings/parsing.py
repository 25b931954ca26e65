"""What a person wrote, read into a value, or refused in words they can act on.

Law: every fault is told at once, each with the path of the member, what was found and what is allowed.
Values found inside `environment` or `command` are never repeated: they may be secrets.
"""

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import TypedDict, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from aws_executors.core.errors import RequestError
from aws_executors.core.redact.values import sensitive
from aws_executors.core.requests.wire import spell

R = TypeVar("R")
Path = tuple[int | str, ...]


class Fault(TypedDict):
    """What we read of one of pydantic's error details."""

    type: str
    loc: Path
    msg: str
    input: object


WORDS: Mapping[str, str] = {
    "bool_type": "must be true or false",
    "dataclass_type": "must be a mapping",
    "dict_type": "must be a mapping",
    "int_type": "must be a whole number",
    "missing": "is missing",
    "string_type": "must be text",
    "tuple_type": "must be a list",
}
SHOULD = re.compile("^(Input|String|Tuple) should")
TELLING = frozenset({"missing", "too_long", "too_short"})
UNKNOWN = frozenset({"unexpected_keyword_argument", "extra_forbidden"})
SECRET = frozenset({"environment", "env", "command", "args"})
SHOWN = 60
FAULTS, SOME = 8, 3
"""So many faults are told of one value; of more, which a program may have made, only some."""
NO_SCHEMA: Mapping[str, object] = {}


def parse(adapter: TypeAdapter[R], written: object, where: str) -> R:
    """Read `written` (dicts and lists in AWS's spelling, or in ours) as what `adapter` stands for.

    Raises `RequestError`, which begins with `where` (the option or argument the person set) and lists all
    that is wrong.

    >>> from aws_executors.core.requests.wire import KeyValuePair
    >>> parse(TypeAdapter(KeyValuePair), {"name": "A", "value": "", "nam": 1}, "env")
    Traceback (most recent call last):
      ...
    aws_executors.core.errors.RequestError: env: 'nam' is not known; did you mean 'name'? \
Allowed: name, value
    """
    try:
        return adapter.validate_python(written)
    except ValidationError as error:
        sentences = told(error, cast("Mapping[str, object]", adapter.json_schema()))
    raise RequestError("; ".join(f"{where}: {sentence}" for sentence in sentences)) from None


def told(
    error: ValidationError, schema: Mapping[str, object] = NO_SCHEMA, *, shown: bool = True
) -> list[str]:
    """What pydantic found wrong, one sentence each, without its web addresses and without secrets; of more
    than `FAULTS` the first few, and how many more there are. What stood there is told where it is `shown`."""
    faults = cast("list[Fault]", error.errors(include_url=False, include_context=False))
    first = faults if len(faults) <= FAULTS else faults[:SOME]
    sentences = [tell(fault, schema, shown=shown) for fault in first]
    more = len(faults) - len(sentences)
    return [*sentences, f"and {more} more like these"] if more else sentences


def tell(fault: Fault, schema: Mapping[str, object], *, shown: bool = True) -> str:
    """One fault as a sentence; `schema` is the JSON schema that the value was read by."""
    kind, loc = fault["type"], fault["loc"]
    if kind in UNKNOWN and loc:
        place = f" in {dotted(loc[:-1])}" if len(loc) > 1 else ""
        return unknown(str(loc[-1]), members(schema, loc[:-1]), place)
    subject = dotted(loc)
    if kind == "value_error":
        return ": ".join(filter(None, (subject, fault["msg"].removeprefix("Value error, "))))
    words = WORDS.get(kind) or SHOULD.sub("must", fault["msg"])
    secret = not shown or any(step in SECRET or (isinstance(step, str) and sensitive(step)) for step in loc)
    stood = "" if kind in TELLING else f", not {found(fault['input'], secret=secret)}"
    return f"{subject} {words}{stood}".strip()


def unknown(name: str, allowed: Sequence[str], place: str = "") -> str:
    """A name that is not known, the nearest one that is, and all that are.

    >>> unknown("memry", ["cpu", "memory"])
    "'memry' is not known; did you mean 'memory'? Allowed: cpu, memory"
    """
    near = get_close_matches(spell(name), allowed, n=1, cutoff=0.7) if len(name) <= SHOWN else []
    hint = "".join(f"; did you mean {close!r}?" for close in near) or "."
    names = f" Allowed: {', '.join(allowed)}" if allowed else ""
    return f"{quoted(name)}{place} is not known{hint}{names}"


def quoted(name: object) -> str:
    """A name that somebody wrote, as it stands in a message: not longer than a name is.

    >>> quoted("cpu"), quoted("x" * 99)[-6:], quoted(3)
    ("'cpu'", "xx'...", '3')
    """
    if isinstance(name, str):
        return repr(name) if len(name) <= SHOWN else f"{name[:SHOWN]!r}..."
    return repr(name) if _short(name) else f"of type {type(name).__name__}"


def found(value: object, *, secret: bool = False) -> str:
    """What stood there: its type, and its value where that is short and no secret.

    >>> found(3), found("x", secret=True), found(["a"])
    ('int 3', 'str', 'list')
    """
    shown = not secret and _short(value)
    return "None" if value is None else f"{type(value).__name__} {value!r}" if shown else type(value).__name__


def _short(value: object) -> bool:
    if isinstance(value, str):
        return len(value) < SHOWN
    return isinstance(value, float) or (isinstance(value, int) and value.bit_length() < 3 * SHOWN)


def dotted(loc: Path) -> str:
    """A path as people write it.

    >>> dotted(("overrides", "containerOverrides", 0, "cpu"))
    'overrides.containerOverrides[0].cpu'
    """
    steps = (f"[{step}]" if isinstance(step, int) else f".{step[:SHOWN]}" for step in loc)
    return "".join(steps).removeprefix(".")


def members(schema: Mapping[str, object], loc: Path) -> list[str]:
    """The members that may stand at a path, by the JSON schema."""
    node = _resolved(schema, schema)
    for step in loc:
        node = _resolved(_below(node, step), schema)
    return list(_mapping(node.get("properties")))


def _below(node: Mapping[str, object], step: int | str) -> Mapping[str, object]:
    if isinstance(step, int):
        return _mapping(node.get("items"))
    properties = _mapping(node.get("properties"))
    return _mapping(properties.get(step, properties.get(spell(step))))


def _resolved(node: Mapping[str, object], root: Mapping[str, object]) -> Mapping[str, object]:
    for option in (node, *_mappings(node.get("anyOf")), *_mappings(node.get("allOf"))):
        match option.get("$ref"):
            case str(ref):
                return _mapping(_mapping(root.get("$defs")).get(ref.rpartition("/")[2]))
            case _ if "properties" in option or "items" in option:
                return option
            case _:
                pass
    return node


def _mapping(node: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", node) if isinstance(node, Mapping) else {}


def _mappings(nodes: object) -> list[Mapping[str, object]]:
    return [_mapping(node) for node in cast("list[object]", nodes)] if isinstance(nodes, list) else []
