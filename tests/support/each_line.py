"""Send a signal before each of the first lines of a wait, each to a fork of its own, which must end."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from types import FrameType
from typing import Any

TESTS = Path(__file__).parents[1]
LINES = range(1, 25)


def not_heard(program: str, place: Path) -> str:
    """The output of a program that calls `unheard`, run by a Python without other threads."""
    paths = os.pathsep.join([str(TESTS.parent / "src"), str(TESTS)])
    done = subprocess.run(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
        cwd=place,
        timeout=100,
        check=True,
    )
    return done.stdout


def unheard(
    number: signal.Signals,
    run: Callable[[Callable[[FrameType], None]], object],
    meanwhile: Callable[[Collection[int]], None] = lambda forks: None,
) -> list[int]:
    """The lines before which the signal does not make `run` end with 0.

    `run` gets a function, which it must call with the frame that waits, just before the wait; lines are
    counted from there, including those of functions that the frame calls. `meanwhile` gets the forks.
    """
    forks: dict[int, int] = {}
    for line in LINES:
        if not (fork := os.fork()):
            signal.alarm(30)
            os._exit(int(bool(run(_Countdown(line, number).begin))))
        forks[fork] = line
    meanwhile(forks)
    return [line for fork, line in forks.items() if os.waitpid(fork, 0)[1]]


class _Countdown:
    def __init__(self, lines: int, number: signal.Signals) -> None:
        self.lines, self.number = lines, number

    def begin(self, frame: FrameType) -> None:
        frame.f_trace = self.traced
        sys.settrace(self.traced)

    def traced(self, frame: FrameType, event: str, _: Any) -> Any:
        self.lines -= event == "line"
        if event == "line" and not self.lines:
            signal.raise_signal(self.number)
        return self.traced
