"""The table of jobs: who is there, who wants to be woken, which container is to be looked at.

Law: a data structure for one thread, without I/O and without decisions; every query costs no more than
what it returns (heaps and indexes, never a pass over all jobs).
"""

import heapq
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import replace
from typing import Generic, TypeVar

from aws_executors.core.lifecycle.display_state import DisplayState, display_state
from aws_executors.core.lifecycle.job import Job, Purpose, Stage
from aws_executors.core.lifecycle.observation import Observation
from aws_executors.core.lifecycle.poll_interval import PollInterval, look_after, look_again_after
from aws_executors.core.lifecycle.transitions.awaiting_row import once_is_enough
from aws_executors.core.lifecycle.verdict import Row
from aws_executors.shell.engine.messages import Asked, K, WorkItem

R = TypeVar("R")

FOLLOWED = (Stage.WATCHING, Stage.STOPPING, Stage.AWAITING_ROW)  # asked so often that no hash is taken
ROW_MATTERS = frozenset(Stage) - {Stage.STOPPING, Stage.CLOSED}


class JobTable(Generic[K, R]):
    """Every job that is not closed, by its token."""

    def __init__(self, pace: PollInterval) -> None:
        self._pace = pace
        self._jobs: dict[str, Job[R]] = {}
        self._work_items: dict[str, WorkItem[K, R]] = {}
        self._tokens: dict[str, str] = {}  # by container
        self._wakes: list[tuple[float, str]] = []
        self._looks: list[tuple[float, str]] = []
        self._planned: dict[str, float] = {}  # the one entry of `_looks` that counts, by container
        self._failed: dict[str, int] = {}  # looks in a row that told nothing, by container
        self._rows: deque[str] = deque()
        self._asked: dict[str, Asked[K]] = {}
        self._stood: dict[str, tuple[DisplayState, float]] = {}
        self.changes = 0
        """How often a job has changed, or closed."""

    def __len__(self) -> int:
        return len(self._jobs)

    def __contains__(self, token: str) -> bool:
        return token in self._jobs

    def __repr__(self) -> str:
        # A copy: another thread may ask, while this one changes the table.
        counts = Counter(job.stage for job in self._jobs.copy().values())
        words = ", ".join(f"{counts[stage]} {stage}" for stage in Stage if counts[stage])
        return f"<{counts.total()} jobs: {words or 'none'}>"

    def add(self, work_item: WorkItem[K, R]) -> None:
        """Take a job in."""
        token = work_item.job.token
        self._jobs[token] = work_item.job
        self._work_items[token] = work_item
        self._asked[token] = Asked(work_item.key, work_item.id)
        if work_item.job.has_row:
            self._rows.append(token)

    def forget_workload(self, token: str) -> None:
        """No request is built for this job any more: what it would be built from need not be kept."""
        work_item = self._work_items[token]
        if work_item.build is not None:
            self._work_items[token] = replace(work_item, build=None)

    def job(self, token: str) -> Job[R] | None:
        """The job of this token, if it is not closed."""
        return self._jobs.get(token)

    def work_item(self, token: str) -> WorkItem[K, R]:
        """What came with the job."""
        return self._work_items[token]

    def jobs(self) -> Iterator[Job[R]]:
        """All of them, for a person to look at, from any thread."""
        return iter(self._jobs.copy().values())

    def entries(self) -> Iterator[tuple[WorkItem[K, R], Job[R], float]]:
        """All of them, with what came with each and since when it stands as it does; from any thread."""
        work_items, stood = self._work_items.copy(), self._stood.copy()
        for token, job in self._jobs.copy().items():
            if token in work_items and token in stood:
                yield work_items[token], job, stood[token][1]

    def owner(self, container: str) -> Job[R] | None:
        """The job that this container belongs to, if it is not closed."""
        return self._jobs.get(self._tokens.get(container, ""))

    def move(self, job: Job[R], now: float) -> None:
        """Put the job's new state in the place of the old one, and keep every index true."""
        old = self._jobs[job.token]
        self._unheard(job.token)
        if job.container != old.container:
            self._tokens.pop(old.container, None)
            self._failed.pop(old.container, None)
            if job.container:
                self._tokens[job.container] = job.token
        known = job.container == old.container and old.stage in FOLLOWED
        if job.container and job.stage in FOLLOWED and not known:
            self._plan(job.container, now + self._pace.quickest)
        if job.due is not None and job.due != old.due:
            heapq.heappush(self._wakes, (job.due, job.token))
        if job.stage is Stage.CLOSED:
            self._tokens.pop(job.container, None)
            self._failed.pop(job.container, None)
            self._asked.pop(job.token, None)
            del self._jobs[job.token], self._work_items[job.token]
            self._stood.pop(job.token, None)
        else:
            self._jobs[job.token] = job
            state = display_state(job)
            if job.token not in self._stood or self._stood[job.token][0] is not state:
                self._stood[job.token] = state, now
        self.changes += 1  # last: who counts, and looks then, sees all that is counted

    def next_wake(self) -> float | None:
        """When a job wants to be woken next."""
        return self._wakes[0][0] if self._wakes else None

    def next_look(self) -> float | None:
        """When a container is to be looked at next."""
        return self._looks[0][0] if self._looks else None

    def looks_due(self, now: float) -> bool:
        """Whether a container is to be looked at by now."""
        return bool(self._looks) and self._looks[0][0] <= now

    def woken(self, now: float) -> Iterator[str]:
        """Take the jobs whose time has come."""
        while self._wakes and self._wakes[0][0] <= now:
            due, token = heapq.heappop(self._wakes)
            job = self._jobs.get(token)
            if job is not None and job.due == due:
                yield token

    def to_look_at(self, now: float, most: int) -> tuple[str, ...]:
        """Take up to `most` containers that are to be looked at now, filled up with those due soon."""
        if not self.looks_due(now):
            return ()
        soon = now + self._pace.quickest / 2
        ids: dict[str, None] = {}
        while self._looks and self._looks[0][0] <= soon and len(ids) < most:
            time, container = heapq.heappop(self._looks)
            if self._planned.get(container) == time:
                del self._planned[container]
                if self._followed(container):
                    ids[container] = None
        return tuple(ids)

    def looked_at(self, container: str, now: float) -> None:
        """Plan the next look at a container that was looked at just now."""
        self._failed.pop(container, None)
        job = self.owner(container)
        if job is not None and job.stage in FOLLOWED:
            self._plan(container, now + look_after(job, self._pace, now))

    def not_looked_at(self, container: str, now: float) -> None:
        """Plan the next look at a container of which a look just now has told nothing."""
        if self._followed(container):
            self._failed[container] = failures = self._failed.get(container, 0) + 1
            self._plan(container, now + look_again_after(failures, self._pace))

    def asked(self, token: str) -> Asked[K]:
        """What to read of this job's row: what it has not heard yet."""
        return self._asked[token]

    def heard(self, token: str, row: Row | None, at: float) -> None:
        """The job has taken in that its row says this, read at `at`: told again, it would change nothing."""
        asked = self._asked.get(token)
        if asked is not None and row is not None:
            job = self._jobs[token]
            enough = row.token == token and _row_matters(job) and once_is_enough(job, at)
            self._asked[token] = Asked(asked.key, row.id, row if enough else None)

    def rows_to_read(self, most: int) -> tuple[str, ...]:
        """Up to `most` jobs whose rows have not been read for longest."""
        tokens: list[str] = []
        rows, asked = self._rows, self._asked
        turns = min(most, len(rows))
        while turns and rows:
            token = rows.popleft()
            one = asked.get(token)
            if one is None:
                continue  # closed meanwhile: forgotten, and no turn used up
            turns -= 1
            rows.append(token)
            if one.heard is not None or _row_matters(self._jobs[token]):
                tokens.append(token)
        return tuple(tokens)

    def live(self) -> dict[str, str]:
        """The containers that may still run, each with the token of its job."""
        jobs = self._jobs.values()
        return {job.container: job.token for job in jobs if job.container and not _over(job.seen)}

    def _unheard(self, token: str) -> None:
        """The job changes: what its row said last may mean something else now."""
        asked = self._asked.get(token)
        if asked is not None and asked.heard is not None:
            self._asked[token] = replace(asked, heard=None)

    def _plan(self, container: str, time: float) -> None:
        self._planned[container] = time
        heapq.heappush(self._looks, (time, container))

    def _followed(self, container: str) -> bool:
        job = self.owner(container)
        return job is not None and job.stage in FOLLOWED


def _row_matters(job: Job[R]) -> bool:
    """Whether the row can still change what becomes of the job: as long as it holds a slot."""
    return job.purpose is Purpose.RELEASE or (not job.unwanted and job.stage in ROW_MATTERS)


def _over(seen: Observation | None) -> bool:
    return seen is not None and seen.ended
