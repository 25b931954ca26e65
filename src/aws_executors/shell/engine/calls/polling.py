"""Polling containers and reading rows: when, and what becomes of the answers.

Law: for one thread, waits for nothing. What an answer shows becomes an event of its job, unless it is nothing
new. A container whose poll has failed is polled again soon. One query for rows at a time: a row that a
verdict waits for is read first, the others take turns, and after a failed query the database is left alone
for a while.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from math import inf
from typing import Generic, TypeVar

from returns.methods import unwrap_or_failure
from returns.result import Result, Success

from aws_executors.core.aws.errors import AwsError
from aws_executors.core.aws.request_quotas import Action
from aws_executors.core.lifecycle.events import Observed, RowRead
from aws_executors.core.lifecycle.observation import DescribeResult
from aws_executors.core.lifecycle.transitions.watching import still_running
from aws_executors.core.lifecycle.verdict import Row
from aws_executors.shell.engine.calls.operations import Operations
from aws_executors.shell.engine.calls.rate_limiter import RateLimiter
from aws_executors.shell.engine.context import EngineContext
from aws_executors.shell.engine.job_table import Record
from aws_executors.shell.engine.messages import K

R = TypeVar("R")

CHUNK = 100  # ids in one describe call, of either service
ROWS = 500  # rows that are read by id in one query
PER_KNOWN_ROW = 0.001
"""Seconds per known row between two readings of all known rows, so that these take no larger share of the
database's time and of ours if there are more of them."""


class Polling(Generic[K, R]):
    """The polls of all containers in a table of jobs and, each `every` seconds, the readings of their rows.

    `happen` takes each event of a job, `row_read` each job whose row was read, with the row and when the
    reading began.
    """

    def __init__(
        self,
        context: EngineContext[K, R],
        operations: Operations[K, R],
        rate_limiter: RateLimiter,
        every: float,
        happen: Callable[[Record[K, R], Observed | RowRead], None],
        row_read: Callable[[Record[K, R], Row | None, float], None],
    ) -> None:
        self.polls_from = 0.0
        """The time before which AWS allows no poll."""
        self.rows_due = inf
        """When the next query for rows may be made; `inf` while one is under way, or if there is no job."""
        self._table = context.table
        self._clock = context.clock
        self._error_log = context.error_log
        self._operations = operations
        self._rate_limiter = rate_limiter
        self._every = every
        self._happen = happen
        self._row_read = row_read
        self._wanted: dict[str, None] = {}  # rows that a verdict waits for, by the tokens of their jobs
        self._reading = False
        self._others_due = 0.0  # when the rows are due that no verdict waits for
        self._known_due = 0.0  # from when on the known rows are read with these
        self._quiet_until = 0.0  # when a database that has failed may be asked again

    # --- Containers ----------------------------------------------------------------------------------------

    def poll(self, now: float) -> None:
        """Describe the containers whose time has come, by as many calls as the rate limit allows."""
        while now >= self._table.next_poll:
            if not self._rate_limiter.take(Action.DESCRIBE, 1, now):
                self.polls_from = self._rate_limiter.ready_at(Action.DESCRIBE)
                return
            if ids := self._table.to_poll(now, CHUNK):
                self._operations.describe(ids, partial(self._described, ids))

    def _described(self, ids: tuple[str, ...], result: Result[DescribeResult, AwsError]) -> None:
        now, failed = self._clock(), set(ids)
        match unwrap_or_failure(result):
            case AwsError() as error:
                self._error_log.say("Describe call", error.kind, error.with_remedy)
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
            if record is not None and not still_running(record.job, observation):
                self._happen(record, Observed(now, observation))

    # --- Rows ----------------------------------------------------------------------------------------------

    def want_row(self, token: str) -> None:
        """Have this job's row read soon, as a verdict waits for it."""
        self._wanted[token] = None
        self._plan_rows()

    def begin(self, now: float) -> None:
        """Begin to read rows, but not at once: the first job of an empty table has a row just written."""
        self._others_due = max(self._others_due, now + self._every)
        self._plan_rows()

    def read_rows(self, now: float) -> None:
        """Read the rows whose time has come, by one query."""
        wanted = [record for token in self._wanted if (record := self._table.get(token)) is not None]
        # A verdict waits for these, so they must be given even if they have not changed.
        urgent = {record.job.token: replace(record.row, known=None) for record in wanted[:ROWS]}
        asked = urgent
        if now >= self._others_due:
            self._others_due = now + self._every
            asked = self._table.to_read(max(0, ROWS - len(urgent))) | urgent
            if now >= self._known_due:
                asked = {**self._table.known, **asked}
                self._known_due = now + len(self._table.known) * PER_KNOWN_ROW
        self._wanted = dict.fromkeys(record.job.token for record in wanted[ROWS:])
        self._reading = bool(asked)
        self._plan_rows()
        if asked:
            self._operations.read_rows(asked, partial(self._rows_read, tuple(urgent), now))
        elif not self._table:
            self.rows_due = inf

    def _rows_read(
        self, urgent: tuple[str, ...], began: float, result: Result[Mapping[str, Row | None], str]
    ) -> None:
        self._error_log.note("Reading task instances from Airflow's database", result)
        self._reading = False
        if not isinstance(result, Success):
            self._wanted |= dict.fromkeys(urgent)
            self._known_due = 0.0
            self._quiet_until = self._clock() + self._every
            self._plan_rows()
            return
        self._plan_rows()
        for token, row in result.unwrap().items():
            record = self._table.get(token)
            if record is not None:
                self._happen(record, RowRead(began, row))  # the row can be newer than `began`, never older
                self._table.note_row(record, row, began)
                self._row_read(record, row, began)

    def _plan_rows(self) -> None:
        due = self._quiet_until if self._wanted else max(self._others_due, self._quiet_until)
        self.rows_due = inf if self._reading else due
