"""Look-ups of containers and their logs, for an executor that was never started.

Law: creating `LazyLookups` is free; settings are read and the service is set up once, at the first look-up.
An error in the settings is returned as a message.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from returns.methods import unwrap_or_failure
from returns.result import Result

from aws_executors.core.aws.errors import AwsError
from aws_executors.core.lifecycle.observation import Observation
from aws_executors.core.logs.streams import Stream


class Lookups(Protocol):
    """Look-ups of a service's containers and their logs. All methods block until AWS answers, and none
    raises."""

    def find(self, token: str, exclude: Sequence[str]) -> Result[Observation | None, AwsError]:
        """The newest container of one queueing; None if AWS shows none."""
        ...

    def log_stream(self, token: str) -> Result[Stream, AwsError]:
        """The log stream of one queueing's container, by its token or by the container's own id."""
        ...

    def past_log(self, container: str) -> Result[Stream, AwsError]:
        """The log stream, according to the settings, of a container that AWS no longer shows; only the log
        group if its id is empty."""
        ...

    def ended_log(self, seen: Observation) -> Result[Stream, AwsError]:
        """The log stream of a container that has ended, by its description, with as few calls as possible."""
        ...

    def log_page(self, stream: Stream, next_token: str) -> Result[object, AwsError]:
        """The page of a log that `next_token` stands for; the newest page if the token is empty."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionLookups:
    """Look-ups in one Region."""

    lookups: Lookups
    region: str


class LazyLookups:
    """Look-ups that are set up once, on first use."""

    def __init__(self, make: Callable[[], Result[RegionLookups, str]]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: RegionLookups | str | None = None

    def __call__(self) -> RegionLookups | str:
        """The look-ups, or why there are none."""
        with self._lock:
            if self._made is None:
                self._made = unwrap_or_failure(self._make())
            return self._made
