"""What the engine asks of a service: one protocol, no implementation.

The shell answers it with boto3, a simulator with a pure world; the engine cannot distinguish them.
"""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from returns.result import Result

from aws_executors.core.aws.errors import AwsError
from aws_executors.core.aws.request_quotas import Allotments
from aws_executors.core.lifecycle.observation import DescribeResult, Observation

R_contra = TypeVar("R_contra", contravariant=True)


class Service(Protocol[R_contra]):
    """ECS or Batch, as far as the engine needs one. Every method waits for AWS, and none raises."""

    idempotent: bool
    """Whether repeating the very same submission is safe (ECS: yes, by clientToken; Batch: no)."""

    allotments: Allotments
    """How many calls of each action AWS allows, as documented or as the settings say."""

    def submit(self, request: R_contra) -> Result[str, AwsError]:
        """Start one container; its id, or why not."""
        ...

    def describe(self, ids: Sequence[str]) -> Result[DescribeResult, AwsError]:
        """Describe up to 100 containers by their ids."""
        ...

    def find(self, token: str, exclude: Sequence[str]) -> Result[Observation | None, AwsError]:
        """Look for the newest container of one queueing, live ones first; None if AWS shows none."""
        ...

    def stop(self, ids: Sequence[str], reason: str) -> dict[str, AwsError | None]:
        """Ask containers to stop; per id None (asked, or already gone) or why not."""
        ...
