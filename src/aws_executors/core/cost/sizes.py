"""Which size fits: the smallest pair of CPU and memory on Fargate with room for what was used.

Law: never below a peak. CPU is what was used on average, for a task that has too little of it only takes
longer; memory is the most that was used, for a task that has too little of it is killed.
"""

from math import ceil

from aws_executors.core.aws.fargate_sizes import GIB, smallest_pair

MEMORY_ROOM = 1.25
"""So many times the peak of memory must fit."""
CPU_ROOM = 1.5
"""So many times the average of CPU must fit: a task is busier at times than on average."""


def fitting(cpu_share: float, peak: float, *, windows: bool = False) -> tuple[int, int] | None:
    """The smallest pair for a task that used so many vCPUs on average and so many MiB at most; with room.

    >>> fitting(0.1, 412), fitting(0.3, 412)
    ((256, 1024), (512, 1024))
    """
    return smallest_pair(ceil(cpu_share * CPU_ROOM * GIB), ceil(peak * MEMORY_ROOM), windows=windows)
