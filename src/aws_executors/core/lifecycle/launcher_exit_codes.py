"""The exit codes of our launcher: one table, for the launcher that exits and the executor that reads it.

Law: literal rows, no functions but look-ups. The launcher is `aws_executors.run`; its exit code is read in
`verdict.py` and `core/explain/diagnosis.py`. The codes avoid those of shells (126 and up), Python (1, 2) and
``sysexits.h`` (64 to 78), so that no other program's code is taken for one of ours.
"""

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType


class Exit(IntEnum):
    """How a run of the launcher ended."""

    RAN = 0
    HELD = 80
    REFUSED = 81
    GONE = 82
    INFRASTRUCTURE = 83
    CANNOT_START = 84


MEANINGS: Mapping[Exit, str] = MappingProxyType(
    {
        Exit.RAN: "the workload ran, and its result was reported to Airflow",
        Exit.HELD: "another container runs the task",
        Exit.REFUSED: "Airflow's API server refused the workload's token",
        Exit.GONE: "the task instance no longer needs a container: it was cleared, finished or deleted",
        Exit.INFRASTRUCTURE: "Airflow's API server or the workload's store could not be reached, or the "
        "container was stopped before the task began",
        Exit.CANNOT_START: "the image, a setting or the command is wrong",
    }
)

AT_THE_START: Mapping[int, Exit] = MappingProxyType(
    {
        401: Exit.REFUSED,
        403: Exit.REFUSED,
        404: Exit.GONE,
        409: Exit.GONE,
        410: Exit.GONE,
        422: Exit.CANNOT_START,
    }
)
"""What the API server's answer to "I begin" means, by its HTTP status; but a 409 for a task that already runs
is `Exit.HELD`. Source: ``airflow/api_fastapi/execution_api/routes/task_instances.py``."""


def exit_of(code: int | None) -> Exit | None:
    """The `Exit` that an exit code stands for, or None for a code that is not ours.

    >>> exit_of(81), exit_of(1), exit_of(None)
    (<Exit.REFUSED: 81>, None, None)
    """
    return next((row for row in Exit if row == code), None)


def exit_for_status(status: int) -> Exit:
    """What the API server's answer to "I begin" means, by its HTTP status of 400 or above.

    >>> exit_for_status(403), exit_for_status(503)
    (<Exit.REFUSED: 81>, <Exit.INFRASTRUCTURE: 83>)
    """
    return AT_THE_START.get(status, Exit.INFRASTRUCTURE)
