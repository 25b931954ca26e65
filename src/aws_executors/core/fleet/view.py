"""The fleet, as one person may see it: all snapshots and the failures of late, put into rows.

Law: what a person may not read of a DAG is left out here and nowhere else: counts are for everybody who may
see the page, names and links for those who may read the DAG's task instances, failures for those who may read
its audit log. Every row brings its links; nothing is asked.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from aws_executors.core.fleet.snapshot import Flow, Key, Member, Snapshot, recent
from aws_executors.core.fleet.standing import Standing
from aws_executors.core.fleet.words import (
    age,
    container_in,
    container_page,
    headline,
    name_of,
    short,
    task_page,
)

May: TypeAlias = Callable[[str], bool]
"""Whether the person may read that of a DAG, by its id."""

FAILURES = 50
"""Failures that are shown one by one."""

REASONS = 20
"""Reasons that are counted, the most frequent ones."""

NOBODYS = ""
"""The DAG of what belongs to none: callbacks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """One failure as Airflow's event log has it; `at` is in seconds since the epoch."""

    key: Key
    at: float
    event: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """One queue of one executor: how many jobs stand how, in the order of `Standing`; the oldest of them."""

    executor: str
    queue: str
    counts: tuple[int, ...]
    oldest: str
    oldest_standing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """One job, with its links; a link is empty where there is none."""

    task: str
    run: str
    page: str
    executor: str
    queue: str
    standing: str
    since: str
    container: str
    console: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowRow:
    """What one executor of one scheduler asked of AWS within the last minute."""

    executor: str
    scheduler: str
    action: str
    calls: int
    throttled: int
    granted: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureRow:
    """One failure, with its links."""

    task: str
    run: str
    page: str
    ago: str
    event: str
    reason: str
    words: str
    container: str
    console: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """Who told what is shown, and when."""

    executor: str
    scheduler: str
    region: str
    ago: str
    stale: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """All that the page shows. `hidden` counts jobs whose names the person may not read, `left_out` those
    that the schedulers did not tell singly, `hours` how far back the failures go."""

    totals: tuple[int, ...]
    queues: tuple[QueueRow, ...]
    jobs: tuple[JobRow, ...]
    flows: tuple[FlowRow, ...]
    reasons: tuple[tuple[str, int], ...]
    failures: tuple[FailureRow, ...]
    tellers: tuple[Teller, ...]
    hidden: int
    left_out: int
    hours: int


def fleet(
    snapshots: Iterable[Snapshot],
    failures: Sequence[Failed],
    may: May,
    now: float,
    hours: int,
    *,
    log: May | None = None,
) -> Fleet:
    """What a person sees of these: jobs of DAGs whose task instances they `may` read, and failures of those
    whose audit `log` they may read (None: of the same).

    >>> nothing = fleet((), (), lambda dag: True, now=0.0, hours=24)
    >>> nothing.totals, nothing.tellers
    ((0, 0, 0, 0, 0), ())
    """
    shown = recent(snapshots, now)
    live = tuple(one for one in shown if not one.stale(now))
    jobs = tuple(_jobs(live, may, now))
    heard = may if log is None else log
    readable = tuple(failed for failed in failures if failed.key.dag == NOBODYS or heard(failed.key.dag))
    regions = {one.region for one in shown}
    region = regions.pop() if len(regions) == 1 else ""
    return Fleet(
        totals=_totals(live),
        queues=_queues(live, now),
        jobs=jobs,
        flows=tuple(_flow(one, flow) for one in live for flow in one.flows),
        reasons=tuple(Counter(headline(failed.words) for failed in readable).most_common(REASONS)),
        failures=tuple(_failure(failed, region, now) for failed in readable[:FAILURES]),
        tellers=tuple(_teller(one, now) for one in shown),
        hidden=sum(len(one.members) for one in live) - len(jobs),
        left_out=sum(one.left_out for one in live),
        hours=hours,
    )


def _totals(snapshots: Sequence[Snapshot]) -> tuple[int, ...]:
    counts = Counter[Standing]()
    for group in (group for one in snapshots for group in one.groups):
        counts[group.standing] += group.count
    return tuple(counts[standing] for standing in Standing)


def _queues(snapshots: Sequence[Snapshot], now: float) -> tuple[QueueRow, ...]:
    counts: dict[tuple[str, str], Counter[Standing]] = {}
    oldest: dict[tuple[str, str], tuple[float, Standing]] = {}
    for one in snapshots:
        for group in one.groups:
            place = (_named(one), group.queue)
            counts.setdefault(place, Counter())[group.standing] += group.count
            if place not in oldest or group.oldest < oldest[place][0]:
                oldest[place] = group.oldest, group.standing
    return tuple(
        QueueRow(
            executor=executor,
            queue=queue or "none",
            counts=tuple(counts[executor, queue][standing] for standing in Standing),
            oldest=age(now - oldest[executor, queue][0]),
            oldest_standing=oldest[executor, queue][1].value,
        )
        for executor, queue in sorted(counts)
    )


def _jobs(snapshots: Sequence[Snapshot], may: May, now: float) -> Iterable[JobRow]:
    members = [(one, member) for one in snapshots for member in one.members]
    for one, member in sorted(members, key=_place):
        if member.key.dag == NOBODYS or may(member.key.dag):
            yield JobRow(
                task=name_of(member.key),
                run=member.key.run,
                page=task_page(member.key),
                executor=_named(one),
                queue=member.queue,
                standing=member.standing.value,
                since=age(now - member.since),
                container=short(member.container),
                console=container_page(member.container, one.region),
                words=member.words,
            )


def _place(told: tuple[Snapshot, Member]) -> tuple[int, float]:
    _, member = told
    return list(Standing).index(member.standing), member.since


def _flow(one: Snapshot, flow: Flow) -> FlowRow:
    granted, most = flow.granted, flow.documented
    limited = granted is not None and most is not None and most > 0
    return FlowRow(
        executor=_named(one),
        scheduler=one.scheduler,
        action=flow.action,
        calls=flow.calls,
        throttled=flow.throttled,
        granted=_granted(granted, most)
        if granted is not None and most is not None and limited
        else "no limit",
        share=min(1.0, granted / most) if granted is not None and most is not None and limited else 1.0,
    )


def _granted(granted: float, most: float) -> str:
    """In words, for a rate that has been found out.

    >>> _granted(19, 20), _granted(97.3, 20)
    ('19 of 20 a second', '97.3 a second, 20 documented')
    """
    if granted <= most:
        return f"{granted:.3g} of {most:.3g} a second"
    return f"{granted:.3g} a second, {most:.3g} documented"


def _failure(failed: Failed, region: str, now: float) -> FailureRow:
    container = container_in(failed.words)
    return FailureRow(
        task=name_of(failed.key),
        run=failed.key.run,
        page=task_page(failed.key),
        ago=age(now - failed.at),
        event=failed.event,
        reason=headline(failed.words),
        words=failed.words.replace(container, short(container)) if container else failed.words,
        container=short(container),
        console=container_page(container, region),
    )


def _teller(one: Snapshot, now: float) -> Teller:
    return Teller(
        executor=_named(one),
        scheduler=one.scheduler,
        region=one.region,
        ago=age(now - one.at),
        stale=one.stale(now),
    )


def _named(one: Snapshot) -> str:
    return f"{one.executor} ({one.team})" if one.team else one.executor
