"""What a container measured of itself: the one log line in which the launcher reports that.

Law: text in, values out; both sides use it, the launcher that measures (`run/usage/`) and the executor that
reads. A line comes from a container, so it is read as foreign input: bounded, and None if anything is wrong.
"""

from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

PREFIX = "aws_executors.run: "
MARK = "used "
SAID = f"{PREFIX}{MARK}"
"""How the launcher's line in a container's log begins."""
LONGEST = 1_000
"""The most characters of a measurement's JSON."""

Bytes = Annotated[int, Field(ge=0, le=2**62)]
Seconds = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]


class Measured(BaseModel):
    """What was used while one workload ran; None for what could not be measured.

    `memory` is the peak in MiB without the page cache, `cpu` the CPU seconds, `disk` the peak of MiB written
    to the task's own disk, `received` and `sent` the bytes of its network, `kills` the processes that the
    kernel killed for memory. `seconds` are those of the workload, if it ran in a warm container.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    memory: Bytes | None = None
    cpu: Seconds | None = None
    disk: Bytes | None = None
    received: Bytes | None = None
    sent: Bytes | None = None
    kills: Bytes | None = None
    seconds: Seconds | None = None


def usage_address(workload: str) -> str:
    """The address of a stored workload's measurement, beside the workload.

    >>> usage_address("s3://airflow/workloads/0b6e-1")
    's3://airflow/workloads/0b6e-1.usage'
    """
    return f"{workload}.usage"


def measured_text(measured: Measured) -> str:
    """The launcher's line about a measurement, without `PREFIX`.

    >>> measured_text(Measured(memory=412, cpu=12.3))
    'used {"memory":412,"cpu":12.3}'
    """
    return f"{MARK}{measured.model_dump_json(exclude_none=True)}"


def read_measured(text: str) -> Measured | None:
    """The measurement that a JSON text holds, or None if it holds none.

    >>> read_measured('{"memory":412}'), read_measured('{"memory":-1}')
    (Measured(memory=412, cpu=None, disk=None, received=None, sent=None, kills=None, seconds=None), None)
    """
    if len(text) > LONGEST:
        return None
    try:
        return Measured.model_validate_json(text)
    except ValidationError:
        return None


def last_measured(lines: Iterable[str]) -> Measured | None:
    """The last measurement in the lines of a container's log, oldest first.

    >>> last_measured(["hello", 'aws_executors.run: used {"memory":412}', "bye"]).memory
    412
    """
    found = None
    for line in lines:
        head, mark, text = line.strip().partition(SAID)
        if mark and not head:
            found = read_measured(text) or found
    return found
