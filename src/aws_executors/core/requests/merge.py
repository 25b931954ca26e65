"""How two descriptions of one thing become one: the named rules.

Law: each field of a request merges by exactly one of these rules, `base` first, `over` on top; nothing
merges by position and no input is changed. `ecs/merge.py` and `batch/merge.py` say which field has which.
`tests/core/requests/test_merge.py` holds the laws: identity, idempotence, associativity.
"""

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def overridden(base: T, over: T) -> T:
    """What `over` says, if it says anything: ``None`` and the empty tuple say nothing, 0 and False do.

    >>> overridden("LATEST", None), overridden(("sg-1",), ("sg-2",)), overridden(True, False)
    ('LATEST', ('sg-2',), False)
    """
    return base if over is None or over == () else over


def appended(base: tuple[T, ...], over: tuple[T, ...]) -> tuple[T, ...]:
    """`base`, then those of `over` that it has not.

    >>> appended(("a", "b"), ("b", "c"))
    ('a', 'b', 'c')
    """
    return (*base, *(item for item in over if item not in base))


def last(base: T, over: T) -> T:
    """`over` as a whole: how two items of one name become one, unless their own parts merge.

    >>> last("a", "b")
    'b'
    """
    del base
    return over


def by_name(
    base: tuple[T, ...],
    over: tuple[T, ...],
    name: Callable[[T], str],
    combine: Callable[[T, T], T] = last,
) -> tuple[T, ...]:
    """Items of one name become one, in the place of the first; new names follow in their order.

    >>> by_name(("A=1", "B=2"), ("C=3", "A=4"), lambda variable: variable[0])
    ('A=4', 'B=2', 'C=3')
    """
    merged: dict[str, T] = {}
    for item in (*base, *over):
        key = name(item)
        merged[key] = combine(merged[key], item) if key in merged else item
    return tuple(merged.values())
