"""The memory and CPU of this container's processes, for containers without a cgroup of their own.

Law: reads ``/proc`` and what the kernel counts for a process and its children; never raises. Memory is the
sum of each process's proportional share (PSS), because forks share most of their memory.
"""

from contextlib import suppress
from pathlib import Path

from aws_executors.run.usage.cgroup import spent_by_children


class ProcessTree:
    """A process and its descendants."""

    def __init__(self, top: int, root: Path = Path("/")) -> None:
        self._top = top
        self._root = root

    def memory(self) -> int | None:
        """Bytes of anonymous and shared memory of all these processes, each shared page counted once."""
        shares = [share for pid in self._members() if (share := self._share(pid)) is not None]
        return sum(shares) if shares else None

    def cpu(self) -> float | None:
        """CPU seconds of this process and of its children that have ended."""
        return spent_by_children()

    def kills(self) -> int | None:
        """None: no counter of these kills exists here."""
        return None

    def _members(self) -> list[int]:
        members = [self._top]
        for pid in members:  # the list grows during the loop
            members += [child for child in self._children(pid) if child not in members]
        return members

    def _children(self, pid: int) -> list[int]:
        """Source: proc(5), ``/proc/pid/task/tid/children``."""
        found: list[int] = []
        for file in self._root.glob(f"proc/{pid}/task/*/children"):
            with suppress(OSError):
                found += map(int, file.read_text().split())
        return found

    def _share(self, pid: int) -> int | None:
        try:
            text = (self._root / f"proc/{pid}/smaps_rollup").read_text()
        except OSError:
            return None
        kib = {line.split(":")[0]: line.split()[1] for line in text.splitlines()[1:] if len(line.split()) > 1}
        named = [kib[name] for name in ("Pss_Anon", "Pss_Shmem") if name in kib]
        return sum(map(int, named)) * 1024
