"""Start a warm container: find out its id, import Airflow, and serve its cell.

Law: signals are kept before anything is imported, so that the loop finds a stop that came meanwhile. Airflow
is imported before the cell is created, because from then on a workload may come.
"""

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from uuid import uuid4

from aws_executors.core.lifecycle.launcher_exit_codes import Exit
from aws_executors.core.warm.log_marks import Mark
from aws_executors.run import hostname
from aws_executors.run.first_process import UNWRITTEN, keep_signals, say
from aws_executors.run.preload import preload_for_many, without_collecting
from aws_executors.run.sources import NoWorkloadError
from aws_executors.run.warm import leftovers
from aws_executors.run.warm.fork import run_apart, told_to_stop
from aws_executors.run.warm.serving import ServingContainer, ServingLimits, Store

ASKED = 5
"""How many times, a second apart, the platform is asked for the container's id, which the cell needs."""


def serve_cell(
    store: Callable[[], Store],
    limits: ServingLimits,
    run: Callable[[str], tuple[int, bool]],
    imports: Callable[[], None] = preload_for_many,
    *,
    usage: bool = False,
) -> int:
    """Take workloads from a cell until there is a reason to end; returns the exit code.

    `run` runs a workload given as JSON, in a fork; it returns the exit code, and whether no signal ended the
    task. `imports` imports what all workloads need. With `usage`, each workload's usage is measured.
    """
    if sys.platform != "linux":
        raise NoWorkloadError("--warm needs Linux: what a workload leaves is found by /proc")
    keep_signals()
    born = time.monotonic()
    with without_collecting():
        imports()
        try:
            found = store()
        except (ImportError, ValueError) as error:
            raise NoWorkloadError(f"--warm: {error}") from error
    leftovers.adopt_orphans()
    container = ServingContainer(
        store=found,
        container=_own_id(),
        life=uuid4().hex,
        limits=limits,
        run=lambda text: run_apart(lambda: run(text), usage=usage),
        now=time.monotonic,
        pause=told_to_stop,
        say=say,
        mark=_print,
        born=born,
    )
    hostname.container_id()  # kept in the environment, for all workloads of this container
    return container.serve()


def _own_id() -> str:
    for _ in range(ASKED):
        if found := hostname.full_id():
            return found
        time.sleep(1.0)
    raise NoWorkloadError(
        "--warm: neither AWS_BATCH_JOB_ID nor the task metadata (ECS_CONTAINER_METADATA_URI_V4) say which "
        "container this is",
        Exit.CANNOT_START,
    )


def _print(mark: Mark) -> None:
    """Write a mark to the stream of the tasks' own lines, so that it stands before or after them."""
    with suppress(*UNWRITTEN):  # the workload runs even if the log cannot take the mark
        sys.stdout.flush()
        os.write(sys.stdout.fileno(), f"{mark}\n".encode())
