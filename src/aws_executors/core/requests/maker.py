"""Functions that make a step, a predicate or a builder: each call is checked against the signature.

Law: what a person writes is checked where it is written, by the annotations, and refused in the words of
`core/validation.py`. So a slip is not first seen as one of Python's own errors when a task is launched.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import FrozenInstanceError, dataclass
from functools import wraps
from inspect import Signature, signature
from types import GenericAlias, NoneType, UnionType
from typing import ParamSpec, Protocol, TypeVar, cast, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, TypeAdapter

from aws_executors.core.errors import BuilderError, RequestError
from aws_executors.core.validation import as_whole, found_by_pydantic, parse, refusal, unknown_name

P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

INIT = "__init__"
SIGNATURE, MEMBERS = "__signature__", "__dict__"
MARK = "_makes_a_part"


class Open(Protocol[T_co]):
    """A function whose arguments were checked against its signature."""

    def __call__(self, *args: object, **named: object) -> T_co: ...


class _Given(BaseModel):
    """The arguments of a call. Text does not pass as a number; what `make` itself reads is not checked."""

    model_config = ConfigDict(strict=True, extra="allow")


def maker(make: Callable[P, T]) -> Callable[P, T]:
    """Check each call of `make` by its signature and annotations; `compose` notices if it is not called.

    A call that does not fit the signature raises `BuilderError`, a value that does not fit `RequestError`.

    >>> from aws_executors.batch import with_retry, with_tags, with_timeout
    >>> with_tags(team=7)
    Traceback (most recent call last):
      ...
    aws_executors.core.errors.RequestError: with_tags: tags.team must be text, not int 7; put it in quotes
    >>> with_timeout(24)
    Traceback (most recent call last):
      ...
    aws_executors.core.errors.BuilderError: with_timeout: too many positional arguments; \
write with_timeout(hours=..., minutes=..., seconds=...)
    """

    @wraps(make)
    def made(*args: object, **kwargs: object) -> T:
        given, named = (*map(as_whole, args),), {name: as_whole(value) for name, value in kwargs.items()}
        _check(make, given, named)
        try:
            return cast("Open[T]", make)(*given, **named)
        except RequestError as error:
            found = found_by_pydantic(error)
            if not found:
                raise
        raise refusal(found, make.__name__)

    return _marked(cast("Callable[P, T]", made))


def as_maker(make: Callable[P, T]) -> Callable[P, T]:
    """Check the number and names of arguments alone: `make` checks the values itself."""

    @wraps(make)
    def made(*args: object, **kwargs: object) -> T:
        try:
            return cast("Open[T]", make)(*args, **kwargs)
        except TypeError:
            _bound(signature(make), args, kwargs, make.__name__, f"write {_form(make)}")
            raise

    return _marked(cast("Callable[P, T]", made))


def _marked(make: Callable[P, T]) -> Callable[P, T]:
    """Mark `make`, so that `compose` notices if `make` itself was passed instead of what it returns."""
    setattr(make, MARK, make)  # not just True: `functools.wraps` copies the mark to what wraps this function
    return make


def keys_only(make: Callable[P, T]) -> Callable[P, T]:
    """Refuse an unknown keyword as an unknown key of ``executor_config`` is refused: with `RequestError`.

    >>> from aws_executors import BatchConfig
    >>> BatchConfig(timout=3)
    Traceback (most recent call last):
      ...
    aws_executors.core.errors.RequestError: BatchConfig: 'timout' is not known; did you mean 'timeout'? ...
    """

    @wraps(make)
    def made(*args: P.args, **kwargs: P.kwargs) -> T:
        misfit = _misfit(signature(make), kwargs)
        misfit = "its keys are given by name, as in memory=2048" if args else misfit
        if misfit:
            raise RequestError(f"{make.__name__}: {misfit}")
        return make(*args, **kwargs)

    return made


def by_name(kind: type[T]) -> type[T]:
    """Let a dataclass refuse, with `BuilderError`, a call that does not fit; its values stay unchecked.

    >>> from aws_executors import Task
    >>> Task("etl", "load")
    Traceback (most recent call last):
      ...
    aws_executors.core.errors.BuilderError: Task: too many positional arguments; \
write Task(dag_id='...', task_id='...', run_id='...', try_number=..., map_index=...)
    """
    init = cast("Open[None]", getattr(kind, INIT))

    @wraps(init)
    def made(self: T, *args: object, **named: object) -> None:
        try:
            init(self, *args, **named)
        except TypeError:
            _bound(signature(kind), args, named, kind.__name__, f"write {_form(kind)}")
            raise

    setattr(kind, INIT, made)
    return unchanging(kind)


def unchanging(kind: type[T]) -> type[T]:
    """Let a frozen dataclass with slots refuse each assignment in the words of `dataclasses`.

    The method that `dataclasses` makes refers to the class before it had slots: for a name that is no field
    it raises a TypeError about ``super``, even in ``Launch[EcsSettings](...)``, which sets the value's type.

    >>> from aws_executors import Task
    >>> Task(dag_id="etl", task_id="load").dag = "other"
    Traceback (most recent call last):
      ...
    dataclasses.FrozenInstanceError: cannot assign to field 'dag'
    """
    for verb in ("__setattr__", "__delattr__"):
        setattr(kind, verb, _refuse)
    return kind


def _refuse(self: object, name: str, *value: object) -> None:
    raise FrozenInstanceError(f"cannot {'assign to' if value else 'delete'} field {name!r}")


class _PlainSignature:
    """A class's signature, made on demand, with the types that a type checker sees."""

    def __init__(self, checked: "_Lazy") -> None:
        self.checked = checked

    def __get__(self, made: object, kind: type) -> Signature:
        shape = self.checked.__get__(made, kind)
        named = [one for one in shape.parameters.values() if one.kind.name == "KEYWORD_ONLY"]
        checked = {one.name: cast("object", one.annotation) for one in named}
        body: dict[str, object] = {"__annotations__": checked}
        bare = cast("Mapping[str, object]", get_type_hints(type(kind.__name__, (), body)))
        return shape.replace(parameters=[one.replace(annotation=bare[one.name]) for one in named])


class _Lazy(Protocol):
    def __get__(self, made: object, kind: type) -> Signature: ...


def with_plain_signature(kind: type[T]) -> type[T]:
    """Let the signature of a pydantic class, in ``?`` and `help`, show types without their validators.

    >>> from aws_executors.ecs import EphemeralStorage
    >>> signature(EphemeralStorage)
    <Signature (*, size_in_gi_b: int) -> None>
    """
    own = cast("Mapping[str, _Lazy]", getattr(kind, MEMBERS))
    setattr(kind, SIGNATURE, _PlainSignature(own[SIGNATURE]))
    return kind


def form_of_uncalled(part: object) -> str:
    """How to call a `maker` that was named but not called; empty for anything else.

    >>> from aws_executors.ecs import with_container, with_gpu
    >>> form_of_uncalled(with_container), form_of_uncalled(with_gpu(1))
    ('with_container(ContainerOverride(...))', '')
    """
    part = cast("object", getattr(part, "func", part)) if type(part).__name__ == "partial" else part
    uncalled = cast("object", getattr(part, MARK, None)) is part is not None
    return _form(cast("Callable[[], object]", part)) if uncalled else ""


@dataclass(frozen=True, slots=True)
class _Call:
    """How a maker is called."""

    shape: Signature
    arguments: TypeAdapter[object]
    remedy: str


_CALLS: dict[object, _Call] = {}  # by function; made when the function is first called


def _check(make: Callable[P, T], args: Sequence[object], kwargs: Mapping[str, object]) -> None:
    if make not in _CALLS:
        _CALLS[make] = _Call(signature(make), _arguments(make), f"write {_form(make)}")
    call, verb = _CALLS[make], make.__name__
    kinds = _kinds(call.shape)
    open_ = "VAR_KEYWORD" in kinds.values()  # any keyword will do: it joins the mapping in the first argument
    named = {} if open_ else kwargs
    given = _bound(call.shape, args, named, verb, call.remedy)
    for name, value in given.items():
        if isinstance(value, int) and value.bit_length() > 63:  # Python prints none of 4,301 digits
            raise BuilderError(f"{verb}: {name} has more digits than AWS takes; {call.remedy}")
    first = next(iter(kinds), "")
    before = given.get(first, {})
    if open_ and isinstance(before, Mapping):
        given[first] = {**cast("Mapping[str, object]", before), **kwargs}
    parse(call.arguments, given, verb, call.remedy)


def _bound(
    shape: Signature, args: Sequence[object], named: Mapping[str, object], verb: str, remedy: str
) -> dict[str, object]:
    try:
        return cast("dict[str, object]", shape.bind(*args, **named).arguments)
    except TypeError as error:
        raise BuilderError(f"{verb}: {_misfit(shape, named) or error}; {remedy}") from None


def _kinds(shape: Signature) -> dict[str, str]:
    return {name: one.kind.name for name, one in shape.parameters.items()}


def _misfit(shape: Signature, named: Iterable[str]) -> str:
    known = [name for name, kind in _kinds(shape).items() if kind != "POSITIONAL_ONLY"]
    return next((unknown_name(name, known) for name in named if name not in known), "")


def _arguments(make: Callable[P, T]) -> TypeAdapter[object]:
    """The type adapter that checks the arguments of `make` by name."""
    kinds = _kinds(signature(make))
    hints = {
        name: GenericAlias(tuple, (hint, ...)) if kinds[name] == "VAR_POSITIONAL" else hint
        for name, hint in _hints(make, extras=True).items()
        if name != "return" and not _one_of_several(hint)
    }
    absent: dict[str, object] = {name: None for name in hints}  # noqa: C420
    body = {"__module__": __name__, "__annotations__": hints, **absent}
    return TypeAdapter(type(make.__name__, (_Given,), body))


def _hints(make: Callable[P, T], *, extras: bool = False) -> Mapping[str, object]:
    return cast("Mapping[str, object]", get_type_hints(make, include_extras=extras))


def _one_of_several(hint: object) -> bool:
    """Whether values of several types will do, such as 2048 and "2 GiB": `make` reads those itself."""
    return isinstance(hint, UnionType) and len([one for one in _inside(hint) if one is not NoneType]) > 1


def _inside(hint: object) -> tuple[object, ...]:
    return cast("tuple[object, ...]", get_args(hint))


def _form(make: Callable[P, T]) -> str:
    hints, kinds = _hints(make), _kinds(signature(make))
    named = "VAR_KEYWORD" in kinds.values()
    words = (
        _argument(name, kind, hints.get(name))
        for name, kind in kinds.items()
        if not (named and kind == "POSITIONAL_ONLY")
    )
    return f"{make.__name__}({', '.join(words)})"


def _value(hint: object) -> str:
    """How a value of this type is written: a text in quotes, a list in brackets, a class by its name."""
    match hint, _inside(hint):
        case object(__name__="Sequence"), (inner,):
            return f"[{_value(inner)}]"
        case object(__name__="Mapping"), (key, inner):
            return f"{{{_value(key)}: {_value(inner)}}}"
        case object(__name__=str(title), __module__=str(module)), () if (
            callable(hint) and module != "builtins"
        ):
            return f"{title}(...)"
        case _:
            return "'...'" if hint is str else "..."


def _argument(name: str, kind: str, hint: object) -> str:
    value = _value(hint)
    own = value.endswith("(...)")
    match kind:
        case "VAR_POSITIONAL":
            return f"{value}, {value}"
        case "VAR_KEYWORD":
            return f"name={value}"
        case "KEYWORD_ONLY":
            return f"{name}={value}"
        case _:
            return value if own else name
