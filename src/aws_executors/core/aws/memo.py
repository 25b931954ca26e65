"""A cache for readers of records, keyed by the content that they read.

Law: only for functions of values whose results are values; the cache is bounded, and any thread may use it.
"""

from collections.abc import Callable, Sequence
from marshal import dumps
from typing import TypeVar, cast

V = TypeVar("V")

RECORDS = 20_000
"""The number of records whose results are cached at most."""

PLAIN = 2
"""The version of `marshal`'s format in which equal values have equal bytes, whatever else refers to them."""


def cached_while_unchanged(
    read: Callable[[object], V], fields: Sequence[str], lasts: Callable[[V], bool], most: int = RECORDS
) -> Callable[[object], V]:
    """The reader `read`, but a record is read again only if one of its `fields` has changed.

    `fields` are all that `read` uses, the record's id first. A result is cached if `lasts(result)` is true,
    for up to `most` records. Of a record only a 64-bit hash is kept: records are large and many.

    >>> read = cached_while_unchanged(lambda record: [record["status"]], ["id", "status"], lambda read: True)
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
            return read(record)  # the id cannot be hashed, or a value is of a type that JSON does not have
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
