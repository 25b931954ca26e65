"""Predicates on a launch, for `when` and `unless`.

Law: a predicate is a function ``launch -> bool`` of the launch alone. A user's own predicate is a plain
function; these are values, so that a builder made of them prints as the code that makes it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Generic, TypeVar, cast

from aws_executors.core.errors import BuilderError
from aws_executors.core.requests.compose import Predicate, call_text, check_predicate, holds
from aws_executors.core.requests.launch import Launch
from aws_executors.core.requests.maker import as_maker, maker
from aws_executors.core.settings.base import Settings
from aws_executors.core.validation import quoted

L = TypeVar("L", bound=Launch[Settings])


@dataclass(frozen=True, slots=True, repr=False)
class _QueueIs:
    names: tuple[str, ...]

    def __call__(self, launch: Launch[Settings]) -> bool:
        return launch.queue in self.names

    def __repr__(self) -> str:
        return f"queue_is({', '.join(map(repr, self.names))})"


@as_maker
def queue_is(*names: str) -> Predicate:
    """Whether the task's Airflow queue is one of these. Raises `BuilderError` for names in a list.

    >>> queue_is("long_tasks_queue")
    queue_is('long_tasks_queue')
    """
    given: tuple[object, ...] = names
    for name in given:
        if not isinstance(name, str):  # it would never be true
            raise BuilderError(
                f"queue_is takes names of queues, not {quoted(name)}; write queue_is('a', 'b')"
            )
    return _QueueIs(names)


@dataclass(frozen=True, slots=True, repr=False)
class _QueueMatches:
    pattern: str

    def __call__(self, launch: Launch[Settings]) -> bool:
        return fnmatchcase(launch.queue, self.pattern)

    def __repr__(self) -> str:
        return f"queue_matches({self.pattern!r})"


@maker
def queue_matches(pattern: str) -> Predicate:
    """Whether the whole name of the task's Airflow queue matches a shell pattern (``*``, ``?``, ``[abc]``).

    >>> queue_matches("gpu-*")
    queue_matches('gpu-*')
    """
    return _QueueMatches(pattern)


@dataclass(frozen=True, slots=True, repr=False)
class _TaskMatches:
    dag: str
    task: str

    def __call__(self, launch: Launch[Settings]) -> bool:
        return fnmatchcase(launch.task.dag_id, self.dag) and fnmatchcase(launch.task.task_id, self.task)

    def __repr__(self) -> str:
        return f"task_matches(dag={self.dag!r}, task={self.task!r})"


@maker
def task_matches(*, dag: str = "*", task: str = "*") -> Predicate:
    """Whether DAG id and task id, each as a whole, match shell patterns; case-sensitive.

    >>> task_matches(dag="etl_*")
    task_matches(dag='etl_*', task='*')
    """
    return _TaskMatches(dag, task)


@dataclass(frozen=True, slots=True, repr=False)
class _ConfigHas:
    key: str

    def __call__(self, launch: Launch[Settings]) -> bool:
        config = launch.executor_config
        return isinstance(config, Mapping) and self.key in cast("Mapping[object, object]", config)

    def __repr__(self) -> str:
        return f"config_has({self.key!r})"


@maker
def config_has(key: str) -> Predicate:
    """Whether the task's ``executor_config`` has this key, in the spelling of its author.

    >>> config_has("memory")
    config_has('memory')
    """
    return _ConfigHas(key)


@dataclass(frozen=True, slots=True, repr=False)
class _TryNumberOver:
    number: int

    def __call__(self, launch: Launch[Settings]) -> bool:
        return launch.task.try_number > self.number

    def __repr__(self) -> str:
        return f"try_number_over({self.number})"


@maker
def try_number_over(number: int) -> Predicate:
    """Whether the task's try number is above `number`: 1 means from the first retry on.

    >>> try_number_over(1)
    try_number_over(1)
    """
    return _TryNumberOver(number)


@dataclass(frozen=True, slots=True, repr=False)
class _AttemptOver:
    number: int

    def __call__(self, launch: Launch[Settings]) -> bool:
        return launch.attempt > self.number

    def __repr__(self) -> str:
        return f"attempt_over({self.number})"


@maker
def attempt_over(number: int) -> Predicate:
    """Whether more than `number` containers were asked for in this try: 1 means after one got lost.

    A further attempt follows a failure of the infrastructure (Spot taken back, image not pulled), never of
    the task: ``when(attempt_over(1), with_launch_type("FARGATE"))`` leaves Spot after the first loss.

    >>> attempt_over(1)
    attempt_over(1)
    """
    return _AttemptOver(number)


@dataclass(frozen=True, slots=True, repr=False)
class _AnyOf(Generic[L]):
    predicates: tuple[Callable[[L], bool], ...]

    def __call__(self, launch: L) -> bool:
        return any(holds(predicate, launch) for predicate in self.predicates)

    def __repr__(self) -> str:
        return call_text("any_of", *self.predicates)


@dataclass(frozen=True, slots=True, repr=False)
class _AllOf(Generic[L]):
    predicates: tuple[Callable[[L], bool], ...]

    def __call__(self, launch: L) -> bool:
        return all(holds(predicate, launch) for predicate in self.predicates)

    def __repr__(self) -> str:
        return call_text("all_of", *self.predicates)


@dataclass(frozen=True, slots=True, repr=False)
class _Not(Generic[L]):
    predicate: Callable[[L], bool]

    def __call__(self, launch: L) -> bool:
        return not holds(self.predicate, launch)

    def __repr__(self) -> str:
        return call_text("not_", self.predicate)


@as_maker
def any_of(*predicates: Callable[[L], bool]) -> Callable[[L], bool]:
    """Whether one of these is true; evaluated from left to right; of none, false.

    >>> any_of(queue_is("a"), try_number_over(1))
    any_of(queue_is('a'), try_number_over(1))
    """
    for predicate in predicates:
        check_predicate("any_of", predicate)
    return _AnyOf(predicates)


@as_maker
def all_of(*predicates: Callable[[L], bool]) -> Callable[[L], bool]:
    """Whether all of these are true; evaluated from left to right; of none, true."""
    for predicate in predicates:
        check_predicate("all_of", predicate)
    return _AllOf(predicates)


@as_maker
def not_(predicate: Callable[[L], bool]) -> Callable[[L], bool]:
    """Whether this is false."""
    check_predicate("not_", predicate)
    return _Not(predicate)
