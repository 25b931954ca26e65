"""What another scheduler has stored for a job that is taken over from it.

Law: nothing is known but the names that its objects must have. A token is made for the task that Airflow has
given us, never for the one that an object names: who may write to the bucket must not be able to order
tokens. It is made after the object was read, so what it replaces is older.
"""

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from returns.methods import unwrap_or_failure
from returns.pipeline import is_successful
from returns.result import Failure, Result, Success

from aws_executors.core.aws.errors import AwsError
from aws_executors.core.requests.compose import LONGEST_LIFETIME
from aws_executors.shell.transport import Transport

NOT_SHOWN = frozenset({"AccessDenied"})
"""What S3 also says of an object that is not there, to who may not list the bucket."""


@dataclass(slots=True)
class _Learned:
    """How long the tokens live that were found, and whether anything may still be written."""

    lifetime: float | None = None
    closed: bool = False
    lock: Lock = field(default_factory=Lock)


@dataclass(frozen=True, slots=True, kw_only=True)
class Takeover:
    """The objects that may lie in `store` for the job of this token, one for each of its `attempts`.

    `subject` is the id of its task instance, "" for a job whose container is only to be stopped. `mint` makes
    a token for it that is valid for so many seconds. `certain` says that something was stored, because
    nothing goes another way here.
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
        """Half of the shortest lifetime that was found at the last renewal, None if nothing was."""
        return None if self._learned.lifetime is None else self._learned.lifetime / 2

    def renew(self, attempt: int) -> Result[None, AwsError]:
        """Put a fresh token into all that is there: nobody knows which attempt the container belongs to."""
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
        """Take away the workload of every attempt that there may have been."""
        with self._learned.lock:
            self._learned.closed = True
            return each_removed((self.store, submission) for submission in self._submissions())

    def _submissions(self) -> Iterator[str]:
        return (f"{self.token}-{attempt}" for attempt in range(1, self.attempts + 1))

    def _fresh(self, workload: str) -> str:
        """The workload with a fresh token, as long-lived as its last one; ValueError if it is not ours."""
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
    """For how many seconds a token was made. Raises ValueError for what is no token with a time in it.

    >>> claims = base64.urlsafe_b64encode(b'{"iat": 100, "exp": 700}').decode().rstrip("=")
    >>> lifetime_in(f"e30.{claims}.c2ln")
    600.0
    """
    try:
        _, claims, _ = token.split(".")
        said = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        lifetime = float(said["exp"]) - float(said["iat"])
    except (ValueError, KeyError, TypeError):
        raise ValueError("the stored token does not say how long it is valid") from None
    return min(max(lifetime, 1.0), float(LONGEST_LIFETIME))


def each_removed(stored: Iterable[tuple[Transport, str]]) -> Result[None, AwsError]:
    """Remove them all, and tell the first of the errors, if there is one."""
    results = [where.remove(submission) for where, submission in stored]
    return next((result for result in results if not is_successful(result)), Success(None))
