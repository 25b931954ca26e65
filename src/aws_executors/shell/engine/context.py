"""What the parts of one engine share.

Law: for the engine's thread; only the table may be read by other threads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from aws_executors.shell.engine.agenda import Agenda
from aws_executors.shell.engine.calls.error_log import ErrorLog
from aws_executors.shell.engine.job_table import JobTable
from aws_executors.shell.engine.messages import K

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class EngineContext(Generic[K, R]):
    """The jobs of one executor, the clock, the planned callbacks, and what was last logged about failures."""

    table: JobTable[K, R]
    clock: Callable[[], float]
    agenda: Agenda
    error_log: ErrorLog
