"""A Python that has Airflow imported already: containers, and Airflow's components, are forks of a warm one.

Law: only how a first process comes to be is different, and only to save what each would spend on importing
the same: it has its own session, environment, folder, output and exit code. A fork is made for each
`python -m MODULE ...` of a container and for each `airflow ...` of a component, of a process that has run
nothing; any other command is run as it is. Containers and components are never forks of the same process:
what Airflow reads while it is imported is the same in all forks. When the command is killed, so is its fork,
with all its session.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from importlib import import_module
from pathlib import Path

from aws_executors.local.processes import kill_session
from aws_executors.run.preload import preload_for_many, without_collecting

START = 120.0  # seconds that importing may take on a busy machine
END = 10.0  # seconds that forks may take to be killed whose commands have been
LIMIT = 1 << 20  # bytes of a command and its environment

# What stands in the folder as `python`, or as `airflow`. It needs a hundredth of a second of CPU.
CLIENT = """\
#!{python} -ISs
import os, signal, socket, sys
passed_on = [signal.SIGTERM, signal.SIGINT, signal.SIGUSR2]
if {module!r}:
    words = [{module!r}, *sys.argv[1:]]
elif sys.argv[1:2] == ["-m"]:
    words = sys.argv[2:]
else:
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
line = socket.socket(socket.AF_UNIX)
line.connect({address!r})
variables = [f"{{name}}={{value}}" for name, value in os.environ.items()]
told = "\\0".join([os.getcwd(), str(len(words)), *words, *variables]).encode()
signal.pthread_sigmask(signal.SIG_BLOCK, passed_on)
socket.send_fds(line, [len(told).to_bytes(4, "big")], [1, 2])
line.sendall(told)
answers = line.makefile()
fork = int(answers.readline())
def pass_on(number, _):
    try:
        os.kill(fork, number)
    except ProcessLookupError:
        pass  # it has just ended; how, is about to be told
for number in passed_on:
    signal.signal(number, pass_on)
signal.pthread_sigmask(signal.SIG_UNBLOCK, passed_on)
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
        variables = {"PATH": path(folder), "AIRFLOW_HOME": folder, "LANG": "C.UTF-8"}
        with served(Path(folder) / "python", "", {**environment, **variables}):
            yield variables


@contextmanager
def shared(folder: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    """The `python` of an image that all processes share who name this folder: the first starts it, and waits
    at the end of its block until no other one uses it."""
    folder.mkdir(exist_ok=True)
    python = folder / "python"
    with (folder / "users").open("w") as users, ExitStack() as ending:
        with (folder / "first").open("w") as first:
            fcntl.flock(first, fcntl.LOCK_EX)
            fcntl.flock(users, fcntl.LOCK_SH)  # waits until it is down, if that is under way
            if not python.exists():
                baked = ending.enter_context(image(environment))
                ending.callback(python.unlink)
                ending.callback(fcntl.flock, users, fcntl.LOCK_EX)
                python.symlink_to(Path(baked["PATH"].partition(os.pathsep)[0]) / "python")
        yield python


@contextmanager
def components(environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """This environment of Airflow's components, with a warm `airflow`, for as long as a block lasts."""
    with (
        tempfile.TemporaryDirectory(prefix="aws-executors-warm-") as folder,
        served(Path(folder) / "airflow", "airflow", environment),
    ):
        yield {**environment, "PATH": path(folder)}


def path(folder: str) -> str:
    """What is found in this folder comes first."""
    return os.pathsep.join([folder, str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"])


@contextmanager
def served(command: Path, module: str, environment: Mapping[str, str]) -> Iterator[None]:
    """A command whose runs are forks of a process that has imported all in this environment: those of the one
    module, or of any if that is empty."""
    address = command.with_name("socket")
    command.write_text(CLIENT.format(python=sys.executable, address=str(address), module=module))
    command.chmod(0o755)
    source = str(Path(__file__).parents[1])
    sources = os.pathsep.join(filter(None, [source, environment.get("PYTHONPATH")]))
    said = command.with_name("said")
    with said.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "e2e.warm", str(address), module],
            env={**environment, "PYTHONPATH": sources},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        until = time.monotonic() + START
        while not address.exists():
            if server.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the warm Python has not started: {server.poll()}\n{said.read_text()}")
            time.sleep(0.05)
        yield
    finally:
        server.terminate()
        with suppress(subprocess.TimeoutExpired):
            server.wait(END)
        kill_session(server.pid)
        server.wait()


# --- The warm process --------------------------------------------------------------------------------------

OF_COMPONENTS = (
    "airflow.__main__",
    "airflow.api_fastapi.execution_api.app",
    "airflow.api_fastapi.execution_api.routes",
    "airflow.api_fastapi.execution_api.versions",
    "airflow.cli.commands.api_server_command",
    "airflow.cli.commands.dag_processor_command",
    "airflow.cli.commands.db_command",
    "airflow.cli.commands.scheduler_command",
    "airflow.cli.commands.triggerer_command",
    "airflow.dag_processing.manager",
    "airflow.jobs.scheduler_job_runner",
    "airflow.jobs.triggerer_job_runner",
    "airflow.utils.db",
    "airflow.utils.serve_logs",
    "alembic.context",
    "aws_executors.executors",
)
"""What Airflow's components import, except what only its API server needs."""


def serve(address: str, module: str) -> None:
    """Import everything, then fork for each who asks; on SIGTERM, end when all forks have."""
    with without_collecting():
        for name in OF_COMPONENTS if module else ():
            import_module(name)
        preload_for_many()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{address}.new")
    listener.listen(64)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    os.rename(f"{address}.new", address)
    try:
        while True:
            line, _ = listener.accept()
            if os.fork() == 0:
                try:
                    listener.close()
                    keep(line)
                finally:
                    os._exit(1)  # not into what the server does at its own end
            line.close()
            reap()
    finally:
        with suppress(ChildProcessError):
            while True:
                os.wait()


def reap() -> None:
    """See off the keepers that have ended."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def keep(line: socket.socket) -> None:
    """Start one fork, tell its process id and its exit code; kill it when nobody waits any longer."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    head, outputs, _, _ = socket.recv_fds(line, 4, 2)
    wanted, told = int.from_bytes(head, "big"), b""
    while len(told) < wanted:
        if not (more := line.recv(LIMIT)):
            return  # it was killed before it had said what it wants
        told += more
    pid = os.fork()
    if pid == 0:
        line.close()
        contain(told.decode(), outputs)
    with suppress(OSError):  # whoever asked may be gone, and that is seen below
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
    """Be the first process of a container or a component."""
    os.setsid()
    folder, count, *words = told.split("\0")
    (module, *arguments), variables = words[: int(count)], words[int(count) :]
    for output, standard in zip(outputs, (1, 2), strict=True):
        os.dup2(output, standard)
        os.close(output)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update((name, value) for name, _, value in (one.partition("=") for one in variables))
    tempfile.tempdir = None  # found by the server's environment
    sys.argv = [module, *arguments]
    sys.modules.pop(f"{module}.__main__", None)  # else `runpy` warns, in the midst of what a command prints
    code: object = 0
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 - as any Python ends: a traceback, and 1
        sys.excepthook(*sys.exc_info())
        code = 1
    finally:
        threading._shutdown()  # type: ignore[attr-defined]  # as Python does: waits for threads, says goodbye
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    serve(*sys.argv[1:])
