"""The container's first process: it imports everything but user code, and runs the workload in a fork.

Law: never imports user code. It waits for the fork, forwards signals to it, reaps orphans (it may be process
1), and exits as the fork did, even if the log cannot be written. `StoppedError` is a stop that arrives before
Airflow's supervisor handles signals.
"""

import os
import select
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import NoReturn

from aws_executors.core.errors import AwsExecutorsError
from aws_executors.core.lifecycle.launcher_exit_codes import Exit
from aws_executors.run import stop_cause

PASSED_ON = (signal.SIGTERM, signal.SIGINT)
WATCHED = (*PASSED_ON, signal.SIGCHLD)

UNWRITTEN = (OSError, ValueError, AttributeError)
"""The exceptions that writing raises if the log's disk is full, its reader is gone, or there is no log."""


class StoppedError(BaseException):
    """The platform stops the container before Airflow's supervisor handles signals.

    Not an `Exception`, so that no handler of Airflow or of a client keeps the container running.
    """


def say(words: str) -> None:
    """Write one line to standard error, which the platform collects as the container's log, if possible."""
    with suppress(*UNWRITTEN):
        sys.stderr.write(f"aws_executors.run: {' '.join(words.split())}\n")
        sys.stderr.flush()


def flush() -> None:
    """Flush standard output and standard error, if they can be written."""
    for name in ("stdout", "stderr"):
        with suppress(*UNWRITTEN):
            getattr(sys, name).flush()


def stop_at_once() -> None:
    """From now on, the first stop signal raises `StoppedError`; later ones do nothing."""

    def stop(number: int, frame: FrameType | None) -> None:
        ignore_stops()  # a second signal would interrupt the handling of the first, and change the exit code
        raise StoppedError(signal.Signals(number).name)

    for number in PASSED_ON:
        signal.signal(number, stop)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)  # the parent process may have blocked them


def ignore_stops() -> None:
    """From now on, a stop signal does nothing: this process is about to end."""
    for number in PASSED_ON:
        signal.signal(number, signal.SIG_IGN)


_pipe: list[int] = []
"""The pipe for the numbers of signals: its read end and its write end."""


def keep_signals() -> None:
    """From now on, stop signals and the ends of children are kept until `signals` fetches them.

    Each signal only writes its number into a pipe, whichever thread receives it: no signal that comes just
    before a wait is missed, and none interrupts the handling of another. Blocking the signals would not be
    enough: a thread that a profiler has started before would receive them. Raises OSError.
    """
    if not _pipe:
        _pipe.extend(os.pipe())
    for end in _pipe:
        os.set_blocking(end, False)
    signal.set_wakeup_fd(_pipe[1])
    for number in WATCHED:
        signal.signal(number, _nothing)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, WATCHED)  # the parent process may have blocked them


def _nothing(number: int, frame: FrameType | None) -> None:
    """The handler of kept signals: does nothing, as Python itself writes the number into the pipe."""


def signals(seconds: float | None = None) -> bytes:
    """The numbers of the signals since the last call; waits up to `seconds` for the first one."""
    return os.read(_pipe[0], 64) if readable(_pipe[0], seconds) else b""


def readable(file: int, seconds: float | None) -> bool:
    """Wait up to `seconds` until this file can be read; returns whether it can."""
    poll = select.poll()  # `select` takes no file with a number above 1023
    poll.register(file, select.POLLIN)
    return bool(poll.poll(None if seconds is None else seconds * 1000))


class NoForkError(AwsExecutorsError):
    """No process can be started here now."""


def fork(run: Callable[[], int], begun: Callable[[], None] | None = None) -> int:
    """Run this in a fork and wait for it; returns its exit code, or 128 + n if signal n ended it.

    `begun` is called here once the fork has been made, and so may start threads. Raises `NoForkError`.
    """
    try:
        keep_signals()
        child = forked(run)
    except OSError as error:  # no memory, no process
        raise NoForkError(str(error)) from error
    if begun is not None:
        begun()
    return followed(child)[0]


def forked(run: Callable[[], int]) -> int:
    """Run this in a fork, and leave with the exit code that it returns; the fork's process id. Raises
    OSError."""
    flush()  # else both processes would write the buffered output
    signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)  # until the fork has set its own handlers
    try:
        child = os.fork()
        if child == 0:
            _be_the_child(run)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, WATCHED)
    return child


def _be_the_child(run: Callable[[], int]) -> None:
    code: int = Exit.INFRASTRUCTURE  # the exit code if a stop comes before anything runs
    try:
        signal.set_wakeup_fd(-1)
        for end in _pipe:
            os.close(end)
        if sys.platform == "linux" and not _has_terminal():
            # A stop may be sent to a whole group of processes (by dumb-init in Airflow's image): in the same
            # group, the task would get it a second time from its parent, and `on_kill` be called twice.
            os.setpgid(0, 0)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGCHLD,))
        stop_at_once()  # until Airflow's supervisor has started the task and handles the signals itself
        code = run()
    except StoppedError:
        pass  # while `run` runs, it handles a stop itself
    except BaseException:  # noqa: BLE001 - reported by the exit code
        code = 1
    finally:
        leave(code)


def _has_terminal() -> bool:
    """Whether a terminal controls this process (``pseudoTerminal``, ``docker run -t``): a terminal suspends a
    background process group for good as soon as one of its processes asks for a password."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY))
    except OSError:
        return False
    return True


def leave(code: int) -> NoReturn:
    """End this process at once with this exit code, without Python's own clean-up."""
    ignore_stops()
    flush()
    os._exit(code)


def followed(child: int) -> tuple[int, str]:
    """Wait for a fork's end; returns its exit code, or 128 + n if signal n ended it, and the name of the stop
    signal that the platform has sent meanwhile, or an empty text."""
    stopped = ""
    while (code := _reaped(child)) is None:
        for number in signals():
            if number in PASSED_ON:
                # First of all: the task has little time, and finding out the reason would take some of it.
                os.kill(child, number)
                stopped = signal.Signals(number).name
                say(f"{stopped}: {stop_cause.why()}; passed on to the task")
    return code, stopped


def _reaped(child: int) -> int | None:
    """Reap the children that have ended, and orphans of the task if this is process 1; returns the exit code
    of `child`, or None while it runs."""
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG)) != (0, 0):
            if ended[0] == child:
                code = os.waitstatus_to_exitcode(ended[1])
                return code if code >= 0 else 128 - code
    return None
