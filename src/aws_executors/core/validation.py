"""What a person wrote, read into a value; and pydantic's errors, said in words they can act on.

Law: the one place that reads pydantic's errors. All that is wrong is told at once, each with the path of the
member, what was found and what is allowed. Values found inside `environment` or `command` are never repeated:
they may be secrets.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TypeVar, cast

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from aws_executors.core.errors import RequestError, RequestTooLargeError
from aws_executors.core.redact.values import sensitive
from aws_executors.core.requests.wire import spell

R = TypeVar("R")
Path = tuple[int | str, ...]

EXPECTED: Mapping[str, str] = {
    "bool_parsing": "True or False",
    "bool_type": "True or False",
    "dataclass_type": "a mapping",
    "dict_type": "a mapping",
    "float_parsing": "a number",
    "float_type": "a number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "list_type": "a list",
    "literal_error": "{expected}",
    "model_type": "a mapping",
    "string_type": "text",
    "tuple_type": "a list",
}
"""What should have stood there, by pydantic's type of error."""
LIMITS: Mapping[str, tuple[str, str]] = {
    "greater_than_equal": ("must be at least {ge}", "is below {ge}"),
    "less_than_equal": ("must be at most {le}", "is above {le}"),
    "missing": ("is missing", "is missing"),
}
"""Other types of error: what must be, and what is. A type that is in neither table speaks for itself."""
MISPLACED = ("Input should", "String should", "Tuple should", "List should")
ABSENT = frozenset({"missing", "too_long", "too_short"})
UNKNOWN = frozenset({"unexpected_keyword_argument", "extra_forbidden"})
SECRET = frozenset({"environment", "env", "command", "args"})
SHOWN = 60
FAULTS, SOME = 8, 3
"""So many faults are told of one value; of more, which a program may have made, only some."""
NO_SCHEMA: Mapping[str, object] = {}


class _Detail(TypedDict, total=False):
    type: str
    loc: Path
    msg: str
    ctx: Mapping[str, object]
    input: object


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that pydantic found wrong: its type of error, where, in its words, and what stood there."""

    kind: str
    path: Path
    message: str
    value: object = field(repr=False)  # it may be a secret
    context: Mapping[str, object] = field(repr=False)

    @property
    def unknown(self) -> bool:
        """Whether the member should not be there at all."""
        return self.kind in UNKNOWN

    @property
    def too_large(self) -> bool:
        """Whether it is a request's size alone that is wrong."""
        return isinstance(self.context.get("error"), RequestTooLargeError)

    @property
    def demand(self) -> str:
        """What completes "the member ...": what must stand there."""
        must = f"must be {EXPECTED[self.kind]}" if self.kind in EXPECTED else LIMITS.get(self.kind, ("",))[0]
        return must.format_map(self.context) or self.message

    @property
    def finding(self) -> str:
        """What completes "option = value ...": how that falls short."""
        short = (
            f"is not {EXPECTED[self.kind]}" if self.kind in EXPECTED else LIMITS.get(self.kind, ("", ""))[1]
        )
        return short.format_map(self.context) or ("is not a member" if self.unknown else self.message)


def violations(error: ValidationError) -> list[Violation]:
    """All that pydantic found wrong."""
    details = cast("list[_Detail]", error.errors(include_url=False))
    return [
        Violation(
            kind=detail["type"],
            path=detail["loc"],
            message=_own_words(detail["msg"]),
            value=detail["input"],
            context=detail.get("ctx", {}),
        )
        for detail in details
    ]


def _own_words(message: str) -> str:
    for opening in MISPLACED:
        if message.startswith(opening):
            return f"must{message.removeprefix(opening)}"
    return message.removeprefix("Value error, ")


def parse(adapter: TypeAdapter[R], written: object, where: str) -> R:
    """Read `written` (dicts and lists in AWS's spelling, or in ours) as what `adapter` stands for.

    Raises `RequestError`, which begins with `where` (the option or argument the person set) and lists all
    that is wrong; `RequestTooLargeError` where it is nothing but the size.

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
        kind = RequestTooLargeError if only_too_large(error) else RequestError
        sentences = in_words(error, cast("Mapping[str, object]", adapter.json_schema()))
    raise kind("; ".join(f"{where}: {sentence}" for sentence in sentences)) from None


def only_too_large(error: ValidationError) -> bool:
    """Whether the request's size is all that is wrong with it."""
    return all(violation.too_large for violation in violations(error))


def in_words(
    error: ValidationError, schema: Mapping[str, object] = NO_SCHEMA, *, shown: bool = True
) -> list[str]:
    """What pydantic found wrong, one sentence each, without its web addresses and without secrets; of more
    than `FAULTS` the first few, and how many more there are. What stood there is told where it is `shown`,
    its type in any case; `schema` is the JSON schema that the value was read by."""
    found = violations(error)
    first = found if len(found) <= FAULTS else found[:SOME]
    sentences = [_sentence(violation, schema, shown=shown) for violation in first]
    more = len(found) - len(sentences)
    return [*sentences, f"and {more} more like these"] if more else sentences


def _sentence(violation: Violation, schema: Mapping[str, object], *, shown: bool) -> str:
    path = violation.path
    if violation.unknown and path:
        place = f" in {dotted(path[:-1])}" if len(path) > 1 else ""
        return unknown_name(str(path[-1]), members(schema, path[:-1]), place)
    subject = dotted(path)
    if violation.kind == "value_error":
        return ": ".join(filter(None, (subject, violation.message)))
    secret = not shown or any(step in SECRET or (isinstance(step, str) and sensitive(step)) for step in path)
    stood = "" if violation.kind in ABSENT else f", not {type_and_value(violation.value, secret=secret)}"
    return f"{subject} {violation.demand}{stood}".strip()


def unknown_name(name: str, allowed: Sequence[str], place: str = "") -> str:
    """A name that is not known, the nearest one that is, and all that are.

    >>> unknown_name("memry", ["cpu", "memory"])
    "'memry' is not known; did you mean 'memory'? Allowed: cpu, memory"
    """
    near = [*nearest(spell(name), allowed, 0.7), *nearest(name, allowed, 0.7)]
    hint = "".join(f"; did you mean {close!r}?" for close in near[:1]) or "."
    names = f" Allowed: {', '.join(allowed)}" if allowed else ""
    return f"{quoted(name)}{place} is not known{hint}{names}"


def nearest(name: str, allowed: Sequence[str], likeness: float = 0.6) -> list[str]:
    """The one of these names that was perhaps meant, if any; `likeness` is 0 to 1, as in difflib.

    >>> nearest("regoin", ["region", "workers"]), nearest("x" * 99, ["x" * 98])
    (['region'], [])
    """
    return get_close_matches(name, allowed, n=1, cutoff=likeness) if len(name) <= SHOWN else []


def quoted(name: object) -> str:
    """A name that somebody wrote, as it stands in a message: not longer than a name is.

    >>> quoted("cpu"), quoted("x" * 99)[-6:], quoted(3)
    ("'cpu'", "xx'...", '3')
    """
    if isinstance(name, str):
        return repr(name) if len(name) <= SHOWN else f"{name[:SHOWN]!r}..."
    return repr(name) if _short(name) else f"of type {type(name).__name__}"


def type_and_value(value: object, *, secret: bool = False) -> str:
    """What stood there: its type, and its value where that is short and no secret.

    >>> type_and_value(3), type_and_value("x", secret=True), type_and_value(["a"])
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
