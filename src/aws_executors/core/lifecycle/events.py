"""What can happen to a job: answers to what it has asked for, and news that it has not asked for.

Every event says when it happened, in seconds of a clock that only goes forward.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeAlias, TypeVar

from aws_executors.core.aws.errors import AwsError
from aws_executors.core.lifecycle.observation import Observation
from aws_executors.core.lifecycle.verdict import Row

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Prepared(Generic[R]):
    """The request of the present attempt is built; a stored token is renewed every `renew_every` seconds."""

    at: float
    request: R = field(repr=False)
    renew_every: float | None = None


@dataclass(frozen=True, slots=True)
class NotPrepared:
    """No request can be built: the task's configuration or the builder is at fault."""

    at: float
    problem: str


@dataclass(frozen=True, slots=True)
class NotStored:
    """The workload of the present attempt could not be put where its container finds it."""

    at: float
    error: AwsError


@dataclass(frozen=True, slots=True)
class Renewed:
    """A renewal of the stored workload's token has been answered. The next renewal is wanted after
    `renew_every` seconds; None if there is nothing to renew."""

    at: float
    error: AwsError | None
    renew_every: float | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """AWS has started a container for the present submission."""

    at: float
    container: str


@dataclass(frozen=True, slots=True)
class Refused:
    """AWS, or the way to it, has refused the present submission."""

    at: float
    error: AwsError


@dataclass(frozen=True, slots=True)
class NotPlaced:
    """No warm container can take this job's workload: the job needs a container of its own."""

    at: float


@dataclass(frozen=True, slots=True)
class Found:
    """A look-up by the token has been answered; `observation` is None if AWS shows no container."""

    at: float
    observation: Observation | None


@dataclass(frozen=True, slots=True)
class NotLookedUp:
    """A look-up by the token has failed."""

    at: float
    error: AwsError


@dataclass(frozen=True, slots=True)
class Observed:
    """AWS has described a container of ours."""

    at: float
    observation: Observation


@dataclass(frozen=True, slots=True)
class RowRead:
    """The task instance's row has been read; `row` is None if it is gone. `at` is when the reading began: the
    row can be newer than that, never older."""

    at: float
    row: Row | None


@dataclass(frozen=True, slots=True)
class StopAnswered:
    """AWS has answered a stop. If `error` is None, the container was asked to stop, or was already gone."""

    at: float
    error: AwsError | None


@dataclass(frozen=True, slots=True)
class Revoked:
    """Airflow takes the task back: nothing may run for it, and nothing is to be reported."""

    at: float


@dataclass(frozen=True, slots=True)
class Superseded:
    """Airflow has queued the same task instance again: its slot and its reports are the newer job's."""

    at: float


@dataclass(frozen=True, slots=True)
class Due:
    """The time that the job wanted to be woken at has come."""

    at: float


Event: TypeAlias = """
    Prepared[R] | NotPrepared | NotStored | Renewed | Accepted | Refused | NotPlaced | Found
    | NotLookedUp | Observed | RowRead | StopAnswered | Revoked | Superseded | Due
"""
