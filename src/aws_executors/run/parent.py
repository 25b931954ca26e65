"""The process that a container starts with: it has everything imported, and runs the workload in a fork.

Law: never imports a user's code; waits for the fork, passes signals on to it, reaps what is left to it (it
may be process 1), and ends as the fork ended. `StoppedError` is a stop that came when there was nothing to
stop.
"""

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType

from aws_executors.run import spot

PASSED_ON = (signal.SIGTERM, signal.SIGINT)


class StoppedError(BaseException):
    """The platform wants the container to end, and no task has begun.

    No `Exception`: what Airflow or a client does about those must not keep the container up.
    """


def say(words: str) -> None:
    """One line on what the platform collects as the container's log."""
    sys.stderr.write(f"aws_executors.run: {' '.join(words.split())}\n")
    sys.stderr.flush()


def stop_at_once() -> None:
    """From now on a stop raises `StoppedError`."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise StoppedError(signal.Signals(number).name)

    for number in PASSED_ON:
        signal.signal(number, stop)


def fork(run: Callable[[], int]) -> int:
    """Run this in a fork, and wait for it; its exit code, 128 + n where signal n ended it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, PASSED_ON)
    child = os.fork()
    if child == 0:
        _be_the_child(run)
    _pass_on(child)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)
    return _reaped(child)


def _be_the_child(run: Callable[[], int]) -> None:
    code = 1
    try:
        stop_at_once()  # until Airflow's supervisor, which has a task then, takes the signals over
        signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)
        code = run()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _pass_on(child: int) -> None:
    def forward(number: int, frame: FrameType | None) -> None:
        os.kill(child, number)  # first: to find out why takes time, and the task has little
        say(f"{signal.Signals(number).name}: {spot.why()}; passed on to the task")

    for number in PASSED_ON:
        signal.signal(number, forward)


def _reaped(child: int) -> int:
    while True:
        pid, status = os.wait()  # orphans of the task too, where this is process 1
        if pid == child:
            for number in PASSED_ON:
                signal.signal(number, signal.SIG_IGN)  # there is nobody left to tell
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
