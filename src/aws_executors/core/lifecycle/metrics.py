"""What is measured: every metric by name, and how a job's failures and stages are counted.

Law: names and meanings, no sending. A name never changes: users' dashboards depend on it. Plain StatsD has no
tags, so what a metric is split by is in its name; only the executor and the team are tags.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from aws_executors.core.aws.error_codes import Kind
from aws_executors.core.aws.request_quotas import Action
from aws_executors.core.lifecycle.effects import Effect, Report
from aws_executors.core.lifecycle.job import Job, R, Stage
from aws_executors.core.lifecycle.observation import Cause

PREFIX = "aws_executors"


class Sort(StrEnum):
    """How a metric is to be read."""

    COUNTER = "counter"
    GAUGE = "gauge"
    TIMER = "timer"


class Submission(StrEnum):
    """The cause of a task's failure if it never had a container."""

    NOT_SUBMITTED = "not submitted"


class EventFate(StrEnum):
    """What becomes of an event that was received."""

    TAKEN = "taken"  # it is about a container of this scheduler
    GIVEN_BACK = "given back"  # it may be about another scheduler's
    NOBODYS = "of nobody"  # it was given back often enough, and nobody wanted it
    UNREADABLE = "unreadable"


class ContainerState(StrEnum):
    """What a warm container, which takes one workload after another, is doing."""

    STARTING = "starting"  # it was asked for, and is not up yet
    IDLE = "idle"  # it waits for a workload
    BUSY = "busy"  # it runs one, or one was offered to it
    CLOSING = "closing"  # it takes no more


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric or, if there is a `by`, one for each of its members."""

    name: str
    sort: Sort
    about: str
    by: tuple[StrEnum, ...] = ()


SUBMISSIONS = Metric(name="submissions", sort=Sort.COUNTER, about="containers that AWS has accepted")
REFUSALS = Metric(
    name="refusals",
    sort=Sort.COUNTER,
    about="submissions that failed at AWS or on the way to it, by kind",
    by=tuple(Kind),
)
THROTTLES = Metric(name="throttles", sort=Sort.COUNTER, about="throttled calls, by action", by=tuple(Action))
CALLS = Metric(
    name="calls", sort=Sort.TIMER, about="duration of one request to AWS, by action", by=tuple(Action)
)
STARTS = Metric(
    name="time_to_run",
    sort=Sort.TIMER,
    about="from the moment when Airflow hands a task over until its container is seen running",
)
FAILURES = Metric(
    name="failures",
    sort=Sort.COUNTER,
    about="tasks that the executor reported as failed, by cause",
    by=(*Cause, *Submission),
)
JOBS = Metric(
    name="jobs",
    sort=Sort.GAUGE,
    about="jobs by stage; closed jobs are not counted",
    by=tuple(stage for stage in Stage if stage is not Stage.CLOSED),
)
EVENTS = Metric(
    name="events",
    sort=Sort.COUNTER,
    about="events received from `events_queue`, by what became of them",
    by=tuple(EventFate),
)
ENDED = Metric(
    name="ended",
    sort=Sort.COUNTER,
    about="containers of tasks that have ended",
)
COST = Metric(
    name="cost",
    sort=Sort.COUNTER,
    about="cost of those containers, as an estimate, in millionths of a US dollar",
)
OUT_OF_MEMORY = Metric(
    name="out_of_memory",
    sort=Sort.COUNTER,
    about="of those containers, the ones in which something was killed for memory",
)
WAITS = Metric(
    name="time_to_start",
    sort=Sort.TIMER,
    about="from the creation of a container until its image is pulled, or on Batch until it runs",
)
PULLS = Metric(
    name="time_to_pull",
    sort=Sort.TIMER,
    about="duration of the pull of a container's image, where AWS reports it",
)
COLD_STARTS = Metric(
    name="cold_starts",
    sort=Sort.COUNTER,
    about="workloads that were the first of their warm container",
)
WARM_STARTS = Metric(
    name="warm_starts", sort=Sort.COUNTER, about="workloads whose container had run another one before"
)
IDLE_SECONDS = Metric(
    name="idle_seconds", sort=Sort.COUNTER, about="seconds for which containers have waited for a workload"
)
SECONDS_SAVED = Metric(
    name="seconds_saved",
    sort=Sort.COUNTER,
    about="seconds that tasks have waited less, as an estimate: for each warm start how long the last 20 "
    "containers took to come up, on average, less what the task has waited",
)
WARM_CONTAINERS = Metric(
    name="warm_containers",
    sort=Sort.GAUGE,
    about="containers that take one workload after another, by what they do",
    by=tuple(ContainerState),
)
METRICS = (
    SUBMISSIONS,
    REFUSALS,
    THROTTLES,
    CALLS,
    STARTS,
    FAILURES,
    JOBS,
    EVENTS,
    ENDED,
    COST,
    OUT_OF_MEMORY,
    WAITS,
    PULLS,
    COLD_STARTS,
    WARM_STARTS,
    IDLE_SECONDS,
    SECONDS_SAVED,
    WARM_CONTAINERS,
)


def name_of(metric: Metric, part: StrEnum | None = None) -> str:
    """The full name of a metric, or of one of its parts.

    >>> name_of(SUBMISSIONS), name_of(FAILURES, Cause.HOST_LOST)
    ('aws_executors.submissions', 'aws_executors.failures.host_lost')
    """
    own = f"{PREFIX}.{metric.name}"
    return own if part is None else f"{own}.{part.value.replace(' ', '_')}"


def names(metric: Metric) -> Iterator[str]:
    """All names of one metric.

    >>> list(names(SUBMISSIONS))
    ['aws_executors.submissions']
    """
    yield from (name_of(metric, part) for part in metric.by or (None,))


def failure(job: Job[R], effect: Effect[R]) -> StrEnum | None:
    """The cause of the failure that `effect` reports for the first time; None if it reports none.

    >>> from aws_executors.core.lifecycle.observation import Observation, Phase
    >>> lost = Observation(id="c1", phase=Phase.FAILED, cause=Cause.HOST_LOST)
    >>> failure(Job(token="0b6e", container="c1", seen=lost), Report(False, "why"))
    <Cause.HOST_LOST: 'host lost'>
    """
    if not isinstance(effect, Report) or effect.success or job.reported > 1:
        return None
    if not job.had_container:
        return Submission.NOT_SUBMITTED
    return (None if job.seen is None else job.seen.cause) or Cause.UNCLEAR


def census(jobs: Iterable[Job[R]]) -> Iterator[tuple[str, int]]:
    """How many jobs there are in each stage, by the name of the stage's gauge."""
    counts = Counter(job.stage for job in jobs)
    return ((name_of(JOBS, stage), counts[stage]) for stage in Stage if stage is not Stage.CLOSED)
