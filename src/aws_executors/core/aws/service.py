"""What the engine asks of a service: one protocol, no implementation.

The shell implements it with boto3, a simulator with a pure world; the engine cannot distinguish them.
"""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from returns.result import Result

from aws_executors.core.aws.errors import AwsError
from aws_executors.core.aws.request_quotas import Allotments
from aws_executors.core.lifecycle.observation import DescribeResult, Observation

R_contra = TypeVar("R_contra", contravariant=True)


class Service(Protocol[R_contra]):
    """What the engine needs of ECS or Batch. Every method waits for AWS's answer, and none raises."""

    idempotent: bool
    """Whether repeating the very same submission is safe (ECS: yes, by clientToken; Batch: no)."""

    allotments: Allotments
    """How many calls of each action AWS allows, as documented or as the settings say."""

    def submit(self, request: R_contra) -> Result[str, AwsError]:
        """Start one container; returns its id, or why it was not started."""
        ...

    def describe(self, ids: Sequence[str]) -> Result[DescribeResult, AwsError]:
        """Describe up to 100 containers by their ids."""
        ...

    def find(self, token: str, exclude: Sequence[str]) -> Result[Observation | None, AwsError]:
        """The newest container of one queueing, a live one before an ended one; None if AWS shows none."""
        ...

    def stop(self, ids: Sequence[str], reason: str) -> dict[str, AwsError | None]:
        """Ask containers to stop; returns per id None (asked, or already gone) or the error."""
        ...
