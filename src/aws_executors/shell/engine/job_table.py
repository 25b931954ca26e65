"""The table of jobs: one record for each, and which containers and rows are to be read next.

Law: a data structure for one thread, without I/O and without decisions. What the engine calls all the time
costs no more than what it returns (heaps and indexes); only rare calls (`live`, `poll_all`) go over all jobs.
"""

from __future__ import annotations

import heapq
from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from math import inf
from typing import Generic, TypeVar

from aws_executors.core.lifecycle.display_state import DisplayState, display_state
from aws_executors.core.lifecycle.effects import Effect, Submit
from aws_executors.core.lifecycle.job import Job, Purpose, Stage
from aws_executors.core.lifecycle.poll_interval import PollInterval, poll_after, poll_again_after
from aws_executors.core.lifecycle.transitions.row_read import same_row_changes_nothing
from aws_executors.core.lifecycle.verdict import Row
from aws_executors.core.warm.turn import MARK
from aws_executors.shell.engine.messages import K, RowQuery, WorkItem

R = TypeVar("R")

FORMER = 20_000
"""How many containers are remembered after their jobs are done with them: their last events come later."""
FOLLOWED = (Stage.WATCHING, Stage.STOPPING, Stage.AWAITING_ROW)  # a tuple: hashing at each test costs more
EARLY = 1 / 8
"""How early other containers may be polled in a call, as a fraction of the pause of the first one in it."""
ROW_MATTERS = frozenset(Stage) - {Stage.STOPPING, Stage.CLOSED}


@dataclass(slots=True, eq=False, kw_only=True)
class Record(Generic[K, R]):
    """All that the engine knows of one job, until it is closed."""

    work_item: WorkItem[K, R]
    job: Job[R]
    state: DisplayState  # as people see it
    since: float  # when it entered that state
    queued_at: float | None  # when it was handed over to be run; None otherwise, and once it has run
    row: RowQuery[K]  # how to read its row
    poll_at: float | None = None  # when its container is polled next; polls planned earlier do not count
    failed_polls: int = 0  # in a row
    named: bool = False  # whether an event has named its container
    accounted: str = ""  # the last container whose end was reported to the executor
    pending: dict[type[Effect[R]], int] = field(default_factory=dict)
    """The number of the last call for each kind of effect, until that call is answered."""
    fencing: bool = False  # whether a fence of its row is under way
    in_doubt: bool = False  # its row must be read before anything is submitted for it
    on_hold: Submit[R] | None = None  # the submission that waits for this reading

    def forget_workload(self) -> None:
        """Drop what requests are built from: no further request is built for this job."""
        if self.work_item.build is not None:
            self.work_item = replace(self.work_item, build=None)


class JobTable(Generic[K, R]):
    """Every job that is not closed, by its token."""

    def __init__(self, pace: PollInterval, *, events: bool = False) -> None:
        self._pace = pace
        self._events = events
        self._records: dict[str, Record[K, R]] = {}
        self._owners: dict[str, Record[K, R]] = {}  # by container
        self._turns = 0  # how many of `_owners` are turns; their warm containers have entries of their own
        self._polls: list[tuple[float, str]] = []
        self._unread: OrderedDict[str, None] = OrderedDict()  # jobs whose rows are read in turn
        self._known: dict[str, RowQuery[K]] = {}  # the other jobs: their rows matter only once changed
        self.next_poll = inf
        """When a container is to be polled next."""
        self.changes = 0
        """How often a job has changed, or closed."""
        self.events_come = False
        """Whether events come: then a container that an event has named is rarely polled."""
        self._former: OrderedDict[str, None] = OrderedDict()  # containers that belonged to a job

    def __len__(self) -> int:
        return len(self._records)

    def __contains__(self, token: str) -> bool:
        return token in self._records

    def __repr__(self) -> str:
        counts = Counter(job.stage for job in self.jobs())
        words = ", ".join(f"{counts[stage]} {stage}" for stage in Stage if counts[stage])
        return f"<{counts.total()} jobs: {words or 'none'}>"

    def add(self, work_item: WorkItem[K, R], job: Job[R], now: float = 0.0) -> Record[K, R]:
        """Add a job that has just begun."""
        record = Record(
            work_item=work_item,
            job=job,
            state=display_state(job),
            since=now,
            queued_at=now if job.purpose is Purpose.RUN and not job.pooled else None,
            row=RowQuery(work_item.key, work_item.id),
        )
        self._records[job.token] = record
        if job.has_row:
            self._unread[job.token] = None
        self.changes += 1
        return record

    def get(self, token: str) -> Record[K, R] | None:
        """The record of this job, if it is not closed."""
        return self._records.get(token)

    def owner(self, container: str) -> Record[K, R] | None:
        """The record of the job that this container belongs to, if it is not closed."""
        return self._owners.get(container)

    def belonged(self, container: str) -> bool:
        """Whether this container belonged to a job that is done with it; only the last `FORMER` are known."""
        return container in self._former

    def records(self) -> Iterator[Record[K, R]]:
        """All records, from a copy, so that any thread may read them while the engine changes the table."""
        return iter(self._records.copy().values())

    def jobs(self) -> Iterator[Job[R]]:
        """All jobs, from any thread."""
        return (record.job for record in self.records())

    def move(self, job: Job[R], now: float) -> None:
        """Replace a job by its new state, and keep every index true."""
        record = self._records[job.token]
        old, record.job = record.job, job
        self._read_in_turn(record)  # its row may mean something else to the job now
        if job.container != old.container:
            self._disown(old.container)
            record.failed_polls, record.named = 0, False
            if job.container:
                self._turns += MARK in job.container and job.container not in self._owners
                self._owners[job.container] = record
        if job.stage is Stage.CLOSED:
            self._disown(job.container)
            del self._records[job.token]
            self._unread.pop(job.token, None)
        else:
            known = job.container == old.container and old.stage in FOLLOWED
            if job.container and job.stage in FOLLOWED and not known:
                self._plan(record, now + (self._pace.first_poll if self.events_come else self._pace.quickest))
            elif self.events_come and record.named and job.stage in FOLLOWED and job.stage is not old.stage:
                self._plan(record, min(record.poll_at or inf, now + self._pause(record, now)))
            state = display_state(job)
            if state is not record.state:
                record.state, record.since = state, now
        self.changes += 1  # last: whoever reads this number before the jobs misses no change

    # --- Polling containers --------------------------------------------------------------------------------

    def to_poll(self, now: float, most: int) -> tuple[str, ...]:
        """Take up to `most` containers that are to be polled now, filled up with those due soon.

        How soon depends on the first one's pause, so that containers of one age come to share calls.
        """
        if now < self.next_poll:
            return ()
        soon = now + self._pace.quickest / 2
        ids: dict[str, None] = {}
        while self._polls and self._polls[0][0] <= soon and len(ids) < most:
            time, container = heapq.heappop(self._polls)
            record = self._owners.get(container)
            if record is not None and record.poll_at == time:
                record.poll_at = None
                if record.job.stage in FOLLOWED:
                    if not ids:
                        soon = max(soon, now + self._pause(record, now) * EARLY)
                    ids[container] = None
        self.next_poll = self._polls[0][0] if self._polls else inf
        return tuple(ids)

    def polled(self, container: str, now: float) -> None:
        """Plan the next poll of a container that was polled just now."""
        record = self._owners.get(container)
        if record is not None:
            record.failed_polls = 0
            if record.job.stage in FOLLOWED:
                self._plan(record, now + self._pause(record, now))

    def not_polled(self, container: str, now: float) -> None:
        """Plan the next poll of a container whose poll has just failed."""
        record = self._owners.get(container)
        if record is not None and record.job.stage in FOLLOWED:
            record.failed_polls += 1
            self._plan(record, now + poll_again_after(record.failed_polls, self._pace))

    def named(self, record: Record[K, R], now: float) -> None:
        """An event has named this job's container, as others will: it can be polled rarely."""
        record.named = True
        if record.job.stage in FOLLOWED:
            self._plan(record, now + self._pause(record, now))

    def poll_all(self, now: float) -> None:
        """Plan a poll of every container that is followed, at once."""
        for record in self._records.values():
            if record.job.container and record.job.stage in FOLLOWED:
                self._plan(record, now)

    def live(self) -> dict[str, Record[K, R]]:
        """The containers that may still run, each with the record of its job."""
        return {
            record.job.container: record
            for record in self._records.values()
            if record.job.container and not (record.job.seen is not None and record.job.seen.ended)
        }

    def _pause(self, record: Record[K, R], now: float) -> float:
        events_come, containers = self.events_come and record.named, len(self._owners) - self._turns
        return poll_after(record.job, self._pace, now, events_come=events_come, containers=containers)

    def _disown(self, container: str) -> None:
        if self._owners.pop(container, None) is None:
            return
        self._turns -= MARK in container
        if self._events:
            self._former[container] = None
            if len(self._former) > FORMER:
                self._former.popitem(last=False)

    def _plan(self, record: Record[K, R], time: float) -> None:
        if MARK in record.job.container:
            return  # a turn is not polled: its state is in its container's cell
        record.poll_at = time
        heapq.heappush(self._polls, (time, record.job.container))
        self.next_poll = self._polls[0][0]

    # --- Reading rows --------------------------------------------------------------------------------------

    @property
    def known(self) -> Mapping[str, RowQuery[K]]:
        """The queries of the jobs whose rows matter only if they have changed."""
        return self._known

    def to_read(self, most: int) -> dict[str, RowQuery[K]]:
        """The queries of up to `most` of the other jobs, those whose rows have not been read for longest."""
        turns = list(islice(self._unread, most))
        for token in turns:
            self._unread.move_to_end(token)
        records = (self._records[token] for token in turns)
        return {record.job.token: record.row for record in records if _row_matters(record.job)}

    def note_row(self, record: Record[K, R], row: Row | None, at: float) -> None:
        """Note a row that was read at `at`; it is known from now on if the same row would change nothing."""
        job = record.job
        if row is None or job.stage is Stage.CLOSED:
            return
        self._read_in_turn(record)
        record.row = replace(record.row, id=row.id)
        if row.token == job.token and _row_matters(job) and same_row_changes_nothing(job, at):
            self._known[job.token] = record.row = replace(record.row, known=row)
            self._unread.pop(job.token, None)

    def _read_in_turn(self, record: Record[K, R]) -> None:
        if self._known.pop(record.job.token, None) is not None:
            record.row = replace(record.row, known=None)
            self._unread[record.job.token] = None


def _row_matters(job: Job[R]) -> bool:
    """Whether the row can still change what becomes of the job."""
    return job.purpose is Purpose.RELEASE or (not job.withdrawn and job.stage in ROW_MATTERS)
