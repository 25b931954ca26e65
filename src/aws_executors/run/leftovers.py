"""What a workload leaves behind in its container, and how it is removed before the next one comes.

Law: Linux only, by ``/proc``. Removes the processes that came from this one, and what is new in the temporary
folder. Elsewhere it removes nothing, and what it finds new in the working directory is a reason to take no
other workload. Nor does it remove anything on a volume, which is there to be shared. Source: proc(5);
``PR_SET_CHILD_SUBREAPER`` in prctl(2).
"""

import ctypes
import os
import shutil
import signal
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from aws_executors.run.cgroup import own_cgroup

PR_SET_CHILD_SUBREAPER = 36
PATIENCE = 5.0  # seconds until all killed processes have ended
LEAST_DISK = 512  # MiB that must be free for the next workload
MIB = 1024 * 1024


def adopt_orphans() -> None:
    """From now on, whatever loses its parent below this process is this one's child. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


@dataclass(frozen=True, slots=True)
class Before:
    """The container as it is before a workload begins."""

    temporary: frozenset[str]
    working: frozenset[str]
    kills: int


def before() -> Before:
    """Look at what is there, to know later what is new."""
    return Before(_entries(tempfile.gettempdir()), _entries(os.getcwd()), memory_kills())


def removed(then: Before, own: str) -> str:
    """Remove what is there since then, and the folder `own`; returns why no other workload should come, or
    nothing."""
    return ended_processes() or cleaned(then, own) or checked(then)


def ended_processes() -> str:
    """End all processes below this one, until there are none, for they may start others meanwhile."""
    until = time.monotonic() + PATIENCE
    while left := _descendants(os.getpid()):
        if time.monotonic() > until:
            return f"processes of a workload cannot be ended ({', '.join(map(str, sorted(left)))})"
        for pid in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        reap()
        time.sleep(0.002)
    return ""


def reap() -> None:
    """See off the children that have ended; those of a workload become this process's own."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _descendants(ancestor: int) -> frozenset[int]:
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdecimal():
            children.setdefault(_parent_of(entry), []).append(int(entry))
    found, todo = set[int](), [ancestor]
    while todo:
        below = children.get(todo.pop(), [])
        found.update(below)
        todo += below
    return frozenset(found)


def _parent_of(pid: str) -> int:
    """0 for a process that has ended meanwhile."""
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


def cleaned(then: Before, own: str) -> str:
    """Remove the workload's own folder, and what is new in the temporary one."""
    folder = tempfile.gettempdir()
    new = set[str]() if is_volume(folder) else _entries(folder) - then.temporary
    for path in (own, *(os.path.join(folder, name) for name in new)):
        try:
            remove(path)
        except FileNotFoundError:
            continue
        except OSError as error:
            return f"a file of a workload cannot be removed ({error})"
    return ""


def remove(path: str) -> None:
    """Remove a file or a whole folder, also if it is not writable. Raises OSError."""
    if os.path.islink(path) or not os.path.isdir(path):
        os.unlink(path)
        return
    os.chmod(path, 0o700)
    for folder, names, _ in os.walk(path):
        for name in names:
            if not os.path.islink(inner := os.path.join(folder, name)):
                os.chmod(inner, 0o700)
    shutil.rmtree(path)


def checked(then: Before) -> str:
    """Look at what cannot be put in order here."""
    here = os.getcwd()
    new = frozenset[str]() if is_volume(here) else _entries(here) - then.working
    kills = memory_kills()
    free = shutil.disk_usage(tempfile.gettempdir()).free // MIB
    if new:
        return f"a workload has left files in {here} ({', '.join(sorted(new)[:3])}); write into TMPDIR"
    if kills > then.kills:
        return "the container ran out of memory, and a process was killed"
    if free < LEAST_DISK:
        return f"the disk has {free} MiB left, and a workload should find {LEAST_DISK}"
    return ""


def memory_kills() -> int:
    """How many processes of this container were killed for memory, as far as that is told."""
    cgroup = own_cgroup()
    return (cgroup and cgroup.kills()) or 0


def _entries(folder: str) -> frozenset[str]:
    return frozenset(os.listdir(folder))


def is_volume(folder: str) -> bool:
    """Whether a folder lies on a volume, and not on the container's own disk or in its memory.

    >>> is_volume("/")
    False
    """
    if os.stat(folder).st_dev == os.stat("/").st_dev:
        return False
    return _kind_of_mount(os.path.realpath(folder)) != "tmpfs"


def _kind_of_mount(folder: str) -> str:
    """The file system's type: of the last mount that is the folder, or above it. Source: proc(5), mounts."""
    kind, longest = "", -1
    for line in Path("/proc/mounts").read_text().splitlines():
        _, point, found, *_ = line.split(" ")
        if len(point) >= longest and os.path.commonpath([folder, point]) == point:
            kind, longest = found, len(point)
    return kind
