"""What a container makes of answers that nobody should give, and of signals at the wrong moment."""

from __future__ import annotations

import ipaddress
import os
import pty
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore import exceptions
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from aws_executors.core.lifecycle.launcher_exit_codes import Exit
from aws_executors.core.warm.cell import Cell
from aws_executors.run import hostname, stop_cause
from aws_executors.run.sources import NoWorkloadError, exit_for, exit_without_answer, from_s3
from aws_executors.run.usage import task_stats
from aws_executors.run.warm import leftovers
from aws_executors.run.warm.cell_store import ABSENT, Failed, OwnCell

SOURCES = str(Path(__file__).parents[2] / "src")
CUT_OFF = b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n{"
NOT_HTTP = b"220 mail.example.com ESMTP\r\n"
WITHOUT_ETAG = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """A server that gives every request this answer, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("answer", [CUT_OFF, NOT_HTTP])
def test_metadata_that_break_off_are_none(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_BATCH_JOB_ID", raising=False)
    monkeypatch.setenv("AWS_EXECUTION_ENV", stop_cause.ON_EC2)
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED", raising=False)
    with answering(answer) as address:
        monkeypatch.setenv("ECS_CONTAINER_METADATA_URI_V4", address)
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", address)
        assert hostname.full_id() == ""
        assert "cannot be reached" in stop_cause.why()
        assert task_stats.on_the_hosts_network() is False


def test_a_success_of_s3_that_names_no_etag_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy's page, for one: the write is made again."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "...")
    with answering(WITHOUT_ETAG) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", address)
        store = OwnCell("s3://airflow/w/cell", "us-east-1")
        assert isinstance(store.put(Cell(container="x"), ABSENT), Failed)
        assert isinstance(store.get(), Failed)


@pytest.mark.parametrize(
    ("code", "status", "exit_"),
    [
        ("NoSuchKey", 404, Exit.GONE),
        ("AccessDenied", 403, Exit.CANNOT_START),
        ("NoSuchBucket", 404, Exit.CANNOT_START),
        ("SlowDown", 503, Exit.INFRASTRUCTURE),
        ("RequestTimeout", 400, Exit.INFRASTRUCTURE),
        ("502", 502, Exit.INFRASTRUCTURE),
        ("503", 503, Exit.INFRASTRUCTURE),
        ("500", 500, Exit.INFRASTRUCTURE),
        ("TooManyRequests", 429, Exit.INFRASTRUCTURE),
        ("ThrottlingException", 400, Exit.INFRASTRUCTURE),
        ("ExpiredToken", 400, Exit.INFRASTRUCTURE),
        ("RequestTimeTooSkewed", 403, Exit.INFRASTRUCTURE),
    ],
)
def test_an_answer_of_s3_that_another_container_would_not_get_is_no_fault_of_the_image(
    code: str, status: int, exit_: Exit
) -> None:
    """Where S3 gives no code, or something before it answers, botocore gives the status as the code."""
    answer = {"Error": {"Code": code, "Message": "..."}, "ResponseMetadata": {"HTTPStatusCode": status}}
    assert exit_for(ClientError(answer, "GetObject")) == exit_  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "exit_"),
    [
        (exceptions.ProfileNotFound(profile="nobody"), Exit.CANNOT_START),
        (exceptions.ParamValidationError(report="Invalid bucket name"), Exit.CANNOT_START),
        (exceptions.NoCredentialsError(), Exit.CANNOT_START),
        (exceptions.ConfigParseError(path="/root/.aws/config"), Exit.CANNOT_START),
        (exceptions.NoRegionError(), Exit.CANNOT_START),
        (exceptions.InvalidRetryModeError(provided_retry_mode="much", valid_modes=()), Exit.CANNOT_START),
        (exceptions.EndpointConnectionError(endpoint_url="https://s3"), Exit.INFRASTRUCTURE),
        (exceptions.ConnectTimeoutError(endpoint_url="https://s3"), Exit.INFRASTRUCTURE),
        (exceptions.ReadTimeoutError(endpoint_url="https://s3"), Exit.INFRASTRUCTURE),
        (exceptions.SSLError(endpoint_url="https://s3", error=OSError("EOF")), Exit.INFRASTRUCTURE),
        (exceptions.IncompleteReadError(actual_bytes=1, expected_bytes=2), Exit.INFRASTRUCTURE),
        (exceptions.CredentialRetrievalError(provider="container", error_msg="late"), Exit.INFRASTRUCTURE),
        (exceptions.MetadataRetrievalError(error_msg="late"), Exit.INFRASTRUCTURE),
        (OSError("broken"), Exit.INFRASTRUCTURE),
        (ResponseParserError("<html>"), Exit.INFRASTRUCTURE),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_configured_is_no_fault_of_the_way_to_s3(error: Exception, exit_: Exit) -> None:
    assert exit_without_answer(error) == exit_


def test_a_bucket_that_can_not_be_is_the_configuration_s_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NoWorkloadError, match="Invalid bucket name") as raised:
        from_s3("s3://not a bucket/workloads/1", "us-east-1")
    assert raised.value.exit == Exit.CANNOT_START
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(NoWorkloadError, match="nobody") as raised:
        from_s3("s3://bucket/workloads/1", "us-east-1")
    assert raised.value.exit == Exit.CANNOT_START


AT_ITS_END = """
import os, signal, sys
from aws_executors.run import first_process

wait = os.waitpid
def at_the_last_moment(*asked):
    ended = wait(*asked)
    if ended[0]:
        os.kill(os.getpid(), signal.SIGTERM)
    return ended
os.waitpid = at_the_last_moment
sys.exit(first_process.fork(lambda: 7))
"""

AT_ITS_BEGINNING = """
import os, signal, sys
from aws_executors.run import first_process
from aws_executors.run.warm import fork as warm_fork

def told_meanwhile(ready=first_process.stop_at_once):
    os.kill(os.getpid(), signal.SIGTERM)  # which waits, as signals are blocked in the fork's first moment
    ready()
first_process.stop_at_once = warm_fork.stop_at_once = told_meanwhile
"""

WITH_MANY_FILES = """
import os, resource, subprocess, sys
from aws_executors.run import compat, first_process

resource.setrlimit(resource.RLIMIT_NOFILE, (2048, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
held = [os.dup(0) for _ in range(1100)]
child = subprocess.Popen([sys.executable, "-c", ""])
waited = compat._waited_for_end(child.pid, 20.0)
assert waited and child.poll() == 0
sys.exit(first_process.fork(lambda: 7))
"""

EACH_OTHERS_CAUSE = """
import signal, sys
from aws_executors.run.exit_codes import exit_code

signal.alarm(20)
one, other = KeyError("one"), KeyError("other")
try:
    try:
        raise other from one
    except KeyError:
        raise one from other
except KeyError as error:
    sys.exit(7 if exit_code(error) == 1 else 0)
"""

CUT_NAME = """
import ctypes, os, signal, sys, time
from aws_executors.run.warm import leftovers

child = os.fork()
if child == 0:
    ctypes.CDLL(None).prctl(15, "abcdefghijklmnä".encode(), 0, 0, 0)  # PR_SET_NAME, which keeps 15 bytes
    time.sleep(60)
    os._exit(0)
while open(f"/proc/{child}/comm", "rb").read(1) != b"a":
    time.sleep(0.01)
leftovers.ended_processes()
try:
    os.kill(child, signal.SIGKILL)
except ProcessLookupError:
    sys.exit(7)
"""

STRANGER = """
import locale  # here: argparse does when it is used, and a stranger may not
import os, resource, sys, tempfile
from pathlib import Path
from aws_executors.run import first_process
from aws_executors.run.warm import fork as warm_fork
from aws_executors.run.usage.cgroup import own_cgroup
from aws_executors.run.usage.meter import Meter

meter = Meter()
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
"""

IN_A_STRANGE_PLACE = """
own_cgroup(Path(os.environ["PLACE"]) / "root")
os.chdir(os.environ["PLACE"] + "/work")
first_process.keep_signals()
ended = warm_fork.run_apart(lambda: (7, True))
sys.exit(ended.exit_code)
"""

LAUNCHER = "from aws_executors.run import __main__ as launcher\n"

WITHOUT_PROCESSES = """
launcher.decoded = lambda text: text  # without Airflow, which a stranger may not import
resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
sys.exit(launcher.main(["--json-string", "{}"]))
"""

WITHOUT_THREADS = """
resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
meter.watch()
sys.exit(7 if meter.stop().memory else 1)
"""

MUTE = """
import os, sys
from aws_executors.run import first_process

def run():
    sys.stdout.write("what nobody reads any more")
    return 7
sys.exit(first_process.fork(run))
"""


NOT_THERE = """
import sys
from aws_executors.run import first_process

sys.stdout = sys.stderr = None  # as Python has them where they are closed
first_process.say("what nobody reads")
sys.exit(first_process.fork(lambda: 7))
"""

TOLD = """
import os, signal, sys, time
from aws_executors.run import first_process

told = []
def run():
    for number in first_process.PASSED_ON:
        signal.signal(number, lambda number, _: told.append(number))
    print(os.getpgid(os.getppid()), flush=True)
    until = time.monotonic() + 20
    while not (told and "enough" in sys.stdin.readline()) and time.monotonic() < until:
        pass
    return len(told)
first_process.leave(first_process.fork(run))
"""

ASKS = """
import fcntl, os, termios
from aws_executors.run import first_process

fcntl.ioctl(0, termios.TIOCSCTTY, 0)
def run():
    terminal = os.open("/dev/tty", os.O_RDWR)
    termios.tcsetattr(terminal, termios.TCSANOW, termios.tcgetattr(terminal))  # as sudo, ssh and getpass do
    return 7
first_process.leave(first_process.fork(run))
"""

WITH_A_THREAD = """
import os, signal, sys, threading, time
threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
from aws_executors.run import first_process
from aws_executors.run.warm import fork as warm_fork

first_process.keep_signals()
def run():
    told = []
    signal.signal(signal.SIGTERM, lambda number, _: told.append(number))
    os.kill(os.getppid(), signal.SIGTERM)
    until = time.monotonic() + 20
    while not told and time.monotonic() < until:
        time.sleep(0.01)
    return (7 if told else 1), True
threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM)).start()
began = time.monotonic()
assert warm_fork.told_to_stop(10) == "SIGTERM"
assert time.monotonic() - began < 5
ended = warm_fork.run_apart(run)
assert ended.stopped == "SIGTERM"
sys.exit(ended.exit_code)
"""

BEHIND_OTHERS = """
import os, signal, sys
from aws_executors.run import first_process
from aws_executors.run.warm import fork as warm_fork

first_process.keep_signals()
for _ in range(200):  # as of so many orphans
    os.kill(os.getpid(), signal.SIGCHLD)
os.kill(os.getpid(), signal.SIGTERM)
sys.exit(7 if warm_fork.told_to_stop(0) == "SIGTERM" else 1)
"""

BLOCKED = """
import os, signal, sys
from aws_executors.run import first_process
from aws_executors.run.warm import fork as warm_fork

signal.pthread_sigmask(signal.SIG_BLOCK, first_process.WATCHED)
first_process.keep_signals()
os.kill(os.getpid(), signal.SIGTERM)
sys.exit(7 if warm_fork.told_to_stop(10) == "SIGTERM" else 1)
"""

BLOCKED_AT_FIRST = """
import os, signal, sys
from aws_executors.run import first_process

signal.pthread_sigmask(signal.SIG_BLOCK, first_process.PASSED_ON)
first_process.stop_at_once()
try:
    os.kill(os.getpid(), signal.SIGTERM)
except first_process.StoppedError:
    sys.exit(7)
"""

STOPPED_TWICE = """
import os, signal, sys
from aws_executors.run import first_process

first_process.stop_at_once()
try:
    os.kill(os.getpid(), signal.SIGTERM)
except first_process.StoppedError:
    for number in first_process.PASSED_ON:
        os.kill(os.getpid(), number)
    sys.exit(7)
"""

STOPPED_AT_THE_LAST = """
import os, signal, sys
from aws_executors.run import first_process

class Slow:
    def flush(self):
        os.kill(os.getpid(), signal.SIGTERM)
def run():
    sys.stdout = Slow()
    return 7
sys.exit(first_process.fork(run))
"""

KEPT_BACK = """
import sys
from aws_executors.run import first_process
from aws_executors.run.warm import fork as warm_fork

first_process.keep_signals()
print("said by a plugin, and in nobody's log yet")
ended = warm_fork.run_apart(lambda: (7, True))
first_process.leave(ended.exit_code)
"""

SAID_ONCE = """
from aws_executors.run import first_process

print("said before")
first_process.leave(first_process.fork(lambda: 7))
"""

MARKED = """
import sys
from aws_executors.core.warm.log_marks import Mark
from aws_executors.run.warm import start as warm_start

warm_start._print(Mark("0b6e"))
sys.exit(7)
"""


def python(code: str, output: int = subprocess.DEVNULL, **around: str) -> int:
    """The exit code of a Python that runs this."""
    environment = {**os.environ, "PYTHONPATH": SOURCES, "PYTHONUNBUFFERED": "", **around}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, stdout=output, timeout=60, check=False
    ).returncode


def test_a_signal_that_comes_as_the_workload_has_just_ended_does_not_change_how_it_ended() -> None:
    assert python(AT_ITS_END) == 7


def test_ends_are_waited_for_beside_more_files_than_select_takes() -> None:
    assert python(WITH_MANY_FILES) == 7


@pytest.mark.parametrize(
    "forked",
    [
        "sys.exit(first_process.fork(lambda: 7))",
        "first_process.keep_signals(); sys.exit(warm_fork.run_apart(lambda: (7, True)).exit_code)",
    ],
)
def test_a_signal_that_comes_as_the_workload_is_to_begin_says_that_nothing_ran(
    forked: str, tmp_path: Path
) -> None:
    assert python(AT_ITS_BEGINNING + forked, TMPDIR=str(tmp_path)) == Exit.INFRASTRUCTURE


def test_errors_that_are_each_others_cause_end_all_the_same() -> None:
    assert python(EACH_OTHERS_CAUSE) == 7


def test_a_workload_in_a_file_is_utf_8_wherever_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "workload").write_text("täglich", encoding="utf-8")
    code = (
        "import os, sys\nfrom aws_executors.run.sources import from_file\n"
        "sys.exit(7 if from_file(os.environ['FILE'], None) == 't' + chr(0xE4) + 'glich' else 1)"
    )
    file = str(tmp_path / "workload")
    assert python(code, FILE=file, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0") == 7


def test_a_process_is_found_whose_name_the_kernel_has_cut_within_a_letter() -> None:
    assert python(CUT_NAME) == 7


def test_where_no_process_can_be_seen_nothing_is_taken_for_clean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a container whose ``/proc`` is not the one of its processes."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    then = leftovers.before()
    monkeypatch.setattr("os.listdir", lambda _: [])
    assert "/proc does not show this process" in leftovers.removed(then, str(tmp_path / "own"))


def test_folders_that_the_containers_user_may_not_look_into_are_no_reason_to_run_nothing() -> None:
    """A folder in the temporary one, the working directory, and the kernel's own."""
    place = Path(tempfile.mkdtemp())
    closed = {"tmp/hidden": 0o444, "work": 0o111, "root/sys/fs": 0o000}
    for name in (*closed, "root/sys/fs/cgroup"):
        (place / name).mkdir(parents=True, exist_ok=True)
    (place / "tmp/hidden/file").touch()
    place.chmod(0o755)
    (place / "tmp").chmod(0o1777)
    for name, mode in closed.items():
        (place / name).chmod(mode)
    try:
        assert python(STRANGER + IN_A_STRANGE_PLACE, TMPDIR=str(place / "tmp"), PLACE=str(place)) == 7
    finally:
        for name in closed:
            (place / name).chmod(0o700)
        shutil.rmtree(place)


def test_where_no_process_can_be_made_another_container_may_have_the_workload() -> None:
    assert python(LAUNCHER + STRANGER + WITHOUT_PROCESSES) == Exit.INFRASTRUCTURE


def test_where_no_thread_can_be_made_the_workload_goes_on_and_is_measured_at_its_end() -> None:
    assert python(STRANGER + WITHOUT_THREADS) == 7


def test_an_output_that_is_gone_does_not_change_how_a_workload_ended() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    assert python(MUTE, writing) == 7
    os.close(writing)


def test_an_output_that_is_not_there_does_not_change_how_a_workload_ended() -> None:
    assert python(NOT_THERE) == 7


@pytest.mark.parametrize(
    "forked",
    [
        "first_process.fork(lambda: 7)",
        "first_process.keep_signals() or warm_fork.run_apart(lambda: (7, True)).exit_code",
    ],
)
def test_children_are_seen_off_where_they_were_to_be_ignored(forked: str, tmp_path: Path) -> None:
    """As a shell's ``trap '' CHLD`` leaves it to what it executes."""
    code = (
        "import signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
        "import sys; from aws_executors.run import first_process\n"
        "from aws_executors.run.warm import fork as warm_fork\n"
        "signal.alarm(20)\n"
        f"sys.exit({forked})\n"
    )
    assert python(code, TMPDIR=str(tmp_path)) == 7


@contextmanager
def waiting_to_be_told(log: int, *, alone: bool = False) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A workload that counts the signals which it hears, up to the line "enough"; and its group."""
    environment = {**os.environ, "PYTHONPATH": SOURCES, "PYTHONUNBUFFERED": ""}
    code = [sys.executable, "-c", TOLD]
    with subprocess.Popen(
        code,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        start_new_session=alone,
    ) as process:
        assert process.stdout is not None
        yield process, int(process.stdout.readline())


def test_a_log_that_is_full_does_not_end_the_container_before_its_task(tmp_path: Path) -> None:
    with open("/dev/full", "wb") as full, waiting_to_be_told(full.fileno()) as (process, _):
        process.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        process.communicate("\nenough\n", timeout=20)
    assert process.returncode == 1


def test_the_second_signal_while_the_first_is_being_told_of_ends_nothing() -> None:
    """Whoever collects the log may be slow to take it."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writing, b"." * 4096)
    os.set_blocking(writing, True)
    with waiting_to_be_told(writing) as (process, _):
        for number in (signal.SIGTERM, signal.SIGINT):
            process.send_signal(number)
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.5)
        os.close(writing)
        said = b""
        while said.count(b"passed on") < 2:
            more = os.read(reading, 65536)
            assert more, said
            said += more
        process.communicate("\nenough\n", timeout=20)
    os.close(reading)
    assert process.returncode == 2


def test_a_stop_of_the_whole_group_is_heard_by_the_task_once() -> None:
    """As dumb-init stops it, with which Airflow's image begins."""
    with waiting_to_be_told(subprocess.DEVNULL, alone=True) as (process, group):
        for _ in range(6):  # two that come at the same moment are one
            os.killpg(group, signal.SIGTERM)
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.1)
        process.communicate("\nenough\n", timeout=20)
    assert process.returncode == 6


def test_what_asks_on_a_terminal_does_not_stand_still() -> None:
    """Where the container has one: whatever is not in its foreground is stopped as soon as it does."""
    ours, its = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": SOURCES}
    command = [sys.executable, "-c", ASKS]
    with subprocess.Popen(command, env=environment, stdin=its, start_new_session=True) as process:
        os.close(its)
        try:
            assert process.wait(20) == 7
        finally:
            process.kill()
            os.close(ours)  # which ends whatever stands still there


def test_a_stop_is_heard_where_a_thread_was_begun_before_the_launcher(tmp_path: Path) -> None:
    """As by a profiler: a signal that is blocked here would end the process by way of that thread."""
    assert python(WITH_A_THREAD, TMPDIR=str(tmp_path)) == 7


def test_where_the_log_cannot_be_written_its_exit_code_says_all_the_same_what_is_wrong(
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-m", "aws_executors.run", "--json-path", str(tmp_path / "nothing")]
    environment = {**os.environ, "PYTHONPATH": SOURCES, "PYTHONUNBUFFERED": ""}
    with open("/dev/full", "wb") as full:
        ended = subprocess.run(command, env=environment, stderr=full, timeout=60, check=False)
    assert ended.returncode == Exit.CANNOT_START


def test_a_mark_that_cannot_be_written_does_not_keep_a_workload_from_being_run() -> None:
    with open("/dev/full", "wb") as full:
        assert python(MARKED, full.fileno()) == 7


@pytest.mark.parametrize("code", [BLOCKED, BLOCKED_AT_FIRST])
def test_a_stop_is_heard_where_whoever_starts_the_container_has_blocked_it(code: str) -> None:
    assert python(code) == 7


def test_a_stop_is_heard_behind_the_ends_of_many_children() -> None:
    assert python(BEHIND_OTHERS) == 7


def test_a_second_stop_does_not_interrupt_what_is_done_about_the_first() -> None:
    assert python(STOPPED_TWICE) == 7


def test_a_stop_while_the_last_lines_are_written_does_not_change_how_a_workload_ended() -> None:
    assert python(STOPPED_AT_THE_LAST) == 7


@pytest.mark.parametrize("closed", [False, True])
def test_lines_that_cannot_be_written_keep_no_workload_from_being_run(closed: bool, tmp_path: Path) -> None:
    code = f"import sys\nsys.stdout.close()\nprint = str\n{KEPT_BACK}" if closed else KEPT_BACK
    with open("/dev/full", "wb") as full:
        assert python(code, full.fileno(), TMPDIR=str(tmp_path)) == 7


def test_what_was_said_before_the_fork_is_in_the_log_once(tmp_path: Path) -> None:
    with open(tmp_path / "log", "wb") as file:
        assert python(SAID_ONCE, file.fileno()) == 7
    assert (tmp_path / "log").read_text() == "said before\n"


def test_a_workload_whose_encryption_breaks_off_is_one_for_another_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError), context.wrap_socket(server.accept()[0], server_side=True) as connection:
                connection.recv(65536)
                connection.sendall(CUT_OFF)
                os.write(connection.fileno(), b"\x17\x03\x03\x00\x20" + b"z" * 32)

        threading.Thread(target=serve, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://127.0.0.1:{server.getsockname()[1]}")
        for name, value in {
            "CA_BUNDLE": str(certificate),
            "ACCESS_KEY_ID": "k",
            "SECRET_ACCESS_KEY": "s",
        }.items():
            monkeypatch.setenv(f"AWS_{name}", value)
        with pytest.raises(NoWorkloadError, match=r"s3://b/k: .*bad record mac") as raised:
            from_s3("s3://b/k", "us-east-1")
    assert raised.value.exit == Exit.INFRASTRUCTURE


def self_signed(folder: Path) -> Path:
    """A file with a key and its certificate, for this machine."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(here, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    form, secret = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file = folder / "certificate"
    file.write_bytes(key.private_bytes(pem, form, secret) + made.public_bytes(pem))
    return file
