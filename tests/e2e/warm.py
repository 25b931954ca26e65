"""An image whose Python has Airflow imported already: a container is a fork of one warm process.

Law: only how a container's first process comes to be is different, and only to save what each would spend on
importing the same: it has its own session, environment, folder, output and exit code. A fork is made for each
`python -m MODULE ...`, of a process that has run nothing; any other command is run as it is. When the
container is killed, its fork is, with all its session.
"""

from __future__ import annotations

import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from aws_executors.local.processes import kill_session
from aws_executors.run.preload import preload, without_collecting

START = 60.0  # seconds that importing may take on a busy machine
LIMIT = 1 << 20  # bytes of a command and its environment

# What stands in the image as its `python`. It needs a hundredth of a second of CPU.
CLIENT = """\
#!{python} -ISs
import os, signal, socket, sys
if sys.argv[1:2] != ["-m"]:
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
line = socket.socket(socket.AF_UNIX)
line.connect({address!r})
variables = [f"{{name}}={{value}}" for name, value in os.environ.items()]
words = [os.getcwd(), str(len(sys.argv) - 2), *sys.argv[2:], *variables]
told = "\\0".join(words).encode()
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
socket.send_fds(line, [len(told).to_bytes(4, "big")], [1, 2])
line.sendall(told)
answers = line.makefile()
container = int(answers.readline())
signal.signal(signal.SIGTERM, lambda *_: os.kill(container, signal.SIGTERM))
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
code = int(answers.readline())
if code < 0:
    signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
sys.exit(code)
"""


@contextmanager
def image(environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """What a container has baked in, so that its `python` is a warm one, for as long as a block lasts.

    `environment` is what Airflow reads while it is imported.
    """
    with tempfile.TemporaryDirectory(prefix="aws-executors-warm-") as folder:
        address, python = str(Path(folder) / "socket"), Path(folder) / "python"
        python.write_text(CLIENT.format(python=sys.executable, address=address))
        python.chmod(0o755)
        path = os.pathsep.join(
            [folder, str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"]
        )
        variables = {"PATH": path, "AIRFLOW_HOME": folder, "LANG": "C.UTF-8"}
        source = str(Path(__file__).parents[1])
        server = subprocess.Popen(
            [sys.executable, "-m", "e2e.warm", address],
            env={"PYTHONPATH": source, **environment, **variables},
            start_new_session=True,
        )
        try:
            until = time.monotonic() + START
            while not Path(address).exists():
                if server.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(f"the warm Python has not started: {server.returncode}")
                time.sleep(0.05)
            yield variables
        finally:
            kill_session(server.pid)
            server.wait()


# --- The warm process --------------------------------------------------------------------------------------


def serve(address: str) -> None:
    """Import everything, then fork for each who asks, until killed."""
    with without_collecting():
        preload()
        import airflow.providers.standard.operators.bash
        import airflow.providers.standard.operators.python
        import airflow.sdk  # noqa: F401
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{address}.new")
    listener.listen(64)
    os.rename(f"{address}.new", address)
    while True:
        line, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            keep(line)
        line.close()
        reap()


def reap() -> None:
    """See off the keepers that have ended."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def keep(line: socket.socket) -> None:
    """Start one container, tell its process id and its exit code; kill it when nobody waits any longer."""
    head, outputs, _, _ = socket.recv_fds(line, 4, 2)
    wanted, told = int.from_bytes(head, "big"), b""
    while len(told) < wanted:
        told += line.recv(LIMIT)
    pid = os.fork()
    if pid == 0:
        line.close()
        contain(told.decode(), outputs)
    line.sendall(f"{pid}\n".encode())
    end = os.pidfd_open(pid)
    select.select([end, line.fileno()], [], [])
    if not select.select([end], [], [], 0)[0]:
        os.kill(pid, signal.SIGKILL)  # it may not have made its session yet
    kill_session(pid)
    _, status = os.waitpid(pid, 0)
    try:
        line.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    finally:
        os._exit(0)


def contain(told: str, outputs: list[int]) -> None:
    """Be a container's first process."""
    os.setsid()
    folder, count, *words = told.split("\0")
    (module, *arguments), variables = words[: int(count)], words[int(count) :]
    for output, standard in zip(outputs, (1, 2), strict=True):
        os.dup2(output, standard)
        os.close(output)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update((name, value) for name, _, value in (one.partition("=") for one in variables))
    sys.argv = [module, *arguments]
    code: object = 0
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 - as any Python ends: a traceback, and 1
        sys.excepthook(*sys.exc_info())
        code = 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    serve(sys.argv[1])
