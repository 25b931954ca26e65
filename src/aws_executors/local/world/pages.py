"""Split lists into pages, in the same way for every action.

Law: pure functions of a list. A token is the ordinal of the last item returned, so paging stays correct while
items are added or removed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from aws_executors.local.world.values import ServiceError

T = TypeVar("T")


def page(
    items: Iterable[T], ordinal: Callable[[T], int], token: str | None, size: int, error: str
) -> tuple[list[T], str | None]:
    """Up to `size` items after the token's, in order of their ordinals, and the next token if more follow."""
    if token is not None and not token.isdecimal():
        raise ServiceError(error, "Invalid token.")
    if size < 1:
        raise ServiceError(error, "A page has at least one item.")
    after = int(token) if token else 0
    found: list[T] = []
    for item in items:
        if ordinal(item) <= after:
            continue
        if len(found) == size:
            return found, str(ordinal(found[-1]))
        found.append(item)
    return found, None
