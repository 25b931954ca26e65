"""The names of metrics do not change; what a change of a job counts as."""

import re
from typing import Any

import pytest

from aws_executors.core.lifecycle.effects import LogEvent, Report
from aws_executors.core.lifecycle.job import Job, Stage
from aws_executors.core.lifecycle.metrics import (
    FAILURES,
    JOBS,
    METRICS,
    Submission,
    census,
    failure,
    name_of,
    names,
)
from aws_executors.core.lifecycle.observation import Cause, Observation, Phase

# By hand: somebody's dashboard has these names. Add to them; change none.
NAMES = """
aws_executors.submissions
aws_executors.refusals.throttled
aws_executors.refusals.no_capacity
aws_executors.refusals.credentials
aws_executors.refusals.unreachable
aws_executors.refusals.ambiguous
aws_executors.refusals.conflict
aws_executors.refusals.permanent
aws_executors.throttles.submit
aws_executors.throttles.describe
aws_executors.throttles.look_up
aws_executors.throttles.stop
aws_executors.calls.submit
aws_executors.calls.describe
aws_executors.calls.look_up
aws_executors.calls.stop
aws_executors.time_to_run
aws_executors.failures.exited
aws_executors.failures.never_started
aws_executors.failures.host_lost
aws_executors.failures.reclaimed
aws_executors.failures.instance_ended
aws_executors.failures.stopped
aws_executors.failures.invalid
aws_executors.failures.withdrawn
aws_executors.failures.timed_out
aws_executors.failures.unclear
aws_executors.failures.not_submitted
aws_executors.jobs.preparing
aws_executors.jobs.submitting
aws_executors.jobs.backing_off
aws_executors.jobs.looking_up
aws_executors.jobs.watching
aws_executors.jobs.awaiting_row
aws_executors.jobs.stopping
aws_executors.jobs.confirming
aws_executors.events.taken
aws_executors.events.given_back
aws_executors.events.of_nobody
aws_executors.events.unreadable
aws_executors.ended
aws_executors.cost
aws_executors.out_of_memory
aws_executors.time_to_start
aws_executors.time_to_pull
aws_executors.cold_starts
aws_executors.warm_starts
aws_executors.idle_seconds
aws_executors.seconds_saved
aws_executors.warm_containers.starting
aws_executors.warm_containers.idle
aws_executors.warm_containers.busy
aws_executors.warm_containers.closing
"""


def test_names_are_stable() -> None:
    assert [name for metric in METRICS for name in names(metric)] == NAMES.split()


def test_names_are_fit_for_statsd() -> None:
    every = [name for metric in METRICS for name in names(metric)]
    assert len(set(every)) == len(every)
    assert all(re.fullmatch(r"[a-z_.]+", name) for name in every)


def a_job(**fields: Any) -> Job[str]:
    made: Job[str] = Job(**{"token": "t", **fields})
    return made


FAILED = Report(False, "why")
LOST = Observation(id="c1", phase=Phase.FAILED, cause=Cause.HOST_LOST)


@pytest.mark.parametrize(
    ("job", "effect", "expected"),
    [
        (a_job(container="c1", seen=LOST, reported=1), FAILED, Cause.HOST_LOST),
        (a_job(container="c1", seen=LOST, reported=1), LogEvent("e", "why"), None),
        (a_job(container="c1", seen=LOST, reported=2), FAILED, None),
        (a_job(), FAILED, Submission.NOT_SUBMITTED),
        (a_job(past=("c1",)), FAILED, Cause.UNCLEAR),  # the next submission was refused
        (a_job(container="c1", seen=LOST), Report(True, "well"), None),
        (a_job(container="c", seen=Observation(id="c", phase=Phase.SUCCEEDED)), FAILED, Cause.UNCLEAR),
    ],
)
def test_what_a_failure_counts_as(job: Job[str], effect: Report | LogEvent, expected: object) -> None:
    assert failure(job, effect) == expected
    assert expected is None or name_of(FAILURES, expected) in NAMES  # type: ignore[arg-type]


def test_jobs_are_counted_by_stage() -> None:
    jobs = [a_job(stage=Stage.WATCHING), a_job(stage=Stage.WATCHING), a_job(), a_job(stage=Stage.CLOSED)]
    counts = dict(census(jobs))
    assert set(counts) == set(names(JOBS))
    assert {name: count for name, count in counts.items() if count} == {
        "aws_executors.jobs.watching": 2,
        "aws_executors.jobs.preparing": 1,
    }


@pytest.mark.parametrize(
    ("job", "begun"),
    [
        (a_job(), False),
        (a_job(ran=True), True),
        (a_job(seen=Observation(id="c", phase=Phase.PENDING)), False),
        (a_job(seen=Observation(id="c", phase=Phase.RUNNING)), True),
        (a_job(seen=Observation(id="c", phase=Phase.FAILED, started=True)), True),
        (a_job(stage=Stage.CLOSED), False),
    ],
)
def test_when_a_container_has_begun(job: Job[str], begun: bool) -> None:
    assert job.has_run is begun
