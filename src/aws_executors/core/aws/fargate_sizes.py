"""The sizes that Fargate sells: CPU units (1024 make one vCPU) and MiB of memory, in fixed pairs.

Law: the table, and a look-up of the smallest sufficient pair. The same for ECS and Batch. Source: "Task CPU
and memory" in "Amazon ECS task definition parameters for Fargate".
"""

from collections.abc import Mapping

GIB = 1024
FARGATE_MEMORY: Mapping[int, range | tuple[int, ...]] = {
    256: (512, 1 * GIB, 2 * GIB),
    512: range(1 * GIB, 4 * GIB + 1, GIB),
    1024: range(2 * GIB, 8 * GIB + 1, GIB),
    2048: range(4 * GIB, 16 * GIB + 1, GIB),
    4096: range(8 * GIB, 30 * GIB + 1, GIB),
    8192: range(16 * GIB, 60 * GIB + 1, 4 * GIB),
    16384: range(32 * GIB, 120 * GIB + 1, 8 * GIB),
}


WINDOWS_CPU = range(1024, 4096 + 1)
"""The CPU units that Windows can have: 1 to 4 vCPU."""


def smallest_pair(cpu: float, memory: float, *, windows: bool = False) -> tuple[int, int] | None:
    """The smallest pair with at least this much of both, or None if no pair has that much.

    Of two pairs, the one with less CPU counts as smaller: it is always cheaper, too.

    >>> smallest_pair(200, 700), smallest_pair(256, 3000), smallest_pair(1, 200_000)
    ((256, 1024), (512, 3072), None)
    >>> smallest_pair(200, 700, windows=True), smallest_pair(4097, 700, windows=True)
    ((1024, 2048), None)
    """
    for units, sizes in FARGATE_MEMORY.items():
        fits = [size for size in sizes if size >= memory]
        if units >= cpu and fits and (units in WINDOWS_CPU or not windows):
            return units, fits[0]
    return None
