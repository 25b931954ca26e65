"""Arrange all snapshots and recent failures in rows, as one user may see them.

Law: the only place where data is left out for lack of permission. Everybody who may open the page sees the
counts. Names and links are for users who may read the DAG's task instances, failures for those who may read
its audit log. Links are computed from the data; nothing is looked up.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from aws_executors.core.aws.console import container_in
from aws_executors.core.cost.summary import UsageEntry
from aws_executors.core.lifecycle.display_state import DisplayState
from aws_executors.core.lifecycle.metrics import ContainerState
from aws_executors.dashboard.page.failure_kind import failure_kind
from aws_executors.dashboard.page.formatting import age, container_page, short_id, task_name, task_page
from aws_executors.dashboard.page.usage import UsageCard, usage_card
from aws_executors.dashboard.snapshot import (
    CallRate,
    ContainerRecord,
    JobRecord,
    Snapshot,
    TaskKey,
    recent,
)

Allowed: TypeAlias = Callable[[str], bool]
"""Whether the user may read the data of a DAG, by its id."""

LISTED = 50
"""How many failures are listed."""

KINDS = 20
"""How many kinds of failures are shown with their counts, the most frequent first."""

NO_DAG = ""
"""The DAG id for callbacks, which belong to no DAG."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One failure in Airflow's event log; `at` is in seconds since the epoch."""

    key: TaskKey
    at: float
    event: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """One queue of one executor: its jobs by state, in the order of `DisplayState`, and the oldest one."""

    executor: str
    queue: str
    counts: tuple[int, ...]
    oldest: str
    oldest_state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """One job, with its links; a link is empty if there is none."""

    task: str
    run: str
    page: str
    executor: str
    queue: str
    state: str
    since: str
    container: str
    console: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRow:
    """The calls of one executor of one scheduler within the last minute.

    `share` is the rate allowed now as a share of the documented one, at most 1.
    """

    executor: str
    scheduler: str
    action: str
    calls: int
    throttled: int
    granted: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerRow:
    """One warm container; `task` is empty if it runs no task, or a task whose name the user may not read."""

    container: str
    console: str
    executor: str
    state: str
    since: str
    served: int
    task: str
    run: str
    page: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmCard:
    """What the page shows of warm containers: how many there are in each state, how many workloads they have
    run, and rows for some of the containers."""

    counts: tuple[tuple[str, int], ...]
    served: int
    rows: tuple[ContainerRow, ...]
    left_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureRow:
    """One failure, with its links; `kind` is a few words, `detail` the whole message."""

    task: str
    run: str
    page: str
    at: float
    ago: str
    event: str
    kind: str
    detail: str
    container: str
    console: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulerRow:
    """One executor of one scheduler, and when it last published."""

    executor: str
    scheduler: str
    region: str
    news: str
    ago: str
    stale: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """All that the page shows.

    `unreadable` counts the jobs whose names the user may not read, `left_out` those that the schedulers did
    not list; `hours` is how far back the failures go.
    """

    totals: tuple[int, ...]
    queues: tuple[QueueRow, ...]
    jobs: tuple[JobRow, ...]
    calls: tuple[CallRow, ...]
    kinds: tuple[tuple[str, int], ...]
    failures: tuple[FailureRow, ...]
    schedulers: tuple[SchedulerRow, ...]
    unreadable: int
    left_out: int
    hours: int
    usage: UsageCard | None = None
    warm: WarmCard | None = None


def fleet(
    snapshots: Iterable[Snapshot],
    failures: Sequence[Failure],
    may_read_tasks: Allowed,
    now: float,
    hours: int,
    *,
    may_read_log: Allowed | None = None,
    usage: Sequence[UsageEntry] = (),
) -> Fleet:
    """The fleet as a user sees it: jobs of DAGs whose task instances they may read, and failures and usage of
    DAGs whose audit log they may read.

    Without `may_read_log`, failures and usage are shown for the same DAGs as jobs.

    >>> nothing = fleet((), (), lambda dag: True, now=0.0, hours=24)
    >>> nothing.totals, nothing.schedulers
    ((0, 0, 0, 0, 0), ())
    """
    shown = recent(snapshots, now)
    live = tuple(one for one in shown if not one.stale(now))
    jobs = tuple(_jobs(live, may_read_tasks, now))
    may_read = may_read_tasks if may_read_log is None else may_read_log
    readable = tuple(one for one in failures if one.key.dag == NO_DAG or may_read(one.key.dag))
    regions = {one.region for one in shown}
    region = regions.pop() if len(regions) == 1 else ""
    return Fleet(
        totals=_totals(live),
        queues=_queues(live, now),
        jobs=jobs,
        calls=tuple(_call(one, rate) for one in live for rate in one.calls),
        kinds=tuple(Counter(failure_kind(one.message) for one in readable).most_common(KINDS)),
        failures=tuple(_failure(one, region, now) for one in readable[:LISTED]),
        schedulers=tuple(_scheduler(one, now) for one in shown),
        unreadable=sum(len(one.jobs) for one in live) - len(jobs),
        left_out=sum(one.left_out for one in live),
        hours=hours,
        usage=usage_card(usage, may_read),
        warm=_warm(live, may_read_tasks, now),
    )


def _warm(snapshots: Sequence[Snapshot], may_read: Allowed, now: float) -> WarmCard | None:
    """The card of the warm containers; None if there are none."""
    counts = Counter[ContainerState]()
    for count in (count for one in snapshots for count in one.container_counts):
        counts[count.state] += count.count
    if not counts:
        return None
    rows = tuple(
        _container(one, record, may_read, now)
        for one in snapshots
        for record in sorted(one.containers, key=_state)
    )
    return WarmCard(
        counts=tuple((state.value, counts[state]) for state in ContainerState),
        served=sum(count.served for one in snapshots for count in one.container_counts),
        rows=rows,
        left_out=counts.total() - len(rows),
    )


def _state(record: ContainerRecord) -> int:
    return list(ContainerState).index(record.state)


def _container(one: Snapshot, record: ContainerRecord, may_read: Allowed, now: float) -> ContainerRow:
    key = record.key if record.key and (record.key.dag == NO_DAG or may_read(record.key.dag)) else None
    return ContainerRow(
        container=short_id(record.container),
        console=container_page(record.container, one.region) if record.container else "",
        executor=_executor(one),
        state=record.state.value,
        since=age(now - record.since),
        served=record.served,
        task="" if key is None else task_name(key),
        run="" if key is None else key.run,
        page="" if key is None else task_page(key),
    )


def _totals(snapshots: Sequence[Snapshot]) -> tuple[int, ...]:
    counts = Counter[DisplayState]()
    for one in snapshots:
        for queue in one.queues:
            counts[queue.state] += queue.count
    return tuple(counts[state] for state in DisplayState)


def _queues(snapshots: Sequence[Snapshot], now: float) -> tuple[QueueRow, ...]:
    counts: dict[tuple[str, str], Counter[DisplayState]] = {}
    oldest: dict[tuple[str, str], tuple[float, DisplayState]] = {}
    for one in snapshots:
        for queue in one.queues:
            place = (_executor(one), queue.queue)
            counts.setdefault(place, Counter())[queue.state] += queue.count
            if place not in oldest or queue.oldest < oldest[place][0]:
                oldest[place] = queue.oldest, queue.state
    return tuple(
        QueueRow(
            executor=executor,
            queue=queue or "none",
            counts=tuple(counts[executor, queue][state] for state in DisplayState),
            oldest=age(now - oldest[executor, queue][0]),
            oldest_state=oldest[executor, queue][1].value,
        )
        for executor, queue in sorted(counts)
    )


def _jobs(snapshots: Sequence[Snapshot], may_read: Allowed, now: float) -> Iterable[JobRow]:
    jobs = [(one, job) for one in snapshots for job in one.jobs]
    for one, job in sorted(jobs, key=_order):
        if job.key.dag == NO_DAG or may_read(job.key.dag):
            yield JobRow(
                task=task_name(job.key),
                run=job.key.run,
                page=task_page(job.key),
                executor=_executor(one),
                queue=job.queue,
                state=job.state.value,
                since=age(now - job.since),
                container=short_id(job.container),
                console=container_page(job.container, one.region),
                reason=job.reason,
            )


def _order(found: tuple[Snapshot, JobRecord]) -> tuple[int, float]:
    _, job = found
    return list(DisplayState).index(job.state), job.since


def _call(one: Snapshot, rate: CallRate) -> CallRow:
    granted, share = _granted(rate.granted, rate.documented)
    return CallRow(
        executor=_executor(one),
        scheduler=one.scheduler,
        action=rate.action,
        calls=rate.calls,
        throttled=rate.throttled,
        granted=granted,
        share=share,
    )


def _granted(granted: float | None, documented: float | None) -> tuple[str, float]:
    """An allowed rate as text, and as a share of the documented one.

    >>> _granted(19, 20), _granted(97.3, 20), _granted(None, None)
    (('19 of 20 per second', 0.95), ('97.3 per second, 20 documented', 1.0), ('no limit', 1.0))
    """
    if granted is None or documented is None or documented <= 0:
        return "no limit", 1.0
    if granted <= documented:
        return f"{granted:.3g} of {documented:.3g} per second", granted / documented
    return f"{granted:.3g} per second, {documented:.3g} documented", 1.0


def _failure(failure: Failure, region: str, now: float) -> FailureRow:
    message, container = failure.message, container_in(failure.message)
    return FailureRow(
        task=task_name(failure.key),
        run=failure.key.run,
        page=task_page(failure.key),
        at=failure.at,
        ago=age(now - failure.at),
        event=failure.event,
        kind=failure_kind(message),
        detail=message.replace(container, short_id(container)) if container else message,
        container=short_id(container),
        console=container_page(container, region),
    )


def _scheduler(one: Snapshot, now: float) -> SchedulerRow:
    return SchedulerRow(
        executor=_executor(one),
        scheduler=one.scheduler,
        region=one.region,
        news=one.news,
        ago=age(now - one.at),
        stale=one.stale(now),
    )


def _executor(one: Snapshot) -> str:
    return f"{one.executor} ({one.team})" if one.team else one.executor
