"""A service whose answers are watched: for metrics, and for the rate that AWS grants.

Law: every call and every answer is passed on as it is, in the thread that makes the call.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from returns.pipeline import is_successful
from returns.result import Result

from aws_executors.core.aws.errors import AwsError
from aws_executors.core.aws.request_quotas import Action
from aws_executors.core.aws.service import Service
from aws_executors.core.lifecycle.observation import DescribeResult, Observation

R = TypeVar("R")
T = TypeVar("T")


class WatchedService(ABC, Generic[R]):
    """A service, with a clock beside it; itself a `Service`."""

    def __init__(self, service: Service[R], clock: Callable[[], float]) -> None:
        self._service = service
        self._clock = clock
        self.idempotent = service.idempotent
        self.allotments = service.allotments

    def __repr__(self) -> str:
        return repr(self._service)

    @abstractmethod
    def _answered(self, action: Action, sent: float, *errors: AwsError | None) -> None:
        """A call that began at `sent` has its answer: an error or None; of a stop, one for each container."""

    def submit(self, request: R) -> Result[str, AwsError]:
        """Start one container."""
        return self._asked(Action.SUBMIT, lambda: self._service.submit(request))

    def describe(self, ids: Sequence[str]) -> Result[DescribeResult, AwsError]:
        """Describe containers."""
        return self._asked(Action.DESCRIBE, lambda: self._service.describe(ids))

    def find(self, token: str, exclude: Sequence[str]) -> Result[Observation | None, AwsError]:
        """Look up a container."""
        return self._asked(Action.LOOK_UP, lambda: self._service.find(token, exclude))

    def stop(self, ids: Sequence[str], reason: str) -> dict[str, AwsError | None]:
        """Ask containers to stop."""
        sent = self._clock()
        answers = self._service.stop(ids, reason)
        self._answered(Action.STOP, sent, *answers.values())
        return answers

    def _asked(self, action: Action, ask: Callable[[], Result[T, AwsError]]) -> Result[T, AwsError]:
        sent = self._clock()
        answer = ask()
        self._answered(action, sent, None if is_successful(answer) else answer.failure())
        return answer
