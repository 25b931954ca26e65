"""More memory after a kill for memory: how much, and which builders want to know of kills.

Law: pure. How often earlier tries of a task instance were killed is in the launch (`Launch.memory_kills`); it
is looked up only if a step of the builder asks for it (`asks_for_kills`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from aws_executors.core.aws.fargate_sizes import FARGATE_MEMORY, GIB
from aws_executors.core.requests.compose import parts_of

_UNITS = {"": 1, "mib": 1, "gib": GIB}


def asks_for_kills(build: object) -> bool:
    """Whether a step of this builder looks at kills, for any launch; all steps in `compose` count.

    >>> from aws_executors import compose, ecs, queue_is, when
    >>> asks_for_kills(compose(ecs.build, when(queue_is("etl"), ecs.with_more_memory(most="8 GiB"))))
    True
    >>> asks_for_kills(ecs.build)
    False
    """
    return any(isinstance(part, MoreMemory) for part in parts_of(build))


@dataclass(frozen=True, slots=True)
class Growth:
    """The factor by which memory grows after each kill, and the MiB up to which it grows."""

    factor: float
    most: int

    def memory(self, before: int, kills: int) -> int:
        """The memory (MiB) after `kills` kills of a task that had `before` MiB; never less than `before`.

        >>> Growth(2, 4096).memory(1024, 0), Growth(2, 4096).memory(1024, 1), Growth(2, 4096).memory(1024, 9)
        (1024, 2048, 4096)
        """
        grown = before * self.factor ** min(kills, 64)
        return max(before, min(ceil(grown), self.most))

    def pair(self, cpu: int, before: int, kills: int) -> tuple[int, int]:
        """The size on Fargate after `kills` kills: CPU units, more if the memory needs it, and MiB.

        >>> Growth(2, 16384).pair(256, 1024, 1), Growth(2, 16384).pair(256, 1024, 2)
        ((256, 2048), (512, 4096))
        """
        wanted = self.memory(before, kills)
        larger = list(_pairs(cpu, before, max(self.most, before)))
        enough = (pair for pair in larger if pair[1] >= wanted)
        return next(enough, larger[-1] if larger else (cpu, before))


@dataclass(frozen=True, slots=True, repr=False)
class MoreMemory:
    """The base of both services' steps, which look at `Launch.memory_kills` and print as their own call."""

    text: str
    growth: Growth

    def __repr__(self) -> str:
        return self.text


def growth(factor: float, most: int | str) -> Growth:
    """Read the two arguments of `with_more_memory`. Raises ValueError for one that makes no sense."""
    if not 1 < factor <= 16:
        raise ValueError(f"with_more_memory: factor={factor!r} must be more than 1 and at most 16")
    return Growth(factor, mebibytes(most))


def mebibytes(size: int | str) -> int:
    """An amount of memory in MiB, from a number of MiB or a text.

    >>> mebibytes(512), mebibytes("16 GiB"), mebibytes("1536 MiB")
    (512, 16384, 1536)
    """
    amount, text = 0, str(size).strip().lower()
    for unit, mib in _UNITS.items():
        if text.endswith(unit) and re.fullmatch(
            r"\d{1,7}(\.\d+)?", text.removesuffix(unit).strip(), re.ASCII
        ):
            amount = int(float(text.removesuffix(unit)) * mib)
    if amount < 1:
        raise ValueError(
            f"with_more_memory: {size!r} is no amount of memory; write MiB (2048) or a text ('16 GiB')"
        )
    return amount


def _pairs(cpu: int, memory: int, most: int) -> Iterator[tuple[int, int]]:
    for units, sizes in FARGATE_MEMORY.items():
        if units >= cpu:
            yield from ((units, size) for size in sizes if memory <= size <= most)
