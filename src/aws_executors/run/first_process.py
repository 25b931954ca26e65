"""The container's first process: it imports everything but user code, and runs the workload in a fork.

Law: never imports user code. It waits for the fork, forwards signals to it, reaps orphans (it may be process
1), and exits as the fork did. `StoppedError` is a stop that arrives before any task has started.
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


class StoppedError(BaseException):
    """The platform stops the container, and no task has started.

    Not an `Exception`, so that no handler of Airflow or of a client keeps the container up.
    """


def say(words: str) -> None:
    """Write one line to what the platform collects as the container's log."""
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
    _keep_ends()
    signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)


def _keep_ends() -> None:
    """Nobody would be told how a child ends where whatever has started this process ignores it (``trap ''
    CHLD``)."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)


class NoForkError(AwsExecutorsError):
    """No process can be made here now."""


def fork(run: Callable[[], int], begun: Callable[[], None] | None = None) -> int:
    """Run this in a fork and wait for it; returns its exit code, or 128 + n if signal n ended it.

    `begun` is called here once the fork has been made, and so may start threads. Raises `NoForkError`.
    """
    _keep_ends()
    signal.pthread_sigmask(signal.SIG_BLOCK, PASSED_ON)
    try:
        child = os.fork()
    except OSError as error:  # no memory, no process
        raise NoForkError(str(error)) from error
    if child == 0:
        _be_the_child(run)
    _pass_on(child)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)
    if begun is not None:
        begun()
    return _reaped(child)


def _be_the_child(run: Callable[[], int]) -> None:
    code: int = Exit.INFRASTRUCTURE  # what is true if it is told to stop before it runs anything
    try:
        stop_at_once()  # until Airflow's supervisor, which then has a task, handles the signals
        signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)
        code = 1
        code = run()
    finally:
        leave(code)


def leave(code: int) -> NoReturn:
    """End a fork with this exit code, whatever it has left undone."""
    with suppress(OSError, ValueError):  # whoever read it may be gone
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _pass_on(child: int) -> None:
    def forward(number: int, frame: FrameType | None) -> None:
        try:
            os.kill(child, number)  # first: finding out the reason takes time, of which the task has little
        except ProcessLookupError:
            return  # it has ended at this moment
        say(f"{signal.Signals(number).name}: {stop_cause.why()}; passed on to the task")

    for number in PASSED_ON:
        signal.signal(number, forward)


def _reaped(child: int) -> int:
    while True:
        pid, status = os.wait()  # also reaps orphans of the task, if this is process 1
        if pid == child:
            for number in PASSED_ON:
                signal.signal(number, signal.SIG_IGN)  # no process is left to forward them to
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
