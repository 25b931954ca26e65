"""What the task instance's row means for a job, in each of its stages.

Law: a row counts only if its reading began no earlier than the event that it is to judge. The matrix in
`core/lifecycle/verdict.py` decides; this module carries out the verdict.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar, assert_never

from aws_executors.core.explain.diagnosis import explain
from aws_executors.core.lifecycle.effects import Fence, LogEvent, Prepare, ReadRow, ReleaseSlot, Report
from aws_executors.core.lifecycle.job import Job, Purpose, Stage
from aws_executors.core.lifecycle.observation import Observation, Phase
from aws_executors.core.lifecycle.policy import REQUEUED, RESUBMITTED, Policy
from aws_executors.core.lifecycle.transitions.moves import (
    Moved,
    close,
    fail,
    let_end,
    look_up,
    report,
    requeue,
    stop,
    without_container,
)
from aws_executors.core.lifecycle.transitions.stopping import withdraw
from aws_executors.core.lifecycle.verdict import RowState, Verdict, may_have_begun, verdict

R = TypeVar("R")

UNWANTED = frozenset({RowState.FINISHED, RowState.MOVED_ON, RowState.GONE})
UNCHANGED = frozenset({RowState.QUEUED, RowState.RUNNING, RowState.RESTARTING})
EARLY = frozenset({Stage.PREPARING, Stage.SUBMITTING, Stage.BACKING_OFF, Stage.LOOKING_UP})


def container_ended(job: Job[R], at: float, policy: Policy) -> Moved[R]:
    """The container has ended: nothing is reported before the row is read."""
    waiting = replace(job, stage=Stage.AWAITING_ROW, due=None, row_asked_at=at)
    if job.has_row:
        return waiting, (ReadRow(),)
    if job.pooled:
        return _decide(waiting, RowState.POOLED, at, policy)
    # A callback that has begun is not run a second time, because nothing shows how far it came.
    began = job.seen is not None and may_have_begun(job.seen)
    return _decide(waiting, RowState.RUNNING if began else RowState.ROWLESS, at, policy)


def row_read(job: Job[R], state: RowState, at: float, policy: Policy) -> Moved[R]:
    """The row has been read; `state` is its state as seen from the job."""
    if at < job.row_asked_at or job.withdrawn:
        return job, ()
    if job.stage is Stage.CONFIRMING:
        return _confirm(job, state, at, policy)
    if job.purpose is Purpose.RELEASE:
        return _release(job, state, at, policy)
    if job.stage is Stage.AWAITING_ROW:
        return _decide(job, state, at, policy)
    if job.stage in EARLY:
        if state not in UNWANTED or (job.purpose is Purpose.ADOPT and not job.failures):
            return job, ()  # an adopted job's container is about to be found, unless look-ups fail
        left, effects = withdraw(job, Purpose.LEAVE, at, policy)
        return left, (ReleaseSlot(), *effects)
    if job.stage is Stage.WATCHING:
        return (_while_it_runs if job.container else _without_any)(job, state, at, policy)
    return job, ()


def same_row_changes_nothing(job: Job[R], at: float) -> bool:
    """Whether the row that was read at `at` would change nothing if it were read again unchanged.

    The same row may change something in CONFIRMING, where the deadline counts; for RELEASE, whose fence may
    have failed; and if it was read before the job asked for its row.
    """
    return job.stage is not Stage.CONFIRMING and job.purpose is not Purpose.RELEASE and at >= job.row_asked_at


def _confirm(job: Job[R], state: RowState, at: float, policy: Policy) -> Moved[R]:
    """Close the job once the row has changed: Airflow silently drops an event whose row it finds locked."""
    if state not in UNCHANGED or job.report is None:
        return close(job, ReleaseSlot())
    if job.due is None or at < job.due:
        return job, ()
    if job.reported >= policy.reports:
        return close(job, ReleaseSlot())
    return report(job, job.report, at, policy)


def _release(job: Job[R], state: RowState, at: float, policy: Policy) -> Moved[R]:
    """Fence a running task before its container is stopped, because a stopped container may report a failure.
    A task that has moved on by itself is not requeued."""
    if state in UNWANTED:
        cancelled, effects = withdraw(job, Purpose.CANCEL, at, policy)
        return cancelled, (ReleaseSlot(), *effects)
    if state is RowState.RUNNING:
        return job, (Fence(),)
    return stop(job) if job.stage is Stage.WATCHING else (job, ())


def _while_it_runs(job: Job[R], state: RowState, at: float, policy: Policy) -> Moved[R]:
    if state is RowState.RUNNING:
        return (job if job.ran else replace(job, ran=True)), ()
    match verdict(Observation(id=job.container, phase=Phase.RUNNING), state):
        case Verdict.SUCCEED:
            return let_end(job, at, policy), (Report(True, "the task has finished"),)
        case Verdict.FREE:
            return let_end(job, at, policy), (ReleaseSlot(),)
        case _:
            return job, ()


def _without_any(job: Job[R], state: RowState, at: float, policy: Policy) -> Moved[R]:
    match state:
        case RowState.RUNNING:
            return job, ()
        case RowState.QUEUED:
            return requeue(job)
        case RowState.RESTARTING:
            return report(job, Report(True, "the container is gone", confirm=True), at, policy)
        case _:
            return close(job, ReleaseSlot())


def _decide(job: Job[R], state: RowState, at: float, policy: Policy) -> Moved[R]:
    """The container has ended, and the row is read: do what the matrix says."""
    seen = job.seen
    if seen is None:
        return job, ()
    match verdict(seen, state):
        case Verdict.SUCCEED:
            matters = state in (RowState.RUNNING, RowState.RESTARTING) and job.has_row
            return report(job, Report(True, explain(seen), confirm=matters), at, policy)
        case Verdict.FAIL if job.repeated and state is RowState.RUNNING:
            # The lost submission may have been carried out after all; if its container holds the task, the
            # present one was turned away (C19): look for that container before failing a healthy run.
            elsewhere = replace(without_container(job), repeated=False, fails_with=explain(seen))
            return look_up(elsewhere, at)
        case Verdict.FAIL:
            return fail(job, explain(seen), at, policy)
        case Verdict.FREE if state is RowState.RUNNING:
            # The task certainly runs in another container, which is followed if it belongs to this job.
            elsewhere = replace(
                without_container(job), repeated=False, fails_with="", runs_elsewhere=True, request=None
            )
            return look_up(elsewhere, at)
        case Verdict.FREE:
            return close(job, ReleaseSlot())
        case Verdict.RESUBMIT:
            return _resubmit(job, explain(seen), at, policy)
        case Verdict.REQUEUE:
            return requeue(job, LogEvent(REQUEUED, explain(seen)))
        case Verdict.KEEP:
            return job, ()
        case never:
            assert_never(never)


def _resubmit(job: Job[R], why: str, at: float, policy: Policy) -> Moved[R]:
    if job.purpose is Purpose.ADOPT:
        # The workload was lost with the scheduler that queued it: Airflow makes a new one, for the same try.
        return requeue(job, LogEvent(REQUEUED, why))
    if job.attempt >= policy.attempts:
        tried = f"{why} This was attempt {job.attempt} of {policy.attempts}."
        return fail(job, tried, at, policy)
    attempt = job.attempt + 1
    fresh = replace(without_container(job), stage=Stage.PREPARING, attempt=attempt, told="")
    return fresh, (LogEvent(RESUBMITTED, why), Prepare(attempt))
