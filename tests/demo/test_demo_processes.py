"""Processes end with all that they have started, are found out when they die, and signals end a block."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from aws_executors.demo.__main__ import main
from aws_executors.demo.processes import (
    Deployment,
    NotReadyError,
    ProcessDiedError,
    end_of,
    interruptible,
    left_behind,
    own_folder,
    session_of,
    tail,
)

# Starts a child in a process group of its own, as Airflow's supervisor does, and says so.
PARENT = (
    "import os, subprocess, time;"
    "subprocess.Popen(['sleep', '600'], process_group=0); print('started', flush=True); time.sleep(600)"
)
DEAF = (
    "import signal, time;"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN); print('started', flush=True); time.sleep(600)"
)


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return Deployment(environment={"PATH": os.environ["PATH"], "MARK": str(tmp_path)}, logs=tmp_path / "logs")


def started(log: Path) -> str | None:
    return tail(log) or None


def test_ends_what_its_children_started(deployment: Deployment, tmp_path: Path) -> None:
    with deployment:
        parent = deployment.start("parent", [sys.executable, "-c", PARENT])
        deployment.wait_for("the child", lambda: started(parent.log), timeout=60)
        members = session_of(parent.pid)
        assert len(members) == 2
        assert len({os.getpgid(member.pid) for member in members}) == 2
    assert left_behind(str(tmp_path)) == []


def test_two_that_run_at_once_have_logs_of_their_own(tmp_path: Path) -> None:
    """Each reads its own logs, and empties them before it begins."""
    logs = tmp_path / "logs"
    with own_folder(logs) as first:
        with own_folder(logs) as second, own_folder(logs) as third:
            assert (first, second, third) == (logs, logs / "2", logs / "3")
        with own_folder(logs) as again:
            assert again == second
    with own_folder(logs) as first:
        assert first == logs


def test_logs_that_cannot_be_written_are_told_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.log").mkdir()
    assert main(["--logs", str(tmp_path)]) == 1
    (tmp_path / "file").touch()
    assert main(["--logs", str(tmp_path / "file")]) == 1
    said = capsys.readouterr().out
    assert said.count(f"no logs can be written into {tmp_path}") == 2, said


def test_kill_leaves_no_child(deployment: Deployment, tmp_path: Path) -> None:
    with deployment:
        parent = deployment.start("parent", [sys.executable, "-c", PARENT])
        deployment.wait_for("the child", lambda: started(parent.log), timeout=60)
        parent.kill()
        assert parent.popen.returncode == -signal.SIGKILL
        assert left_behind(str(tmp_path)) == []


def test_what_ignores_sigterm_is_killed(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aws_executors.demo.processes.GRACE", 0.2)
    with deployment:
        process = deployment.start("deaf", [sys.executable, "-c", DEAF])
        deployment.wait_for("it", lambda: started(process.log), timeout=60)
    assert process.popen.returncode == -signal.SIGKILL


class Interrupted:
    """A lock; whoever takes it is interrupted the first time, as by a signal just then, and still has it."""

    def __init__(self) -> None:
        self.lock, self.taken = threading.Lock(), False

    def acquire(self, blocking: bool = True) -> bool:
        taken = self.lock.acquire(blocking)
        if taken and not self.taken:
            self.taken = True
            raise KeyboardInterrupt
        return taken

    def __enter__(self) -> None:
        self.lock.acquire()

    def __exit__(self, *_: object) -> None:
        self.lock.release()


def test_an_interrupt_as_it_looks_whether_a_process_runs_does_not_keep_it_from_the_end(
    deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`Popen.poll` has a lock for a moment; it stays taken then, and by now signals are ignored."""
    monkeypatch.setattr("aws_executors.demo.processes.GRACE", 0.5)
    with deployment:
        process = deployment.start("sleeper", ["sleep", "600"])
        process.popen._waitpid_lock = Interrupted()  # type: ignore[attr-defined]
        with pytest.raises(KeyboardInterrupt):
            deployment.check()
        end = threading.Thread(target=deployment.stop, daemon=True)
        end.start()
        end.join(60)
        assert not end.is_alive()
        process.popen._waitpid_lock = threading.Lock()  # type: ignore[attr-defined]
        process.popen.wait(60)  # or it warns that a process still runs
    assert left_behind(str(tmp_path)) == []


def test_says_who_died_and_what_it_said(deployment: Deployment) -> None:
    with deployment:
        deployment.start("broken", [sys.executable, "-c", "raise SystemExit('no such option')"])
        with pytest.raises(ProcessDiedError, match=r"broken ended with exit code 1\nno such option"):
            deployment.wait_for("nothing", lambda: None, timeout=60)


def test_says_what_did_not_happen(deployment: Deployment) -> None:
    with deployment:
        process = deployment.start("silent", ["sleep", "600"])
        with pytest.raises(NotReadyError, match=f"the moon: not within 0 s\n--- {process.log}"):
            deployment.wait_for("the moon", lambda: None, timeout=0.2)


def test_finishes_what_ends_by_itself(deployment: Deployment) -> None:
    with deployment:
        deployment.finish(deployment.start("short", ["true"]))
        assert deployment.processes == {}
        with pytest.raises(ProcessDiedError, match="wrong ended with exit code 1"):
            deployment.finish(deployment.start("wrong", ["false"]))


def test_the_same_name_may_start_again_and_its_log_goes_on(deployment: Deployment) -> None:
    with deployment:
        first = deployment.start("echo", ["echo", "one"])
        deployment.finish(first)
        before = first.log.stat().st_size
        second = deployment.start("echo", ["sh", "-c", "echo $NUMBER"], NUMBER="two")
        deployment.finish(second)
    assert tail(first.log) == "one\ntwo"
    assert end_of(first.log, before) == second.said() == "two\n"


def test_a_file_that_is_not_there_has_no_tail(tmp_path: Path) -> None:
    assert tail(tmp_path / "none.log") == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_interrupt_the_block_and_are_given_back(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), interruptible():
        signal.raise_signal(number)
    assert signal.getsignal(number) is before


def test_this_process_is_never_counted_as_left_behind() -> None:
    """In a process of its own, for a worker of pytest-xdist writes its title over its environment."""
    asks = "from aws_executors.demo.processes import left_behind; print(left_behind('a mark of ours'))"
    environment = {
        **os.environ,
        "MARK": "a mark of ours",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    done = subprocess.run(
        [sys.executable, "-c", asks], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
