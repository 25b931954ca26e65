"""The container's first process: it imports everything but user code, and runs the workload in a fork.

Law: never imports user code. It waits for the fork, forwards signals to it, reaps orphans (it may be process
1), and exits as the fork did. A log that cannot be written changes nothing of that. `StoppedError` is a stop
that arrives before any task has started.
"""

import os
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
"""What is raised where a log is full, whoever read it is gone, or there is none."""


class StoppedError(BaseException):
    """The platform stops the container, and no task has started.

    Not an `Exception`, so that no handler of Airflow or of a client keeps the container up.
    """


def say(words: str) -> None:
    """Write one line to what the platform collects as the container's log, if that takes it."""
    with suppress(*UNWRITTEN):
        sys.stderr.write(f"aws_executors.run: {' '.join(words.split())}\n")
        sys.stderr.flush()


def stop_at_once() -> None:
    """From now on, a stop signal raises `StoppedError`."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise StoppedError(signal.Signals(number).name)

    for number in PASSED_ON:
        signal.signal(number, stop)


def block_signals() -> None:
    """From now on, stop signals wait until they are fetched; children that end are told of, too."""
    # Nobody would be told how a child ends where whatever has started this process ignores it (``trap ''
    # CHLD``).
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)


class NoForkError(AwsExecutorsError):
    """No process can be made here now."""


def fork(run: Callable[[], int], begun: Callable[[], None] | None = None) -> int:
    """Run this in a fork and wait for it; returns its exit code, or 128 + n if signal n ended it.

    `begun` is called here once the fork has been made, and so may start threads. Raises `NoForkError`.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
    try:
        told, writing = os.pipe()
        _write_signals(writing)
        child = os.fork()
    except OSError as error:  # no memory, no process
        raise NoForkError(str(error)) from error
    if child == 0:
        _be_the_child(run, told, writing)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, WATCHED)
    if begun is not None:
        begun()
    return _followed(child, told)


def _write_signals(pipe: int) -> None:
    """From now on a signal writes its number there, whichever thread it comes to, and does nothing else.

    So none is missed that comes just before a wait, and none interrupts what is done about another one.
    """
    os.set_blocking(pipe, False)
    signal.set_wakeup_fd(pipe)
    for number in WATCHED:
        signal.signal(number, _nothing)


def _nothing(number: int, frame: FrameType | None) -> None:
    """What a signal does besides."""


def _be_the_child(run: Callable[[], int], *parents: int) -> None:
    code: int = Exit.INFRASTRUCTURE  # what is true if it is told to stop before it runs anything
    try:
        signal.set_wakeup_fd(-1)
        for pipe in parents:
            os.close(pipe)
        if sys.platform == "linux":
            # Whoever stops a container may tell a whole group of processes (dumb-init in Airflow's image):
            # the task would hear of it from there and from here, and `on_kill` be called twice.
            os.setpgid(0, 0)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        stop_at_once()  # until Airflow's supervisor, which then has a task, handles the signals
        signal.pthread_sigmask(signal.SIG_UNBLOCK, WATCHED)
        code = 1
        code = run()
    finally:
        leave(code)


def leave(code: int) -> NoReturn:
    """End a fork with this exit code, whatever it has left undone."""
    with suppress(*UNWRITTEN):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _followed(child: int, told: int) -> int:
    while True:
        for number in os.read(told, 64):
            if number in PASSED_ON:
                os.kill(
                    child, number
                )  # first: finding out the reason takes time, of which the task has little
                say(f"{signal.Signals(number).name}: {stop_cause.why()}; passed on to the task")
            elif (code := reaped(child)) is not None:
                return code


def reaped(child: int) -> int | None:
    """See off the children that have ended, and orphans of the task if this is process 1; the exit code of
    this one, or 128 + n if signal n ended it, and None as long as it runs."""
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG)) != (0, 0):
            if ended[0] == child:
                code = os.waitstatus_to_exitcode(ended[1])
                return code if code >= 0 else 128 - code
    return None
