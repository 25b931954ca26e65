"""Run containers as local processes.

Law: carries out `StartProcess` and `SignalProcess` and reports `Started`, `StartFailed`, `Printed` and
`Exited`; decides nothing. A container is a session of its own in a fresh directory, which also contains its
temporary folder, and has only the environment that it is given. It ends with its first process: everything
else in the session is then killed, as when a container is removed. A container that uses more memory than it
may is killed, as by the kernel. There are two threads per container, and one that watches the memory of all.
The world's `room` limits the number of containers.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO

from aws_executors.local.http.metadata import metadata_uri
from aws_executors.local.memory import MIB, exceeds, sessions
from aws_executors.local.world import (
    Exited,
    Printed,
    ProcessEvent,
    Ref,
    SignalProcess,
    Started,
    StartFailed,
    StartProcess,
)

CHUNK = 65536
EVENT = 256 * 1024 - 26
"""The most bytes of a log event: as by Docker's log driver, longer lines are split, empty ones skipped."""
LAST_OUTPUT = 1.0
WEIGHED_EVERY = 0.2
"""Seconds between two checks of how much memory containers use."""
CODE_LOST = 255
"""The exit code of a process that was reaped elsewhere: its real one is unknown; it must not be success."""


@dataclass(slots=True, eq=False)
class ContainerProcess:
    """A running container; `lock` prevents signals to a process id that has been released to the system."""

    ref: Ref
    process: subprocess.Popen[bytes]
    directory: str
    memory: int | None = None  # MiB
    out_of_memory: bool = False
    waiter: threading.Thread | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)
    ended: bool = False

    def send(self, name: str) -> None:
        """Send TERM to the first process, or KILL to the whole session."""
        with self.lock:
            if self.ended or self.process.returncode is not None:
                return
            if name == "TERM":
                # Not Popen's own method: that polls first, and so might reap a process that the container's
                # waiter is about to reap.
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.process.pid, signal.SIGTERM)
            else:
                kill_session(self.process.pid)


class Containers:
    """All containers of one embedded AWS; `environment` is the base environment of each."""

    def __init__(self, report: Callable[[ProcessEvent], None]) -> None:
        self._report = report
        self.environment: dict[str, str] = {}
        self._running: dict[Ref, ContainerProcess] = {}
        self._lock = threading.Lock()
        self._weigher: threading.Thread | None = None
        self._closed = False

    def __repr__(self) -> str:
        return f"<Containers {len(self._running)} running>"

    def act(self, effect: StartProcess | SignalProcess) -> None:
        """Carry out one effect."""
        if isinstance(effect, StartProcess):
            self._start(effect)
        elif container := self._running.get(effect.ref):
            container.send(effect.signal)

    def running(self) -> dict[str, int]:
        """The process id of each running container, by `<task id>/<container name>`."""
        with self._lock:
            return {str(ref): container.process.pid for ref, container in self._running.items()}

    def close(self, seconds: float) -> None:
        """Kill every container, and wait up to `seconds` in total until all are reaped; none is started
        afterwards."""
        until = time.monotonic() + seconds
        with self._lock:
            self._closed = True
            containers = list(self._running.values())
        for container in containers:
            container.send("KILL")
        for container in containers:
            if container.waiter:
                container.waiter.join(max(0.0, until - time.monotonic()))

    def _start(self, effect: StartProcess) -> None:
        if not effect.command:
            self._report(StartFailed(effect.ref, "no command specified"))
            return
        directory = ""
        try:
            directory = tempfile.mkdtemp(prefix="local-aws-")
            temporary = os.path.join(directory, "tmp")
            os.mkdir(temporary)
            with self._lock:  # so that `close` sees the process, or it is not started at all
                if self._closed:
                    raise OSError("the embedded AWS has stopped")
                process = subprocess.Popen(  # noqa: S603 - a container runs the command it is given
                    effect.command,
                    cwd=directory,
                    env={
                        "HOME": directory,
                        "TMPDIR": temporary,
                        **self.environment,
                        **self._own(effect),
                        **effect.environment,
                    },
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE if effect.log else subprocess.DEVNULL,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
                container = ContainerProcess(effect.ref, process, directory, effect.memory)
                self._running[effect.ref] = container
        except (OSError, ValueError) as error:
            shutil.rmtree(directory, ignore_errors=True)
            self._report(StartFailed(effect.ref, f"{effect.command[0]}: {error}"))
            return
        with self._lock:
            if self._weigher is None and container.memory is not None:
                self._weigher = threading.Thread(target=self._weigh, daemon=True, name="local-aws-memory")
                self._weigher.start()
        self._report(Started(effect.ref))
        container.waiter = threading.Thread(
            target=self._wait, args=(container,), daemon=True, name=str(effect.ref)
        )
        container.waiter.start()

    def _own(self, effect: StartProcess) -> dict[str, str]:
        url = self.environment.get("AWS_ENDPOINT_URL")
        return {"ECS_CONTAINER_METADATA_URI_V4": metadata_uri(url, effect.ref)} if url else {}

    def _wait(self, container: ContainerProcess) -> None:
        """Wait for a container's end: its first process, the rest of its session, its last output."""
        output = container.process.stdout
        reader = (
            threading.Thread(target=self._read, args=(container.ref, output), daemon=True) if output else None
        )
        if reader:
            reader.start()
        known = await_end(container.process)
        with container.lock:
            kill_session(container.process.pid)
            waited = container.process.wait()
            container.ended = True
        if reader:
            reader.join(LAST_OUTPUT)
        shutil.rmtree(container.directory, ignore_errors=True)
        with self._lock:
            del self._running[container.ref]
        code = waited if known else CODE_LOST
        self._report(Exited(container.ref, code if code >= 0 else 128 - code, container.out_of_memory))

    def _weigh(self) -> None:
        """Kill containers that use more memory than they may, until no container has a limit."""
        while True:
            with self._lock:
                limited = [one for one in self._running.values() if one.memory is not None]
                if not limited:
                    self._weigher = None
                    return
            processes = sessions()
            for one in limited:
                if exceeds(processes.get(one.process.pid, ()), (one.memory or 0) * MIB):
                    one.out_of_memory = True
                    one.send("KILL")
            time.sleep(WEIGHED_EVERY)

    def _read(self, ref: Ref, output: IO[bytes]) -> None:
        rest = b""
        with output:
            while chunk := os.read(output.fileno(), CHUNK):
                *lines, rest = (rest + chunk).split(b"\n")
                whole = len(rest) // EVENT * EVENT
                self._print(ref, [*lines, rest[:whole]])
                rest = rest[whole:]
        self._print(ref, [rest])

    def _print(self, ref: Ref, lines: Iterable[bytes]) -> None:
        parts = tuple(part for line in lines for part in _parts(line.rstrip(b"\r")))
        if parts:
            self._report(Printed(ref, parts))


def _parts(line: bytes) -> Iterator[str]:
    """The log events of a line."""
    for at in range(0, len(line), EVENT):
        yield line[at : at + EVENT].decode("utf-8", "replace")


def await_end(process: subprocess.Popen[bytes]) -> bool:
    """Wait until a process ends, without reaping it; returns whether its exit code is still available.

    The program around us may reap it first, through `os.wait()` or by ignoring SIGCHLD. Then the exit code is
    lost, and Popen would report 0.
    """
    if sys.platform == "darwin":  # no waitid before Python 3.13: the process is reaped at once
        process.wait()
        return True
    try:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def kill_session(leader: int) -> None:
    """Kill all processes of the session that this process leads or, if it was just reaped, led.

    A task of Airflow moves into a process group of its own, so killing the leader's group would miss the
    task.
    """
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
    for pid in _session(leader):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _session(leader: int) -> Iterator[int]:
    """The ids of a session's processes except its leader; empty without /proc."""
    for entry in os.listdir("/proc") if os.path.isdir("/proc") else []:
        if entry.isdecimal() and int(entry) != leader:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if os.getsid(int(entry)) == leader:
                    yield int(entry)
