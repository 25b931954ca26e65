"""Remove what a workload leaves behind in its container, before the next one comes.

Law: Linux only, by ``/proc``. Ends the descendants of this process, and removes new files in the temporary
folder if only this container uses it. Any other change is a reason to take no other workload: new files in a
shared temporary folder (another container may have put them there), changed files, and new files in shared
memory, ``/var/tmp`` or the working directory, unless that is on a volume, which is meant to be shared.
Source: proc(5); ``PR_SET_CHILD_SUBREAPER`` in prctl(2).
"""

import ctypes
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from aws_executors.run.usage.cgroup import MIB, alone_among, own_cgroup, parent_of

_Files: TypeAlias = Mapping[str, int]
"""Everything below a folder, by path: when each file was changed last, in nanoseconds."""

PR_SET_CHILD_SUBREAPER = 36
ELSEWHERE = ("/dev/shm", "/var/tmp")  # noqa: S108 - looked at, not used
KILLED_WITHIN = 5.0  # seconds within which all killed processes must have ended
COMPILED = "__pycache__"  # the folder in which Python keeps compiled modules: no leftover
LEAST_DISK = 512  # MiB of disk that must be free for the next workload


def adopt_orphans() -> None:
    """From now on, descendants whose parent ends become children of this process. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


@dataclass(frozen=True, slots=True)
class Before:
    """The state of the container before a workload begins.

    `temporary` is what is in the temporary folder, `elsewhere` the names in other folders, `kills` how many
    processes were killed for memory.
    """

    temporary: _Files
    elsewhere: Mapping[str, frozenset[str]]
    kills: int


def before() -> Before:
    """Record what is there, to know later what is new. Raises OSError."""
    others = ELSEWHERE if own_cgroup() else ()  # without an own cgroup, these may be a whole host's folders
    writable = (folder for folder in (os.getcwd(), *others) if os.access(folder, os.W_OK))
    elsewhere = {folder: _names(folder) for folder in writable}
    return Before(_files(tempfile.gettempdir()), elsewhere, kills_so_far())


def removed(then: Before, own: str) -> str:
    """Remove what is new since `then`, and the folder `own`; returns why no other workload should run here,
    or an empty text."""
    try:
        return ended_processes() or cleaned(then, own) or checked(then)
    except (OSError, ValueError, RecursionError) as error:  # for example, the workload has removed a folder
        return f"what a workload has left cannot be looked at ({error})"


def ended_processes() -> str:
    """Kill all descendants of this process, repeatedly until none is left, as they may start others."""
    until = time.monotonic() + KILLED_WITHIN
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
    """Reap the children that have ended; a workload's orphans are children of this process."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _descendants(ancestor: int) -> frozenset[int]:
    children: dict[int, list[int]] = {}
    for pid in _processes():
        children.setdefault(parent_of(pid), []).append(pid)
    found, todo = set[int](), [ancestor]
    while todo:
        below = children.get(todo.pop(), [])
        found.update(below)
        todo += below
    return frozenset(found)


def _processes() -> list[int]:
    found = [int(entry) for entry in os.listdir("/proc") if entry.isdecimal()]
    if os.getpid() not in found:
        raise OSError("/proc does not show this process")
    return found


def cleaned(then: Before, own: str) -> str:
    """Remove the workload's own folder, and what is new in the temporary one."""
    folder = tempfile.gettempdir()
    try:
        remove(own)
        new = sorted(_names(folder) - {path.partition("/")[0] for path in then.temporary})
        if new and not is_private(folder):
            return _left(folder, new)
        for name in new:
            remove(os.path.join(folder, name))
    except (OSError, RecursionError) as error:  # the tree may be thousands of folders deep
        return f"a file of a workload cannot be removed ({error})"
    changed = {path for path, _ in then.temporary.items() ^ _files(folder).items()}
    return f"a workload has changed files in {folder} ({_some(changed)})" if changed else ""


def remove(path: str) -> None:
    """Remove a file or a whole folder, even if it is not writable; does nothing if there is none. Raises
    OSError."""
    with suppress(FileNotFoundError):
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
    """Look for what cannot be undone here: files in other folders, kills for memory, a full disk."""
    for folder, names in then.elsewhere.items():
        if removed_ones := names - _names(folder):
            return f"a workload has removed files in {folder} ({_some(removed_ones)})"
        new = _names(folder) - names - {COMPILED}
        if new and (folder in ELSEWHERE or not is_volume(folder)):
            return _left(folder, new)
    if kills_so_far() > then.kills:
        return "the container ran out of memory, and a process was killed"
    free = shutil.disk_usage(tempfile.gettempdir()).free // MIB
    if free < LEAST_DISK:
        return f"the disk has {free} MiB left, and a workload should find {LEAST_DISK}"
    return ""


def _left(folder: str, names: Collection[str]) -> str:
    return f"a workload has left files in {folder} ({_some(names)}); write into TMPDIR"


def _some(names: Collection[str]) -> str:
    return ", ".join(sorted(names)[:3])


def kills_so_far() -> int:
    """How many processes of this container were killed for memory; 0 if nothing counts them."""
    cgroup = own_cgroup()
    return (cgroup and cgroup.kills()) or 0


def _names(folder: str) -> frozenset[str]:
    return frozenset(os.listdir(folder))


def _files(top: str) -> _Files:
    """Everything below a folder; on a volume, which may be large, only the names at its top.

    Subfolders are listed without their times, which change with each file that comes and goes.
    """
    found: dict[str, int] = {}
    if is_volume(top):
        return dict.fromkeys(_names(top), 0)
    for folder, folders, files in os.walk(top):
        for name in files:
            with suppress(FileNotFoundError, PermissionError):  # a file that cannot be read was not changed
                path = os.path.join(folder, name)
                found[os.path.relpath(path, top)] = os.lstat(path).st_ctime_ns
        found |= {os.path.relpath(os.path.join(folder, name), top): 0 for name in folders}
    return found


def is_private(folder: str) -> bool:
    """Whether only this container writes into a temporary folder: TMPDIR names it, or no other process runs.

    A folder on a volume is never private; outside a container, all processes of the machine write there.
    """
    named = folder == os.path.abspath(os.environ.get("TMPDIR") or "/")
    return not is_volume(folder) and (named or alone_among(_processes()))


def is_volume(folder: str) -> bool:
    """Whether a folder is on a volume, not on the container's own disk or in its memory.

    >>> is_volume("/")
    False
    """
    if os.stat(folder).st_dev == os.stat("/").st_dev:
        return False
    return _kind_of_mount(os.path.realpath(folder)) != "tmpfs"


def _kind_of_mount(folder: str) -> str:
    """The type of the folder's file system, by the last mount at or above it. Source: proc(5), mounts."""
    kind, longest = "", -1
    for line in Path("/proc/mounts").read_text().splitlines():
        _, point, found, *_ = line.split(" ")
        if len(point) >= longest and os.path.commonpath([folder, point]) == point:
            kind, longest = found, len(point)
    return kind
