"""Polling containers and reading rows: when, and what becomes of the answers.

Law: for one thread, waits for nothing. A container whose poll has failed is polled again soon; what an
answer shows is an event of its job, and most answers show nothing new.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Generic, TypeVar

from returns.methods import unwrap_or_failure
from returns.result import Result, Success

from aws_executors.core.aws.errors import AwsError
from aws_executors.core.aws.request_quotas import Action
from aws_executors.core.lifecycle.events import Observed, RowRead
from aws_executors.core.lifecycle.observation import DescribeResult
from aws_executors.core.lifecycle.transitions.watching import runs_on
from aws_executors.core.lifecycle.verdict import Row
from aws_executors.shell.engine.error_log import ErrorLog
from aws_executors.shell.engine.job_table import JobTable, Record
from aws_executors.shell.engine.messages import Asked, K
from aws_executors.shell.engine.operations import Operations
from aws_executors.shell.engine.rate_limiter import RateLimiter
from aws_executors.shell.engine.row_poller import RowPoller

R = TypeVar("R")

CHUNK = 100  # ids in one describe call, of either service


class Polling(Generic[K, R]):
    """The polls of all containers and the readings of all rows in a table of jobs.

    `happen` takes each event of a job, `row_known` each job whose row was read, with when that began.
    """

    def __init__(
        self,
        table: JobTable[K, R],
        operations: Operations[K, R],
        clock: Callable[[], float],
        rate_limiter: RateLimiter,
        error_log: ErrorLog,
        rows: RowPoller,
        happen: Callable[[Record[K, R], Observed | RowRead], None],
        row_known: Callable[[Record[K, R], float], None],
    ) -> None:
        self._table = table
        self._operations = operations
        self._clock = clock
        self._rate_limiter = rate_limiter
        self._error_log = error_log
        self._rows = rows
        self._happen = happen
        self._row_known = row_known
        self.polls_from = 0.0
        """AWS allows no poll before."""

    def poll(self, now: float) -> None:
        """Describe the containers whose time has come, as far as AWS allows it."""
        while now >= self._table.next_poll:
            if not self._rate_limiter.take(Action.DESCRIBE, 1, now):
                self.polls_from = self._rate_limiter.ready_at(Action.DESCRIBE)
                return
            if ids := self._table.to_poll(now, CHUNK):
                self._operations.describe(ids, partial(self._described, ids))

    def read_rows(self, now: float) -> None:
        """Read the rows whose time has come."""
        if asked := self._rows.take(self._table, now):
            self._operations.read_rows(asked, partial(self._rows_read, asked, now))

    def _described(self, ids: tuple[str, ...], result: Result[DescribeResult, AwsError]) -> None:
        now, failed = self._clock(), set(ids)
        match unwrap_or_failure(result):
            case AwsError() as error:
                self._error_log.say("Describe call", error.kind, f"{error.code}: {error.message}")
            case answer:
                self._error_log.works("Describe call")
                self._observed(answer, now)
                failed = {odd.id for odd in answer.unreadable}
        for container in ids:
            plan = self._table.not_polled if container in failed else self._table.polled
            plan(container, now)

    def _observed(self, answer: DescribeResult, now: float) -> None:
        for odd in answer.unreadable:
            self._error_log.say(f"Reading the description of container {odd.id}", "unreadable", odd.problem)
        for observation in answer.observations:
            record = self._table.owner(observation.id)
            if record is not None and not runs_on(record.job, observation):
                self._happen(record, Observed(now, observation))

    def _rows_read(
        self, asked: Mapping[str, Asked[K]], began: float, result: Result[Mapping[str, Row | None], str]
    ) -> None:
        self._error_log.note("Reading task instances from Airflow's database", result)
        if not isinstance(result, Success):
            self._rows.failed(asked, self._clock())
            return
        self._rows.answered()
        for token, row in result.unwrap().items():
            record = self._table.get(token)
            if record is not None:
                self._happen(record, RowRead(began, row))  # the row can be newer than that, never older
                self._table.heard(record, row, began)
                self._row_known(record, began)
