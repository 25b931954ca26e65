"""What is done for a closed job, and repeated if it fails: requeueing its task instance, deleting its stored
workload.

Law: requeueing is repeated until it succeeds, as nothing else gives the task instance back. Deleting is given
up after a while, and left to the bucket's lifecycle rule.
"""

from functools import partial
from typing import Generic, TypeVar

from returns.pipeline import is_successful
from returns.result import Result

from aws_executors.core.aws.backoff import Backoff, delay, jitter
from aws_executors.core.aws.errors import AwsError
from aws_executors.shell.airflow.loggers import logger
from aws_executors.shell.engine.calls.operations import Operations
from aws_executors.shell.engine.context import EngineContext
from aws_executors.shell.engine.messages import K, WorkItem

R = TypeVar("R")

log = logger(__name__)

REMOVALS = 8  # how often a failed deletion of a stored workload is repeated, over about two minutes


class Cleanup(Generic[K, R]):
    """The requeueings and deletions of one engine; a failed requeueing is repeated after `every` seconds."""

    def __init__(self, context: EngineContext[K, R], operations: Operations[K, R], every: float) -> None:
        self._table = context.table
        self._clock = context.clock
        self._agenda = context.agenda
        self._error_log = context.error_log
        self._operations = operations
        self._every = every

    def requeue(self, work_item: WorkItem[K, R], _: float = 0.0) -> None:
        """Give a task instance back to Airflow's scheduler."""
        self._operations.requeue(work_item, partial(self._requeued, work_item))

    def discard(self, work_item: WorkItem[K, R], failures: int = 0, _: float = 0.0) -> None:
        """Delete what was stored for a job, unless the job was begun anew meanwhile, under the same token."""
        if work_item.job.token not in self._table:
            self._operations.discard(work_item, partial(self._discarded, work_item, failures))

    def _requeued(self, work_item: WorkItem[K, R], result: Result[None, str]) -> None:
        self._error_log.note("Requeueing a task instance", result)
        if not is_successful(result):
            self._agenda.at(self._clock() + self._every, partial(self.requeue, work_item))

    def _discarded(self, work_item: WorkItem[K, R], failures: int, result: Result[None, AwsError]) -> None:
        if is_successful(result):
            self._error_log.works("Deleting a stored workload")
            return
        error, token, failures = result.failure(), work_item.job.token, failures + 1
        self._error_log.say("Deleting a stored workload", error.kind, error.with_remedy)
        if failures > REMOVALS:
            log.warning(
                "Gave up deleting the stored workload of %s: left to the bucket's lifecycle rule", token
            )
            return
        due = self._clock() + delay(Backoff(), failures, jitter(token, failures))
        self._agenda.at(due, partial(self.discard, work_item, failures))
