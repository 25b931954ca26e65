"""An account's token bucket in virtual time, the schedulers that feel for it, and another client.

Law: queue, rate limiter and rate are production's; AWS's bucket is what its documentation says. Time stands
still while something happens; dice are seeded, so a story is always the same. ``python -m simulation.rates``
tells all of them, over half an hour each.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from aws_executors.core.aws.request_quotas import (
    BATCH,
    ON_FARGATE,
    ON_INSTANCES,
    Action,
    Allotments,
    allotments,
)
from aws_executors.core.aws.token_bucket import Quota
from aws_executors.shell.engine.calls.rate_limiter import Account, RateLimitedQueue

NAP = 0.01
"""The fewest seconds between two turns of an engine."""
LATENCY = (0.05, 0.3)
"""The range of seconds from a call to its answer."""
AGAIN = 1.0
"""Seconds until a throttled call waits at its queue again."""
OTHER = -1


@dataclass(frozen=True, kw_only=True)
class Story:
    """The rates that the account grants, each from a time (seconds) on; who wants how many calls; for how
    long.

    Each scheduler wants `demand` calls every so many seconds, or as many as possible; they begin at `begins`.
    Another client makes `other` calls every so many seconds, all at once, or a single call at random moments,
    whether or not they are throttled.
    """

    documented: Allotments
    grants: Sequence[tuple[float, Quota]]
    minutes: float
    begins: Sequence[float] = (0.0,)
    demand: tuple[int, float] | None = None
    other: tuple[int, float] | None = None
    submit_rate: float | None = None
    seed: int = 1


def granting(rate: float, documented: Allotments) -> Quota:
    """A quota of so many calls a second, with the burst raised or lowered in proportion."""
    quota = documented[Action.SUBMIT].quota
    return Quota(rate=rate, burst=quota.burst * rate / quota.rate)


@dataclass
class Told:
    """All calls in order of time: who called when, and whether AWS let the call pass."""

    story: Story
    times: list[float] = field(default_factory=list)
    calls: list[tuple[int, bool]] = field(default_factory=list)
    rates: list[list[float]] = field(default_factory=list)

    def passed(self, who: int, begin: float, end: float) -> int:
        """How many calls of this client passed between these times."""
        return sum(ok for one, ok in self._within(begin, end) if one == who)

    def throttled(self, who: int, begin: float, end: float) -> float:
        """The share of this client's calls that was throttled."""
        answers = [ok for one, ok in self._within(begin, end) if one == who]
        return answers.count(False) / max(1, len(answers))

    def ours(self, begin: float, end: float) -> int:
        """How many calls of our schedulers passed."""
        return sum(self.passed(who, begin, end) for who in range(len(self.story.begins)))

    def used(self, begin: float, end: float) -> float:
        """The share that our schedulers used of the calls that AWS granted, less the other client's calls."""
        granted = 0.0
        ends = [at for at, _ in self.story.grants[1:]] + [float("inf")]
        for (at, quota), until in zip(self.story.grants, ends, strict=True):
            granted += quota.rate * max(0.0, min(end, until) - max(begin, at))
        granted -= sum(who == OTHER for who, _ in self._within(begin, end))
        return self.ours(begin, end) / granted

    def _within(self, begin: float, end: float) -> list[tuple[int, bool]]:
        return self.calls[bisect_left(self.times, begin) : bisect_left(self.times, end)]


class Line:
    """A queue of future events, in order of time."""

    def __init__(self) -> None:
        self._things: list[tuple[float, int, Callable[[float], None]]] = []
        self._order = itertools.count()

    def at(self, time: float, happen: Callable[[float], None]) -> None:
        heapq.heappush(self._things, (time, next(self._order), happen))

    def run(self, until: float) -> None:
        while self._things and self._things[0][0] < until:
            now, _, happen = heapq.heappop(self._things)
            happen(now)


class Granted:
    """AWS's bucket: full at first, and refilled independently of the schedulers' own."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._grants = list(told.story.grants)
        _, self._quota = self._grants.pop(0)
        self._tokens, self._at = self._quota.burst, 0.0

    def admits(self, who: int, now: float) -> bool:
        while self._grants and self._grants[0][0] <= now:
            at, quota = self._grants.pop(0)
            self._fill(at)
            self._quota = quota
        self._fill(now)
        ok = self._tokens >= 1
        self._tokens -= ok
        self._told.times.append(now)
        self._told.calls.append((who, ok))
        return ok

    def _fill(self, now: float) -> None:
        more = (now - self._at) * self._quota.rate
        self._tokens, self._at = min(self._quota.burst, self._tokens + more), now


class Scheduler:
    """One of our schedulers: a queue, a rate limiter, and calls under way."""

    def __init__(self, number: int, told: Told, line: Line, granted: Granted, dice: Random) -> None:
        story = told.story
        self._number, self._line, self._granted, self._dice = number, line, granted, dice
        self.share = Account().share(
            allotments(story.documented, submit_rate=story.submit_rate, read_share=0.5)
        )
        self._queue: RateLimitedQueue[None] = RateLimitedQueue(Action.SUBMIT, self.share)
        self._demand = story.demand
        line.at(story.begins[number], self._wants if self._demand else self._run_due)
        if self._demand:
            line.at(story.begins[number], self._run_due)

    def _wants(self, now: float) -> None:
        count, every = self._demand or (0, 1.0)
        for _ in range(count):
            self._queue.enqueue(None, 0)
        self._line.at(now + every, self._wants)

    def _run_due(self, now: float) -> None:
        while self._demand is None and len(self._queue) < 500:
            self._queue.enqueue(None, 0)
        for _ in self._queue.take_ready(now):
            took = self._dice.uniform(*LATENCY)
            self._line.at(now + took / 2, self._arrives(now, took))
        ready = self.share.ready_at(Action.SUBMIT) if self._queue.waiting else 0.0
        self._line.at(max(now + NAP, ready), self._run_due)

    def _arrives(self, sent: float, took: float) -> Callable[[float], None]:
        def arrive(now: float) -> None:
            passed = self._granted.admits(self._number, now)
            self._line.at(sent + took, lambda now: self._answered(passed, sent, now))

        return arrive

    def _answered(self, passed: bool, sent: float, now: float) -> None:
        if passed:
            self.share.passed(Action.SUBMIT, now)
        else:
            self.share.throttled(Action.SUBMIT, sent, now)
            self._line.at(now + AGAIN, lambda now: self._queue.enqueue(None, 0))


def tell(story: Story) -> Told:
    """Simulate this story."""
    told, line, dice = Told(story), Line(), Random(story.seed)
    granted = Granted(told)
    ours = [Scheduler(number, told, line, granted, dice) for number in range(len(story.begins))]

    def other(now: float) -> None:
        count, every = story.other or (0, 1.0)
        for _ in range(count):
            granted.admits(OTHER, now)
        line.at(now + (every if count > 1 else dice.uniform(0, 2 * every)), other)

    def minute(now: float) -> None:
        buckets = (one.share.bucket(Action.SUBMIT, now) for one in ours)
        told.rates.append([bucket.rate for bucket in buckets])
        line.at(now + 1.0, minute)

    if story.other is not None:
        line.at(0.0, other)
    line.at(0.0, minute)
    line.run(story.minutes * 60)
    return told


SERVICES = {"RunTask on Fargate": ON_FARGATE, "RunTask on EC2": ON_INSTANCES, "SubmitJob": BATCH}
RATES = (20, 50, 100, 400)
COMPANY = ("alone", "beside a steady client", "beside bursts", "two schedulers")


def story(service: str, rate: float, company: str, minutes: float) -> Story:
    """One of our schedulers alone, two of them, or one beside a client that uses half of what is granted."""
    steady, bursts = (1, 2 / rate), (int(rate / 2), 1.0)
    return Story(
        documented=SERVICES[service],
        grants=[(0.0, granting(rate, SERVICES[service]))],
        minutes=minutes,
        begins=(0.0, 0.5) if company == "two schedulers" else (0.0,),
        other={"beside a steady client": steady, "beside bursts": bursts}.get(company),
    )


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m simulation.rates", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="of virtual time, for each")
    options = parser.parse_args()
    end = options.minutes * 60
    print(f"{'what':20} {'granted':>8}  {'company':24} {'used':>7} {'throttled':>10} {'the other':>10}")
    for service, rate, company in itertools.product(SERVICES, RATES, COMPANY):
        told = tell(story(service, rate, company, options.minutes))
        ours = max(told.throttled(who, 60, end) for who in range(len(told.story.begins)))
        other = told.throttled(OTHER, 60, end) if told.story.other else 0.0
        print(
            f"{service:20} {rate:6}/s  {company:24} {told.used(60, end):7.1%} {ours:10.3%} {other:10.3%}",
            flush=True,
        )


if __name__ == "__main__":
    main()
