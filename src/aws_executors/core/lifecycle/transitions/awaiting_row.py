"""What the task instance's row means for the job.

Law: a row counts only if its reading began after what it is to judge. The tables of
`core/lifecycle/verdict.py` decide; here stands what is done then.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar, assert_never

from aws_executors.core.explain.diagnosis import explain
from aws_executors.core.lifecycle.job import (
    Fence,
    Job,
    LogEvent,
    Policy,
    Prepare,
    Purpose,
    ReadRow,
    ReleaseSlot,
    Report,
    Stage,
)
from aws_executors.core.lifecycle.observation import Observation, Phase
from aws_executors.core.lifecycle.policy import AGAIN, QUEUED_AGAIN
from aws_executors.core.lifecycle.transitions.moves import Moved, fail, let_end, look, report, requeue, stop
from aws_executors.core.lifecycle.transitions.stopping import withdraw
from aws_executors.core.lifecycle.verdict import NEVER_RAN, RowState, Verdict, ending, verdict

R = TypeVar("R")

UNWANTED = frozenset({RowState.FINISHED, RowState.MOVED_ON, RowState.GONE})
UNCHANGED = frozenset({RowState.QUEUED, RowState.RUNNING, RowState.RESTARTING})
EARLY = frozenset({Stage.PREPARING, Stage.SUBMITTING, Stage.BACKING_OFF, Stage.LOOKING_UP})


def judge(job: Job[R], at: float, policy: Policy) -> Moved[R]:
    """The container has ended: nothing is said before the row is read."""
    judging = replace(job, stage=Stage.AWAITING_ROW, due=None, asked=at)
    if not _of_this_queueing(job):
        past = (*job.past, job.container)
        return replace(judging, stage=Stage.WATCHING, container="", seen=None, past=past), (ReadRow(),)
    if job.has_row:
        return judging, (ReadRow(),)
    # A callback that has begun is not run a second time: nobody knows how far it came.
    began = job.seen is not None and job.seen.started and ending(job.seen) not in NEVER_RAN
    return _sentence(judging, RowState.RUNNING if began else RowState.ROWLESS, at, policy)


def _of_this_queueing(job: Job[R]) -> bool:
    """Whether the container was started for what the row says now, and not for an earlier segment or try.

    Where Airflow assigns no token, a scheduler that died in a queueing has left the row with the last one's:
    of that container's end only the row can say what it means. Clocks that differ let one be doubted that is
    the right one, and that costs time and no more.
    """
    if job.queued_at is None:
        return True
    created = None if job.seen is None else job.seen.created
    return created is not None and created >= job.queued_at


def row_read(job: Job[R], stands: RowState, at: float, policy: Policy) -> Moved[R]:
    """The row has been read: so it stands to the job."""
    if at < job.asked or job.unwanted:
        return job, ()
    if job.stage is Stage.CONFIRMING:
        return _confirmed(job, stands, at, policy)
    if job.purpose is Purpose.RELEASE:
        return _released(job, stands, at, policy)
    if job.stage is Stage.AWAITING_ROW:
        return _sentence(job, stands, at, policy)
    if job.stage in EARLY:
        if stands not in UNWANTED or (job.purpose is Purpose.ADOPT and not job.failures):
            return job, ()  # an adopted one is about to be found, unless look-ups fail
        left, effects = withdraw(job, Purpose.LEAVE, at, policy)
        return left, (ReleaseSlot(), *effects)
    if job.stage is Stage.WATCHING:
        decides = _row_decides if job.container else _row_alone
        return decides(job, stands, at, policy)
    return job, ()


def once_is_enough(job: Job[R], at: float) -> bool:
    """Whether the row that was just read, at `at`, would change nothing if it were read again as it is.

    Not where time counts too, nor where what the row asks for may have failed, nor where it came too early.
    """
    return job.stage is not Stage.CONFIRMING and job.purpose is not Purpose.RELEASE and at >= job.asked


def _confirmed(job: Job[R], stands: RowState, at: float, policy: Policy) -> Moved[R]:
    """Airflow drops an event whose row it finds locked, and says nothing: so the row has the last word."""
    if stands not in UNCHANGED or job.report is None:
        return replace(job, stage=Stage.CLOSED), (ReleaseSlot(),)
    if job.due is None or at < job.due:
        return job, ()
    if job.reported >= policy.reports:
        return replace(job, stage=Stage.CLOSED), (ReleaseSlot(),)
    return report(job, job.report, at, policy)


def _released(job: Job[R], stands: RowState, at: float, policy: Policy) -> Moved[R]:
    """A container that is stopped may still fail its task with its last breath: before that, its word must
    not count any more. What has moved on by itself is not to be given back."""
    if stands in UNWANTED:
        cancelled, effects = withdraw(job, Purpose.CANCEL, at, policy)
        return cancelled, (ReleaseSlot(), *effects)
    if stands is RowState.RUNNING:
        return job, (Fence(),)
    return stop(job) if job.stage is Stage.WATCHING else (job, ())


def _row_decides(job: Job[R], stands: RowState, at: float, policy: Policy) -> Moved[R]:
    if stands is RowState.RUNNING:
        return (job if job.ran else replace(job, ran=True)), ()
    match verdict(Observation(id=job.container, phase=Phase.RUNNING), stands):
        case Verdict.SUCCEED:
            return let_end(job, at, policy), (Report(True, "the task has finished"),)
        case Verdict.FREE:
            return let_end(job, at, policy), (ReleaseSlot(),)
        case _:
            return job, ()


def _row_alone(job: Job[R], stands: RowState, at: float, policy: Policy) -> Moved[R]:
    match stands:
        case RowState.RUNNING:
            return job, ()
        case RowState.QUEUED:
            return requeue(job)
        case RowState.RESTARTING:
            return report(job, Report(True, "the container is gone", confirm=True), at, policy)
        case _:
            return replace(job, stage=Stage.CLOSED), (ReleaseSlot(),)


def _sentence(job: Job[R], stands: RowState, at: float, policy: Policy) -> Moved[R]:
    seen = job.seen
    if seen is None:
        return job, ()
    match verdict(seen, stands):
        case Verdict.SUCCEED:
            matters = stands in (RowState.RUNNING, RowState.RESTARTING) and job.has_row
            return report(job, Report(True, explain(seen), confirm=matters), at, policy)
        case Verdict.FAIL if job.repeated and stands is RowState.RUNNING:
            # The lost submission may have been carried out after all, and its container hold the task, so
            # that this one was turned away (C19): look for another one before failing a healthy run.
            return look(_without_container(job, explain(seen)), at)
        case Verdict.FAIL:
            return fail(job, explain(seen), at, policy)
        case Verdict.FREE if stands is RowState.RUNNING:
            # It certainly runs in another container: one of this job's, if there is one, is followed.
            return look(replace(_without_container(job, ""), held=True, request=None), at)
        case Verdict.FREE:
            return replace(job, stage=Stage.CLOSED), (ReleaseSlot(),)
        case Verdict.RESUBMIT:
            return _resubmit(job, explain(seen), at, policy)
        case Verdict.REQUEUE:
            return requeue(job, LogEvent(QUEUED_AGAIN, explain(seen)))
        case Verdict.KEEP:
            return job, ()
        case never:
            assert_never(never)


def _without_container(job: Job[R], doomed: str) -> Job[R]:
    return replace(
        job, repeated=False, doomed=doomed, past=(*job.past, job.container), container="", seen=None
    )


def _resubmit(job: Job[R], why: str, at: float, policy: Policy) -> Moved[R]:
    if job.purpose is Purpose.ADOPT:
        # The workload died with the scheduler that queued it: Airflow makes a new one, for the same try.
        return requeue(job, LogEvent(QUEUED_AGAIN, why))
    if job.attempt >= policy.attempts:
        tried = f"{why} This was attempt {job.attempt} of {policy.attempts}."
        return fail(job, tried, at, policy)
    fresh = replace(
        job,
        stage=Stage.PREPARING,
        attempt=job.attempt + 1,
        past=(*job.past, job.container),
        container="",
        seen=None,
        told="",
    )
    return fresh, (LogEvent(AGAIN, why), Prepare(fresh.attempt))
