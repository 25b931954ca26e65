"""A warm container, as a process, that the platform stops: it ends in good time, with exit code 0."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from aws_executors.core.lifecycle.launcher_exit_codes import Exit
from aws_executors.core.warm.cell import Served, Word
from aws_executors.local import LocalAws
from aws_executors.run.warm.serving import OFTEN
from run.warm_world import BUCKET, KEY, Process, cloud, container

pytestmark = pytest.mark.waits

WAITS = """
import os, time
try:
    open({proof!r}, "w").close()
    time.sleep(600)
except BaseException as error:
    exit_code = {code}
    print("told of", error)
"""


@pytest.fixture
def aws() -> Iterator[LocalAws]:
    with cloud() as up:
        yield up


@pytest.fixture
def warm(aws: LocalAws, warm_python: Path, tmp_path: Path) -> Iterator[Process]:
    with container(aws, warm_python, tmp_path) as one:
        yield one


def running(warm: Process, code: int) -> None:
    """Give it a workload, and wait until that runs."""
    proof = warm.place / "proof"
    warm.cell.until_word(Word.IDLE)
    warm.cell.offer("a", WAITS.format(proof=str(proof), code=code))
    until = time.monotonic() + 40
    while not proof.exists():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_while_it_waits(warm: Process, number: signal.Signals) -> None:
    warm.cell.until_word(Word.IDLE)
    began = time.monotonic()
    assert warm.stop(number) == 0
    assert time.monotonic() - began < 20
    assert (warm.cell.now.word, warm.why) == (
        Word.CLOSED,
        f"{number.name}: the platform stops this container",
    )


def test_a_container_that_was_paused_goes_on(aws: LocalAws, tmp_path: Path) -> None:
    with container(aws, Path(sys.executable), tmp_path) as itself:  # `warm` is one that stands for a fork
        itself.cell.until_word(Word.IDLE)
        for _ in range(3):
            itself.process.send_signal(signal.SIGSTOP)
            time.sleep(OFTEN + 0.1)
            itself.process.send_signal(signal.SIGCONT)
            time.sleep(0.1)
        assert itself.serves("a") == 0


@pytest.mark.parametrize("code", [0, Exit.INFRASTRUCTURE])
def test_while_a_workload_runs_which_is_told_and_ends_as_it_will(warm: Process, code: int) -> None:
    running(warm, code)
    assert warm.stop() == 0
    assert (warm.cell.now.word, warm.cell.now.served) == (Word.CLOSED, (Served("a", code),))
    assert any("SIGTERM" in line and "passed on to the task" in line for line in warm.said)


def test_while_its_cell_can_not_be_reached(aws: LocalAws, warm: Process) -> None:
    warm.cell.until_word(Word.IDLE)
    aws.faults.deny_bucket(BUCKET)
    time.sleep(1.5)
    began = time.monotonic()
    assert warm.stop() == 0
    assert time.monotonic() - began < 25
    assert "could not be reached" in warm.why


def test_a_kill_leaves_the_workload_taken(aws: LocalAws, warm: Process) -> None:
    running(warm, 0)
    assert warm.stop(signal.SIGKILL) == -signal.SIGKILL
    assert warm.cell.now.word is Word.TAKEN
    assert KEY in aws.objects(BUCKET)
