"""The container's own cgroup: the memory and CPU that it uses, as the kernel counts them.

Law: reads files, decides nothing, never raises. Memory is counted without the page cache, which the kernel
reclaims when memory is needed: a task that reads large files does not seem large. A cgroup that also holds
other processes (of a host, or of the embedded AWS) is not the container's. Source: "Control Group v2"
(memory.current, memory.stat, memory.events, cpu.stat) and "Memory Resource Controller" of the Linux kernel.
"""

import os
import resource
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

MIB = 1024 * 1024


class Counters(Protocol):
    """Where the use of memory and CPU is read; None for what cannot be read."""

    def memory(self) -> int | None:
        """Bytes in use now, without the page cache."""
        ...

    def cpu(self) -> float | None:
        """CPU seconds so far."""
        ...

    def kills(self) -> int | None:
        """Processes killed for memory so far."""
        ...


@dataclass(frozen=True, slots=True)
class CgroupV2:
    """A cgroup of the unified hierarchy."""

    folder: Path

    def memory(self) -> int | None:
        """``memory.current`` less cached files and reclaimable slabs; shared memory counts as used."""
        current, stat = _number(self.folder / "memory.current"), _table(self.folder / "memory.stat")
        if current is None:
            return None
        cache = stat.get("file", 0) - stat.get("shmem", 0) + stat.get("slab_reclaimable", 0)
        return max(current - max(cache, 0), 0)

    def cpu(self) -> float | None:
        """``usage_usec`` of ``cpu.stat``."""
        spent = _table(self.folder / "cpu.stat").get("usage_usec")
        return None if spent is None else spent / 1e6

    def kills(self) -> int | None:
        """``oom_kill`` of ``memory.events``."""
        return _table(self.folder / "memory.events").get("oom_kill")


@dataclass(frozen=True, slots=True)
class CgroupV1:
    """A cgroup of version 1; without a CPU folder, `cpu` is the time of this process and its children."""

    memory_folder: Path
    cpu_folder: Path | None

    def memory(self) -> int | None:
        """``memory.usage_in_bytes`` less the page cache; shared memory counts as used."""
        usage = _number(self.memory_folder / "memory.usage_in_bytes")
        stat = _table(self.memory_folder / "memory.stat")
        if usage is None:
            return None
        return max(usage - max(stat.get("total_cache", 0) - stat.get("total_shmem", 0), 0), 0)

    def cpu(self) -> float | None:
        """``cpuacct.usage``, which is in nanoseconds, as seconds."""
        if self.cpu_folder is None:
            return spent_by_children()
        spent = _number(self.cpu_folder / "cpuacct.usage")
        return None if spent is None else spent / 1e9

    def kills(self) -> int | None:
        """``oom_kill`` of ``memory.oom_control``."""
        return _table(self.memory_folder / "memory.oom_control").get("oom_kill")


def spent_by_children() -> float:
    """CPU seconds of this process and of its children that have ended."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in both)


def own_cgroup(root: Path = Path("/")) -> Counters | None:
    """The cgroup of this container; None if it has none, or if processes outside the container share it.

    `root` is where ``/proc`` and ``/sys`` are.
    """
    mount, paths = root / "sys/fs/cgroup", dict(_paths(root / "proc/self/cgroup"))
    for place in _places(mount, paths.get("", "/")):
        if os.path.exists(place / "memory.current") and _alone(place, root):
            return CgroupV2(place)
    for place in _places(mount / "memory", paths.get("memory", "/")):
        if os.path.exists(place / "memory.usage_in_bytes") and _alone(place, root):
            homes = (home for home in _cpu_places(mount, paths) if _alone(home, root))
            return CgroupV1(place, next(homes, None))
    return None


def _places(mount: Path, path: str) -> Iterator[Path]:
    """Where a cgroup may be: below the mount, or the mount itself if it shows only the container's cgroup."""
    below = mount / path.strip("/")
    yield from filter(os.path.isdir, dict.fromkeys((below, mount)))


def _cpu_places(mount: Path, paths: Mapping[str, str]) -> Iterator[Path]:
    for name in ("cpuacct", "cpu,cpuacct"):
        yield from _places(mount / name, paths.get("cpuacct", "/"))


def _paths(file: Path) -> Iterator[tuple[str, str]]:
    """This process's cgroup in each hierarchy, by controller; the unified hierarchy's controller is ""."""
    for line in _text(file).splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        for name in controllers.split(","):
            yield name, path


def _alone(place: Path, root: Path) -> bool:
    """Whether this process is in the cgroup, and every other member is its ancestor or descendant."""
    members = {int(pid) for pid in _text(place / "cgroup.procs").split() if pid.isdigit()}
    return os.getpid() in members and alone_among(members, root)


def alone_among(members: Collection[int], root: Path = Path("/")) -> bool:
    """Whether each of these processes is this one, an ancestor or a descendant of it."""
    here = os.getpid()
    above = set(_line_of(here, root))
    return all(here in _line_of(pid, root) or pid in above for pid in members)


def _line_of(pid: int, root: Path) -> list[int]:
    """A process and its ancestors."""
    line: list[int] = []
    while pid > 0 and pid not in line:
        line.append(pid)
        pid = parent_of(pid, root)
    return line


def parent_of(pid: int, root: Path = Path("/")) -> int:
    """The parent of a process, 0 if it is not known. Source: proc(5), ``/proc/pid/stat``."""
    fields = _text(root / f"proc/{pid}/stat").rpartition(")")[2].split()
    return int(fields[1]) if len(fields) > 1 and fields[1].isdigit() else 0


def _table(file: Path) -> Mapping[str, int]:
    pairs = (line.split() for line in _text(file).splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()}


def _number(file: Path) -> int | None:
    text = _text(file).strip()
    return int(text) if text.isdigit() else None


def _text(file: Path) -> str:
    try:
        return file.read_text(errors="replace")  # the kernel may cut a process's name within a letter
    except OSError:
        return ""
