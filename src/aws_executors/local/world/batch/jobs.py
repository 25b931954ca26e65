"""Batch DescribeJobs, ListJobs, TerminateJob(s), CancelJob(s), TagResource.

Law: the actions on existing jobs. A job that does not exist is left out of a description, and terminating it
succeeds. Source: botocore's `batch` model.
"""

from __future__ import annotations

from collections.abc import Iterable

from aws_executors.local.world.batch.job_life import stop_job
from aws_executors.local.world.batch.job_view import change_job
from aws_executors.local.world.batch.setup import find_queue, reject
from aws_executors.local.world.batch.state import BatchJob
from aws_executors.local.world.pages import page
from aws_executors.local.world.state import World
from aws_executors.local.world.values import Json

DESCRIBE_LIMIT = 100
BULK_LIMIT = 50
NOT_STARTED = ("SUBMITTED", "PENDING", "RUNNABLE")
SUMMARY = (
    "jobArn",
    "jobId",
    "jobName",
    "createdAt",
    "status",
    "statusReason",
    "startedAt",
    "stoppedAt",
    "shareIdentifier",
    "jobDefinition",
    "isCancelled",
    "isTerminated",
)
FILTERS = ("JOB_NAME", "JOB_DEFINITION", "BEFORE_CREATED_AT", "AFTER_CREATED_AT", "SHARE_IDENTIFIER")


def find(world: World, asked: str) -> BatchJob | None:
    """The job with that id or ARN, or None."""
    job = world.batch.jobs.get(asked.rpartition("/")[2])
    return None if job is None or job.forgotten else job


def describe_jobs(world: World, params: Json, now: float) -> Json:
    """DescribeJobs, at most 100; a job that does not exist is left out."""
    if not 1 <= len(params["jobs"]) <= DESCRIBE_LIMIT:
        reject("jobs must have between 1 and 100 members")
    found = (find(world, one) for one in params["jobs"])
    return {"jobs": [job.view for job in found if job is not None]}


def list_jobs(world: World, params: Json, now: float) -> Json:
    """ListJobs of a queue: by status (RUNNING by default) or by one filter; the newest first."""
    if "jobQueue" not in params:
        reject("jobQueue must be specified (aws_executors.local has no array or multi-node jobs)")
    queue = find_queue(world, params["jobQueue"])
    if queue is None:
        reject(f"JobQueue {params['jobQueue']} not found")
    size = params.get("maxResults", 100)
    if not 1 <= size <= 100:
        reject("maxResults must be between 1 and 100")
    chosen = _chosen(world, queue["jobQueueName"], params)
    found, token = page(
        chosen, lambda job: 2**53 - job.ordinal, params.get("nextToken"), size, "ClientException"
    )
    return {"jobSummaryList": [_summary(job) for job in found], **({"nextToken": token} if token else {})}


def _chosen(world: World, queue: str, params: Json) -> Iterable[BatchJob]:
    filters = params.get("filters", [])
    if len(filters) > 1:
        reject("only one filter can be used at a time")
    if not filters:
        status = params.get("jobStatus", "RUNNING")
        jobs: Iterable[BatchJob] = reversed(world.batch.by_queue[queue].values())
        return [job for job in jobs if job.status == status and not job.forgotten]
    name, values = filters[0].get("name"), filters[0].get("values", [])
    if name not in FILTERS or len(values) != 1:
        reject(f"a filter needs one of the names {', '.join(FILTERS)} and one value")
    exact = name == "JOB_NAME" and not values[0].endswith("*")
    jobs = (
        world.batch.by_name.get((queue, values[0].lower()), {}) if exact else world.batch.by_queue[queue]
    ).values()
    return [
        job for job in reversed(list(jobs)) if not job.forgotten and (exact or _fits(job, name, values[0]))
    ]


def _fits(job: BatchJob, name: str, value: str) -> bool:
    if name in ("BEFORE_CREATED_AT", "AFTER_CREATED_AT"):
        if not value.isdecimal():
            reject(f"the filter {name} needs epoch milliseconds, got {value}")
        created: int = job.view["createdAt"]
        return created < int(value) if name == "BEFORE_CREATED_AT" else created > int(value)
    if name == "JOB_DEFINITION":
        known: str = job.view["jobDefinition"]
        names = (known, known.rpartition("/")[2], known.rpartition("/")[2].partition(":")[0])
    else:
        names = (job.name if name == "JOB_NAME" else str(job.view.get("shareIdentifier", "")),) * 3
    if value.endswith("*"):
        return any(one.lower().startswith(value[:-1].lower()) for one in names)
    return value.lower() in [one.lower() for one in names]


def _summary(job: BatchJob) -> Json:
    known = {key: job.view[key] for key in SUMMARY if key in job.view}
    container = job.view.get("container", {})
    return {**known, "container": {key: container[key] for key in ("exitCode", "reason") if key in container}}


def terminate_job(world: World, params: Json, now: float) -> Json:
    """TerminateJob: cancels a job that has not started, and stops one that has."""
    _terminate(world, params["jobId"], params["reason"], now)
    return {}


def terminate_jobs(world: World, params: Json, now: float) -> Json:
    """TerminateJobs: up to 50; unknown jobs count as successful."""
    for one in _bulk(params):
        _terminate(world, one, params["reason"], now)
    return {"successful": params["jobs"], "errors": []}


def cancel_job(world: World, params: Json, now: float) -> Json:
    """CancelJob: ends only a job that has not started."""
    _cancel(world, params["jobId"], params["reason"], now)
    return {}


def cancel_jobs(world: World, params: Json, now: float) -> Json:
    """CancelJobs: up to 50; unknown jobs count as successful."""
    for one in _bulk(params):
        _cancel(world, one, params["reason"], now)
    return {"successful": params["jobs"], "errors": []}


def _bulk(params: Json) -> list[str]:
    if not 1 <= len(params["jobs"]) <= BULK_LIMIT:
        reject(f"jobs must have between 1 and {BULK_LIMIT} members")
    return list(params["jobs"])


def _terminate(world: World, asked: str, reason: str, now: float) -> None:
    job = find(world, asked)
    if job is not None and not job.ended and job.end_reason is None:
        change_job(world, job, now, isTerminated=True)
        stop_job(world, job, now, reason)


def _cancel(world: World, asked: str, reason: str, now: float) -> None:
    job = find(world, asked)
    if job is not None and job.status in NOT_STARTED:
        change_job(world, job, now, isCancelled=True)
        stop_job(world, job, now, reason)


def tag_resource(world: World, params: Json, now: float) -> Json:
    """TagResource for a job (the only resource that this project needs it for)."""
    job = find(world, params["resourceArn"])
    if job is None:
        reject(f"{params['resourceArn']} is not a job that exists")
    job.view = {**job.view, "tags": {**job.view["tags"], **params["tags"]}}
    return {}
