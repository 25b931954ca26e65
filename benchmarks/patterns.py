"""Patterns of tasks that gain by warm containers, and two that gain little, as values.

Law: pure. Times are those of AWS, in seconds. A share of a pattern has fewer tasks, and fewer slots or less
time in proportion, so that it shows the same effect.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

SHORT = (5.0, 60.0)
NEXT = 0.7
"""Seconds from a task's end until the scheduler queues the tasks that waited for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One task, or one turn of a deferred task: when its DAG run begins, how long it takes, the tasks that it
    waits for (by their numbers), and how long after their end it is queued."""

    at: float
    seconds: float
    after: tuple[int, ...] = ()
    pause: float = NEXT
    dag: str = "etl"
    run: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A workload in miniature: its tasks, and how many of them may be queued or run at once."""

    tasks: tuple[Planned, ...]
    slots: int = 100


def hour(share: float, draw: random.Random) -> Pattern:
    """1,000 tasks of 5 to 60 s at random moments of an hour, each in a DAG run of its own."""
    seconds = 3600 * share
    return Pattern(
        tasks=tuple(
            Planned(at=draw.uniform(0, seconds), seconds=draw.uniform(*SHORT), run=f"run-{number}")
            for number in range(round(1000 * share))
        )
    )


def waves(share: float, draw: random.Random) -> Pattern:
    """5 stages of 200 mapped tasks of 5 to 60 s, 64 at once."""
    return staged(round(200 * share), round(64 * share), lambda: draw.uniform(*SHORT))


def burst(share: float, draw: random.Random) -> Pattern:
    """5 stages of 200 mapped tasks of 5 s, all at once."""
    return staged(round(200 * share), round(200 * share), lambda: 5.0)


def widening(share: float, draw: random.Random) -> Pattern:
    """20 tasks of a minute, then 200 of a minute, all at once: no later task could reuse a container."""
    first = [Planned(at=0.0, seconds=60.0, run="run") for _ in range(round(20 * share))]
    then = Planned(at=0.0, seconds=60.0, after=tuple(range(len(first))), run="run")
    return Pattern(tasks=(*first, *[then] * round(200 * share)), slots=200)


def staged(width: int, slots: int, seconds: Callable[[], float]) -> Pattern:
    """5 stages of so many mapped tasks."""
    stages = [
        Planned(
            at=0.0,
            seconds=seconds(),
            after=tuple(range((stage - 1) * width, stage * width)) if stage else (),
            run="run",
        )
        for stage in range(5)
        for _ in range(width)
    ]
    return Pattern(tasks=tuple(stages), slots=slots)


def chains(share: float, draw: random.Random) -> Pattern:
    """12 chains of 8 tasks of 5 to 20 s, every 15 minutes, four times (fewer times for a smaller share)."""
    tasks: list[Planned] = []
    for quarter in range(max(1, round(4 * share))):
        for chain in range(12):
            begin = quarter * 900 + draw.uniform(0, 5)
            for link in range(8):
                tasks.append(
                    Planned(
                        at=begin,
                        seconds=draw.uniform(5, 20),
                        after=(len(tasks) - 1,) if link else (),
                        run=f"{quarter}-{chain}",
                    )
                )
    return Pattern(tasks=tuple(tasks))


def seldom(share: float, draw: random.Random) -> Pattern:
    """One task of 20 s every ten minutes, for four hours. As each container is long gone when the next task
    comes, the same is measured in two minutes by tasks of separate DAGs, all at once."""
    return Pattern(
        tasks=tuple(
            Planned(at=0.0, seconds=20.0, dag=f"etl-{number}", run="run")
            for number in range(round(24 * share))
        )
    )


def turns(count: int, of_each: int, seconds: float, pause: float, draw: random.Random) -> Pattern:
    """So many tasks that leave their containers and return, `of_each` turns each."""
    tasks: list[Planned] = []
    for number in range(count):
        begin = draw.uniform(0, 60)
        for turn in range(of_each):
            after = (len(tasks) - 1,) if turn else ()
            tasks.append(Planned(at=begin, seconds=seconds, after=after, pause=pause, run=f"run-{number}"))
    return Pattern(tasks=tuple(tasks))


def deferred(share: float, draw: random.Random) -> Pattern:
    """40 tasks that work for 5 s, are deferred for a minute, and work for another 5 s."""
    return turns(round(40 * share), 2, 5.0, 60.0, draw)


def sensors(share: float, draw: random.Random) -> Pattern:
    """20 sensors in mode reschedule that look for 2 s every 30 s, six times."""
    return turns(round(20 * share), 6, 2.0, 30.0, draw)


PATTERNS: Mapping[str, Callable[[float, random.Random], Pattern]] = {
    "hour": hour,
    "waves": waves,
    "chains": chains,
    "seldom": seldom,
    "deferred": deferred,
    "sensors": sensors,
    "burst": burst,
    "widening": widening,
}
"""The makers of patterns, by name; their arguments are the share (1: all) and the random numbers."""


def pattern(name: str, share: float = 1.0, seed: int = 7) -> Pattern:
    """A pattern, the same for the same seed.

    >>> len(pattern("waves").tasks), len(pattern("waves", 0.25).tasks), pattern("waves", 0.25).slots
    (1000, 250, 16)
    """
    return PATTERNS[name](share, random.Random(seed))  # noqa: S311 - no secret
