"""Which waiting job gets which container, and how many containers are started or given up.

Law: pure; one function of the jobs and the containers of one shape. A job takes the container that has been
idle for the shortest time, so that containers which are not needed close. One container is started for each
further job, less the containers that are starting or will soon be idle. Starting containers that no job waits
for are stopped while they are free of charge, that is, while AWS is still looking for a place for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A job that waits for a container; the highest priority is served first, then the earliest `since`."""

    token: str
    priority: int
    since: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Starting:
    """A container that has been asked for and has not come up; `unbilled` while it costs nothing yet."""

    token: str
    since: float
    unbilled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """A container that waits for a workload."""

    token: str
    since: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done: workloads offered to containers (job, container), containers started for jobs, and
    containers stopped."""

    offers: tuple[tuple[str, str], ...] = ()
    starts: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()


def placements(
    waiting: Sequence[Waiting], idle: Sequence[Idle], starting: Sequence[Starting], *, soon: int = 0
) -> Plan:
    """What to do for one shape. `soon` is how many busy containers are expected to be idle in a moment.

    >>> jobs = [Waiting(token=name, priority=0, since=float(at)) for at, name in enumerate("abc")]
    >>> placements(jobs, [Idle(token="x", since=5.0)], [Starting(token="y", since=1.0, unbilled=True)])
    Plan(offers=(('a', 'x'),), starts=('c',), stops=())
    >>> starting = [Starting(token=name, since=1.0, unbilled=name == "y") for name in "yz"]
    >>> placements((), (), starting)
    Plan(offers=(), starts=(), stops=('y',))
    """
    urgent = sorted(waiting, key=_urgency)
    latest = sorted(idle, key=_since, reverse=True)
    offers = tuple((job.token, container.token) for job, container in zip(urgent, latest, strict=False))
    left = urgent[len(offers) :]
    wanting = left[len(starting) + soon :]
    surplus = max(0, len(starting) - len(left))
    newest = sorted((one for one in starting if one.unbilled), key=_since, reverse=True)
    return Plan(
        offers=offers,
        starts=tuple(job.token for job in wanting),
        stops=tuple(container.token for container in newest[:surplus]),
    )


def _urgency(job: Waiting) -> tuple[int, float]:
    return -job.priority, job.since


def _since(container: Idle | Starting) -> float:
    return container.since
