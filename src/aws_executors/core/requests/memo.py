"""Caches for pure functions: `remembered` by argument, `unchanged` by what a record says.

Law: only for functions of values, whose results are values; what is kept is bounded, and any thread may ask.
"""

from collections.abc import Callable, Hashable, Sequence
from marshal import dumps
from typing import TypeVar, cast

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

MOST = 16

RECORDS = 20_000
"""Records of which is kept what was read."""

PLAIN = 2
"""The version of `marshal` that writes the same for the same values, whoever else refers to them."""


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


def unchanged(
    read: Callable[[object], V], fields: Sequence[str], lasts: Callable[[V], bool], most: int = RECORDS
) -> Callable[[object], V]:
    """The same reader of records, which reads one again only where one of its fields says something new.

    `fields` are all that it reads, the record's own name first. What it has read is kept where it `lasts`, of
    up to `most` records; of what these said no more than a mark of 64 bits, for they are large and many.

    >>> read = unchanged(lambda record: [record["status"]], ["id", "status"], lambda read: read != ["over"])
    >>> first, second = read({"id": "a", "status": "up"}), read({"id": "a", "status": "up", "cpu": 7})
    >>> first is second, read({"id": "a", "status": "over"})
    (True, ['over'])
    """
    kept: dict[object, tuple[int, V]] = {}

    def get(record: object) -> V:
        if not isinstance(record, dict):
            return read(record)
        said = [*map(cast("dict[str, object]", record).get, fields)]
        try:
            mark, found = hash(dumps(said, PLAIN)), kept.get(said[0])
        except (TypeError, ValueError):
            return read(record)  # a name that can be none, or values that are not those of JSON
        if found is not None and found[0] == mark:
            return found[1]
        made = read(record)
        if lasts(made):
            if len(kept) >= most:
                kept.clear()
            kept[said[0]] = mark, made
        else:
            kept.pop(said[0], None)
        return made

    return get
