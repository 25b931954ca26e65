"""Nothing of a workload is left for the next one in the same container."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aws_executors.core.lifecycle.launcher_exit_codes import Exit
from aws_executors.core.warm.cell import Word
from aws_executors.core.warm.log_marks import Mark, lines_of
from aws_executors.local import LocalAws
from aws_executors.local.processes import kill_session
from aws_executors.run.usage.cgroup import CgroupV2
from aws_executors.run.warm import fork as warm_fork
from aws_executors.run.warm import leftovers
from run.warm_world import SOURCES, Process, cloud, container

pytestmark = pytest.mark.waits

DAEMON = """
import os, signal, sys, time
def told(pid):
    with open({proof!r}, "a") as file:
        file.write(f"{{pid}}\\n")
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        told(os.getpid())
        time.sleep(600)
    os._exit(0)
os.wait()
while not (os.path.exists({proof!r}) and os.path.getsize({proof!r})):
    time.sleep(0.01)
"""


@pytest.fixture
def aws() -> Iterator[LocalAws]:
    with cloud() as up:
        yield up


@pytest.fixture
def warm(aws: LocalAws, warm_python: Path, tmp_path: Path) -> Iterator[Process]:
    with container(aws, warm_python, tmp_path) as one:
        yield one


def looked(warm: Process, token: str, expression: str) -> str:
    """What a workload finds: the value of an expression, by way of a file that no workload clears."""
    proof = warm.place / f"proof-{token}"
    code = f"import glob, os, sys, tempfile; open({str(proof)!r}, 'w').write(str({expression}))"
    assert warm.serves(token, code) == 0
    return proof.read_text()


DIRTY = """
import os, sys, tempfile, types, signal, random
open(os.path.join(tempfile.gettempdir(), "own"), "w").close()
outer = os.path.dirname(tempfile.gettempdir())
open(os.path.join(outer, "outside"), "w").close()
os.makedirs(os.path.join(outer, "deep", "er"))
os.symlink("/", os.path.join(outer, "link"))
os.chmod(os.path.join(outer, "deep"), 0o500)
os.environ["LEFT"] = "1"
os.environ["TMPDIR"] = "/"
sys.modules["left"] = types.ModuleType("left")
sys.path.insert(0, "/left")
os.chdir("/")
os.umask(0)
os.nice(1)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
"""


def test_files_environment_modules_and_directory_are_as_before(warm: Process) -> None:
    every = (
        "[len(os.listdir(os.path.dirname(tempfile.gettempdir()))), os.listdir(tempfile.gettempdir()),"
        " os.environ.get('LEFT'), 'left' in sys.modules, '/left' in sys.path,"
        " os.getcwd(), os.umask(18) == 0, os.nice(0), os.environ['TMPDIR'] == tempfile.gettempdir()]"
    )
    before = looked(warm, "before", every)
    assert warm.serves("dirty", DIRTY) == 0
    assert looked(warm, "after", every) == before
    assert before.startswith("[1, [], None, False, False, ")
    assert list((warm.place / "tmp").iterdir()) == []
    assert warm.cell.now.word is Word.IDLE


def test_each_has_a_temporary_folder_and_a_process_group_of_its_own(warm: Process) -> None:
    what = "(tempfile.gettempdir(), os.getpgrp() == os.getpid(), os.getppid())"
    first, second = looked(warm, "a", what), looked(warm, "b", what)
    assert first.split(", ")[0] != second.split(", ")[0]
    assert first.split(", ")[1:] == second.split(", ")[1:]
    assert "True" in first


def test_a_daemon_is_ended_whatever_it_does_to_get_away(warm: Process) -> None:
    proof = warm.place / "daemons"
    assert warm.serves("a", DAEMON.format(proof=str(proof))) == 0
    (daemon,) = map(int, proof.read_text().split())
    assert not os.path.exists(f"/proc/{daemon}")
    assert looked(warm, "b", "os.getpid()")


def test_an_orphan_is_reaped_while_the_workload_still_runs(warm: Process) -> None:
    code = """
import os, time
for _ in range(3):
    if os.fork() == 0:
        os.fork()
        os._exit(0)
    os.wait()
def orphans():
    parents = []
    for name in filter(str.isdecimal, os.listdir("/proc")):
        try:
            fields = open(f"/proc/{name}/stat").read().rpartition(")")[2].split()
        except OSError:
            continue
        parents.append(int(name) != os.getpid() and int(fields[1]) == os.getppid())
    return sum(parents)
until = time.monotonic() + 60
while orphans() and time.monotonic() < until:  # alive, or dead and not reaped
    time.sleep(0.01)
exit_code = orphans()
"""
    assert warm.serves("a", code) == 0


@pytest.mark.parametrize(
    ("code", "exit_code", "why"),
    [
        ("exit_code = 1", 1, "a workload has ended with exit code 1"),
        ("exit_code = 83", 83, "a workload has ended with exit code 83"),
        ("raise ValueError", 1, "a workload has ended with exit code 1"),
        ("import os; os._exit(7)", 7, "a workload has ended with exit code 7"),
        ("import os; os._exit(0)", 0, "a task's process was ended by a signal"),
        ("clean = False", 0, "a task's process was ended by a signal"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 137, "ended by signal 9"),
        ("import ctypes; ctypes.string_at(0)", 139, "ended by signal 11"),
        ("open('left.csv', 'w').close()", 0, "has left files in"),
        ("import os; os.rmdir(os.getcwd())", 0, "what a workload has left cannot be looked at"),
    ],
)
def test_after_anything_but_a_clean_end_the_container_closes(
    warm: Process, code: str, exit_code: int, why: str
) -> None:
    assert warm.serves("a", code) == exit_code
    assert warm.end() == 0
    assert why in warm.why
    cell = warm.cell.now
    assert (cell.word, cell.exit_code_of("a")) == (Word.CLOSED, exit_code)


def test_the_log_says_whose_lines_they_are_and_no_secret(warm: Process) -> None:
    assert warm.serves("a", "print('line of a')  # eyJhbGciOiJub25lIn0.e30.c2ln") == 0
    assert warm.serves("b", "print('line of b'); exit_code = 3") == 3
    out, _ = warm.process.communicate(timeout=30)
    lines = out.splitlines()
    assert list(lines_of("a", lines)) == ["line of a"]
    assert list(lines_of("b", lines)) == ["line of b"]
    assert str(Mark("b", exit_code=3)) in lines
    assert "eyJ" not in out


# --- What cannot be put in order ---------------------------------------------------------------------------


def test_a_folder_that_is_not_writable_is_removed_all_the_same(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    (deep / "file").touch()
    (tmp_path / "a" / "link").symlink_to(tmp_path)
    deep.chmod(0o000)
    (tmp_path / "a").chmod(0o500)
    leftovers.remove(str(tmp_path / "a"))
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_removed_closes_the_container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    then = leftovers.before()
    (tmp_path / "left").mkdir()

    def refused(path: str) -> None:
        raise PermissionError(1, "Operation not permitted", path)

    monkeypatch.setattr(leftovers, "remove", refused)
    assert "cannot be removed" in leftovers.cleaned(then, str(tmp_path / "left"))


def test_a_full_disk_and_a_lack_of_memory_close_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    then = leftovers.before()
    assert leftovers.checked(then) == ""
    with monkeypatch.context() as full:
        full.setattr(leftovers, "LEAST_DISK", 1 << 40)
        assert "MiB left" in leftovers.checked(then)
    monkeypatch.setattr(leftovers, "kills_so_far", lambda: then.kills + 1)
    assert "ran out of memory" in leftovers.checked(then)


@pytest.mark.parametrize("why", ["it is on a volume", "others run here"])
def test_in_a_temporary_folder_that_others_may_use_nothing_is_removed_but_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    if why == "it is on a volume":
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        monkeypatch.setattr(leftovers, "is_volume", lambda folder: True)
    then = leftovers.before()
    (tmp_path / "shared").touch()
    (tmp_path / "own").mkdir()
    assert "has left files in" in leftovers.cleaned(then, str(tmp_path / "own"))
    assert [one.name for one in tmp_path.iterdir()] == ["shared"]


@pytest.mark.parametrize("change", ["write", "add", "remove"])
def test_a_file_that_was_there_and_is_changed_closes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    there = tmp_path / "there" / "file"
    there.parent.mkdir()
    there.touch()
    then = leftovers.before()
    assert leftovers.cleaned(then, str(tmp_path / "own")) == ""
    match change:
        case "write":
            there.write_text("changed")
        case "add":
            there.with_name("other").touch()
        case _:
            there.unlink()
    assert "has changed files in" in leftovers.cleaned(then, str(tmp_path / "own"))


def test_compiled_modules_in_the_working_directory_do_not_close_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    then = leftovers.before()
    (tmp_path / "__pycache__").mkdir()
    assert leftovers.checked(then) == ""
    (tmp_path / "other").mkdir()
    assert "has left files in" in leftovers.checked(then)


def test_shared_memory_that_is_left_closes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(leftovers, "ELSEWHERE", (str(tmp_path / "shm"), "/there/is/none"))
    monkeypatch.setattr(leftovers, "own_cgroup", lambda: CgroupV2(tmp_path))
    (tmp_path / "shm").mkdir()
    then = leftovers.before()
    assert leftovers.checked(then) == ""
    (tmp_path / "shm" / "psm_1").touch()
    assert "has left files in" in leftovers.checked(then)


def test_a_workload_that_cannot_be_started_is_one_for_another_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def refused() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("os.fork", refused)
    ended = warm_fork.run_apart(lambda: (0, True))
    assert ended.exit_code == Exit.INFRASTRUCTURE
    assert "could not be started" in ended.unfit


UNENDED = """
import os, time
from aws_executors.run import first_process
from aws_executors.run.warm import leftovers, fork as warm_fork

def run():
    if os.fork() == 0:
        time.sleep(600)
    return 1, False

first_process.keep_signals()
leftovers.removed = lambda then, own: "processes of a workload cannot be ended"
print(warm_fork.run_apart(run))
"""


def test_a_process_that_cannot_be_ended_is_not_waited_for(tmp_path: Path) -> None:
    """It holds the pipe by which a clean end is told."""
    with (tmp_path / "said").open("w") as said:
        environment = {**os.environ, "PYTHONPATH": SOURCES, "TMPDIR": str(tmp_path)}
        process = subprocess.Popen(
            [sys.executable, "-c", UNENDED], env=environment, stdout=said, start_new_session=True
        )
        try:
            assert process.wait(60) == 0
        finally:
            kill_session(process.pid)
    assert "exit_code=1, unfit='a workload has ended with exit code 1'" in (tmp_path / "said").read_text()


DEEP = """
import os, tempfile
os.chdir(tempfile.gettempdir())
for _ in range(2500):  # no path may be as long; Python 3.13 removes what is merely deep
    os.mkdir("d")
    os.chdir("d")
"""


def test_folders_too_deep_to_be_removed_do_not_change_how_a_workload_ended(warm: Process) -> None:
    assert warm.serves("a", DEEP) == 0
    assert warm.end() == Exit.RAN
    assert "cannot be" in warm.why
    subprocess.run(["rm", "-rf", str(warm.place / "tmp")], check=True)
