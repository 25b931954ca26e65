"""Ctrl-C, at any moment: a real process gets SIGINT, and leaves nothing running and nothing stored."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from verify.conftest import Account

COMMAND = (sys.executable, "-m", "aws_executors.cli", "verify", "--section")


def running(account: Account) -> bool:
    """Whether a container of ours runs."""
    return bool(account.aws.processes())


def asked(account: Account) -> bool:
    """Whether RunTask was called, and not answered yet."""
    return "ecs.RunTask" in account.aws.calls()


def submitted(account: Account) -> bool:
    """Whether Batch has a job."""
    return bool(account.aws.jobs())


@pytest.mark.parametrize(
    ("section", "moment", "number"),
    [
        ("ecs_fargate", asked, signal.SIGINT),
        ("ecs_fargate", running, signal.SIGTERM),
        ("batch", submitted, signal.SIGINT),
    ],
)
def test_an_interruption_leaves_nothing(
    account: Account, section: str, moment: Callable[[Account], bool], number: signal.Signals
) -> None:
    if moment is asked:
        account.aws.faults.hang("RunTask", 1.5, times=8)  # carried out, and answered after the signal
    if moment is submitted:
        account.aws.faults.delays(queueing=(0.5, 0.5), provision=(1.0, 1.0))
    process = subprocess.Popen(
        [*COMMAND, section, "--yes", "--report", str(account.folder / "cut.md")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ.copy(),
        cwd=account.folder,
    )
    try:
        until = time.monotonic() + 60
        while not moment(account):
            assert time.monotonic() < until, "it never came to that"
            time.sleep(0.02)
        process.send_signal(number)
        said, _ = process.communicate(timeout=100)
    finally:
        process.kill()
    assert process.returncode == 130, said
    assert "Interrupted" in (account.folder / "cut.md").read_text()
    assert account.left() == [], said
