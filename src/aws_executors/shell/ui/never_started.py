"""Where an executor that was never started asks about containers: its settings, read when they are needed.

Law: made without cost, opened once, at the first question; what is wrong with the settings is words for
whoever asks.
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


class Places(Protocol):
    """A service's way to its containers and their logs. All wait for AWS, none raises."""

    def find(self, token: str, exclude: Sequence[str]) -> Result[Observation | None, AwsError]:
        """The newest container of one queueing; None if AWS shows none."""
        ...

    def log_stream(self, token: str) -> Result[Stream, AwsError]:
        """Where the container of one queueing logs to, by its token or its own id."""
        ...

    def past_log(self, container: str) -> Result[Stream, AwsError]:
        """Where a container logged that AWS does not show any more, as the settings say; without its id, the
        group alone."""
        ...

    def log_page(self, stream: Stream, next_token: str) -> Result[object, AwsError]:
        """The newest page of a log, or the one that a token stands for."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupPlace:
    """A service, and the Region that it is asked in."""

    places: Places
    region: str


class Opening:
    """A source that is opened once, by whoever needs it first."""

    def __init__(self, make: Callable[[], Result[LookupPlace, str]]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._opened: LookupPlace | str | None = None

    def __call__(self) -> LookupPlace | str:
        """The source, or why there is none."""
        with self._lock:
            if self._opened is None:
                self._opened = unwrap_or_failure(self._make())
            return self._opened
