"""The message for a request that is larger than AWS allows.

Law: sizes in, words out; callers measure as AWS counts. The message names the three largest parts and the two
remedies: send the workload through S3, or make the request smaller. `dashboard/page/failure_kind.py`
recognizes it by its words.
"""

import json
from collections.abc import Iterator, Mapping
from heapq import nlargest
from typing import TypeAlias, cast

NAMED = 3
LONGEST = 100
"""How many characters of a part's path are shown; the path's last name is the user's and may be long."""
Tree: TypeAlias = "Mapping[str, Tree] | list[Tree] | str | int | float | bool | None"


def too_large(what: str, size: int, limit: str, parts: Mapping[str, int], shorter: str) -> str:
    """The sentence for a person: what is too large, its size, the limit, the largest parts, the remedies.

    >>> print(too_large("overrides are", 9000, "characters long, ECS allows 8192",
    ...                 {"command": 1200, "variable A": 7000, "variable B": 9, "cpu": 3}, "say less"))
    overrides are 9000 characters long, ECS allows 8192 (largest: variable A 7000, command 1200, \
variable B 9); set workload_transport = s3 (or auto) and workload_store = s3://bucket/prefix, or say less
    """
    largest = ", ".join(
        f"{name[:LONGEST]} {part}" for name, part in nlargest(NAMED, parts.items(), key=_size)
    )
    ways_out = f"set workload_transport = s3 (or auto) and workload_store = s3://bucket/prefix, or {shorter}"
    return f"{what} {size} {limit} (largest: {largest}); {ways_out}"


def parts(tree: object) -> Mapping[str, int]:
    """The parts of what goes over the wire, each by its path, with the number of characters of its JSON.

    >>> container = {"name": "main", "command": ["run"], "environment": [{"name": "A", "value": "xyz"}]}
    >>> parts({"containerOverrides": [container], "cpu": "256"})
    {'main command': 7, 'main environment A': 26, 'cpu': 5}
    """
    return dict(_parts(cast("Tree", tree), ()))


def _parts(tree: Tree, path: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    match tree:
        case Mapping():
            for key, below in tree.items():
                if key != "name":
                    yield from _parts(below, (*path, key))
        case [{"name": str()}, *_]:
            for item in tree:
                yield from _named(item, path)
        case _:
            yield " ".join(path), len(json.dumps(tree, separators=(",", ":")))


def _named(item: Tree, path: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    match item:
        case {"name": str(name), "value": _}:
            yield " ".join((*path, name)), len(json.dumps(item, separators=(",", ":")))
        case {"name": str(name)}:
            yield from _parts(item, (*path[:-1], name))
        case _:
            yield from _parts(item, path)


def _size(part: tuple[str, int]) -> int:
    return part[1]
