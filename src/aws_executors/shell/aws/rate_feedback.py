"""What AWS's answers say about the rate that it grants.

Law: a service beside a rate limiter, and nothing else: every answer is passed on, in the thread that has it.
What is no answer (no connection, no credentials, a time limit) says nothing about any rate.
"""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from returns.pipeline import is_successful
from returns.result import Result

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.aws.request_quotas import Action
from aws_executors.core.aws.service import Service
from aws_executors.core.lifecycle.observation import DescribeResult, Observation
from aws_executors.shell.engine.rate_limiter import RateLimiter

R = TypeVar("R")
T = TypeVar("T")

ANSWERED = frozenset({Kind.CAPACITY, Kind.CONFLICT, Kind.PERMANENT})
"""Refusals that AWS decides on after it has let a call pass."""


class RateFeedback(Generic[R]):
    """A service whose rate limiter hears of every answer; itself a `Service`."""

    def __init__(self, service: Service[R], rate_limiter: RateLimiter, clock: Callable[[], float]) -> None:
        self._service = service
        self._rate_limiter = rate_limiter
        self._clock = clock
        self.idempotent = service.idempotent
        self.allotments = service.allotments

    def __repr__(self) -> str:
        return repr(self._service)

    def submit(self, request: R) -> Result[str, AwsError]:
        """Start one container."""
        return self._asked(Action.SUBMIT, lambda: self._service.submit(request))

    def describe(self, ids: Sequence[str]) -> Result[DescribeResult, AwsError]:
        """Look at containers."""
        return self._asked(Action.DESCRIBE, lambda: self._service.describe(ids))

    def find(self, token: str, exclude: Sequence[str]) -> Result[Observation | None, AwsError]:
        """Look for a container."""
        return self._asked(Action.LOOK_UP, lambda: self._service.find(token, exclude))

    def stop(self, ids: Sequence[str], reason: str) -> dict[str, AwsError | None]:
        """Ask containers to stop."""
        sent = self._clock()
        answers = self._service.stop(ids, reason)
        for error in answers.values():
            self._tell(Action.STOP, sent, error)
        return answers

    def _asked(self, action: Action, ask: Callable[[], Result[T, AwsError]]) -> Result[T, AwsError]:
        sent = self._clock()
        answer = ask()
        self._tell(action, sent, None if is_successful(answer) else answer.failure())
        return answer

    def _tell(self, action: Action, sent: float, error: AwsError | None) -> None:
        if error is None or error.kind in ANSWERED:
            self._rate_limiter.passed(action, self._clock())
        elif error.kind is Kind.THROTTLED:
            self._rate_limiter.throttled(action, sent, self._clock())
