"""Run one workload of many in a fork, so that nothing of it is left for the next one.

Law: this process never runs user code. The fork has a process group and a temporary folder of its own;
environment, modules and working directory are its own by being a fork. Signals are blocked in this process
(`first_process.block_signals`) and fetched where it waits, so that none is lost between two steps.
"""

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_executors.core.lifecycle.launcher_exit_codes import Exit
from aws_executors.run import leftovers, stop_cause
from aws_executors.run.first_process import PASSED_ON, WATCHED, leave, reaped, say, stop_at_once

if TYPE_CHECKING:
    from aws_executors.core.cost.measured import Measured
    from aws_executors.run.usage import Meter

CLEAN = b"clean"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a workload has ended: its exit code, why no other one should run here (or nothing), the signal by
    which the platform has told this container meanwhile to stop (or nothing), and what was measured of it, as
    JSON (or nothing)."""

    exit_code: int
    unfit: str = ""
    stopped: str = ""
    used: str = ""


def told_to_stop(seconds: float) -> str:
    """Wait so long; the signal by which the platform has told this container to stop, or nothing."""
    # Not in `sigtimedwait`: where a pause of the container interrupts that until its time is over, CPython
    # returns what happens to stand in memory, which may be SIGTERM's number.
    time.sleep(max(0.0, seconds))
    told = signal.sigtimedwait(PASSED_ON, 0)
    return "" if told is None else signal.Signals(told.si_signo).name


def run_apart(run: Callable[[], tuple[int, bool]], *, usage: bool = False) -> Ended:
    """Run this in a fork, and remove what it leaves.

    `run` returns an exit code and whether the task's process has ended by itself. With `usage`, say what was
    used.
    """
    began = time.monotonic()
    meter = _meter() if usage else None
    try:
        then = leftovers.before()
        folder = tempfile.mkdtemp(prefix="workload-")
        child, told = _forked(run, folder)
    except OSError as error:  # no memory, no process, no disk: another container may have it
        return Ended(Exit.INFRASTRUCTURE, f"a workload could not be started ({error})")
    if meter is not None:
        meter.watch()
    code, stopped = _followed(child)
    measured = None if meter is None else _reported(meter)
    with open(told, "rb", buffering=0) as pipe:  # whatever still has the other end: nothing is waited for
        clean = pipe.read(len(CLEAN)) == CLEAN
    unfit = leftovers.removed(then, folder)  # whatever its end was: nothing of it may go on
    used = "" if measured is None else _record(measured, time.monotonic() - began)
    return Ended(code, _why_not(code, clean) or unfit, stopped, used)


def _meter() -> "Meter":
    from aws_executors.run.usage import Meter  # what it imports is not paid for where nothing is measured

    return Meter(alone=False)


def _reported(meter: "Meter") -> "Measured":
    from aws_executors.run.usage_report import report_usage

    return report_usage(meter, None, None)


def _record(measured: "Measured", seconds: float) -> str:
    """What its cell says of it: what was measured, and how long the container was taken for it."""
    return measured.model_copy(update={"seconds": round(seconds, 2)}).model_dump_json(exclude_none=True)


def _forked(run: Callable[[], tuple[int, bool]], folder: str) -> tuple[int, int]:
    """The fork's process id, and where it says that its end was clean."""
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        _be_the_child(run, folder, write_end)
    os.close(write_end)
    return child, read_end


def _be_the_child(run: Callable[[], tuple[int, bool]], folder: str, told: int) -> None:
    code: int = Exit.INFRASTRUCTURE  # what is true if it is told to stop before it runs anything
    try:
        os.setpgid(0, 0)
        os.environ["TMPDIR"] = folder
        tempfile.tempdir = None  # what the parent has found does not count here
        stop_at_once()  # until Airflow's supervisor, which then has a task, handles the signals
        signal.pthread_sigmask(signal.SIG_UNBLOCK, WATCHED)
        code = 1
        code, clean = run()
        if clean:
            os.write(told, CLEAN)
    finally:
        leave(code)


def _followed(child: int) -> tuple[int, str]:
    """Wait for the fork's end; its exit code, or 128 + n if signal n ended it, and by which signal it was
    stopped."""
    stopped = ""
    while True:
        number = signal.sigwaitinfo(WATCHED).si_signo
        if number in PASSED_ON:
            os.kill(child, number)  # first: finding out the reason takes time, of which the task has little
            stopped = signal.Signals(number).name
            say(f"{stopped}: {stop_cause.why()}; passed on to the task")
            continue
        if (code := reaped(child)) is not None:  # orphans of the workload end here, too
            return code, stopped


def _why_not(code: int, clean: bool) -> str:
    if code > 128:
        return f"a workload was ended by signal {code - 128}"
    if code != Exit.RAN:
        return f"a workload has ended with exit code {code}"
    return "" if clean else "a task's process was ended by a signal"
