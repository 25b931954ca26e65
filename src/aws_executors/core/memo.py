"""Pure functions that keep what they have made.

Law: only for functions of values, whose results are values; what is kept is bounded, and any thread may ask.
"""

from collections.abc import Callable, Hashable
from typing import TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

MOST = 16


def remembered(make: Callable[[K], V], most: int = MOST) -> Callable[[K], V]:
    """The same function, which makes the same thing once; it keeps up to `most` of them.

    >>> from aws_executors.core.batch.request import JobTimeout
    >>> timeout = remembered(lambda seconds: JobTimeout(attempt_duration_seconds=seconds))
    >>> timeout(3600) is timeout(3600)
    True
    """
    kept: dict[K, V] = {}

    def get(key: K) -> V:
        found = kept.get(key)
        if found is None:
            if len(kept) >= most:
                kept.clear()
            found = kept[key] = make(key)  # two threads may both make it: the same
        return found

    return get
