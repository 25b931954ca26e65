"""Which size fits: the smallest pair of CPU and memory on Fargate with room for what was used.

Law: never below a peak. CPU is sized by what was used on average, since a task with too little CPU only takes
longer; memory by the most that was used, since a task with too little memory is killed.
"""

from math import ceil

from aws_executors.core.aws.fargate_sizes import GIB, smallest_pair

MEMORY_ROOM = 1.25
"""The multiple of the peak of memory that a size must have."""
CPU_ROOM = 1.5
"""The multiple of the average CPU that a size must have: a task is busier at times than on average."""


def fitting(cpu_share: float, peak: float, *, windows: bool = False) -> tuple[int, int] | None:
    """The smallest pair with room for a task that used `cpu_share` vCPUs on average and `peak` MiB at most.

    >>> fitting(0.1, 412), fitting(0.3, 412)
    ((256, 1024), (512, 1024))
    """
    return smallest_pair(ceil(cpu_share * CPU_ROOM * GIB), ceil(peak * MEMORY_ROOM), windows=windows)
