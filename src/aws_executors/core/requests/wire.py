"""How a request is spelled for AWS: Python's names to members of AWS's API, and back.

Law: the one place where a Python name becomes a member of AWS's API. Every request of ECS and Batch is a
tree of frozen pydantic dataclasses made by `structure`: fields are named as ``botocore.xform_name`` names the
member, lists are tuples, maps of text are `Texts`. An absent member is ``None`` or empty, and is left out of
the call; so a structure whose every member may be absent defaults to its own empty value and is never
``None``. Both spellings are read, AWS's is written.

    @structure
    class AwsvpcConfiguration:
        subnets: tuple[Text, ...]
"""

import re
import unicodedata
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import MISSING, field, fields
from dataclasses import Field as DataclassField
from dataclasses import dataclass as plain_dataclass
from functools import lru_cache, wraps
from typing import TYPE_CHECKING, Annotated, TypeVar, cast, dataclass_transform

from pydantic import (
    AfterValidator,
    AliasChoices,
    AliasGenerator,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StrictBool,
    StrictInt,
    TypeAdapter,
    ValidationError,
)
from pydantic.dataclasses import dataclass
from pydantic_core import PydanticCustomError

from aws_executors.core.errors import BuilderError, RequestError
from aws_executors.core.redact.literals import mask_literals
from aws_executors.core.redact.values import MASK, sensitive
from aws_executors.core.requests.maker import INIT, Open, unchanging, with_plain_signature
from aws_executors.core.requests.merge import KEY
from aws_executors.core.requests.spelling import spell
from aws_executors.core.validation import as_whole, quoted, refusal

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")


def _both_spellings(name: str) -> AliasChoices:
    return AliasChoices(spell(name), name)


WRITTEN = ConfigDict(
    alias_generator=AliasGenerator(validation_alias=_both_spellings, serialization_alias=spell),
    serialize_by_alias=True,
    extra="forbid",
    hide_input_in_errors=True,
    str_min_length=0,  # with a limit, pydantic refuses lone surrogates, which boto3 cannot send as UTF-8
)


def needed_text() -> str:
    """A text field that a structure must have, although it is optional in the class that it extends."""
    return cast("str", field())


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(needed_text,))
def structure(kind: type[T]) -> type[T]:
    """The frozen dataclass of a structure of AWS's API; wrong members raise `RequestError`.

    >>> KeyValuePair("STAGE", "test")
    Traceback (most recent call last):
      ...
    aws_executors.core.errors.RequestError: KeyValuePair: its members are given by name; \
write KeyValuePair(name=..., value=...)
    """
    made = cast("type[T]", dataclass(frozen=True, slots=True, kw_only=True, config=WRITTEN)(kind))
    init = cast("Open[None]", getattr(made, INIT))

    @wraps(init)
    def told(self: T, *args: object, **members: object) -> None:
        if args:
            raise RequestError(f"{made.__name__}: its members are given by name; write {_form(made)}")
        try:
            init(self, **members)
        except ValidationError as error:
            schema = _members(cast("Hashable", made))
            raise refusal(error, made.__name__, schema, f"write {_form(made)}") from None

    setattr(made, INIT, told)
    return with_plain_signature(unchanging(made))


def _form(kind: type) -> str:
    """How a structure is written: with the members that it must have or, if there are none, the first two."""
    all_ = cast("tuple[DataclassField[object], ...]", fields(kind))
    needed = [one.name for one in all_ if one.default is MISSING] or fields_of(kind)[:2]
    more = ["..."] if len(all_) > len(needed) else []
    return f"{kind.__name__}({', '.join([*(f'{name}=...' for name in needed), *more])})"


def _schema(kind: Hashable) -> Mapping[str, object]:
    return cast("Mapping[str, object]", TypeAdapter(cast("type", kind)).json_schema(by_alias=False))


_members = lru_cache(64)(_schema)  # by type, under Python's names: making a schema takes 10 ms or more


Text = Annotated[str, Field(min_length=1)]
Long = Annotated[StrictInt, BeforeValidator(as_whole), Field(le=2**63 - 1)]
Whole = Annotated[StrictInt, BeforeValidator(as_whole), Field(le=2**31 - 1)]
"""AWS's Integer, which has 32 bits; `Long` is AWS's Long, which has 64."""
Flag = StrictBool


@plain_dataclass(frozen=True, slots=True)
class Matching:
    """Refuses text in which `pattern` does not match from end to end; `words` say what may stand there.

    >>> Matching("[a-z]{1,8}", "up to 8 small letters")("Ab")
    Traceback (most recent call last):
      ...
    ValueError: 'Ab' must be up to 8 small letters
    """

    pattern: str
    words: str

    def __call__(self, text: str) -> str:
        if re.fullmatch(self.pattern, text) is None:
            raise ValueError(f"{text[:140]!r} must be {self.words}")
        return text


def tag_text(text: str) -> str:
    """Letters, digits, spaces and ``_ . : / = + - @`` of any script, as AWS allows in a tag; else ValueError.

    >>> tag_text("Größe: 3"), tag_text("owner@example.org")
    ('Größe: 3', 'owner@example.org')
    """
    odd = sorted(
        {sign for sign in text if sign not in "_.:/=+-@" and unicodedata.category(sign)[0] not in "LZN"}
    )
    if odd:
        found = "".join(odd[:10])
        raise ValueError(
            f"{text[:140]!r} may not contain {found!r}; AWS allows letters, digits, spaces, _.:/=+-@"
        )
    return text


def tag_key(text: str) -> str:
    """`tag_text` that does not begin with the prefix that AWS keeps for itself; else ValueError."""
    if text.lower().startswith("aws:"):
        raise ValueError(f"{text[:140]!r} begins with 'aws:', which AWS reserves; choose another prefix")
    return tag_text(text)


TagKey = Annotated[str, Field(min_length=1, max_length=128), AfterValidator(tag_key)]
TagValue = Annotated[str, Field(max_length=256), AfterValidator(tag_text)]


def number_as_text(value: object) -> object:
    """A whole number of up to 64 bits as text; anything else as it is."""
    number = as_whole(value)
    whole = isinstance(number, int) and not isinstance(number, bool) and number.bit_length() < 64
    return str(number) if whole else value  # Python itself prints no number of 4,301 digits


Digits = Annotated[str, Field(min_length=1), BeforeValidator(number_as_text)]
"""A number that AWS wants as text (``"cpu": "256"``); an int is read too."""


def text_items(value: object) -> list[tuple[str, str]]:
    """The items of a mapping of text to text; ValueError names the first key that has no text.

    >>> text_items({"N": 1})
    Traceback (most recent call last):
      ...
    ValueError: the value of 'N' must be text, not int; put it in quotes
    """
    items = list(cast("Mapping[str, str]", value).items())
    for key, text in items:
        if not isinstance(key, str):
            raise ValueError(f"the name {quoted(key)} must be text, not {type(key).__name__}")
        if text is None:
            raise ValueError(f"the value of {key!r} must be text, not None; leave it out")
        if not isinstance(text, str):
            raise ValueError(
                f"the value of {key!r} must be text, not {type(text).__name__}; put it in quotes"
            )
        if re.search("[\ud800-\udfff]", text):
            raise ValueError(f"the value of {key!r} must be text without lone surrogates")
    return items


def wants_mapping(value: object) -> object:
    """The value, if it has items; for a text or a number, the refusal that asks for a mapping.

    A list will do as well, but a mapping is what people write.
    """
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise PydanticCustomError("mapping_type", "must be a mapping")
    return value


def _pairs(value: object) -> object:
    if isinstance(value, Mapping):
        return tuple(text_items(value))
    listed = tuple(cast("Iterable[object]", wants_mapping(value)))
    return wants_mapping(listed if all(isinstance(one, list | tuple) for one in listed) else None)


def _in_order(pairs: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(dict(pairs).items()))


def _as_map(pairs: tuple[tuple[str, str], ...]) -> dict[str, str]:
    return dict(pairs)


Texts = Annotated[
    tuple[tuple[str, str], ...],
    BeforeValidator(_pairs),
    AfterValidator(_in_order),
    PlainSerializer(_as_map),
]
"""A map of text to text (Batch's ``tags``, ``parameters``): sorted pairs here, a map on the wire."""


@structure
class KeyValuePair:
    """One environment variable, as both services spell it; the repr hides a value whose name is sensitive."""

    name: Annotated[Text, KEY]
    value: str

    def __repr__(self) -> str:
        value = MASK if sensitive(self.name) else self.value
        return f"KeyValuePair(name={self.name!r}, value={value!r})"


def _as_variables(value: object) -> object:
    if isinstance(value, Mapping):
        return tuple(KeyValuePair(name=name, value=text) for name, text in text_items(value))
    return wants_mapping(value)


Environment = Annotated[tuple[KeyValuePair, ...], BeforeValidator(_as_variables)]
"""Environment variables, read from AWS's list of ``{"name", "value"}`` or from a mapping."""


def fields_of(structure: object) -> tuple[str, ...]:
    """The names of a structure's fields, in their order; `structure` is a type or a value.

    >>> fields_of(KeyValuePair)
    ('name', 'value')
    """
    found = cast("tuple[DataclassField[object], ...]", fields(cast("DataclassInstance", structure)))
    return tuple(field.name for field in found)


def masked_repr(structure: object) -> str:
    """The repr of a request, or of a part of one, without secrets."""
    values = ((name, cast("object", getattr(structure, name))) for name in fields_of(structure))
    return mask_literals(
        f"{type(structure).__qualname__}({', '.join(f'{name}={value!r}' for name, value in values)})"
    )


_ANY_VALUE: TypeAdapter[object] = TypeAdapter(object)


def to_kwargs(request: object) -> dict[str, object]:
    """What boto3's method takes for this request: ``client.run_task(**to_kwargs(request))``.

    Plain dicts, lists, texts and numbers in AWS's spelling; what is absent is left out. Pure: each call
    gives new containers, so the caller may change them. Raises `BuilderError` for None, which a builder
    without a return gives, and for whatever else has no members.

    >>> from aws_executors.core.ecs.request import RunTask
    >>> to_kwargs(RunTask(task_definition="airflow:7", started_by="airflow/0b6e"))
    {'taskDefinition': 'airflow:7', 'startedBy': 'airflow/0b6e', 'count': 1}
    """
    if callable(request):
        raise BuilderError(
            "expected a request, not a function; call the builder with a launch: build(launch)"
        )
    dumped = cast("object", _ANY_VALUE.dump_python(request, mode="json", by_alias=True, exclude_none=True))
    if not isinstance(dumped, dict):
        given = type(request).__name__
        raise BuilderError(f"expected a request, not {given}; end the builder with `return request`")
    return _without_empty(cast("dict[str, object]", dumped))


def surely_fits(request: object, limit: int) -> bool:
    """Whether the JSON of this request certainly has no more than `limit` characters; quick.

    True is certain; after False the JSON has to be measured. This counts UTF-8 bytes; escaped as ASCII, they
    are at most three times as many characters.

    >>> variable = KeyValuePair(name="A", value="1")
    >>> surely_fits(variable, 100), surely_fits(variable, 30)
    (True, False)
    """
    return 3 * len(_ANY_VALUE.dump_json(request, by_alias=True, exclude_none=True)) <= limit


def _without_empty(members: Mapping[str, object]) -> dict[str, object]:
    # Hot path, hundreds of requests a second: written for speed.
    kept: dict[str, object] = {}
    for name, value in members.items():
        pruned = value
        if isinstance(value, dict):
            pruned = _without_empty(cast("dict[str, object]", value))
        elif isinstance(value, list):
            items = cast("list[object]", value)
            pruned = [
                _without_empty(cast("dict[str, object]", item)) if isinstance(item, dict) else item
                for item in items
            ]
        if pruned or not isinstance(pruned, dict | list):
            kept[name] = pruned
    return kept
