"""A service whose answers are watched: for metrics, and for the rate that AWS grants.

Law: passes every call and every answer on as it is, in the thread that makes the call.
"""

import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from returns.pipeline import is_successful
from returns.result import Result

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.aws.request_quotas import Action
from aws_executors.core.aws.service import Service
from aws_executors.core.lifecycle.metrics import CALLS, REFUSALS, SUBMISSIONS, THROTTLES, name_of
from aws_executors.core.lifecycle.observation import DescribeResult, Observation
from aws_executors.shell.airflow.metrics import Sink
from aws_executors.shell.engine.calls.rate_limiter import RateLimiter

R = TypeVar("R")
T = TypeVar("T")

LET_PASS = frozenset({Kind.CAPACITY, Kind.CONFLICT, Kind.PERMANENT})
"""The kinds of refusals of calls that AWS's rate limit has let pass. A failure without an answer (no
connection, no credentials, a time limit) says nothing about any rate."""


class WatchedService(Generic[R]):
    """A service that reports every answer to a rate limiter and to sinks of metrics; itself a `Service`."""

    def __init__(
        self,
        service: Service[R],
        rate_limiter: RateLimiter,
        *sinks: Sink,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._service = service
        self._rate_limiter = rate_limiter
        self._sinks = sinks
        self._clock = clock
        self.idempotent = service.idempotent
        self.allotments = service.allotments

    def __repr__(self) -> str:
        return repr(self._service)

    def submit(self, request: R) -> Result[str, AwsError]:
        """Start one container."""
        sent = self._clock()
        answer = self._service.submit(request)
        error = None if is_successful(answer) else answer.failure()
        self._answered(Action.SUBMIT, sent, error)
        name = name_of(SUBMISSIONS) if error is None else name_of(REFUSALS, error.kind)
        for sink in self._sinks:
            sink.count(name)
        return answer

    def describe(self, ids: Sequence[str]) -> Result[DescribeResult, AwsError]:
        """Describe containers."""
        sent = self._clock()
        answer = self._service.describe(ids)
        self._answered(Action.DESCRIBE, sent, None if is_successful(answer) else answer.failure())
        return answer

    def find(self, token: str, exclude: Sequence[str]) -> Result[Observation | None, AwsError]:
        """Look up a container."""
        sent = self._clock()
        answer = self._service.find(token, exclude)
        self._answered(Action.LOOK_UP, sent, None if is_successful(answer) else answer.failure())
        return answer

    def stop(self, ids: Sequence[str], reason: str) -> dict[str, AwsError | None]:
        """Ask containers to stop."""
        sent = self._clock()
        answers = self._service.stop(ids, reason)
        self._answered(Action.STOP, sent, *answers.values())
        return answers

    def _answered(self, action: Action, sent: float, *errors: AwsError | None) -> None:
        """Note the answer to a call that began at `sent`: an error or None, for a stop one per container."""
        now, name = self._clock(), name_of(CALLS, action)
        for sink in self._sinks:
            sink.time(name, now - sent)
        for error in errors:
            if error is None or error.kind in LET_PASS:
                self._rate_limiter.passed(action, now)
            elif error.kind is Kind.THROTTLED:
                self._rate_limiter.throttled(action, sent, now)
                for sink in self._sinks:
                    sink.count(name_of(THROTTLES, action))
