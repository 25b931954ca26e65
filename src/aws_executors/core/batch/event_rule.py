"""The EventBridge rule for jobs: those with this deployment's name in its job queues.

Law: pure. All statuses pass: RUNNABLE is the first one for which an event comes, and may last. Source: "Job
state change events" and "Job queue blocked events", AWS Batch User Guide.
"""

from aws_executors.core.aws.event_rules import Document, EventSelection, envelope
from aws_executors.core.aws.iam import NOTHING_ELSE, Also, Where
from aws_executors.core.batch.answers.describe import EVENT_TYPES
from aws_executors.core.batch.builder import job_name
from aws_executors.core.batch.request import SubmitJob
from aws_executors.core.batch.settings import BatchSettings

SOURCE = "aws.batch"


def pattern(settings: BatchSettings, request: SubmitJob, where: Where, also: Also = NOTHING_ELSE) -> Document:
    """Which events are about this deployment's jobs.

    >>> settings = BatchSettings(region="us-east-1", job_name="etl", job_queue="q", job_definition="d")
    >>> request = SubmitJob(job_name="etl", job_queue="q", job_definition="d")
    >>> pattern(settings, request, Where(region="x", account="1"))["detail"]
    {'jobQueue': ['arn:aws:batch:x:1:job-queue/q'], 'jobName': [{'prefix': 'etl-'}]}
    """
    queues = dict.fromkeys((request.job_queue, *also.queues), "")
    return {
        "source": [SOURCE],
        "detail-type": [*EVENT_TYPES],
        "detail": {
            "jobQueue": [where.named("batch", "job-queue", one) for one in queues],
            "jobName": [{"prefix": job_name(settings.job_name, "")}],
        },
    }


def sample(settings: BatchSettings, request: SubmitJob, where: Where, status: str) -> Document:
    """An event of one of this deployment's jobs."""
    job = "b0f4a8a5-7e6e-4a6c-9d0f-4c2a0f9b1c55"
    detail: Document = {
        "jobId": job,
        "jobName": job_name(settings.job_name, "0b6e-1"),
        "jobQueue": where.named("batch", "job-queue", request.job_queue),
        "status": status,
        "container": {},
    }
    return envelope(SOURCE, EVENT_TYPES[0], where, where.arn("batch", f"job/{job}"), detail)


RULE = EventSelection(
    owner=lambda settings: settings.job_name,
    pattern=pattern,
    sample=sample,
    statuses=(("RUNNABLE", "STARTING"), ("RUNNING",), ("SUCCEEDED",), ("FAILED",)),
)
