"""Builders and how they are put together.

Law: a builder is a function of one launch, a step a function ``(launch, request) -> request``; there is no
base class and nothing to register. This module only calls them in order, decides by predicates, and names the
function that breaks the contract.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from dataclasses import FrozenInstanceError, dataclass, replace
from inspect import signature
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar, cast

from pydantic import ValidationError
from returns.result import Failure, Result, Success

from aws_executors.core.errors import BuilderError, RequestError, RequestTooLargeError
from aws_executors.core.redact.literals import mask_literals
from aws_executors.core.redact.outgoing import MOST, NAME, ROOM, one_line
from aws_executors.core.redact.values import MASK, hidden, secrets_in, sensitive, without
from aws_executors.core.requests.launch import Launch
from aws_executors.core.requests.maker import as_maker, form_of_uncalled, maker
from aws_executors.core.settings.base import Settings
from aws_executors.core.validation import in_words, meant, only_too_large, type_and_value

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

L = TypeVar("L", bound=Launch[Settings])
R = TypeVar("R")
Request = TypeVar("Request", bound="DataclassInstance")
"""What builders make. Without the bound, a type checker would accept a step that returns nothing."""

CONFIG = "executor_config"
LONGEST_QUOTED = 60
LONGEST_LIFETIME = 604_800  # seconds: as in the option token_lifetime

Predicate = Callable[[Launch[Settings]], bool]


def function_name(part: object) -> str:
    """The name of a function or combinator in a message: never its arguments, which may be secrets.

    >>> function_name(function_name), function_name(when(function_name))
    ('aws_executors.core.requests.compose.function_name', 'when(...)')
    """
    match part:
        case _Composed(build=build):
            return f"compose({function_name(build)}, ...)"
        case object(__module__=str(module), __qualname__=str(name)):
            return one_line(f"{module}.{name}", NAME)
        case _:
            head, bracket, _ = _printed(part).partition("(")
            return one_line(f"{head}(...)" if bracket else type(part).__qualname__, NAME)


def _printed(part: object) -> str:
    try:
        return repr(part)
    except BaseException:  # noqa: BLE001 - foreign code: something that cannot even be printed
        return ""


def _short(part: object) -> str:
    match part:
        case object(__qualname__=str(name)):
            return name
        case Mapping():
            return repr(hidden(part))
        case _:
            return repr(part)


def call_text(verb: str, *parts: object, **named: object) -> str:
    """The text of a call, which a combinator prints as; functions stand in it by their bare name.

    A keyword that is None was left out by the caller, and is left out here.

    >>> call_text("when", function_name, 3, weight=1, base=None)
    'when(function_name, 3, weight=1)'
    """
    open_ = {name: MASK if sensitive(name) else value for name, value in named.items()}
    words = (f"{name}={mask_literals(repr(value))}" for name, value in open_.items() if value is not None)
    return f"{verb}({', '.join((*map(_short, parts), *words))})"


def _stepped(step: Callable[[L, R], R], launch: L, request: R) -> R:
    try:
        changed = step(launch, request)
    except BaseException as error:
        error.add_note(f"in step {function_name(step)}")
        raise
    if not isinstance(changed, type(request)):
        given = _no_request(changed, type(request), "with_tags(team='etl')")
        raise BuilderError(f"step {function_name(step)} returned {given}")
    return changed


def _stepped_all(steps: tuple[Callable[[L, R], R], ...], launch: L, request: R) -> R:
    for step in steps:
        request = _stepped(step, launch, request)
    return request


def holds(predicate: Callable[[L], object], launch: L) -> bool:
    """Whether a predicate is true of a launch; `BuilderError` for an answer that would always count as true.

    Such answers are a function (``queue_is`` was not called), a coroutine and a generator.
    """
    answer = predicate(launch)
    if given := _unanswered(answer, "queue_is('large')"):
        raise BuilderError(f"predicate {function_name(predicate)} returned {given}")
    return bool(answer)


def _unanswered(answer: object, call: str) -> str:
    """What is wrong with an answer that still has to run, with the remedy, as in `call`; empty for others."""
    if callable(answer):
        return f"a function; call it where it is named, as in {call}"
    if isinstance(answer, Iterator | AsyncIterator):
        return "a generator; end it with return, without yield"
    if isinstance(answer, Awaitable):
        if isinstance(answer, Coroutine):
            answer.close()  # else Python warns that it was never awaited
        return "a coroutine; write it as def"
    return ""


def _no_request(answer: object, expected: type[R], call: str) -> str:
    """What a builder or step returned in place of a request, with the remedy."""
    given = "nothing" if answer is None else f"a {type(answer).__name__}"
    of_dict = isinstance(answer, Mapping)
    remedy = "make one of a dict with from_kwargs(...)" if of_dict else "end it with `return request`"
    return _unanswered(answer, call) or f"{given}, not a {expected.__name__}; {remedy}"


@dataclass(frozen=True, slots=True, repr=False)
class _Composed(Generic[L, R]):
    build: Callable[[L], R]
    steps: tuple[Callable[[L, R], R], ...]

    def __call__(self, launch: L) -> R:
        return _stepped_all(self.steps, launch, self.build(launch))

    def taken(self, launch: L) -> Iterator[object]:
        yield from steps_taken(self.build, launch)
        for step in self.steps:
            yield from steps_taken(step, launch)

    def __repr__(self) -> str:
        return call_text("compose", self.build, *self.steps)


@dataclass(frozen=True, slots=True, repr=False)
class _When(Generic[L, R]):
    verb: str
    predicate: Callable[[L], bool]
    wanted: bool
    steps: tuple[Callable[[L, R], R], ...]

    def __call__(self, launch: L, request: R) -> R:
        return _stepped_all(self.steps, launch, request) if self.applies(launch) else request

    def applies(self, launch: L) -> bool:
        return holds(self.predicate, launch) is self.wanted

    def taken(self, launch: L) -> Iterator[object]:
        for step in self.steps if self.applies(launch) else ():
            yield from steps_taken(step, launch)

    def __repr__(self) -> str:
        return call_text(self.verb, self.predicate, *self.steps)


@as_maker
def compose(build: Callable[[L], Request], *steps: Callable[[L, Request], Request]) -> Callable[[L], Request]:
    """A builder that calls `build` and then each step with what the one before it made.

    Steps run from left to right; a later one sees, and may replace, what an earlier one set. Raises
    `BuilderError` for what is no builder or no step; so does the builder that it makes, if a step returns
    anything but a request of its kind.

    >>> from aws_executors.ecs import build, with_cpu_memory, with_tags
    >>> from aws_executors.core.requests.predicates import queue_is
    >>> compose(build, with_tags(team="etl"), when(queue_is("large"), with_cpu_memory(cpu=4096, memory=8192)))
    compose(build, with_tags(team='etl'), when(queue_is('large'), with_cpu_memory(cpu=4096, memory=8192)))
    """
    _check_builder(build)
    _check_steps("compose", steps)
    return _Composed(build, steps)


@as_maker
def when(
    predicate: Callable[[L], bool], *steps: Callable[[L, Request], Request]
) -> Callable[[L, Request], Request]:
    """A step that applies `steps` if the predicate is true of the launch, and else changes nothing.

    Raises `BuilderError` for what is no predicate or no step.
    """
    check_predicate("when", predicate)
    _check_steps("when", steps)
    return _When("when", predicate, True, steps)


@as_maker
def unless(
    predicate: Callable[[L], bool], *steps: Callable[[L, Request], Request]
) -> Callable[[L, Request], Request]:
    """A step that applies `steps` if the predicate is false of the launch, and else changes nothing.

    Raises `BuilderError` as `when` does.
    """
    check_predicate("unless", predicate)
    _check_steps("unless", steps)
    return _When("unless", predicate, False, steps)


def _takes(part: Callable[[L], object], number: int) -> bool:
    """Whether a function takes `number` arguments by its signature; True if it has no readable signature."""
    try:
        shape = signature(part, follow_wrapped=False)
    except (TypeError, ValueError, NameError, AttributeError):
        # Some built-ins have no signature; Python 3.14 evaluates annotations, and TYPE_CHECKING hides names.
        return True
    try:
        shape.bind(*(None,) * number)
    except TypeError:
        return False
    return True


def _check_builder(build: object) -> None:
    example = "compose(batch.build, ...)"
    if form := form_of_uncalled(build):
        raise BuilderError(
            f"compose: {_called(build)} was not called; write {form}, behind a builder: {example}"
        )
    if not callable(build):
        given = type_and_value(build)
        raise BuilderError(f"compose takes a builder first, not {given}; name the function, as in {example}")
    if not _takes(build, 1):
        kind = "a step" if _takes(build, 2) else "no function of one launch"
        raise BuilderError(f"compose: {_called(build)} is {kind}; put a builder first, as in {example}")


def _check_steps(verb: str, steps: tuple[object, ...]) -> None:
    for step in steps:
        if form := form_of_uncalled(step):
            raise BuilderError(f"{verb}: {_called(step)} was not called; write {form}")
        if isinstance(step, list | tuple):
            raise BuilderError(
                f"{verb} takes its steps one by one, not in a {type(step).__name__}; leave the brackets out"
            )
        if not callable(step):
            raise BuilderError(
                f"{verb} takes steps, not {type_and_value(step)}; write one as in with_tags(team='etl')"
            )
        if hasattr(step, "__mro__"):
            raise BuilderError(f"{verb} takes steps, not {type_and_value(step)}; call it: {_called(step)}()")
        if not _takes(step, 2):
            raise BuilderError(
                f"{verb}: {_called(step)} is no step, a function of (launch, request); a builder comes first "
                "in compose, a predicate first in when, and a function that makes a step is called where it "
                "is named"
            )


def check_predicate(verb: str, predicate: object) -> None:
    """Refuse with `BuilderError` what is no function of one launch; `verb` names what takes the predicate."""
    example = "queue_is('large')"
    if form_of_uncalled(predicate):
        raise BuilderError(
            f"{verb}: {_called(predicate)} was not called; call it where it is named, as in {example}"
        )
    if isinstance(predicate, str):
        raise BuilderError(f"{verb} takes a predicate, not a text; for a queue write queue_is({predicate!r})")
    if not callable(predicate):
        raise BuilderError(
            f"{verb} takes a predicate, not {type_and_value(predicate)}; write one as in {example}"
        )
    if not _takes(predicate, 1):
        kind = "a step" if _takes(predicate, 2) else "no function of one launch"
        raise BuilderError(
            f"{verb}: {_called(predicate)} is {kind}; a predicate comes first, as in {example}"
        )


def _called(part: object) -> str:
    """The name by which a person knows a function: without the module if that belongs to this package."""
    name = function_name(part)
    return name.rpartition(".")[2] if name.startswith("aws_executors.") else name


class _Branch(Protocol):
    def taken(self, launch: Launch[Settings]) -> Iterator[object]: ...


def steps_taken(part: object, launch: Launch[Settings]) -> Iterator[object]:
    """The builder and the steps that a launch goes through, in their order."""
    return cast("_Branch", part).taken(launch) if isinstance(part, _Composed | _When) else iter((part,))


def parts_of(build: object) -> Iterator[object]:
    """All builders and steps in a builder made by `compose`, also those that a launch may not go through."""
    match build:
        case _Composed(build=first, steps=steps):
            yield from parts_of(first)
            for step in steps:
                yield from parts_of(step)
        case _When(steps=steps):
            for step in steps:
                yield from parts_of(step)
        case _:
            yield build


def lifetime_of(build: object, launch: Launch[Settings]) -> float | None:
    """How many seconds a builder wants the token of this launch to be valid, or None if it does not say.

    >>> from aws_executors.ecs import build
    >>> from aws_executors.core.requests.launch import Task
    >>> launch = Launch(task=Task(dag_id="d", task_id="t"), command=(), settings=None, token="0b6e")
    >>> lifetime_of(compose(build, with_token_lifetime(hours=2)), launch), lifetime_of(build, launch)
    (7200, None)
    """
    found = [part.seconds for part in steps_taken(build, launch) if isinstance(part, _Lifetime)]
    return found[-1] if found else None


@dataclass(frozen=True, slots=True, repr=False)
class Remark:
    """A step for either service: it leaves the request as it is, and says something to the executor."""

    text: str

    def __call__(self, launch: object, request: Request) -> Request:
        return request

    def __repr__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, repr=False)
class _Lifetime(Remark):
    seconds: float


@maker
def with_token_lifetime(*, hours: float = 0, minutes: float = 0, seconds: float = 0) -> Remark:
    """A step that leaves the request as it is, and says how long the workload's token is to be valid.

    Use it for queues whose containers may wait longer than others, in a builder made by `compose`. Raises
    ValueError for less than a second or more than a week.

    >>> when(function_name, with_token_lifetime(hours=2))
    when(function_name, with_token_lifetime(hours=2))
    """
    lifetime = hours * 3600 + minutes * 60 + seconds
    if not 1 <= lifetime <= LONGEST_LIFETIME:
        raise ValueError(f"with_token_lifetime: {lifetime:g} s is not between 1 s and {LONGEST_LIFETIME} s")
    text = call_text(
        "with_token_lifetime", hours=hours or None, minutes=minutes or None, seconds=seconds or None
    )
    return _Lifetime(text, lifetime)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildFault:
    """Why a builder made no request for a launch: `builder` is its name, `error` what a person must know.

    `oversized` says that only the request's size is wrong, so that a shorter command may help.
    """

    builder: str
    error: str
    oversized: bool = False

    def __str__(self) -> str:
        ours = self.builder.startswith(("aws_executors.", "build_from("))
        return self.error if ours or self.error.startswith(CONFIG) else f"{self.builder}: {self.error}"


def built(
    build: Callable[[L], R], launch: L, expected: type[R], *last: Callable[[L, R], R]
) -> Result[R, BuildFault]:
    """Run a builder, which may be foreign, then the steps `last`; returns the request or the fault.

    Nothing that the builder raises leaves this function, except KeyboardInterrupt. The launch's command and
    secrets are never in the fault, even if the error's own text repeats them (C4). ``executor_config`` is
    blamed for what the steps `last` refuse if the same launch without it would get its request.
    """
    try:
        request = build(launch)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - foreign code: whatever it raises is this task's fault alone
        fault = fault_of(build, launch, error)
        return Failure(replace(fault, error=fault.error + _as_a_dict(error, fault.error, expected.__name__)))
    if isinstance(request, expected):
        try:
            for step in last:
                request = step(launch, request)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - the step reads what foreign code made
            fault = fault_of(build, launch, error)
            plain = replace(launch, executor_config={})
            asked = launch.executor_config and isinstance(built(build, plain, expected, *last), Success)
            return Failure(replace(fault, builder=CONFIG) if asked else fault)
        return Success(request)
    given = _no_request(request, expected, "build(launch)")
    return Failure(BuildFault(builder=function_name(build), error=f"returned {given}"))


def _as_a_dict(error: BaseException, words: str, request: str) -> str:
    """The remedy if a builder handles its request as a dict, which is what older packages use."""
    ways = r"is not (subscriptable|iterable|a mapping)|does not support item|has no attribute"
    used = isinstance(error, TypeError | AttributeError) and not meant(error)
    used = used and re.search(f"'{request}' object ({ways})", words) is not None
    return (
        "; a request is no dict: change to_kwargs(request), and return from_kwargs(...) of it" if used else ""
    )


def fault_of(build: Callable[[L], R], launch: L, error: BaseException) -> BuildFault:
    """The fault for what a builder raised: one line of limited length, without the launch's secrets."""
    words = _without_secrets(_words(error), launch)
    return BuildFault(builder=function_name(build), error=words, oversized=_oversized(error))


def _oversized(error: BaseException) -> bool:
    return (
        only_too_large(error)
        if isinstance(error, ValidationError)
        else isinstance(error, RequestTooLargeError)
    )


def _words(error: BaseException) -> str:
    words = error_words(error)
    match error:
        case ValidationError() | RequestError() | BuilderError():
            pass
        case FrozenInstanceError():
            words += "; return a changed copy instead, made by dataclasses.replace"
        case _:
            near = "".join(f"; did you mean {name}?" for name in meant(error))
            words = f"{type(error).__name__}: {words}{near}"
    return words + _place(error)


def error_words(error: BaseException) -> str:
    """The text of any exception, without its type, even if it cannot be printed; pydantic's in our words."""
    return "; ".join(in_words(error, shown=False)) if isinstance(error, ValidationError) else _text(error)


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:  # noqa: BLE001 - foreign code: an error that cannot even be printed
        return "(its text cannot be made)"


def _place(error: BaseException) -> str:
    match error:
        case object(__notes__=[str(note), *_]):
            return f" ({note})"
        case _:
            return ""


def _without_secrets(words: str, launch: Launch[Settings]) -> str:
    """`words` without the workload, which is one long argument, and without ``executor_config``'s secrets."""
    near = words[: MOST * ROOM]
    long = (part for part in launch.command if len(part) > LONGEST_QUOTED)
    known = (*long, *secrets_in(launch.executor_config))
    return one_line(without(near, known, cut=len(near) < len(words)))
