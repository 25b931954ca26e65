"""What DescribeJobs, and the event of the same shape, say about a job's container.

Law: AWS's shapes end here and in `attempts.py`. The status says whether there is an outcome, because Batch
may start another attempt by its own retry strategy after any exit code; then the Airflow container's exit
code, or else the status, says which (C21). As a cause, our own stop or a time limit of the platform comes
first, then a person's stop, of any text. Nothing raises, and one unreadable record hides no other (C6).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType

from returns.methods import unwrap_or_failure
from returns.result import Failure, Result, Success

from aws_executors.core.aws.error_codes import Kind
from aws_executors.core.aws.errors import by_message
from aws_executors.core.aws.response import (
    CONTAINER_REASONS,
    POD_TAKEN,
    AnswerRecord,
    Reader,
    accounted,
    detail,
    id_of,
    joined,
    maintained,
    named_cause,
    read_record,
    reader,
)
from aws_executors.core.aws.sidecars import ENDED_TASK, culprit, sidecar_words, sign_of
from aws_executors.core.batch.answers.allocation import allocation_of
from aws_executors.core.batch.answers.attempts import (
    AttemptContainer,
    JobDetail,
    Run,
    attempts_of,
    others_of,
    own_of,
    same_container,
    whole_job,
)
from aws_executors.core.lifecycle.effects import BY_US
from aws_executors.core.lifecycle.observation import (
    Cause,
    DescribeResult,
    Observation,
    Phase,
    Sign,
    Source,
    Unreadable,
)

# Both have the shape of a job in their detail; the second says why a job is held at RUNNABLE.
EVENT_TYPES = ("Batch Job State Change", "Batch Job Queue Blocked")

# Source: "Job states", AWS Batch User Guide.
STATUSES: Mapping[str, Phase] = MappingProxyType(
    {
        "SUBMITTED": Phase.PENDING,
        "PENDING": Phase.PENDING,
        "RUNNABLE": Phase.PENDING,
        "STARTING": Phase.PENDING,
        "RUNNING": Phase.RUNNING,
        "SUCCEEDED": Phase.SUCCEEDED,
        "FAILED": Phase.FAILED,
    }
)
FINAL = frozenset({"SUCCEEDED", "FAILED"})
RANKS: Mapping[str, int] = MappingProxyType({status: rank for rank, status in enumerate(STATUSES)})
LAST = 1_000_000
"""The `order` of an observation with an outcome, which is above the order of every earlier observation."""

# What ended a job, in the words of its statusReason; the first prefix counts. These words are the platform's
# or our own, and count even for a job that was terminated.
DECIDED: tuple[tuple[str, Cause], ...] = (
    *BY_US,
    ("Job attempt duration exceeded timeout", Cause.TIMED_OUT),
    ("Canceled by JobStateTimeLimit action", Cause.TIMED_OUT),
    ("Terminated by JobStateTimeLimit action", Cause.TIMED_OUT),
    ("Pod was active on the node longer than the specified deadline", Cause.TIMED_OUT),
    ("DeadlineExceeded", Cause.TIMED_OUT),  # the same, by Kubernetes' name for it
)

# What ended a job that was not terminated. "Host EC2 ... terminated" is said of a Spot reclaim as well as of
# an instance that was scaled in or broke: only its end is certain.
STATUS_REASONS: tuple[tuple[str, Cause], ...] = (
    ("Your Spot Task was interrupted", Cause.RECLAIMED),
    ("Host EC2", Cause.INSTANCE_ENDED),
    # Its containers may then have the exit codes of the signal by which Kubernetes ended them.
    *((words, Cause.HOST_LOST) for words in POD_TAKEN),
)


class _Answer(AnswerRecord):
    jobs: tuple[object, ...]


def observe(
    job: object, *, container: str = "", source: Source = Source.DESCRIBE, sizes: bool = False
) -> Result[Observation, Unreadable]:
    """What one item of a DescribeJobs answer's ``jobs`` says.

    `container` names the Airflow container of a job with ``ecsProperties``; if empty, the first essential
    one is meant. An unknown `status` or a missing field is `Unreadable`, with the job's id. Times are in
    epoch milliseconds. Sizes and times are read once there is an outcome, with `sizes` also before. Source:
    "JobDetail", AWS Batch API Reference.

    >>> observe({"jobId": "4c75", "jobName": "airflow-0b6e-1", "status": "FAILED",
    ...          "statusReason": "Essential container in task exited", "container": {"exitCode": 1}}
    ...         ).unwrap().cause
    <Cause.EXITED: 'exited'>
    >>> observe({"jobId": "4c75", "status": "BORED"}).failure().id
    '4c75'
    """
    known = read_record(JobDetail, job).bind(_known).bind(partial(_with_containers, source))
    seen = known.map(lambda read: _observation(read, container, source))
    allocated = partial(allocation_of, job, container=container)
    seen = seen.map(lambda found: found.with_allocation(allocated, running=sizes))
    return seen.alt(lambda problem: Unreadable(id=id_of(job, "jobId"), problem=problem))


def observe_event(
    event: object, *, container: str = "", sizes: bool = False
) -> Result[Observation, Unreadable]:
    """What an EventBridge event "Batch Job State Change" says: its ``detail`` has the shape of a job.

    Source: "Job state change events", AWS Batch User Guide.

    >>> observe_event({"detail": {"jobId": "4c75", "status": "RUNNABLE"}}).unwrap().source
    <Source.EVENT: 'event'>
    """
    return detail(event, EVENT_TYPES).bind(
        lambda told_of: observe(told_of, container=container, source=Source.EVENT, sizes=sizes)
    )


def follower(container: str, *, sizes: bool = False) -> Reader:
    """`observe` for a caller that sees the same jobs many times: an unchanged job is not read again."""
    return reader(JobDetail, partial(observe, container=container, sizes=sizes))


def observe_answer(
    answer: object, *, asked: Sequence[str], container: str = "", record: Reader | None = None
) -> DescribeResult:
    """What one DescribeJobs answer says about the jobs asked for (ids, at most 100).

    A job that is not in the answer is an observation too: `Phase.ABSENT`. But if a record has no readable id,
    no job is called absent. `record` reads each item, as a `follower` does; without it, `observe`.

    >>> [one.phase.value for one in observe_answer({"jobs": []}, asked=["4c75"]).observations]
    ['absent']
    """
    one = record or partial(observe, container=container)
    return unwrap_or_failure(
        read_record(_Answer, answer)
        .map(lambda found: accounted([one(job) for job in found.jobs], asked=asked))
        .alt(
            lambda problem: DescribeResult(
                unreadable=tuple(Unreadable(id=id_, problem=problem) for id_ in asked)
            )
        )
    )


def _known(job: JobDetail) -> Result[JobDetail, str]:
    if job.status in STATUSES:
        return Success(job)
    return Failure(f"status {job.status!r} is none of {', '.join(STATUSES)}")


def _with_containers(source: Source, job: JobDetail) -> Result[JobDetail, str]:
    """Refuse an event of a failure whose containers a rule has cut off: the exit code is missing."""
    kinds = (job.container, job.ecs_properties, job.eks_properties, job.node_properties)
    shown = any(one is not None for one in (*kinds, job.attempts, job.eks_attempts))
    if source is Source.EVENT and job.status == "FAILED" and not shown:
        return Failure("container and attempts are missing, without which status FAILED does not say why")
    return Success(job)


def _observation(job: JobDetail, name: str, source: Source) -> Observation:
    runs = attempts_of(job)
    own = own_of(job, runs, name)
    others = others_of(job, runs, own)
    started = _started(job, runs, own)
    exit_code = own.exit_code if job.status in FINAL else None
    phase = STATUSES[job.status] if exit_code is None else _OUTCOMES[exit_code == 0]
    cause = _cause(job, runs, own, started) if phase is Phase.FAILED else None
    sign, first = _sign(job, runs, cause, own, others)
    return Observation(
        id=job.job_id,
        phase=phase,
        name=job.job_name or "",
        status=job.status,
        exit_code=exit_code,
        reason=_reason(job, runs, own, name),
        others=sidecar_words(others),
        sign=sign,
        culprit=first,
        cause=cause,
        started=started,
        final=job.status in FINAL,
        order=_order(job),
        created=None if job.created_at is None else job.created_at / 1000,
        log_stream=own.log_stream_name or "",
        source=source,
    )


def _order(job: JobDetail) -> int:
    """A number that rises with every ended attempt, and within one with the status; Batch itself gives none.

    Source: "Job state change events", AWS Batch User Guide.
    """
    ended = len(job.attempts or job.eks_attempts or ())
    return LAST if job.status in FINAL else ended * len(RANKS) + RANKS[job.status]


def _started(job: JobDetail, runs: Sequence[Run], own: AttemptContainer) -> bool:
    """Whether the Airflow container ever ran, in this attempt or in an earlier one."""
    if job.status == "RUNNING" or own.exit_code is not None:
        return True
    here = whole_job(job, runs)
    return any(_ran(run, own) for run in runs or (replace(here, containers=(own,)),))


def _ran(run: Run, own: AttemptContainer) -> bool:
    seen = same_container(run, own)
    by_words = named_cause(CONTAINER_REASONS, seen.reason, run.status_reason)
    may_have = run.started_at is not None or by_words is Cause.UNCLEAR
    held_back = run.held_back or by_words is Cause.NEVER_STARTED
    return seen.exit_code is not None or (may_have and not held_back)


def _cause(job: JobDetail, runs: Sequence[Run], own: AttemptContainer, started: bool) -> Cause:
    said = (job.status_reason, _last_reason(runs))
    if (decided := named_cause(DECIDED, *said)) is not None:
        return decided
    if job.is_terminated or job.is_cancelled:
        return Cause.STOPPED
    if (happened := named_cause(STATUS_REASONS, *said, own.reason)) is not None:
        return happened
    if maintained(*said):
        return Cause.HOST_LOST
    if own.exit_code is not None:
        return Cause.EXITED
    by_words = named_cause(CONTAINER_REASONS, own.reason, job.status_reason)
    if by_words is None and _invalid(job.status_reason or ""):
        return Cause.INVALID
    return by_words or (Cause.UNCLEAR if started else Cause.NEVER_STARTED)


def _invalid(status_reason: str) -> bool:
    """Whether Batch refused the job later, in words with which it can refuse a SubmitJob at once."""
    rule = by_message(status_reason)
    return rule is not None and rule.kind is Kind.PERMANENT


def _sign(
    job: JobDetail,
    runs: Sequence[Run],
    cause: Cause | None,
    own: AttemptContainer,
    others: Sequence[AttemptContainer],
) -> tuple[Sign | None, str]:
    if cause is Cause.STOPPED:
        return Sign.BY_A_PERSON, ""
    if cause not in (Cause.EXITED, Cause.NEVER_STARTED):
        return None, ""
    on_ecs = job.ecs_properties is not None and (job.status_reason or "").startswith(ENDED_TASK)
    held_back = whole_job(job, runs).held_back and cause is Cause.NEVER_STARTED
    return sign_of(culprit(own, others, by_an_end=on_ecs or held_back))


def _reason(job: JobDetail, runs: Sequence[Run], own: AttemptContainer, name: str) -> str:
    names = sorted(one.name for one in whole_job(job, runs).containers if one.name is not None)
    lost = f"no container named {name!r} in the job (it has: {', '.join(names)})"
    unnamed = name and names and name not in names
    return joined(job.status_reason, own.reason, _last_reason(runs), lost if unnamed else None)


def _last_reason(runs: Sequence[Run]) -> str | None:
    return runs[-1].status_reason if runs else None


_OUTCOMES: Mapping[bool, Phase] = MappingProxyType({True: Phase.SUCCEEDED, False: Phase.FAILED})
