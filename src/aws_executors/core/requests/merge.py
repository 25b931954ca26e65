"""`merge(base, over)`: two descriptions of one thing become one, field by field.

Law: a field's rule follows from its type. Text, numbers, flags and lists of plain values: what `over` says,
if it says anything. A structure: merged in turn. A list of structures that have a key, and a map of texts:
merged by key. What a type cannot say is in the field's ``Annotated``: `Key` or `MergedBy`. No argument is
changed. `tests/core/requests/test_merge.py` checks the laws: identity, idempotence, associativity.
"""

from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, fields, is_dataclass, replace
from functools import cache, partial
from operator import attrgetter
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Protocol,
    TypeAlias,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")
_Rule: TypeAlias = Callable[[object, object], object]
Items: TypeAlias = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Key:
    """Marks the field by which the items of a list are identified: two items with the same key merge.

    With `whole` the later item replaces the earlier one, because an item's members belong together.
    """

    whole: bool = False


KEY, KEY_OF_A_WHOLE = Key(), Key(whole=True)


@dataclass(frozen=True, slots=True)
class MergedBy:
    """Marks a field that merges by a rule of its own: a function ``(base, over) -> merged``.

    The rule is called only if `over` says something in this field.
    """

    rule: _Rule


def overridden(base: T, over: T) -> T:
    """What `over` says, if it says anything: ``None`` and the empty tuple say nothing, 0 and False do.

    >>> overridden("LATEST", None), overridden(("sg-1",), ("sg-2",)), overridden(True, False)
    ('LATEST', ('sg-2',), False)
    """
    return base if over is None or over == () else over


def appended(base: tuple[T, ...], over: tuple[T, ...]) -> tuple[T, ...]:
    """`base`, then the items of `over` that it does not have.

    >>> appended(("a", "b"), ("b", "c"))
    ('a', 'b', 'c')
    """
    return (*base, *(item for item in over if item not in base))


def last(base: T, over: T) -> T:
    """`over`, whatever `base` is.

    >>> last("a", "b")
    'b'
    """
    del base
    return over


def by_key(
    base: tuple[T, ...],
    over: tuple[T, ...],
    key: Callable[[T], object],
    combine: Callable[[T, T], T] = last,
) -> tuple[T, ...]:
    """Items with the same key become one, in the place of the first; new keys follow in their order.

    >>> by_key(("A=1", "B=2"), ("C=3", "A=4"), lambda variable: variable[0])
    ('A=4', 'B=2', 'C=3')
    """
    merged: dict[object, T] = {}
    for item in (*base, *over):
        name = key(item)
        merged[name] = combine(merged[name], item) if name in merged else item
    return tuple(merged.values())


def merge(base: T, over: object, **decided: object) -> T:
    """`base` with what `over` says in the fields that both have; `base` itself if nothing changes.

    The fields in `decided` get those values, whatever `base` and `over` say. `over` is another structure of
    the same type, or of a type that has some of its fields.

    >>> from aws_executors.core.ecs.structures import ContainerOverride
    >>> merge(ContainerOverride(name="a", cpu=256), ContainerOverride(name="a", cpu=512, command=("ls",)))
    ContainerOverride(name='a', command=('ls',), cpu=512)
    """
    found = decided
    for name, value_of, nothing, rule in _plan(type(base), type(over)):
        above, below = value_of(over), value_of(base)
        if name not in decided and above not in (nothing, below):
            found[name] = rule(below, above)
    return with_members(base, found)


def with_members(base: T, members: Mapping[str, object]) -> T:
    """`base` with these members, checked once, however many they are; `base` itself, if it has them already.

    >>> from aws_executors.core.ecs.structures import ContainerOverride
    >>> with_members(ContainerOverride(name="main"), {"cpu": 256, "memory": 512})
    ContainerOverride(name='main', cpu=256, memory=512)
    """
    found = {name: value for name, value in members.items() if value != cast("object", getattr(base, name))}
    return _replace(base, **found) if found else base


class _Replace(Protocol):
    def __call__(self, structure: T, /, **changed: object) -> T: ...


_replace = cast("_Replace", replace)  # mypy has no type for "any dataclass"


_Member: TypeAlias = tuple[str, Callable[[object], object], object, _Rule]
"""How one field merges: its name, what reads it, its value if it says nothing, and its rule."""


_SAYS_SOMETHING = object()
"""Stands for the value that says nothing in a field that has no such value: no field is equal to it."""


def _found_out(base: type, over: type) -> tuple[_Member, ...]:
    hints = cast("Mapping[str, object]", get_type_hints(base, include_extras=True))
    own = {field.name for field in _fields(base)}
    return tuple(
        (field.name, _reader(field.name), _nothing(field), _rule(hints[field.name]))
        for field in _fields(over)
        if field.name in own
    )


_plan: Callable[[type, type], tuple[_Member, ...]] = cache(_found_out)
"""The fields that both types have, each with its rule."""


def _fields(kind: type) -> tuple[Field[object], ...]:
    return cast("tuple[Field[object], ...]", fields(cast("type[DataclassInstance]", kind)))


def _nothing(field: Field[object]) -> object:
    silent = field.default is None or field.default == () or is_dataclass(field.default)
    return field.default if silent else _SAYS_SOMETHING


def _rule(hint: object) -> _Rule:
    kind, marks = _bare(hint)
    own = [mark.rule for mark in marks if isinstance(mark, MergedBy)]
    if own:
        return own[0]
    if is_dataclass(kind):
        return _structures
    if _origin(kind) is tuple:
        return _rule_of_items(_arguments(kind)[0])
    return overridden


def _rule_of_items(hint: object) -> _Rule:
    kind, _ = _bare(hint)
    if _origin(kind) is tuple:
        return partial(_listed, key=_first, combine=last)
    if not is_dataclass(kind):
        return overridden
    hints = cast("Mapping[str, object]", get_type_hints(kind, include_extras=True))
    for name, member in hints.items():
        for mark in _bare(member)[1]:
            if isinstance(mark, Key):
                return partial(_listed, key=_reader(name), combine=last if mark.whole else merge)
    return overridden


def _bare(hint: object) -> tuple[object, Items]:
    """A type without its marks and without the ``None`` that it may be, and the marks."""
    marks: Items = ()
    while True:
        origin, inside = _origin(hint), _arguments(hint)
        if origin is Annotated:
            hint, marks = inside[0], (*inside[1:], *marks)
        elif origin in (Union, UnionType) and NoneType in inside and len(inside) == 2:
            (hint,) = (one for one in inside if one is not NoneType)
        else:
            return hint, marks


def _origin(hint: object) -> object:
    return cast("object", get_origin(hint))


def _arguments(hint: object) -> Items:
    return cast("Items", get_args(hint))


def _structures(base: object, over: object) -> object:
    return base if over is None else over if base is None else merge(base, over)


def _listed(
    base: object,
    over: object,
    *,
    key: Callable[[object], object],
    combine: Callable[[object, object], object],
) -> object:
    return by_key(cast("Items", base), cast("Items", over), key, combine)


def _reader(name: str) -> Callable[[object], object]:
    return cast("Callable[[object], object]", attrgetter(name))


def _first(pair: object) -> object:
    return cast("Items", pair)[0]
