"""Read from /proc how much memory and CPU a container uses, counted as by a container runtime.

Law: reads only. Memory that several processes of a container share counts once, and files do not count.
Without /proc (on macOS) nothing is known, and no container is killed for its memory.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

PAGE = os.sysconf("SC_PAGE_SIZE")
TICK = os.sysconf("SC_CLK_TCK")
MIB = 2**20


def sessions() -> Mapping[int, Sequence[int]]:
    """The ids of all processes, by their session; empty without /proc."""
    found: dict[int, list[int]] = {}
    for entry in os.listdir("/proc") if os.path.isdir("/proc") else []:
        if entry.isdecimal():
            try:
                found.setdefault(os.getsid(int(entry)), []).append(int(entry))
            except (ProcessLookupError, PermissionError):
                continue
    return found


def exceeds(processes: Sequence[int], limit: int) -> bool:
    """Whether these processes use more than `limit` bytes together."""
    # The exact number costs milliseconds, so it is read only if an estimate is too high, which counts memory
    # that a fork shares with its parent twice.
    return sum(map(_private, processes)) > limit and memory_used(processes) > limit


def memory_used(processes: Sequence[int]) -> int:
    """Bytes that these processes use together."""
    return sum(map(_proportional, processes))


def spent(processes: Sequence[int]) -> float:
    """CPU seconds of these processes, and of their children that have ended. Source: proc(5), ``stat``."""
    fields = [line.rpartition(")")[2].split() for one in processes for line in _lines(one, "stat")]
    return sum(sum(map(int, one[11:15])) for one in fields) / TICK


def _private(process: int) -> int:
    """Bytes of this process in memory, without files and shared memory."""
    for line in _lines(process, "statm"):
        _, resident, shared, *_ = line.split()
        return (int(resident) - int(shared)) * PAGE
    return 0


def _proportional(process: int) -> int:
    """Bytes of this process in memory, without files, and of shared memory only its proportional part."""
    return sum(
        int(line.split()[1]) * 1024
        for line in _lines(process, "smaps_rollup")
        if line.startswith(("Pss_Anon:", "Pss_Shmem:"))
    )


def _lines(process: int, name: str) -> Iterator[str]:
    """The lines of a file of a process; none if it has ended."""
    try:
        with open(f"/proc/{process}/{name}") as file:
            yield from file.read().splitlines()
    except OSError:
        return
