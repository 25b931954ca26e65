"""Builders and how they are put together.

Law: a builder is a function of one launch, a step a function ``(launch, request) -> request``; there is no
base class and nothing to register. What stands here only calls them in order, decides by predicates, and
tells whose function it was when one of them breaks the bargain.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import ValidationError
from returns.result import Failure, Result, Success

from aws_executors.core.launch import Launch
from aws_executors.core.parse import RequestError, told
from aws_executors.core.secrets import MASK, hidden, mask, secrets_in, sensitive
from aws_executors.core.settings import Settings

L = TypeVar("L", bound=Launch[Settings])
R = TypeVar("R")

LONGEST_QUOTED = 60

Predicate = Callable[[Launch[Settings]], bool]


class BuilderError(TypeError):
    """A builder or step gave something that is no request; the message names the function and the remedy."""


def name_of(part: object) -> str:
    """How to call a function or combinator in a message: never with its arguments, which may be secrets.

    >>> name_of(name_of), name_of(when(name_of))
    ('aws_executors.core.compose.name_of', 'when(...)')
    """
    match part:
        case _Composed(build=build):
            return f"compose({name_of(build)}, ...)"
        case object(__module__=str(module), __qualname__=str(name)):
            return f"{module}.{name}"
        case _:
            head, bracket, _ = _printed(part).partition("(")
            return f"{head}(...)" if bracket else type(part).__qualname__


def _printed(part: object) -> str:
    try:
        return repr(part)
    except Exception:  # noqa: BLE001 - foreign code: something that can not even be printed
        return ""


def _short(part: object) -> str:
    match part:
        case object(__qualname__=str(name)):
            return name
        case Mapping():
            return repr(hidden(part))
        case _:
            return repr(part)


def call(verb: str, *parts: object, **named: object) -> str:
    """The text of a call, functions by their bare name: what combinators print as.

    What is named and None was left out by the caller, and is left out here.

    >>> call("when", name_of, 3, weight=1, base=None)
    'when(name_of, 3, weight=1)'
    """
    open_ = {name: MASK if sensitive(name) else value for name, value in named.items()}
    words = (f"{name}={value!r}" for name, value in open_.items() if value is not None)
    return f"{verb}({', '.join((*map(_short, parts), *words))})"


def _stepped(step: Callable[[L, R], R], launch: L, request: R) -> R:
    try:
        changed = step(launch, request)
    except Exception as error:
        error.add_note(f"in step {name_of(step)}")
        raise
    if not isinstance(changed, type(request)):
        given = "nothing" if changed is None else f"a {type(changed).__name__}"
        wanted = type(request).__name__
        raise BuilderError(
            f"step {name_of(step)} returned {given}, not a {wanted}; end it with `return request`"
        )
    return changed


def _stepped_all(steps: tuple[Callable[[L, R], R], ...], launch: L, request: R) -> R:
    for step in steps:
        request = _stepped(step, launch, request)
    return request


@dataclass(frozen=True, slots=True, repr=False)
class _Composed(Generic[L, R]):
    build: Callable[[L], R]
    steps: tuple[Callable[[L, R], R], ...]

    def __call__(self, launch: L) -> R:
        return _stepped_all(self.steps, launch, self.build(launch))

    def __repr__(self) -> str:
        return call("compose", self.build, *self.steps)


@dataclass(frozen=True, slots=True, repr=False)
class _When(Generic[L, R]):
    verb: str
    predicate: Callable[[L], bool]
    wanted: bool
    steps: tuple[Callable[[L, R], R], ...]

    def __call__(self, launch: L, request: R) -> R:
        taken = bool(self.predicate(launch)) is self.wanted
        return _stepped_all(self.steps, launch, request) if taken else request

    def __repr__(self) -> str:
        return call(self.verb, self.predicate, *self.steps)


def compose(build: Callable[[L], R], *steps: Callable[[L, R], R]) -> Callable[[L], R]:
    """A builder that calls `build` and then each step with what the one before it made.

    Steps run from left to right; a later one sees, and may replace, what an earlier one set. Raises
    `BuilderError` when called, if a step returns anything but a request of its kind.

    >>> from aws_executors.ecs import build, with_cpu_memory, with_tags
    >>> from aws_executors.core.predicates import queue_is
    >>> compose(build, with_tags(team="etl"), when(queue_is("large"), with_cpu_memory(cpu=4096, memory=8192)))
    compose(build, with_tags(team='etl'), when(queue_is('large'), with_cpu_memory(cpu=4096, memory=8192)))
    """
    return _Composed(build, steps)


def when(predicate: Callable[[L], bool], *steps: Callable[[L, R], R]) -> Callable[[L, R], R]:
    """A step that takes its steps for launches of which the predicate is true, and else changes nothing."""
    return _When("when", predicate, True, steps)


def unless(predicate: Callable[[L], bool], *steps: Callable[[L, R], R]) -> Callable[[L, R], R]:
    """A step that takes its steps for launches of which the predicate is false, and else changes nothing."""
    return _When("unless", predicate, False, steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildFault:
    """Why a builder made no request for a launch: `builder` is its name, `error` what a person must know."""

    builder: str
    error: str

    def __str__(self) -> str:
        ours = self.builder.startswith("aws_executors.")
        return self.error if ours else f"{self.builder}: {self.error}"


def built(
    build: Callable[[L], R], launch: L, expected: type[R], *last: Callable[[L, R], R]
) -> Result[R, BuildFault]:
    """Run a builder that may be anybody's, then the steps `last`, and give the request or its fault.

    Nothing that the builder raises leaves this function but what must (KeyboardInterrupt, SystemExit). The
    launch's command and token never stand in the fault, even if the error's own text repeats them (C4).
    """
    try:
        request = build(launch)
        if isinstance(request, expected):
            return Success(_stepped_all(last, launch, request))
    except Exception as error:  # noqa: BLE001 - foreign code: whatever it raises is this task's fault alone
        return Failure(BuildFault(builder=name_of(build), error=_without_secrets(_words(error), launch)))
    given = "nothing" if request is None else f"a {type(request).__name__}"
    return Failure(BuildFault(builder=name_of(build), error=f"returned {given}, not a {expected.__name__}"))


def _words(error: Exception) -> str:
    match error:
        case ValidationError():
            words = "; ".join(told(error))
        case RequestError() | BuilderError():
            words = str(error)
        case _:
            words = f"{type(error).__name__}: {_text(error)}"
    return words + _place(error)


def _text(error: Exception) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - foreign code: an error that can not even be printed
        return "(its text can not be made)"


def _place(error: Exception) -> str:
    match error:
        case object(__notes__=[str(note), *_]):
            return f" ({note})"
        case _:
            return ""


def _without_secrets(words: str, launch: Launch[Settings]) -> str:
    """Neither the workload, which is one long argument, nor a secret of ``executor_config`` may be quoted."""
    long = sorted((part for part in launch.command if len(part) > LONGEST_QUOTED), key=len, reverse=True)
    for part in (*long, *sorted(secrets_in(launch.executor_config), key=len, reverse=True)):
        words = words.replace(part, MASK) if part else words
    return mask(words)
