"""Run one workload of many in a fork, so that it leaves nothing for the next one.

Law: this process never runs user code. The fork has its own temporary folder and, unless there is a terminal,
its own process group; as a fork it has its own environment, modules and working directory. Signals are kept
in this process (`first_process.keep_signals`) and fetched whenever it waits, so that none is lost in between.
"""

import os
import signal
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_executors.core.lifecycle.launcher_exit_codes import Exit
from aws_executors.run.first_process import PASSED_ON, followed, forked, signals
from aws_executors.run.warm import leftovers

if TYPE_CHECKING:
    from aws_executors.core.cost.measured import Measured
    from aws_executors.run.usage.meter import Meter

CLEAN = b"clean"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a workload has ended: its exit code, why no other workload should run in this container, the stop
    signal that the platform has sent meanwhile, and what was measured, as JSON; an empty text for none."""

    exit_code: int
    unfit: str = ""
    stopped: str = ""
    used: str = ""


def told_to_stop(seconds: float) -> str:
    """Wait so long, or until the platform sends a stop signal; returns its name, or an empty text."""
    until = time.monotonic() + seconds
    while True:
        left = max(0.0, until - time.monotonic())
        come = signals(left)
        for number in come:
            if number in PASSED_ON:
                return signal.Signals(number).name
        if not (come or left):  # a stop may come after the ends of many children
            return ""


def run_apart(run: Callable[[], tuple[int, bool]], *, usage: bool = False) -> Ended:
    """Run this in a fork, and remove what it leaves; with `usage`, measure what it used.

    `run` returns an exit code and whether the task's process has ended by itself.
    """
    began = time.monotonic()
    meter = _meter() if usage else None
    try:
        then = leftovers.before()
        folder = tempfile.mkdtemp(prefix="workload-")
        child, told = _forked(run, folder)
    except OSError as error:  # no memory, no process, no disk: another container may run it
        return Ended(Exit.INFRASTRUCTURE, f"a workload could not be started ({error})")
    if meter is not None:
        meter.watch()
    code, stopped = followed(child)
    measured = None if meter is None else _reported(meter)
    with open(told, "rb", buffering=0) as pipe:  # never waits, even if a process has the other end open
        clean = pipe.read(len(CLEAN)) == CLEAN
    unfit = leftovers.removed(then, folder)  # however the workload ended, none of its processes may go on
    used = "" if measured is None else _record(measured, time.monotonic() - began)
    return Ended(code, _why_not(code, clean) or unfit, stopped, used)


def _meter() -> "Meter":
    from aws_executors.run.usage.meter import Meter  # imported only if usage is measured

    return Meter(alone=False)


def _reported(meter: "Meter") -> "Measured":
    from aws_executors.run.usage.report import report_usage

    return report_usage(meter, None, None)


def _record(measured: "Measured", seconds: float) -> str:
    """The cell's record of a workload: what was measured, and how long the workload took the container."""
    return measured.model_copy(update={"seconds": round(seconds, 2)}).model_dump_json(exclude_none=True)


def _forked(run: Callable[[], tuple[int, bool]], folder: str) -> tuple[int, int]:
    """Fork; returns the fork's process id, and the pipe into which it writes that its end was clean."""
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)

    def apart() -> int:
        os.close(read_end)
        os.environ["TMPDIR"] = folder
        tempfile.tempdir = None  # drops the parent's folder
        code, clean = run()
        if clean:
            os.write(write_end, CLEAN)
        return code

    child = forked(apart)
    os.close(write_end)
    return child, read_end


def _why_not(code: int, clean: bool) -> str:
    if code > 128:
        return f"a workload was ended by signal {code - 128}"
    if code != Exit.RAN:
        return f"a workload has ended with exit code {code}"
    return "" if clean else "a task's process was ended by a signal"
