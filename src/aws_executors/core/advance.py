"""The whole life of a job: what happens to it, and what it asks for in return.

Law: `advance` is total and pure. It knows no clock (events carry their time), no service and no Airflow.
What does not fit a job's stage is late or doubled news and changes nothing. A container is stopped before
its task is given to anybody else, and nothing is reported that the database does not bear out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias, TypeVar, assert_never

from aws_executors.core.diagnosis import explain
from aws_executors.core.errors import AwsError, Kind
from aws_executors.core.job import (
    Accepted,
    Due,
    Effect,
    Event,
    Find,
    Found,
    Free,
    GiveBack,
    Job,
    NotLookedUp,
    Policy,
    Prepare,
    Prepared,
    Purpose,
    ReadRow,
    Refused,
    Report,
    Revoked,
    RowRead,
    Seen,
    Stage,
    Stop,
    StopAnswered,
    Submit,
    Tell,
    Unpreparable,
)
from aws_executors.core.retry import delay, jitter
from aws_executors.core.state import Cause, Observation, Phase
from aws_executors.core.verdict import Standing, Verdict, standing, verdict

R = TypeVar("R")
Moved: TypeAlias = "tuple[Job[R], tuple[Effect[R], ...]]"

FORGOTTEN = "nothing, it does not show the container any more"
NOT_THERE = "AWS shows no container that was started for it"
UNWANTED = frozenset({Standing.FINISHED, Standing.MOVED_ON, Standing.GONE})
UNANSWERED = frozenset({Stage.SUBMITTING, Stage.BACKING_OFF, Stage.LOOKING})
EARLY = frozenset({Stage.PREPARING, Stage.SUBMITTING, Stage.BACKING_OFF, Stage.LOOKING})


def begin(job: Job[R]) -> Moved[R]:
    """The first effects of a new job: build its request, or look for the container it had.

    >>> begin(Job(token="0b6e"))[1]
    (Prepare(attempt=1),)
    >>> begin(Job(token="0b6e", purpose=Purpose.ADOPT))[1]
    (Find(exclude=()),)
    """
    if job.purpose is Purpose.RUN:
        return replace(job, stage=Stage.PREPARING), (Prepare(job.attempt),)
    return replace(job, stage=Stage.LOOKING), (Find(),)


def advance(job: Job[R], event: Event[R], policy: Policy) -> Moved[R]:
    """What becomes of `job` when `event` happens, and what it asks for then.

    >>> job, effects = advance(Job(token="0b6e"), Prepared(1.0, "request"), Policy())
    >>> job.stage, effects == (Submit("request"),)
    (<Stage.SUBMITTING: 'submitting'>, True)
    >>> job, effects = advance(job, Accepted(1.2, "arn:1"), Policy())
    >>> job.stage, job.container, effects
    (<Stage.WATCHING: 'watching'>, 'arn:1', ())
    """
    if job.stage is Stage.CLOSED:
        return job, ()
    match event:
        case Prepared():
            return _prepared(job, event.request)
        case Unpreparable(problem=problem):
            return _unpreparable(job, problem)
        case Accepted(at=at, container=container):
            wanted = job.stage in UNANSWERED and container not in job.past
            return _accepted(job, container, at) if wanted else (job, ())
        case Refused(at=at, error=error):
            return _refused(job, error, at, policy) if job.stage is Stage.SUBMITTING else (job, ())
        case Found(at=at, observation=observation):
            return _found(job, observation, at, policy) if job.stage is Stage.LOOKING else (job, ())
        case NotLookedUp(at=at):
            return (_later(job, at, policy), ()) if job.stage is Stage.LOOKING else (job, ())
        case Seen(at=at, observation=observation):
            return _seen(job, observation, at, policy)
        case RowRead(at=at, row=row):
            if row is not None and row.token == job.token and not job.assigned:
                job = replace(job, assigned=True)  # our own token has arrived: without it, it is not ours
            stands = standing(row, token=job.token, assigned=job.assigned, try_number=job.try_number)
            return _stands(job, stands, at, policy)
        case StopAnswered(at=at, error=error):
            return _stop_answered(job, error, at, policy)
        case Revoked():
            return _cancelled(job)
        case Due(at=at):
            return _due(job, at)
        case never:
            assert_never(never)


# --- Building and submitting -------------------------------------------------------------------------------


def _prepared(job: Job[R], request: R) -> Moved[R]:
    if job.stage is not Stage.PREPARING:
        return job, ()
    return replace(job, stage=Stage.SUBMITTING, request=request, due=None), (Submit(request),)


def _unpreparable(job: Job[R], problem: str) -> Moved[R]:
    return _fail(job, problem) if job.stage is Stage.PREPARING else (job, ())


def _accepted(job: Job[R], container: str, at: float) -> Moved[R]:
    watching = replace(
        job,
        stage=Stage.WATCHING,
        container=container,
        request=None,
        since=at,
        seen=None,
        ran=False,
        due=None,
        failures=0,
        looks=0,
        ambiguous=False,
        doomed="",
    )
    return (watching, ()) if job.purpose in (Purpose.RUN, Purpose.ADOPT) else _stop(watching)


def _refused(job: Job[R], error: AwsError, at: float, policy: Policy) -> Moved[R]:
    match error.kind:
        case Kind.CONFLICT if error.resource_ids:
            return _accepted(job, error.resource_ids[0], at)
        case Kind.AMBIGUOUS if policy.idempotent:
            return _back_off(replace(job, ambiguous=True), error, at, policy)
        case Kind.AMBIGUOUS | Kind.CONFLICT:
            return _look(replace(job, ambiguous=True), at + policy.look_every)
        case Kind.THROTTLED | Kind.CAPACITY | Kind.CREDENTIALS | Kind.UNREACHABLE:
            return _back_off(job, error, at, policy)
        case Kind.PERMANENT if job.ambiguous:
            # An earlier submission may have been carried out: look before failing its task.
            return _look(replace(job, doomed=_refusal(error)), at)
        case Kind.PERMANENT:
            return _fail(job, _refusal(error))
        case never:
            assert_never(never)


def _back_off(job: Job[R], error: AwsError, at: float, policy: Policy) -> Moved[R]:
    if job.purpose is Purpose.CANCEL:
        return _look(job, at) if job.ambiguous else _close(job)
    waiting = replace(_later(job, at, policy), stage=Stage.BACKING_OFF)
    if error.kind is Kind.THROTTLED and waiting.failures == 1:
        return waiting, ()  # the first of a burst: not worth a line in the log of each of its tasks
    return _told(waiting, "waiting for AWS", f"{error.kind}: {_refusal(error)}")


def _refusal(error: AwsError) -> str:
    remedy = f" {error.remedy}" if error.remedy else ""
    return f"{error.code}: {error.message}{remedy}"


# --- Looking for a container by its token ------------------------------------------------------------------


def _look(job: Job[R], at: float) -> Moved[R]:
    return replace(job, stage=Stage.LOOKING, looks=0, due=at), ()


def _found(job: Job[R], observation: Observation | None, at: float, policy: Policy) -> Moved[R]:
    if observation is None:
        return _not_there(job, at, policy)
    watching = replace(
        job, container=observation.id, request=None, since=at, due=None, ambiguous=False, doomed=""
    )
    if job.purpose in (Purpose.RUN, Purpose.ADOPT):
        return _seen(replace(watching, stage=Stage.WATCHING, seen=None, failures=0), observation, at, policy)
    return _ended(watching) if observation.ended else _stop(watching)


def _not_there(job: Job[R], at: float, policy: Policy) -> Moved[R]:
    if job.looks + 1 < policy.looks:
        return replace(job, looks=job.looks + 1, failures=0, due=at + policy.look_every), ()
    match job.purpose:
        case Purpose.CANCEL | Purpose.RELEASE:
            return _ended(job)
        case Purpose.ADOPT if not job.container:
            # Without a container only the row can say what to do; its heartbeat, or the lack of one, decides.
            return replace(job, stage=Stage.WATCHING, due=None, asked=at), (ReadRow(),)
        case Purpose.RUN | Purpose.ADOPT if job.container:
            return _judge(replace(job, seen=_forgotten(job)), at, policy)
        case Purpose.RUN | Purpose.ADOPT:
            if job.doomed or job.request is None:
                return _fail(job, job.doomed or NOT_THERE)
            return _submit_again(replace(job, ambiguous=False, repeated=True, looks=0), job.request)
        case never:
            assert_never(never)


def _forgotten(job: Job[R]) -> Observation:
    started = job.seen is not None and job.seen.started
    return Observation(
        id=job.container,
        phase=Phase.FAILED,
        cause=Cause.UNCLEAR,
        reason=FORGOTTEN,
        started=started,
        final=True,
    )


def _submit_again(job: Job[R], request: R) -> Moved[R]:
    return replace(job, stage=Stage.SUBMITTING, due=None), (Submit(request),)


# --- Following a container ---------------------------------------------------------------------------------


def _seen(job: Job[R], observation: Observation, at: float, policy: Policy) -> Moved[R]:
    if observation.id != job.container or _stale(job, observation):
        return job, ()
    if observation.phase is Phase.ABSENT:
        return _absent(job, at, policy)
    newer = replace(job, seen=observation)
    match job.stage:
        case Stage.WATCHING if observation.ended:
            return _judge(newer, at, policy)
        case Stage.JUDGING if not observation.ended:
            return replace(newer, stage=Stage.WATCHING), ()
        case Stage.WATCHING if observation.phase is Phase.WAITING and observation.reason:
            return _told(newer, "container is waiting", observation.reason)
        case Stage.ENDING if observation.ended:
            return _ended(newer)
        case Stage.ENDING if observation.phase is Phase.RUNNING and job.purpose in (
            Purpose.RUN,
            Purpose.ADOPT,
        ):
            return (newer if _runs(job) else replace(newer, due=at + policy.linger)), ()
        case _:
            return newer, ()


def _stale(job: Job[R], observation: Observation) -> bool:
    if job.seen is None:
        return False
    if job.seen.ended and not observation.ended:
        # An outcome is never taken back, except the one that was no more than our guess.
        return job.seen.reason != FORGOTTEN
    if job.seen.version is None or observation.version is None:
        return False
    return observation.version < job.seen.version


def _absent(job: Job[R], at: float, policy: Policy) -> Moved[R]:
    if at - job.since < policy.grace:
        return job, ()  # AWS is eventually consistent: a container just accepted may not be shown yet
    match job.stage:
        case Stage.WATCHING:
            return _look(job, at)
        case Stage.ENDING:
            return _ended(job)
        case _:
            return job, ()


def _judge(job: Job[R], at: float, policy: Policy) -> Moved[R]:
    judging = replace(job, stage=Stage.JUDGING, due=None, asked=at)
    if job.has_row:
        return judging, (ReadRow(),)
    # A callback that has begun is not run a second time: nobody knows how far it came.
    started = job.seen is not None and job.seen.started
    return _sentence(judging, Standing.RUNNING if started else Standing.ROWLESS, at, policy)


# --- What the row says -------------------------------------------------------------------------------------


def _stands(job: Job[R], stands: Standing, at: float, policy: Policy) -> Moved[R]:
    if at < job.asked or job.purpose is Purpose.CANCEL:
        return job, ()
    if job.purpose is Purpose.RELEASE:
        return _released(job, stands)
    if job.stage is Stage.JUDGING:
        return _sentence(job, stands, at, policy)
    if job.stage in EARLY:
        if stands not in UNWANTED or (job.purpose is Purpose.ADOPT and not job.failures):
            return job, ()  # an adopted one is about to be found, unless look-ups fail
        cancelled, effects = _cancelled(job)
        return cancelled, (Free(), *effects)
    if job.stage is Stage.WATCHING:
        return _row_decides(job, stands, at, policy) if job.container else _row_alone(job, stands)
    return job, ()


def _released(job: Job[R], stands: Standing) -> Moved[R]:
    """What has moved on by itself is not to be given back; its container is stopped all the same."""
    if stands not in UNWANTED:
        return job, ()
    return replace(job, purpose=Purpose.CANCEL), (Free(),)


def _row_decides(job: Job[R], stands: Standing, at: float, policy: Policy) -> Moved[R]:
    match verdict(Observation(id=job.container, phase=Phase.RUNNING), stands):
        case Verdict.SUCCEED:
            return _let_end(job, at, policy), (Report(True, "the task has its result"),)
        case Verdict.FREE:
            return _let_end(job, at, policy), (Free(),)
        case _:
            return (replace(job, ran=True) if stands is Standing.RUNNING else job), ()


def _let_end(job: Job[R], at: float, policy: Policy) -> Job[R]:
    """Nobody waits for the container any more: it may end by itself, but not for ever."""
    return replace(job, stage=Stage.ENDING, due=at + (policy.linger if _runs(job) else policy.patience))


def _runs(job: Job[R]) -> bool:
    return job.ran or (job.seen is not None and job.seen.phase is Phase.RUNNING)


def _row_alone(job: Job[R], stands: Standing) -> Moved[R]:
    match stands:
        case Standing.RUNNING:
            return job, ()
        case Standing.QUEUED:
            return replace(job, stage=Stage.CLOSED), (GiveBack(), Free())
        case Standing.RESTARTING:
            return replace(job, stage=Stage.CLOSED), (Report(True, "its container is gone"),)
        case _:
            return replace(job, stage=Stage.CLOSED), (Free(),)


def _sentence(job: Job[R], stands: Standing, at: float, policy: Policy) -> Moved[R]:
    seen = job.seen
    if seen is None:
        return job, ()
    match verdict(seen, stands):
        case Verdict.SUCCEED:
            return replace(job, stage=Stage.CLOSED), (Report(True, explain(seen)),)
        case Verdict.FAIL if job.repeated and stands is Standing.RUNNING:
            # The lost submission may have been carried out after all, and its container hold the task, so
            # that this one was turned away (C19): look for another one before failing a healthy run.
            return _look(_without_container(job, explain(seen)), at)
        case Verdict.FAIL:
            return _fail(job, explain(seen))
        case Verdict.FREE:
            return replace(job, stage=Stage.CLOSED), (Free(),)
        case Verdict.RESUBMIT:
            return _resubmit(job, explain(seen), policy)
        case Verdict.KEEP:
            return job, ()
        case never:
            assert_never(never)


def _without_container(job: Job[R], doomed: str) -> Job[R]:
    return replace(
        job, repeated=False, doomed=doomed, past=(*job.past, job.container), container="", seen=None
    )


def _resubmit(job: Job[R], why: str, policy: Policy) -> Moved[R]:
    if job.purpose is Purpose.ADOPT:
        # The workload died with the scheduler that queued it: Airflow makes a new one, for the same try.
        return replace(job, stage=Stage.CLOSED), (Tell("queued again", why), GiveBack(), Free())
    if job.attempt >= policy.attempts:
        return _fail(job, f"{why} This was container {job.attempt} of at most {policy.attempts}.")
    fresh = replace(
        job,
        stage=Stage.PREPARING,
        attempt=job.attempt + 1,
        past=(*job.past, job.container),
        container="",
        seen=None,
        told="",
    )
    return fresh, (Tell("submitted again", why), Prepare(fresh.attempt))


# --- Stopping, ending, waiting -----------------------------------------------------------------------------


def _stop(job: Job[R]) -> Moved[R]:
    reason = {
        Purpose.CANCEL: "Taken back by Airflow",
        Purpose.RELEASE: "Orphaned, and adopt_task_instances is off",
    }.get(job.purpose, "Its task instance does not wait for it any more")
    return replace(job, stage=Stage.ENDING, due=None), (Stop(job.container, reason),)


def _stop_answered(job: Job[R], error: AwsError | None, at: float, policy: Policy) -> Moved[R]:
    if job.stage is not Stage.ENDING:
        return job, ()
    if error is None:
        return replace(job, failures=0, due=at + policy.linger), ()
    return _later(job, at, policy), ()


def _cancelled(job: Job[R]) -> Moved[R]:
    cancelled = replace(job, purpose=Purpose.CANCEL)
    match job.stage:
        case Stage.WATCHING | Stage.ENDING | Stage.LOOKING if job.container:
            return _stop(cancelled)
        case Stage.SUBMITTING | Stage.LOOKING:
            return cancelled, ()  # the answer is on its way; what it names is stopped then
        case Stage.BACKING_OFF if job.ambiguous:
            return replace(cancelled, stage=Stage.LOOKING, looks=0, due=None), (Find(job.past),)
        case _:
            return _close(cancelled)


def _ended(job: Job[R]) -> Moved[R]:
    effects: tuple[Effect[R], ...] = (GiveBack(), Free()) if job.purpose is Purpose.RELEASE else ()
    return replace(job, stage=Stage.CLOSED), effects


def _close(job: Job[R]) -> Moved[R]:
    return replace(job, stage=Stage.CLOSED), ()


def _fail(job: Job[R], why: str) -> Moved[R]:
    if job.purpose is Purpose.CANCEL:
        return _close(job)
    event = "container failed" if job.container or job.past else "not submitted"
    return replace(job, stage=Stage.CLOSED), (Tell(event, why), Report(False, why))


def _later(job: Job[R], at: float, policy: Policy) -> Job[R]:
    failures = job.failures + 1
    return replace(
        job, failures=failures, due=at + delay(policy.backoff, failures, jitter(job.token, failures))
    )


def _told(job: Job[R], event: str, text: str) -> Moved[R]:
    """Say why it waits, once per change."""
    return (job, ()) if job.told == text else (replace(job, told=text), (Tell(event, text),))


def _due(job: Job[R], at: float) -> Moved[R]:
    if job.due is None or at < job.due:
        return job, ()
    match job.stage:
        case Stage.BACKING_OFF if job.request is not None:
            return _submit_again(job, job.request)
        case Stage.LOOKING:
            return replace(job, due=None), (Find(job.past),)
        case Stage.ENDING:
            return _stop(job)
        case _:
            return replace(job, due=None), ()
