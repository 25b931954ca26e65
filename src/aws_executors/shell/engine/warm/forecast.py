"""Whether any work is left for idle containers: if none is, they are closed at once.

Law: for the engine's thread, waits for nothing. One query of the database at a time. A container that has
just become idle causes a query at once, as its idle seconds are paid for.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from math import inf
from typing import Generic, TypeVar

from returns.methods import unwrap_or_failure
from returns.result import Result

from aws_executors.core.aws.errors import AwsError
from aws_executors.shell.engine.calls.error_log import ErrorLog
from aws_executors.shell.engine.messages import K
from aws_executors.shell.engine.warm.cell_calls import CellCalls
from aws_executors.shell.engine.warm.turns import Turns

R = TypeVar("R")

ASK_EVERY = 5.0  # seconds between two queries
TOPIC = "Asking Airflow's database for unfinished tasks"


class Forecast(Generic[K, R]):
    """Closes idle containers whose groups of tasks have no unfinished task instance left."""

    def __init__(self, turns: Turns[K, R], calls: CellCalls, error_log: ErrorLog) -> None:
        self._turns = turns
        self._calls = calls
        self._error_log = error_log
        self._asking = False
        self._asked_at = -inf

    def ask(self, now: float) -> None:
        """Ask which groups of idle containers have work left, if it is time to."""
        idle = [one for one in self._turns.containers.values() if one.group and one.idle is not None]
        due = now >= self._asked_at + ASK_EVERY or any(one.since > self._asked_at for one in idle)
        if idle and due and not self._asking:
            self._asked_at, self._asking = now, True
            groups = {one.group for one in idle}
            self._calls.unfinished(groups, partial(self._foreseen, groups))

    def _foreseen(self, groups: Collection[str], result: Result[Collection[str], AwsError]) -> None:
        self._asking = False
        match unwrap_or_failure(result):
            case AwsError() as error:
                self._error_log.say(TOPIC, error.kind, error.message)
            case left:
                needless = (
                    {*groups} - {*left} - {one.request.shape.group for one in self._turns.waiters.values()}
                )
                for container in [*self._turns.containers.values()]:
                    if container.group in needless and container.idle is not None:
                        self._turns.close(container)
