"""Renew and remove what another scheduler stored for a job that has been taken over from it.

Law: only the names that the objects must have are known. A token is minted for the task that Airflow has
handed over, never for a task that an object names, so that write access to the bucket does not give access
to tokens. It is minted after the object was read, so it is newer than the token that it replaces.
"""

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from math import isfinite, nan
from threading import Lock
from typing import Any

from returns.methods import unwrap_or_failure
from returns.pipeline import is_successful
from returns.result import Failure, Result, Success

from aws_executors.core.aws.errors import AwsError
from aws_executors.core.lifecycle.transitions.token_renewal import renewal_interval
from aws_executors.core.requests.compose import LONGEST_LIFETIME
from aws_executors.shell.transport import Transport

NOT_SHOWN = frozenset({"AccessDenied"})
"""Error codes that S3 also returns for a missing object, if the caller may not list the bucket."""


@dataclass(slots=True)
class _Learned:
    """What is known of the stored tokens' lifetime, and whether the job is closed."""

    lifetime: float | None = None
    closed: bool = False
    lock: Lock = field(default_factory=Lock)


@dataclass(frozen=True, slots=True, kw_only=True)
class Takeover:
    """The objects that may be in `store` for the job with this token, one per attempt.

    `subject` is the id of the job's task instance, or "" if the container is only to be stopped. `mint` makes
    a token for a subject, valid for a number of seconds. `certain` says that a workload must have been
    stored, because no other transport is in use.
    """

    store: Transport
    token: str
    attempts: int
    subject: str = ""
    mint: Callable[[str, float], str] = field(repr=False)
    certain: bool = True
    _learned: _Learned = field(default_factory=_Learned, repr=False)

    @property
    def renew_every(self) -> float | None:
        """Seconds between renewals, by the shortest lifetime found at the last; None if that found none."""
        return None if self._learned.lifetime is None else renewal_interval(self._learned.lifetime)

    def renew(self, attempt: int) -> Result[None, AwsError]:
        """Put a fresh token into every stored object, as it is unknown which attempt the container belongs
        to."""
        with self._learned.lock:
            if self._learned.closed or not self.subject:
                return Success(None)
            self._learned.lifetime = None
            results = [self.store.take_over(submission, self._fresh) for submission in self._submissions()]
        errors = [error for result in results if isinstance(error := unwrap_or_failure(result), AwsError)]
        hidden = any(result == Success(True) for result in results) or not self.certain
        told = [error for error in errors if not (hidden and error.code in NOT_SHOWN)]
        return Failure(told[0]) if told else Success(None)

    def discard(self) -> Result[None, AwsError]:
        """Remove the workloads of all attempts."""
        with self._learned.lock:
            self._learned.closed = True
            return each_removed((self.store, submission) for submission in self._submissions())

    def _submissions(self) -> Iterator[str]:
        return (f"{self.token}-{attempt}" for attempt in range(1, self.attempts + 1))

    def _fresh(self, workload: str) -> str:
        """The workload with a fresh token of the same lifetime; ValueError if it belongs to another task."""
        found: dict[str, Any] = json.loads(workload)
        match found:
            case {"ti": {"id": str(subject)}, "token": str(token)} if subject == self.subject:
                lifetime = lifetime_in(token)
            case _:
                raise ValueError("the object holds the workload of another task")
        known = self._learned.lifetime
        self._learned.lifetime = lifetime if known is None else min(known, lifetime)
        return json.dumps(found | {"token": self.mint(self.subject, lifetime)})


def lifetime_in(token: str) -> float:
    """The lifetime of a token in seconds. Raises ValueError if it is not a token that has one.

    >>> claims = base64.urlsafe_b64encode(b'{"iat": 100, "exp": 700}').decode().rstrip("=")
    >>> lifetime_in(f"e30.{claims}.c2ln")
    600.0
    """
    issued, expires = times_in(token)
    lifetime = expires - issued
    if not isfinite(lifetime):
        raise ValueError("the stored token does not say how long it is valid")
    return min(max(lifetime, 1.0), float(LONGEST_LIFETIME))


def times_in(token: str) -> tuple[float, float]:
    """When a token was issued and when it expires, by its own claims; both NaN if these cannot be read.

    >>> times_in("e30.eyJpYXQiOjE3MDAwMDAwMDAsImV4cCI6MTcwMDAwMDYwMH0.c2ln"), times_in("")
    ((1700000000.0, 1700000600.0), (nan, nan))
    """
    try:
        _, claims, _ = token.split(".")
        said = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        return float(said["iat"]), float(said["exp"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return nan, nan


def each_removed(stored: Iterable[tuple[Transport, str]]) -> Result[None, AwsError]:
    """Remove all these stored workloads; returns the first error, if there is one."""
    results = [where.remove(submission) for where, submission in stored]
    return next((result for result in results if not is_successful(result)), Success(None))
