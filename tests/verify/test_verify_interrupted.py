"""Ctrl-C, at any moment: a real process gets SIGINT, and leaves nothing running and nothing stored.

Law: the first starts an interpreter; the others are forks of one that has imported Airflow (`e2e/warm.py`).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.each_line import not_heard
from verify.conftest import BUCKET

if TYPE_CHECKING:
    from verify.conftest import Account

pytestmark = pytest.mark.waits


def running(account: Account) -> bool:
    """Whether a container of ours runs."""
    return bool(account.aws.processes())


def asked(account: Account) -> bool:
    """Whether RunTask was called, and not answered yet."""
    return "ecs.RunTask" in account.aws.calls()


def submitted(account: Account) -> bool:
    """Whether Batch has a job."""
    return bool(account.aws.jobs())


def waits_at_its_cell(account: Account) -> bool:
    """Whether the warm container has a cell."""
    return any("/cells/" in key for key in account.aws.objects(BUCKET))


@pytest.mark.parametrize(
    ("section", "moment", "number"),
    [
        ("ecs_fargate", asked, signal.SIGINT),
        ("ecs_fargate", running, signal.SIGTERM),
        ("batch", submitted, signal.SIGINT),
        ("ecs_fargate", waits_at_its_cell, signal.SIGINT),
    ],
)
def test_an_interruption_leaves_nothing(
    account: Account,
    warm_python: Path,
    section: str,
    moment: Callable[[Account], bool],
    number: signal.Signals,
) -> None:
    if moment is asked:
        account.aws.faults.hang("RunTask", 1.5, times=8)  # carried out, and answered after the signal
    account.set(section, WARM_IDLE="120")
    if moment is submitted:
        account.aws.faults.delays(queueing=(0.5, 0.5), provision=(1.0, 1.0))
    python = Path(sys.executable) if moment is asked else warm_python
    with verify(account, section, python) as process:
        until(lambda: moment(account))
        process.send_signal(number)
        said, _ = process.communicate(timeout=100)
    assert process.returncode == 130, said
    assert "Interrupted" in (account.folder / "cut.md").read_text()
    assert account.left() == [], said


def test_one_more_interruption_ends_the_waiting_and_what_may_run_is_named(
    account: Account, warm_python: Path
) -> None:
    def all_asked_to_stop() -> bool:
        return all(task["desiredStatus"] == "STOPPED" for task in account.aws.tasks())

    with verify(account, "ecs_fargate", warm_python) as process:
        until(lambda: running(account))
        account.aws.faults.delays(deprovision=(600.0, 600.0))
        process.send_signal(signal.SIGINT)
        until(all_asked_to_stop)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 130, said
    told = (account.folder / "cut.md").read_text()
    ends = [task["taskArn"] for task in account.aws.tasks() if task["lastStatus"] != "STOPPED"]
    assert ends
    assert [arn for arn in ends if f"{arn} (" not in told] == []
    assert "nobody waited for its end" in told


INTERRUPTED = """
import signal, sys
from types import SimpleNamespace
from aws_executors.verify.drive import Drive
from aws_executors.verify.proof.programs import MEMORY
from aws_executors.verify.run import interruptions
from support.each_line import unheard

class Waiting(Drive):
    def __post_init__(self):
        self.engines, self.first, self.second, self.events = [], *[SimpleNamespace(start=int)] * 3
    def _over(self, trace):
        return False
    def _run_due(self):
        self.say(sys._getframe(1))

def run(begin):
    with interruptions() as heard:
        traces = {"one": SimpleNamespace(case=MEMORY)}
        Waiting(setup=None, traces=traces, interruption=heard, say=begin, seconds=60).run()

print(*unheard(signal.SIGINT, run))
"""


def test_an_interruption_is_heard_before_whichever_line_of_the_waiting_it_comes(tmp_path: Path) -> None:
    """Also within a lock that is taken for it. The drive is real, without anything to drive."""
    assert not_heard(INTERRUPTED, tmp_path) == "\n"


@contextmanager
def verify(account: Account, section: str, python: Path) -> Iterator[subprocess.Popen[str]]:
    """The command as a process, which ends with the block."""
    process = subprocess.Popen(
        [python, "-m", "aws_executors.cli", "verify", "--section", section, "--yes", "--report", "cut.md"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ.copy(),
        cwd=account.folder,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def until(so: Callable[[], bool]) -> None:
    """Wait for it, or fail."""
    deadline = time.monotonic() + 60
    while not so():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.02)
