"""What SubmitJob and ListJobs answered.

Law: an answer that cannot be read may have submitted something, so it is AMBIGUOUS, never a refusal.
"""

from returns.result import Result

from aws_executors.core.aws.errors import AwsError, unreadable_answer
from aws_executors.core.aws.response import AnswerRecord, Page, read_record


class _SubmitJob(AnswerRecord):
    job_id: str


class _Summary(AnswerRecord):
    job_id: str
    job_name: str


class _ListJobs(AnswerRecord):
    job_summary_list: tuple[_Summary, ...]
    next_token: str | None = None


def started(answer: object) -> Result[str, AwsError]:
    """The id of the job that SubmitJob started. Source: "SubmitJob", AWS Batch API Reference.

    >>> started({"jobName": "airflow-0b6e-1", "jobId": "4c75"})
    <Success: 4c75>
    >>> started({}).failure().kind
    <Kind.AMBIGUOUS: 'ambiguous'>
    """
    return read_record(_SubmitJob, answer).alt(unreadable_answer).map(_job_id)


def listed_ids(answer: object, *, name: str = "") -> Result[Page, AwsError]:
    """The job ids of one ListJobs page, and the token of the next page.

    With `name` only the jobs of exactly that name: the service's own filter is case-insensitive. A page that
    cannot be read is a failure as a whole: what was submitted must not be overlooked.

    >>> jobs = [{"jobId": "4c75", "jobName": "a-1"}, {"jobId": "9", "jobName": "A-1"}]
    >>> listed_ids({"jobSummaryList": jobs}, name="a-1").unwrap()
    Page(ids=('4c75',), next_token='')
    """
    return read_record(_ListJobs, answer).alt(unreadable_answer).map(lambda listed: _page(listed, name))


def _job_id(answer: _SubmitJob) -> str:
    return answer.job_id


def _page(answer: _ListJobs, name: str) -> Page:
    return Page(
        ids=tuple(one.job_id for one in answer.job_summary_list if not name or one.job_name == name),
        next_token=answer.next_token or "",
    )
