"""What DescribeJobs, and the event of the same shape, say about a job's container.

Law: AWS's shapes end here. The status says whether there is an outcome, because Batch may start another
attempt by its own retry strategy after any exit code; once there is one, the Airflow container's exit code
says which (C21), and without a code the tables do. Nothing raises, and one record that can not be read hides
no other (C6).
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from returns.methods import unwrap_or_failure
from returns.result import Failure, Result, Success

from aws_executors.core.reading import (
    CONTAINER_REASONS,
    Read,
    accounted,
    detail,
    id_of,
    joined,
    read,
    said,
    told,
)
from aws_executors.core.state import Answer, Cause, Observation, Phase, Source, Unreadable
from aws_executors.core.stops import BY_US

# Both have the shape of a job in their detail; the second tells why a job is held at RUNNABLE.
EVENT_TYPES = ("Batch Job State Change", "Batch Job Queue Blocked")

# Source: "Job states", AWS Batch User Guide.
STATUSES: Mapping[str, Phase] = MappingProxyType(
    {
        "SUBMITTED": Phase.WAITING,
        "PENDING": Phase.WAITING,
        "RUNNABLE": Phase.WAITING,
        "STARTING": Phase.WAITING,
        "RUNNING": Phase.RUNNING,
        "SUCCEEDED": Phase.SUCCEEDED,
        "FAILED": Phase.FAILED,
    }
)
FINAL = frozenset({"SUCCEEDED", "FAILED"})

# Who ended a job, in the words of its statusReason; the first prefix counts. "Host EC2 ... terminated" is
# said of a Spot reclaim and of an instance that was scaled in or broke alike: what is certain is its end.
STATUS_REASONS: tuple[tuple[str, Cause], ...] = (
    *BY_US,
    ("Job attempt duration exceeded timeout", Cause.TIMED_OUT),
    ("Your Spot Task was interrupted", Cause.RECLAIMED),
    ("Host EC2 (instance", Cause.INSTANCE_ENDED),
)


class _Container(Read):
    name: str | None = None
    essential: bool | None = None
    exit_code: int | None = None
    reason: str | None = None
    log_stream_name: str | None = None


class _Task(Read):
    containers: tuple[_Container, ...] | None = None


class _Tasks(Read):
    task_properties: tuple[_Task, ...] | None = None


class _Attempt(Read):
    container: _Container | None = None
    task_properties: tuple[_Task, ...] | None = None
    started_at: float | None = None
    status_reason: str | None = None


class _Job(Read):
    job_id: str
    status: str
    job_name: str | None = None
    status_reason: str | None = None
    created_at: float | None = None
    started_at: float | None = None
    container: _Container | None = None
    ecs_properties: _Tasks | None = None
    attempts: tuple[_Attempt, ...] | None = None
    is_cancelled: bool | None = None
    is_terminated: bool | None = None


class _Answer(Read):
    jobs: tuple[object, ...]


def observe(
    job: object, *, container: str = "", source: Source = Source.DESCRIBE
) -> Result[Observation, Unreadable]:
    """What one item of a DescribeJobs answer's ``jobs`` says.

    `container` names the Airflow container of a job with ``ecsProperties``; empty, it is the first essential
    one. An unknown `status` or a missing field is `Unreadable`, with the job's id. Times are in epoch
    milliseconds. Source: "JobDetail", AWS Batch API Reference.

    >>> observe({"jobId": "4c75", "jobName": "airflow-0b6e-1", "status": "FAILED",
    ...          "statusReason": "Essential container in task exited", "container": {"exitCode": 1}}
    ...         ).unwrap().cause
    <Cause.EXITED: 'exited'>
    >>> observe({"jobId": "4c75", "status": "BORED"}).failure().id
    '4c75'
    """
    seen = read(_Job, job).bind(_known).map(lambda known: _observation(known, container, source))
    return seen.alt(lambda problem: Unreadable(id=id_of(job, "jobId"), problem=problem))


def observe_event(event: object, *, container: str = "") -> Result[Observation, Unreadable]:
    """What an EventBridge event "Batch Job State Change" says: its ``detail`` has the shape of a job.

    Source: "Job state change events", AWS Batch User Guide.

    >>> observe_event({"detail": {"jobId": "4c75", "status": "RUNNABLE"}}).unwrap().source
    <Source.EVENT: 'event'>
    """
    return detail(event, EVENT_TYPES).bind(
        lambda told_of: observe(told_of, container=container, source=Source.EVENT)
    )


def observe_answer(answer: object, *, asked: Sequence[str], container: str = "") -> Answer:
    """What one DescribeJobs answer says about the jobs asked for (ids, at most 100).

    A job that is not in the answer is an observation too: `Phase.ABSENT`. Where a record could not be told
    whose it is, nothing is called absent.

    >>> [one.phase.value for one in observe_answer({"jobs": []}, asked=["4c75"]).observations]
    ['absent']
    """
    return unwrap_or_failure(
        read(_Answer, answer)
        .map(lambda found: accounted([observe(job, container=container) for job in found.jobs], asked=asked))
        .alt(lambda problem: Answer(unreadable=tuple(Unreadable(id=id_, problem=problem) for id_ in asked)))
    )


def _known(job: _Job) -> Result[_Job, str]:
    if job.status in STATUSES:
        return Success(job)
    return Failure(f"status {job.status!r} is none of {', '.join(STATUSES)}")


def _observation(job: _Job, name: str, source: Source) -> Observation:
    own = _own(job, name)
    started = _started(job, own)
    exit_code = own.exit_code if job.status in FINAL else None
    phase = STATUSES[job.status] if exit_code is None else _OUTCOMES[exit_code == 0]
    return Observation(
        id=job.job_id,
        phase=phase,
        name=job.job_name or "",
        status=job.status,
        exit_code=exit_code,
        reason=_reason(job, own, name),
        cause=_cause(job, own, started) if phase is Phase.FAILED else None,
        started=started,
        final=job.status in FINAL,
        created=None if job.created_at is None else job.created_at / 1000,
        log_stream=own.log_stream_name or "",
        source=source,
    )


def _own(job: _Job, name: str) -> _Container:
    """The Airflow container; what the job itself does not tell of it, its last attempt does."""
    own = _chosen(_containers(job.container, job.ecs_properties), name)
    if not job.attempts:
        return own
    last = _within(job.attempts[-1], own)
    return _Container(
        name=own.name,
        exit_code=last.exit_code if own.exit_code is None else own.exit_code,
        reason=own.reason or last.reason,
        log_stream_name=own.log_stream_name or last.log_stream_name,
    )


def _chosen(containers: Sequence[_Container], name: str) -> _Container:
    fits = [one for one in containers if not name or one.name in (name, None)]
    return min(fits, key=_inessential, default=_Container())


def _inessential(one: _Container) -> bool:
    return one.essential is False


def _within(attempt: _Attempt, own: _Container) -> _Container:
    """The same container in one attempt: by its name, or the only one, which has none."""
    told_of = _containers(attempt.container, _Tasks(task_properties=attempt.task_properties))
    return next((one for one in told_of if one.name == own.name), _Container())


def _containers(only: _Container | None, several: _Tasks | None) -> tuple[_Container, ...]:
    tasks = () if several is None else several.task_properties or ()
    found = tuple(one for task in tasks for one in task.containers or ())
    return found or (() if only is None else (only,))


def _started(job: _Job, own: _Container) -> bool:
    """Whether the Airflow container ever ran, in this attempt or in an earlier one."""
    if job.status == "RUNNING" or own.exit_code is not None:
        return True
    this = _Attempt(container=own, started_at=job.started_at, status_reason=job.status_reason)
    return any(_ran(attempt, own) for attempt in job.attempts or (this,))


def _ran(attempt: _Attempt, own: _Container) -> bool:
    seen = _within(attempt, own)
    unstarted = told(CONTAINER_REASONS, seen.reason, attempt.status_reason) is Cause.NEVER_STARTED
    return seen.exit_code is not None or (attempt.started_at is not None and not unstarted)


def _cause(job: _Job, own: _Container, started: bool) -> Cause:
    by_status = told(STATUS_REASONS, job.status_reason, _last_reason(job))
    if by_status is not None:
        return by_status
    if job.is_terminated or job.is_cancelled:
        return Cause.STOPPED
    if own.exit_code is not None:
        return Cause.EXITED
    by_words = told(CONTAINER_REASONS, own.reason, job.status_reason)
    return by_words or (Cause.UNCLEAR if started else Cause.NEVER_STARTED)


def _reason(job: _Job, own: _Container, name: str) -> str:
    every = _containers(job.container, job.ecs_properties)
    names = sorted(one.name for one in every if one.name is not None)
    lost = f"no container named {name!r} in the job (it has: {', '.join(names)})"
    others = sorted(
        text for one in every if one.name != own.name and (text := said(one.name, one.exit_code, one.reason))
    )
    unnamed = name and names and name not in names
    return joined(job.status_reason, own.reason, _last_reason(job), lost if unnamed else None, *others)


def _last_reason(job: _Job) -> str | None:
    return job.attempts[-1].status_reason if job.attempts else None


_OUTCOMES: Mapping[bool, Phase] = MappingProxyType({True: Phase.SUCCEEDED, False: Phase.FAILED})
