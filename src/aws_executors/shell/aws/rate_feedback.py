"""What AWS's answers say about the rate that it grants.

Law: a service beside a rate limiter, and nothing else: every answer is passed on, in the thread that has it.
What is no answer (no connection, no credentials, a time limit) says nothing about any rate.
"""

from collections.abc import Callable

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.aws.request_quotas import Action
from aws_executors.core.aws.service import Service
from aws_executors.shell.aws.watched_service import R, WatchedService
from aws_executors.shell.engine.rate_limiter import RateLimiter

ANSWERED = frozenset({Kind.CAPACITY, Kind.CONFLICT, Kind.PERMANENT})
"""Refusals that AWS decides on after it has let a call pass."""


class RateFeedback(WatchedService[R]):
    """A service whose rate limiter hears of every answer; itself a `Service`."""

    def __init__(self, service: Service[R], rate_limiter: RateLimiter, clock: Callable[[], float]) -> None:
        super().__init__(service, clock)
        self._rate_limiter = rate_limiter

    def _answered(self, action: Action, sent: float, *errors: AwsError | None) -> None:
        for error in errors:
            if error is None or error.kind in ANSWERED:
                self._rate_limiter.passed(action, self._clock())
            elif error.kind is Kind.THROTTLED:
                self._rate_limiter.throttled(action, sent, self._clock())
