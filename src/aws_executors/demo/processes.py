"""Start, watch and end processes, each in a session of its own.

Law: knows nothing of Airflow or AWS. A process ends together with everything that it has started. Children
may leave their parent's process group (Airflow's do), but not its session, so the whole session is ended. A
process that was not started here is never signalled.
"""

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain, count
from pathlib import Path
from types import FrameType, TracebackType
from typing import TypeVar

import psutil

from aws_executors.core.errors import AwsExecutorsError

T = TypeVar("T")

GRACE = 4.0  # seconds between SIGTERM and SIGKILL
INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
TAIL = 30  # lines of a log that are shown with an error


class ProcessDiedError(AwsExecutorsError):
    """A process that should still run has ended."""


class NotReadyError(AwsExecutorsError):
    """Something did not happen in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A process that was started here, and its log, from the offset `since` (bytes) of the file on."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path
    since: int = 0

    @property
    def pid(self) -> int:
        return self.popen.pid

    def check(self) -> None:
        """Raise ProcessDiedError, with the end of the log, if the process has ended."""
        if (code := self.popen.poll()) is not None:
            raise ProcessDiedError(f"{self.name} ended with exit code {code}\n{tail(self.log)}")

    def said(self) -> str:
        """Everything that the process has written so far."""
        return end_of(self.log, self.since)

    def signal(self, number: signal.Signals) -> None:
        """Signal only the process itself."""
        self.popen.send_signal(number)

    def kill(self) -> None:
        """Kill the process and everything in its session at once, as a crash would."""
        kill_and_reap(self.popen)


@dataclass(slots=True)
class Deployment:
    """Processes with one environment and one folder of logs, all of which end when the block ends.

    >>> import tempfile
    >>> with Deployment(environment={"PATH": "/usr/bin:/bin"}, logs=Path(tempfile.mkdtemp())) as deployment:
    ...     sleeper = deployment.start("sleeper", ["sleep", "60"])
    ...     sleeper.popen.poll() is None
    True
    >>> sleeper.popen.returncode == -signal.SIGTERM
    True
    """

    environment: Mapping[str, str]
    logs: Path
    processes: dict[str, Process] = field(default_factory=dict)

    def __enter__(self) -> "Deployment":
        self.logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, name: str, command: Sequence[str], **environment: str) -> Process:
        """Start a command under a name. A name whose process has ended may be used again; its log is
        continued."""
        log = self.logs / f"{name}.log"
        with log.open("ab") as output:
            since = output.seek(0, os.SEEK_END)
            popen = subprocess.Popen(  # noqa: S603 - the commands are ours
                command,
                env={**self.environment, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.processes[name] = Process(name=name, popen=popen, log=log, since=since)
        return self.processes[name]

    def finish(self, process: Process) -> None:
        """Wait for a process that ends by itself; ProcessDiedError if its exit code is not 0."""
        if process.popen.wait() != 0:
            process.check()
        del self.processes[process.name]

    def check(self) -> None:
        """Raise ProcessDiedError if any process has ended."""
        for process in self.processes.values():
            process.check()

    def wait_for(self, what: str, ready: Callable[[], T | None], *, timeout: float, every: float = 0.1) -> T:
        """Call `ready` every `every` seconds until its result is not None, and return that.

        Raises NotReadyError after `timeout` seconds, and ProcessDiedError if a process has ended.
        """
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            self.check()
            if (answer := ready()) is not None:
                return answer
            time.sleep(every)
        logs = "\n".join(f"--- {process.log}\n{tail(process.log)}" for process in self.processes.values())
        raise NotReadyError(f"{what}: not within {timeout:.0f} s\n{logs}")

    def stop(self, *names: str) -> None:
        """End the named processes (by default all): SIGTERM, then SIGKILL for what remains."""
        ending = [self.processes.pop(name) for name in names or tuple(self.processes)]
        end_sessions([process.popen for process in ending])


@contextmanager
def own_folder(logs: Path) -> Iterator[Path]:
    """A folder for logs that no other demo uses while the block lasts: this one or, if another demo uses it,
    one below it. OSError if it cannot be made."""
    folders = chain([logs], (logs / str(number) for number in count(2)))
    with ExitStack() as stack:
        yield next(folder for folder in folders if taken(folder, stack))


def taken(folder: Path, stack: ExitStack) -> bool:
    """Take a folder until the stack is left; False if another demo has it."""
    folder.mkdir(parents=True, exist_ok=True)
    opened = os.open(folder, os.O_RDONLY)
    stack.callback(os.close, opened)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def tail(log: Path, lines: int = TAIL) -> str:
    """The last lines of a file, or nothing if it does not exist."""
    with suppress(FileNotFoundError):
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    return ""


def end_of(log: Path, offset: int) -> str:
    """What was written to a file after an offset in bytes."""
    with log.open("rb") as file:
        file.seek(offset)
        return file.read().decode(errors="replace")


def session_of(leader: int) -> list[psutil.Process]:
    """The running processes of a session, without zombies."""
    return [process for process in psutil.process_iter() if in_session(process, leader)]


def in_session(process: psutil.Process, leader: int) -> bool:
    """Whether a process belongs to a session and is running."""
    try:
        return os.getsid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, PermissionError, psutil.Error):
        return False


def end_sessions(leaders: Sequence[subprocess.Popen[bytes]]) -> None:
    """Send SIGTERM to each session's leader; after the grace period, SIGKILL to everything that is left."""
    for leader in leaders:
        leader.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + GRACE
    for leader in leaders:
        with suppress(subprocess.TimeoutExpired):
            leader.wait(max(0.0, deadline - time.monotonic()))
    for leader in leaders:
        kill_and_reap(leader)


def kill_and_reap(leader: subprocess.Popen[bytes]) -> None:
    """Send SIGKILL to every process of a session, and wait until they have ended."""
    members = session_of(leader.pid)
    for member in members:
        with suppress(psutil.NoSuchProcess):
            member.kill()
    with suppress(subprocess.TimeoutExpired):  # an interrupt may have left Popen's own lock taken for ever
        leader.wait(GRACE)
    psutil.wait_procs(members, timeout=GRACE)


def left_behind(mark: str) -> list[str]:
    """The command lines of running processes that have `mark` in a value of their environment."""
    return sorted(found for process in psutil.process_iter() for found in marked(process, mark))


def marked(process: psutil.Process, mark: str) -> Iterator[str]:
    """The process's id and command line, if it has the mark."""
    with suppress(psutil.Error):
        if process.pid != os.getpid() and any(mark in value for value in process.environ().values()):
            yield f"{process.pid} {' '.join(process.cmdline())}"


@contextmanager
def interruptible() -> Iterator[None]:
    """Make SIGTERM and SIGHUP end the block like Ctrl-C, so that clean-up runs; restores the handlers
    afterwards."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in INTERRUPTS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
