"""The option `executor_config_allowed`: what a task's ``executor_config`` may set.

Law: a setting has one name here, whichever way an author wrote it, and is allowed by that name or by the name
of a structure that contains it. Each service says what its options set; what is not allowed is refused.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import cast

from aws_executors.core.errors import RequestError
from aws_executors.core.requests.spelling import spell
from aws_executors.core.requests.wire import fields_of
from aws_executors.core.validation import nearest

ALL, NONE = "all", "none"
OPTION = "executor_config_allowed"

Use = tuple[str, ...]
"""One setting: its own name, then the names of the structures that contain it. Any of them allows it."""


def canonical(names: tuple[str, ...], known: Collection[str]) -> tuple[str, ...]:
    """The names that the option lists, in AWS's spelling; ValueError for an unknown one.

    >>> canonical(("task_definition", "overrides.cpu"), ["taskDefinition", "overrides", "overrides.cpu"])
    ('taskDefinition', 'overrides.cpu')
    >>> canonical(("enviroment",), ["environment"])
    Traceback (most recent call last):
      ...
    ValueError: names 'enviroment', which executor_config does not have; did you mean environment? Allowed: \
all, none, environment
    """
    spelled = tuple(dict.fromkeys((".".join(map(spell, name.split("."))) for name in names), True))
    if len(spelled) > 1 and not {ALL, NONE}.isdisjoint(spelled):
        raise ValueError(f"names {ALL} or {NONE} together with other names, which is ambiguous")
    for name in spelled:
        if name not in known and name not in (ALL, NONE):
            near = "".join(f" did you mean {one}?" for one in nearest(name, list(known)))
            listed = ", ".join((ALL, NONE, *known))
            raise ValueError(
                f"names {name[:60]!r}, which executor_config does not have;{near} Allowed: {listed}"
            )
    return spelled


def check_allowed(uses: Iterable[Use], allowed: tuple[str, ...], section: str) -> None:
    """Raise a `RequestError` that names every setting that is not allowed, if there is one.

    >>> check_allowed([("cpu",), ("overrides.taskRoleArn", "overrides")], ("cpu",), "ecs_fargate")
    Traceback (most recent call last):
      ...
    aws_executors.core.errors.RequestError: executor_config: overrides.taskRoleArn may not be set: \
[ecs_fargate] executor_config_allowed = cpu; leave it out, or add it to that option
    """
    if allowed == (ALL,):
        return
    names = tuple(dict.fromkeys((use[0] for use in uses if set(use).isdisjoint(allowed)), True))
    if names:
        listed, them = " and ".join(names), "it" if len(names) == 1 else "them"
        raise RequestError(
            f"executor_config: {listed} may not be set: [{section}] {OPTION} = {','.join(allowed)}; "
            f"leave {them} out, or add {them} to that option"
        )


def set_fields(written: object, nothing: object) -> Iterator[str]:
    """The fields of a structure that are set: those that differ from `nothing`."""
    for name in fields_of(written):
        if cast("object", getattr(written, name)) != cast("object", getattr(nothing, name)):
            yield name


def within(path: str, own: str = "") -> Use:
    """A member's path, then the paths of the structures that contain it; first its `own` name, if it has one.

    >>> within("overrides.containerOverrides.cpu", "cpu")
    ('cpu', 'overrides.containerOverrides.cpu', 'overrides.containerOverrides', 'overrides')
    """
    parts = path.split(".")
    inside = (".".join(parts[:count]) for count in range(len(parts), 0, -1))
    return (own, *inside) if own and own != path else tuple(inside)
