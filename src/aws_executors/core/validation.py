"""Validate user input with pydantic, and turn its errors into messages that users can act on.

Law: only this module reads pydantic's errors. All errors are reported at once, each with the path of the
member, the value found and the values allowed. Values inside `environment` or `command` may be secrets and
are never repeated.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from operator import index
from typing import SupportsIndex, TypeVar, cast

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from aws_executors.core.errors import RequestError, RequestTooLargeError
from aws_executors.core.redact.values import sensitive
from aws_executors.core.requests.spelling import spell

R = TypeVar("R")
Path = tuple[int | str, ...]

EXPECTED: Mapping[str, str] = {
    "bool_parsing": "True or False",
    "bool_type": "True or False",
    "dataclass_type": "a mapping",
    "dict_type": "a mapping",
    "finite_number": "a finite number",
    "float_parsing": "a number",
    "float_type": "a number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "is_instance_of": "a list",
    "list_type": "a list",
    "literal_error": "{expected}",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "sequence_str": "a list",
    "string_type": "text",
    "tuple_type": "a list",
}
"""What was expected, by pydantic's error type."""
SET = "cannot be set: the settings are those of all tasks; change the request instead"
LIMITS: Mapping[str, tuple[str, str]] = {
    "frozen_instance": (SET, SET),
    "greater_than_equal": ("must be at least {ge}", "is below {ge}"),
    "int_parsing_size": ("must be a smaller number", "is too large a number"),
    "less_than_equal": ("must be at most {le}", "is above {le}"),
    "missing": ("is missing", "is missing"),
    "string_unicode": ("must be text without lone surrogates", "has a lone surrogate, which UTF-8 has not"),
}
"""Other error types: what is required, and how the value falls short. For types in neither table, pydantic's
own message is used."""
MISPLACED = ("Input should", "String should", "Tuple should", "List should")
ABSENT = frozenset({"frozen_instance", "json_invalid", "missing", "too_long", "too_short"})
BOUNDS = frozenset({"greater_than", "greater_than_equal", "less_than", "less_than_equal"})
UNKNOWN = frozenset({"unexpected_keyword_argument", "extra_forbidden"})
SECRET = frozenset({"environment", "env", "command", "args", "parameters", "variables"})
AMOUNTS: Mapping[str, str] = {
    "cpu": "CPU units, of which 1024 make one vCPU, as in 256",
    "memory": "MiB, as in 2048",
    "memoryReservation": "MiB, as in 2048",
    "vcpus": "a number, as in 1 or 0.25",
}
"""What a number counts, by the member's name in AWS's spelling."""
SHOWN = 60
FAULTS, SOME = 8, 3
"""Up to `FAULTS` errors of one value are all listed. If there are more, which a program has probably made,
only the first `SOME` are."""
NO_SCHEMA: Mapping[str, object] = {}
_SCHEMAS: dict[Hashable, Mapping[str, object]] = {}  # by adapter: there are few, and each takes 10 ms or more


class _Detail(TypedDict, total=False):
    type: str
    loc: Path
    msg: str
    ctx: Mapping[str, object]
    input: object


@dataclass(frozen=True, slots=True)
class Violation:
    """One validation error: pydantic's error type, the path, the message, and the value found."""

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
        """Whether the only error is the size of the request."""
        return isinstance(self.context.get("error"), RequestTooLargeError)

    @property
    def demand(self) -> str:
        """Completes "the member ...": what is required there."""
        must = f"must be {EXPECTED[self.kind]}" if self.kind in EXPECTED else LIMITS.get(self.kind, ("",))[0]
        return must.format_map(self.context) or self.message

    @property
    def finding(self) -> str:
        """Completes "option = value ...": how the value falls short."""
        short = (
            f"is not {EXPECTED[self.kind]}" if self.kind in EXPECTED else LIMITS.get(self.kind, ("", ""))[1]
        )
        return short.format_map(self.context) or ("is not a member" if self.unknown else self.message)


def violations(error: ValidationError) -> list[Violation]:
    """All errors that pydantic found."""
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
    message = message.replace(" after validation", "")
    for opening in MISPLACED:
        if message.startswith(opening):
            return f"must{message.removeprefix(opening)}"
    return message.removeprefix("Value error, ")


def parse(adapter: TypeAdapter[R], written: object, where: str, remedy: str = "") -> R:
    """Validate `written` (dicts and lists, in AWS's spelling or in ours) as the type of `adapter`.

    Raises `RequestError`, whose message begins with `where` (the option or argument that was set) and lists
    all errors; `RequestTooLargeError` if the only error is the size. What is missing, not known or of another
    type, and has no remedy of its own, gets `remedy`: how the whole is written.

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
        refused = refusal(error, where, _schema(adapter), remedy)
    raise refused


def refusal(
    error: ValidationError, where: str, schema: Mapping[str, object] = NO_SCHEMA, remedy: str = ""
) -> RequestError:
    """The exception that says in our words what pydantic found, with the arguments of `parse`."""
    kind = RequestTooLargeError if only_too_large(error) else RequestError
    return kind("; ".join(f"{where}: {sentence}" for sentence in in_words(error, schema, remedy=remedy)))


def found_by_pydantic(error: BaseException) -> ValidationError | None:
    """What pydantic found: `error` itself, or the error for which a structure refused its members.

    Such a refusal is raised `from None`; the context of any other error is what its caller was handling.
    """
    refused = isinstance(error, RequestError) and error.__suppress_context__
    found = error.__context__ if refused else error
    return found if isinstance(found, ValidationError) else None


def _schema(adapter: TypeAdapter[R]) -> Mapping[str, object]:
    if adapter not in _SCHEMAS:
        _SCHEMAS[adapter] = cast("Mapping[str, object]", adapter.json_schema())
    return _SCHEMAS[adapter]


def options_of(adapter: TypeAdapter[R]) -> tuple[str, ...]:
    """The names that the type of `adapter` has at its top level, in AWS's spelling.

    >>> from aws_executors.core.requests.wire import KeyValuePair
    >>> options_of(TypeAdapter(KeyValuePair))
    ('name', 'value')
    """
    return tuple(members(_schema(adapter), ()))


def only_too_large(error: ValidationError) -> bool:
    """Whether the size of the request is its only error."""
    return all(violation.too_large for violation in violations(error))


def in_words(
    error: ValidationError, schema: Mapping[str, object] = NO_SCHEMA, *, shown: bool = True, remedy: str = ""
) -> list[str]:
    """pydantic's errors as sentences, without its URLs and without secrets.

    Of more than `FAULTS` errors only the first are listed, with the number of the others. The type of the
    value found is always given, the value itself only if `shown`. `schema` is the JSON schema of the expected
    type, and `remedy` that of `parse`.
    """
    found = violations(error)
    first = found if len(found) <= FAULTS else found[:SOME]
    sentences = [_sentence(violation, schema, remedy, shown=shown) for violation in first]
    more = len(found) - len(sentences)
    return [*sentences, f"and {more} more like these"] if more else sentences


def _sentence(violation: Violation, schema: Mapping[str, object], remedy: str, *, shown: bool) -> str:
    found = _finding(violation, schema, shown=shown)
    misfit = violation.unknown or violation.kind == "missing" or violation.kind in EXPECTED
    if not misfit or not shown or not violation.path or ";" in found:
        return found
    return "; ".join(filter(None, (found, remedy or _form(violation, schema))))


def _form(violation: Violation, schema: Mapping[str, object]) -> str:
    """How to write the mapping or list that should be there, if its members are known."""
    wanted, path = EXPECTED.get(violation.kind), violation.path
    known = members(schema, (*path, 0) if wanted == "a list" else path)
    names = [f"{name!r}: ..." for name in known if name != "command"][:2]  # which is Airflow's, mostly
    form = f"{{{', '.join(names)}}}" if names else ""
    match wanted:
        case "a mapping" if form:
            return f"write {form}"
        case "a list" if isinstance(violation.value, str if not form else Mapping):
            return "put it in brackets"
        case "a list" if form:
            return f"write [{form}]"
        case _:
            return ""


def _finding(violation: Violation, schema: Mapping[str, object], *, shown: bool) -> str:
    path = violation.path
    if violation.unknown and path:
        place = f" in {dotted(path[:-1])}" if len(path) > 1 else ""
        name, allowed = str(path[-1]), members(schema, path[:-1])
        if (other := spell(name)) != name and {name, other} & {*allowed}:  # alone, `name` would be known
            return f"{quoted(name)}{place} is also set as {quoted(other)}; keep one of them"
        return unknown_name(name, allowed, place)
    if violation.kind == "missing" and path:  # pydantic gives AWS's spelling, whatever the schema has
        known = members(schema, path[:-1])
        path = (*path[:-1], next((name for name in known if spell(name) == path[-1]), path[-1]))
    subject = dotted(path) if path[-1:] != ("[key]",) else f"a name in {dotted(path[:-2])}"
    if violation.kind == "value_error":
        return ": ".join(filter(None, (subject, violation.message)))
    named = any(step in SECRET or (isinstance(step, str) and sensitive(step)) for step in path)
    secret = not shown or named or path == ("value",)  # the value of a variable by itself
    remedy = _remedy(violation) if shown else ""
    return f"{subject} {violation.demand}{_stood(violation, secret=secret)}{remedy}".strip()


def _stood(violation: Violation, *, secret: bool) -> str:
    """What was found, if anything was; a number beyond a limit is shown without its type, which is right."""
    bound = violation.kind in BOUNDS
    if violation.kind in ABSENT or (bound and secret):
        return ""
    value = violation.value
    found = repr(value) if bound and _short(value) else type_and_value(value, secret=secret)
    return f", not {found}"


def _remedy(violation: Violation) -> str:
    """The remedy if only the quotes are wrong, or the unit."""
    if violation.kind not in ("int_type", "string_type"):
        return ""
    amount = AMOUNTS.get(spell(str(violation.path[-1]))) if violation.path else None
    match violation.value:
        case str() as text if text.isdecimal():
            return "; leave the quotes out"
        case _ if amount:
            return f"; write {amount}"
        case bool() | int() | float() if violation.kind == "string_type":
            return "; put it in quotes"
        case _:
            return ""


def unknown_name(name: str, allowed: Sequence[str], place: str = "") -> str:
    """Say that a name is not known, with the closest of the allowed names, and all of them.

    >>> unknown_name("memry", ["cpu", "memory"])
    "'memry' is not known; did you mean 'memory'? Allowed: cpu, memory"
    """
    near = [*(one for one in allowed if one.lower() == name.lower())]
    near += [*nearest(spell(name), allowed, 0.7), *nearest(name, allowed, 0.7)]
    hint = "".join(f"; did you mean {close!r}?" for close in near[:1]) or "."
    names = f" Allowed: {', '.join(allowed)}" if allowed else ""
    return f"{quoted(name)}{place} is not known{hint}{names}"


def nearest(name: str, allowed: Iterable[str], likeness: float = 0.6) -> list[str]:
    """The closest of the allowed names, if one is close enough; `likeness` is from 0 to 1, as in difflib.

    >>> nearest("regoin", ["region", "workers"]), nearest("x" * 99, ["x" * 98])
    (['region'], [])
    """
    return get_close_matches(name, list(allowed), n=1, cutoff=likeness) if len(name) <= SHOWN else []


def meant(error: BaseException) -> list[str]:
    """The closest name that exists, for an error about an attribute that does not.

    >>> try:
    ...     "".joyn([])
    ... except AttributeError as error:
    ...     meant(error)
    ['join']
    """
    match error:
        case AttributeError(name=str(name), obj=holder):
            return nearest(name, object.__dir__(holder))  # unlike `dir`, it runs no foreign code
        case _:
            return []


def quoted(name: object) -> str:
    """A user's name as it appears in a message, cut to `SHOWN` characters.

    >>> quoted("cpu"), quoted("x" * 99)[-6:], quoted(3)
    ("'cpu'", "xx'...", '3')
    """
    if isinstance(name, str):
        return repr(name) if len(name) <= SHOWN else f"{name[:SHOWN]!r}..."
    return repr(name) if _short(name) else f"of type {type(name).__name__}"


def type_and_value(value: object, *, secret: bool = False) -> str:
    """The type of a value found, with the value itself if it is short and not secret.

    >>> type_and_value(3), type_and_value("x", secret=True), type_and_value(["a"])
    ('int 3', 'str', 'list')
    """
    if hasattr(value, "__mro__"):
        return f"the class {cast('type[object]', value).__name__[:SHOWN]}"
    shown = not secret and _short(value)
    return "None" if value is None else f"{type(value).__name__} {value!r}" if shown else type(value).__name__


def _short(value: object) -> bool:
    if isinstance(value, str):
        return len(value) < SHOWN
    return isinstance(value, float) or (isinstance(value, int) and value.bit_length() < 3 * SHOWN)


def dotted(loc: Path) -> str:
    """A path in the usual notation.

    >>> dotted(("overrides", "containerOverrides", 0, "cpu"))
    'overrides.containerOverrides[0].cpu'
    """
    steps = (f"[{step}]" if isinstance(step, int) else f".{step[:SHOWN]}" for step in loc)
    return "".join(steps).removeprefix(".")


def as_whole(value: object) -> object:
    """Another library's integer (numpy's, say), which has ``__index__``, as a Python int; all else as it is.

    >>> as_whole(3), as_whole(True), as_whole("3"), as_whole(0.5)
    (3, True, '3', 0.5)
    """
    try:
        return value if isinstance(value, bool) else index(cast("SupportsIndex", value))
    except TypeError:
        return value


def spelled(written: object, where: str) -> dict[str, object]:
    """A mapping with its keys in AWS's spelling; `RequestError` for anything else.

    >>> spelled({"task_definition": "a"}, "run_task_kwargs")
    {'taskDefinition': 'a'}
    """
    if not isinstance(written, Mapping):
        raise RequestError(f"{where} must be a mapping, not {type_and_value(written, secret=True)}")
    return {spell(str(name)): value for name, value in cast("Mapping[object, object]", written).items()}


def members(schema: Mapping[str, object], loc: Path) -> list[str]:
    """The members that the JSON schema allows at a path."""
    node = _resolved(schema, schema)
    for step in loc:
        node = _resolved(_below(node, step), schema)
    return list(_mapping(node.get("properties")))


def _below(node: Mapping[str, object], step: int | str) -> Mapping[str, object]:
    if isinstance(step, int):
        return _mapping(node.get("items"))
    properties = _mapping(node.get("properties")).items()
    return next((_mapping(below) for name, below in properties if spell(name) == spell(step)), {})


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
