"""Batch as the engine's `Service`: SubmitJob, DescribeJobs, ListJobs, TerminateJobs.

Law: the core makes the requests and reads the answers; this module makes the calls, and knows the queues. A
job is described and ended by its id alone. A look-up by token lists jobs by name, one queue at a time: the
queue of the settings, the queues given as `also`, and those that this process has sent a request to.

Known gap: after a crash, the look-up by token does not find a job whose id was not saved yet, if it is in a
queue that only a builder's step has named; its task is started anew.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, cast

from returns.pipeline import is_successful
from returns.result import Failure, Result, Success

from aws_executors.core.aws.errors import AwsError, classify
from aws_executors.core.aws.request_quotas import BATCH, allotments
from aws_executors.core.aws.response import Page
from aws_executors.core.batch.answers.describe import follower, observe_answer
from aws_executors.core.batch.answers.responses import listed_ids as listed
from aws_executors.core.batch.answers.responses import started
from aws_executors.core.batch.builder import lookup_prefix
from aws_executors.core.batch.request import SubmitJob
from aws_executors.core.batch.settings import BatchSettings
from aws_executors.core.lifecycle.observation import DescribeResult, Observation
from aws_executors.core.logs.streams import Stream
from aws_executors.core.requests.wire import to_kwargs
from aws_executors.shell.aws.call import (
    NONE_REFUSED,
    Refusals,
    each,
    gone,
    may_be_there,
    settled,
    shortened,
    unknown_operation,
)
from aws_executors.shell.aws.client.clients import Clients
from aws_executors.shell.aws.log_pages import batch_log, log_page, no_log
from aws_executors.shell.aws.pagination import chunks, container_found, merged, paged

if TYPE_CHECKING:
    from mypy_boto3_batch.type_defs import (
        ListJobsRequestTypeDef,
        SubmitJobRequestTypeDef,
        TerminateJobsResponseTypeDef,
    )

AT_ONCE = 100
"""How many jobs one DescribeJobs call describes at most. Source: API_DescribeJobs."""

STOPS_AT_ONCE = 50
"""How many jobs one TerminateJobs call ends at most. Source: API_TerminateJobs."""

BULK = "TerminateJobs"

REASON_LENGTH = 1024
"""How many characters a TerminateJob reason may have. Source: API_TerminateJob."""


class BatchCalls:
    """Batch, for one section of airflow.cfg. Makes no call until it is asked to; never raises.

    >>> settings = BatchSettings(region="us-east-1", job_name="airflow", job_queue="q", job_definition="d")
    >>> BatchCalls(Clients(settings), settings)
    <BatchCalls in q>
    """

    idempotent = False

    def __init__(self, clients: Clients, settings: BatchSettings, *, also: Iterable[str] = ()) -> None:
        self._clients = clients
        self.allotments = allotments(BATCH, submit_rate=settings.submit_rate, read_share=settings.read_share)
        self._settings = settings
        self._record = follower(settings.container_name, sizes=settings.usage)
        self._in_bulk = True
        self._queues = dict.fromkeys((settings.job_queue, *also))

    def __repr__(self) -> str:
        return f"<BatchCalls in {', '.join(self._queues)}>"

    def submit(self, request: SubmitJob) -> Result[str, AwsError]:
        """Submit one job; returns its id."""
        kwargs = cast("SubmitJobRequestTypeDef", to_kwargs(request))
        result = self._clients.batch(lambda batch: batch.submit_job(**kwargs)).bind(started)
        if may_be_there(result):
            self._queues.setdefault(request.job_queue)
        return result

    def describe(self, ids: Sequence[str]) -> Result[DescribeResult, AwsError]:
        """Describe jobs by their ids, in one call per `AT_ONCE` jobs."""
        return merged((some, self._described(some)) for some in chunks(ids, AT_ONCE))

    def find(self, token: str, exclude: Sequence[str]) -> Result[Observation | None, AwsError]:
        """Look for the newest job of one queueing, live ones first, in all queues known here."""
        return container_found([self._searched(queue, token, exclude) for queue in tuple(self._queues)])

    def stop(self, ids: Sequence[str], reason: str) -> dict[str, AwsError | None]:
        """End jobs, in bulk if boto3 and the endpoint can, else one by one; an unknown job counts as ended.

        An endpoint that does not know TerminateJobs (a Region that gets it later, an emulator) is not asked
        for it again.
        """
        words = shortened(reason, REASON_LENGTH)
        outcome: dict[str, AwsError | None] = {}
        if self._in_bulk:
            known = self._clients.batch(lambda batch: BULK in batch.meta.method_to_api_mapping.values())
            if not is_successful(known):
                return dict.fromkeys(ids, known.failure())
            self._in_bulk = known.unwrap()
        if self._in_bulk:
            outcome = each(chunks(ids, STOPS_AT_ONCE), partial(self._all_terminated, words))
            ids = [
                id_ for id_, error in outcome.items() if error is not None and unknown_operation(error, BULK)
            ]
            self._in_bulk = not ids
        return outcome if self._in_bulk else outcome | each(chunks(ids, 1), partial(self._terminated, words))

    def log_stream(self, token: str) -> Result[Stream, AwsError]:
        """Where the job of one queueing logs to; `token` may be a job's id, too."""
        return self.find(token, ()).bind(lambda seen: self._log_of(token if seen is None else seen.id))

    def past_log(self, container: str) -> Result[Stream, AwsError]:
        """Always a failure: only a job's description has the stream's name, and Batch keeps it a week."""
        return Failure(no_log("AWS does not show the job any more"))

    def ended_log(self, seen: Observation) -> Result[Stream, AwsError]:
        """Where an ended job logged to: by this description or, if that does not show it, by a new call."""
        given = seen.allocation
        group = "" if given is None else given.log_group
        if group and seen.log_stream:
            return Success(Stream(group=group, name=seen.log_stream))
        return self._log_of(seen.id)

    def log_page(self, stream: Stream, next_token: str) -> Result[object, AwsError]:
        """One page of a log."""
        return log_page(self._clients, self._settings.region, stream, next_token)

    def _log_of(self, job: str) -> Result[Stream, AwsError]:
        return batch_log(self._clients, job, self._settings.container_name)

    def _described(self, ids: Sequence[str]) -> Result[DescribeResult, AwsError]:
        answer = self._clients.batch(lambda batch: batch.describe_jobs(jobs=ids))
        return answer.map(
            partial(observe_answer, asked=ids, container=self._settings.container_name, record=self._record)
        )

    def _searched(self, queue: str, token: str, exclude: Sequence[str]) -> Result[DescribeResult, AwsError]:
        ids = paged(partial(self._page, queue, lookup_prefix(self._settings, token)))
        looked = ids.bind(lambda all_: self.describe([id_ for id_ in all_ if id_ not in exclude]))
        return looked.lash(partial(self._unless_deleted, queue))

    def _page(self, queue: str, prefix: str, next_token: str) -> Result[Page, AwsError]:
        kwargs: ListJobsRequestTypeDef = {
            "jobQueue": queue,
            "filters": [{"name": "JOB_NAME", "values": [prefix]}],
        }
        if next_token:
            kwargs["nextToken"] = next_token
        return self._clients.batch(lambda batch: batch.list_jobs(**kwargs)).bind(listed)

    def _unless_deleted(self, queue: str, error: AwsError) -> Result[DescribeResult, AwsError]:
        """An empty result in place of an error, if a queue other than the settings' was deleted."""
        gone_by = queue != self._settings.job_queue and gone(error)
        return Success(DescribeResult()) if gone_by else Failure(error)

    def _terminated(self, reason: str, ids: Sequence[str]) -> Result[Refusals, AwsError]:
        (id_,) = ids
        answer = self._clients.batch(lambda batch: batch.terminate_job(jobId=id_, reason=reason))
        return answer.map(lambda _: NONE_REFUSED).lash(settled)

    def _all_terminated(self, reason: str, ids: Sequence[str]) -> Result[Refusals, AwsError]:
        answer = self._clients.batch(lambda batch: batch.terminate_jobs(jobs=ids, reason=reason))
        return answer.map(_refused)


def _refused(answer: "TerminateJobsResponseTypeDef") -> Refusals:
    """The jobs that a bulk call did not end, according to its answer, without those that are gone."""
    errors = {odd["job"]: classify(odd["code"], odd["message"]) for odd in answer.get("errors", [])}
    return {id_: error for id_, error in errors.items() if not gone(error)}
